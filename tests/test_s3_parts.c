/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/scripted.h"

#include "connectors/s3_parts.h"

#include <time.h>

#define STARTED                                                                                    \
    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 31", .text = "<R><UploadId>a/b</UploadId></R>"}
#define TAKEN {.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"tag\""}
#define REFUSED {.head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0"}
#define SILENT {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9", .hang = true}

/* An upload that has begun, on a server that gives these answers over one connection. */
struct fixture {
    struct scripted *server;
    struct dp_context *context;
    struct dp_s3_upload upload;
    struct dp_s3_parts parts;
    struct dp_spool spool;
};

static void begin(struct fixture *f, const struct scripted_answer *answers, size_t count)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options),
                                         .attempts = 1,
                                         .timeout_seconds = 60,
                                         .connections = 1};

    memset(f, 0, sizeof(*f));
    f->server = scripted_start(answers, count);
    options.endpoint_url = f->server->url;
    dp_context_free(scripted_context(1, 30));
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    ck_assert_int_eq(dp_context_new(&options, &f->context, NULL), DP_OK);
    ck_assert_int_eq(dp_s3_place_open(f->context, "s3://bucket/k", &f->upload.place, NULL), DP_OK);
    ck_assert_int_eq(dp_s3_upload_begin(&f->upload, NULL), DP_OK);
    ck_assert_int_eq(dp_spool_open(&f->spool, NULL), DP_OK);
    f->parts.upload = &f->upload;
}

static void end(struct fixture *f)
{
    struct dp_s3_place *place = f->upload.place;

    dp_spool_close(&f->spool);
    dp_s3_upload_free(&f->upload);
    dp_s3_place_free(place);
    dp_context_free(f->context);
    scripted_stop(f->server);
}

static int send_text(struct fixture *f, const char *text, struct dp_error *err)
{
    ck_assert_uint_eq(f->spool.length_bytes, 0);
    ck_assert_int_eq(dp_spool_write(&f->spool, text, strlen(text), NULL), DP_OK);
    return dp_s3_parts_send(&f->parts, &f->spool, err);
}

START_TEST(every_part_is_sent_once)
{
    static const char *const texts[] = {"a", "bb", "ccc", "dddd", "eeeee"};
    struct fixture f;
    size_t i, k, found;
    char line[64];

    begin(&f, SCRIPT(STARTED, TAKEN, TAKEN, TAKEN, TAKEN, TAKEN));
    for (i = 0; i < 5; i++)
        ck_assert_int_eq(send_text(&f, texts[i], NULL), DP_OK);
    ck_assert_int_eq(dp_s3_parts_finish(&f.parts, NULL), DP_OK);
    ck_assert_uint_eq(f.upload.etags.length, 5);
    ck_assert_uint_eq(f.upload.bytes, 15);
    for (i = 0; i < 5; i++) {
        snprintf(line, sizeof(line), "PUT /bucket/k?partNumber=%zu&uploadId=a%%2Fb ", i + 1);
        for (k = 1, found = 0; k <= 5; k++)
            if (strncmp(f.server->requests[k], line, strlen(line)) == 0) {
                ck_assert_str_eq(f.server->bodies[k], texts[i]);
                found++;
            }
        ck_assert_uint_eq(found, 1);
    }
    end(&f);
}
END_TEST

START_TEST(a_refused_part_ends_it)
{
    struct fixture f;
    struct dp_error err = {0};
    int rc = DP_OK, sent = 0;

    begin(&f, SCRIPT(STARTED, TAKEN, REFUSED, TAKEN, TAKEN, TAKEN, TAKEN));
    while (!rc && sent++ < 5)
        rc = send_text(&f, "part", &err);
    if (!rc)
        rc = dp_s3_parts_finish(&f.parts, &err);
    ck_assert_int_eq(rc, DP_DENIED);
    ck_assert_int_eq(err.http_status, 403);
    ck_assert_uint_eq(f.parts.count, 0);
    end(&f);
}
END_TEST

START_TEST(what_is_not_wanted_is_left)
{
    struct fixture f;
    time_t begun = time(NULL);

    begin(&f, SCRIPT(STARTED, SILENT, SILENT));
    ck_assert_int_eq(send_text(&f, "one", NULL), DP_OK);
    ck_assert_int_eq(send_text(&f, "two", NULL), DP_OK);
    dp_s3_parts_stop(&f.parts);
    ck_assert_uint_eq(f.parts.count, 0);
    ck_assert(time(NULL) - begun < 30); /* half of what silence is given */
    dp_s3_parts_stop(&f.parts);
    end(&f);
}
END_TEST

TEST_MAIN("s3 parts", every_part_is_sent_once, a_refused_part_ends_it, what_is_not_wanted_is_left)
