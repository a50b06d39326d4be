/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 *
 *     canonical request --sha256--> string to sign --HMAC with the day's key--> signature
 */

#include "config.h"

#include "connectors/sigv4.h"

#include "base/array.h"
#include "connectors/timestamp.h"
#include "connectors/uri.h"

#include <ctype.h>
#include <nettle/base16.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_HEADERS = 64, DIGEST_BYTES = SHA256_DIGEST_SIZE, HEX_BYTES = 2 * DIGEST_BYTES + 1 };

static void to_hex(const uint8_t digest[DIGEST_BYTES], char hex[HEX_BYTES])
{
    base16_encode_update(hex, DIGEST_BYTES, digest);
    hex[HEX_BYTES - 1] = 0;
}

static void sign_bytes(const uint8_t *key, size_t key_length, const char *text,
                       uint8_t digest[DIGEST_BYTES])
{
    struct hmac_sha256_ctx hmac;

    hmac_sha256_set_key(&hmac, key_length, key);
    hmac_sha256_update(&hmac, strlen(text), (const uint8_t *)text);
    hmac_sha256_digest(&hmac, DIGEST_BYTES, digest);
    explicit_bzero(&hmac, sizeof(hmac));
}

/* ---------------------------------------------------------------------------------- path */

/* Drops the last component of `out`, never the first slash. */
static void go_up(struct dp_array *out)
{
    const char *text = out->data;

    while (out->length && text[out->length - 1] != '/')
        out->length--;
    if (out->length)
        out->length--;
}

/* Appends the path without ".", ".." and empty components, encoded. */
static bool append_normalized(struct dp_array *out, const char *path)
{
    size_t n = 0;

    for (; *path; path += n) {
        const char *name;

        while (*path == '/')
            path++;
        name = path;
        n = strcspn(path, "/");
        if (n == 0 || (n == 1 && name[0] == '.'))
            continue;
        if (n == 2 && name[0] == '.' && name[1] == '.') {
            go_up(out);
            continue;
        }
        if (!dp_array_append(out, "/", 1, 1) || !dp_uri_encode(out, name, n, ""))
            return false;
    }
    /* "a/" and "a/." name a folder. */
    return out->length && path[-1] != '/' ? true : dp_array_append(out, "/", 1, 1);
}

static bool print_path(FILE *out, const struct dp_sigv4_request *request)
{
    struct dp_array path = {0};
    bool ok = true;

    if (!request->normalize_path) {
        fprintf(out, "%s\n", *request->path ? request->path : "/");
        return true;
    }
    ok = append_normalized(&path, request->path);
    if (ok)
        fprintf(out, "%.*s\n", (int)path.length, (const char *)path.data);
    dp_array_free(&path);
    return ok;
}

/* --------------------------------------------------------------------------------- query */

/* Decodes and encodes: whatever the sender left plain, the canonical form is one. */
static char *canonical_part(const char *text, size_t length)
{
    struct dp_array plain = {0}, code = {0};
    bool ok = dp_uri_decode(&plain, text, length) &&
              dp_uri_encode(&code, plain.data, plain.length, "") &&
              dp_array_append(&code, "", 1, 1);

    dp_array_free(&plain);
    if (!ok)
        dp_array_free(&code);
    return code.data;
}

struct pair {
    char *name, *value;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *first = a, *second = b;
    int order = strcmp(first->name, second->name);

    return order ? order : strcmp(first->value, second->value);
}

static void free_pairs(struct dp_array *pairs)
{
    struct pair *pair = pairs->data;
    size_t i;

    for (i = 0; i < pairs->length; i++) {
        free(pair[i].name);
        free(pair[i].value);
    }
    dp_array_free(pairs);
}

static bool split_query(const char *query, struct dp_array *pairs)
{
    while (*query) {
        size_t length = strcspn(query, "&"), name = strcspn(query, "=&");
        size_t value = name < length ? name + 1 : length;
        struct pair pair;

        if (length) {
            pair.name = canonical_part(query, name);
            pair.value = canonical_part(query + value, length - value);
            if (!pair.name || !pair.value || !dp_array_append(pairs, &pair, 1, sizeof(pair))) {
                free(pair.name);
                free(pair.value);
                return false;
            }
        }
        query += length + (query[length] == '&');
    }
    return true;
}

static bool print_query(FILE *out, const char *query)
{
    struct dp_array pairs = {0};
    const struct pair *pair;
    bool ok = split_query(query, &pairs);
    size_t i;

    if (ok && pairs.length) {
        qsort(pairs.data, pairs.length, sizeof(*pair), compare_pairs);
        pair = pairs.data;
        for (i = 0; i < pairs.length; i++)
            fprintf(out, "%s%s=%s", i ? "&" : "", pair[i].name, pair[i].value);
    }
    free_pairs(&pairs);
    return ok;
}

/* ------------------------------------------------------------------------------- headers */

/* Compares names without case, to the end: "my-header" comes before "my-header1". */
static int compare_headers(const void *a, const void *b)
{
    const struct dp_sigv4_header *const *first = a, *const *second = b;
    int order = strcasecmp((*first)->name, (*second)->name);

    /* Equal names keep the order in which they are sent, which is their order in memory. */
    return order ? order : (*first > *second) - (*first < *second);
}

static size_t sort_headers(const struct dp_sigv4_request *request,
                           const struct dp_sigv4_header *sorted[MOST_HEADERS])
{
    size_t i, count = request->header_count < MOST_HEADERS ? request->header_count : MOST_HEADERS;

    for (i = 0; i < count; i++)
        sorted[i] = &request->headers[i];
    qsort(sorted, count, sizeof(sorted[0]), compare_headers);
    return count;
}

static void print_lower(FILE *out, const char *name)
{
    for (; *name; name++)
        fputc(tolower((unsigned char)*name), out);
}

static void print_value(FILE *out, const char *value)
{
    size_t end = strlen(value);
    bool space = false;

    while (end && value[end - 1] == ' ')
        end--;
    for (; end && *value == ' '; end--)
        value++;
    for (; end; end--, value++) {
        if (!(space && *value == ' '))
            fputc(*value, out);
        space = *value == ' ';
    }
}

static bool is_first_of_name(const struct dp_sigv4_header **sorted, size_t i)
{
    return i == 0 || strcasecmp(sorted[i]->name, sorted[i - 1]->name) != 0;
}

static void print_headers(FILE *out, const struct dp_sigv4_request *request)
{
    const struct dp_sigv4_header *sorted[MOST_HEADERS];
    size_t i, count = sort_headers(request, sorted);

    for (i = 0; i < count; i++) {
        if (is_first_of_name(sorted, i)) {
            fputs(i ? "\n" : "", out);
            print_lower(out, sorted[i]->name);
            fputc(':', out);
        } else {
            fputc(',', out);
        }
        print_value(out, sorted[i]->value);
    }
    fputs(count ? "\n" : "", out);
}

static void print_names(FILE *out, const struct dp_sigv4_request *request)
{
    const struct dp_sigv4_header *sorted[MOST_HEADERS];
    size_t i, count = sort_headers(request, sorted);

    for (i = 0; i < count; i++)
        if (is_first_of_name(sorted, i)) {
            fputs(i ? ";" : "", out);
            print_lower(out, sorted[i]->name);
        }
}

/* ----------------------------------------------------------------------------- signature */

/* Closes a memory stream; NULL when memory did not suffice somewhere. */
static char *finish_text(FILE *out, char **text, bool ok)
{
    ok = !ferror(out) && ok;
    ok = fclose(out) == 0 && ok;
    if (ok)
        return *text;
    free(*text);
    return NULL;
}

int dp_sigv4_canonical(const struct dp_sigv4_request *request, char **text,
                       struct dp_error *err)
{
    char *made = NULL;
    size_t length;
    FILE *out;
    bool ok;

    if (request->header_count > MOST_HEADERS)
        return dp_error_set(err, DP_INVALID, "more than %d headers to sign", MOST_HEADERS);
    out = open_memstream(&made, &length);
    if (!out)
        return dp_error_no_memory(err);
    fprintf(out, "%s\n", request->method);
    ok = print_path(out, request) && print_query(out, request->query);
    fputc('\n', out);
    print_headers(out, request);
    fputc('\n', out);
    print_names(out, request);
    fprintf(out, "\n%s", request->payload_hash);
    made = finish_text(out, &made, ok);
    if (!made)
        return dp_error_no_memory(err);
    *text = made;
    return DP_OK;
}

/* The key of one day, region and service. */
static bool derive_key(const struct dp_sigv4_scope *scope, uint8_t key[DIGEST_BYTES])
{
    char day[9], *first;

    if (asprintf(&first, "AWS4%s", scope->secret_key) < 0)
        return false;
    snprintf(day, sizeof(day), "%s", scope->timestamp);
    sign_bytes((const uint8_t *)first, strlen(first), day, key);
    sign_bytes(key, DIGEST_BYTES, scope->region, key);
    sign_bytes(key, DIGEST_BYTES, scope->service, key);
    sign_bytes(key, DIGEST_BYTES, "aws4_request", key);
    explicit_bzero(first, strlen(first));
    free(first);
    return true;
}

static int sign_request(const struct dp_sigv4_request *request,
                        const struct dp_sigv4_scope *scope, char signature[HEX_BYTES],
                        struct dp_error *err)
{
    uint8_t digest[DIGEST_BYTES], key[DIGEST_BYTES];
    struct sha256_ctx sha;
    char *canonical, *to_sign;
    int rc = dp_sigv4_canonical(request, &canonical, err);

    if (rc)
        return rc;
    sha256_init(&sha);
    sha256_update(&sha, strlen(canonical), (const uint8_t *)canonical);
    sha256_digest(&sha, sizeof(digest), digest);
    free(canonical);
    to_hex(digest, signature);
    if (asprintf(&to_sign, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/%s/aws4_request\n%s", scope->timestamp,
                 scope->timestamp, scope->region, scope->service, signature) < 0)
        return dp_error_no_memory(err);
    if (derive_key(scope, key)) {
        sign_bytes(key, sizeof(key), to_sign, digest);
        explicit_bzero(key, sizeof(key));
        to_hex(digest, signature);
    } else {
        rc = dp_error_no_memory(err);
    }
    free(to_sign);
    return rc;
}

int dp_sigv4_authorization(const struct dp_sigv4_request *request,
                           const struct dp_sigv4_scope *scope, char **value,
                           struct dp_error *err)
{
    char signature[HEX_BYTES], *made = NULL;
    size_t length;
    FILE *out;
    int rc = sign_request(request, scope, signature, err);

    if (rc)
        return rc;
    out = open_memstream(&made, &length);
    if (!out)
        return dp_error_no_memory(err);
    fprintf(out, "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=",
            scope->access_key, scope->timestamp, scope->region, scope->service);
    print_names(out, request);
    fprintf(out, ", Signature=%s", signature);
    made = finish_text(out, &made, true);
    if (!made)
        return dp_error_no_memory(err);
    *value = made;
    return DP_OK;
}

/* The query that is signed: everything but the signature. NULL when out of memory. */
static char *presign_query(const struct dp_sigv4_request *request,
                           const struct dp_sigv4_scope *scope, unsigned expires_seconds,
                           const char *token)
{
    char *made = NULL;
    char *key = canonical_part(scope->access_key, strlen(scope->access_key));
    char *safe_token = token ? canonical_part(token, strlen(token)) : NULL;
    size_t length;
    FILE *out = key && (safe_token || !token) ? open_memstream(&made, &length) : NULL;

    if (out) {
        fprintf(out, "%s%sX-Amz-Algorithm=AWS4-HMAC-SHA256", request->query,
                *request->query ? "&" : "");
        fprintf(out, "&X-Amz-Credential=%s%%2F%.8s%%2F%s%%2F%s%%2Faws4_request", key,
                scope->timestamp, scope->region, scope->service);
        fprintf(out, "&X-Amz-Date=%s&X-Amz-Expires=%u", scope->timestamp, expires_seconds);
        if (safe_token)
            fprintf(out, "&X-Amz-Security-Token=%s", safe_token);
        fputs("&X-Amz-SignedHeaders=", out);
        print_names(out, request);
        made = finish_text(out, &made, true);
    }
    free(key);
    free(safe_token);
    return made;
}

/* ';' between names of headers must be encoded in a query. */
static char *encode_semicolons(char *query)
{
    struct dp_array out = {0};
    bool ok = query != NULL;
    const char *p;

    for (p = query; ok && *p; p++)
        ok = *p == ';' ? dp_array_append(&out, "%3B", 3, 1) : dp_array_append(&out, p, 1, 1);
    ok = ok && dp_array_append(&out, "", 1, 1);
    free(query);
    if (!ok)
        dp_array_free(&out);
    return out.data;
}

int dp_sigv4_presign(const struct dp_sigv4_request *request, const struct dp_sigv4_scope *scope,
                     unsigned expires_seconds, const char *token, char **query,
                     struct dp_error *err)
{
    struct dp_sigv4_request presigned = *request;
    char signature[HEX_BYTES], *made;
    char *base = encode_semicolons(presign_query(request, scope, expires_seconds, token));
    int rc;

    if (!base)
        return dp_error_no_memory(err);
    presigned.query = base;
    rc = sign_request(&presigned, scope, signature, err);
    if (!rc && asprintf(&made, "%s&X-Amz-Signature=%s", base, signature) < 0)
        rc = dp_error_no_memory(err);
    if (!rc)
        *query = made;
    free(base);
    return rc;
}

/* The value of `name` ("X-Amz-Date=") in the query of `url`; NULL when it is not there. */
static const char *find_value(const char *url, const char *name)
{
    const char *at = strchr(url, '?');

    for (; at; at = strchr(at + 1, '&'))
        if (strncasecmp(at + 1, name, strlen(name)) == 0)
            return at + 1 + strlen(name);
    return NULL;
}

bool dp_sigv4_expiry(const char *url, int64_t *seconds)
{
    const char *date = find_value(url, "X-Amz-Date="), *life = find_value(url, "X-Amz-Expires=");
    char text[DP_TIMESTAMP_BYTES];
    long expires;

    if (!date || !life || sscanf(life, "%8ld", &expires) != 1)
        return false;
    snprintf(text, sizeof(text), "%.*s", (int)strcspn(date, "&"), date);
    if (!dp_timestamp_parse_basic(text, seconds))
        return false;
    *seconds += expires;
    return true;
}
