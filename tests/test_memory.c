/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

START_TEST(reads_what_the_caller_holds)
{
    struct dp_context *context = test_context();
    struct dp_object *object;
    char out[4] = "";

    ck_assert_int_eq(dp_object_open_memory(context, "ab\0cd", 5, &object, NULL), DP_OK);
    ck_assert_uint_eq(dp_object_size(object), 5);
    ck_assert_str_eq(dp_object_uri(object), "memory:");
    ck_assert_str_eq(dp_object_validator(object), "");
    ck_assert_int_eq(dp_object_is_signed(object), 0);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){1, 4}, out, NULL), DP_OK);
    ck_assert_mem_eq(out, "b\0c", 3);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(nothing_is_an_object_too)
{
    struct dp_context *context = test_context();
    struct dp_object *object;

    ck_assert_int_eq(dp_object_open_memory(context, NULL, 0, &object, NULL), DP_OK);
    ck_assert_uint_eq(dp_object_size(object), 0);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 0}, NULL, NULL), DP_OK);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("memory", reads_what_the_caller_holds, nothing_is_an_object_too)
