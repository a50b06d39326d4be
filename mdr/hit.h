/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A combination and its score, and which of two is better, exactly.
 *
 * A score is rounded (dp_mdr_ratio_mean), so two that differ are rightly ordered by it. Where they
 * are the same the samples are counted once more, unless it is known of the cohort that equal
 * rounded scores are equal scores. */

#ifndef DP_MDR_HIT_H
#define DP_MDR_HIT_H

#include "mdr/score.h"

struct dp_mdr_hit {
    double score;
    uint32_t variant[DP_MDR_MAX_ORDER]; /* ascending; those beyond the order are 0 */
};

/* Who decides between equal rounded scores. Constant: for any number of threads. */
struct dp_mdr_referee {
    const struct dp_mdr_planes *planes;
    /* Different scores differ by so much that they are different when rounded, too. */
    bool test_differs, train_differs[DP_MDR_MAX_FOLDS];
};

/* For the combinations of these planes, which outlive it; `complete`: no call is missing. */
void dp_mdr_referee_make(const struct dp_mdr_planes *planes, bool complete,
                         struct dp_mdr_referee *referee);

/* < 0: `a` is better than `b` (MDR.md), 0: the same combination. The scores are means of testing
 * balanced accuracies. Without a referee (NULL) equal rounded scores count as equal. */
int dp_mdr_hit_compare(const struct dp_mdr_referee *referee, const struct dp_mdr_hit *a,
                       const struct dp_mdr_hit *b);
/* The same where scores are training balanced accuracies of a fold. */
int dp_mdr_hit_compare_train(const struct dp_mdr_referee *referee, unsigned fold,
                             const struct dp_mdr_hit *a, const struct dp_mdr_hit *b);

/* The terms of a hit's accuracies, counted anew. */
void dp_mdr_hit_terms(const struct dp_mdr_planes *planes, const struct dp_mdr_hit *hit,
                      struct dp_mdr_terms *terms);

#endif
