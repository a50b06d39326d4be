/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Writing to S3: what is written is gathered in a spool; up to 64 MiB go in one PUT, more goes in
 * parts of 64 MiB, some at a time, of which nothing is visible before the last request.
 *
 * Of two that write the same object at once, the second is told: the object is replaced only when
 * it is still what it was when the writing began (where the store knows conditional requests).
 * Unless it holds the very bytes that were to be written: then all is well. */

#include "config.h"

#include "connectors/s3.h"

#include "base/scratch.h"
#include "connectors/s3_parts.h"
#include "connectors/s3_upload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PART_BYTES ((uint64_t)64 << 20)

struct s3_sink {
    struct dp_sink sink;
    struct dp_s3_place *place;
    struct dp_spool spool;
    struct dp_s3_upload upload;   /* under way from the second part on */
    struct dp_s3_parts parts;     /* of it, on their way */
    struct dp_s3_standing before; /* what stood there when the sink was opened */
};

static struct s3_sink *s3_of(struct dp_sink *sink)
{
    return (struct s3_sink *)sink;
}

/* -------------------------------------------------------------------------------- writing */

static int put_part(struct s3_sink *s3, struct dp_error *err)
{
    int rc = s3->upload.id ? DP_OK : dp_s3_upload_begin(&s3->upload, err);

    return rc ? rc : dp_s3_parts_send(&s3->parts, &s3->spool, err);
}

static int write_s3(struct dp_sink *sink, const void *bytes, size_t length, struct dp_error *err)
{
    struct s3_sink *s3 = s3_of(sink);
    const char *from = bytes;
    int rc = DP_OK;

    while (!rc && length) {
        uint64_t room = PART_BYTES - s3->spool.length_bytes;
        size_t n = length < room ? length : (size_t)room;

        if (n == 0) {
            rc = put_part(s3, err);
            continue;
        }
        rc = dp_spool_write(&s3->spool, from, n, err);
        from += n;
        length -= n;
    }
    return rc;
}

/* ----------------------------------------------------------------------------- committing */

/* How to say what may be replaced. Some gateways compare the ETag with what stands in the header to
 * the letter, and their own has no quotes there: Ceph's is one, which is told so first. */
enum condition { AS_TOLD, WITHOUT_QUOTES, NO_CONDITION };

/* The ways to say it, in the order in which they are tried. */
static const enum condition usual[] = {AS_TOLD, WITHOUT_QUOTES, NO_CONDITION},
                            bare[] = {WITHOUT_QUOTES, AS_TOLD, NO_CONDITION};

/* The header that makes the store replace only what we know of: NULL without one, to be freed. */
static int make_condition(const struct s3_sink *s3, enum condition condition, char **header,
                          struct dp_error *err)
{
    const struct dp_s3_standing *before = &s3->before;
    int length = (int)strlen(before->etag), n = 0;

    *header = NULL;
    if (condition == NO_CONDITION)
        return DP_OK;
    if (before->state == DP_S3_ABSENT)
        n = asprintf(header, "If-None-Match: *");
    else if (before->etag[0] && condition == WITHOUT_QUOTES)
        n = asprintf(header, "If-Match: %.*s", length - 2, before->etag + 1);
    else if (before->etag[0])
        n = asprintf(header, "If-Match: %s", before->etag);
    return n < 0 ? dp_error_no_memory(err) : DP_OK;
}

/* Sends the spool as the object. */
static int put_whole(struct s3_sink *s3, const char *header, const char *hash,
                     struct dp_error *err)
{
    const char *headers[] = {header, NULL};
    struct dp_http_request request = {.method = "PUT",
                                      .url = "",
                                      .name = s3->sink.uri,
                                      .headers = headers,
                                      .auth = &s3->place->auth,
                                      .size_bytes = UINT64_MAX,
                                      .has_body = true,
                                      .body_file = s3->spool.fd,
                                      .body_bytes = s3->spool.length_bytes,
                                      .body_hash = hash};
    struct dp_http_answer answer;

    return dp_http_retry_run(s3->sink.context, &request, &answer, err);
}

/* What a comparison with the spool has come to. */
struct comparison {
    int fd;
    uint64_t at;
    bool differs;
    int rc; /* of reading the spool, with what went wrong */
    struct dp_error failure;
};

static int compare(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct comparison *comparison = user;
    char own[4096];
    const char *from = bytes;

    (void)err;
    while (length && !comparison->differs && !comparison->rc) {
        size_t n = length < sizeof(own) ? length : sizeof(own);
        int64_t got = dp_scratch_read(comparison->fd, DP_SCRATCH_NAME, comparison->at, own, n,
                                      &comparison->failure);

        if (got < 0)
            comparison->rc = (int)got;
        comparison->differs = got != (int64_t)n || memcmp(own, from, n) != 0;
        comparison->at += n;
        from += n;
        length -= n;
    }
    return DP_OK;
}

static void compare_anew(void *user)
{
    struct comparison *comparison = user;

    comparison->at = 0;
    comparison->differs = false;
}

/* Does the object hold the bytes of the spool? DP_OK: it does, DP_CHANGED: it does not; else, and
 * only then with *err, the spool cannot be read. */
static int compare_with_spool(struct s3_sink *s3, struct dp_error *err)
{
    struct comparison comparison = {.fd = s3->spool.fd};
    struct dp_http_request request = {.method = "GET",
                                      .url = "",
                                      .name = s3->sink.uri,
                                      .auth = &s3->place->auth,
                                      .size_bytes = UINT64_MAX,
                                      .write = compare,
                                      .rewind = compare_anew,
                                      .user = &comparison};
    struct dp_s3_standing now;
    struct dp_http_answer answer;
    bool same;

    if (dp_s3_upload_look(s3->place, &now, NULL) || now.state != DP_S3_PRESENT ||
        now.size_bytes != s3->spool.length_bytes)
        return DP_CHANGED;
    same = !dp_http_retry_run(s3->sink.context, &request, &answer, NULL) &&
           !comparison.differs && comparison.at == s3->spool.length_bytes;
    if (comparison.rc) {
        *err = comparison.failure;
        return comparison.rc;
    }
    return same ? DP_OK : DP_CHANGED;
}

/* Completes in one PUT or from the parts. */
static int finish(struct s3_sink *s3, enum condition condition, const char *hash,
                  struct dp_error *err)
{
    char *header;
    int rc = make_condition(s3, condition, &header, err);

    if (rc)
        return rc;
    rc = s3->upload.id ? dp_s3_upload_complete(&s3->upload, header, &s3->before, err)
                       : put_whole(s3, header, hash, err);
    free(header);
    return rc;
}

/* Whether the object is still what it was when the sink was opened. */
static bool is_as_before(const struct s3_sink *s3)
{
    struct dp_s3_standing now;

    return dp_s3_upload_look(s3->place, &now, NULL) == DP_OK && now.etag[0] &&
           strcmp(now.etag, s3->before.etag) == 0;
}

/* Another way to say the condition, when it was that which failed; else the same one. */
static const enum condition *choose_other(const struct s3_sink *s3,
                                          const enum condition *condition, int rc,
                                          const struct dp_error *failure)
{
    static const enum condition none = NO_CONDITION;

    if (*condition == NO_CONDITION)
        return condition;
    /* The store knows no conditions, or what was to be replaced has gone meanwhile. */
    if (failure->http_status == 501 || (rc == DP_NOT_FOUND && s3->before.etag[0]))
        return &none;
    /* It says that the object was replaced, and it was not. */
    if (rc == DP_CHANGED && s3->before.etag[0] && is_as_before(s3))
        return condition + 1;
    return condition;
}

static int finish_under_condition(struct s3_sink *s3, const char *hash, struct dp_error *err)
{
    const enum condition *condition = s3->before.bare ? bare : usual, *other;
    struct dp_error failure;
    int rc;

    for (;; condition = other) {
        memset(&failure, 0, sizeof(failure));
        rc = finish(s3, *condition, hash, &failure);
        other = rc ? choose_other(s3, condition, rc, &failure) : condition;
        if (other == condition)
            break;
    }
    /* Somebody was faster, perhaps ourselves in an attempt whose answer was lost. (Uploads in parts
     * have looked already.) */
    if (rc == DP_CHANGED && !s3->upload.id)
        rc = compare_with_spool(s3, &failure);
    if (rc == DP_CHANGED)
        dp_error_set(&failure, DP_CHANGED,
                     "%s: it was written by somebody else at the same time; that is left as it is",
                     s3->sink.uri);
    if (rc && err)
        *err = failure;
    return rc;
}

static int commit_s3(struct dp_sink *sink, struct dp_error *err)
{
    struct s3_sink *s3 = s3_of(sink);
    char hash[65] = "";
    int rc = DP_OK;

    if (!s3->upload.id)
        dp_spool_hash(&s3->spool, hash);
    else if (s3->spool.length_bytes)
        rc = put_part(s3, err);
    if (!rc)
        rc = dp_s3_parts_finish(&s3->parts, err);
    return rc ? rc : finish_under_condition(s3, hash, err);
}

/* -------------------------------------------------------------------------------- opening */

static void close_s3(struct dp_sink *sink)
{
    struct s3_sink *s3 = s3_of(sink);

    dp_s3_parts_stop(&s3->parts);
    dp_s3_upload_abort(&s3->upload);
    dp_s3_upload_free(&s3->upload);
    dp_spool_close(&s3->spool);
    dp_s3_place_free(s3->place);
}

static const struct dp_sink_ops s3_sink_ops = {
    .name = "s3", .write = write_s3, .commit = commit_s3, .close = close_s3};

/* Whether we may write shows best by beginning to, which leaves nothing when it is taken back. */
static int try_writing(struct s3_sink *s3, struct dp_error *err)
{
    int rc = dp_s3_upload_begin(&s3->upload, err);

    dp_s3_upload_abort(&s3->upload);
    return rc;
}

static int open_place(struct s3_sink *s3, const char *uri, bool probe, struct dp_error *err)
{
    int rc = DP_OK;

    if (s3->place->version)
        return dp_error_set(err, DP_INVALID, "%s: a version cannot be written", uri);
    if (probe)
        rc = try_writing(s3, err);
    if (!rc)
        rc = dp_s3_upload_look(s3->place, &s3->before, err);
    return rc ? rc : dp_spool_open(&s3->spool, err);
}

int dp_s3_sink_open(struct dp_context *context, const char *uri, bool probe, struct dp_sink **sink,
                    struct dp_error *err)
{
    struct dp_s3_place *place;
    struct s3_sink *s3;
    int rc = dp_s3_place_open(context, uri, &place, err);

    if (rc)
        return rc;
    s3 = (struct s3_sink *)dp_sink_new(sizeof(*s3), &s3_sink_ops, context, place->uri);
    if (!s3) {
        dp_s3_place_free(place);
        return dp_error_no_memory(err);
    }
    s3->place = place;
    s3->upload.place = place;
    s3->parts.upload = &s3->upload;
    s3->spool.fd = -1;
    rc = open_place(s3, uri, probe, err);
    if (rc)
        dp_sink_free(&s3->sink);
    else
        *sink = &s3->sink;
    return rc;
}
