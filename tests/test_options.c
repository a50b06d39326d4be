/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/suite.h"

#include "base/options.h"

#include "dataplug.h"

/* What the library knows, and what callers of another version do. */
struct known {
    size_t struct_bytes;
    int a, b;
};
struct older {
    size_t struct_bytes;
    int a;
};
struct newer {
    size_t struct_bytes;
    int a, b, c;
};

START_TEST(both_sides)
{
    struct known own;
    struct older older = {sizeof(size_t) + sizeof(int), 7};
    struct newer newer = {sizeof(newer), 1, 2, 3};

    memset(&own, 0xff, sizeof(own));
    ck_assert_int_eq(dp_options_take(&own, sizeof(own), &older, "test", NULL), DP_OK);
    ck_assert(own.struct_bytes == sizeof(own) && own.a == 7 && own.b == 0);
    ck_assert_int_eq(dp_options_take(&own, sizeof(own), &newer, "test", NULL), DP_OK);
    ck_assert(own.struct_bytes == sizeof(own) && own.a == 1 && own.b == 2);
    ck_assert_int_eq(dp_options_take(&own, sizeof(own), NULL, "test", NULL), DP_OK);
    ck_assert(own.struct_bytes == sizeof(own) && own.a == 0 && own.b == 0);
}
END_TEST

/* A caller that forgot it would get defaults instead of what it set. */
START_TEST(not_set)
{
    struct known own, given = {0, 1, 2};
    struct dp_error err;

    ck_assert_int_eq(dp_options_take(&own, sizeof(own), &given, "test", &err), DP_INVALID);
    ck_assert_str_eq(err.message, "test options: struct_bytes is not set");
}
END_TEST

TEST_MAIN("options", both_sides, not_set)
