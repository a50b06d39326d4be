/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* From the counts of one combination to its balanced accuracies, exactly as MDR.md says. The only
 * place where these are computed for results: kernels may only guess who is worth asking about. */

#ifndef DP_MDR_SCORE_H
#define DP_MDR_SCORE_H

#include "mdr/planes.h"

enum { DP_MDR_MAX_ORDER = 3, DP_MDR_MAX_CELLS = 27 };

struct dp_mdr_table {
    unsigned order, fold_count, cell_count;                /* 9 or 27 cells */
    uint32_t count[DP_MDR_MAX_FOLDS][2][DP_MDR_MAX_CELLS]; /* [fold][0 control, 1 case][cell] */
};

struct dp_mdr_scores {
    double train[DP_MDR_MAX_FOLDS], test[DP_MDR_MAX_FOLDS];
    double mean_train, mean_test; /* mean_test is the score */
};

/* Counts the samples of one combination, `order` variants ascending. */
void dp_mdr_table_count(const struct dp_mdr_planes *planes, unsigned order,
                        const uint32_t *variants, struct dp_mdr_table *table);

/* `cases` and `controls` of the whole cohort. */
void dp_mdr_score(const struct dp_mdr_table *table, uint64_t cases, uint64_t controls,
                  struct dp_mdr_scores *scores);

#endif
