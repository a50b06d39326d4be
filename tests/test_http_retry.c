/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/scripted.h"

#include "connectors/http.h"

#include <time.h>

#define HEAD_206(range) "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " range
#define BUSY            "HTTP/1.1 503 Busy\r\nContent-Length: 0"

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

static void drop(void *user)
{
    ((struct body *)user)->length = 0;
}

static struct dp_http_request make_request(const char *url, struct body *body)
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
    return request;
}

static void check_body(const struct body *body)
{
    size_t i;

    ck_assert_uint_eq(body->length, 100);
    for (i = 0; i < 100; i++)
        ck_assert_int_eq((unsigned char)body->bytes[i], scripted_byte(100 + i));
}

START_TEST(goes_on_where_the_body_stopped)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = BUSY},
               {.head = HEAD_206("100-199/1000") "\r\nContent-Length: 100",
                .offset = 100, .body_bytes = 30, .close = true},
               {.head = NULL},
               {.head = HEAD_206("130-199/1000") "\r\nContent-Length: 70",
                .offset = 130, .body_bytes = 69, .close = true},
               {.head = HEAD_206("199-199/1000") "\r\nContent-Length: 1",
                .offset = 199, .body_bytes = 1}));
    struct dp_context *context = scripted_context(5, 30);
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;
    struct dp_error err = {0};

    ck_assert_msg(dp_http_retry_run(context, &request, &answer, &err) == DP_OK, "%s", err.message);
    check_body(&body);
    ck_assert_ptr_nonnull(strstr(server->requests[1], "bytes=100-199\r\n"));
    ck_assert_ptr_nonnull(strstr(server->requests[3], "bytes=130-199\r\n"));
    ck_assert_ptr_nonnull(strstr(server->requests[4], "bytes=199-199\r\n"));
    ck_assert_uint_eq(scripted_stats(context).retries, 4);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(begins_again_when_it_may)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = HEAD_206("100-199/1000") "\r\nContent-Length: 100",
                .offset = 100, .body_bytes = 30, .close = true},
               {.head = HEAD_206("100-199/1000") "\r\nContent-Length: 100",
                .offset = 100, .body_bytes = 100}));
    struct dp_context *context = scripted_context(2, 30);
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;

    request.rewind = drop;
    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, NULL), DP_OK);
    check_body(&body);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* Half of a stream was given away: a second half of another attempt would be a guess. */
START_TEST(a_broken_stream_is_not_repeated)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = BUSY}, {.head = "HTTP/1.1 200 OK\r\nContent-Length: 100",
                                .body_bytes = 30, .close = true}));
    struct dp_context *context = scripted_context(5, 30);
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;
    struct dp_error err;

    request.ranged = false;
    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_IO);
    ck_assert_uint_eq(atomic_load(&server->next), 2);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(attempts_are_counted)
{
    struct scripted *server = scripted_start(SCRIPT({.head = BUSY}, {.head = BUSY}, {.head = BUSY},
                                                    {.head = BUSY}));
    struct dp_context *context = scripted_context(3, 30);
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;
    struct dp_error err;

    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_IO);
    ck_assert_int_eq(err.http_status, 503);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_uint_eq(atomic_load(&server->next), 3);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

START_TEST(patience_is_honoured_within_reason)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 429 Slowly\r\nRetry-After: 1\r\nContent-Length: 0"},
               {.head = HEAD_206("100-199/1000") "\r\nContent-Length: 100",
                .offset = 100, .body_bytes = 100},
               {.head = "HTTP/1.1 503 Later\r\nRetry-After: 3600\r\nContent-Length: 0"}));
    struct dp_context *context = scripted_context(3, 30);
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;
    struct dp_error err;
    double start = now();

    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_OK);
    ck_assert(now() - start >= 1.0);
    request = make_request(server->url, &body);
    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_IO);
    ck_assert(err.retry_after == 3600);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* Mends once, whatever it promises. */
static int prepared, mended;

static int prepare(struct dp_http_auth *auth, const struct dp_http_request *request, char **url,
                   struct dp_array *lines, struct dp_error *err)
{
    char line[32];

    (void)auth;
    (void)err;
    snprintf(line, sizeof(line), "X-Attempt: %d", ++prepared);
    *url = strdup(request->url);
    return dp_array_append(lines, line, strlen(line) + 1, 1) ? DP_OK : DP_NO_MEMORY;
}

static bool mend(struct dp_http_auth *auth, const struct dp_http_request *request,
                 const struct dp_http_answer *answer)
{
    (void)auth;
    (void)request;
    mended++;
    return answer->status == 403;
}

START_TEST(every_attempt_is_signed_anew)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = BUSY}, {.head = "HTTP/1.1 403 No\r\nContent-Length: 0"},
               {.head = HEAD_206("100-199/1000") "\r\nContent-Length: 100",
                .offset = 100, .body_bytes = 100},
               {.head = "HTTP/1.1 403 No\r\nContent-Length: 0"},
               {.head = "HTTP/1.1 403 No\r\nContent-Length: 0"}));
    struct dp_context *context = scripted_context(3, 30);
    struct dp_http_auth auth = {.prepare = prepare, .mend = mend};
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;
    struct dp_error err;

    request.auth = &auth;
    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_OK);
    ck_assert_ptr_nonnull(strstr(server->requests[0], "X-Attempt: 1\r\n"));
    ck_assert_ptr_nonnull(strstr(server->requests[2], "X-Attempt: 3\r\n"));
    ck_assert_int_eq(mended, 1);
    request = make_request(server->url, &body);
    request.auth = &auth;
    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_DENIED);
    ck_assert_int_eq(mended, 2);
    ck_assert_uint_eq(atomic_load(&server->next), 5);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

static int stop_now(void *user)
{
    return atomic_load((atomic_int *)user);
}

static void *stop_soon(void *user)
{
    usleep(200000);
    atomic_store((atomic_int *)user, 1);
    return NULL;
}

START_TEST(waiting_can_be_cancelled)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 503 Later\r\nRetry-After: 30\r\nContent-Length: 0"}));
    atomic_int stop = 0;
    struct dp_context_options options = {
        .struct_bytes = sizeof(options), .cancel = stop_now, .user = &stop};
    struct dp_context *context;
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;
    struct dp_error err;
    pthread_t thread;
    double start = now();

    setenv("no_proxy", "*", 1);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    pthread_create(&thread, NULL, stop_soon, &stop);
    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_CANCELLED);
    ck_assert(now() - start < 30); /* what the server asked for */
    pthread_join(thread, NULL);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* The server has sent the headers and is silent; its own patience would last an hour. */
START_TEST(a_stalled_transfer_can_be_cancelled)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = HEAD_206("100-199/1000") "\r\nContent-Length: 100", .hang = true}));
    atomic_int stop = 0;
    struct dp_context_options options = {.struct_bytes = sizeof(options),
                                         .timeout_seconds = 3600,
                                         .cancel = stop_now,
                                         .user = &stop};
    struct dp_context *context;
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;
    struct dp_error err;
    pthread_t thread;

    setenv("no_proxy", "*", 1);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    pthread_create(&thread, NULL, stop_soon, &stop);
    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_CANCELLED);
    pthread_join(thread, NULL);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

static int give_up(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    (void)user;
    (void)bytes;
    return length ? DP_OK : dp_error_set(err, DP_CANCELLED, "not wanted");
}

START_TEST(bytes_that_nobody_wants_are_not_waited_for)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = HEAD_206("100-199/1000") "\r\nContent-Length: 100",
                .body_bytes = 50, .hang = true}));
    struct dp_context *context = scripted_context(5, 3600);
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;
    struct dp_error err;

    request.write = give_up;
    request.asks = true;
    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_CANCELLED);
    ck_assert_str_eq(err.message, "not wanted");
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* Asks a server that sends a byte now and then. False when the machine was so busy that a second
 * passed between two of them: then it is silence that was seen. */
static bool see_trickle(void)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = HEAD_206("100-199/1000") "\r\nContent-Length: 100",
                .offset = 100, .body_bytes = 100, .pause_ms = 100}));
    struct dp_context *context = scripted_context(5, 1);
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;
    struct dp_error err;
    bool seen;

    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_IO);
    seen = strstr(err.message, "time limit") != NULL;
    if (seen)
        ck_assert_uint_eq(atomic_load(&server->next), 1);
    dp_context_free(context);
    scripted_stop(server);
    return seen;
}

/* It keeps a connection alive, but not for ever. */
START_TEST(a_trickle_has_a_limit)
{
    unsigned tries = 1;

    while (!see_trickle())
        ck_assert_uint_lt(tries++, 5);
}
END_TEST

/* Twice the timeout for all attempts together: the fourth of five silent ones is not made. */
START_TEST(silence_has_a_limit_over_all_attempts)
{
    static const char head[] = HEAD_206("100-199/1000") "\r\nContent-Length: 100";
    struct scripted *server = scripted_start(SCRIPT({.head = head, .hang = true},
                                                    {.head = head, .hang = true},
                                                    {.head = head, .hang = true},
                                                    {.head = head, .hang = true},
                                                    {.head = head, .hang = true}));
    struct dp_context *context = scripted_context(5, 1);
    struct body body;
    struct dp_http_request request = make_request(server->url, &body);
    struct dp_http_answer answer;
    struct dp_error err;

    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_IO);
    ck_assert_uint_le(atomic_load(&server->next), 3);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(where_nobody_is_less_is_tried)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options)};
    struct dp_context *context;
    struct body body;
    struct dp_http_request request;
    struct dp_http_answer answer;
    struct dp_error err;
    char url[64];
    int fd = scripted_take_port(url);

    request = make_request(url, &body);
    unsetenv("AWS_MAX_ATTEMPTS");
    unsetenv("AWS_RETRY_MODE");
    setenv("no_proxy", "*", 1);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    ck_assert_int_eq(dp_http_retry_run(context, &request, &answer, &err), DP_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "given up after 4 failures"));
    ck_assert_uint_eq(scripted_stats(context).retries, 3);
    ck_assert_uint_eq(scripted_stats(context).requests, 0);
    dp_context_free(context);
    close(fd);
}
END_TEST

TEST_MAIN("http_retry", goes_on_where_the_body_stopped, begins_again_when_it_may,
          a_broken_stream_is_not_repeated, attempts_are_counted,
          patience_is_honoured_within_reason, every_attempt_is_signed_anew,
          waiting_can_be_cancelled, a_stalled_transfer_can_be_cancelled,
          bytes_that_nobody_wants_are_not_waited_for, a_trickle_has_a_limit,
          silence_has_a_limit_over_all_attempts, where_nobody_is_less_is_tried)
