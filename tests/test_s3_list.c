/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/listing.h"
#include "tests/scripted.h"

#define ENTRY(key, size) "<Contents><Key>" key "</Key><Size>" size "</Size></Contents>"
#define PAGE(inside) "<ListBucketResult>" inside "</ListBucketResult>"
#define MORE(token)                                                                                \
    "<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>"
/* Ends with the connection: no length to count. */
#define OK(body) {.head = "HTTP/1.1 200 OK\r\nConnection: close", .text = body, .close = true}

static struct dp_context *s3_context(const char *endpoint, unsigned attempts)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options),
                                         .attempts = attempts,
                                         .timeout_seconds = 30,
                                         .endpoint_url = endpoint};
    struct dp_context *context = NULL;

    dp_context_free(scripted_context(1, 30));
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    return context;
}

static void check_request(const struct scripted *server, size_t i, const char *line)
{
    ck_assert_msg(strncmp(server->requests[i], line, strlen(line)) == 0, "request %zu is %.120s", i,
                  server->requests[i]);
}

START_TEST(pages_are_fetched_when_they_are_needed)
{
    struct scripted *server = scripted_start(
        SCRIPT(OK(PAGE(ENTRY("p/a", "1") ENTRY("p/b", "2") MORE("t 1/"))), OK(PAGE(MORE("t2"))),
               OK(PAGE(ENTRY("p/", "0") ENTRY("p/c/d/", "0") ENTRY("p/e/", "3")))));
    struct dp_context *context = s3_context(server->url, 1);
    struct dp_list_options options = {.struct_bytes = sizeof(options), .page_count = 2};
    struct dp_list_entry entry = {.struct_bytes = sizeof(entry)};
    struct dp_list *list;

    ck_assert_int_eq(dp_list_open(context, "s3://bucket/p/", &options, &list, NULL), DP_OK);
    ck_assert_uint_eq(atomic_load(&server->next), 0);
    ck_assert_int_eq(dp_list_next(list, &entry, NULL), 1);
    ck_assert_str_eq(entry.uri, "s3://bucket/p/a");
    ck_assert_int_eq(dp_list_next(list, &entry, NULL), 1);
    ck_assert_uint_eq(entry.size_bytes, 2);
    ck_assert_uint_eq(atomic_load(&server->next), 1);
    check_request(server, 0, "GET /bucket/?list-type=2&encoding-type=url&max-keys=2&prefix=p%2F "
                             "HTTP/1.1\r\n");
    ck_assert_ptr_nonnull(strstr(server->requests[0], "Authorization: AWS4-HMAC-SHA256"));
    /* A page may be empty and not the last one; markers of folders are no objects. */
    ck_assert_int_eq(dp_list_next(list, &entry, NULL), 1);
    ck_assert_str_eq(entry.uri, "s3://bucket/p/e/");
    check_request(server, 1, "GET /bucket/?list-type=2&encoding-type=url&max-keys=2&prefix=p%2F"
                             "&continuation-token=t%201%2F HTTP/1.1\r\n");
    ck_assert_int_eq(dp_list_next(list, &entry, NULL), 0);
    dp_list_free(list);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(patterns_are_matched_here)
{
    struct scripted *server = scripted_start(
        SCRIPT(OK(PAGE("<EncodingType>url</EncodingType>" ENTRY("run%2B1%2Fa.gz", "1")
                       ENTRY("run%2B1%2Fa.gz.x", "1") ENTRY("run%2B1%2F%2A.gz", "2"))),
               OK(PAGE(ENTRY("x*y", "1") ENTRY("xzy", "1")))));
    struct dp_context *context = s3_context(server->url, 1);

    expect_listing(context, "s3://bucket/run+1/*.gz", 12, false, "run%2B1/a.gz\nrun%2B1/%2A.gz\n");
    check_request(server, 0, "GET /bucket/?list-type=2&encoding-type=url&max-keys=1000"
                             "&prefix=run%2B1%2F&delimiter=%2F HTTP/1.1\r\n");
    expect_listing(context, "s3://bucket/x%2A[y]", 12, false, "x%2Ay\n");
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(an_answer_that_breaks_off_is_read_again)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 200 OK\r\nContent-Length: 500", .close = true,
                .text = "<ListBucketResult>" ENTRY("a", "1") "<Contents><Key>b"},
               {.head = "HTTP/1.1 503 Busy\r\nContent-Length: 0"},
               OK(PAGE(ENTRY("a", "1") ENTRY("b", "1")))));
    struct dp_context *context = s3_context(server->url, 3);

    expect_listing(context, "s3://bucket", 12, false, "a\nb\n");
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(stores_that_cannot_be_believed)
{
    struct scripted *server = scripted_start(
        SCRIPT(OK(PAGE(ENTRY("a", "1") MORE("same"))), OK(PAGE(ENTRY("b", "1") MORE("same"))),
               OK("<!DOCTYPE x [<!ENTITY a \"aaaa\">]><ListBucketResult/>"), OK(""),
               {.head = "HTTP/1.1 404 No\r\nConnection: close", .close = true,
                .text = "<Error><Code>NoSuchBucket</Code></Error>"}));
    static const struct {
        int given, rc;
        const char *text;
    } cases[] = {{2, DP_IO, "does not get on"},
                 {0, DP_IO, "document type"},
                 {0, DP_IO, "cannot be read"},
                 {0, DP_NOT_FOUND, "no such bucket"}};
    struct dp_context *context = s3_context(server->url, 1);
    struct dp_list_entry entry = {.struct_bytes = sizeof(entry)};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dp_list *list;
        struct dp_error err = {0};
        int given = 0, rc;

        ck_assert_int_eq(dp_list_open(context, "s3://bucket/", NULL, &list, NULL), DP_OK);
        while ((rc = dp_list_next(list, &entry, &err)) > 0)
            given++;
        ck_assert_int_eq(rc, cases[i].rc);
        ck_assert_msg(strstr(err.message, cases[i].text) != NULL, "%s", err.message);
        ck_assert_int_eq(strncmp(err.message, "s3://bucket/: ", 14), 0);
        ck_assert_int_le(given, cases[i].given);
        dp_list_free(list);
    }
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(names_that_are_no_buckets)
{
    struct dp_context *context = s3_context("http://127.0.0.1:1", 1);
    struct dp_list *list = NULL;

    ck_assert_int_eq(dp_list_open(context, "s3:///x*", NULL, &list, NULL), DP_INVALID);
    ck_assert_int_eq(dp_list_open(context, "s3://b c/", NULL, &list, NULL), DP_INVALID);
    ck_assert_ptr_null(list);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("s3_list", pages_are_fetched_when_they_are_needed, patterns_are_matched_here,
          an_answer_that_breaks_off_is_read_again, stores_that_cannot_be_believed,
          names_that_are_no_buckets)
