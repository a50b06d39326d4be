/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Requests to the services that give credentials: short, small, apart from those of the data. */

#include "config.h"

#include "connectors/credentials_source.h"

#include "connectors/http.h"
#include "connectors/sigv4.h"
#include "connectors/timestamp.h"

#include <ctype.h>
#include <errno.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { MOST_BYTES = 64 << 10 };

/* Signs calls to STS. */
struct signer {
    struct dp_http_auth auth; /* first: a pointer to it is a pointer to the signer */
    const struct dp_credentials_call *call;
    const char *body_hash;
};

/* -------------------------------------------------------------------------------- signing */

static bool add_line(struct dp_array *lines, const char *name, const char *value)
{
    return dp_array_append(lines, name, strlen(name), 1) && dp_array_append(lines, ": ", 2, 1) &&
           dp_array_append(lines, value, strlen(value) + 1, 1);
}

/* Host (as libcurl sends it: without a usual port) and path of `url`. False: out of memory. */
static bool split_url(const char *url, char **host, char **path)
{
    const char *from = strstr(url, "://") + 3;
    const char *usual = strncasecmp(url, "https:", 6) == 0 ? ":443" : ":80";
    size_t n = strcspn(from, "/?"), m = strlen(usual);

    *path = strdup(from[n] == '/' ? from + n : "/");
    if (n > m && memcmp(from + n - m, usual, m) == 0)
        n -= m;
    *host = strndup(from, n);
    return *host && *path;
}

static int sign(const struct signer *signer, struct dp_array *lines, struct dp_error *err)
{
    const struct dp_credentials *keys = signer->call->keys;
    char timestamp[DP_TIMESTAMP_BYTES], *host = NULL, *path = NULL, *authorization = NULL;
    bool ok = split_url(signer->call->url, &host, &path);
    struct dp_sigv4_header headers[] = {
        {"host", host}, {"x-amz-date", timestamp}, {"x-amz-security-token", keys->token}};
    struct dp_sigv4_request canonical = {.method = signer->call->method,
                                         .path = path,
                                         .query = "",
                                         .headers = headers,
                                         .header_count = keys->token ? 3 : 2,
                                         .payload_hash = signer->body_hash,
                                         .normalize_path = true};
    struct dp_sigv4_scope scope = {keys->access_key, keys->secret_key, signer->call->region, "sts",
                                   timestamp};
    int rc = ok ? DP_OK : dp_error_no_memory(err);

    dp_timestamp_format((int64_t)time(NULL), timestamp);
    if (!rc)
        rc = dp_sigv4_authorization(&canonical, &scope, &authorization, err);
    if (!rc && !(add_line(lines, "x-amz-date", timestamp) &&
                 (!keys->token || add_line(lines, "x-amz-security-token", keys->token)) &&
                 add_line(lines, "Authorization", authorization)))
        rc = dp_error_no_memory(err);
    free(host);
    free(path);
    free(authorization);
    return rc;
}

static int prepare(struct dp_http_auth *auth, const struct dp_http_request *request, char **url,
                   struct dp_array *lines, struct dp_error *err)
{
    struct signer *signer = (struct signer *)auth;
    int rc = signer->call->keys ? sign(signer, lines, err) : DP_OK;

    if (rc)
        return rc;
    *url = strdup(request->url);
    return *url ? DP_OK : dp_error_no_memory(err);
}

/* ----------------------------------------------------------------------------------- call */

static int keep(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct dp_array *body = user;

    if (body->length + length >= MOST_BYTES)
        return dp_error_set(err, DP_DENIED, "the answer with the credentials is too long");
    memcpy((char *)body->data + body->length, bytes, length);
    body->length += length;
    return DP_OK;
}

static void drop(void *user)
{
    ((struct dp_array *)user)->length = 0;
}

static void hash_text(const char *text, char hex[65])
{
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_init(&sha);
    sha256_update(&sha, strlen(text), (const uint8_t *)text);
    sha256_digest(&sha, sizeof(digest), digest);
    base16_encode_update(hex, sizeof(digest), digest);
    hex[64] = 0;
}

int dp_credentials_http_call(struct dp_context *context, const struct dp_credentials_call *call,
                             char **text, int *status, struct dp_error *err)
{
    char hash[65];
    struct signer signer = {.auth = {.prepare = prepare}, .call = call, .body_hash = hash};
    struct dp_array body = {0}; /* of its whole capacity from the start: nothing is copied about */
    struct dp_http_request request = {.method = call->method,
                                      .url = call->url,
                                      .name = call->name,
                                      .headers = call->headers,
                                      .auth = &signer.auth,
                                      .size_bytes = UINT64_MAX,
                                      .write = keep,
                                      .rewind = drop,
                                      .user = &body,
                                      .nested = true,
                                      .direct = call->local,
                                      .limit_ms = call->limit_ms};
    struct dp_http_answer answer = {0};
    int rc;

    *status = 0;
    if (!dp_array_reserve(&body, MOST_BYTES, 1))
        return dp_error_no_memory(err);
    hash_text(call->form ? call->form : "", hash);
    request.has_body = call->form != NULL;
    request.body = call->form;
    request.body_bytes = call->form ? strlen(call->form) : 0;
    request.content_type = "application/x-www-form-urlencoded; charset=utf-8";
    rc = call->once ? dp_http_exchange(context, &request, &answer, err)
                    : dp_http_retry_run(context, &request, &answer, err);
    *status = answer.status;
    ((char *)body.data)[body.length] = 0;
    if (rc)
        dp_credentials_http_free(body.data);
    else
        *text = body.data;
    return rc;
}

void dp_credentials_http_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* ---------------------------------------------------------------------------------- files */

int dp_credentials_http_read_token(const char *path, char **token, struct dp_error *err)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(MOST_BYTES) : NULL;
    size_t length, from = 0;
    int rc = DP_OK;

    if (!file)
        return dp_error_set(err, DP_DENIED, "%s: the token: %s", path, strerror(errno));
    if (!text) {
        fclose(file);
        return dp_error_no_memory(err);
    }
    length = fread(text, 1, MOST_BYTES - 1, file);
    if (ferror(file))
        rc = dp_error_set(err, DP_DENIED, "%s: the token: %s", path, strerror(errno));
    fclose(file);
    while (length && isspace((unsigned char)text[length - 1]))
        length--;
    text[length] = 0;
    while (isspace((unsigned char)text[from]))
        from++;
    memmove(text, text + from, strlen(text + from) + 1);
    if (!rc && (!*text || strlen(text) + from != length || strpbrk(text, "\r\n")))
        rc = dp_error_set(err, DP_DENIED, "%s: this is no token", path);
    if (rc)
        dp_credentials_http_free(text);
    else
        *token = text;
    return rc;
}
