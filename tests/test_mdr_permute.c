/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/permute.c: what a permutation is, and that the best scores are the same whatever the
 * threads, the memory and the interruptions. */

#include "config.h"

#include "tests/mdr_study.h"

#include "mdr/kernel.h"
#include "mdr/permute.h"
#include "mdr/search.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { COUNT = 20 };

static const struct mdr_shape shape = {60, 40, 4, 30, 10, true};
static struct mdr_data data;
static struct dp_mdr_study study;
static struct dp_mdr_team *team;
static struct dp_mdr_schedule schedule;
static char path[] = "/tmp/dp-mdr-permute-XXXXXX";

static void setup(void)
{
    close(mkstemp(path));
    unlink(path);
    mdr_make(&shape, 9, &data);
    MUST(dp_mdr_team_alone(&team, NULL));
    mdr_make_study(&data, team, &study);
    MUST(dp_mdr_schedule_make(2, shape.variants, shape.samples, 16, &schedule, NULL));
}

static void teardown(void)
{
    mdr_free_study(&study);
    dp_mdr_team_free(team);
    mdr_free(&data);
    unlink(path);
}

static void copy(struct dp_mdr_cohort *to)
{
    size_t n = shape.samples;

    *to = data.cohort;
    to->column = memcpy(malloc(n * 4), data.cohort.column, n * 4);
    to->is_case = memcpy(malloc(n), data.cohort.is_case, n);
    to->fold = memcpy(malloc(n), data.cohort.fold, n);
}

START_TEST(a_permutation)
{
    struct dp_mdr_cohort a, b;
    size_t tests[2][4] = {{0}}, s, cases = 0;
    unsigned fold;

    copy(&a);
    copy(&b);
    MUST(dp_mdr_permute_cohort(&study, 1, 5, &a, NULL));
    MUST(dp_mdr_permute_cohort(&study, 1, 6, &b, NULL));
    ck_assert_int_ne(memcmp(a.is_case, b.is_case, shape.samples), 0);
    MUST(dp_mdr_permute_cohort(&study, 1, 5, &b, NULL)); /* whatever the cohort was before */
    ck_assert_int_eq(memcmp(a.is_case, b.is_case, shape.samples), 0);
    ck_assert_int_eq(memcmp(a.fold, b.fold, shape.samples), 0);
    ck_assert_int_ne(memcmp(a.is_case, data.cohort.is_case, shape.samples), 0);
    for (s = 0; s < shape.samples; s++) {
        cases += a.is_case[s];
        tests[a.is_case[s]][a.fold[s]]++;
    }
    ck_assert_uint_eq(cases, data.cohort.case_count);
    for (fold = 0; fold < 4; fold++) {
        ck_assert_uint_ge(tests[1][fold], data.cohort.case_count / 4);
        ck_assert_uint_ge(tests[0][fold], data.cohort.control_count / 4);
    }
    dp_mdr_cohort_free(&a);
    dp_mdr_cohort_free(&b);
}
END_TEST

/* The best score of a permutation, by looking at every pair. */
static double best_of(uint64_t number)
{
    struct mdr_data shuffled = data;
    struct dp_mdr_scores scores;
    struct dp_mdr_table table;
    double best = -INFINITY;
    uint32_t pair[2];

    copy(&shuffled.cohort);
    MUST(dp_mdr_permute_cohort(&study, 3, number, &shuffled.cohort, NULL));
    for (pair[0] = 0; pair[0] < shape.variants; pair[0]++)
        for (pair[1] = pair[0] + 1; pair[1] < shape.variants; pair[1]++) {
            mdr_naive_table(&shuffled, 2, pair, &table);
            dp_mdr_score(&table, shuffled.cohort.case_count, shuffled.cohort.control_count,
                         &scores);
            if (scores.mean_test > best)
                best = scores.mean_test;
        }
    dp_mdr_cohort_free(&shuffled.cohort);
    return best;
}

static struct dp_mdr_permute_options options_of(unsigned threads, size_t memory_bytes)
{
    struct dp_mdr_permute_options options = {.schedule = &schedule,
                                             .threads = threads,
                                             .count = COUNT,
                                             .seed = 3,
                                             .prune = threads % 2,
                                             .memory_bytes = memory_bytes};

    MUST(dp_mdr_kernel_find(NULL, &options.kernel, NULL));
    return options;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Side by side, one after the other with several threads each, or both. */
START_TEST(the_same_scores)
{
    static const struct {
        unsigned threads;
        size_t memory_bytes;
    } hows[] = {{1, 0}, {1, 1 << 30}, {3, 0}, {3, 1 << 30}, {4, 1 << 14}, {30, 1 << 30}};
    double want[COUNT], have[COUNT];
    size_t i;

    for (i = 0; i < COUNT; i++)
        want[i] = best_of(i + 1);
    qsort(want, COUNT, sizeof(want[0]), compare);
    for (i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
        struct dp_mdr_permute_options options = options_of(hows[i].threads, hows[i].memory_bytes);

        MUST(dp_mdr_permute_run(&study, &options, team, have, NULL));
        ck_assert_int_eq(memcmp(want, have, sizeof(want)), 0);
    }
}
END_TEST

static atomic_int asked;

static int after_some(void *user)
{
    (void)user;
    return atomic_fetch_add(&asked, 1) >= 40;
}

START_TEST(stopped_and_begun_again)
{
    struct dp_mdr_journal_options journal = {.path = path,
                                             .rank_count = 1,
                                             .schedule = &schedule,
                                             .fold_count = shape.folds,
                                             .permutation_count = COUNT};
    struct dp_mdr_permute_options options = options_of(2, 1 << 30);
    double want[COUNT], have[COUNT];
    struct dp_mdr_harvest harvest;
    unsigned stops = 0;
    int rc = DP_CANCELLED;

    MUST(dp_mdr_permute_run(&study, &options, team, want, NULL));
    options.cancel = after_some;
    while (rc == DP_CANCELLED) {
        MUST(dp_mdr_search_begin(1, &harvest, NULL));
        MUST(dp_mdr_journal_open(&journal, &harvest, &options.journal, NULL));
        options.threads = stops % 3 + 1;
        atomic_store(&asked, 0);
        rc = dp_mdr_permute_run(&study, &options, team, have, NULL);
        stops += rc == DP_CANCELLED;
        dp_mdr_journal_free(options.journal);
        dp_mdr_search_end(&harvest);
        ck_assert_uint_lt(stops, 100);
    }
    MUST(rc);
    ck_assert_uint_ge(stops, 2);
    ck_assert_int_eq(memcmp(want, have, sizeof(want)), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("permute");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_permutation);
    tcase_add_test(tcase, the_same_scores);
    tcase_add_test(tcase, stopped_and_begun_again);
    return mdr_run(tcase, "mdr_permute");
}
