/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/journal.c, mdr/batch.c and mdr/log.c: what was added comes back, whatever happens to the end
 * of a file; nothing of another run does. */

#include "config.h"

#include "tests/mdr_data.h"

#include "mdr/batch.h"
#include "mdr/journal.h"
#include "mdr/search.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/dp-mdr-journal-XXXXXX";
static char path[64];
static struct dp_mdr_schedule schedule;

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/j", folder);
    MUST(dp_mdr_schedule_make(2, 300, 100, 32, &schedule, NULL));
}

static void teardown(void)
{
    char command[64];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    memcpy(strrchr(folder, '-'), "-XXXXXX", 7);
}

static struct dp_mdr_journal_options options_of(unsigned rank, unsigned ranks)
{
    return (struct dp_mdr_journal_options){.path = path,
                                           .rank = rank,
                                           .rank_count = ranks,
                                           .identity = {1, 2, 3},
                                           .schedule = &schedule,
                                           .fold_count = 2,
                                           .permutation_count = 10};
}

static struct dp_mdr_journal *open_journal(const struct dp_mdr_journal_options *options,
                                           struct dp_mdr_harvest *harvest)
{
    struct dp_mdr_journal *journal;

    MUST(dp_mdr_search_begin(100, NULL, harvest, NULL));
    MUST(dp_mdr_journal_open(options, harvest, &journal, NULL));
    return journal;
}

static void close_journal(struct dp_mdr_journal *journal, struct dp_mdr_harvest *harvest)
{
    dp_mdr_journal_free(journal);
    dp_mdr_search_end(harvest);
}

/* A batch about `unit` and the next, with a best hit and a hit over the threshold. */
static void add(struct dp_mdr_journal *journal, uint64_t unit, bool finish)
{
    uint64_t units[2] = {unit, unit + 1};
    struct dp_mdr_hit best = {0.5 + (double)unit / 1000, {(uint32_t)unit, 200, 0}};
    struct dp_mdr_hit folds[2] = {{0.25 + (double)unit / 1000, {1, 2, 0}}, {-INFINITY, {0}}};
    struct dp_mdr_batch batch = {.stream = dp_mdr_journal_stream(journal),
                                 .units = units,
                                 .unit_count = 2,
                                 .combination_count = 10,
                                 .best = &best,
                                 .best_count = 1,
                                 .fold_best = folds};

    MUST(dp_mdr_journal_add_hits(journal, batch.stream, &best, 1, NULL));
    if (finish)
        MUST(dp_mdr_journal_add(journal, &batch, NULL));
}

static int count_hit(void *user, const struct dp_mdr_hit *hit, struct dp_error *err)
{
    (void)err;
    ck_assert_uint_eq(hit->variant[1], 200);
    ++*(unsigned *)user;
    return 0;
}

static unsigned count_hits(struct dp_mdr_journal *journal)
{
    unsigned count = 0;

    MUST(dp_mdr_journal_hits(journal, count_hit, &count, NULL));
    return count;
}

START_TEST(comes_back)
{
    struct dp_mdr_hit best = {0.625, {2, 7, 0}};
    struct dp_mdr_journal_options options = options_of(0, 1);
    struct dp_mdr_harvest harvest;
    struct dp_mdr_journal *journal = open_journal(&options, &harvest);

    ck_assert(!dp_mdr_journal_exists(journal));
    ck_assert_int_ne(access(path, F_OK), 0); /* made with the first record */
    add(journal, 4, true);
    add(journal, 10, true);
    add(journal, 20, false); /* killed inside */
    MUST(dp_mdr_journal_add_permutation(journal, 3, &best, NULL));
    ck_assert_uint_eq(count_hits(journal), 2);
    close_journal(journal, &harvest);

    journal = open_journal(&options, &harvest);
    ck_assert(dp_mdr_journal_exists(journal));
    ck_assert_uint_eq(dp_mdr_journal_done_count(journal), 4);
    ck_assert(dp_mdr_journal_is_done(journal, 4) && dp_mdr_journal_is_done(journal, 5));
    ck_assert(!dp_mdr_journal_is_done(journal, 6) && !dp_mdr_journal_is_done(journal, 20));
    best = dp_mdr_journal_permutation(journal, 3);
    ck_assert(best.score == 0.625 && best.variant[0] == 2 && best.variant[1] == 7);
    ck_assert(isnan(dp_mdr_journal_permutation(journal, 4).score));
    ck_assert_uint_eq(harvest.combination_count, 20);
    ck_assert_uint_eq(dp_mdr_best_count(harvest.best), 2);
    ck_assert_uint_eq(dp_mdr_best_sorted(harvest.best)[0].variant[0], 10);
    ck_assert(harvest.fold_best[0].score == 0.25 + 10.0 / 1000);
    ck_assert(harvest.fold_best[1].score == -INFINITY);
    add(journal, 20, true); /* done anew: its hits count once */
    ck_assert_uint_eq(count_hits(journal), 3);
    close_journal(journal, &harvest);

    journal = open_journal(&options, &harvest);
    ck_assert_uint_eq(count_hits(journal), 3);
    MUST(dp_mdr_journal_remove(journal, NULL));
    ck_assert_int_ne(access(path, F_OK), 0);
    close_journal(journal, &harvest);
}
END_TEST

static long size_of(const char *name)
{
    struct stat about;

    return stat(name, &about) == 0 ? (long)about.st_size : -1;
}

static void put(const uint8_t *bytes, size_t length)
{
    FILE *file = fopen(path, "w");

    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* Cut anywhere, or with any byte changed, a journal gives what was whole before that place; and can
 * be gone on with. */
START_TEST(torn)
{
    struct dp_mdr_journal_options options = options_of(0, 1);
    struct dp_mdr_harvest harvest;
    struct dp_mdr_journal *journal = open_journal(&options, &harvest);
    uint8_t bytes[4096];
    size_t first, length, cut;
    unsigned done;
    FILE *file;

    add(journal, 0, true);
    first = (size_t)size_of(path);
    add(journal, 2, true);
    close_journal(journal, &harvest);
    file = fopen(path, "r");
    length = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    for (cut = _i ? 32 : 0; cut < length; cut += 3) {
        bytes[cut] ^= 0x20;
        put(bytes, _i ? length : cut);
        bytes[cut] ^= 0x20;
        journal = open_journal(&options, &harvest);
        done = cut < first ? 0 : 2;
        ck_assert_uint_eq(dp_mdr_journal_done_count(journal), done);
        ck_assert_uint_eq(harvest.combination_count, 5 * done);
        if (done == 0)
            add(journal, 0, true);
        add(journal, 2, true);
        ck_assert_uint_eq(count_hits(journal), 2);
        close_journal(journal, &harvest);
        journal = open_journal(&options, &harvest);
        ck_assert_uint_eq(dp_mdr_journal_done_count(journal), 4);
        close_journal(journal, &harvest);
    }
}
END_TEST

START_TEST(of_another_run)
{
    struct dp_mdr_journal_options options = options_of(0, 1);
    struct dp_mdr_harvest harvest;
    struct dp_mdr_journal *journal = open_journal(&options, &harvest), *other = NULL;
    struct dp_error err;
    long size;

    add(journal, 0, true);
    size = size_of(path);
    /* Of two at once, the second one fails. */
    ck_assert_int_eq(dp_mdr_journal_open(&options, &harvest, &other, &err), DP_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "another process is writing this journal"));
    close_journal(journal, &harvest);

    options.identity[15] = 1;
    MUST(dp_mdr_search_begin(10, NULL, &harvest, NULL));
    ck_assert_int_eq(dp_mdr_journal_open(&options, &harvest, &other, &err), DP_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "the journal of another run"));
    ck_assert_int_eq(strncmp(err.message, path, strlen(path)), 0);
    ck_assert_int_eq(size_of(path), size);
    options.force = true;
    MUST(dp_mdr_journal_open(&options, &harvest, &other, &err));
    ck_assert_uint_eq(dp_mdr_journal_done_count(other), 0);
    ck_assert_int_eq(size_of(path), size); /* not before there is something to write */
    add(other, 8, true);
    dp_mdr_journal_free(other);
    options.force = false;
    MUST(dp_mdr_journal_open(&options, &harvest, &other, &err));
    ck_assert(dp_mdr_journal_is_done(other, 8) && !dp_mdr_journal_is_done(other, 0));
    close_journal(other, &harvest);
}
END_TEST

START_TEST(no_journal_at_all)
{
    struct dp_mdr_journal_options options = options_of(0, 1);
    struct dp_mdr_journal *journal = NULL;
    struct dp_mdr_harvest harvest;
    struct dp_error err;
    FILE *file = fopen(path, "w");

    fputs("somebody's data\n", file);
    fclose(file);
    options.force = true;
    MUST(dp_mdr_search_begin(10, NULL, &harvest, NULL));
    ck_assert_int_eq(dp_mdr_journal_open(&options, &harvest, &journal, &err), DP_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "it is no journal, it is not overwritten"));
    ck_assert_int_eq(size_of(path), 16);
    dp_mdr_search_end(&harvest);
}
END_TEST

/* Three ranks write, two go on: all units are known to both, each file's findings to one. */
START_TEST(other_ranks)
{
    struct dp_mdr_journal_options options;
    struct dp_mdr_harvest harvest, second;
    struct dp_mdr_journal *journal, *other;
    char name[256];
    unsigned rank;

    for (rank = 0; rank < 3; rank++) {
        options = options_of(rank, 3);
        journal = open_journal(&options, &harvest);
        add(journal, 10 * rank, true);
        close_journal(journal, &harvest);
    }
    /* Names that only look like those of ranks. */
    snprintf(name, sizeof(name), "touch %s.07 %s.x %s.1x", path, path, path);
    ck_assert_int_eq(system(name), 0);
    options = options_of(0, 2);
    journal = open_journal(&options, &harvest);
    options = options_of(1, 2);
    other = open_journal(&options, &second);
    for (rank = 0; rank < 3; rank++)
        ck_assert(dp_mdr_journal_is_done(journal, 10 * rank) &&
                  dp_mdr_journal_is_done(other, 10 * rank));
    ck_assert_uint_eq(harvest.combination_count, 20); /* of ranks 0 and 2 */
    ck_assert_uint_eq(second.combination_count, 10);
    ck_assert_uint_eq(count_hits(journal), 2);
    ck_assert_uint_eq(count_hits(other), 1);
    MUST(dp_mdr_journal_remove(journal, NULL));
    close_journal(other, &second);
    close_journal(journal, &harvest);
    snprintf(name, sizeof(name), "test \"$(cd %s; echo *)\" = 'j.07 j.1x j.x'", folder);
    ck_assert_int_eq(system(name), 0);
}
END_TEST

/* Whole, but what it says cannot be: nothing of it is believed. */
START_TEST(nonsense)
{
    struct dp_mdr_journal_options options = options_of(0, 1);
    struct dp_mdr_harvest harvest;
    struct dp_mdr_journal *journal = open_journal(&options, &harvest), *again = NULL;
    struct dp_error err;

    add(journal, _i == 0 ? schedule.unit_count - 1 : 3, true); /* one too far */
    if (_i == 1)
        add(journal, 4, true); /* 4 twice */
    close_journal(journal, &harvest);
    MUST(dp_mdr_search_begin(10, NULL, &harvest, NULL));
    ck_assert_int_eq(dp_mdr_journal_open(&options, &harvest, &again, &err), DP_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "a damaged journal"));
    dp_mdr_search_end(&harvest);
}
END_TEST

/* Without a path: hits go through a file that nobody sees. */
START_TEST(nameless)
{
    struct dp_mdr_journal_options options = options_of(0, 1);
    struct dp_mdr_harvest harvest;
    struct dp_mdr_journal *journal;

    options.path = NULL;
    journal = open_journal(&options, &harvest);
    add(journal, 0, true);
    add(journal, 2, false);
    ck_assert_uint_eq(count_hits(journal), 1);
    MUST(dp_mdr_journal_remove(journal, NULL));
    close_journal(journal, &harvest);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("journal");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, comes_back);
    tcase_add_loop_test(tcase, torn, 0, 2);
    tcase_add_test(tcase, of_another_run);
    tcase_add_test(tcase, no_journal_at_all);
    tcase_add_test(tcase, other_ranks);
    tcase_add_loop_test(tcase, nonsense, 0, 2);
    tcase_add_test(tcase, nameless);
    return mdr_run(tcase, "mdr_journal");
}
