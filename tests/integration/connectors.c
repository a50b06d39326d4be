/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The connectors against real servers, which test-connectors.sh starts: nginx and a Ceph RADOS
 * gateway. Not part of `make check`. */

#include "tests/connectors.h"

#include "connectors/context.h"
#include "connectors/input.h"
#include "connectors/object.h"
#include "connectors/s3.h"
#include "connectors/sigv4.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

enum { SIZE = 3000017 };

static const char *root;
static uint8_t *data;

static const char *need(const char *name)
{
    const char *text = getenv(name);

    ck_assert_msg(text && *text, "%s is not set", name);
    return text;
}

/* A URL below the server in variable `base`; a few live at once. */
static const char *at(const char *base, const char *rest)
{
    static char urls[8][2048];
    static int next;
    char *url = urls[next++ % 8];

    snprintf(url, sizeof(urls[0]), "%s%s", need(base), rest);
    return url;
}

/* Writes "reads.bin", SIZE bytes that do not repeat, below the server's root. */
static void setup(void)
{
    uint32_t x = 7;
    size_t i;

    root = need("NGINX_ROOT");
    data = malloc(SIZE);
    for (i = 0; i < SIZE; i++)
        data[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
    ck_assert_int_eq(chdir(root), 0);
    test_write_file("reads.bin", data, SIZE);
    test_write_file("small.txt", "small object", 12);
    test_write_file("empty", "", 0);
}

static struct dp_context *new_context(unsigned attempts, const char *ca)
{
    struct dp_context_options options = {
        .struct_bytes = sizeof(options), .attempts = attempts, .ca_bundle = ca};
    struct dp_context *context = NULL;

    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    return context;
}

static struct dp_stats stats_of(struct dp_context *context)
{
    struct dp_stats stats = {.struct_bytes = sizeof(stats)};

    dp_context_stats(context, &stats);
    return stats;
}

static struct dp_object *open_ok(struct dp_context *context, const char *uri)
{
    struct dp_object *object = NULL;
    struct dp_error err = {0};
    int rc = dp_object_open(context, uri, NULL, &object, &err);

    ck_assert_msg(rc == DP_OK, "%s: %s", uri, err.message);
    return object;
}

/* Ranges at the beginning, across the kept bytes, in the middle, at the end, and everything. */
static void check_ranges(struct dp_object *object)
{
    static const struct dp_range ranges[] = {{0, 1},         {0, 65536},      {65535, 65537},
                                             {65536, 65537}, {100, 200000},   {1234567, 1234568},
                                             {SIZE - 1, SIZE}, {SIZE - 100000, SIZE}, {0, SIZE}};
    uint8_t *buffer = malloc(SIZE);
    struct dp_error err = {0};
    size_t i;

    ck_assert_uint_eq(dp_object_size(object), SIZE);
    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        int rc = dp_object_read_at(object, ranges[i], buffer, &err);

        ck_assert_msg(rc == DP_OK, "%s", err.message);
        ck_assert_int_eq(memcmp(buffer, data + ranges[i].begin, ranges[i].end - ranges[i].begin),
                         0);
    }
    free(buffer);
}

static void expect_failure(struct dp_context *context, const char *uri, int rc, int status,
                           const char *text)
{
    struct dp_object *object = NULL;
    struct dp_error err = {0};

    ck_assert_int_eq(dp_object_open(context, uri, NULL, &object, &err), rc);
    ck_assert_int_eq(err.http_status, status);
    ck_assert_msg(strstr(err.message, text), "'%s' says nothing of '%s'", err.message, text);
    ck_assert_ptr_null(object);
}

/* ----------------------------------------------------------------------------------- http */

START_TEST(ranges_over_http)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object *object = open_ok(context, at("NGINX_URL", "/reads.bin"));
    uint64_t requests = stats_of(context).requests;

    ck_assert_uint_eq(requests, 1);
    ck_assert_int_eq(strncmp(dp_object_validator(object), "etag:\"", 6), 0);
    ck_assert_str_eq(dp_object_uri(object), at("NGINX_URL", "/reads.bin"));
    check_ranges(object);
    /* The first two of nine ranges lie in the kept bytes. */
    ck_assert_uint_eq(stats_of(context).requests, 1 + 7);
    ck_assert_uint_eq(stats_of(context).retries, 0);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(a_known_object_costs_no_request_to_open)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object *object = open_ok(context, at("NGINX_URL", "/reads.bin")), *again;
    struct dp_object_options options = {.struct_bytes = sizeof(options),
                                        .validator = dp_object_validator(object),
                                        .size_bytes = SIZE};
    uint8_t byte;
    struct dp_error err;

    ck_assert_int_eq(
        dp_object_open(context, at("NGINX_URL", "/reads.bin"), &options, &again, NULL), DP_OK);
    ck_assert_uint_eq(stats_of(context).requests, 1);
    check_ranges(again);
    dp_object_free(again);

    /* Another ETag: refused by the server itself. Another size: noticed in the answer. */
    options.validator = "etag:\"something-else\"";
    ck_assert_int_eq(
        dp_object_open(context, at("NGINX_URL", "/reads.bin"), &options, &again, NULL), DP_OK);
    ck_assert_int_eq(dp_object_read_at(again, (struct dp_range){5, 6}, &byte, &err), DP_CHANGED);
    ck_assert_int_eq(err.http_status, 412);
    dp_object_free(again);
    options.validator = "";
    options.size_bytes = SIZE + 1;
    ck_assert_int_eq(
        dp_object_open(context, at("NGINX_URL", "/reads.bin"), &options, &again, NULL), DP_OK);
    ck_assert_int_eq(dp_object_read_at(again, (struct dp_range){5, 6}, &byte, &err), DP_CHANGED);
    ck_assert_int_eq(
        dp_object_read_at(again, (struct dp_range){SIZE, SIZE + 1}, &byte, &err), DP_CHANGED);
    dp_object_free(again);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(a_replaced_object_is_noticed)
{
    static const char *const places[] = {"/swap.bin", "/dated/swap.bin", "/bare/swap.bin"};
    struct dp_context *context = new_context(0, NULL);
    struct timespec times[2] = {{1600000000, 0}, {1600000000, 0}};
    struct dp_error err;
    uint8_t byte;
    size_t i;

    for (i = 0; i < 3; i++) {
        struct dp_object *object;

        test_write_file("swap.bin", data, 100000);
        utimensat(AT_FDCWD, "swap.bin", times, 0);
        object = open_ok(context, at("NGINX_URL", places[i]));
        ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){99999, 100000}, &byte, NULL),
                         DP_OK);
        test_write_file("swap.bin", data, 99999 + i);
        ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){99990, 99991}, &byte, &err),
                         i == 1 ? DP_CHANGED : DP_CHANGED);
        dp_object_free(object);
        if (i == 1)
            test_write_file("swap.bin", data, 99999);
    }
    dp_context_free(context);
}
END_TEST

START_TEST(validators_by_place)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object *object = open_ok(context, at("NGINX_URL", "/weak/reads.bin"));

    ck_assert_int_eq(strncmp(dp_object_validator(object), "modified:", 9), 0);
    check_ranges(object);
    dp_object_free(object);
    object = open_ok(context, at("NGINX_URL", "/dated/reads.bin"));
    ck_assert_int_eq(strncmp(dp_object_validator(object), "modified:", 9), 0);
    dp_object_free(object);
    object = open_ok(context, at("NGINX_URL", "/bare/reads.bin"));
    ck_assert_str_eq(dp_object_validator(object), "");
    check_ranges(object);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(empty_and_small_objects)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object *object = open_ok(context, at("NGINX_URL", "/empty"));
    char text[16] = "";

    ck_assert_uint_eq(dp_object_size(object), 0);
    ck_assert_int_eq(strncmp(dp_object_validator(object), "etag:", 5), 0);
    dp_object_free(object);
    object = open_ok(context, at("NGINX_URL", "/small.txt"));
    ck_assert_uint_eq(dp_object_size(object), 12);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 12}, text, NULL), DP_OK);
    ck_assert_str_eq(text, "small object");
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

/* Pulls everything through an input and compares. */
static void check_input(struct dp_object *object, size_t part_bytes)
{
    struct dp_input_options options = {part_bytes, 4, true};
    struct dp_input *input;
    const uint8_t *bytes;
    struct dp_error err = {0};
    size_t length, total = 0;
    int rc;

    ck_assert_int_eq(dp_input_open_object(object, (struct dp_range){0, SIZE}, &options, &input,
                                          NULL),
                     DP_OK);
    while ((rc = dp_input_next(input, &bytes, &length, &err)) > 0) {
        ck_assert_int_eq(memcmp(bytes, data + total, length), 0);
        total += length;
    }
    ck_assert_msg(rc == 0, "%s", err.message);
    ck_assert_uint_eq(total, SIZE);
    dp_input_free(input);
}

START_TEST(without_ranges_only_everything)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object *object = open_ok(context, at("NGINX_URL", "/nr/reads.bin"));
    struct dp_error err;
    char text[16] = "";

    ck_assert(!object->ranges);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 1}, text, &err),
                     DP_UNSUPPORTED);
    ck_assert_int_eq(err.detail, DP_DETAIL_NO_RANGES);
    check_input(object, 100000);
    dp_object_free(object);
    /* What fits into the kept bytes can be read anywhere. */
    object = open_ok(context, at("NGINX_URL", "/nr/small.txt"));
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){6, 12}, text, NULL), DP_OK);
    ck_assert_str_eq(text, "object");
    dp_object_free(object);
    object = open_ok(context, at("NGINX_URL", "/nr/empty"));
    ck_assert_uint_eq(dp_object_size(object), 0);
    ck_assert(object->ranges);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(parts_are_read_in_parallel_and_in_order)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object *object = open_ok(context, at("NGINX_URL", "/reads.bin"));

    check_input(object, 70001);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(tls_is_verified)
{
    struct dp_context *context = new_context(0, need("NGINX_CA"));
    struct dp_object *object = open_ok(context, at("NGINX_TLS_URL", "/reads.bin"));

    check_ranges(object);
    dp_object_free(object);
    /* Never back to plain text. */
    expect_failure(context, at("NGINX_TLS_URL", "/plain/reads.bin"), DP_IO, 302, "redirects");
    dp_context_free(context);

    context = new_context(5, NULL);
    expect_failure(context, at("NGINX_TLS_URL", "/reads.bin"), DP_IO, 0, "certificate");
    ck_assert_uint_eq(stats_of(context).retries, 0);
    dp_context_free(context);
}
END_TEST

START_TEST(redirects_are_followed_so_far)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object *object = open_ok(context, at("NGINX_URL", "/redir/reads.bin"));

    check_ranges(object);
    dp_object_free(object);
    expect_failure(context, at("NGINX_URL", "/loop/x"), DP_IO, 302, "redirect");
    ck_assert_uint_eq(stats_of(context).retries, 0);
    dp_context_free(context);
}
END_TEST

START_TEST(userinfo_authenticates_and_is_never_shown)
{
    struct dp_context *context = new_context(0, NULL);
    char url[300];
    struct dp_object *object;

    expect_failure(context, at("NGINX_URL", "/auth/reads.bin"), DP_DENIED, 401, "access denied");
    snprintf(url, sizeof(url), "http://reader:s3cret@%s/auth/reads.bin", need("NGINX_URL") + 7);
    object = open_ok(context, url);
    ck_assert_str_eq(dp_object_uri(object), at("NGINX_URL", "/auth/reads.bin"));
    check_ranges(object);
    dp_object_free(object);
    snprintf(url, sizeof(url), "http://reader:wr0ng@%s/auth/reads.bin", need("NGINX_URL") + 7);
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
    struct dp_context *context = new_context(3, NULL);
    struct dp_object *object;
    struct dp_error err = {0};

    ck_assert_int_eq(dp_object_open(context, at("NGINX_URL", "/busy/x"), NULL, &object, &err),
                     DP_IO);
    ck_assert_int_eq(err.http_status, 503);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_uint_eq(stats_of(context).requests, 3);
    ck_assert_uint_eq(stats_of(context).retries, 2);
    /* Nothing is tried twice when the answer is final. */
    expect_failure(context, at("NGINX_URL", "/nowhere"), DP_NOT_FOUND, 404, "no such object");
    ck_assert_uint_eq(stats_of(context).requests, 4);
    dp_context_free(context);
}
END_TEST

static void put(struct dp_context *context, const char *uri, const void *bytes, size_t length)
{
    struct dp_sink *sink = NULL;
    struct dp_error err = {0};
    int rc = dp_sink_open(context, uri, &sink, &err);

    ck_assert_msg(rc == DP_OK, "%s: %s", uri, err.message);
    rc = dp_sink_write(sink, bytes, length, &err);
    ck_assert_msg(rc == DP_OK, "%s", err.message);
    rc = dp_sink_commit(sink, &err);
    ck_assert_msg(rc == DP_OK, "%s", err.message);
    dp_sink_free(sink);
}

START_TEST(put_over_http)
{
    struct dp_context *context = new_context(2, NULL);
    struct dp_object *object;
    struct dp_sink *sink = NULL;
    struct dp_error err = {0};
    char url[300];

    put(context, at("NGINX_URL", "/dav/new/put.bin"), data, SIZE);
    object = open_ok(context, at("NGINX_URL", "/new/put.bin"));
    check_ranges(object);
    dp_object_free(object);
    ck_assert_uint_ge(stats_of(context).sent_bytes, SIZE);

    /* Dropped without a commit. */
    ck_assert_int_eq(dp_sink_open(context, at("NGINX_URL", "/dav/new/gone.bin"), &sink, NULL),
                     DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "x", 1, NULL), DP_OK);
    dp_sink_free(sink);
    expect_failure(context, at("NGINX_URL", "/new/gone.bin"), DP_NOT_FOUND, 404, "");

    ck_assert_int_eq(dp_sink_open(context, at("NGINX_URL", "/davauth/x.bin"), &sink, &err),
                     DP_DENIED);
    snprintf(url, sizeof(url), "http://reader:s3cret@%s/davauth/x.bin", need("NGINX_URL") + 7);
    put(context, url, data, SIZE);
    object = open_ok(context, at("NGINX_URL", "/x.bin"));
    check_ranges(object);
    dp_object_free(object);
    /* A place that takes no PUT. */
    ck_assert_int_eq(dp_sink_open(context, at("NGINX_URL", "/no.bin"), &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, &err), DP_IO);
    ck_assert_int_eq(err.http_status, 405);
    dp_sink_free(sink);
    dp_context_free(context);
}
END_TEST

static void *hammer(void *user)
{
    struct dp_object *object = user;
    uint8_t buffer[5000];
    uint32_t x = (uint32_t)(uintptr_t)&buffer;
    int i;

    for (i = 0; i < 60; i++) {
        uint64_t begin = (x = x * 1664525u + 1013904223u) % (SIZE - sizeof(buffer));
        struct dp_error err = {0};

        if (dp_object_read_at(object, (struct dp_range){begin, begin + sizeof(buffer)}, buffer,
                              &err) ||
            memcmp(buffer, data + begin, sizeof(buffer)) != 0)
            return "failed";
    }
    return NULL;
}

static void check_threads(const char *uri)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object *object = open_ok(context, uri);
    pthread_t threads[12];
    void *result;
    size_t i;

    for (i = 0; i < 12; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, object), 0);
    for (i = 0; i < 12; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        ck_assert_ptr_null(result);
    }
    dp_object_free(object);
    dp_context_free(context);
}

START_TEST(many_threads_over_http)
{
    check_threads(at("NGINX_URL", "/reads.bin"));
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
    uint8_t *buffer = malloc(SIZE);
    pthread_t thread;
    struct dp_error err;

    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    object = open_ok(context, at("NGINX_URL", "/slow/reads.bin"));
    clock_gettime(CLOCK_MONOTONIC, &before);
    pthread_create(&thread, NULL, stop_soon, &stop);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, SIZE}, buffer, &err),
                     DP_CANCELLED);
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_int_lt(after.tv_sec - before.tv_sec, 5); /* the whole takes eleven seconds */
    pthread_join(thread, NULL);
    dp_object_free(object);
    free(buffer);
    dp_context_free(context);
}
END_TEST

/* ------------------------------------------------------------------------------------- s3 */

static void expect_key(struct dp_context *context, const char *uri, const char *canonical)
{
    struct dp_object *object;
    char text[64] = "";

    put(context, uri, uri, strlen(uri));
    object = open_ok(context, uri);
    ck_assert_str_eq(dp_object_uri(object), canonical ? canonical : uri);
    dp_object_free(object);
    object = open_ok(context, canonical ? canonical : uri);
    ck_assert_uint_eq(dp_object_size(object), strlen(uri));
    ck_assert_int_eq(
        dp_object_read_at(object, (struct dp_range){0, strlen(uri)}, text, NULL), DP_OK);
    ck_assert_str_eq(text, uri);
    dp_object_free(object);
}

START_TEST(odd_keys)
{
    struct dp_context *context = new_context(0, NULL);

    expect_key(context, "s3://test-bucket/odd/plain", NULL);
    expect_key(context, "s3://test-bucket/odd/two words", "s3://test-bucket/odd/two%20words");
    expect_key(context, "s3://test-bucket/odd/a+b=c&d", "s3://test-bucket/odd/a%2Bb%3Dc%26d");
    expect_key(context, "s3://test-bucket/odd/100%", "s3://test-bucket/odd/100%25");
    expect_key(context, "s3://test-bucket/odd/%25zz", "s3://test-bucket/odd/%25zz");
    expect_key(context, "s3://test-bucket/odd/\xc3\xa9\xe2\x82\xac",
               "s3://test-bucket/odd/%C3%A9%E2%82%AC");
    expect_key(context, "s3://test-bucket/odd//double", NULL);
    expect_key(context, "s3://test-bucket/odd/a/../b", NULL);
    expect_key(context, "s3://test-bucket/odd/?x#y", "s3://test-bucket/odd/%3Fx%23y");
    expect_key(context, "s3://test-bucket/odd/~*'()!", "s3://test-bucket/odd/~%2A%27%28%29%21");
    dp_context_free(context);
}
END_TEST

START_TEST(ranges_over_s3)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object *object;
    uint64_t requests;

    put(context, "s3://test-bucket/reads.bin", data, SIZE);
    requests = stats_of(context).requests;
    object = open_ok(context, "s3://test-bucket/reads.bin");
    ck_assert_uint_eq(stats_of(context).requests - requests, 1);
    ck_assert_int_eq(strncmp(dp_object_validator(object), "etag:\"", 6), 0);
    check_ranges(object);
    check_input(object, 70001);
    dp_object_free(object);
    check_threads("s3://test-bucket/reads.bin");
    put(context, "s3://test-bucket/empty", "", 0);
    object = open_ok(context, "s3://test-bucket/empty");
    ck_assert_uint_eq(dp_object_size(object), 0);
    ck_assert_int_eq(strncmp(dp_object_validator(object), "etag:\"", 6), 0);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(an_overwritten_s3_object_is_refused)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object_options options = {.struct_bytes = sizeof(options), .size_bytes = 100000};
    struct dp_object *object, *planned;
    struct dp_error err;
    char validator[300];
    uint8_t byte;

    put(context, "s3://test-bucket/swap", data, 100000);
    object = open_ok(context, "s3://test-bucket/swap");
    snprintf(validator, sizeof(validator), "%s", dp_object_validator(object));
    put(context, "s3://test-bucket/swap", data + 1, 100000);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){99999, 100000}, &byte, &err),
                     DP_CHANGED);
    ck_assert_int_eq(err.http_status, 412);
    options.validator = validator;
    ck_assert_int_eq(
        dp_object_open(context, "s3://test-bucket/swap", &options, &planned, NULL), DP_OK);
    ck_assert_int_eq(dp_object_read_at(planned, (struct dp_range){0, 1}, &byte, &err), DP_CHANGED);
    dp_object_free(planned);
    options.size_bytes = 0;
    ck_assert_int_eq(dp_object_open(context, "s3://test-bucket/swap", &options, &planned, &err),
                     DP_CHANGED);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(s3_refusals_are_plain_words)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options)};
    struct dp_context *context = new_context(0, NULL);
    struct dp_sink *sink = NULL;
    struct dp_error err = {0};

    put(context, "s3://test-bucket/there", "x", 1);
    expect_failure(context, "s3://test-bucket/none", DP_NOT_FOUND, 404,
                   "no such object (NoSuchKey");
    expect_failure(context, "s3://no-bucket-here/x", DP_NOT_FOUND, 404, "NoSuchBucket");
    ck_assert_int_eq(dp_sink_open(context, "s3://no-bucket-here/x", &sink, &err), DP_NOT_FOUND);
    expect_failure(context, "s3://test-bucket/", DP_INVALID, 0, "key");
    dp_context_free(context);

    options.no_sign_request = 1;
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    expect_failure(context, "s3://test-bucket/there", DP_DENIED, 403, "AccessDenied");
    ck_assert_int_eq(dp_sink_open(context, "s3://test-bucket/no", &sink, &err), DP_DENIED);
    dp_context_free(context);

    setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret", 1);
    context = new_context(0, NULL);
    expect_failure(context, "s3://test-bucket/there", DP_DENIED, 403, "SignatureDoesNotMatch");
    dp_context_free(context);
    setenv("AWS_ACCESS_KEY_ID", "NOBODY", 1);
    context = new_context(0, NULL);
    expect_failure(context, "s3://test-bucket/there", DP_DENIED, 403, "InvalidAccessKeyId");
    dp_context_free(context);
    unsetenv("AWS_ACCESS_KEY_ID");
    setenv("HOME", "/nonexistent", 1);
    context = new_context(0, NULL);
    expect_failure(context, "s3://test-bucket/there", DP_DENIED, 0, "no S3 credentials");
    dp_context_free(context);
}
END_TEST

START_TEST(keys_from_a_profile)
{
    const char *folder = test_enter_folder();
    struct dp_context *context;
    struct dp_object *object;
    char text[1000];
    FILE *file;

    context = new_context(0, NULL);
    put(context, "s3://test-bucket/there", "x", 1);
    dp_context_free(context);

    file = fopen("credentials", "w");
    fprintf(file, "[default]\naws_access_key_id = NOBODY\naws_secret_access_key = x\n"
            "[lab]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
            need("AWS_ACCESS_KEY_ID"), need("AWS_SECRET_ACCESS_KEY"));
    fclose(file);
    snprintf(text, sizeof(text), "[profile lab]\nendpoint_url = %s/\nregion = eu-west-1\n",
             need("AWS_ENDPOINT_URL"));
    test_write_file("config", text, strlen(text));
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_REGION");
    setenv("AWS_SHARED_CREDENTIALS_FILE", "credentials", 1);
    setenv("AWS_CONFIG_FILE", "config", 1);
    setenv("AWS_PROFILE", "lab", 1);
    context = new_context(0, NULL);
    object = open_ok(context, "s3://test-bucket/there");
    ck_assert_uint_eq(dp_object_size(object), 1);
    dp_object_free(object);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* A presigned URL as an AWS tool would make it. */
static char *presign(struct dp_context *context, const char *uri, const char *method)
{
    struct dp_sigv4_header host;
    struct dp_sigv4_request request = {.method = method,
                                       .query = "",
                                       .headers = &host,
                                       .header_count = 1,
                                       .payload_hash = DP_SIGV4_UNSIGNED};
    char timestamp[32], *query, *url;
    struct dp_sigv4_scope scope = {need("AWS_ACCESS_KEY_ID"), need("AWS_SECRET_ACCESS_KEY"),
                                   "us-east-1", "s3", timestamp};
    struct dp_s3_place *place;
    time_t now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(timestamp, sizeof(timestamp), "%Y%m%dT%H%M%SZ", &utc);
    ck_assert_int_eq(dp_s3_place_open(context, uri, &place, NULL), DP_OK);
    host = (struct dp_sigv4_header){"host", place->host};
    request.path = place->path;
    ck_assert_int_eq(dp_sigv4_presign(&request, &scope, 600, NULL, &query, NULL), DP_OK);
    ck_assert_int_gt(asprintf(&url, "%s%s?%s", place->base, place->path, query), 0);
    free(query);
    dp_s3_place_free(place);
    return url;
}

START_TEST(presigned_urls)
{
    struct dp_context *context = new_context(0, NULL);
    char *url = presign(context, "s3://test-bucket/signed object", "PUT"), *bad;
    struct dp_object *object;
    struct dp_error err = {0};

    put(context, url, data, SIZE);
    free(url);
    url = presign(context, "s3://test-bucket/signed object", "GET");
    object = open_ok(context, url);
    ck_assert_int_eq(dp_object_is_signed(object), 1);
    ck_assert_str_eq(dp_object_uri(object), at("RGW_URL", "/test-bucket/signed%20object"));
    check_ranges(object);
    dp_object_free(object);
    bad = strstr(url, "X-Amz-Signature=") + 16;
    bad[0] = bad[0] == '0' ? '1' : '0';
    ck_assert_int_eq(dp_object_open(context, url, NULL, &object, &err), DP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.message, "SignatureDoesNotMatch"));
    ck_assert_ptr_null(strstr(err.message, "X-Amz-"));
    free(url);
    dp_context_free(context);
}
END_TEST

START_TEST(small_reads_do_not_wait_for_acknowledgements)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_object *object;
    struct timespec before, after;
    uint8_t buffer[1000];
    uint64_t i;

    put(context, "s3://test-bucket/many", data, SIZE);
    object = open_ok(context, "s3://test-bucket/many");
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (i = 0; i < 100; i++)
        ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){100000 + i, 101000 + i},
                                           buffer, NULL),
                         DP_OK);
    clock_gettime(CLOCK_MONOTONIC, &after);
    /* A delayed acknowledgement costs 40 ms each time: four seconds. */
    ck_assert_int_le(after.tv_sec - before.tv_sec, 2);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(a_big_object_goes_in_parts)
{
    struct dp_context *context = new_context(0, NULL);
    struct dp_sink *sink;
    struct dp_object *object;
    struct dp_error err = {0};
    uint64_t written = 0, size = 0;
    char uri[100];
    uint8_t *buffer = malloc(SIZE);

    snprintf(uri, sizeof(uri), "s3://test-bucket/big-%ld", (long)getpid());
    ck_assert_int_eq(dp_sink_open(context, uri, &sink, NULL), DP_OK);
    for (; written < (uint64_t)140 << 20; written += SIZE) {
        int rc = dp_sink_write(sink, data, SIZE, &err);

        ck_assert_msg(rc == DP_OK, "%s", err.message);
        size += SIZE;
    }
    expect_failure(context, uri, DP_NOT_FOUND, 404, "");
    ck_assert_int_eq(dp_sink_commit(sink, &err), DP_OK);
    dp_sink_free(sink);
    object = open_ok(context, uri);
    ck_assert_uint_eq(dp_object_size(object), size);
    for (written = 0; written < size; written += SIZE) {
        ck_assert_int_eq(
            dp_object_read_at(object, (struct dp_range){written, written + SIZE}, buffer, &err),
            DP_OK);
        ck_assert_int_eq(memcmp(buffer, data, SIZE), 0);
    }
    dp_object_free(object);

    /* Given up in the middle, also when the caller wants to stop: nothing is left. */
    ck_assert_int_eq(dp_sink_open(context, "s3://test-bucket/half", &sink, NULL), DP_OK);
    for (written = 0; written < (uint64_t)70 << 20; written += SIZE)
        ck_assert_int_eq(dp_sink_write(sink, data, SIZE, &err), DP_OK);
    dp_sink_free(sink);
    expect_failure(context, "s3://test-bucket/half", DP_NOT_FOUND, 404, "");
    free(buffer);
    dp_context_free(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        ranges_over_http, a_known_object_costs_no_request_to_open, a_replaced_object_is_noticed,
        validators_by_place, empty_and_small_objects, without_ranges_only_everything,
        parts_are_read_in_parallel_and_in_order, tls_is_verified, redirects_are_followed_so_far,
        userinfo_authenticates_and_is_never_shown,
        a_busy_server_is_asked_again_and_then_given_up, put_over_http, many_threads_over_http,
        a_slow_transfer_can_be_cancelled, odd_keys, ranges_over_s3,
        an_overwritten_s3_object_is_refused, s3_refusals_are_plain_words, keys_from_a_profile,
        presigned_urls,
        small_reads_do_not_wait_for_acknowledgements, a_big_object_goes_in_parts};

    Suite *suite = suite_create("connectors");
    TCase *tcase = tcase_create("connectors");
    SRunner *runner;
    size_t i;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, setup, NULL);
    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
