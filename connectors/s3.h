/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* s3://bucket/key: names, places and signed requests. The path is percent-decoded: "%20" stands for
 * a blank, and a '%' that is no code for itself, so that the canonical URI (every byte of the key
 * encoded but the unreserved ones and '/') names the same key. Only a query that begins with
 * "versionId=" is one; any other '?' belongs to the key. */

#ifndef DP_CONNECTORS_S3_H
#define DP_CONNECTORS_S3_H

#include "connectors/credentials.h"
#include "connectors/http.h"
#include "connectors/object.h"
#include "connectors/sink.h"

/* One object of one bucket, and the right to it. Requests with this auth carry in `url` what stands
 * behind the '?': "" or "uploads=" and the like. Thread-safe. */
struct dp_s3_place {
    struct dp_http_auth auth; /* first: a pointer to it is a pointer to the place */
    struct dp_context *context;
    struct dp_s3_account *account; /* of the context */
    char *uri;                     /* canonical */
    char *bucket, *key;            /* plain bytes; a key holds no NUL */
    char *version;                 /* plain; NULL: the newest one */
    char *path;                    /* of requests: begins with '/', encoded */
    char *base;                    /* "https://host", without the bucket when in `path` */
    char *host;                    /* as the Host header says it */
    pthread_mutex_t mutex;
    char region[DP_S3_REGION_BYTES]; /* under the mutex; AWS may tell another one */
};

/* Reads the URI, asks the context's account for endpoint and region. */
int dp_s3_place_open(struct dp_context *context, const char *uri, struct dp_s3_place **place,
                     struct dp_error *err);
/* The bucket as a whole, for requests that are about no key; that of `uri` is left out. */
int dp_s3_place_open_bucket(struct dp_context *context, const char *uri,
                            struct dp_s3_place **place, struct dp_error *err);
void dp_s3_place_free(struct dp_s3_place *place);

int dp_s3_object_open(struct dp_context *context, const char *uri,
                      const struct dp_object_options *options, struct dp_object **object,
                      struct dp_error *err);

/* Makes a URL by which anybody may GET the object for `seconds` from now; *expires (seconds since
 * 1970) is earlier when the credentials end before. The caller frees *url; it is a secret. */
int dp_s3_presign(struct dp_context *context, const char *uri, unsigned seconds, char **url,
                  int64_t *expires, struct dp_error *err);

/* s3_list.c: the objects whose keys fit the pattern in `uri`. */
int dp_s3_list_open(struct dp_context *context, const char *uri,
                    const struct dp_list_options *options, struct dp_list **list,
                    struct dp_error *err);

/* s3_sink.c: one PUT up to 64 MiB, a multipart upload above. */
int dp_s3_sink_open(struct dp_context *context, const char *uri, bool probe, struct dp_sink **sink,
                    struct dp_error *err);

#endif
