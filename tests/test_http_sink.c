/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/scripted.h"

static struct dp_sink *open_it(struct dp_context *context, const char *url)
{
    struct dp_sink *sink = NULL;
    struct dp_error err = {0};

    ck_assert_msg(dp_sink_open(context, url, &sink, &err) == DP_OK, "%s", err.message);
    return sink;
}

START_TEST(one_put_at_the_commit)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 404 None yet\r\nContent-Length: 0"},
               {.head = "HTTP/1.1 503 Busy\r\nContent-Length: 0"},
               {.head = "HTTP/1.1 201 Created\r\nContent-Length: 0"}));
    struct dp_context *context = scripted_context(3, 30);
    struct dp_sink *sink = open_it(context, server->url);

    ck_assert_int_eq(dp_sink_write(sink, "first ", 6, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "second", 6, NULL), DP_OK);
    ck_assert_uint_eq(atomic_load(&server->next), 1);
    ck_assert_int_eq(dp_sink_commit(sink, NULL), DP_OK);
    ck_assert_int_eq(strncmp(server->requests[2], "PUT ", 4), 0);
    ck_assert_str_eq(server->bodies[1], "first second");
    ck_assert_str_eq(server->bodies[2], "first second");
    dp_sink_free(sink);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(a_refused_put_fails_the_commit)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 200 OK\r\nContent-Length: 1", .text = "x"},
               {.head = "HTTP/1.1 405 Not here\r\nContent-Length: 0"},
               {.head = "HTTP/1.1 401 Who\r\nContent-Length: 0"}));
    struct dp_context *context = scripted_context(3, 30);
    struct dp_sink *sink = open_it(context, server->url);
    struct dp_error err;

    ck_assert_int_eq(dp_sink_commit(sink, &err), DP_IO);
    ck_assert_int_eq(err.http_status, 405);
    dp_sink_free(sink);
    sink = NULL;
    ck_assert_int_eq(dp_sink_open(context, server->url, &sink, &err), DP_DENIED);
    ck_assert_ptr_null(sink);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* A presigned URL allows nothing but its PUT. */
START_TEST(a_presigned_url_is_not_probed)
{
    struct scripted *server =
        scripted_start(SCRIPT({.head = "HTTP/1.1 200 OK\r\nContent-Length: 0"}));
    struct dp_context *context = scripted_context(1, 30);
    struct dp_sink *sink;
    char url[200];

    snprintf(url, sizeof(url), "%s/k?X-Amz-Signature=abc", server->url);
    sink = open_it(context, url);
    ck_assert_int_eq(dp_sink_write(sink, "x", 1, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, NULL), DP_OK);
    ck_assert_int_eq(strncmp(server->requests[0], "PUT /k?X-Amz-Signature=abc ", 27), 0);
    dp_sink_free(sink);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

TEST_MAIN("http_sink", one_put_at_the_commit, a_refused_put_fails_the_commit,
          a_presigned_url_is_not_probed)
