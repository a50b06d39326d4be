/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* AWS Signature Version 4: signs requests by header and makes presigned queries. Thread-safe:
 * nothing is shared. */

#ifndef DP_CONNECTORS_SIGV4_H
#define DP_CONNECTORS_SIGV4_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define DP_SIGV4_EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DP_SIGV4_UNSIGNED   "UNSIGNED-PAYLOAD"

struct dp_sigv4_header {
    const char *name;  /* in any case; the same name may stand more than once */
    const char *value; /* spaces at the ends and repeated ones do not matter */
};

/* What is signed. */
struct dp_sigv4_request {
    const char *method;
    const char *path;  /* as it is sent, begins with '/' */
    const char *query; /* as it is sent, without '?'; "" when there is none */
    const struct dp_sigv4_header *headers; /* all of these are signed; "host" must be there */
    size_t header_count;
    const char *payload_hash; /* SHA-256 of the body, hex, or DP_SIGV4_UNSIGNED */
    /* Services other than S3 sign a path without "." and ".." and double slashes, encoded once
     * more; S3 signs it byte for byte. */
    bool normalize_path;
};

/* Who signs, for what, when. */
struct dp_sigv4_scope {
    const char *access_key;
    const char *secret_key;
    const char *region;
    const char *service;   /* "s3" */
    const char *timestamp; /* UTC, "20130524T000000Z"; the same as in x-amz-date */
};

/* The text that is hashed, for tests and for comparing with a server's idea of it. The caller frees
 * *text. */
int dp_sigv4_canonical(const struct dp_sigv4_request *request, char **text,
                       struct dp_error *err);

/* The value of the Authorization header. The caller frees *value. */
int dp_sigv4_authorization(const struct dp_sigv4_request *request,
                           const struct dp_sigv4_scope *scope, char **value,
                           struct dp_error *err);

/* The query of a presigned URL: the request's own one and all that proves the right to it.
 * `token` is the session token or NULL. The caller frees *query. */
int dp_sigv4_presign(const struct dp_sigv4_request *request, const struct dp_sigv4_scope *scope,
                     unsigned expires_seconds, const char *token, char **query,
                     struct dp_error *err);

/* When a presigned URL expires, in seconds since 1970; false when `url` is none. */
bool dp_sigv4_expiry(const char *url, int64_t *seconds);

#endif
