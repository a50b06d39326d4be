/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/best.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static uint64_t state = 1;

static uint32_t random_below(uint32_t limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % limit;
}

static int compare(const void *a, const void *b)
{
    return dp_mdr_hit_compare(NULL, a, b);
}

/* Few scores, so that there are ties. */
static void make_hits(struct dp_mdr_hit *hits, size_t count)
{
    struct dp_mdr_hit kept;
    size_t i, other;

    for (i = 0; i < count; i++)
        hits[i] = (struct dp_mdr_hit){random_below(40) / 40.0, {(uint32_t)i / 10, (uint32_t)i, 0}};
    for (i = count; i-- > 1;) {
        other = random_below((uint32_t)i + 1);
        kept = hits[i];
        hits[i] = hits[other];
        hits[other] = kept;
    }
}

static struct dp_mdr_best *new_list(size_t capacity)
{
    struct dp_mdr_best *best = NULL;

    ck_assert_int_eq(dp_mdr_best_new(capacity, NULL, &best, NULL), 0);
    return best;
}

static void must_hold(struct dp_mdr_best *best, const struct dp_mdr_hit *wanted, size_t count)
{
    const struct dp_mdr_hit *hits = dp_mdr_best_sorted(best);
    size_t i;

    ck_assert_uint_eq(dp_mdr_best_count(best), count);
    for (i = 0; i < count; i++)
        ck_assert_int_eq(dp_mdr_hit_compare(NULL, &hits[i], &wanted[i]), 0);
}

/* Any order, any split into lists, looked at in between or not: the first of all, sorted. */
START_TEST(the_best_stay)
{
    enum { COUNT = 500 };
    static const size_t capacities[] = {1, 2, 7, 100, 499, 500, 1000};
    size_t capacity = capacities[_i], kept = capacity < COUNT ? capacity : COUNT, i;
    struct dp_mdr_hit hits[COUNT], sorted[COUNT];
    struct dp_mdr_best *one = new_list(capacity), *parts[3];

    make_hits(hits, COUNT);
    for (i = 0; i < COUNT; i++)
        sorted[i] = hits[i];
    qsort(sorted, COUNT, sizeof(sorted[0]), compare);
    for (i = 0; i < 3; i++)
        parts[i] = new_list(capacity);
    for (i = 0; i < COUNT; i++) {
        dp_mdr_best_add(one, &hits[i]);
        if (i % 50 == 7)
            dp_mdr_best_sorted(one);
        dp_mdr_best_add(parts[random_below(3)], &hits[i]);
    }
    must_hold(one, sorted, kept);
    ck_assert(dp_mdr_best_floor(one) == (capacity <= COUNT ? sorted[kept - 1].score : -INFINITY));
    dp_mdr_best_sorted(parts[1]);
    dp_mdr_best_merge(parts[2], parts[0]);
    dp_mdr_best_merge(parts[2], parts[1]);
    must_hold(parts[2], sorted, kept);
    dp_mdr_best_clear(one);
    must_hold(one, sorted, 0);
    ck_assert(dp_mdr_best_floor(one) == -INFINITY);
    dp_mdr_best_free(one);
    for (i = 0; i < 3; i++)
        dp_mdr_best_free(parts[i]);
}
END_TEST

START_TEST(order_of_hits)
{
    static const struct dp_mdr_hit ascending[] = {
        {0.75, {3, 4, 5}}, {0.5, {0, 9, 0}}, {0.5, {1, 2, 3}}, {0.5, {1, 2, 4}},
        {0.5, {1, 3, 0}},  {0.5, {2, 3, 0}}, {0.25, {0, 1, 0}},
    };
    size_t count = sizeof(ascending) / sizeof(ascending[0]), i, j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < count; j++) {
            int order = dp_mdr_hit_compare(NULL, &ascending[i], &ascending[j]);

            ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}
END_TEST

START_TEST(no_room)
{
    struct dp_mdr_best *best = new_list(0);
    struct dp_mdr_hit hit = {1, {0, 1, 0}};

    dp_mdr_best_add(best, &hit);
    ck_assert_uint_eq(dp_mdr_best_count(best), 0);
    ck_assert(dp_mdr_best_floor(best) == INFINITY);
    dp_mdr_best_free(best);
    ck_assert_int_eq(dp_mdr_best_new(SIZE_MAX / 8, NULL, &best, NULL), DP_NO_MEMORY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr_best");
    TCase *tcase = tcase_create("best");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, the_best_stay, 0, 7);
    tcase_add_test(tcase, order_of_hits);
    tcase_add_test(tcase, no_room);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
