/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* From an object to genotypes: the VCF or BCF is planned into slices of variants, each slice is
 * fetched and decoded once, by any of several threads. */

#ifndef DP_MDR_INGEST_H
#define DP_MDR_INGEST_H

#include "base/error.h"
#include "mdr/genotypes.h"

enum dp_mdr_field { DP_MDR_GT, DP_MDR_DS, DP_MDR_GP };

struct dp_mdr_ingest_options {
    enum dp_mdr_field field;
    double certainty; /* of DS and GP: how sure a call must be; 0.9 */
    bool
        split_multiallelic; /* a variant for each alternate allele; else such records are skipped */
    unsigned threads;
    const char *index; /* of the object, where it is not beside it; or NULL */
    /* Called now and then with the records decoded so far and in all (0: unknown); may be NULL.
     * From one thread at a time. */
    void (*progress)(void *user, uint64_t done, uint64_t all);
    void *user;
};

struct dp_mdr_ingest_counts {
    uint64_t records;      /* of the object */
    uint64_t multiallelic; /* records that were split or skipped */
    uint64_t skipped;      /* records without a variant (multiallelic ones, those without ALT) */
};

/* The VCF or BCF `uri` (whatever the codec; an index is used where there is one, else made in
 * memory). `counts` may be NULL. The caller frees the genotypes. */
int dp_mdr_ingest_vcf(struct dp_context *context, const char *uri,
                      const struct dp_mdr_ingest_options *options,
                      struct dp_mdr_genotypes **genotypes, struct dp_mdr_ingest_counts *counts,
                      struct dp_error *err);

/* PREFIX.bed, .bim and .fam (local, http, s3). IDs of samples are those of column 2 of the .fam.
 * When `phenotypes` is not NULL it gets the text of the .fam, which the caller frees. */
int dp_mdr_ingest_bed(struct dp_context *context, const char *prefix,
                      const struct dp_mdr_ingest_options *options,
                      struct dp_mdr_genotypes **genotypes, char **phenotypes, struct dp_error *err);

#endif
