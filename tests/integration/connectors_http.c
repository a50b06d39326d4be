/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The connectors against a real web server, which test-connectors.sh starts: nginx. Not part of
 * `make check`. */

#include "tests/integration/servers.h"

#include "connectors/object.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

START_TEST(ranges_over_http)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object *object = servers_open(context, servers_url("NGINX_URL", "/reads.bin"));
    uint64_t requests = servers_stats(context).requests;

    ck_assert_uint_eq(requests, 1);
    ck_assert_int_eq(strncmp(dp_object_validator(object), "etag:\"", 6), 0);
    ck_assert_str_eq(dp_object_uri(object), servers_url("NGINX_URL", "/reads.bin"));
    servers_check_ranges(object);
    /* The first two of nine ranges lie in the kept bytes. */
    ck_assert_uint_eq(servers_stats(context).requests, 1 + 7);
    ck_assert_uint_eq(servers_stats(context).retries, 0);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(a_known_object_costs_no_request_to_open)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object *object = servers_open(context, servers_url("NGINX_URL", "/reads.bin")),
                     *again;
    struct dp_object_options options = {.struct_bytes = sizeof(options),
                                        .validator = dp_object_validator(object),
                                        .size_bytes = SERVERS_DATA_BYTES};
    uint8_t byte;
    struct dp_error err;

    ck_assert_int_eq(
        dp_object_open(context, servers_url("NGINX_URL", "/reads.bin"), &options, &again, NULL),
        DP_OK);
    ck_assert_uint_eq(servers_stats(context).requests, 1);
    servers_check_ranges(again);
    dp_object_free(again);

    /* Another ETag: refused by the server itself. Another size: noticed in the answer. */
    options.validator = "etag:\"something-else\"";
    ck_assert_int_eq(
        dp_object_open(context, servers_url("NGINX_URL", "/reads.bin"), &options, &again, NULL),
        DP_OK);
    ck_assert_int_eq(dp_object_read_at(again, (struct dp_range){5, 6}, &byte, &err), DP_CHANGED);
    ck_assert_int_eq(err.http_status, 412);
    dp_object_free(again);
    options.validator = "";
    options.size_bytes = SERVERS_DATA_BYTES + 1;
    ck_assert_int_eq(
        dp_object_open(context, servers_url("NGINX_URL", "/reads.bin"), &options, &again, NULL),
        DP_OK);
    ck_assert_int_eq(dp_object_read_at(again, (struct dp_range){5, 6}, &byte, &err), DP_CHANGED);
    ck_assert_int_eq(
        dp_object_read_at(again, (struct dp_range){SERVERS_DATA_BYTES, SERVERS_DATA_BYTES + 1},
                          &byte, &err),
        DP_CHANGED);
    dp_object_free(again);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(a_replaced_object_is_noticed)
{
    static const char *const places[] = {"/swap.bin", "/dated/swap.bin", "/bare/swap.bin"};
    struct dp_context *context = servers_context(0, NULL);
    struct timespec times[2] = {{1600000000, 0}, {1600000000, 0}};
    struct dp_error err;
    uint8_t byte;
    size_t i;

    for (i = 0; i < 3; i++) {
        struct dp_object *object;

        test_write_file("swap.bin", servers_data(), 100000);
        utimensat(AT_FDCWD, "swap.bin", times, 0);
        object = servers_open(context, servers_url("NGINX_URL", places[i]));
        ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){99999, 100000}, &byte, NULL),
                         DP_OK);
        test_write_file("swap.bin", servers_data(), 99999 + i);
        ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){99990, 99991}, &byte, &err),
                         i == 1 ? DP_CHANGED : DP_CHANGED);
        dp_object_free(object);
        if (i == 1)
            test_write_file("swap.bin", servers_data(), 99999);
    }
    dp_context_free(context);
}
END_TEST

START_TEST(validators_by_place)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object *object = servers_open(context, servers_url("NGINX_URL", "/weak/reads.bin"));

    ck_assert_int_eq(strncmp(dp_object_validator(object), "modified:", 9), 0);
    servers_check_ranges(object);
    dp_object_free(object);
    object = servers_open(context, servers_url("NGINX_URL", "/dated/reads.bin"));
    ck_assert_int_eq(strncmp(dp_object_validator(object), "modified:", 9), 0);
    dp_object_free(object);
    object = servers_open(context, servers_url("NGINX_URL", "/bare/reads.bin"));
    ck_assert_str_eq(dp_object_validator(object), "");
    servers_check_ranges(object);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(empty_and_small_objects)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object *object = servers_open(context, servers_url("NGINX_URL", "/empty"));
    char text[16] = "";

    ck_assert_uint_eq(dp_object_size(object), 0);
    ck_assert_int_eq(strncmp(dp_object_validator(object), "etag:", 5), 0);
    dp_object_free(object);
    object = servers_open(context, servers_url("NGINX_URL", "/small.txt"));
    ck_assert_uint_eq(dp_object_size(object), 12);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 12}, text, NULL), DP_OK);
    ck_assert_str_eq(text, "small object");
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(without_ranges_only_everything)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object *object = servers_open(context, servers_url("NGINX_URL", "/nr/reads.bin"));
    struct dp_error err;
    char text[16] = "";

    ck_assert(!object->ranges);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 1}, text, &err),
                     DP_UNSUPPORTED);
    ck_assert_int_eq(err.detail, DP_DETAIL_NO_RANGES);
    servers_check_input(object, 100000);
    dp_object_free(object);
    /* What fits into the kept bytes can be read anywhere. */
    object = servers_open(context, servers_url("NGINX_URL", "/nr/small.txt"));
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){6, 12}, text, NULL), DP_OK);
    ck_assert_str_eq(text, "object");
    dp_object_free(object);
    object = servers_open(context, servers_url("NGINX_URL", "/nr/empty"));
    ck_assert_uint_eq(dp_object_size(object), 0);
    ck_assert(object->ranges);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(parts_are_read_in_parallel_and_in_order)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object *object = servers_open(context, servers_url("NGINX_URL", "/reads.bin"));

    servers_check_input(object, 70001);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(tls_is_verified)
{
    struct dp_context *context = servers_context(0, servers_need("NGINX_CA"));
    struct dp_object *object = servers_open(context, servers_url("NGINX_TLS_URL", "/reads.bin"));

    servers_check_ranges(object);
    dp_object_free(object);
    /* Never back to plain text. */
    servers_expect_failure(context, servers_url("NGINX_TLS_URL", "/plain/reads.bin"), DP_IO, 302,
                           "redirects");
    dp_context_free(context);

    context = servers_context(5, NULL);
    servers_expect_failure(context, servers_url("NGINX_TLS_URL", "/reads.bin"), DP_IO, 0,
                           "certificate");
    ck_assert_uint_eq(servers_stats(context).retries, 0);
    dp_context_free(context);
}
END_TEST

START_TEST(redirects_are_followed_so_far)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object *object = servers_open(context, servers_url("NGINX_URL", "/redir/reads.bin"));

    servers_check_ranges(object);
    dp_object_free(object);
    servers_expect_failure(context, servers_url("NGINX_URL", "/loop/x"), DP_IO, 302, "redirect");
    ck_assert_uint_eq(servers_stats(context).retries, 0);
    dp_context_free(context);
}
END_TEST

START_TEST(userinfo_authenticates_and_is_never_shown)
{
    struct dp_context *context = servers_context(0, NULL);
    char url[300];
    struct dp_object *object;

    servers_expect_failure(context, servers_url("NGINX_URL", "/auth/reads.bin"), DP_DENIED, 401,
                           "access denied");
    snprintf(url, sizeof(url), "http://reader:s3cret@%s/auth/reads.bin",
             servers_need("NGINX_URL") + 7);
    object = servers_open(context, url);
    ck_assert_str_eq(dp_object_uri(object), servers_url("NGINX_URL", "/auth/reads.bin"));
    servers_check_ranges(object);
    dp_object_free(object);
    snprintf(url, sizeof(url), "http://reader:wr0ng@%s/auth/reads.bin",
             servers_need("NGINX_URL") + 7);
    {
        struct dp_error err = {0};

        ck_assert_int_eq(dp_object_open(context, url, NULL, &object, &err), DP_DENIED);
        ck_assert_ptr_null(strstr(err.message, "wr0ng"));
    }
    dp_context_free(context);
}
END_TEST

START_TEST(a_busy_server_is_asked_again_and_then_given_up)
{
    struct dp_context *context = servers_context(3, NULL);
    struct dp_object *object;
    struct dp_error err = {0};

    ck_assert_int_eq(
        dp_object_open(context, servers_url("NGINX_URL", "/busy/x"), NULL, &object, &err), DP_IO);
    ck_assert_int_eq(err.http_status, 503);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_uint_eq(servers_stats(context).requests, 3);
    ck_assert_uint_eq(servers_stats(context).retries, 2);
    /* Nothing is tried twice when the answer is final. */
    servers_expect_failure(context, servers_url("NGINX_URL", "/nowhere"), DP_NOT_FOUND, 404,
                           "no such object");
    ck_assert_uint_eq(servers_stats(context).requests, 4);
    dp_context_free(context);
}
END_TEST

START_TEST(put_over_http)
{
    struct dp_context *context = servers_context(2, NULL);
    struct dp_object *object;
    struct dp_sink *sink = NULL;
    struct dp_error err = {0};
    char url[300];

    servers_put(context, servers_url("NGINX_URL", "/dav/new/put.bin"), servers_data(),
                SERVERS_DATA_BYTES);
    object = servers_open(context, servers_url("NGINX_URL", "/new/put.bin"));
    servers_check_ranges(object);
    dp_object_free(object);
    ck_assert_uint_ge(servers_stats(context).sent_bytes, SERVERS_DATA_BYTES);

    /* Dropped without a commit. */
    ck_assert_int_eq(
        dp_sink_open(context, servers_url("NGINX_URL", "/dav/new/gone.bin"), &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "x", 1, NULL), DP_OK);
    dp_sink_free(sink);
    servers_expect_failure(context, servers_url("NGINX_URL", "/new/gone.bin"), DP_NOT_FOUND, 404,
                           "");

    ck_assert_int_eq(dp_sink_open(context, servers_url("NGINX_URL", "/davauth/x.bin"), &sink, &err),
                     DP_DENIED);
    snprintf(url, sizeof(url), "http://reader:s3cret@%s/davauth/x.bin",
             servers_need("NGINX_URL") + 7);
    servers_put(context, url, servers_data(), SERVERS_DATA_BYTES);
    object = servers_open(context, servers_url("NGINX_URL", "/x.bin"));
    servers_check_ranges(object);
    dp_object_free(object);
    /* A place that takes no PUT. */
    ck_assert_int_eq(dp_sink_open(context, servers_url("NGINX_URL", "/no.bin"), &sink, NULL),
                     DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, &err), DP_IO);
    ck_assert_int_eq(err.http_status, 405);
    dp_sink_free(sink);
    dp_context_free(context);
}
END_TEST

START_TEST(many_threads_over_http)
{
    servers_check_threads(servers_url("NGINX_URL", "/reads.bin"));
}
END_TEST

static int stop_at_once(void *user)
{
    return atomic_load((atomic_int *)user);
}

static void *stop_soon(void *user)
{
    usleep(300000);
    atomic_store((atomic_int *)user, 1);
    return NULL;
}

START_TEST(a_slow_transfer_can_be_cancelled)
{
    atomic_int stop = 0;
    struct dp_context_options options = {
        .struct_bytes = sizeof(options), .cancel = stop_at_once, .user = &stop};
    struct dp_context *context;
    struct dp_object *object;
    struct timespec before, after;
    uint8_t *buffer = malloc(SERVERS_DATA_BYTES);
    pthread_t thread;
    struct dp_error err;

    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    object = servers_open(context, servers_url("NGINX_URL", "/slow/reads.bin"));
    clock_gettime(CLOCK_MONOTONIC, &before);
    pthread_create(&thread, NULL, stop_soon, &stop);
    ck_assert_int_eq(
        dp_object_read_at(object, (struct dp_range){0, SERVERS_DATA_BYTES}, buffer, &err),
        DP_CANCELLED);
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_int_lt(after.tv_sec - before.tv_sec, 8); /* the whole takes eleven seconds */
    pthread_join(thread, NULL);
    dp_object_free(object);
    free(buffer);
    dp_context_free(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {ranges_over_http,
                                  a_known_object_costs_no_request_to_open,
                                  a_replaced_object_is_noticed,
                                  validators_by_place,
                                  empty_and_small_objects,
                                  without_ranges_only_everything,
                                  parts_are_read_in_parallel_and_in_order,
                                  tls_is_verified,
                                  redirects_are_followed_so_far,
                                  userinfo_authenticates_and_is_never_shown,
                                  a_busy_server_is_asked_again_and_then_given_up,
                                  put_over_http,
                                  many_threads_over_http,
                                  a_slow_transfer_can_be_cancelled};

    return servers_run("connectors over http", tests, sizeof(tests) / sizeof(tests[0]));
}
