/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/scripted.h"

#include "connectors/http.h"

struct body {
    char bytes[4096];
    size_t length;
};

static int keep(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct body *body = user;

    (void)err;
    ck_assert_uint_le(body->length + length, sizeof(body->bytes));
    memcpy(body->bytes + body->length, bytes, length);
    body->length += length;
    return DP_OK;
}

/* One GET of bytes 100 to 200 of an object of 1000. */
static int get(struct dp_context *context, const char *url, struct body *body,
               struct dp_http_answer *answer, struct dp_error *err)
{
    struct dp_http_request request = {.method = "GET",
                                      .url = url,
                                      .name = "the object",
                                      .ranged = true,
                                      .range = {100, 200},
                                      .size_bytes = 1000,
                                      .write = keep,
                                      .user = body};

    body->length = 0;
    memset(err, 0, sizeof(*err));
    return dp_http_exchange(context, &request, answer, err);
}

START_TEST(a_good_range)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-199/1000\r\n"
                        "Content-Length: 100\r\nETag: \"abc\"",
                .offset = 100, .body_bytes = 100}));
    struct dp_context *context = scripted_context(1, 30);
    struct dp_http_answer answer;
    struct dp_error err;
    struct body body;
    size_t i;

    ck_assert_int_eq(get(context, server->url, &body, &answer, &err), DP_OK);
    ck_assert_uint_eq(body.length, 100);
    for (i = 0; i < 100; i++)
        ck_assert_int_eq((unsigned char)body.bytes[i], scripted_byte(100 + i));
    ck_assert_int_eq(answer.status, 206);
    ck_assert_uint_eq(answer.total, 1000);
    ck_assert_str_eq(answer.etag, "\"abc\"");
    ck_assert_ptr_nonnull(strstr(server->requests[0], "\r\nRange: bytes=100-199\r\n"));
    ck_assert_ptr_nonnull(strstr(server->requests[0], "\r\nAccept-Encoding: identity\r\n"));
    ck_assert_uint_eq(scripted_stats(context).received_bytes, 100);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* What a server must not get away with. */
static void check_bad(const char *head, size_t body_bytes, int rc, int retryable, const char *text)
{
    struct scripted_answer answers[] = {{.head = head, .body_bytes = body_bytes, .close = true}};
    struct scripted *server = scripted_start(answers, 1);
    struct dp_context *context = scripted_context(1, 30);
    struct dp_http_answer answer;
    struct dp_error err;
    struct body body;

    ck_assert_int_eq(get(context, server->url, &body, &answer, &err), rc);
    ck_assert_int_eq(err.code, rc);
    ck_assert_msg(err.retryable == retryable, "%s", err.message);
    ck_assert_int_eq(strncmp(err.message, "the object: ", 12), 0);
    ck_assert_msg(strstr(err.message, text), "'%s' says nothing of '%s'", err.message, text);
    dp_context_free(context);
    scripted_stop(server);
}

START_TEST(lies_are_caught)
{
    check_bad("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-99/1000\r\n"
              "Content-Length: 100", 100, DP_IO, 0, "announces 0 to 100");
    check_bad("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-149/1000\r\n"
              "Content-Length: 50", 50, DP_IO, 0, "announces 100 to 150");
    check_bad("HTTP/1.1 206 Partial Content\r\nContent-Length: 100", 100, DP_IO, 0, "announces");
    check_bad("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-199/999\r\n"
              "Content-Length: 100", 100, DP_CHANGED, 0, "size");
    check_bad("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-199/1000\r\n"
              "Connection: close", 300, DP_IO, 0, "more bytes");
    check_bad("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-199/1000\r\n"
              "Connection: close", 60, DP_IO, 1, "ended after 60 of 100");
    check_bad("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-199/1000\r\n"
              "Content-Length: 100", 60, DP_IO, 1, "");
    check_bad("HTTP/1.1 200 OK\r\nContent-Length: 1000", 1000, DP_UNSUPPORTED, 0, "ranges");
    check_bad("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */50\r\n"
              "Content-Length: 0", 0, DP_CHANGED, 0, "shorter");
    check_bad("no HTTP at all", 0, DP_IO, 0, "");
}
END_TEST

START_TEST(refusals)
{
    check_bad("HTTP/1.1 404 Not Found\r\nContent-Length: 0", 0, DP_NOT_FOUND, 0, "HTTP 404");
    check_bad("HTTP/1.1 403 Forbidden\r\nContent-Length: 0", 0, DP_DENIED, 0, "HTTP 403");
    check_bad("HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0", 0, DP_CHANGED, 0, "412");
    check_bad("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0", 0, DP_IO, 1, "408");
    check_bad("HTTP/1.1 429 Too Many\r\nContent-Length: 0", 0, DP_IO, 1, "429");
    check_bad("HTTP/1.1 500 Oh\r\nContent-Length: 0", 0, DP_IO, 1, "500");
    check_bad("HTTP/1.1 501 No\r\nContent-Length: 0", 0, DP_IO, 0, "501");
    check_bad("HTTP/1.1 400 Bad\r\nContent-Length: 0", 0, DP_IO, 0, "400");
}
END_TEST

/* Headers are there, and then nothing comes and nobody closes: without a limit for ever. False when
 * the machine was so busy that not even the headers came within the limit. */
static bool see_silence(void)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-199/1000\r\n"
                        "Content-Length: 100",
                .hang = true}));
    struct dp_context *context = scripted_context(1, 2);
    struct dp_http_answer answer;
    struct dp_error err;
    struct body body;
    bool seen;

    ck_assert_int_eq(get(context, server->url, &body, &answer, &err), DP_IO);
    ck_assert_int_eq(err.retryable, 1);
    seen = answer.status == 206;
    ck_assert_msg(strstr(err.message, seen ? "stopped sending" : "timed out"), "%s", err.message);
    dp_context_free(context);
    scripted_stop(server);
    return seen;
}

START_TEST(silence_has_a_limit)
{
    unsigned tries = 1;

    while (!see_silence())
        ck_assert_uint_lt(tries++, 5);
}
END_TEST

START_TEST(nobody_there)
{
    struct dp_context *context = scripted_context(1, 2);
    struct dp_http_answer answer;
    struct dp_error err;
    struct body body;
    char url[64];
    int fd = scripted_take_port(url);

    ck_assert_int_eq(get(context, url, &body, &answer, &err), DP_IO);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_int_eq(answer.status, 0);
    ck_assert_int_eq(get(context, "http://", &body, &answer, &err), DP_INVALID);
    ck_assert_int_eq(get(context, "ftp://127.0.0.1/", &body, &answer, &err), DP_INVALID);
    dp_context_free(context);
    close(fd);
}
END_TEST

START_TEST(connections_are_reused)
{
    static const char head[] = "HTTP/1.1 206 Partial Content\r\n"
                               "Content-Range: bytes 100-199/1000\r\nContent-Length: 100";
    struct scripted *server = scripted_start(SCRIPT({.head = head, .body_bytes = 100},
                                                    {.head = head, .body_bytes = 100},
                                                    {.head = head, .body_bytes = 100}));
    struct dp_context *context = scripted_context(1, 30);
    struct dp_http_answer answer;
    struct dp_error err;
    struct body body;
    int i;

    /* The server has one connection at a time: a second one would wait for ever. */
    for (i = 0; i < 3; i++)
        ck_assert_int_eq(get(context, server->url, &body, &answer, &err), DP_OK);
    ck_assert_uint_eq(scripted_stats(context).requests, 3);
    ck_assert_uint_eq(scripted_stats(context).connections, 1);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

static void *get_one(void *user)
{
    struct dp_context *context = ((void **)user)[0];
    struct dp_http_answer answer;
    struct dp_error err;
    struct body body;
    int i;

    for (i = 0; i < 5; i++)
        if (get(context, ((void **)user)[1], &body, &answer, &err))
            return "failed";
    return NULL;
}

/* With a limit of one connection all threads go through it in turn. */
START_TEST(the_limit_of_connections_holds)
{
    struct dp_context_options options = {
        .struct_bytes = sizeof(options), .attempts = 1, .connections = 1};
    struct scripted_answer answers[20];
    struct scripted *server;
    struct dp_context *context;
    pthread_t threads[4];
    void *arguments[2], *result;
    int i;

    for (i = 0; i < 20; i++)
        answers[i] = (struct scripted_answer){
            .head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-199/1000\r\n"
                    "Content-Length: 100",
            .body_bytes = 100};
    server = scripted_start(answers, 20);
    setenv("no_proxy", "*", 1);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    arguments[0] = context;
    arguments[1] = server->url;
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, get_one, arguments), 0);
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        ck_assert_ptr_null(result);
    }
    ck_assert_uint_eq(atomic_load(&server->next), 20);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(bodies_are_sent)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 201 Created\r\nContent-Length: 0"},
               {.head = "HTTP/1.1 200 OK\r\nContent-Length: 2", .text = "ok"}));
    struct dp_context *context = scripted_context(1, 30);
    const char *const headers[] = {"X-Extra: 1", NULL};
    struct dp_http_request request = {.method = "PUT",
                                      .url = server->url,
                                      .name = "the object",
                                      .headers = headers,
                                      .size_bytes = UINT64_MAX,
                                      .has_body = true,
                                      .body = "in memory",
                                      .body_bytes = 9};
    struct dp_http_answer answer;
    struct body body = {.length = 0};
    FILE *file = tmpfile();

    ck_assert_int_eq(dp_http_exchange(context, &request, &answer, NULL), DP_OK);
    ck_assert_int_eq(strncmp(server->requests[0], "PUT ", 4), 0);
    ck_assert_ptr_nonnull(strstr(server->requests[0], "\r\nX-Extra: 1\r\n"));
    ck_assert_str_eq(server->bodies[0], "in memory");
    ck_assert_ptr_null(strstr(server->requests[0], "Expect:"));

    fputs("0123456789", file);
    fflush(file);
    request.method = "POST";
    request.body = NULL;
    request.body_file = fileno(file);
    request.body_offset = 2;
    request.body_bytes = 5;
    request.write = keep;
    request.user = &body;
    ck_assert_int_eq(dp_http_exchange(context, &request, &answer, NULL), DP_OK);
    ck_assert_str_eq(server->bodies[1], "23456");
    ck_assert_int_eq(memcmp(body.bytes, "ok", 2), 0);
    ck_assert_uint_eq(scripted_stats(context).sent_bytes, 14);
    fclose(file);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

TEST_MAIN("http", a_good_range, lies_are_caught, refusals, silence_has_a_limit, nobody_there,
          connections_are_reused, the_limit_of_connections_holds, bodies_are_sent)
