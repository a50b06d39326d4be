/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Objects behind HTTP, http(s) and s3 alike: reading by ranges, kept first bytes, validators. */

#ifndef DP_CONNECTORS_HTTP_OBJECT_H
#define DP_CONNECTORS_HTTP_OBJECT_H

#include "connectors/http.h"
#include "connectors/object.h"
#include "connectors/sink.h"

/* Where an object is and who may read it. */
struct dp_http_place {
    const char *uri;        /* canonical, for people and slices */
    const char *signed_uri; /* as opened when its query is signed; else NULL */
    const char *url;        /* of requests; for `auth` to understand */
    struct dp_http_auth *auth; /* owned by the object, also when opening fails; may be NULL */
    void (*free_auth)(struct dp_http_auth *auth);
};

/* Opens the object at `place`. With a validator and a size in `options` no request is sent. */
int dp_http_object_open_place(struct dp_context *context, const struct dp_http_place *place,
                              const struct dp_object_ops *ops,
                              const struct dp_object_options *options, struct dp_object **object,
                              struct dp_error *err);

/* The operations of such objects, for rows that differ in the name only. */
int dp_http_object_read_at(struct dp_object *object, struct dp_range range, void *buffer,
                           struct dp_error *err);
int dp_http_object_read_stream(struct dp_object *object, struct dp_range range, dp_write_fn write,
                               void *user, struct dp_error *err);
int dp_http_object_read_all(struct dp_object *object, dp_write_fn write, void *user,
                            struct dp_error *err);
void dp_http_object_close(struct dp_object *object);

/* Opens an http:// or https:// URL. */
int dp_http_object_open(struct dp_context *context, const char *uri,
                        const struct dp_object_options *options, struct dp_object **object,
                        struct dp_error *err);

/* `url` with every byte that may not stand in a URL encoded; NULL when out of memory. */
char *dp_http_object_clean_url(const char *url);

/* Writes by one PUT at the commit (http_sink.c). */
int dp_http_sink_open(struct dp_context *context, const char *uri, bool probe,
                      struct dp_sink **sink, struct dp_error *err);

#endif
