/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* From an object to genotypes: a VCF or BCF that has an index is planned into slices of variants,
 * each of which is fetched and decoded once, by any of several threads; without an index it is read
 * in one pass, whose records threads decode. What the calls are: MDR.md. The same genotypes for
 * any number of threads. */

#ifndef DP_MDR_INGEST_H
#define DP_MDR_INGEST_H

#include "base/error.h"
#include "mdr/genotypes.h"

enum dp_mdr_field { DP_MDR_GT, DP_MDR_DS, DP_MDR_GP };

struct dp_mdr_ingest_options {
    enum dp_mdr_field field;
    double certainty;        /* of DS and GP: how sure a call must be; above 0.5, at most 1 */
    bool split_multiallelic; /* a variant for each ALT allele; else such records are skipped */
    unsigned threads;        /* 0: 1 */
    const char *index;       /* of the object, where it is not beside it; or NULL */
    /* Processes that share the work out: this one takes the variants of share `share` (from 0) of
     * `share_count`; all shares in their order are the whole, and together they fetch what one
     * would have. 0 or 1: everything. An object that cannot be cut (a VCF or BCF without an index)
     * all goes to share 0, the others get no variant. */
    unsigned share, share_count;
    /* Called now and then with the records decoded so far and in all (0: unknown); may be NULL.
     * From one thread at a time. */
    void (*progress)(void *user, uint64_t done, uint64_t all);
    void *user;
};

/* Of this share. */
struct dp_mdr_ingest_counts {
    uint64_t records;      /* of the object */
    uint64_t multiallelic; /* records that were split or skipped */
    uint64_t skipped;      /* records without a variant (multiallelic ones, those without ALT) */
    uint64_t with_field;   /* records not skipped that have the field */
};

/* The VCF or BCF `uri`, whatever the codec. `counts` may be NULL. The caller frees the genotypes.
 * DP_DATA when no record at all has the field (with shares the caller has to see to that). */
int dp_mdr_ingest_vcf(struct dp_context *context, const char *uri,
                      const struct dp_mdr_ingest_options *options,
                      struct dp_mdr_genotypes **genotypes, struct dp_mdr_ingest_counts *counts,
                      struct dp_error *err);

/* PREFIX.bed, .bim and .fam (local, http, s3). IDs of samples are those of column 2 of the .fam.
 * When `phenotypes` is not NULL it gets the text of the .fam, which the caller frees. Of the
 * options only threads, shares and progress matter. */
int dp_mdr_ingest_bed(struct dp_context *context, const char *prefix,
                      const struct dp_mdr_ingest_options *options,
                      struct dp_mdr_genotypes **genotypes, char **phenotypes,
                      struct dp_mdr_ingest_counts *counts, struct dp_error *err);

#endif
