/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/object.h"

START_TEST(every_second_read_fails)
{
    struct dp_fault_plan plan = {.fail_every = 2, .flip_offset = UINT64_MAX};
    struct dp_context *context = test_context();
    struct dp_object *memory, *object;
    struct dp_error err;
    char out[8];

    ck_assert_int_eq(dp_object_open_memory(context, "0123456789", 10, &memory, NULL), DP_OK);
    ck_assert_int_eq(dp_object_open_faulty(memory, &plan, &object, NULL), DP_OK);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 3}, out, &err), DP_OK);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 3}, out, &err), DP_IO);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 3}, out, &err), DP_OK);
    dp_object_free(object);
    dp_object_free(memory);
    dp_context_free(context);
}
END_TEST

START_TEST(one_bit_is_flipped)
{
    struct dp_fault_plan plan = {.flip_offset = 4};
    struct dp_context *context = test_context();
    struct dp_object *memory, *object;
    char out[8] = "";

    ck_assert_int_eq(dp_object_open_memory(context, "0123456789", 10, &memory, NULL), DP_OK);
    ck_assert_int_eq(dp_object_open_faulty(memory, &plan, &object, NULL), DP_OK);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){2, 7}, out, NULL), DP_OK);
    ck_assert_str_eq(out, "23556");
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){5, 10}, out, NULL), DP_OK);
    ck_assert_str_eq(out, "56789");
    dp_object_free(object);
    dp_object_free(memory);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("faulty", every_second_read_fails, one_bit_is_flipped)
