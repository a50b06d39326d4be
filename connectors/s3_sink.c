/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Writing to S3: what is written is gathered in a spool; up to 64 MiB go in one PUT, more goes in
 * parts of 64 MiB, of which nothing is visible before the last request. */

#include "config.h"

#include "connectors/s3.h"

#include "connectors/s3_error.h"
#include "connectors/sigv4.h"
#include "connectors/spool.h"
#include "connectors/uri.h"

#include <nettle/base16.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_BYTES ((uint64_t)64 << 20)

enum {
    MOST_PARTS = 10000,        /* of one upload: the store's limit */
    ANSWER_BYTES = 64 << 10    /* of an XML answer that are read */
};

struct s3_sink {
    struct dp_sink sink;
    struct dp_s3_place *place;
    struct dp_spool spool;
    char *upload;          /* id of the multipart upload, encoded; NULL: none was begun */
    struct dp_array etags; /* of its parts: one `etag` each */
};

struct etag {
    char text[256];
};

static struct s3_sink *s3_of(struct dp_sink *sink)
{
    return (struct s3_sink *)sink;
}

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

static struct dp_http_request make_request(struct s3_sink *s3, const char *method,
                                           const char *query)
{
    struct dp_http_request request = {.method = method,
                                      .url = query,
                                      .name = s3->sink.uri,
                                      .auth = &s3->place->auth,
                                      .size_bytes = UINT64_MAX};

    return request;
}

/* Sends the spool as the body. */
static int put_spool(struct s3_sink *s3, const char *query, struct dp_http_answer *answer,
                     struct dp_error *err)
{
    struct dp_http_request request = make_request(s3, "PUT", query);
    char hash[65];

    dp_spool_hash(&s3->spool, hash);
    request.has_body = true;
    request.body_file = s3->spool.fd;
    request.body_bytes = s3->spool.length_bytes;
    request.body_hash = hash;
    return dp_http_retry_run(s3->sink.context, &request, answer, err);
}

/* A request with a small body whose answer is an XML document. Stores may answer 200 and then
 * report a failure in it. */
static int post(struct s3_sink *s3, const char *query, const char *body,
                struct dp_s3_error *document, struct dp_error *err)
{
    struct dp_http_request request = make_request(s3, "POST", query);
    struct dp_http_answer answer;
    struct dp_array text = {0};
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char hash[65] = "";
    int rc;

    sha256_init(&sha);
    sha256_update(&sha, strlen(body), (const uint8_t *)body);
    sha256_digest(&sha, sizeof(digest), digest);
    base16_encode_update(hash, sizeof(digest), digest);
    request.has_body = true;
    request.body = body;
    request.body_bytes = strlen(body);
    request.body_hash = hash;
    request.write = keep_answer;
    request.rewind = drop_answer;
    request.user = &text;
    rc = dp_http_retry_run(s3->sink.context, &request, &answer, err);
    memset(document, 0, sizeof(*document));
    if (!rc && dp_s3_error_parse(text.data, text.length, document) && document->code[0])
        rc = dp_error_set(err, DP_IO, "%s: %s (%s)", s3->sink.uri, document->message,
                          document->code);
    dp_array_free(&text);
    return rc;
}

/* ------------------------------------------------------------------------------ multipart */

static int begin_upload(struct s3_sink *s3, struct dp_error *err)
{
    struct dp_s3_error document;
    struct dp_array id = {0};
    int rc = post(s3, "uploads=", "", &document, err);

    if (rc)
        return rc;
    if (!document.upload_id[0])
        return dp_error_set(err, DP_IO, "%s: the server begins no upload", s3->sink.uri);
    if (!dp_uri_encode(&id, document.upload_id, strlen(document.upload_id), "") ||
        !dp_array_append(&id, "", 1, 1)) {
        dp_array_free(&id);
        return dp_error_no_memory(err);
    }
    s3->upload = id.data;
    return DP_OK;
}

/* Parts that are not put together cost money for ever: they are removed also when the caller was
 * told to stop. */
static void abort_upload(struct s3_sink *s3)
{
    struct dp_http_request request;
    struct dp_http_answer answer;
    struct dp_error err = {0};
    char *query;

    if (!s3->upload || asprintf(&query, "uploadId=%s", s3->upload) < 0)
        return;
    request = make_request(s3, "DELETE", query);
    request.cleanup = true;
    if (dp_http_retry_run(s3->sink.context, &request, &answer, &err))
        dp_context_log(s3->sink.context, DP_LOG_WARNING,
                       "%s; an unfinished upload may be left there", err.message);
    free(query);
    free(s3->upload);
    s3->upload = NULL;
}

static int put_part(struct s3_sink *s3, struct dp_error *err)
{
    struct dp_http_answer answer;
    struct etag etag;
    char *query;
    int rc;

    if (s3->etags.length == MOST_PARTS)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: the object is too big for one upload",
                            s3->sink.uri);
    if (asprintf(&query, "partNumber=%zu&uploadId=%s", s3->etags.length + 1, s3->upload) < 0)
        return dp_error_no_memory(err);
    rc = put_spool(s3, query, &answer, err);
    free(query);
    if (rc)
        return rc;
    if (!answer.etag[0])
        return dp_error_set(err, DP_IO, "%s: the server gives no ETag for a part", s3->sink.uri);
    memcpy(etag.text, answer.etag, sizeof(etag.text));
    if (!dp_array_append(&s3->etags, &etag, 1, sizeof(etag)))
        return dp_error_no_memory(err);
    return dp_spool_empty(&s3->spool, err);
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
static char *list_parts(const struct s3_sink *s3)
{
    const struct etag *etag = s3->etags.data;
    char *text = NULL;
    size_t length, i;
    FILE *out = open_memstream(&text, &length);
    bool ok;

    if (!out)
        return NULL;
    fputs("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", out);
    for (i = 0; i < s3->etags.length; i++) {
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

static int complete_upload(struct s3_sink *s3, struct dp_error *err)
{
    struct dp_s3_error document;
    char *query, *body = list_parts(s3);
    int rc;

    if (!body)
        return dp_error_no_memory(err);
    if (asprintf(&query, "uploadId=%s", s3->upload) < 0) {
        free(body);
        return dp_error_no_memory(err);
    }
    rc = post(s3, query, body, &document, err);
    free(query);
    free(body);
    if (!rc && !document.completed)
        rc = dp_error_set(err, DP_IO, "%s: the server does not say that the upload is complete",
                          s3->sink.uri);
    if (rc)
        return rc;
    free(s3->upload);
    s3->upload = NULL;
    return DP_OK;
}

/* ----------------------------------------------------------------------------------- sink */

static int write_s3(struct dp_sink *sink, const void *bytes, size_t length, struct dp_error *err)
{
    struct s3_sink *s3 = s3_of(sink);
    const char *from = bytes;
    int rc = DP_OK;

    while (!rc && length) {
        uint64_t room = PART_BYTES - s3->spool.length_bytes;
        size_t n = length < room ? length : (size_t)room;

        if (n == 0) {
            if (!s3->upload)
                rc = begin_upload(s3, err);
            if (!rc)
                rc = put_part(s3, err);
            continue;
        }
        rc = dp_spool_write(&s3->spool, from, n, err);
        from += n;
        length -= n;
    }
    return rc;
}

static int commit_s3(struct dp_sink *sink, struct dp_error *err)
{
    struct s3_sink *s3 = s3_of(sink);
    struct dp_http_answer answer;
    int rc;

    if (!s3->upload)
        return put_spool(s3, "", &answer, err);
    rc = s3->spool.length_bytes ? put_part(s3, err) : DP_OK;
    return rc ? rc : complete_upload(s3, err);
}

static void close_s3(struct dp_sink *sink)
{
    struct s3_sink *s3 = s3_of(sink);

    abort_upload(s3);
    dp_spool_close(&s3->spool);
    dp_array_free(&s3->etags);
    dp_s3_place_free(s3->place);
}

static const struct dp_sink_ops s3_sink_ops = {
    .name = "s3", .write = write_s3, .commit = commit_s3, .close = close_s3};

/* Whether we may write shows best by beginning to, which leaves nothing when it is taken back. */
static int probe(struct s3_sink *s3, struct dp_error *err)
{
    int rc = begin_upload(s3, err);

    abort_upload(s3);
    return rc;
}

int dp_s3_sink_open(struct dp_context *context, const char *uri, struct dp_sink **sink,
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
    s3->spool.fd = -1;
    rc = place->version ? dp_error_set(err, DP_INVALID, "%s: a version cannot be written", uri)
                        : probe(s3, err);
    if (!rc)
        rc = dp_spool_open(&s3->spool, err);
    if (rc)
        dp_sink_free(&s3->sink);
    else
        *sink = &s3->sink;
    return rc;
}
