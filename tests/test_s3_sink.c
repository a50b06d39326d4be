/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/scripted.h"

#define STARTED                                                                                    \
    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 38",                                              \
     .text = "<R><UploadId>id/1+2</UploadId></R>    "}
#define DONE {.head = "HTTP/1.1 204 No Content"}
#define PUT_DONE {.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"p&q\""}

enum { PART = 64 << 20 };

static struct dp_context *s3_context(const char *endpoint)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options),
                                         .attempts = 1,
                                         .timeout_seconds = 20,
                                         .endpoint_url = endpoint};
    struct dp_context *context = NULL;

    dp_context_free(scripted_context(1, 5));
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    return context;
}

static bool begins(const char *request, const char *line)
{
    return strncmp(request, line, strlen(line)) == 0;
}

START_TEST(a_small_object_is_one_put)
{
    struct scripted *server = scripted_start(SCRIPT(STARTED, DONE, PUT_DONE));
    struct dp_context *context = s3_context(server->url);
    struct dp_sink *sink;

    ck_assert_int_eq(dp_sink_open(context, "s3://bucket/k", &sink, NULL), DP_OK);
    ck_assert(begins(server->requests[0], "POST /bucket/k?uploads= "));
    ck_assert(begins(server->requests[1], "DELETE /bucket/k?uploadId=id%2F1%2B2 "));
    ck_assert_int_eq(dp_sink_write(sink, "abc", 3, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, NULL), DP_OK);
    ck_assert(begins(server->requests[2], "PUT /bucket/k HTTP"));
    ck_assert_ptr_nonnull(strstr(
        server->requests[2],
        "x-amz-content-sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    ck_assert_str_eq(server->bodies[2], "abc");
    dp_sink_free(sink);
    ck_assert_uint_eq(atomic_load(&server->next), 3);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(no_right_to_write_shows_at_once)
{
    struct scripted *server =
        scripted_start(SCRIPT({.head = "HTTP/1.1 403 No\r\nContent-Length: 0"}));
    struct dp_context *context = s3_context(server->url);
    struct dp_sink *sink = NULL;
    struct dp_error err;

    ck_assert_int_eq(dp_sink_open(context, "s3://bucket/k", &sink, &err), DP_DENIED);
    ck_assert_ptr_null(sink);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* Uploads in two parts and takes `answer` for the request that puts them together. */
static void complete_with(const char *answer, const char *message)
{
    char head[64];
    struct scripted *server = scripted_start(SCRIPT(
        STARTED, DONE, STARTED, PUT_DONE, PUT_DONE, {.head = head, .text = answer}, DONE));
    struct dp_context *context = s3_context(server->url);
    struct dp_sink *sink;
    struct dp_error err;
    char *data = calloc(1, PART + 1);

    /* One byte more than announced would be taken for the next answer, sometimes. */
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu", strlen(answer));
    ck_assert_int_eq(dp_sink_open(context, "s3://bucket/k", &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, data, PART, NULL), DP_OK);
    ck_assert_uint_eq(atomic_load(&server->next), 2);
    ck_assert_int_eq(dp_sink_write(sink, data, 1, NULL), DP_OK);
    ck_assert(begins(server->requests[3], "PUT /bucket/k?partNumber=1&uploadId=id%2F1%2B2 "));
    /* The store says 200 and then that it failed. */
    ck_assert_int_eq(dp_sink_commit(sink, &err), DP_IO);
    ck_assert_ptr_nonnull(strstr(err.message, message));
    ck_assert(begins(server->requests[4], "PUT /bucket/k?partNumber=2&"));
    ck_assert(begins(server->requests[5], "POST /bucket/k?uploadId="));
    ck_assert_ptr_nonnull(strstr(server->bodies[5],
                                 "<Part><PartNumber>2</PartNumber><ETag>&#34;p&#38;q&#34;</ETag>"));
    dp_sink_free(sink);
    ck_assert(begins(server->requests[6], "DELETE /bucket/k?uploadId="));
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

TEST_MAIN("s3_sink", a_small_object_is_one_put, no_right_to_write_shows_at_once,
          a_big_object_goes_in_parts_and_its_failure_is_seen)
