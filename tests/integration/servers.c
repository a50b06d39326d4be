/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/integration/servers.h"

#include "connectors/input.h"

#include <pthread.h>

static uint8_t *data;

const uint8_t *servers_data(void)
{
    return data;
}

const char *servers_need(const char *name)
{
    const char *text = getenv(name);

    ck_assert_msg(text && *text, "%s is not set", name);
    return text;
}

const char *servers_url(const char *base, const char *rest)
{
    static char urls[8][2048];
    static int next;
    char *url = urls[next++ % 8];

    snprintf(url, sizeof(urls[0]), "%s%s", servers_need(base), rest);
    return url;
}

/* Makes the data and writes it as "reads.bin" below the web server's root. */
static void setup(void)
{
    uint32_t x = 7;
    size_t i;

    data = malloc(SERVERS_DATA_BYTES);
    for (i = 0; i < SERVERS_DATA_BYTES; i++)
        data[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
    ck_assert_int_eq(chdir(servers_need("NGINX_ROOT")), 0);
    test_write_file("reads.bin", data, SERVERS_DATA_BYTES);
    test_write_file("small.txt", "small object", 12);
    test_write_file("empty", "", 0);
}

struct dp_context *servers_context(unsigned attempts, const char *ca)
{
    struct dp_context_options options = {
        .struct_bytes = sizeof(options), .attempts = attempts, .ca_bundle = ca};
    struct dp_context *context = NULL;

    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    return context;
}

struct dp_stats servers_stats(struct dp_context *context)
{
    struct dp_stats stats = {.struct_bytes = sizeof(stats)};

    dp_context_stats(context, &stats);
    return stats;
}

struct dp_object *servers_open(struct dp_context *context, const char *uri)
{
    struct dp_object *object = NULL;
    struct dp_error err = {0};
    int rc = dp_object_open(context, uri, NULL, &object, &err);

    ck_assert_msg(rc == DP_OK, "%s: %s", uri, err.message);
    return object;
}

void servers_check_ranges(struct dp_object *object)
{
    static const struct dp_range ranges[] = {{0, 1},
                                             {0, 65536},
                                             {65535, 65537},
                                             {65536, 65537},
                                             {100, 200000},
                                             {1234567, 1234568},
                                             {SERVERS_DATA_BYTES - 1, SERVERS_DATA_BYTES},
                                             {SERVERS_DATA_BYTES - 100000, SERVERS_DATA_BYTES},
                                             {0, SERVERS_DATA_BYTES}};
    uint8_t *buffer = malloc(SERVERS_DATA_BYTES);
    struct dp_error err = {0};
    size_t i;

    ck_assert_uint_eq(dp_object_size(object), SERVERS_DATA_BYTES);
    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        int rc = dp_object_read_at(object, ranges[i], buffer, &err);

        ck_assert_msg(rc == DP_OK, "%s", err.message);
        ck_assert_int_eq(memcmp(buffer, data + ranges[i].begin, ranges[i].end - ranges[i].begin),
                         0);
    }
    free(buffer);
}

void servers_expect_failure(struct dp_context *context, const char *uri, int rc, int status,
                            const char *text)
{
    struct dp_object *object = NULL;
    struct dp_error err = {0};

    ck_assert_int_eq(dp_object_open(context, uri, NULL, &object, &err), rc);
    ck_assert_int_eq(err.http_status, status);
    ck_assert_msg(strstr(err.message, text), "'%s' says nothing of '%s'", err.message, text);
    ck_assert_ptr_null(object);
}

void servers_check_input(struct dp_object *object, size_t part_bytes)
{
    struct dp_input_options options = {part_bytes, 4, true, false, false};
    struct dp_input *input;
    const uint8_t *bytes;
    struct dp_error err = {0};
    size_t length, total = 0;
    int rc;

    ck_assert_int_eq(dp_input_open_object(object, (struct dp_range){0, SERVERS_DATA_BYTES},
                                          &options, &input, NULL),
                     DP_OK);
    while ((rc = dp_input_next(input, &bytes, &length, &err)) > 0) {
        ck_assert_int_eq(memcmp(bytes, data + total, length), 0);
        total += length;
    }
    ck_assert_msg(rc == 0, "%s", err.message);
    ck_assert_uint_eq(total, SERVERS_DATA_BYTES);
    dp_input_free(input);
}

void servers_put(struct dp_context *context, const char *uri, const void *bytes, size_t length)
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

static void *hammer(void *user)
{
    struct dp_object *object = user;
    uint8_t buffer[5000];
    uint32_t x = (uint32_t)(uintptr_t)&buffer;
    int i;

    for (i = 0; i < 60; i++) {
        uint64_t begin = (x = x * 1664525u + 1013904223u) % (SERVERS_DATA_BYTES - sizeof(buffer));
        struct dp_error err = {0};

        if (dp_object_read_at(object, (struct dp_range){begin, begin + sizeof(buffer)}, buffer,
                              &err) ||
            memcmp(buffer, data + begin, sizeof(buffer)) != 0)
            return "failed";
    }
    return NULL;
}

void servers_check_threads(const char *uri)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object *object = servers_open(context, uri);
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

int servers_run(const char *name, const TTest *const *tests, size_t count)
{
    TCase *tcase = tcase_create(name);

    tcase_add_unchecked_fixture(tcase, setup, NULL);
    return test_run_case(tcase, name, tests, count, 600);
}
