/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tools/selection.h"

#include <check.h>
#include <stdlib.h>

START_TEST(parts_are_sorted_and_joined)
{
    struct dp_selection selection = {0};

    ck_assert(dp_selection_parse(&selection, "30-40,3,1-2,35-50,7"));
    ck_assert_uint_eq(selection.parts.length, 3);
    ck_assert_uint_eq(dp_selection_count(&selection), 3 + 1 + 21);
    ck_assert(dp_selection_has(&selection, 1) && dp_selection_has(&selection, 3));
    ck_assert(!dp_selection_has(&selection, 4) && !dp_selection_has(&selection, 6));
    ck_assert(dp_selection_has(&selection, 7) && !dp_selection_has(&selection, 8));
    ck_assert(dp_selection_has(&selection, 30) && dp_selection_has(&selection, 50));
    ck_assert(!dp_selection_has(&selection, 29) && !dp_selection_has(&selection, 51));
    dp_selection_free(&selection);
}
END_TEST

START_TEST(nothing_said_is_everything)
{
    struct dp_selection selection = {0};

    ck_assert(dp_selection_has(&selection, 1) && dp_selection_has(&selection, UINT64_MAX));
    ck_assert_uint_eq(dp_selection_count(&selection), 0);
}
END_TEST

static const char *const wrong[] = {
    "", ",", "1,", ",1", "0", "0-3", "3-", "-3", "3-2", "a", "1;2", "1 2", "+1", "1-2-3",
    "18446744073709551616", "1-18446744073709551615",
};

START_TEST(nonsense_changes_nothing)
{
    struct dp_selection selection = {0};

    ck_assert(dp_selection_parse(&selection, "5"));
    ck_assert_msg(!dp_selection_parse(&selection, wrong[_i]), "'%s' was taken", wrong[_i]);
    ck_assert_uint_eq(dp_selection_count(&selection), 1);
    ck_assert(dp_selection_has(&selection, 5));
    dp_selection_free(&selection);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("selection");
    TCase *tests = tcase_create("selection");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, parts_are_sorted_and_joined);
    tcase_add_test(tests, nothing_said_is_everything);
    tcase_add_loop_test(tests, nonsense_changes_nothing, 0, sizeof(wrong) / sizeof(wrong[0]));
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
