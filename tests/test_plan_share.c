/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/plan.h"

#include <check.h>
#include <stdlib.h>

static uint64_t state = 7;

static uint64_t draw(uint64_t limit)
{
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (state >> 20) % limit;
}

/* The largest slice, rounded up. */
static uint64_t largest(const struct dp_plan_member *members, size_t count)
{
    uint64_t most = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        uint64_t slice = (members[i].end + members[i].count - 1) / members[i].count;

        most = slice > most ? slice : most;
    }
    return most;
}

/* No other way to share gives a smaller largest slice: one unit less would take more slices. */
START_TEST(test_smallest_largest)
{
    int round;

    for (round = 0; round < 500; round++) {
        struct dp_plan_member members[40] = {{.step = 1}};
        size_t count = 1 + (size_t)draw(40), i;
        uint64_t parts = 1 + draw(300), sum = 0, needed = 0, most;

        for (i = 0; i < count; i++)
            members[i].end = draw(4) ? draw(1u << draw(20)) : 0;
        ck_assert_int_eq(dp_plan_share(members, count, parts, NULL), 0);
        for (i = 0; i < count; i++) {
            ck_assert_uint_ge(members[i].count, 1);
            sum += members[i].count;
        }
        ck_assert_uint_eq(sum, parts < count ? count : parts);
        most = largest(members, count);
        for (i = 0; i < count && most > 1; i++)
            needed += members[i].end ? (members[i].end - 1) / (most - 1) + 1 : 1;
        ck_assert(most <= 1 || needed > sum);
    }
}
END_TEST

START_TEST(test_many_parts)
{
    struct dp_plan_member members[3] = {{.end = 5}, {.end = 0}, {.end = UINT64_C(1) << 52}};

    ck_assert_int_eq(dp_plan_share(members, 3, UINT64_C(1) << 31, NULL), 0);
    ck_assert_uint_eq(members[0].count + members[1].count + members[2].count, UINT64_C(1) << 31);
    ck_assert_uint_ge(members[2].count, (UINT64_C(1) << 31) - 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan_share");
    TCase *tests = tcase_create("plan_share");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, test_smallest_largest);
    tcase_add_test(tests, test_many_parts);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
