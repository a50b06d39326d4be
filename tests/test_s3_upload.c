/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/scripted.h"

#include "connectors/s3_upload.h"

#include <time.h>

#define STARTED                                                                                    \
    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 31", .text = "<R><UploadId>a/b</UploadId></R>"}
#define DONE {.head = "HTTP/1.1 204 No Content"}
#define COMPLETED                                                                                  \
    {.head = "HTTP/1.1 200 OK\r\nConnection: close", .close = true,                                \
     .text = "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"}
/* ETags are the MD5 of "abc", of "de", and of those two together. */
#define PART(etag) {.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"" etag "\""}
#define PART_1 PART("900150983cd24fb0d6963f7d28e17f72")
#define PART_2 PART("5f02f0889301fd7be1ac972c11bf3e7d")
#define OURS "fd279fa64fe1fa9a3551a4a88ae83424-2"
#define STANDING(size, etag)                                                                       \
    {.head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-0/" size                      \
             "\r\nContent-Length: 1\r\nETag: \"" etag "\"", .body_bytes = 1}
#define NO_UPLOAD                                                                                  \
    {.head = "HTTP/1.1 404 No\r\nConnection: close", .close = true,                                \
     .text = "<Error><Code>NoSuchUpload</Code></Error>"}
#define LOST {.head = "HTTP/1.1 200 OK\r\nContent-Length: 99", .text = "", .close = true}
#define NOTHING {.head = "HTTP/1.1 404 No\r\nContent-Length: 0"}
#define CHANGED {.head = "HTTP/1.1 412 No\r\nContent-Length: 0"}

static int stopped;

static int stop(void *user)
{
    (void)user;
    return stopped;
}

static struct dp_context *s3_context(const char *endpoint, unsigned attempts)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options),
                                         .attempts = attempts,
                                         .timeout_seconds = 30,
                                         .cancel = stop,
                                         .endpoint_url = endpoint};
    struct dp_context *context = NULL;

    dp_context_free(scripted_context(1, 30));
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    return context;
}

static void send_part(struct dp_s3_upload *upload, const char *text)
{
    static const atomic_bool never;
    struct dp_s3_etag etag;
    struct dp_spool spool;

    ck_assert_int_eq(dp_spool_open(&spool, NULL), DP_OK);
    ck_assert_int_eq(dp_spool_write(&spool, text, strlen(text), NULL), DP_OK);
    ck_assert_int_eq(dp_s3_upload_send(upload, upload->etags.length + 1, &spool, &never, &etag,
                                       NULL), DP_OK);
    ck_assert_int_eq(dp_s3_upload_note(upload, &etag, spool.length_bytes, NULL), DP_OK);
    dp_spool_close(&spool);
}

/* Sends "abc" and "de" and completes; then the upload is removed, if that is still needed. All
 * answers must have been asked for. */
static int upload_with(const struct scripted_answer *answers, size_t count, unsigned attempts,
                       const struct dp_s3_standing *before, struct dp_error *err)
{
    struct scripted *server = scripted_start(answers, count);
    struct dp_context *context = s3_context(server->url, attempts);
    struct dp_s3_upload upload = {0};
    int rc;

    ck_assert_int_eq(dp_s3_place_open(context, "s3://bucket/k", &upload.place, NULL), DP_OK);
    ck_assert_int_eq(dp_s3_upload_begin(&upload, NULL), DP_OK);
    send_part(&upload, "abc");
    send_part(&upload, "de");
    rc = dp_s3_upload_complete(&upload, NULL, before, err);
    ck_assert((rc == DP_OK) == (upload.id == NULL));
    dp_s3_upload_abort(&upload);
    dp_s3_upload_free(&upload);
    ck_assert_uint_eq(atomic_load(&server->next), count);
    if (rc)
        ck_assert_int_eq(strncmp(server->requests[count - 1],
                                 "DELETE /bucket/k?uploadId=a%2Fb ", 32), 0);
    dp_s3_place_free(upload.place);
    dp_context_free(context);
    scripted_stop(server);
    return rc;
}

static const struct dp_s3_standing absent = {.state = DP_S3_ABSENT};
static const struct dp_s3_standing old = {
    .state = DP_S3_PRESENT, .etag = "\"old\"", .size_bytes = 5};

START_TEST(parts_are_put_together)
{
    ck_assert_int_eq(upload_with(SCRIPT(STARTED, PART_1, PART_2, COMPLETED), 1, &absent, NULL),
                     DP_OK);
}
END_TEST

/* The store did it, and its answer was lost: asked again it knows of no such upload. */
START_TEST(a_lost_answer_is_no_failure)
{
    struct dp_error err;

    ck_assert_int_eq(upload_with(SCRIPT(STARTED, PART_1, PART_2, LOST, NO_UPLOAD,
                                        STANDING("5", OURS), NO_UPLOAD), 2, &old, &err),
                     DP_OK);
    ck_assert_int_eq(upload_with(SCRIPT(STARTED, PART_1, PART_2, LOST, STANDING("5", OURS),
                                        DONE), 1, &absent, &err),
                     DP_OK);
    /* With If-None-Match the second try meets what the first one wrote. */
    ck_assert_int_eq(upload_with(SCRIPT(STARTED, PART_1, PART_2, LOST, CHANGED,
                                        STANDING("5", OURS), NO_UPLOAD), 2, &absent, &err),
                     DP_OK);
}
END_TEST

START_TEST(what_stands_there_must_be_ours)
{
    struct dp_error err;

    ck_assert_int_eq(upload_with(SCRIPT(STARTED, PART_1, PART_2, LOST, NOTHING, DONE), 1, &absent,
                                 &err),
                     DP_IO);
    ck_assert_int_eq(upload_with(SCRIPT(STARTED, PART_1, PART_2, CHANGED,
                                        STANDING("5", "other-2"), DONE), 1, &absent, &err),
                     DP_CHANGED);
    ck_assert_int_eq(upload_with(SCRIPT(STARTED, PART_1, PART_2, NO_UPLOAD,
                                        STANDING("6", OURS), DONE), 1, &absent, &err),
                     DP_NOT_FOUND);
}
END_TEST

/* Where ETags are no MD5 a new object of our size must do. */
START_TEST(stores_with_etags_of_their_own)
{
    struct dp_error err;

    ck_assert_int_eq(upload_with(SCRIPT(STARTED, PART_1, PART("odd"), LOST, STANDING("5", "new"),
                                        NO_UPLOAD), 1, &old, &err),
                     DP_OK);
    ck_assert_int_eq(upload_with(SCRIPT(STARTED, PART_1, PART("odd"), LOST, STANDING("5", "old"),
                                        DONE), 1, &old, &err),
                     DP_IO);
}
END_TEST

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

/* Removes an upload whose caller wants to stop: three requests, for which such a one waits 0.7
 * seconds. False when the machine was so busy that they took longer. */
static bool see_removal(void)
{
    struct scripted *server = scripted_start(
        SCRIPT(STARTED, {.head = "HTTP/1.1 503 No\r\nContent-Length: 0"}, LOST, NO_UPLOAD));
    struct dp_context *context = s3_context(server->url, 5);
    struct dp_s3_upload upload = {0};
    double begun;
    bool seen;

    stopped = 0;
    ck_assert_int_eq(dp_s3_place_open(context, "s3://bucket/k", &upload.place, NULL), DP_OK);
    ck_assert_int_eq(dp_s3_upload_begin(&upload, NULL), DP_OK);
    stopped = 1;
    begun = now();
    dp_s3_upload_abort(&upload);
    seen = atomic_load(&server->next) == 4;
    ck_assert_ptr_null(upload.id);
    ck_assert(seen || now() - begun >= 0.7);
    dp_s3_upload_free(&upload);
    dp_s3_place_free(upload.place);
    dp_context_free(context);
    scripted_stop(server);
    return seen;
}

START_TEST(removing_goes_on_though_the_caller_stops)
{
    unsigned tries = 1;

    while (!see_removal())
        ck_assert_uint_lt(tries++, 20);
}
END_TEST

START_TEST(what_stands_there)
{
    struct scripted *server = scripted_start(
        SCRIPT(STANDING("7", "e"), NOTHING, {.head = "HTTP/1.1 403 No\r\nContent-Length: 0"},
               {.head = "HTTP/1.1 416 No\r\nContent-Length: 0"},
               {.head = "HTTP/1.1 404 No\r\nConnection: close", .close = true,
                .text = "<Error><Code>NoSuchBucket</Code></Error>"}));
    struct dp_context *context = s3_context(server->url, 1);
    struct dp_s3_standing standing;
    struct dp_s3_place *place;

    ck_assert_int_eq(dp_s3_place_open(context, "s3://bucket/k", &place, NULL), DP_OK);
    ck_assert_int_eq(dp_s3_upload_look(place, &standing, NULL), DP_OK);
    ck_assert_int_eq(standing.state, DP_S3_PRESENT);
    ck_assert_uint_eq(standing.size_bytes, 7);
    ck_assert_str_eq(standing.etag, "\"e\"");
    ck_assert_int_eq(dp_s3_upload_look(place, &standing, NULL), DP_OK);
    ck_assert_int_eq(standing.state, DP_S3_ABSENT);
    ck_assert_int_eq(dp_s3_upload_look(place, &standing, NULL), DP_OK);
    ck_assert_int_eq(standing.state, DP_S3_UNKNOWN);
    ck_assert_int_eq(dp_s3_upload_look(place, &standing, NULL), DP_OK);
    ck_assert_int_eq(standing.state, DP_S3_UNKNOWN);
    ck_assert_int_eq(dp_s3_upload_look(place, &standing, NULL), DP_NOT_FOUND);
    dp_s3_place_free(place);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

TEST_MAIN("s3_upload", parts_are_put_together, a_lost_answer_is_no_failure,
          what_stands_there_must_be_ours, stores_with_etags_of_their_own,
          removing_goes_on_though_the_caller_stops, what_stands_there)
