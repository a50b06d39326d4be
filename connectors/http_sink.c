/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Writing by PUT: a server shows an object when all of it has arrived. What is written is gathered
 * in a spool, so that its length is known and a failed PUT can be repeated. */

#include "config.h"

#include "connectors/http_object.h"
#include "connectors/spool.h"
#include "connectors/uri.h"

#include <stdlib.h>

struct http_sink {
    struct dp_sink sink;
    struct dp_spool spool;
    char *url;
};

static struct http_sink *http_of(struct dp_sink *sink)
{
    return (struct http_sink *)sink;
}

static int write_http(struct dp_sink *sink, const void *bytes, size_t length,
                      struct dp_error *err)
{
    return dp_spool_write(&http_of(sink)->spool, bytes, length, err);
}

static int commit_http(struct dp_sink *sink, struct dp_error *err)
{
    struct http_sink *http = http_of(sink);
    struct dp_http_request request = {.method = "PUT",
                                      .url = http->url,
                                      .name = sink->uri,
                                      .size_bytes = UINT64_MAX,
                                      .has_body = true,
                                      .body_file = http->spool.fd,
                                      .body_bytes = http->spool.length_bytes};
    struct dp_http_answer answer;

    return dp_http_retry_run(sink->context, &request, &answer, err);
}

static void close_http(struct dp_sink *sink)
{
    dp_spool_close(&http_of(sink)->spool);
    free(http_of(sink)->url);
}

static const struct dp_sink_ops http_sink_ops = {
    .name = "http", .write = write_http, .commit = commit_http, .close = close_http};

/* Whether the server is there and lets us in. Whether it takes a PUT shows at the commit: there is
 * no request that asks for it and changes nothing. A presigned URL fits its own method only. */
static int try_reading(struct http_sink *http, struct dp_error *err)
{
    struct dp_http_request request = {.method = "GET",
                                      .url = http->url,
                                      .name = http->sink.uri,
                                      .ranged = true,
                                      .open_end = true,
                                      .range = {0, 1},
                                      .size_bytes = UINT64_MAX};
    struct dp_http_answer answer;
    struct dp_error failure = {0};
    int rc;

    if (dp_uri_is_signed(http->url))
        return DP_OK;
    rc = dp_http_retry_run(http->sink.context, &request, &answer, &failure);
    if (!rc || (answer.status && answer.status != 401 && answer.status != 407))
        return DP_OK;
    if (err)
        *err = failure;
    return rc;
}

int dp_http_sink_open(struct dp_context *context, const char *uri, bool probe,
                      struct dp_sink **sink, struct dp_error *err)
{
    struct http_sink *http;
    char *url = dp_http_object_clean_url(uri);
    char *shown = url ? dp_uri_redact(url) : NULL;
    int rc;

    http = shown ? (struct http_sink *)dp_sink_new(sizeof(*http), &http_sink_ops, context, shown)
                 : NULL;
    free(shown);
    if (!http) {
        free(url);
        return dp_error_no_memory(err);
    }
    http->url = url;
    http->spool.fd = -1;
    rc = probe ? try_reading(http, err) : DP_OK;
    if (!rc)
        rc = dp_spool_open(&http->spool, err);
    if (rc)
        dp_sink_free(&http->sink);
    else
        *sink = &http->sink;
    return rc;
}
