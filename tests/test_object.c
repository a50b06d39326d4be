/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/object.h"

static const char text[] = "0123456789";

START_TEST(bounds_are_checked_once_for_all)
{
    struct dp_context *context = test_context();
    struct dp_object *object;
    struct dp_error err;
    char out[16] = "untouched";

    ck_assert_int_eq(dp_object_open_memory(context, text, 10, &object, NULL), DP_OK);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){9, 11}, out, &err), DP_INVALID);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){5, 4}, out, &err), DP_INVALID);
    ck_assert_int_eq(
        dp_object_read_at(object, (struct dp_range){UINT64_MAX - 1, UINT64_MAX}, out, &err),
        DP_INVALID);
    ck_assert_str_eq(out, "untouched");
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){10, 10}, NULL, &err), DP_OK);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 10}, out, &err), DP_OK);
    ck_assert_mem_eq(out, text, 10);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(reads_are_counted)
{
    struct dp_context *context = test_context();
    struct dp_stats stats = {.struct_bytes = sizeof(stats)};
    struct dp_object *object, *part;
    char out[16];

    ck_assert_int_eq(dp_object_open_memory(context, text, 10, &object, NULL), DP_OK);
    ck_assert_int_eq(dp_object_open_subrange(object, (struct dp_range){2, 8}, &part, NULL), DP_OK);
    dp_object_read_at(object, (struct dp_range){1, 4}, out, NULL);
    dp_object_read_at(part, (struct dp_range){1, 3}, out, NULL);
    dp_object_read_at(part, (struct dp_range){1, 30}, out, NULL);
    dp_context_stats(context, &stats);
    ck_assert_uint_eq(stats.read_calls, 2);
    ck_assert_uint_eq(stats.read_bytes, 5);
    dp_object_free(part);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

static int yes(void *user)
{
    (void)user;
    return 1;
}

START_TEST(a_cancelled_context_reads_nothing)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options), .cancel = yes};
    struct dp_context *context;
    struct dp_object *object = NULL;
    char out[16];

    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    ck_assert_int_eq(dp_object_open(context, "/dev/null", NULL, &object, NULL), DP_CANCELLED);
    ck_assert_ptr_null(object);
    ck_assert_int_eq(dp_object_open_memory(context, text, 10, &object, NULL), DP_OK);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 1}, out, NULL), DP_CANCELLED);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(identity_is_compared)
{
    struct dp_context *context = test_context();
    struct dp_object_options options = {.struct_bytes = sizeof(options)};
    struct dp_object *object;
    struct dp_error err;

    ck_assert_int_eq(dp_object_open_memory(context, text, 10, &object, NULL), DP_OK);
    ck_assert_int_eq(dp_object_set_validator(object, "etag", "\"abc\"", NULL), DP_OK);
    ck_assert_str_eq(dp_object_validator(object), "etag:\"abc\"");
    ck_assert_int_eq(dp_object_check_identity(object, &options, &err), DP_OK);
    options.validator = "etag:\"abc\"";
    options.size_bytes = 10;
    ck_assert_int_eq(dp_object_check_identity(object, &options, &err), DP_OK);
    options.size_bytes = 11;
    ck_assert_int_eq(dp_object_check_identity(object, &options, &err), DP_CHANGED);
    options.validator = "";
    ck_assert_int_eq(dp_object_check_identity(object, &options, &err), DP_CHANGED);
    options.size_bytes = 10;
    ck_assert_int_eq(dp_object_check_identity(object, &options, &err), DP_OK);
    options.validator = "etag:\"abd\"";
    ck_assert_int_eq(dp_object_check_identity(object, &options, &err), DP_CHANGED);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(nothing_can_be_freed)
{
    dp_object_free(NULL);
    dp_sink_free(NULL);
    dp_context_free(NULL);
}
END_TEST

TEST_MAIN("object", bounds_are_checked_once_for_all, reads_are_counted,
          a_cancelled_context_reads_nothing, identity_is_compared, nothing_can_be_freed)
