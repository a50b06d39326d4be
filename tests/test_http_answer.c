/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/http.h"

#include <time.h>

static void feed(struct dp_http_answer *answer, const char *line)
{
    dp_http_answer_header(answer, line, strlen(line));
}

START_TEST(headers_are_read)
{
    struct dp_http_answer answer;

    dp_http_answer_clear(&answer);
    ck_assert_uint_eq(answer.total, UINT64_MAX);
    feed(&answer, "HTTP/1.1 206 Partial Content\r\n");
    feed(&answer, "content-RANGE: bytes 5-9/20\r\n");
    feed(&answer, "ETag:  \"a b\"  \r\n");
    feed(&answer, "Content-Length: 5\r\n");
    feed(&answer, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    feed(&answer, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    feed(&answer, "x-amz-version-id: v1\r\n");
    feed(&answer, "x-amz-bucket-region: eu-west-1\r\n");
    feed(&answer, "no colon\r\n");
    ck_assert_uint_eq(answer.begin, 5);
    ck_assert_uint_eq(answer.end, 10);
    ck_assert_uint_eq(answer.total, 20);
    ck_assert_str_eq(answer.etag, "\"a b\"");
    ck_assert_uint_eq(answer.content_length, 5);
    ck_assert_str_eq(answer.last_modified, "Sun, 06 Nov 1994 08:49:37 GMT");
    ck_assert_int_eq(answer.server_time, 784111777);
    ck_assert_str_eq(answer.version_id, "v1");
    ck_assert_str_eq(answer.region, "eu-west-1");
    /* Behind a redirect everything is new. */
    feed(&answer, "HTTP/1.1 200 OK\r\n");
    ck_assert_str_eq(answer.etag, "");
    ck_assert_uint_eq(answer.total, UINT64_MAX);
}
END_TEST

START_TEST(odd_headers_count_as_absent)
{
    static const char *const ranges[] = {"bytes 9-5/20", "bytes 5-20/20", "bytes 5-9/*", "5-9/20",
                                         "bytes -5-9/20", "bytes 99999999999999999999999-1/2"};
    struct dp_http_answer answer;
    char line[2000];
    size_t i;

    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        dp_http_answer_clear(&answer);
        snprintf(line, sizeof(line), "Content-Range: %s\r\n", ranges[i]);
        feed(&answer, line);
        ck_assert_msg(answer.end == 0, "%s", ranges[i]);
    }
    feed(&answer, "Content-Range: bytes */77\r\n");
    ck_assert_uint_eq(answer.total, 77);
    feed(&answer, "ETag: W/\"weak\"\r\n");
    ck_assert_str_eq(answer.etag, "");
    feed(&answer, "ETag: bare\r\n");
    ck_assert_str_eq(answer.etag, "");
    memset(line, 'x', sizeof(line));
    memcpy(line, "ETag: \"", 7);
    line[sizeof(line) - 1] = 0;
    feed(&answer, line);
    ck_assert_str_eq(answer.etag, "");
    line[500] = '"';
    line[501] = 0;
    feed(&answer, line);
    ck_assert_str_eq(answer.etag, "");
}
END_TEST

static int check(struct dp_http_answer *answer, const char *document, struct dp_error *err)
{
    struct dp_http_request request = {
        .method = "GET", .name = "s3://b/k", .size_bytes = UINT64_MAX};

    dp_http_answer_document(answer, document, strlen(document));
    return dp_http_answer_check(&request, answer, err);
}

START_TEST(documents_name_the_reason)
{
    struct dp_http_answer answer = {.status = 404};
    struct dp_error err;

    ck_assert_int_eq(check(&answer, "<Error><Code>NoSuchBucket</Code></Error>", &err),
                     DP_NOT_FOUND);
    ck_assert_str_eq(err.message, "s3://b/k: there is no such bucket (NoSuchBucket, HTTP 404)");
    answer = (struct dp_http_answer){.status = 403};
    ck_assert_int_eq(check(&answer, "<Error><Code>AccessDenied</Code><Message>Request has expired"
                                    "</Message></Error>", &err), DP_DENIED);
    ck_assert_str_eq(err.message, "s3://b/k: Request has expired (AccessDenied, HTTP 403)");
    answer = (struct dp_http_answer){.status = 400};
    ck_assert_int_eq(check(&answer, "<Error><Code>RequestTimeout</Code></Error>", &err), DP_IO);
    ck_assert_int_eq(err.retryable, 1);
    answer = (struct dp_http_answer){.status = 503, .retry_after = 7};
    ck_assert_int_eq(check(&answer, "<html>busy", &err), DP_IO);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert(err.retry_after == 7);
    ck_assert_int_eq(err.http_status, 503);
    answer = (struct dp_http_answer){.status = 204};
    ck_assert_int_eq(check(&answer, "", &err), DP_OK);
}
END_TEST

START_TEST(a_wrong_clock_is_hinted_at)
{
    struct dp_http_answer answer = {.status = 403, .server_time = (int64_t)time(NULL) - 3600};
    struct dp_error err;

    ck_assert_int_eq(check(&answer, "<Error><Code>RequestTimeTooSkewed</Code></Error>", &err),
                     DP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.message, "clock of this machine"));
    ck_assert_ptr_nonnull(strstr(err.message, "ahead of the server's"));
    answer = (struct dp_http_answer){.status = 403, .server_time = (int64_t)time(NULL)};
    check(&answer, "<Error><Code>SignatureDoesNotMatch</Code></Error>", &err);
    ck_assert_ptr_null(strstr(err.message, "clock"));
}
END_TEST

START_TEST(validators_are_compared)
{
    struct dp_http_request request = {.method = "GET", .name = "x", .size_bytes = UINT64_MAX};
    struct dp_http_answer answer = {.status = 200};
    struct dp_error err;

    strcpy(answer.etag, "\"a\"");
    request.validator = "etag:\"a\"";
    ck_assert_int_eq(dp_http_answer_check(&request, &answer, &err), DP_OK);
    request.validator = "etag:\"b\"";
    ck_assert_int_eq(dp_http_answer_check(&request, &answer, &err), DP_CHANGED);
    request.validator = "modified:then";
    ck_assert_int_eq(dp_http_answer_check(&request, &answer, &err), DP_OK);
    strcpy(answer.last_modified, "now");
    ck_assert_int_eq(dp_http_answer_check(&request, &answer, &err), DP_CHANGED);
    request.validator = "";
    ck_assert_int_eq(dp_http_answer_check(&request, &answer, &err), DP_OK);
}
END_TEST

TEST_MAIN("http_answer", headers_are_read, odd_headers_count_as_absent, documents_name_the_reason,
          a_wrong_clock_is_hinted_at, validators_are_compared)
