/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/object.h"

START_TEST(calls_and_bytes)
{
    struct dp_context *context = test_context();
    struct dp_object *memory, *object;
    uint64_t calls = 0, bytes = 0;
    char out[8];

    ck_assert_int_eq(dp_object_open_memory(context, "0123456789", 10, &memory, NULL), DP_OK);
    ck_assert_int_eq(dp_object_open_counting(memory, &calls, &bytes, &object, NULL), DP_OK);
    ck_assert_uint_eq(dp_object_size(object), 10);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 3}, out, NULL), DP_OK);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){5, 9}, out, NULL), DP_OK);
    ck_assert_mem_eq(out, "5678", 4);
    ck_assert_uint_eq(calls, 2);
    ck_assert_uint_eq(bytes, 7);
    dp_object_free(object);
    dp_object_free(memory);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("counting", calls_and_bytes)
