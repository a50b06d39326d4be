/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which variants are searched. All figures are over the calls of the cohort's samples. */

#ifndef DP_MDR_FILTER_H
#define DP_MDR_FILTER_H

#include "mdr/cohort.h"
#include "mdr/genotypes.h"

struct dp_mdr_filter_options {
    bool passed_only;   /* FILTER must be PASS or "." */
    double max_missing; /* the greatest share of missing calls; 1: any */
    double maf;         /* the least frequency of the rarer allele; 0: any */
    double hwe;         /* the least p-value of the exact test for Hardy-Weinberg equilibrium
                         * (Wigginton et al., 2005) in controls; 0: any */
    unsigned order;     /* so many variants must stay */
    unsigned threads;   /* 0 or 1: the calling thread only */
};

/* Each variant is counted once: in the first of the following that removes it, or as kept. */
struct dp_mdr_filter_counts {
    uint64_t variants;   /* before */
    uint64_t not_passed; /* FILTER */
    uint64_t missing;    /* too many missing calls, or no call at all */
    uint64_t constant;   /* one genotype only among the calls: always removed */
    uint64_t rare;       /* allele frequency */
    uint64_t disequilibrium;
    uint64_t kept;
};

/* What the calls of the cohort at one variant are: [0 control, 1 case][0, 1, 2, missing]. */
struct dp_mdr_calls {
    uint32_t count[2][4];
};

/* The numbers of the variants that stay, ascending, *count of them, which the caller frees. DP_DATA
 * when fewer stay than `order`; `counts` (which may be NULL) is filled then, too. */
int dp_mdr_filter_apply(const struct dp_mdr_genotypes *genotypes,
                        const struct dp_mdr_cohort *cohort,
                        const struct dp_mdr_filter_options *options, uint32_t **variants,
                        size_t *count, struct dp_mdr_filter_counts *counts, struct dp_error *err);

/* The exact test: how probable are calls as far from equilibrium as these, or farther, given the
 * allele counts. 1 when there are no calls. */
double dp_mdr_filter_hwe(uint64_t homozygous, uint64_t heterozygous, uint64_t other_homozygous);

#endif
