/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/limits.c: whoever has a score reaches the limit that was made of it, in every cohort; and
 * where the folds are alike, hardly anybody else does. */

#include "mdr/limits.h"
#include "tests/mdr_data.h"

#include <math.h>

/* A cohort of so many controls and cases in each fold. */
static void make_cohort(unsigned folds, const unsigned (*count)[2], struct dp_mdr_cohort *cohort)
{
    unsigned f, c, n;
    size_t s = 0;

    memset(cohort, 0, sizeof(*cohort));
    cohort->fold_count = folds;
    for (f = 0; f < folds; f++) {
        cohort->control_count += count[f][0];
        cohort->case_count += count[f][1];
    }
    cohort->sample_count = cohort->control_count + cohort->case_count;
    cohort->is_case = malloc(cohort->sample_count);
    cohort->fold = malloc(cohort->sample_count);
    for (f = 0; f < folds; f++)
        for (c = 0; c < 2; c++)
            for (n = 0; n < count[f][c]; n++, s++) {
                cohort->is_case[s] = (uint8_t)c;
                cohort->fold[s] = (uint8_t)f;
            }
}

static void limits_of(unsigned folds, const unsigned (*count)[2], struct dp_mdr_limits *limits)
{
    struct dp_mdr_cohort cohort;

    make_cohort(folds, count, &cohort);
    dp_mdr_limits_make(&cohort, limits);
    dp_mdr_cohort_free(&cohort);
}

/* Of each fold, the samples in high cells. */
typedef unsigned high[DP_MDR_MAX_FOLDS][2];

/* The sum over the folds but `without` of what is weighed. */
static int64_t weigh(const struct dp_mdr_limits *limits, high found, unsigned without)
{
    int64_t sum = 0;
    unsigned f;

    for (f = 0; f < limits->fold_count; f++)
        if (f != without)
            sum +=
                (int64_t)limits->weight[1] * found[f][1] - (int64_t)limits->weight[0] * found[f][0];
    return sum;
}

static double accuracy(double cases, double all_cases, double controls, double all_controls)
{
    return (cases / all_cases + 1 - controls / all_controls) / 2;
}

/* Training accuracy where fold `without` tests. */
static double train(unsigned folds, const unsigned (*count)[2], high found, unsigned without)
{
    unsigned f, all[2] = {0, 0}, in[2] = {0, 0}, c;

    for (f = 0; f < folds; f++)
        for (c = 0; f != without && c < 2; c++) {
            all[c] += count[f][c];
            in[c] += found[f][c];
        }
    return accuracy(in[1], all[1], in[0], all[0]);
}

/* Exactly its own scores as limits: `found` must reach each. With `near`, by one at most. */
static void must_reach(const struct dp_mdr_limits *limits, const unsigned (*count)[2], high found,
                       bool near)
{
    double test = 0, trained[DP_MDR_MAX_FOLDS];
    struct dp_mdr_sight sight;
    unsigned f, folds = limits->fold_count;
    int64_t sum;

    for (f = 0; f < folds; f++) {
        test += accuracy(found[f][1], count[f][1], found[f][0], count[f][0]) / folds;
        trained[f] = train(folds, count, found, f);
    }
    dp_mdr_limits_set(limits, test, trained, &sight);
    sum = weigh(limits, found, folds);
    if (sum < sight.test_limit || (near && sum > sight.test_limit + 1))
        ck_abort_msg("test %g: %ld, limit %d", test, (long)sum, (int)sight.test_limit);
    if (2 * folds * (test - 0.5) < sight.test_level)
        ck_abort_msg("test %g, level %g", test, (double)sight.test_level);
    for (f = 0; f < folds; f++) {
        sum = weigh(limits, found, f);
        if (sum < sight.train_limit[f] || (near && sum > sight.train_limit[f] + 1))
            ck_abort_msg("train %g: %ld, limit %d", trained[f], (long)sum,
                         (int)sight.train_limit[f]);
        if (2 * (trained[f] - 0.5) < sight.train_level[f])
            ck_abort_msg("train %g, level %g", trained[f], (double)sight.train_level[f]);
    }
}

/* Cohorts with at least one of each class in each fold. With `alike` all folds have the same. */
static void check_random(uint64_t seed, unsigned largest, bool alike)
{
    uint64_t random = seed;
    unsigned count[DP_MDR_MAX_FOLDS][2], folds, f, c, n;
    struct dp_mdr_limits limits;
    high found;

    folds = 2 + random_below(&random, DP_MDR_MAX_FOLDS - 1);
    for (f = 0; f < folds; f++)
        for (c = 0; c < 2; c++)
            count[f][c] = alike && f ? count[0][c] : 1 + random_below(&random, largest);
    limits_of(folds, count, &limits);
    ck_assert(!limits.too_wide);
    for (n = 0; n < 300; n++) {
        for (f = 0; f < folds; f++)
            for (c = 0; c < 2; c++) /* often none or all */
                found[f][c] = random_below(&random, 3)   ? random_below(&random, count[f][c] + 1)
                              : random_below(&random, 2) ? count[f][c]
                                                         : 0;
        must_reach(&limits, count, found, alike);
    }
    if (alike)
        ck_assert(limits.proportional);
}

START_TEST(nobody_is_missed)
{
    static const unsigned largest[] = {1, 2, 7, 60, 2000};
    uint64_t seed;

    for (seed = 0; seed < 100; seed++)
        check_random(1 + 1000 * (uint64_t)_i + seed, largest[_i % 5], _i >= 5);
}
END_TEST

START_TEST(weights_and_widths)
{
    static const unsigned even[][2] = {{10, 10}, {10, 10}}, third[][2] = {{20, 10}, {40, 20}};
    static const unsigned one[][2] = {{1, 1}, {1, 1}}, edge[][2] = {{8191, 2}, {8192, 2}};
    static const unsigned over[][2] = {{8192, 2}, {8192, 2}, {1, 0}};
    struct dp_mdr_limits limits;

    limits_of(2, even, &limits);
    ck_assert(limits.weight[0] == 1 && limits.weight[1] == 1 && limits.narrow);
    ck_assert(limits.test_scale == 10 && limits.test_slack == 0 && limits.proportional);
    ck_assert(limits.train_scale[1] == 10 && limits.train_slack[1] == 0);
    limits_of(2, third, &limits); /* of controls, of cases: without their common divisor */
    ck_assert(limits.weight[0] == 1 && limits.weight[1] == 2 && limits.narrow);
    limits_of(2, one, &limits);
    ck_assert(limits.narrow && limits.proportional);
    limits_of(2, edge, &limits); /* 16383 controls, 4 cases: a sum of 65532 */
    ck_assert(!limits.narrow && !limits.too_wide);
    ck_assert(limits.weight[0] == 4 && limits.weight[1] == 16383);
    limits_of(3, over, &limits); /* 16385 controls */
    ck_assert(limits.weight[1] == 16385);
}
END_TEST

/* A fold without anybody has no accuracy, so nothing follows from the slacks, small as they are. */
START_TEST(a_fold_of_nobody)
{
    unsigned count[DP_MDR_MAX_FOLDS][2], f;
    struct dp_mdr_limits limits;

    for (f = 0; f < DP_MDR_MAX_FOLDS; f++)
        count[f][0] = count[f][1] = 2;
    limits_of(DP_MDR_MAX_FOLDS, count, &limits);
    ck_assert(limits.proportional);
    count[3][0] = count[3][1] = 0;
    limits_of(DP_MDR_MAX_FOLDS, count, &limits);
    ck_assert(!limits.proportional && !limits.too_wide);
}
END_TEST

/* The largest sums that fit 16 and 32 bits. */
START_TEST(borders_of_numbers)
{
    struct dp_mdr_cohort cohort = {.fold_count = 2};
    struct dp_mdr_limits limits;
    uint64_t n;

    cohort.is_case = calloc(100000, 1);
    cohort.fold = calloc(100000, 1);
    for (n = 0; n < 100000; n++)
        cohort.fold[n] = n % 2;
    for (n = 0; n < 40000; n++)
        cohort.is_case[n] = 1;
    cohort.sample_count = INT16_MAX - 1; /* as many of each: sums of half of them */
    cohort.case_count = cohort.control_count = INT16_MAX / 2;
    dp_mdr_limits_make(&cohort, &limits);
    ck_assert(limits.narrow);
    cohort.sample_count = INT16_MAX + 1;
    cohort.case_count = cohort.control_count = cohort.sample_count / 2;
    dp_mdr_limits_make(&cohort, &limits);
    ck_assert(!limits.narrow && !limits.too_wide);
    cohort.sample_count = 46340 + 46341; /* a product just below 2^31 */
    cohort.case_count = 46340;
    cohort.control_count = 46341;
    dp_mdr_limits_make(&cohort, &limits);
    ck_assert(!limits.narrow && !limits.too_wide);
    cohort.sample_count = 46341 + 46342;
    cohort.case_count = 46341;
    cohort.control_count = 46342;
    dp_mdr_limits_make(&cohort, &limits);
    ck_assert(limits.too_wide);
    cohort.case_count = 0;
    dp_mdr_limits_make(&cohort, &limits);
    ck_assert(limits.too_wide);
    dp_mdr_cohort_free(&cohort);
}
END_TEST

/* Scores that nobody or everybody has do not run over. */
START_TEST(out_of_range)
{
    static const unsigned narrow[][2] = {{100, 100}, {100, 100}}, wide[][2] = {{30000, 7}, {9, 8}};
    const double all[2] = {INFINITY, -INFINITY};
    struct dp_mdr_limits limits;
    struct dp_mdr_sight sight;

    limits_of(2, narrow, &limits);
    dp_mdr_limits_set(&limits, INFINITY, all, &sight);
    ck_assert_int_eq(sight.test_limit, INT16_MAX);
    ck_assert_int_eq(sight.train_limit[0], INT16_MAX);
    ck_assert_int_eq(sight.train_limit[1], INT16_MIN);
    ck_assert(sight.test_level == INFINITY && sight.train_level[1] == -INFINITY);
    sight.train_limit[0] = 77;
    dp_mdr_limits_set(&limits, -1e300, NULL, &sight);
    ck_assert_int_eq(sight.test_limit, INT16_MIN);
    ck_assert_int_eq(sight.train_limit[0], 77); /* not asked for */
    limits_of(2, wide, &limits);
    dp_mdr_limits_set(&limits, INFINITY, all, &sight);
    ck_assert_int_eq(sight.test_limit, INT32_MAX);
    ck_assert_int_eq(sight.train_limit[1], INT32_MIN);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("limits");

    tcase_add_loop_test(tcase, nobody_is_missed, 0, 10);
    tcase_add_test(tcase, weights_and_widths);
    tcase_add_test(tcase, a_fold_of_nobody);
    tcase_add_test(tcase, borders_of_numbers);
    tcase_add_test(tcase, out_of_range);
    return mdr_run(tcase, "mdr_limits");
}
