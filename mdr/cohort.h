/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The samples that are analysed: which columns of the genotypes they are, class and fold of each.
 */

#ifndef DP_MDR_COHORT_H
#define DP_MDR_COHORT_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { DP_MDR_MAX_FOLDS = 20 };

struct dp_mdr_cohort {
    size_t sample_count;
    uint32_t *column;    /* of each sample, in the genotypes; ascending */
    uint8_t *is_case;    /* 1 case, 0 control */
    uint8_t *fold;       /* from 0 */
    unsigned fold_count; /* 2 to DP_MDR_MAX_FOLDS; 0 until folds were assigned (mdr/folds.h) */
    uint64_t case_count, control_count;
};

struct dp_mdr_cohort_counts {
    uint64_t genotyped;       /* samples of the genotypes */
    uint64_t analysed;        /* of these, those with a phenotype of 0 or 1 */
    uint64_t missing;         /* of these, those whose phenotype is missing */
    uint64_t genotypes_only;  /* of these, those that the phenotypes do not know */
    uint64_t phenotypes_only; /* IDs of the phenotypes that the genotypes do not have */
};

struct dp_mdr_genotypes;  /* mdr/genotypes.h */
struct dp_mdr_phenotypes; /* mdr/phenotype.h */

/* Matches samples with phenotypes by ID (neither has one twice). All samples are of fold 0 then.
 * DP_DATA when nobody matches (the message shows an ID of either side), or when there are no cases
 * or no controls. `counts` may be NULL. The caller frees what `cohort` holds. */
int dp_mdr_cohort_match(const struct dp_mdr_genotypes *genotypes,
                        const struct dp_mdr_phenotypes *phenotypes, struct dp_mdr_cohort *cohort,
                        struct dp_mdr_cohort_counts *counts, struct dp_error *err);

/* Frees what `cohort` holds, not `cohort` itself. */
void dp_mdr_cohort_free(struct dp_mdr_cohort *cohort);

#endif
