/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The samples that are analysed: which columns of the genotypes they are, class and fold of each.
 */

#ifndef DP_MDR_COHORT_H
#define DP_MDR_COHORT_H

#include <stddef.h>
#include <stdint.h>

enum { DP_MDR_MAX_FOLDS = 20 };

struct dp_mdr_cohort {
    size_t sample_count;
    uint32_t *column;    /* of each sample, in the genotypes; ascending */
    uint8_t *is_case;    /* 1 case, 0 control */
    uint8_t *fold;       /* from 0 */
    unsigned fold_count; /* 2 to DP_MDR_MAX_FOLDS */
    uint64_t case_count, control_count;
};

/* Frees what `cohort` holds, not `cohort` itself. */
void dp_mdr_cohort_free(struct dp_mdr_cohort *cohort);

#endif
