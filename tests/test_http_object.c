/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/scripted.h"

#include "connectors/http_object.h"

#define FIRST                                                                                      \
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-65535/100000\r\n"                      \
    "Content-Length: 65536\r\n"
#define REST                                                                                       \
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 65536-99999/100000\r\n"                  \
    "Content-Length: 34464\r\n"
#define OTHERS "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-amz-version-id: v7"

static struct dp_object *open_it(struct dp_context *context, struct scripted *server)
{
    struct dp_object *object = NULL;
    struct dp_error err = {0};

    ck_assert_msg(dp_object_open(context, server->url, NULL, &object, &err) == DP_OK, "%s",
                  err.message);
    return object;
}

static void check_bytes(const unsigned char *bytes, uint64_t begin, uint64_t end)
{
    uint64_t i;

    for (i = begin; i < end; i++)
        ck_assert_int_eq(bytes[i - begin], scripted_byte(i));
}

START_TEST(first_bytes_are_kept)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = FIRST "ETag: \"x\"\r\n" OTHERS, .body_bytes = 65536},
               {.head = REST "ETag: \"x\"", .offset = 65536, .body_bytes = 34464}));
    struct dp_context *context = scripted_context(1, 30);
    struct dp_object *object = open_it(context, server);
    unsigned char *buffer = malloc(100000);

    ck_assert_uint_eq(dp_object_size(object), 100000);
    ck_assert_str_eq(dp_object_validator(object), "etag:\"x\"");
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){10, 65536}, buffer, NULL), DP_OK);
    check_bytes(buffer, 10, 65536);
    ck_assert_uint_eq(scripted_stats(context).requests, 1);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){5, 100000}, buffer, NULL), DP_OK);
    check_bytes(buffer, 5, 100000);
    ck_assert_ptr_nonnull(strstr(server->requests[1], "\r\nRange: bytes=65536-99999\r\n"));
    ck_assert_ptr_nonnull(strstr(server->requests[1], "\r\nIf-Match: \"x\"\r\n"));
    dp_object_free(object);
    free(buffer);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* The identity of an object is its two ends; they cost two requests, however often it is asked. */
START_TEST(last_bytes_are_kept)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 206 Partial Content\r\n"
                        "Content-Range: bytes 134464-199999/200000\r\nContent-Length: 65536",
                .offset = 134464, .body_bytes = 65536}));
    struct dp_context *context = scripted_context(1, 30);
    struct dp_object_options known = {
        .struct_bytes = sizeof(known), .validator = "", .size_bytes = 200000};
    unsigned char *buffer = malloc(65536);
    struct dp_object *object;
    int i;

    ck_assert_int_eq(dp_object_open(context, server->url, &known, &object, NULL), DP_OK);
    for (i = 0; i < 2; i++) {
        ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){134464, 200000}, buffer, NULL),
                         DP_OK);
        check_bytes(buffer, 134464, 200000);
    }
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){140000, 199990}, buffer, NULL),
                     DP_OK);
    check_bytes(buffer, 140000, 199990);
    ck_assert_uint_eq(scripted_stats(context).requests, 1);
    dp_object_free(object);
    free(buffer);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* Strong ETag, else version, else time; what a server says of a weak ETag does not count. */
START_TEST(validators_in_their_order)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = FIRST "ETag: W/\"x\"\r\n" OTHERS, .body_bytes = 65536},
               {.head = FIRST "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", .body_bytes = 65536},
               {.head = REST "Server: x", .offset = 65536, .body_bytes = 34464},
               {.head = REST "Last-Modified: Mon, 07 Nov 1994 08:49:37 GMT", .offset = 65536,
                .body_bytes = 34464, .close = true}));
    struct dp_context *context = scripted_context(1, 30);
    struct dp_object *object = open_it(context, server);
    unsigned char *buffer = malloc(100000);
    struct dp_error err;

    ck_assert_str_eq(dp_object_validator(object), "version:v7");
    dp_object_free(object);
    object = open_it(context, server);
    ck_assert_str_eq(dp_object_validator(object), "modified:Sun, 06 Nov 1994 08:49:37 GMT");
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){65536, 100000}, buffer, NULL),
                     DP_OK);
    ck_assert_ptr_nonnull(strstr(server->requests[2], "\r\nIf-Unmodified-Since: Sun, 06 Nov"));
    /* A server that ignores the condition does not get through with it. */
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){65536, 100000}, buffer, &err),
                     DP_CHANGED);
    dp_object_free(object);
    free(buffer);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(hostile_validators_are_refused)
{
    struct dp_context *context = scripted_context(1, 30);
    struct dp_object_options options = {.struct_bytes = sizeof(options),
                                        .validator = "etag:\"x\"\r\nX-Evil: 1",
                                        .size_bytes = 5};
    struct dp_object *object = NULL;
    struct dp_error err;

    ck_assert_int_eq(dp_object_open(context, "http://127.0.0.1:1/x", &options, &object, &err),
                     DP_INVALID);
    ck_assert_ptr_null(object);
    dp_context_free(context);
}
END_TEST

START_TEST(empty_objects)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 416 No\r\nContent-Range: bytes */0\r\nContent-Length: 0"},
               {.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"e\""},
               {.head = "HTTP/1.1 416 No\r\nContent-Length: 0"},
               {.head = "HTTP/1.1 200 OK\r\nContent-Length: 5", .text = "hello", .close = true}));
    struct dp_context *context = scripted_context(1, 30);
    struct dp_object *object = open_it(context, server);
    struct dp_error err;

    ck_assert_uint_eq(dp_object_size(object), 0);
    ck_assert_str_eq(dp_object_validator(object), "etag:\"e\"");
    dp_object_free(object);
    object = NULL;
    ck_assert_int_eq(dp_object_open(context, server->url, NULL, &object, &err), DP_IO);
    ck_assert_ptr_null(object);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(a_short_answer_to_open_begins_again)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = FIRST "Server: x", .body_bytes = 40000, .close = true},
               {.head = FIRST "Server: x", .body_bytes = 65536}));
    struct dp_context *context = scripted_context(2, 30);
    struct dp_object *object = open_it(context, server);
    unsigned char *buffer = malloc(65536);

    ck_assert_ptr_nonnull(strstr(server->requests[1], "bytes=0-65535\r\n"));
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, 65536}, buffer, NULL), DP_OK);
    check_bytes(buffer, 0, 65536);
    dp_object_free(object);
    free(buffer);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

static void check_url(const char *url, const char *expected)
{
    char *clean = dp_http_object_clean_url(url);

    ck_assert_str_eq(clean, expected);
    free(clean);
}

START_TEST(urls_are_made_clean)
{
    check_url("http://h/a b?c=%20&d=\xc3\xa9#e", "http://h/a%20b?c=%20&d=%C3%A9");
    check_url("http://h/a\r\nX: y", "http://h/a%0D%0AX:%20y");
    check_url("http://[::1]:80/~a;b=(c)*", "http://[::1]:80/~a;b=(c)*");
}
END_TEST

TEST_MAIN("http_object", first_bytes_are_kept, last_bytes_are_kept, validators_in_their_order,
          hostile_validators_are_refused, empty_objects, a_short_answer_to_open_begins_again,
          urls_are_made_clean)
