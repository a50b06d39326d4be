/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/samples.h"

#include "tests/connectors.h"

static void must_be(const char *value, const char *expected)
{
    char *names = NULL;
    struct dp_error err = {0};

    ck_assert_msg(dp_samples_read(value, &names, &err) == 0, "%s", err.message);
    ck_assert_str_eq(names, expected);
    free(names);
}

START_TEST(lists)
{
    must_be("A", "A\n");
    must_be("A,B b,C", "A\nB b\nC\n");
    must_be("^A,B", "^A\nB\n");
    must_be("^", "^");
}
END_TEST

START_TEST(files)
{
    const char *folder = test_enter_folder();
    char *names;
    struct dp_error err = {0};

    test_write_file("some", "A\nB,b\r\n\nC", 9);
    must_be("@some", "A\nB,b\nC\n");
    must_be("some", "A\nB,b\nC\n");
    must_be("^some", "^A\nB,b\nC\n");
    must_be("^@some", "^A\nB,b\nC\n");
    ck_assert_int_eq(dp_samples_read("@none", &names, &err), DP_NOT_FOUND);
    ck_assert_msg(strstr(err.message, "none"), "%s", err.message);
    must_be("none", "none\n");
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("samples", lists, files)
