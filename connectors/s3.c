/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/s3.h"

#include "connectors/http_object.h"
#include "connectors/sigv4.h"
#include "connectors/timestamp.h"
#include "connectors/uri.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---------------------------------------------------------------------------------- names */

/* NUL-terminated text of `length` bytes of a URI, decoded. NULL when out of memory. */
static char *decode(const char *text, size_t length)
{
    struct dp_array out = {0};

    return dp_uri_decode(&out, text, length) ? out.data : NULL;
}

static bool is_bucket_name(const char *name)
{
    size_t i;

    /* RGW has "tenant:bucket"; old buckets have capitals and underscores. */
    for (i = 0; name[i]; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr(".-_:", name[i]))
            return false;
    return i >= 3 && i <= 255;
}

/* With `whole_bucket` what is behind the bucket's name is no key. */
static int split_uri(struct dp_s3_place *place, const char *uri, bool whole_bucket,
                     struct dp_error *err)
{
    const char *bucket = uri + dp_uri_scheme_length(uri) + 3;
    size_t bucket_length = strcspn(bucket, "/");
    const char *key = bucket + bucket_length + (bucket[bucket_length] == '/');
    const char *version = whole_bucket ? NULL : strstr(key, "?versionId=");
    size_t key_length = version ? (size_t)(version - key) : strlen(key);

    if (whole_bucket)
        key_length = 0;
    place->bucket = decode(bucket, bucket_length);
    place->key = decode(key, key_length);
    place->version = version ? decode(version + 11, strlen(version + 11)) : NULL;
    if (!place->bucket || !place->key || (version && !place->version))
        return dp_error_no_memory(err);
    if (memmem(uri, strlen(uri), "%00", 3))
        return dp_error_set(err, DP_INVALID, "%s: a name on S3 cannot hold a NUL byte", uri);
    if (!is_bucket_name(place->bucket))
        return dp_error_set(err, DP_INVALID, "%s: this is not a bucket's name", uri);
    if (!*place->key && !whole_bucket)
        return dp_error_set(err, DP_INVALID, "%s: names a bucket; an object needs a key", uri);
    return DP_OK;
}

/* `prefix` and the key encoded and `suffix` and the version, as text to free. */
static char *join(const char *prefix, const char *bucket, const char *key, const char *version)
{
    struct dp_array out = {0};
    bool ok = dp_array_append(&out, prefix, strlen(prefix), 1);

    if (bucket)
        ok = ok && dp_uri_encode(&out, bucket, strlen(bucket), ":") &&
             dp_array_append(&out, "/", 1, 1);
    ok = ok && dp_uri_encode(&out, key, strlen(key), "/");
    if (version)
        ok = ok && dp_array_append(&out, "?versionId=", 11, 1) &&
             dp_uri_encode(&out, version, strlen(version), "");
    if (ok && dp_array_append(&out, "", 1, 1))
        return out.data;
    dp_array_free(&out);
    return NULL;
}

/* ---------------------------------------------------------------------------------- places */

/* Certificates cover one label before the endpoint's name, and names of hosts have no capitals. */
static bool fits_host_name(const char *bucket)
{
    return !strpbrk(bucket, "._:ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* The Host header of `base`: without the port that goes without saying. */
static char *host_of(const char *base)
{
    bool tls = strncasecmp(base, "https:", 6) == 0;
    const char *host = strstr(base, "://") + 3;
    size_t n = strcspn(host, "/");
    const char *usual = tls ? ":443" : ":80";
    size_t m = strlen(usual);

    if (n > m && memcmp(host + n - m, usual, m) == 0)
        n -= m;
    return strndup(host, n);
}

static const char *suffix_of(const char *region)
{
    return strncmp(region, "cn-", 3) == 0 ? ".cn" : "";
}

/* Scheme and host of the requests; call with a fresh place or with its mutex. NULL: no memory. */
static char *make_base(const struct dp_s3_place *place, bool virtual_style)
{
    const struct dp_s3_settings *settings = dp_credentials_settings(place->account);
    const char *endpoint = settings->endpoint;
    const char *bucket = virtual_style ? place->bucket : "", *dot = virtual_style ? "." : "";
    const char *host;
    char *base;
    int n;

    if (endpoint) {
        host = strstr(endpoint, "://") + 3;
        n = asprintf(&base, "%.*s%s%s%s", (int)(host - endpoint), endpoint, bucket, dot, host);
    } else {
        n = asprintf(&base, "https://%s%ss3%s%s.%s.amazonaws.com%s", bucket, dot,
                     settings->fips ? "-fips" : "", settings->dual_stack ? ".dualstack" : "",
                     place->region, suffix_of(place->region));
    }
    return n < 0 ? NULL : base;
}

static bool uses_virtual_style(const struct dp_s3_place *place)
{
    const struct dp_s3_settings *settings = dp_credentials_settings(place->account);

    if (settings->force_path_style || !fits_host_name(place->bucket))
        return false;
    return !settings->endpoint || settings->force_virtual_style;
}

static int set_address(struct dp_s3_place *place, struct dp_error *err)
{
    bool virtual_style = uses_virtual_style(place);
    const char *slash;

    free(place->base);
    free(place->host);
    free(place->path);
    place->base = make_base(place, virtual_style);
    place->host = place->base ? host_of(place->base) : NULL;
    place->path = NULL;
    if (!place->host)
        return dp_error_no_memory(err);
    /* An endpoint may have a path of its own; requests are signed with the whole of it. */
    slash = strchr(strstr(place->base, "://") + 3, '/');
    if (slash) {
        char *prefix;

        if (asprintf(&prefix, "%s/", slash) < 0)
            return dp_error_no_memory(err);
        place->path = join(prefix, virtual_style ? NULL : place->bucket, place->key, NULL);
        free(prefix);
        place->base[slash - place->base] = 0;
    } else {
        place->path = join("/", virtual_style ? NULL : place->bucket, place->key, NULL);
    }
    return place->path ? DP_OK : dp_error_no_memory(err);
}

/* --------------------------------------------------------------------------------- signing */

static bool add_line(struct dp_array *lines, const char *name, const char *value)
{
    return dp_array_append(lines, name, strlen(name), 1) && dp_array_append(lines, ": ", 2, 1) &&
           dp_array_append(lines, value, strlen(value) + 1, 1);
}

/* The query of a request: what it says itself, and the version of the object for reading. NULL when
 * out of memory. */
static char *make_query(const struct dp_s3_place *place, const struct dp_http_request *request)
{
    struct dp_array out = {0};
    bool version = place->version && strcmp(request->method, "GET") == 0;
    bool ok = dp_array_append(&out, request->url, strlen(request->url), 1);

    if (version)
        ok = ok && (!out.length || dp_array_append(&out, "&", 1, 1)) &&
             dp_array_append(&out, "versionId=", 10, 1) &&
             dp_uri_encode(&out, place->version, strlen(place->version), "");
    if (ok && dp_array_append(&out, "", 1, 1))
        return out.data;
    dp_array_free(&out);
    return NULL;
}

static int64_t now(void)
{
    return (int64_t)time(NULL);
}

/* The scope of a signature made at `at`, with `timestamp` filled. Call with the mutex. */
static struct dp_sigv4_scope make_scope(const struct dp_s3_place *place,
                                        const struct dp_credentials *keys, int64_t at,
                                        char timestamp[DP_TIMESTAMP_BYTES])
{
    dp_timestamp_format(at, timestamp);
    return (struct dp_sigv4_scope){keys->access_key, keys->secret_key, place->region, "s3",
                                   timestamp};
}

/* Buckets may ask that whoever reads them says so: it costs him money. */
static bool pays(const struct dp_s3_place *place)
{
    return place->context->options.request_payer != 0;
}

/* Appends the headers that sign `request`. Call with the mutex. */
static int sign(const struct dp_s3_place *place, const struct dp_http_request *request,
                const char *query, const struct dp_credentials *keys, struct dp_array *lines,
                struct dp_error *err)
{
    const char *hash = request->body_hash ? request->body_hash : DP_SIGV4_EMPTY_HASH;
    char timestamp[DP_TIMESTAMP_BYTES], *authorization;
    struct dp_sigv4_header headers[5] = {
        {"host", place->host}, {"x-amz-content-sha256", hash}, {"x-amz-date", timestamp}};
    struct dp_sigv4_request canonical = {.method = request->method,
                                         .path = place->path,
                                         .query = query,
                                         .headers = headers,
                                         .header_count = 3,
                                         .payload_hash = hash};
    struct dp_sigv4_scope scope = make_scope(place, keys, now(), timestamp);
    bool ok = true;
    size_t i;
    int rc;

    if (keys->token)
        headers[canonical.header_count++] =
            (struct dp_sigv4_header){"x-amz-security-token", keys->token};
    if (pays(place))
        headers[canonical.header_count++] =
            (struct dp_sigv4_header){"x-amz-request-payer", "requester"};
    rc = dp_sigv4_authorization(&canonical, &scope, &authorization, err);
    if (rc)
        return rc;
    for (i = 1; i < canonical.header_count; i++) /* the host is sent in any case */
        ok = ok && add_line(lines, headers[i].name, headers[i].value);
    ok = ok && add_line(lines, "Authorization", authorization);
    free(authorization);
    return ok ? DP_OK : dp_error_no_memory(err);
}

/* The keys in force; a failure is told as one of this object. */
static int get_keys(const struct dp_s3_place *place, struct dp_credentials *keys,
                    struct dp_error *err)
{
    struct dp_error failure = {0};
    int rc = dp_credentials_get(place->account, keys, &failure);

    if (rc && err) {
        *err = failure;
        snprintf(err->message, sizeof(err->message), "%.400s: %.600s", place->uri,
                 failure.message);
    }
    return rc;
}

static int prepare(struct dp_http_auth *auth, const struct dp_http_request *request, char **url,
                   struct dp_array *lines, struct dp_error *err)
{
    struct dp_s3_place *place = (struct dp_s3_place *)auth;
    struct dp_credentials keys = {0};
    char *query;
    int rc = get_keys(place, &keys, err);

    if (rc)
        return rc;
    query = make_query(place, request);
    pthread_mutex_lock(&place->mutex);
    if (!query || asprintf(url, "%s%s%s%s", place->base, place->path, *query ? "?" : "", query) < 0)
        rc = dp_error_no_memory(err);
    if (!rc && !add_line(lines, "Host", place->host))
        rc = dp_error_no_memory(err);
    if (!rc && keys.anonymous && pays(place) &&
        !add_line(lines, "x-amz-request-payer", "requester"))
        rc = dp_error_no_memory(err);
    if (!rc && !keys.anonymous)
        rc = sign(place, request, query, &keys, lines, err);
    pthread_mutex_unlock(&place->mutex);
    free(query);
    dp_credentials_clear(&keys);
    return rc;
}

/* -------------------------------------------------------------------------------- mending */

/* Goes where the bucket is. */
static bool move_to_region(struct dp_s3_place *place, const char *region)
{
    bool moved = false;

    pthread_mutex_lock(&place->mutex);
    if (strcmp(place->region, region) != 0) {
        snprintf(place->region, sizeof(place->region), "%s", region);
        moved = set_address(place, NULL) == DP_OK;
    }
    pthread_mutex_unlock(&place->mutex);
    return moved;
}

/* AWS names the right region of a bucket in a redirect or a refusal. */
static bool learn_region(struct dp_s3_place *place, const char *region)
{
    size_t n = 0;

    while (isalnum((unsigned char)region[n]) || region[n] == '-')
        n++;
    if (n == 0 || region[n])
        return false;
    dp_s3_regions_learn(dp_credentials_regions(place->account), place->bucket, region);
    dp_context_log(place->context, DP_LOG_DEBUG, "%s: the bucket is in region %s", place->uri,
                   region);
    return move_to_region(place, region);
}

static bool mend(struct dp_http_auth *auth, const struct dp_http_request *request,
                 const struct dp_http_answer *answer)
{
    struct dp_s3_place *place = (struct dp_s3_place *)auth;

    (void)request;
    if (strcmp(answer->code, "ExpiredToken") == 0)
        return dp_credentials_renew(place->account);
    if (answer->status == 301 || answer->status == 307 || answer->status == 400)
        return learn_region(place, answer->region);
    return false;
}

/* ----------------------------------------------------------------------------- presigning */

/* Signs at `at`, for `seconds`. */
static int presign(struct dp_s3_place *place, int64_t at, unsigned seconds,
                   const struct dp_credentials *keys, char **url, struct dp_error *err)
{
    struct dp_http_request get = {.method = "GET",
                                  .url = pays(place) ? "x-amz-request-payer=requester" : ""};
    struct dp_sigv4_header host = {"host", place->host};
    struct dp_sigv4_request canonical = {.method = "GET",
                                         .path = place->path,
                                         .headers = &host,
                                         .header_count = 1,
                                         .payload_hash = DP_SIGV4_UNSIGNED};
    char timestamp[DP_TIMESTAMP_BYTES], *query = NULL, *own = make_query(place, &get);
    struct dp_sigv4_scope scope;
    int rc;

    if (!own)
        return dp_error_no_memory(err);
    pthread_mutex_lock(&place->mutex);
    scope = make_scope(place, keys, at, timestamp);
    canonical.query = own;
    rc = dp_sigv4_presign(&canonical, &scope, seconds, keys->token, &query, err);
    if (!rc && asprintf(url, "%s%s?%s", place->base, place->path, query) < 0)
        rc = dp_error_no_memory(err);
    pthread_mutex_unlock(&place->mutex);
    free(own);
    free(query);
    return rc;
}

int dp_s3_presign(struct dp_context *context, const char *uri, unsigned seconds, char **url,
                  int64_t *expires, struct dp_error *err)
{
    struct dp_credentials keys = {0};
    struct dp_s3_place *place = NULL;
    int64_t at;
    int rc = dp_s3_place_open(context, uri, &place, err);

    if (rc)
        return rc;
    rc = get_keys(place, &keys, err);
    at = now();
    if (!rc && keys.anonymous)
        rc = dp_error_set(err, DP_INVALID, "%s: without credentials no URL can be presigned",
                          place->uri);
    if (!rc)
        rc = presign(place, at, seconds, &keys, url, err);
    if (!rc) {
        *expires = at + seconds;
        if (keys.expires && keys.expires < *expires)
            *expires = keys.expires;
    }
    dp_credentials_clear(&keys);
    dp_s3_place_free(place);
    return rc;
}

/* --------------------------------------------------------------------------------- opening */

static int open_place(struct dp_context *context, const char *uri, bool whole_bucket,
                      struct dp_s3_place **place, struct dp_error *err)
{
    struct dp_s3_place *made = calloc(1, sizeof(*made));
    const struct dp_s3_settings *settings;
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    pthread_mutex_init(&made->mutex, NULL);
    made->auth.prepare = prepare;
    made->auth.mend = mend;
    made->context = context;
    rc = split_uri(made, uri, whole_bucket, err);
    if (!rc)
        rc = dp_credentials_account(context, &made->account, err);
    if (rc)
        goto fail;
    settings = dp_credentials_settings(made->account);
    made->auth.attempts = settings->attempts;
    made->auth.ca_bundle = settings->ca_bundle;
    if (!dp_s3_regions_find(dp_credentials_regions(made->account), made->bucket, made->region))
        snprintf(made->region, sizeof(made->region), "%s", settings->region);
    made->uri = join("s3://", made->bucket, made->key, made->version);
    rc = made->uri ? set_address(made, err) : dp_error_no_memory(err);
    if (rc)
        goto fail;
    *place = made;
    return DP_OK;

fail:
    dp_s3_place_free(made);
    return rc;
}

int dp_s3_place_open(struct dp_context *context, const char *uri, struct dp_s3_place **place,
                     struct dp_error *err)
{
    return open_place(context, uri, false, place, err);
}

int dp_s3_place_open_bucket(struct dp_context *context, const char *uri,
                            struct dp_s3_place **place, struct dp_error *err)
{
    return open_place(context, uri, true, place, err);
}

void dp_s3_place_free(struct dp_s3_place *place)
{
    if (!place)
        return;
    pthread_mutex_destroy(&place->mutex);
    free(place->uri);
    free(place->bucket);
    free(place->key);
    free(place->version);
    free(place->path);
    free(place->base);
    free(place->host);
    free(place);
}

static void free_auth(struct dp_http_auth *auth)
{
    dp_s3_place_free((struct dp_s3_place *)auth);
}

static const struct dp_object_ops s3_ops = {.name = "s3",
                                            .read_at = dp_http_object_read_at,
                                            .read_stream = dp_http_object_read_stream,
                                            .read_all = dp_http_object_read_all,
                                            .close = dp_http_object_close};

int dp_s3_object_open(struct dp_context *context, const char *uri,
                      const struct dp_object_options *options, struct dp_object **object,
                      struct dp_error *err)
{
    struct dp_http_place place = {.url = "", .free_auth = free_auth};
    struct dp_s3_place *s3;
    int rc = dp_s3_place_open(context, uri, &s3, err);

    if (rc)
        return rc;
    place.uri = s3->uri;
    place.auth = &s3->auth;
    return dp_http_object_open_place(context, &place, &s3_ops, options, object, err);
}
