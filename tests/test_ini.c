/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/ini.h"

static void read_text(const char *text, struct dp_ini *ini)
{
    test_write_file("file", text, strlen(text));
    ck_assert_int_eq(dp_ini_read(ini, "file", NULL), DP_OK);
}

START_TEST(values_by_section)
{
    const char *folder = test_enter_folder();
    struct dp_ini ini;

    read_text("ignored = 1\n# comment\n[default]\nkey = a\n key2=b # no\n; comment\n"
              "[profile  two ]\nkey = c#d \nempty =\nkey = e\n\n[default]\nkey3 = x = y\nnothing\n",
              &ini);
    ck_assert_str_eq(dp_ini_get(&ini, "default", "key"), "a");
    ck_assert_str_eq(dp_ini_get(&ini, "default", "key2"), "b");
    ck_assert_str_eq(dp_ini_get(&ini, "default", "key3"), "x = y");
    ck_assert_str_eq(dp_ini_get(&ini, "profile two", "key"), "e");
    ck_assert_str_eq(dp_ini_get(&ini, "profile two", "empty"), "");
    ck_assert_ptr_null(dp_ini_get(&ini, "default", "nothing"));
    ck_assert_ptr_null(dp_ini_get(&ini, "default", "ignored"));
    ck_assert(dp_ini_has_section(&ini, "profile two"));
    ck_assert(!dp_ini_has_section(&ini, "two"));
    dp_ini_free(&ini);
    test_leave_folder(folder);
}
END_TEST

START_TEST(nested_keys)
{
    const char *folder = test_enter_folder();
    struct dp_ini ini;

    read_text("[p]\ns3 =\n  addressing_style = path\n  x = 1\nregion = r\n  y = 2\n", &ini);
    ck_assert_str_eq(dp_ini_get(&ini, "p", "s3.addressing_style"), "path");
    ck_assert_str_eq(dp_ini_get(&ini, "p", "s3.x"), "1");
    ck_assert_str_eq(dp_ini_get(&ini, "p", "region"), "r");
    ck_assert_str_eq(dp_ini_get(&ini, "p", "y"), "2");
    dp_ini_free(&ini);
    test_leave_folder(folder);
}
END_TEST

START_TEST(no_file_and_no_sense)
{
    const char *folder = test_enter_folder();
    struct dp_ini ini;
    struct dp_error err;
    char *big = malloc((1 << 20) + 100);

    ck_assert_int_eq(dp_ini_read(&ini, "none", NULL), DP_OK);
    ck_assert_ptr_null(dp_ini_get(&ini, "default", "key"));
    dp_ini_free(&ini);
    read_text("[unclosed\na = 1\n[]\n=\n= 2\n[x]y=1\n", &ini);
    ck_assert_str_eq(dp_ini_get(&ini, "unclosed", "a"), "1");
    dp_ini_free(&ini);
    memset(big, 'x', (1 << 20) + 100);
    test_write_file("file", big, (1 << 20) + 100);
    ck_assert_int_eq(dp_ini_read(&ini, "file", &err), DP_INVALID);
    ck_assert_int_eq(dp_ini_read(&ini, ".", &err), DP_IO);
    free(big);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("ini", values_by_section, nested_keys, no_file_and_no_sense)
