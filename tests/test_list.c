/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/listing.h"

#include <sys/stat.h>

START_TEST(what_stands_for_many)
{
    static const char *const many[] = {"s3://bucket",       "s3://bucket/",       "s3://bucket/a/",
                                       "s3://bucket/a*",    "s3://bucket/[ab]c",  "S3://bucket/x?",
                                       "http://h/x/",       "https://h/a*b?c=d",  "folder",
                                       "file:///nowhere/*", "nowhere/",           "nowhere*"};
    static const char *const one[] = {"s3://bucket/a",        "s3://bucket/a%2A",
                                      "s3://bucket/k?versionId=a*/", "http://h/x?y=*&z[]=/",
                                      "http://h/",            "http://h",
                                      "like[this]",           "nowhere",
                                      "file:///nowhere/%2A",  "s3://bucket/a[b"};
    const char *folder = test_enter_folder();
    size_t i;

    ck_assert_int_eq(mkdir("folder", 0755), 0);
    test_write_file("like[this]", "", 0);
    for (i = 0; i < sizeof(many) / sizeof(many[0]); i++)
        ck_assert_msg(dp_list_is_many(many[i]) == 1, "%s", many[i]);
    for (i = 0; i < sizeof(one) / sizeof(one[0]); i++)
        ck_assert_msg(dp_list_is_many(one[i]) == 0, "%s", one[i]);
    test_leave_folder(folder);
}
END_TEST

START_TEST(one_object_is_a_list_of_one)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();

    test_write_file("x.fq", "abc", 3);
    expect_listing(context, "x.fq", strlen("file://") + strlen(folder) + 1, true, "x.fq\n");
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(places_without_a_listing_say_so)
{
    struct dp_context *context = test_context();
    struct dp_list *list = NULL;
    struct dp_error err;

    ck_assert_int_eq(dp_list_open(context, "https://me:secret@h/x/*.gz?token=hidden", NULL, &list,
                                  &err),
                     DP_UNSUPPORTED);
    ck_assert_int_eq(strncmp(err.message, "https://h/x/*.gz: ", 18), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "no listing"));
    ck_assert_ptr_null(strstr(err.message, "secret"));
    ck_assert_ptr_null(strstr(err.message, "hidden"));
    ck_assert_int_eq(dp_list_open(context, "gopher://h/x/", NULL, &list, &err), DP_UNSUPPORTED);
    ck_assert_ptr_null(list);
    dp_context_free(context);
}
END_TEST

START_TEST(indexes_can_be_left_out)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_list_options options = {.struct_bytes = sizeof(options), .skip_indexes = 1};
    struct dp_list_entry entry = {.struct_bytes = sizeof(entry)};
    struct dp_list *list;

    ck_assert_int_eq(mkdir("d", 0755), 0);
    test_write_file("d/a.dpi", "", 0);
    test_write_file("d/b", "", 0);
    test_write_file("d/b.dpi", "", 0);
    ck_assert_int_eq(dp_list_open(context, "d", &options, &list, NULL), DP_OK);
    ck_assert_int_eq(dp_list_next(list, &entry, NULL), 1);
    ck_assert_str_eq(strrchr(entry.uri, '/'), "/b");
    ck_assert_int_eq(dp_list_next(list, &entry, NULL), 0);
    dp_list_free(list);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

static int stop(void *user)
{
    return *(int *)user;
}

START_TEST(structs_of_other_sizes_and_a_wish_to_stop)
{
    const char *folder = test_enter_folder();
    int stopped = 0;
    struct dp_context_options own = {
        .struct_bytes = sizeof(own), .cancel = stop, .user = &stopped};
    struct dp_list_options bad = {0};
    struct dp_list_entry entry = {0};
    struct dp_context *context;
    struct dp_list *list = NULL;

    ck_assert_int_eq(dp_context_new(&own, &context, NULL), DP_OK);
    ck_assert_int_eq(mkdir("d", 0755), 0);
    test_write_file("d/a", "", 0);
    ck_assert_int_eq(dp_list_open(context, "d", &bad, &list, NULL), DP_INVALID);
    ck_assert_ptr_null(list);
    ck_assert_int_eq(dp_list_open(context, "d", NULL, &list, NULL), DP_OK);
    ck_assert_int_eq(dp_list_next(list, &entry, NULL), DP_INVALID);
    /* A caller that knows the URI only. */
    entry.struct_bytes = offsetof(struct dp_list_entry, size_bytes);
    entry.size_bytes = 77;
    ck_assert_int_eq(dp_list_next(list, &entry, NULL), 1);
    ck_assert_uint_eq(entry.size_bytes, 77);
    dp_list_free(list);
    ck_assert_int_eq(dp_list_open(context, "d", NULL, &list, NULL), DP_OK);
    stopped = 1;
    ck_assert_int_eq(dp_list_next(list, &entry, NULL), DP_CANCELLED);
    dp_list_free(list);
    dp_list_free(NULL);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("list", what_stands_for_many, one_object_is_a_list_of_one,
          places_without_a_listing_say_so, indexes_can_be_left_out,
          structs_of_other_sizes_and_a_wish_to_stop)
