/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/joiner.c: parts in any order, from any thread, become one whole in the order of their
 * numbers; of failures the first one counts. */

#include "tests/mdr_cohort.h"

#include "mdr/joiner.h"

enum { SAMPLES = 5, PARTS = 40 };

static const char *const ids[SAMPLES] = {"a", "b", "c", "d", "e"};

/* Part `number` has number % 3 variants, at the positions 10 * number + 1, 2. */
static struct dp_mdr_genotypes *make_part(const struct dp_mdr_genotypes *whole, unsigned number)
{
    struct dp_mdr_variant variant = {NULL, "1", "A", "C", 0, true};
    struct dp_mdr_genotypes *part = NULL;
    uint8_t calls[SAMPLES] = {0, 1, 2, DP_MDR_MISSING, (uint8_t)(number % 4)};
    unsigned i;

    ck_assert_int_eq(dp_mdr_genotypes_new_part(whole, &part, NULL), DP_OK);
    for (i = 0; i < number % 3; i++) {
        variant.position = 10 * number + 1 + i;
        ck_assert_int_eq(dp_mdr_genotypes_add(part, &variant, calls, NULL), DP_OK);
    }
    return part;
}

/* Parts 0 to count - 1 are joined and nothing else. */
static void must_hold(const struct dp_mdr_genotypes *whole, unsigned count)
{
    struct dp_mdr_variant variant;
    unsigned number, i;
    size_t at = 0;

    for (number = 0; number < count; number++)
        for (i = 0; i < number % 3; i++, at++) {
            dp_mdr_genotypes_variant(whole, at, &variant);
            if (variant.position != 10 * number + 1 + i || /* cheap */
                dp_mdr_genotypes_row(whole, at)[1] != number % 4)
                ck_abort_msg("part %u, variant %u", number, i);
        }
    ck_assert_uint_eq(dp_mdr_genotypes_variant_count(whole), at);
}

struct seen {
    uint64_t calls, done, all;
};

static void see(void *user, uint64_t done, uint64_t all)
{
    struct seen *seen = user;

    if (done <= seen->done)
        ck_abort_msg("progress goes back");
    seen->calls++;
    seen->done = done;
    seen->all = all;
}

static const struct dp_mdr_ingest_counts two = {2, 1, 1, 2};

/* All of them, in an order that `_i` chooses. */
START_TEST(any_order)
{
    static const unsigned factors[] = {1, 39, 3, 7, 11, 27}; /* without a common one with PARTS */
    struct dp_mdr_genotypes *whole = test_genotypes(ids, SAMPLES);
    struct seen seen = {0};
    struct dp_mdr_ingest_options options = {.progress = see, .user = &seen};
    struct dp_mdr_ingest_counts counts;
    struct dp_mdr_joiner joiner;
    unsigned i, number;

    ck_assert_int_eq(dp_mdr_joiner_open(&joiner, whole, &options, 99, NULL), DP_OK);
    for (i = 0; i < PARTS; i++) {
        number = (i * factors[_i] + 13 * (unsigned)_i) % PARTS;
        dp_mdr_joiner_put(&joiner, number, make_part(whole, number), &two);
        if (_i == 0) /* in order: joined at once */
            must_hold(whole, number + 1);
    }
    ck_assert(!dp_mdr_joiner_failed(&joiner));
    ck_assert_int_eq(dp_mdr_joiner_close(&joiner, &counts, NULL), DP_OK);
    must_hold(whole, PARTS);
    ck_assert_uint_eq(counts.records, 2 * PARTS);
    ck_assert_uint_eq(counts.multiallelic, PARTS);
    ck_assert_uint_eq(counts.skipped, PARTS);
    ck_assert_uint_eq(counts.with_field, 2 * PARTS);
    ck_assert_uint_eq(seen.calls, PARTS);
    ck_assert_uint_eq(seen.done, 2 * PARTS);
    ck_assert_uint_eq(seen.all, 99);
    dp_mdr_genotypes_free(whole);
}
END_TEST

START_TEST(nothing)
{
    struct dp_mdr_genotypes *whole = test_genotypes(ids, SAMPLES);
    struct dp_mdr_ingest_options options = {0};
    struct dp_mdr_ingest_counts counts = {9, 9, 9, 9};
    struct dp_mdr_joiner joiner;

    ck_assert_int_eq(dp_mdr_joiner_open(&joiner, whole, &options, 0, NULL), DP_OK);
    ck_assert_int_eq(dp_mdr_joiner_close(&joiner, &counts, NULL), DP_OK);
    ck_assert_uint_eq(counts.records + counts.with_field, 0);
    must_hold(whole, 0);
    dp_mdr_genotypes_free(whole);
}
END_TEST

/* Whatever the order in which failures become known, the one of the smallest number is told. */
START_TEST(failures)
{
    static const unsigned orders[][3] = {{4, 9, 2}, {2, 4, 9}, {9, 4, 2}};
    struct dp_mdr_genotypes *whole = test_genotypes(ids, SAMPLES);
    struct seen seen = {0};
    struct dp_mdr_ingest_options options = {.progress = see, .user = &seen};
    struct dp_mdr_ingest_counts counts = {9, 9, 9, 9};
    struct dp_mdr_joiner joiner;
    struct dp_error err;
    unsigned i;

    ck_assert_int_eq(dp_mdr_joiner_open(&joiner, whole, &options, 0, NULL), DP_OK);
    dp_mdr_joiner_put(&joiner, 1, make_part(whole, 1), &two);
    for (i = 0; i < 3; i++) {
        dp_error_set(&err, orders[_i][i] == 2 ? DP_DATA : DP_IO, "part %u", orders[_i][i]);
        dp_mdr_joiner_fail(&joiner, orders[_i][i], &err);
        ck_assert(dp_mdr_joiner_failed(&joiner));
    }
    dp_mdr_joiner_put(&joiner, 5, make_part(whole, 5), &two); /* freed, though nobody joins it */
    dp_mdr_joiner_put(&joiner, 0, make_part(whole, 0), &two);
    dp_error_clear(&err);
    ck_assert_int_eq(dp_mdr_joiner_close(&joiner, &counts, &err), DP_DATA);
    ck_assert_str_eq(err.message, "part 2");
    ck_assert_int_eq(err.code, DP_DATA);
    ck_assert_uint_eq(counts.records, 9); /* untouched */
    ck_assert_uint_eq(seen.calls, 1);     /* no progress behind a failure */
    dp_mdr_genotypes_free(whole);
}
END_TEST

enum { THREADS = 4, MANY = 4000 };

struct thread {
    pthread_t id;
    pthread_barrier_t *start;
    struct dp_mdr_joiner *joiner;
    struct dp_mdr_genotypes **parts; /* of all threads */
    unsigned number;
};

static void *put_some(void *user)
{
    struct thread *thread = user;
    unsigned i;

    pthread_barrier_wait(thread->start);
    for (i = thread->number; i < MANY; i += THREADS)
        dp_mdr_joiner_put(thread->joiner, i, thread->parts[i], &two);
    return NULL;
}

START_TEST(from_threads)
{
    struct dp_mdr_genotypes *whole = test_genotypes(ids, SAMPLES);
    struct seen seen = {0};
    struct dp_mdr_ingest_options options = {.progress = see, .user = &seen};
    struct dp_mdr_ingest_counts counts;
    struct dp_mdr_joiner joiner;
    struct dp_mdr_genotypes *parts[MANY];
    struct thread threads[THREADS];
    pthread_barrier_t start;
    unsigned i;

    ck_assert_int_eq(dp_mdr_joiner_open(&joiner, whole, &options, 0, NULL), DP_OK);
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (i = 0; i < MANY; i++)
        parts[i] = make_part(whole, i);
    for (i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){
            .start = &start, .joiner = &joiner, .parts = parts, .number = THREADS - 1 - i};
        ck_assert_int_eq(pthread_create(&threads[i].id, NULL, put_some, &threads[i]), 0);
    }
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i].id, NULL);
    ck_assert_int_eq(dp_mdr_joiner_close(&joiner, &counts, NULL), DP_OK);
    must_hold(whole, MANY);
    ck_assert_uint_eq(counts.records, 2 * MANY);
    ck_assert_uint_eq(seen.calls, MANY);
    pthread_barrier_destroy(&start);
    dp_mdr_genotypes_free(whole);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr_joiner");
    TCase *tcase = tcase_create("joiner");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, any_order, 0, 6);
    tcase_add_test(tcase, nothing);
    tcase_add_loop_test(tcase, failures, 0, 3);
    tcase_add_test(tcase, from_threads);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
