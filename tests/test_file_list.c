/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/listing.h"

#include <sys/stat.h>

/* A folder with files in folders; the length of its URI, '/' included. */
static size_t make_tree(const char *folder)
{
    static const char *const folders[] = {"d", "d/a", "d/a/deep", "d/[x]", "d/empty", "d/100%"};
    static const char *const files[] = {
        "d/a.fq", "d/a/1.fq",  "d/a/deep/2.fq", "d/a-b.fq",     "d/b b+c.fq",    "d/[x]/3.fq",
        "d/.h",   "d/\xc3\xa9?#.fq", "d/*.fq",  "d/100%/%41.fq", "d/a.fq.dpi"};
    size_t i;

    for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        ck_assert_int_eq(mkdir(folders[i], 0755), 0);
    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        test_write_file(files[i], files[i], strlen(files[i]));
    ck_assert_int_eq(mkfifo("d/pipe", 0600), 0);
    ck_assert_int_eq(symlink("nowhere", "d/dangling"), 0);
    return strlen("file://") + strlen(folder) + 1;
}

START_TEST(a_folder_is_everything_below_it)
{
    static const char all[] = "d/%2A.fq\nd/.h\nd/100%25/%2541.fq\nd/%5Bx%5D/3.fq\n"
                              "d/a-b.fq\nd/a.fq\n"
                              "d/a.fq.dpi\nd/a/1.fq\nd/a/deep/2.fq\nd/b%20b%2Bc.fq\n"
                              "d/%C3%A9%3F%23.fq\n";
    const char *folder = test_enter_folder();
    size_t skip = make_tree(folder);
    struct dp_context *context = test_context();
    char uri[400];

    expect_listing(context, "d", skip, true, all);
    expect_listing(context, "d/", skip, true, all);
    expect_listing(context, "./d//", skip, true, all);
    snprintf(uri, sizeof(uri), "file://%s/d", folder);
    expect_listing(context, uri, skip, true, all);
    snprintf(uri, sizeof(uri), "file://localhost%s/d/", folder);
    expect_listing(context, uri, skip, true, all);
    /* A folder whose name looks like a pattern. */
    expect_listing(context, "d/[x]", skip, true, "d/%5Bx%5D/3.fq\n");
    expect_listing(context, "d/empty", skip, true, "");
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(patterns)
{
    const char *folder = test_enter_folder();
    size_t skip = make_tree(folder);
    struct dp_context *context = test_context();
    char uri[400];

    expect_listing(context, "d/a*.fq", skip, true, "d/a-b.fq\nd/a.fq\n");
    expect_listing(context, "d/*/*.fq", skip, true,
                   "d/100%25/%2541.fq\nd/%5Bx%5D/3.fq\nd/a/1.fq\n");
    expect_listing(context, "d/**/[1-3].fq", skip, true,
                   "d/%5Bx%5D/3.fq\nd/a/1.fq\nd/a/deep/2.fq\n");
    expect_listing(context, "d/a*/", skip, true, "d/a/1.fq\nd/a/deep/2.fq\n");
    expect_listing(context, "*/a.fq", skip, true, "d/a.fq\n");
    expect_listing(context, "d/??#.fq", skip, true, "d/%C3%A9%3F%23.fq\n");
    expect_listing(context, "d/*.gz", skip, true, "");
    /* What exists as it stands is meant itself. */
    expect_listing(context, "d/*.fq", skip, true, "d/%2A.fq\n");
    snprintf(uri, sizeof(uri), "file://%s/d/[ab]*", folder);
    expect_listing(context, uri, skip, true, "d/a-b.fq\nd/a.fq\nd/a.fq.dpi\nd/b%20b%2Bc.fq\n");
    snprintf(uri, sizeof(uri), "file://%s/d/%%2A*", folder);
    expect_listing(context, uri, skip, true, "d/%2A.fq\n");
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(links_are_followed_but_not_in_circles)
{
    const char *folder = test_enter_folder();
    size_t skip = strlen("file://") + strlen(folder) + 1;
    struct dp_context *context = test_context();

    ck_assert_int_eq(mkdir("d", 0755), 0);
    ck_assert_int_eq(mkdir("d/in", 0755), 0);
    ck_assert_int_eq(mkdir("other", 0755), 0);
    test_write_file("d/in/x", "x", 1);
    test_write_file("other/y", "y", 1);
    ck_assert_int_eq(symlink("..", "d/in/up"), 0);
    ck_assert_int_eq(symlink(".", "d/self"), 0);
    ck_assert_int_eq(symlink("../other", "d/link"), 0);
    ck_assert_int_eq(symlink("../d", "other/back"), 0);
    ck_assert_int_eq(symlink("in/x", "d/file"), 0);
    expect_listing(context, "d", skip, true, "d/file\nd/in/x\nd/link/y\n");
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(what_cannot_be_listed)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_list *list = NULL;
    struct dp_list_entry entry = {.struct_bytes = sizeof(entry)};
    struct dp_error err;
    int rc;

    ck_assert_int_eq(dp_list_open(context, "nowhere/", NULL, &list, &err), DP_NOT_FOUND);
    ck_assert_int_eq(dp_list_open(context, "nowhere/*.gz", NULL, &list, &err), DP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "nowhere"));
    ck_assert_int_eq(dp_list_open(context, "nowhere", NULL, &list, &err), DP_NOT_FOUND);
    ck_assert_int_eq(dp_list_open(context, "file://elsewhere/x*", NULL, &list, &err), DP_INVALID);
    ck_assert_ptr_null(list);
    ck_assert_int_eq(mkdir("shut", 0755), 0);
    ck_assert_int_eq(mkdir("shut/in", 0), 0);
    if (access("shut/in", R_OK) != 0) { /* nothing is shut to root */
        ck_assert_int_eq(dp_list_open(context, "shut", NULL, &list, &err), DP_OK);
        rc = dp_list_next(list, &entry, &err);
        ck_assert_int_eq(rc, DP_DENIED);
        dp_list_free(list);
    }
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("file_list", a_folder_is_everything_below_it, patterns,
          links_are_followed_but_not_in_circles, what_cannot_be_listed)
