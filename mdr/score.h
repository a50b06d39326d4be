/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* From the counts of one combination to its balanced accuracies, exactly as MDR.md says. The only
 * place where these are computed for results: kernels may only guess who is worth asking about. */

#ifndef DP_MDR_SCORE_H
#define DP_MDR_SCORE_H

#include "mdr/planes.h"
#include "mdr/ratio.h"

#include <stdbool.h>

enum { DP_MDR_MAX_ORDER = 3, DP_MDR_MAX_CELLS = 27 };

struct dp_mdr_table {
    unsigned order, fold_count, cell_count;                /* 9 or 27 cells */
    uint32_t count[DP_MDR_MAX_FOLDS][2][DP_MDR_MAX_CELLS]; /* [fold][0 control, 1 case][cell] */
};

/* Twice the balanced accuracies, exactly: each the sum of two quotients. Those of fold f are 2 f
 * and 2 f + 1. */
struct dp_mdr_terms {
    unsigned fold_count;
    struct dp_mdr_ratio train[2 * DP_MDR_MAX_FOLDS], test[2 * DP_MDR_MAX_FOLDS];
};

/* The same as the nearest multiples of 2^-53. */
struct dp_mdr_scores {
    double train[DP_MDR_MAX_FOLDS], test[DP_MDR_MAX_FOLDS];
    double mean_train, mean_test; /* mean_test is the score */
};

/* What a score must reach: a decimal number, as it is written. */
#define DP_MDR_THRESHOLD_ONE    UINT64_C(100000000000000000) /* units of 10^-17 */
#define DP_MDR_THRESHOLD_DIGITS 17
struct dp_mdr_threshold {
    uint64_t units;
    double rounded; /* as scores are; NAN: no score does */
};

/* Counts the samples of one combination, `order` variants ascending. */
void dp_mdr_table_count(const struct dp_mdr_planes *planes, unsigned order,
                        const uint32_t *variants, struct dp_mdr_table *table);

/* `cases` and `controls` of the whole cohort. */
void dp_mdr_score_terms(const struct dp_mdr_table *table, uint64_t cases, uint64_t controls,
                        struct dp_mdr_terms *terms);
double dp_mdr_score_train(const struct dp_mdr_terms *terms, unsigned fold);
double dp_mdr_score_mean(const struct dp_mdr_terms *terms); /* of what tests: the score */
/* -1, 0, 1: the score is less than, equal to, greater than the other. Exact. */
int dp_mdr_score_compare(const struct dp_mdr_terms *terms, const struct dp_mdr_terms *other);

struct dp_mdr_threshold dp_mdr_threshold_make(uint64_t units); /* at most 1 */
struct dp_mdr_threshold dp_mdr_threshold_none(void);
/* Is the score at least the threshold? Exact. `score`: dp_mdr_score_mean() of the terms. */
bool dp_mdr_threshold_reached(const struct dp_mdr_threshold *threshold, double score,
                              const struct dp_mdr_terms *terms);

/* All of them, rounded. */
void dp_mdr_score_round(const struct dp_mdr_terms *terms, struct dp_mdr_scores *scores);

#endif
