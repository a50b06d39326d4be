/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/s3_upload.h"

#include "connectors/s3_error.h"
#include "connectors/uri.h"

#include <nettle/base16.h>
#include <nettle/md5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_PARTS = 10000,       /* of one upload: the store's limit */
    ANSWER_BYTES = 64 << 10,  /* of an XML answer that are read */
    ABORT_MILLISECONDS = 5000 /* of an attempt to remove parts */
};

/* ------------------------------------------------------------------------------- requests */

static int keep_answer(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct dp_array *body = user;

    if (body->length + length > ANSWER_BYTES)
        return dp_error_set(err, DP_IO, "the answer to an upload is too long");
    return dp_array_append(body, bytes, length, 1) ? DP_OK : dp_error_no_memory(err);
}

static void drop_answer(void *user)
{
    ((struct dp_array *)user)->length = 0;
}

static struct dp_http_request make_request(struct dp_s3_place *place, const char *method,
                                           const char *query)
{
    struct dp_http_request request = {.method = method,
                                      .url = query,
                                      .name = place->uri,
                                      .auth = &place->auth,
                                      .size_bytes = UINT64_MAX};

    return request;
}

static void hash_text(const char *text, char hex[65])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx sha;

    sha256_init(&sha);
    sha256_update(&sha, strlen(text), (const uint8_t *)text);
    sha256_digest(&sha, sizeof(digest), digest);
    base16_encode_update(hex, sizeof(digest), digest);
    hex[64] = 0;
}

/* A request with a small body whose answer is an XML document. Stores may answer 200 and then
 * report a failure in it. `header` may be NULL. */
static int post(struct dp_s3_place *place, const char *query, const char *header, const char *body,
                struct dp_s3_error *document, struct dp_error *err)
{
    const char *headers[] = {header, NULL};
    struct dp_http_request request = make_request(place, "POST", query);
    struct dp_http_answer answer;
    struct dp_array text = {0};
    char hash[65];
    int rc;

    hash_text(body, hash);
    request.headers = headers;
    request.has_body = true;
    request.body = body;
    request.body_bytes = strlen(body);
    request.body_hash = hash;
    request.write = keep_answer;
    request.rewind = drop_answer;
    request.user = &text;
    rc = dp_http_retry_run(place->context, &request, &answer, err);
    memset(document, 0, sizeof(*document));
    if (!rc && dp_s3_error_parse(text.data, text.length, document) && document->code[0])
        rc = dp_error_set(err, DP_IO, "%s: %s (%s)", place->uri, document->message,
                          document->code);
    dp_array_free(&text);
    return rc;
}

/* ---------------------------------------------------------------------------------- parts */

int dp_s3_upload_begin(struct dp_s3_upload *upload, struct dp_error *err)
{
    struct dp_s3_error document;
    struct dp_array id = {0};
    int rc = post(upload->place, "uploads=", NULL, "", &document, err);

    if (rc)
        return rc;
    if (!document.upload_id[0])
        return dp_error_set(err, DP_IO, "%s: the server begins no upload", upload->place->uri);
    if (!dp_uri_encode(&id, document.upload_id, strlen(document.upload_id), "") ||
        !dp_array_append(&id, "", 1, 1)) {
        dp_array_free(&id);
        return dp_error_no_memory(err);
    }
    upload->id = id.data;
    upload->etags.length = 0;
    upload->bytes = 0;
    return DP_OK;
}

/* With `cleanup` requests go on also when the caller was told to stop. */
void dp_s3_upload_abort(struct dp_s3_upload *upload)
{
    struct dp_http_request request;
    struct dp_http_answer answer;
    struct dp_error err = {0};
    char *query;

    if (!upload->id || asprintf(&query, "uploadId=%s", upload->id) < 0)
        return;
    request = make_request(upload->place, "DELETE", query);
    request.cleanup = true;
    request.limit_ms = ABORT_MILLISECONDS;
    /* Repeated after a lost answer it is not there any more: just as well. */
    if (dp_http_retry_run(upload->place->context, &request, &answer, &err) &&
        err.code != DP_NOT_FOUND)
        dp_context_log(upload->place->context, DP_LOG_WARNING,
                       "%s; an unfinished upload may be left there", err.message);
    free(query);
    free(upload->id);
    upload->id = NULL;
}

/* Who sends, and until when. */
struct sending {
    const struct dp_s3_upload *upload;
    const atomic_bool *stop;
};

/* The answer to a part has no body worth keeping. */
static int ask_further(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    const struct sending *sending = user;

    (void)bytes;
    (void)length;
    return atomic_load(sending->stop) ? dp_error_set(err, DP_CANCELLED, "%s: writing was given up",
                                                     sending->upload->place->uri)
                                      : DP_OK;
}

static int put_part(const struct sending *sending, size_t number, struct dp_spool *spool,
                    struct dp_http_answer *answer, struct dp_error *err)
{
    const struct dp_s3_upload *upload = sending->upload;
    struct dp_http_request request;
    char hash[65], *query;
    int rc;

    if (asprintf(&query, "partNumber=%zu&uploadId=%s", number, upload->id) < 0)
        return dp_error_no_memory(err);
    dp_spool_hash(spool, hash);
    request = make_request(upload->place, "PUT", query);
    request.has_body = true;
    request.body_file = spool->fd;
    request.body_bytes = spool->length_bytes;
    request.body_hash = hash;
    request.write = ask_further;
    request.user = (void *)sending;
    request.asks = true;
    rc = dp_http_retry_run(upload->place->context, &request, answer, err);
    free(query);
    return rc;
}

int dp_s3_upload_send(const struct dp_s3_upload *upload, size_t number, struct dp_spool *spool,
                      const atomic_bool *stop, struct dp_s3_etag *etag, struct dp_error *err)
{
    const struct sending sending = {upload, stop};
    struct dp_http_answer answer;
    int rc;

    if (number > MOST_PARTS)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: the object is too big for one upload",
                            upload->place->uri);
    rc = put_part(&sending, number, spool, &answer, err);
    if (rc)
        return rc;
    if (!answer.etag[0])
        return dp_error_set(err, DP_IO, "%s: the server gives no ETag for a part",
                            upload->place->uri);
    memcpy(etag->text, answer.etag, sizeof(etag->text));
    return DP_OK;
}

int dp_s3_upload_note(struct dp_s3_upload *upload, const struct dp_s3_etag *etag, uint64_t bytes,
                      struct dp_error *err)
{
    if (!dp_array_append(&upload->etags, etag, 1, sizeof(*etag)))
        return dp_error_no_memory(err);
    upload->bytes += bytes;
    return DP_OK;
}

/* ------------------------------------------------------------------------------- the whole */

int dp_s3_upload_look(struct dp_s3_place *place, struct dp_s3_standing *standing,
                      struct dp_error *err)
{
    struct dp_http_request request = make_request(place, "GET", "");
    struct dp_http_answer answer;
    struct dp_error failure = {0};
    int rc;

    memset(standing, 0, sizeof(*standing));
    request.ranged = request.open_end = true;
    request.range.end = 1;
    rc = dp_http_retry_run(place->context, &request, &answer, &failure);
    if (!rc) {
        standing->state = DP_S3_PRESENT;
        standing->size_bytes = answer.total;
        standing->bare = answer.rgw;
        memcpy(standing->etag, answer.etag, sizeof(standing->etag));
    } else if (rc == DP_NOT_FOUND && strcmp(answer.code, "NoSuchBucket") != 0) {
        standing->state = DP_S3_ABSENT;
    } else if (rc != DP_DENIED && answer.status != 416) { /* an empty object has no first byte */
        if (err)
            *err = failure;
        return rc;
    }
    return DP_OK;
}

/* Text as XML wants it; ETags are quoted. */
static void print_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"", *text))
            fprintf(out, "&#%d;", *text);
        else
            fputc(*text, out);
    }
}

/* The list of parts, to be freed; NULL when out of memory. */
static char *list_parts(const struct dp_s3_upload *upload)
{
    const struct dp_s3_etag *etag = upload->etags.data;
    char *text = NULL;
    size_t length, i;
    FILE *out = open_memstream(&text, &length);
    bool ok;

    if (!out)
        return NULL;
    fputs("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", out);
    for (i = 0; i < upload->etags.length; i++) {
        fprintf(out, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1);
        print_escaped(out, etag[i].text);
        fputs("</ETag></Part>", out);
    }
    fputs("</CompleteMultipartUpload>", out);
    ok = !ferror(out);
    if (fclose(out) == 0 && ok)
        return text;
    free(text);
    return NULL;
}

/* The ETag that stores give the whole: the MD5 of those of the parts, and their number. False when
 * a part's is no MD5 (where the store encrypts, for one). */
static bool whole_etag(const struct dp_s3_upload *upload, char *text, size_t capacity)
{
    const struct dp_s3_etag *etag = upload->etags.data;
    uint8_t digest[MD5_DIGEST_SIZE];
    char hex[BASE16_ENCODE_LENGTH(MD5_DIGEST_SIZE) + 1] = "";
    struct base16_decode_ctx decoder;
    struct md5_ctx md5;
    size_t i, length;

    md5_init(&md5);
    for (i = 0; i < upload->etags.length; i++) {
        length = sizeof(digest);
        base16_decode_init(&decoder);
        if (strlen(etag[i].text) != 2 * MD5_DIGEST_SIZE + 2 ||
            !base16_decode_update(&decoder, &length, digest, 2 * MD5_DIGEST_SIZE,
                                  etag[i].text + 1) ||
            !base16_decode_final(&decoder) || length != sizeof(digest))
            return false;
        md5_update(&md5, sizeof(digest), digest);
    }
    md5_digest(&md5, sizeof(digest), digest);
    base16_encode_update(hex, sizeof(digest), digest);
    return snprintf(text, capacity, "\"%s-%zu\"", hex, upload->etags.length) < (int)capacity;
}

/* Is what stands there now what was sent? Where the ETag says nothing, a new object of the right
 * size is. */
static bool is_ours(const struct dp_s3_upload *upload, const struct dp_s3_standing *before)
{
    struct dp_s3_standing now;
    char expected[64];

    if (dp_s3_upload_look(upload->place, &now, NULL) || now.state != DP_S3_PRESENT ||
        now.size_bytes != upload->bytes)
        return false;
    if (whole_etag(upload, expected, sizeof(expected)) && strcmp(now.etag, expected) == 0)
        return true;
    return !whole_etag(upload, expected, sizeof(expected)) && now.etag[0] &&
           (before->state == DP_S3_ABSENT ||
            (before->state == DP_S3_PRESENT && strcmp(now.etag, before->etag) != 0));
}

int dp_s3_upload_complete(struct dp_s3_upload *upload, const char *header,
                          const struct dp_s3_standing *before, struct dp_error *err)
{
    struct dp_s3_error document;
    struct dp_error failure = {0};
    char *query, *body = list_parts(upload);
    int rc;

    if (!body)
        return dp_error_no_memory(err);
    if (asprintf(&query, "uploadId=%s", upload->id) < 0) {
        free(body);
        return dp_error_no_memory(err);
    }
    rc = post(upload->place, query, header, body, &document, &failure);
    free(query);
    free(body);
    if (!rc && !document.completed)
        rc = dp_error_set(&failure, DP_IO,
                          "%s: the server does not say that the upload is complete",
                          upload->place->uri);
    /* An answer that was lost, or the refusal of a second try of what had worked. If the same bytes
     * stood there before, the parts are still where they were: abort() knows of both. */
    if (rc && rc != DP_CANCELLED && failure.http_status != 501 && is_ours(upload, before)) {
        dp_context_log(upload->place->context, DP_LOG_INFO,
                       "%s; but the object is there, and whole", failure.message);
        dp_s3_upload_abort(upload);
        return DP_OK;
    }
    if (rc) {
        if (err)
            *err = failure;
        return rc;
    }
    free(upload->id);
    upload->id = NULL;
    return DP_OK;
}

void dp_s3_upload_free(struct dp_s3_upload *upload)
{
    free(upload->id);
    upload->id = NULL;
    dp_array_free(&upload->etags);
}
