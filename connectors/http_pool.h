/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The connections of a context. A handle of libcurl keeps its connection alive, so the pool hands
 * out the one used last first. It belongs to the thread that took it until that gives it back.
 * Names and TLS sessions are shared by all handles. Who waits for one gets it in the order of
 * asking. Thread-safe. */

#ifndef DP_CONNECTORS_HTTP_POOL_H
#define DP_CONNECTORS_HTTP_POOL_H

#include "connectors/http.h"

#include <curl/curl.h>

/* What one thread at a time talks over. */
struct dp_http_line {
    CURLM *multi; /* keeps the connection; its transfers can be left at any time */
    CURL *curl;
    int socket; /* the one opened last; may be closed by now */
};

/* A line for `request`, waiting until there are fewer under way than the context allows. */
int dp_http_pool_take(struct dp_context *context, const struct dp_http_request *request,
                      struct dp_http_line *line, struct dp_error *err);
/* Gives it back with its connection, without the options of the request. */
void dp_http_pool_give(struct dp_context *context, const struct dp_http_request *request,
                       struct dp_http_line line);
/* What lines have in common. Once a line was taken. */
CURLSH *dp_http_pool_share(struct dp_context *context);

/* Frees the pool and closes its connections. NULL is allowed. */
void dp_http_pool_free(struct dp_http_pool *pool);

#endif
