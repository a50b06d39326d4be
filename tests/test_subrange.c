/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

START_TEST(parts_of_parts)
{
    struct dp_context *context = test_context();
    struct dp_object *whole, *part, *inner;
    char out[8] = "";

    ck_assert_int_eq(dp_object_open_memory(context, "0123456789", 10, &whole, NULL), DP_OK);
    ck_assert_int_eq(dp_object_open_subrange(whole, (struct dp_range){2, 9}, &part, NULL), DP_OK);
    ck_assert_int_eq(dp_object_open_subrange(part, (struct dp_range){1, 7}, &inner, NULL), DP_OK);
    ck_assert_uint_eq(dp_object_size(inner), 6);
    ck_assert_int_eq(dp_object_read_at(inner, (struct dp_range){0, 6}, out, NULL), DP_OK);
    ck_assert_str_eq(out, "345678");
    ck_assert_int_eq(dp_object_read_at(inner, (struct dp_range){0, 7}, out, NULL), DP_INVALID);
    ck_assert_str_eq(dp_object_uri(inner), "memory:#bytes=2-9#bytes=1-7");
    dp_object_free(inner);
    dp_object_free(part);
    dp_object_free(whole);
    dp_context_free(context);
}
END_TEST

START_TEST(only_what_is_there)
{
    struct dp_context *context = test_context();
    struct dp_object *whole, *part = NULL;
    struct dp_error err;

    ck_assert_int_eq(dp_object_open_memory(context, "0123456789", 10, &whole, NULL), DP_OK);
    ck_assert_int_eq(dp_object_open_subrange(whole, (struct dp_range){2, 11}, &part, &err),
                     DP_INVALID);
    ck_assert_int_eq(dp_object_open_subrange(whole, (struct dp_range){3, 2}, &part, &err),
                     DP_INVALID);
    ck_assert_ptr_null(part);
    dp_object_free(whole);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("subrange", parts_of_parts, only_what_is_there)
