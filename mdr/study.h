/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What is searched: the genotypes of the variants that pass the filters, the samples with their
 * classes and folds, and their planes. The ranks of a node share the work of reading and the
 * planes. */

#ifndef DP_MDR_STUDY_H
#define DP_MDR_STUDY_H

#include "mdr/filter.h"
#include "mdr/ingest.h"
#include "mdr/origin.h"
#include "mdr/phenotype.h"
#include "mdr/planes.h"
#include "mdr/team.h"

enum { DP_MDR_DIGEST_BYTES = 16 };

struct dp_mdr_study_options {
    const char *vcf, *bfile; /* at most one */
    const char *planes;      /* saved genotypes, used instead; compared with `vcf` or `bfile` where
                              * there is one */
    struct dp_mdr_ingest_options ingest; /* shares are set here */
    const char *phenotypes;              /* NULL: those of the .fam of `bfile` */
    struct dp_mdr_phenotype_options phenotype;
    const char *fold_file; /* NULL: dealt out */
    unsigned fold_count;
    uint64_t seed;
    struct dp_mdr_filter_options filter;
    bool keep_rows; /* dp_mdr_study_row will be asked for */
};

struct dp_mdr_study {
    struct dp_mdr_genotypes *genotypes; /* this rank's share of the variants */
    struct dp_mdr_origin origin;        /* rank 0 only */
    struct dp_mdr_cohort cohort;
    uint32_t *by_id; /* the cohort's samples in the order of their IDs */
    struct dp_mdr_planes *planes;
    size_t variant_count;

    struct dp_mdr_ingest_counts ingest_counts; /* of all shares together, as all counts are */
    struct dp_mdr_cohort_counts cohort_counts;
    struct dp_mdr_filter_counts filter_counts;
    uint64_t incomplete_count; /* variants with a missing call of a sample of the cohort */
    uint64_t unknown_folds;    /* IDs of the file of folds that the cohort does not have */
    struct dp_mdr_text_identity phenotype_text, fold_text; /* of what they were read from */
    char *phenotype_column;   /* "" where it has no name */
    size_t phenotype_choices; /* the columns it was chosen from, when none was asked for */
    uint8_t digest[DP_MDR_DIGEST_BYTES]; /* of all names and calls of the variants that are kept */

    /* How it is done. */
    struct dp_mdr_team *team;
    uint32_t *kept;           /* of this rank's share: numbers in `genotypes` */
    size_t first, kept_count; /* they are rows `first` to `first` + `kept_count` of the planes */
    /* Memory of the node, about all rows: hashes; calls, where they are kept; of several ranks also
     * what the variants are called. */
    uint64_t *hashes;
    uint8_t *rows;
    size_t row_bytes;
    char *names;
    uint64_t *name_at;
};

/* Collective. Zero-fills `study` first, so that it can be freed whatever happens. */
int dp_mdr_study_open(struct dp_context *context, const struct dp_mdr_study_options *options,
                      struct dp_mdr_team *team, struct dp_mdr_study *study, struct dp_error *err);
/* Frees what it holds, before the team is freed. */
void dp_mdr_study_close(struct dp_mdr_study *study);

/* What a row of the planes is. */
void dp_mdr_study_variant(const struct dp_mdr_study *study, uint32_t row,
                          struct dp_mdr_variant *variant);
/* Its calls, as dp_mdr_genotypes_row() gives them. */
const uint8_t *dp_mdr_study_row(const struct dp_mdr_study *study, size_t row);

#endif
