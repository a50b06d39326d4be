/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* URIs as the library writes them: absolute, percent-encoded, without secrets. A local file is
 * always `file:///absolute/path`, every byte of the path but the unreserved characters and '/'
 * encoded, "." components and double slashes dropped; symbolic links and ".." stay as they are
 * (another machine may mount things elsewhere behind them). */

#ifndef DP_CONNECTORS_URI_H
#define DP_CONNECTORS_URI_H

#include "base/array.h"
#include "base/error.h"

/* The length of the scheme of `uri` ("s3" of "s3://b/k" gives 2); 0 for a plain path. */
size_t dp_uri_scheme_length(const char *uri);

/* Appends `length` bytes of `text` percent-encoded to `out` (bytes), unreserved characters of
 * RFC 3986 and those in `keep` as they are. False when out of memory. */
bool dp_uri_encode(struct dp_array *out, const char *text, size_t length, const char *keep);

/* The reverse into `out`, NUL-terminated; a '%' without two hex digits stands for itself. False
 * when out of memory. The NUL is not counted in out->length. */
bool dp_uri_decode(struct dp_array *out, const char *text, size_t length);

/* The canonical URI of a path; relative ones are taken from the current folder. The caller frees
 * *uri. */
int dp_uri_from_path(const char *path, char **uri, struct dp_error *err);

/* The path that a plain path or a file: URI names. The caller frees *path. DP_INVALID for other
 * schemes, foreign hosts and encoded NUL bytes. */
int dp_uri_to_path(const char *uri, char **path, struct dp_error *err);

/* True for plain paths and file: URIs. */
bool dp_uri_is_local(const char *uri);

/* `uri` fit for messages and slices: without userinfo and, when `uri` is signed, without its
 * query; the fragment is dropped too. NULL when out of memory; the caller frees it. */
char *dp_uri_redact(const char *uri);

/* True when the query carries the signature of a presigned URL of any of the big stores. */
bool dp_uri_is_signed(const char *uri);

#endif
