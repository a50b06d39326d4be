/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/search.c: the same findings whatever the threads, tiles and interruptions. */

#include "config.h"

#include "tests/mdr_data.h"

#include "mdr/kernel.h"
#include "mdr/search.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static const struct mdr_shape shape = {60, 150, 5, 40, 10, true};
static struct mdr_data data;
static struct dp_mdr_team *team;
static char path[] = "/tmp/dp-mdr-search-XXXXXX";

static void setup(void)
{
    close(mkstemp(path));
    unlink(path);
    mdr_make(&shape, 3, &data);
    MUST(dp_mdr_team_alone(&team, NULL));
}

static void teardown(void)
{
    dp_mdr_team_free(team);
    mdr_free(&data);
    unlink(path);
}

struct how {
    unsigned order, threads;
    uint32_t tile;
    size_t top;
    double threshold;
    bool prune, consistency;
    struct dp_mdr_journal *journal;
    int (*cancel)(void *user);
};

static struct dp_mdr_schedule schedule;

static int search(const struct how *how, struct dp_mdr_harvest *harvest)
{
    struct dp_mdr_search_options options = {.schedule = &schedule,
                                            .threads = how->threads,
                                            .top = how->top,
                                            .prune = how->prune,
                                            .consistency = how->consistency,
                                            .threshold = mdr_threshold(how->threshold),
                                            .journal = how->journal,
                                            .cancel = how->cancel};
    struct dp_error err;
    int rc;

    MUST(dp_mdr_kernel_find(NULL, &options.kernel, NULL));
    rc = dp_mdr_search_run(data.planes, &options, team, harvest, &err);
    return rc < 0 ? rc : dp_mdr_search_gather(team, shape.folds, harvest, &err);
}

static void begin(const struct how *how, struct dp_mdr_harvest *harvest)
{
    MUST(dp_mdr_schedule_make(how->order, how->order == 2 ? shape.variants : 40, shape.samples,
                              how->tile, &schedule, NULL));
    MUST(dp_mdr_search_begin(how->top, NULL, harvest, NULL));
}

static void must_agree(const struct how *how, struct dp_mdr_harvest *have,
                       struct dp_mdr_harvest *want)
{
    const struct dp_mdr_hit *a = dp_mdr_best_sorted(have->best);
    const struct dp_mdr_hit *b = dp_mdr_best_sorted(want->best);
    size_t i;

    ck_assert_uint_eq(have->combination_count, schedule.combination_count);
    ck_assert_uint_eq(dp_mdr_best_count(have->best), how->top);
    for (i = 0; i < how->top; i++)
        ck_assert_int_eq(dp_mdr_hit_compare(NULL, &a[i], &b[i]), 0);
    for (i = 0; how->consistency && i < shape.folds; i++)
        ck_assert_int_eq(dp_mdr_hit_compare(NULL, &have->fold_best[i], &want->fold_best[i]), 0);
}

START_TEST(threads_and_tiles)
{
    static const struct how hows[] = {{2, 1, 0, 50, NAN, false, true, NULL, NULL},
                                      {2, 2, 0, 50, NAN, false, true, NULL, NULL},
                                      {2, 4, 7, 50, NAN, false, true, NULL, NULL},
                                      {2, 3, 1000, 50, NAN, false, true, NULL, NULL},
                                      {2, 2, 20, 50, NAN, true, false, NULL, NULL},
                                      {3, 1, 0, 50, NAN, false, true, NULL, NULL},
                                      {3, 4, 9, 50, NAN, false, true, NULL, NULL},
                                      {3, 2, 13, 50, NAN, true, false, NULL, NULL}};
    struct dp_mdr_harvest have, want;
    size_t i;

    for (i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
        begin(&hows[i], &have);
        MUST(search(&hows[i], &have));
        if (hows[i].threads == 1) {
            if (i > 0)
                dp_mdr_search_end(&want);
            want = have;
            continue;
        }
        must_agree(&hows[i], &have, &want);
        dp_mdr_search_end(&have);
    }
    dp_mdr_search_end(&want);
}
END_TEST

/* ---------------------------------------------------------------------------------- restart */

static atomic_int asked;
static int limit;

static int after_some(void *user)
{
    (void)user;
    return atomic_fetch_add(&asked, 1) >= limit;
}

static struct dp_mdr_journal *open_journal(const struct how *how, struct dp_mdr_harvest *harvest)
{
    struct dp_mdr_journal_options options = {
        .path = path, .rank_count = 1, .schedule = &schedule, .fold_count = shape.folds};
    struct dp_mdr_journal *journal;

    begin(how, harvest);
    MUST(dp_mdr_journal_open(&options, harvest, &journal, NULL));
    return journal;
}

static int add_hit(void *user, const struct dp_mdr_hit *hit, struct dp_error *err)
{
    return dp_mdr_sorter_add(user, hit, err);
}

/* All hits that were kept, as a sum that says whether they are the same; *count of them. */
static double sum_up(struct dp_mdr_journal *journal, double threshold, uint64_t *count)
{
    struct dp_mdr_sorter *sorter;
    struct dp_mdr_hit hit;
    double sum = 0;

    MUST(dp_mdr_sorter_new(0, NULL, &sorter, NULL));
    MUST(dp_mdr_journal_hits(journal, add_hit, sorter, NULL));
    for (*count = 0; dp_mdr_sorter_next(sorter, &hit, NULL) > 0; ++*count) {
        ck_assert(hit.score >= threshold);
        sum += hit.score * (hit.variant[0] + 1.5 * hit.variant[1]) * (double)(*count % 7 + 1);
    }
    dp_mdr_sorter_free(sorter);
    return sum;
}

/* Stopped again and again at some unit, with other threads each time. */
START_TEST(stopped_and_begun_again)
{
    struct how how = {2, 1, 16, 50, _i ? 0.5 : NAN, false, true, NULL, NULL};
    struct dp_mdr_harvest have, want;
    struct dp_mdr_journal *journal;
    uint64_t count = 0, want_count = 0;
    double sum = 0;
    unsigned stops = 0;
    int rc = DP_CANCELLED;

    how.journal = open_journal(&how, &want);
    MUST(search(&how, &want));
    if (_i)
        sum = sum_up(how.journal, 0.5, &want_count);
    MUST(dp_mdr_journal_remove(how.journal, NULL));
    dp_mdr_journal_free(how.journal);
    how.cancel = after_some;
    while (rc == DP_CANCELLED) {
        how.threads = stops % 3 + 1;
        how.journal = journal = open_journal(&how, &have);
        /* It is asked for units that are done, too. */
        limit = (int)(dp_mdr_journal_done_count(journal) + stops * 7 % 11 + 4);
        atomic_store(&asked, 0);
        rc = search(&how, &have);
        ck_assert(dp_mdr_journal_exists(journal));
        if (rc == DP_CANCELLED) {
            stops++;
            dp_mdr_journal_free(journal);
            dp_mdr_search_end(&have);
        }
    }
    MUST(rc);
    ck_assert_uint_ge(stops, 5);
    must_agree(&how, &have, &want);
    if (_i) {
        ck_assert(sum_up(journal, 0.5, &count) == sum);
        ck_assert_uint_eq(count, want_count);
        ck_assert_uint_gt(count, 100);
    }
    dp_mdr_journal_free(journal);
    dp_mdr_search_end(&have);
    dp_mdr_search_end(&want);
}
END_TEST

/* A short search leaves nothing. */
START_TEST(no_trace)
{
    struct how how = {2, 2, 16, 50, NAN, false, true, NULL, NULL};
    struct dp_mdr_search_options options = {
        .schedule = &schedule, .threads = 2, .top = 10, .batch_seconds = 1000};
    struct dp_mdr_harvest harvest;

    options.threshold = dp_mdr_threshold_none();
    options.journal = open_journal(&how, &harvest);
    MUST(dp_mdr_kernel_find(NULL, &options.kernel, NULL));
    MUST(dp_mdr_search_run(data.planes, &options, team, &harvest, NULL));
    ck_assert(!dp_mdr_journal_exists(options.journal));
    ck_assert_int_ne(access(path, F_OK), 0);
    dp_mdr_journal_free(options.journal);
    dp_mdr_search_end(&harvest);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("search");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, threads_and_tiles);
    tcase_add_loop_test(tcase, stopped_and_begun_again, 0, 2);
    tcase_add_test(tcase, no_trace);
    return mdr_run(tcase, "mdr_search");
}
