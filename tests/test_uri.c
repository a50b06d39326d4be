/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/uri.h"

START_TEST(schemes_are_told_from_paths)
{
    ck_assert_uint_eq(dp_uri_scheme_length("s3://b/k"), 2);
    ck_assert_uint_eq(dp_uri_scheme_length("https://h"), 5);
    ck_assert_uint_eq(dp_uri_scheme_length("file:/x"), 4);
    ck_assert_uint_eq(dp_uri_scheme_length("a/b://c"), 0);
    ck_assert_uint_eq(dp_uri_scheme_length("./s3://b"), 0);
    ck_assert_uint_eq(dp_uri_scheme_length("reads:1.fastq"), 0);
    ck_assert_uint_eq(dp_uri_scheme_length(""), 0);
    ck_assert(dp_uri_is_local("x") && dp_uri_is_local("FILE:///x") && !dp_uri_is_local("s3://x"));
}
END_TEST

static void check_uri(const char *path, const char *expected)
{
    char *uri, *back;

    ck_assert_int_eq(dp_uri_from_path(path, &uri, NULL), DP_OK);
    ck_assert_str_eq(uri, expected);
    ck_assert_int_eq(dp_uri_to_path(uri, &back, NULL), DP_OK);
    ck_assert_int_eq(back[0], '/');
    free(uri);
    free(back);
}

START_TEST(paths_become_canonical_uris)
{
    struct dp_error err;
    char *uri = NULL;

    check_uri("/a/b.gz", "file:///a/b.gz");
    check_uri("//a/./b//c/", "file:///a/b/c");
    check_uri("/a b/%/\xc3\xa9#?", "file:///a%20b/%25/%C3%A9%23%3F");
    check_uri("/a/../b", "file:///a/../b");
    check_uri("/", "file:///");
    ck_assert_int_eq(dp_uri_from_path("", &uri, &err), DP_INVALID);
    ck_assert_ptr_null(uri);
}
END_TEST

START_TEST(relative_paths_start_in_the_current_folder)
{
    const char *folder = test_enter_folder();
    char *uri, expected[300];

    ck_assert_int_eq(dp_uri_from_path("./x", &uri, NULL), DP_OK);
    snprintf(expected, sizeof(expected), "file://%s/x", folder);
    ck_assert_str_eq(uri, expected);
    free(uri);
    test_leave_folder(folder);
}
END_TEST

static void check_path(const char *uri, int rc, const char *expected)
{
    char *path = NULL;

    ck_assert_int_eq(dp_uri_to_path(uri, &path, NULL), rc);
    if (expected)
        ck_assert_str_eq(path, expected);
    else
        ck_assert_ptr_null(path);
    free(path);
}

START_TEST(uris_become_paths)
{
    check_path("a%20b", DP_OK, "a%20b");
    check_path("file:///a%20b/%C3%A9", DP_OK, "/a b/\xc3\xa9");
    check_path("file:/a%2", DP_OK, "/a%2");
    check_path("file://localhost/a%zz", DP_OK, "/a%zz");
    check_path("file://elsewhere/a", DP_INVALID, NULL);
    check_path("file:///a%00b", DP_INVALID, NULL);
    check_path("http://h/a", DP_INVALID, NULL);
}
END_TEST

START_TEST(every_byte_survives_encoding)
{
    struct dp_array code = {0}, text = {0};
    char all[256];
    int i;

    for (i = 0; i < 256; i++)
        all[i] = (char)i;
    ck_assert(dp_uri_encode(&code, all, 256, "/"));
    ck_assert(dp_uri_decode(&text, code.data, code.length));
    ck_assert_uint_eq(text.length, 256);
    ck_assert_mem_eq(text.data, all, 256);
    ck_assert_ptr_nonnull(memchr(code.data, '/', code.length));
    dp_array_free(&code);
    dp_array_free(&text);
}
END_TEST

static void check_redacted(const char *uri, const char *expected)
{
    char *out = dp_uri_redact(uri);

    ck_assert_str_eq(out, expected);
    free(out);
}

START_TEST(secrets_are_taken_out)
{
    check_redacted("https://h/p?a=1", "https://h/p?a=1");
    check_redacted("https://me:secret@h:8/p@q#f", "https://h:8/p@q");
    check_redacted("https://me:s@cret@h/p", "https://h/p");
    check_redacted("https://h/p?X-Amz-Date=1&X-Amz-Signature=abc", "https://h/p");
    check_redacted("https://h/p?x-amz-signature=abc", "https://h/p");
    check_redacted("https://h/p?Expires=1&Signature=abc", "https://h/p");
    check_redacted("https://h/p?sv=1&sig=abc", "https://h/p");
    check_redacted("s3://b/k?versionId=3", "s3://b/k?versionId=3");
    check_redacted("s3://b/k@l", "s3://b/k@l");
    check_redacted("https://h?u=a@b", "https://h?u=a@b");
    check_redacted("https://", "https://");
}
END_TEST

/* Two slashes behind the scheme used to be taken for granted: a byte behind "file:/" was read. */
START_TEST(a_uri_without_authority_is_redacted)
{
    check_redacted("file:/", "file:/");
    check_redacted("file:/a@b", "file:/a@b");
    check_redacted("file:/a#f", "file:/a");
    check_redacted("file:///a@b", "file:///a@b");
}
END_TEST

START_TEST(signatures_are_seen)
{
    ck_assert(dp_uri_is_signed("https://h/p?X-Amz-Signature=a"));
    ck_assert(dp_uri_is_signed("https://h/p?a=b&Signature=a"));
    ck_assert(dp_uri_is_signed("https://h/p?download=1&access_token=a"));
    ck_assert(dp_uri_is_signed("https://h/p?token=a"));
    ck_assert(!dp_uri_is_signed("https://h/p?tokens=2&page_token=x"));
    ck_assert(!dp_uri_is_signed("https://h/p?design=a&signal=1&x=sig=1"));
    ck_assert(!dp_uri_is_signed("https://h/Signature=a"));
}
END_TEST

TEST_MAIN("uri", schemes_are_told_from_paths, paths_become_canonical_uris,
          relative_paths_start_in_the_current_folder, uris_become_paths,
          every_byte_survives_encoding, secrets_are_taken_out,
          a_uri_without_authority_is_redacted, signatures_are_seen)
