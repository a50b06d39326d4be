/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/points.h"

#include <check.h>
#include <stdlib.h>

START_TEST(first_at_or_after_the_spacing)
{
    static const uint64_t offered[] = {7, 7, 106, 107, 108, 300, 399, 400, 1000};
    static const bool expected[] = {true, false, false, true, false, true, false, true, true};
    struct dp_points points;
    bool taken;

    dp_points_init(&points, 100, 7);
    for (size_t i = 0; i < sizeof(expected); i++) {
        ck_assert(dp_points_offer(&points, offered[i], &taken));
        ck_assert_msg(taken == expected[i], "candidate %zu", i);
    }
    ck_assert_uint_eq(points.offsets.length, 5);
    dp_points_free(&points);
}
END_TEST

START_TEST(none_wanted)
{
    struct dp_points points;
    bool taken = true;

    dp_points_init(&points, 0, 0);
    ck_assert(dp_points_offer(&points, 0, &taken));
    ck_assert(!taken);
    ck_assert(dp_points_offer(&points, UINT64_MAX, &taken));
    ck_assert(!taken);
    dp_points_free(&points);
}
END_TEST

START_TEST(thinning)
{
    static const uint64_t offsets[] = {5, 10, 15, 16, 30, 31, 50};
    size_t keep[7];

    ck_assert_uint_eq(dp_points_thin(offsets, 7, 10, keep), 4);
    ck_assert_uint_eq(keep[0], 0);
    ck_assert_uint_eq(keep[1], 2);
    ck_assert_uint_eq(keep[2], 4);
    ck_assert_uint_eq(keep[3], 6);
    ck_assert_uint_eq(dp_points_thin(offsets, 7, 1, keep), 7);
    ck_assert_uint_eq(dp_points_thin(offsets, 7, UINT64_MAX, keep), 1);
    ck_assert_uint_eq(dp_points_thin(offsets, 0, 10, keep), 0);
}
END_TEST

/* Whoever builds a table from the points found, thinning it whenever the spacing grew, ends with
 * the decoder's own table: far enough apart, never too long. */
START_TEST(a_table_stays_bounded)
{
    const uint64_t step = _i ? 1000 : 7, spacing = 10;
    uint64_t *table = malloc(DP_POINTS_MAX * sizeof(*table));
    size_t *keep = malloc(DP_POINTS_MAX * sizeof(*keep)), count = 0;
    uint64_t in_force = spacing;
    struct dp_points points;
    bool taken;

    dp_points_init(&points, spacing, 0);
    for (uint64_t i = 0; i < 5 * DP_POINTS_MAX; i++) {
        ck_assert(dp_points_offer(&points, i * step, &taken));
        if (!taken)
            continue;
        if (points.spacing_bytes > in_force) {
            in_force = points.spacing_bytes;
            count = dp_points_thin(table, count, in_force, keep);
            for (size_t k = 0; k < count; k++)
                table[k] = table[keep[k]];
        }
        if (count == DP_POINTS_MAX)
            ck_abort_msg("too many points");
        table[count++] = i * step;
    }
    ck_assert_uint_gt(in_force, spacing);
    ck_assert_uint_eq(points.offsets.length, count);
    ck_assert_mem_eq(points.offsets.data, table, count * sizeof(*table));
    for (size_t k = 1; k < count; k++)
        if (table[k] - table[k - 1] < in_force)
            ck_abort_msg("points are too close");
    free(table);
    free(keep);
    dp_points_free(&points);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("points");
    TCase *tests = tcase_create("points");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, first_at_or_after_the_spacing);
    tcase_add_test(tests, none_wanted);
    tcase_add_test(tests, thinning);
    tcase_add_loop_test(tests, a_table_stays_bounded, 0, 2);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
