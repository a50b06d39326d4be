/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/object.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

static int open_object(struct dp_context *context, const char *uri, struct dp_object **object,
                       struct dp_error *err)
{
    *object = NULL;
    return dp_object_open(context, uri, NULL, object, err);
}

START_TEST(reads_at_any_place)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_object *object;
    char out[8] = "", expected[300];

    test_write_file("a b.txt", "0123456789", 10);
    ck_assert_int_eq(open_object(context, "a b.txt", &object, NULL), DP_OK);
    snprintf(expected, sizeof(expected), "file://%s/a%%20b.txt", folder);
    ck_assert_str_eq(dp_object_uri(object), expected);
    ck_assert_uint_eq(dp_object_size(object), 10);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){7, 10}, out, NULL), DP_OK);
    ck_assert_str_eq(out, "789");
    dp_object_free(object);

    ck_assert_int_eq(open_object(context, expected, &object, NULL), DP_OK);
    ck_assert_str_eq(dp_object_uri(object), expected);
    dp_object_free(object);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(validator_is_the_time_of_change)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct timespec times[2] = {{1000000000, 5}, {1234567890, 120}};
    struct dp_object_options options = {.struct_bytes = sizeof(options), .size_bytes = 3};
    struct dp_object *object;
    struct dp_error err;

    test_write_file("x", "abc", 3);
    ck_assert_int_eq(utimensat(AT_FDCWD, "x", times, 0), 0);
    ck_assert_int_eq(open_object(context, "x", &object, NULL), DP_OK);
    ck_assert_str_eq(dp_object_validator(object), "mtime:1234567890.000000120");
    dp_object_free(object);
    options.validator = "mtime:1234567890.000000120";
    ck_assert_int_eq(dp_object_open(context, "x", &options, &object, &err), DP_OK);
    dp_object_free(object);
    options.validator = "mtime:1234567890.000000121";
    object = NULL;
    ck_assert_int_eq(dp_object_open(context, "x", &options, &object, &err), DP_CHANGED);
    ck_assert_ptr_null(object);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(a_change_while_in_use_is_noticed)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_object *object;
    char out[16];

    test_write_file("x", "0123456789", 10);
    ck_assert_int_eq(open_object(context, "x", &object, NULL), DP_OK);
    ck_assert_int_eq(truncate("x", 5), 0);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 10}, out, NULL), DP_CHANGED);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 3}, out, NULL), DP_CHANGED);
    dp_object_free(object);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(what_cannot_be_opened_is_said)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_object *object;
    struct dp_error err;

    ck_assert_int_eq(open_object(context, "nowhere", &object, &err), DP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "nowhere: "));
    ck_assert_int_eq(open_object(context, ".", &object, &err), DP_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "directory"));
    ck_assert_int_eq(open_object(context, "", &object, &err), DP_INVALID);
    if (geteuid() != 0) {
        test_write_file("x", "abc", 3);
        ck_assert_int_eq(chmod("x", 0), 0);
        ck_assert_int_eq(open_object(context, "x", &object, &err), DP_DENIED);
    }
    ck_assert_ptr_null(object);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

static int collect(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    (void)err;
    strncat(user, length ? bytes : "", length);
    return DP_OK;
}

START_TEST(a_pipe_is_read_once)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_object *object;
    struct dp_error err;
    char out[64] = "";
    int fd;

    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    fd = open("pipe", O_RDWR);
    ck_assert_int_eq(write(fd, "through the pipe", 16), 16);
    ck_assert_int_eq(open_object(context, "pipe", &object, NULL), DP_OK);
    close(fd);
    ck_assert(!object->ranges);
    ck_assert_int_eq(object->ops->read_all(object, collect, out, &err), DP_OK);
    ck_assert_str_eq(out, "through the pipe");
    dp_object_free(object);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Such files have the size 0 and yet contents. */
START_TEST(files_that_hide_their_size_are_read_whole)
{
    struct dp_context *context = test_context();
    struct dp_object *object;
    char out[64] = "";

    ck_assert_int_eq(open_object(context, "/proc/self/comm", &object, NULL), DP_OK);
    ck_assert(!object->ranges);
    ck_assert_int_eq(object->ops->read_all(object, collect, out, NULL), DP_OK);
    ck_assert_uint_gt(strlen(out), 1);
    dp_object_free(object);
    ck_assert_int_eq(open_object(context, "/dev/null", &object, NULL), DP_OK);
    ck_assert_uint_eq(dp_object_size(object), 0);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("file", reads_at_any_place, validator_is_the_time_of_change,
          a_change_while_in_use_is_noticed, what_cannot_be_opened_is_said, a_pipe_is_read_once,
          files_that_hide_their_size_are_read_whole)
