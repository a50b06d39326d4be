/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/limits.h"

#include "mdr/ratio.h"

#include <math.h>
#include <string.h>

/* More than all rounding in here together, of weighted sums and of levels: doubles of at most
 * 2^32 are off by less than 2^-18 after a few operations; floats of about 1, at most 20 added up,
 * by less than 20 * 2^-20. A kernel's reciprocals are off by 2^-14 of themselves, and testing takes
 * two of each fold, times at most 1. */
static const double sum_margin = 0.01, level_margin = 1e-4, fold_margin = 2.0 / (1 << 14);

/* Weighted cases and controls, in units of the scale. */
static double slack_of(double cases, double controls, double scale)
{
    return fmax(0, 1 - cases / scale) + fmax(0, controls / scale - 1);
}

/* [fold][0 controls, 1 cases], weighted. */
typedef double weighted[DP_MDR_MAX_FOLDS][2];

static void choose_test_scale(struct dp_mdr_limits *limits, weighted tested)
{
    double slack;
    unsigned f, g, c;

    limits->test_slack = INFINITY;
    limits->test_scale = 1;
    for (f = 0; f < limits->fold_count; f++) {
        for (c = 0; c < 2; c++) {
            if (tested[f][c] <= 0)
                continue;
            slack = 0;
            for (g = 0; g < limits->fold_count; g++)
                slack += slack_of(tested[g][1], tested[g][0], tested[f][c]);
            if (slack < limits->test_slack) {
                limits->test_slack = slack;
                limits->test_scale = tested[f][c];
            }
        }
    }
}

static void choose_train_scale(struct dp_mdr_limits *limits, unsigned f, double cases,
                               double controls)
{
    double by_cases = slack_of(cases, controls, cases);
    double by_controls = slack_of(cases, controls, controls);

    limits->train_scale[f] = by_cases < by_controls ? cases : controls;
    limits->train_slack[f] = fmin(by_cases, by_controls);
}

/* Slacks that stay within half a standard deviation of what chance does to the accuracies let few
 * combinations through in vain. */
static bool is_proportional(const struct dp_mdr_limits *limits, double cases, double controls)
{
    double deviation = 0.25 * sqrt(1 / cases + 1 / controls);
    unsigned f;

    for (f = 0; f < limits->fold_count; f++) {
        if (!(limits->train_slack[f] / 2 <= deviation / 2))
            return false;
    }
    return limits->test_slack / (2 * limits->fold_count) <= deviation / 2;
}

void dp_mdr_limits_make(const struct dp_mdr_cohort *cohort, struct dp_mdr_limits *limits)
{
    const uint64_t cases = cohort->case_count, controls = cohort->control_count;
    uint64_t divisor = dp_mdr_ratio_common_divisor(cases, controls), most;
    weighted tested = {{0}};
    double all;
    bool whole = true; /* every fold has both classes */
    unsigned f;
    size_t s;

    memset(limits, 0, sizeof(*limits));
    limits->fold_count = cohort->fold_count;
    if (!cases || !controls || cohort->sample_count > INT32_MAX ||
        cases / divisor > INT32_MAX / controls) {
        limits->too_wide = true;
        return;
    }
    most = cases / divisor * controls;
    limits->narrow = most <= INT16_MAX && cohort->sample_count <= INT16_MAX;
    limits->weight[0] = (int32_t)(cases / divisor);
    limits->weight[1] = (int32_t)(controls / divisor);
    for (s = 0; s < cohort->sample_count; s++)
        tested[cohort->fold[s]][cohort->is_case[s]] += limits->weight[cohort->is_case[s]];
    choose_test_scale(limits, tested);
    all = (double)most;
    for (f = 0; f < limits->fold_count; f++) {
        whole = whole && tested[f][0] > 0 && tested[f][1] > 0 && tested[f][0] < all &&
                tested[f][1] < all;
        choose_train_scale(limits, f, all - tested[f][1], all - tested[f][0]);
    }
    limits->proportional = whole && is_proportional(limits, (double)cases, (double)controls);
}

/* The sum that scores an excess (over 0.5, doubled) must have. */
static int32_t sum_limit(const struct dp_mdr_limits *limits, double excess, double scale,
                         double slack)
{
    double least = floor(scale * (excess - slack) - sum_margin);

    if (limits->narrow)
        return (int32_t)fmax(INT16_MIN, fmin(INT16_MAX, least));
    return (int32_t)fmax(INT32_MIN, fmin(INT32_MAX, least));
}

void dp_mdr_limits_set(const struct dp_mdr_limits *limits, double test, const double *train,
                       struct dp_mdr_sight *sight)
{
    double excess = 2 * limits->fold_count * (test - 0.5);
    unsigned f;

    sight->test_limit = sum_limit(limits, excess, limits->test_scale, limits->test_slack);
    sight->test_level = (float)(excess - level_margin - limits->fold_count * fold_margin);
    for (f = 0; train && f < limits->fold_count; f++) {
        excess = 2 * (train[f] - 0.5);
        sight->train_limit[f] =
            sum_limit(limits, excess, limits->train_scale[f], limits->train_slack[f]);
        sight->train_level[f] = (float)(excess - level_margin);
    }
}
