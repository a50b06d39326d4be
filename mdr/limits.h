/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* From scores that a combination must reach to what the judges of a kernel compare with. */

#ifndef DP_MDR_LIMITS_H
#define DP_MDR_LIMITS_H

#include "mdr/kernel_table.h"

/* What follows from a cohort. With cases P(f) and controls Q(f) of fold f, the sum over the folds
 * of TP / P - FP / Q is at most X / scale + slack, where X is the weighted sum over high cells:
 * the difference is that of TP (1 / P - weight[1] / scale) + FP (weight[0] / scale - 1 / Q), and
 * 0 <= TP <= P, 0 <= FP <= Q. Likewise for what trains, in each fold. */
struct dp_mdr_limits {
    unsigned fold_count;
    int32_t weight[2]; /* CASES and CONTROLS without their common divisors: of controls, of cases */
    bool narrow;       /* every weighted sum and every count fits 16 bits */
    bool too_wide;     /* not even 32: there is no judge */
    bool proportional; /* the slacks are small enough for weighted sums to be of use */
    double test_scale, test_slack;
    double train_scale[DP_MDR_MAX_FOLDS], train_slack[DP_MDR_MAX_FOLDS];
};

void dp_mdr_limits_make(const struct dp_mdr_cohort *cohort, struct dp_mdr_limits *limits);

/* Sets the limits and levels of a sight: whoever has a mean testing balanced accuracy of at least
 * `test`, or in some fold a training one of at least train[fold], reaches one. `train` may be NULL.
 */
void dp_mdr_limits_set(const struct dp_mdr_limits *limits, double test, const double *train,
                       struct dp_mdr_sight *sight);

#endif
