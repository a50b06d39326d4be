/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/scripted.h"

#include "connectors/sink.h"

#include <errno.h>
#include <sys/syscall.h>

static atomic_bool reads_are_short;
static atomic_int reads_until_failure; /* 0: none fails */

/* The library reads its temporary file by this one, which may give less than is asked for. */
ssize_t pread(int fd, void *buffer, size_t length, off_t offset)
{
    size_t n = reads_are_short && length > 1 ? length / 2 : length;

    if (reads_until_failure && --reads_until_failure == 0) {
        reads_until_failure = 1; /* nor will those that follow */
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, fd, buffer, n, offset);
}

/* What opening a sink asks: may I begin, and what stands there now. */
#define STARTED                                                                                    \
    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 38",                                              \
     .text = "<R><UploadId>id/1+2</UploadId></R>    "}
#define DONE {.head = "HTTP/1.1 204 No Content"}
#define NOTHING {.head = "HTTP/1.1 404 No\r\nContent-Length: 0"}
#define OLD(etag)                                                                                  \
    {.head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-0/9\r\nContent-Length: 1\r\n" \
             "ETag: \"" etag "\"", .body_bytes = 1}
#define OLD_RGW(etag)                                                                              \
    {.head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-0/9\r\nContent-Length: 1\r\n" \
             "x-rgw-object-type: Normal\r\nETag: \"" etag "\"", .body_bytes = 1}
#define THREE                                                                                      \
    {.head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-0/3\r\nContent-Length: 1\r\n" \
             "ETag: \"new\"", .text = "a"}
#define PUT_DONE {.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"p&q\""}
#define CHANGED {.head = "HTTP/1.1 412 No\r\nContent-Length: 0"}
#define UNKNOWN {.head = "HTTP/1.1 501 No\r\nContent-Length: 0"}

enum { PART = 64 << 20 };

static struct dp_context *s3_context(const char *endpoint, unsigned attempts)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options),
                                         .attempts = attempts,
                                         .timeout_seconds = 20,
                                         .connections = 1, /* parts one after the other */
                                         .endpoint_url = endpoint};
    struct dp_context *context = NULL;

    dp_context_free(scripted_context(1, 30));
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    return context;
}

static bool begins(const char *request, const char *line)
{
    return strncmp(request, line, strlen(line)) == 0;
}

/* Writes "abc" to a store that gives these answers; the result, which must come with the last of
 * them. `request` and `header` (NULL: none of its kind) must be what the PUT looks like. */
static int write_abc(const struct scripted_answer *answers, size_t count, unsigned attempts,
                     const char *header, struct dp_error *err)
{
    struct scripted *server = scripted_start(answers, count);
    struct dp_context *context = s3_context(server->url, attempts);
    struct dp_sink *sink;
    int rc;

    ck_assert_int_eq(dp_sink_open(context, "s3://bucket/k", &sink, NULL), DP_OK);
    ck_assert(begins(server->requests[0], "POST /bucket/k?uploads= "));
    ck_assert(begins(server->requests[1], "DELETE /bucket/k?uploadId=id%2F1%2B2 "));
    ck_assert(begins(server->requests[2], "GET /bucket/k HTTP"));
    ck_assert_int_eq(dp_sink_write(sink, "abc", 3, NULL), DP_OK);
    rc = dp_sink_commit(sink, err);
    ck_assert(begins(server->requests[3], "PUT /bucket/k HTTP"));
    ck_assert_ptr_nonnull(strstr(
        server->requests[3],
        "x-amz-content-sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    ck_assert_str_eq(server->bodies[3], "abc");
    if (header)
        ck_assert_ptr_nonnull(strstr(server->requests[3], header));
    else
        ck_assert_ptr_null(strstr(server->requests[3], "If-"));
    dp_sink_free(sink);
    ck_assert_uint_eq(atomic_load(&server->next), count);
    dp_context_free(context);
    scripted_stop(server);
    return rc;
}

static void write_at_once(const struct scripted_answer *answers, int expected)
{
    struct scripted *server = scripted_start(answers, 2);
    struct dp_context *context = s3_context(server->url, 1);
    struct dp_sink *sink;

    ck_assert_int_eq(dp_sink_open_at_once(context, "s3://bucket/k", &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "abc", 3, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, NULL), expected);
    ck_assert(begins(server->requests[0], "GET /bucket/k HTTP"));
    ck_assert(begins(server->requests[1], "PUT /bucket/k HTTP"));
    dp_sink_free(sink);
    ck_assert_uint_eq(atomic_load(&server->next), 2);
    dp_context_free(context);
    scripted_stop(server);
}

START_TEST(who_writes_at_once_does_not_ask_first)
{
    static const struct scripted_answer written[] = {NOTHING, PUT_DONE};
    static const struct scripted_answer refused[] = {
        NOTHING, {.head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0"}};

    write_at_once(written, DP_OK);
    write_at_once(refused, DP_DENIED);
}
END_TEST

START_TEST(a_small_object_is_one_put)
{
    static const char absent[] = "\r\nIf-None-Match: *\r\n", old[] = "\r\nIf-Match: \"old\"\r\n";
    struct dp_error err;

    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, NOTHING, PUT_DONE), 1, absent, &err), DP_OK);
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, OLD("old"), PUT_DONE), 1, old, &err), DP_OK);
    /* What may not be read cannot be compared. */
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE,
                                      {.head = "HTTP/1.1 403 No\r\nContent-Length: 0"}, PUT_DONE),
                               1, NULL, &err),
                     DP_OK);
    /* Stores without conditions, and an object that was deleted meanwhile. */
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, OLD("old"), UNKNOWN, PUT_DONE), 1, old, &err),
                     DP_OK);
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, OLD("old"), NOTHING, PUT_DONE), 1, old, &err),
                     DP_OK);
    /* And those that do not know their own ETag when it is quoted, or at all. */
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, OLD("old"), CHANGED, OLD("old"), PUT_DONE), 1,
                               old, &err),
                     DP_OK);
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, OLD("old"), CHANGED, OLD("old"), CHANGED,
                                      OLD("old"), PUT_DONE), 1, old, &err),
                     DP_OK);
}
END_TEST

START_TEST(a_gateway_that_knows_no_quotes_is_asked_without_them)
{
    static const char old[] = "\r\nIf-Match: old\r\n";
    struct dp_error err;

    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, OLD_RGW("old"), PUT_DONE), 1, old, &err),
                     DP_OK);
    /* A later version of it may know them. */
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, OLD_RGW("old"), CHANGED, OLD_RGW("old"),
                                      PUT_DONE), 1, old, &err),
                     DP_OK);
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, OLD_RGW("old"), CHANGED, OLD_RGW("new"),
                                      OLD_RGW("new")), 1, old, &err),
                     DP_CHANGED);
}
END_TEST

START_TEST(two_writers)
{
    static const char absent[] = "\r\nIf-None-Match: *\r\n";
    struct dp_error err;

    /* The other one wrote something else. */
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, OLD("old"), CHANGED, OLD("new"), OLD("new")),
                               1, "\r\nIf-Match: \"old\"\r\n", &err),
                     DP_CHANGED);
    ck_assert_int_eq(
        write_abc(SCRIPT(STARTED, DONE, NOTHING, CHANGED, OLD("new")), 1, absent, &err),
        DP_CHANGED);
    ck_assert_ptr_nonnull(strstr(err.message, "s3://bucket/k: it was written by somebody else"));
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, NOTHING, CHANGED, THREE,
                                      {.head = "HTTP/1.1 200 OK\r\nContent-Length: 3",
                                       .text = "abd"}), 1, absent, &err),
                     DP_CHANGED);
    /* The same bytes: as by ourselves in the first attempt, whose answer was lost. */
    atomic_store(&reads_are_short, true);
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, NOTHING,
                                      {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9", .text = "",
                                       .close = true},
                                      CHANGED, THREE,
                                      {.head = "HTTP/1.1 200 OK\r\nContent-Length: 3",
                                       .text = "abc"}), 2, absent, &err),
                     DP_OK);
}
END_TEST

/* What stands there may be ours; that it cannot be found out is not the doing of somebody else. */
START_TEST(a_temporary_file_that_cannot_be_read_is_told)
{
    struct dp_error err;

    atomic_store(&reads_until_failure, 2); /* the first one is for the PUT */
    ck_assert_int_eq(write_abc(SCRIPT(STARTED, DONE, NOTHING, CHANGED, THREE,
                                      {.head = "HTTP/1.1 200 OK\r\nContent-Length: 3",
                                       .text = "abc"}), 1, "\r\nIf-None-Match: *\r\n", &err),
                     DP_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "temporary file (TMPDIR): cannot read: "));
    ck_assert_ptr_nonnull(strstr(err.message, strerror(EIO)));
    atomic_store(&reads_until_failure, 0);
}
END_TEST

START_TEST(no_right_to_write_shows_at_once)
{
    struct scripted *server =
        scripted_start(SCRIPT({.head = "HTTP/1.1 403 No\r\nContent-Length: 0"}));
    struct dp_context *context = s3_context(server->url, 1);
    struct dp_sink *sink = NULL;
    struct dp_error err;

    ck_assert_int_eq(dp_sink_open(context, "s3://bucket/k", &sink, &err), DP_DENIED);
    ck_assert_ptr_null(sink);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* Uploads in two parts and takes `answer` for the request that puts them together; then nothing is
 * found under the name. */
static void complete_with(const char *answer, const char *message)
{
    char head[64];
    struct scripted_answer answers[] = {STARTED, DONE, NOTHING, STARTED, PUT_DONE, PUT_DONE,
                                        {.head = head, .text = answer}, NOTHING, DONE};
    struct scripted *server;
    struct dp_context *context;
    struct dp_sink *sink;
    struct dp_error err;
    char *data = calloc(1, PART + 1);
    int first;

    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu", strlen(answer));
    server = scripted_start(answers, sizeof(answers) / sizeof(answers[0]));
    context = s3_context(server->url, 1);
    ck_assert_int_eq(dp_sink_open(context, "s3://bucket/k", &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, data, PART, NULL), DP_OK);
    ck_assert_uint_eq(atomic_load(&server->next), 3);
    ck_assert_int_eq(dp_sink_write(sink, data, 1, NULL), DP_OK);
    /* The store says 200 and then that it failed. */
    ck_assert_int_eq(dp_sink_commit(sink, &err), DP_IO);
    ck_assert_ptr_nonnull(strstr(err.message, message));
    /* Parts are sent by threads of their own. */
    first = begins(server->requests[4], "PUT /bucket/k?partNumber=1&") ? 4 : 5;
    ck_assert(begins(server->requests[first],
                     "PUT /bucket/k?partNumber=1&uploadId=id%2F1%2B2 "));
    ck_assert(begins(server->requests[9 - first], "PUT /bucket/k?partNumber=2&"));
    ck_assert(begins(server->requests[6], "POST /bucket/k?uploadId="));
    ck_assert_ptr_nonnull(strstr(server->requests[6], "\r\nIf-None-Match: *\r\n"));
    ck_assert_ptr_nonnull(strstr(server->bodies[6],
                                 "<Part><PartNumber>2</PartNumber><ETag>&#34;p&#38;q&#34;</ETag>"));
    ck_assert(begins(server->requests[7], "GET /bucket/k HTTP"));
    dp_sink_free(sink);
    ck_assert(begins(server->requests[8], "DELETE /bucket/k?uploadId="));
    free(data);
    dp_context_free(context);
    scripted_stop(server);
}

START_TEST(a_big_object_goes_in_parts_and_its_failure_is_seen)
{
    complete_with("\n\n<?xml version=\"1.0\"?>\n"
                  "<Error><Code>InternalError</Code><Message>broken</Message></Error>  ",
                  "InternalError");
    complete_with("                                                                      "
                  "                     ",
                  "does not say that the upload is complete");
}
END_TEST

TEST_MAIN("s3_sink", who_writes_at_once_does_not_ask_first, a_small_object_is_one_put,
          a_gateway_that_knows_no_quotes_is_asked_without_them, two_writers,
          a_temporary_file_that_cannot_be_read_is_told, no_right_to_write_shows_at_once,
          a_big_object_goes_in_parts_and_its_failure_is_seen)
