/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/kernel.h"
#include "mdr/unit.h"
#include "tests/mdr_data.h"

#include <math.h>

struct run {
    struct dp_mdr_harvest harvest;
    struct dp_mdr_best *over; /* what was handed out */
};

struct how {
    const char *kernel;
    bool consistency, prune;
    double threshold;
    unsigned order;
    uint32_t step; /* variants of a box in each dimension */
    size_t top;
};

static int take_hit(void *user, const struct dp_mdr_hit *hit, struct dp_error *err)
{
    (void)err;
    dp_mdr_best_add(user, hit);
    return 0;
}

static void new_run(size_t top, struct run *run)
{
    MUST(dp_mdr_best_new(top, NULL, &run->harvest.best, NULL));
    MUST(dp_mdr_best_new(1000000, NULL, &run->over, NULL));
    dp_mdr_harvest_clear(&run->harvest);
}

static void free_run(struct run *run)
{
    dp_mdr_best_free(run->harvest.best);
    dp_mdr_best_free(run->over);
}

/* Every combination, from naive tables. */
static void search_naively(const struct mdr_data *data, const struct how *how, struct run *run)
{
    uint32_t n = (uint32_t)data->variant_count, v[3], end = how->order == 3 ? n : 1;
    struct dp_mdr_hit hit;
    struct dp_mdr_table table;
    struct dp_mdr_scores scores;
    unsigned f;

    new_run(how->top, run);
    for (v[0] = 0; v[0] < n; v[0]++) {
        for (v[1] = v[0] + 1; v[1] < n; v[1]++) {
            for (v[2] = how->order == 3 ? v[1] + 1 : 0; v[2] < end; v[2]++) {
                mdr_naive_table(data, how->order, v, &table);
                mdr_scores(&table, data->cohort.case_count, data->cohort.control_count, &scores);
                hit = (struct dp_mdr_hit){0, {v[0], v[1], v[2]}};
                for (f = 0; f < data->cohort.fold_count; f++) {
                    hit.score = scores.train[f];
                    if (dp_mdr_hit_compare(NULL, &hit, &run->harvest.fold_best[f]) < 0)
                        run->harvest.fold_best[f] = hit;
                }
                hit.score = scores.mean_test;
                dp_mdr_best_add(run->harvest.best, &hit);
                if (hit.score >= how->threshold)
                    dp_mdr_best_add(run->over, &hit);
                run->harvest.combination_count++;
            }
        }
    }
}

/* Boxes of how->step, each searched by the same searcher. */
static void search(const struct mdr_data *data, const struct how *how, struct run *run)
{
    uint32_t n = (uint32_t)data->variant_count, at[3] = {0, 0, 0};
    struct dp_mdr_unit_options options = {NULL, how->consistency, how->prune,
                                          mdr_threshold(how->threshold), take_hit, NULL};
    struct dp_mdr_searcher *searcher;
    struct dp_mdr_box box = {how->order, {0, 0, 0}, {0, 0, 0}};
    unsigned d;

    new_run(how->top, run);
    options.user = run->over;
    MUST(dp_mdr_kernel_find(how->kernel, &options.kernel, NULL));
    MUST(dp_mdr_searcher_new(data->planes, &options, &searcher, NULL));
    for (at[0] = 0; at[0] < n; at[0] += how->step) {
        for (at[1] = at[0]; at[1] < n; at[1] += how->step) {
            for (at[2] = at[1]; at[2] < n; at[2] += how->order == 3 ? how->step : n) {
                for (d = 0; d < how->order; d++) {
                    box.begin[d] = at[d];
                    box.end[d] = at[d] + how->step < n ? at[d] + how->step : n;
                }
                MUST(dp_mdr_searcher_run(searcher, &box, &run->harvest, NULL));
            }
        }
    }
    dp_mdr_searcher_free(searcher);
}

static void must_equal(struct dp_mdr_best *a, struct dp_mdr_best *b)
{
    const struct dp_mdr_hit *left = dp_mdr_best_sorted(a), *right = dp_mdr_best_sorted(b);
    size_t count = dp_mdr_best_count(a), n;

    ck_assert_uint_eq(count, dp_mdr_best_count(b));
    for (n = 0; n < count; n++)
        ck_assert_int_eq(dp_mdr_hit_compare(NULL, &left[n], &right[n]), 0);
}

static void must_agree(const struct how *how, struct run *run, struct run *wanted)
{
    unsigned f;

    must_equal(run->harvest.best, wanted->harvest.best);
    must_equal(run->over, wanted->over);
    ck_assert_uint_eq(run->harvest.combination_count, wanted->harvest.combination_count);
    for (f = 0; how->consistency && f < DP_MDR_MAX_FOLDS; f++)
        ck_assert_int_eq(dp_mdr_hit_compare(NULL, &run->harvest.fold_best[f],
                                            &wanted->harvest.fold_best[f]), 0);
}

/* Every kernel, with and without each option, in boxes of several sizes. */
static void check_shape(const struct mdr_shape *shape, unsigned order, uint64_t seed)
{
    static const uint32_t steps[] = {5, 64, 100000};
    struct mdr_data data;
    struct run wanted, run;
    const char *const *kernel;
    struct how how = {NULL, true, false, 0, order, 0, 25};
    unsigned variant;

    mdr_make(shape, seed, &data);
    how.threshold = shape->samples < 300 ? 0.55 : 0.5;
    search_naively(&data, &how, &wanted);
    for (kernel = dp_mdr_kernel_names(); *kernel; kernel++) {
        for (variant = 0; variant < 4; variant++) {
            how.kernel = *kernel;
            how.step = steps[variant % 3];
            how.consistency = variant != 1 && variant != 3;
            how.prune = variant >= 2;
            search(&data, &how, &run);
            must_agree(&how, &run, &wanted);
            free_run(&run);
        }
    }
    free_run(&wanted);
    mdr_free(&data);
}

static const struct mdr_shape pair_shapes[] = {
    {10, 40, 2, 50, 0, true},    {10, 40, 5, 50, 20, true},  {11, 70, 2, 20, 30, false},
    {100, 70, 20, 50, 5, false}, {100, 100, 10, 10, 0, true}, {400, 100, 5, 50, 0, true},
    {777, 40, 5, 10, 20, true},  {1128, 70, 5, 50, 1, true}, {1129, 40, 5, 50, 0, true},
    {2000, 40, 4, 90, 0, true},  {5000, 20, 20, 10, 5, true}, {5000, 34, 5, 50, 0, true},
    {60, 530, 2, 50, 0, true},   {60, 300, 3, 30, 2, false}, {997, 60, 7, 43, 0, false},
    {33000, 7, 5, 50, 1, true},  {65534, 7, 2, 50, 0, true},  {70000, 7, 3, 10, 30, false},
    {140000, 5, 2, 95, 1, true}, {140001, 5, 2, 49, 0, true}, {70001, 6, 20, 50, 0, true},
};

START_TEST(pairs)
{
    check_shape(&pair_shapes[_i], 2, 100 + (uint64_t)_i);
}
END_TEST

static const struct mdr_shape triple_shapes[] = {
    {10, 12, 2, 50, 20, true},  {100, 12, 5, 50, 0, true},  {103, 40, 3, 30, 0, false},
    {500, 12, 5, 10, 10, true}, {1128, 12, 20, 50, 0, true},
    {120, 40, 4, 50, 0, true},  {90, 36, 2, 40, 3, true},     {70000, 5, 5, 50, 1, true},
};

START_TEST(triples)
{
    check_shape(&triple_shapes[_i], 3, 200 + (uint64_t)_i);
}
END_TEST

/* The formula beside counting one by one. */
START_TEST(box_counts)
{
    uint64_t random = 9, wanted;
    struct dp_mdr_box box;
    uint32_t i, j, k;
    unsigned n, d;

    for (n = 0; n < 3000; n++) {
        box.order = 2 + n % 2;
        for (d = 0; d < 3; d++) {
            box.begin[d] = random_below(&random, 12);
            box.end[d] = random_below(&random, 14);
        }
        wanted = 0;
        for (i = box.begin[0]; i < box.end[0]; i++) {
            for (j = box.begin[1]; j < box.end[1]; j++) {
                for (k = box.begin[2]; box.order == 3 && k < box.end[2]; k++)
                    wanted += i < j && j < k;
                wanted += box.order == 2 && i < j;
            }
        }
        ck_assert_uint_eq(dp_mdr_box_count(&box), wanted);
    }
}
END_TEST

/* Half of the units each: merged, they are what one searcher finds. */
START_TEST(merged)
{
    static const struct mdr_shape shape = {200, 30, 5, 50, 5, true};
    struct how how = {"generic", true, false, NAN, 2, 100, 10};
    struct dp_mdr_box boxes[2] = {{2, {0, 0, 0}, {9, 30, 0}}, {2, {9, 0, 0}, {30, 30, 0}}};
    struct dp_mdr_unit_options options = {NULL, true, false, dp_mdr_threshold_none(), NULL, NULL};
    struct dp_mdr_searcher *searcher;
    struct mdr_data data;
    struct run wanted, half[2];
    unsigned n;

    mdr_make(&shape, 4, &data);
    search_naively(&data, &how, &wanted);
    MUST(dp_mdr_kernel_find(NULL, &options.kernel, NULL));
    MUST(dp_mdr_searcher_new(data.planes, &options, &searcher, NULL));
    for (n = 0; n < 2; n++) {
        new_run(10, &half[n]);
        MUST(dp_mdr_searcher_run(searcher, &boxes[n], &half[n].harvest, NULL));
    }
    dp_mdr_harvest_merge(&half[1].harvest, &half[0].harvest);
    must_agree(&how, &half[1], &wanted);
    dp_mdr_searcher_free(searcher);
    free_run(&half[0]);
    free_run(&half[1]);
    free_run(&wanted);
    mdr_free(&data);
}
END_TEST

static int refuse_hit(void *user, const struct dp_mdr_hit *hit, struct dp_error *err)
{
    (void)hit;
    return ++*(unsigned *)user == 3 ? dp_error_set(err, DP_IO, "full") : 0;
}

START_TEST(a_hit_that_fails)
{
    static const struct mdr_shape shape = {50, 20, 5, 50, 0, true};
    unsigned calls = 0;
    struct dp_mdr_unit_options options = {NULL, false, false, mdr_threshold(0), refuse_hit, NULL};
    struct dp_mdr_box box = {2, {0, 0, 0}, {20, 20, 0}};
    struct dp_mdr_searcher *searcher;
    struct mdr_data data;
    struct run run;
    struct dp_error err;

    mdr_make(&shape, 4, &data);
    options.user = &calls;
    new_run(10, &run);
    MUST(dp_mdr_kernel_find(NULL, &options.kernel, NULL));
    MUST(dp_mdr_searcher_new(data.planes, &options, &searcher, NULL));
    ck_assert_int_eq(dp_mdr_searcher_run(searcher, &box, &run.harvest, &err), DP_IO);
    ck_assert_str_eq(err.message, "full");
    ck_assert_uint_eq(calls, 3);
    dp_mdr_searcher_free(searcher);
    free_run(&run);
    mdr_free(&data);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("unit");

    tcase_add_loop_test(tcase, pairs, 0, sizeof(pair_shapes) / sizeof(pair_shapes[0]));
    tcase_add_loop_test(tcase, triples, 0, sizeof(triple_shapes) / sizeof(triple_shapes[0]));
    tcase_add_test(tcase, box_counts);
    tcase_add_test(tcase, merged);
    tcase_add_test(tcase, a_hit_that_fails);
    return mdr_run(tcase, "mdr_unit");
}
