/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/uri.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

size_t dp_uri_scheme_length(const char *uri)
{
    size_t n = 0;

    if (!isalpha((unsigned char)uri[0]))
        return 0;
    while (isalnum((unsigned char)uri[n]) || (uri[n] && strchr("+-.", uri[n])))
        n++;
    if (strncmp(uri + n, "://", 3) == 0)
        return n;
    /* RFC 8089 allows file:/path too. */
    return n == 4 && strncasecmp(uri, "file:/", 6) == 0 ? n : 0;
}

bool dp_uri_encode(struct dp_array *out, const char *text, size_t length, const char *keep)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t i;

    for (i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = (c < 0x80 && isalnum(c)) || (c && (strchr("-._~", c) || strchr(keep, c)));
        char code[3] = {'%', hex[c >> 4], hex[c & 15]};

        if (!dp_array_append(out, plain ? (char *)&c : code, plain ? 1 : 3, 1))
            return false;
    }
    return true;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool dp_uri_decode(struct dp_array *out, const char *text, size_t length)
{
    size_t i;

    if (!dp_array_reserve(out, length + 1, 1))
        return false;
    for (i = 0; i < length; i++) {
        char c = text[i];

        if (c == '%' && i + 2 < length && digit_of(text[i + 1]) >= 0 &&
            digit_of(text[i + 2]) >= 0) {
            c = (char)(digit_of(text[i + 1]) << 4 | digit_of(text[i + 2]));
            i += 2;
        }
        ((char *)out->data)[out->length++] = c;
    }
    ((char *)out->data)[out->length] = 0;
    return true;
}

/* Appends the components of `path`, each behind one '/', without empty ones and ".". */
static bool append_components(struct dp_array *out, const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");

        if (n && !(n == 1 && path[0] == '.') &&
            (!dp_array_append(out, "/", 1, 1) || !dp_uri_encode(out, path, n, "")))
            return false;
        path += n + (path[n] == '/');
    }
    return true;
}

int dp_uri_from_path(const char *path, char **uri, struct dp_error *err)
{
    struct dp_array out = {0};
    char *folder = NULL;
    size_t prefix;

    if (!*path)
        return dp_error_set(err, DP_INVALID, "an empty path names nothing");
    if (*path != '/' && !(folder = getcwd(NULL, 0)))
        return dp_error_set_errno(err, errno, "%s: the current folder", path);
    if (!dp_array_append(&out, "file://", 7, 1))
        goto no_memory;
    prefix = out.length;
    if ((folder && !append_components(&out, folder)) || !append_components(&out, path))
        goto no_memory;
    if (out.length == prefix && !dp_array_append(&out, "/", 1, 1))
        goto no_memory;
    if (!dp_array_append(&out, "", 1, 1))
        goto no_memory;
    free(folder);
    *uri = out.data;
    return DP_OK;

no_memory:
    free(folder);
    dp_array_free(&out);
    return dp_error_no_memory(err);
}

bool dp_uri_is_local(const char *uri)
{
    size_t n = dp_uri_scheme_length(uri);

    return n == 0 || (n == 4 && strncasecmp(uri, "file", 4) == 0);
}

int dp_uri_to_path(const char *uri, char **path, struct dp_error *err)
{
    struct dp_array out = {0};
    size_t n = dp_uri_scheme_length(uri);
    const char *rest = uri + n + 1;

    if (!dp_uri_is_local(uri))
        return dp_error_set(err, DP_INVALID, "%s: not a local file", uri);
    if (n == 0) {
        *path = strdup(uri);
        return *path ? DP_OK : dp_error_no_memory(err);
    }
    if (strncmp(rest, "//", 2) == 0) {
        rest += 2;
        if (strncasecmp(rest, "localhost/", 10) == 0)
            rest += 9;
    }
    if (*rest != '/')
        return dp_error_set(err, DP_INVALID, "%s: a file URI of another host", uri);
    if (!dp_uri_decode(&out, rest, strlen(rest)))
        return dp_error_no_memory(err);
    if (strlen(out.data) != out.length) {
        dp_array_free(&out);
        return dp_error_set(err, DP_INVALID, "%s: a path cannot hold a NUL byte", uri);
    }
    *path = out.data;
    return DP_OK;
}

bool dp_uri_is_signed(const char *uri)
{
    /* S3 (both signature versions), Google, CloudFront, Azure; tokens of repositories (Zenodo,
     * GitLab, ...), which open the door just as well. */
    static const char *const names[] = {"X-Amz-Signature", "X-Amz-Credential",
                                        "X-Amz-Security-Token", "X-Goog-Signature", "Signature",
                                        "sig", "token", "access_token", "private_token",
                                        "api_key", "apikey"};
    const char *p = strchr(uri, '?');
    size_t i;

    for (; p; p = strchr(p + 1, '&')) {
        size_t n = strcspn(p + 1, "=&#");

        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            if (p[1 + n] == '=' && strlen(names[i]) == n && strncasecmp(p + 1, names[i], n) == 0)
                return true;
    }
    return false;
}

char *dp_uri_redact(const char *uri)
{
    size_t scheme = dp_uri_scheme_length(uri);
    /* file:/path has no authority, and no two slashes. */
    bool authority = scheme && strncmp(uri + scheme, "://", 3) == 0;
    size_t head = authority ? scheme + 3 : 0;
    size_t end = strcspn(uri, dp_uri_is_signed(uri) ? "?#" : "#");
    size_t host = head, i;
    char *out = malloc(end + 1);

    if (!out)
        return NULL;
    for (i = head; authority && i < end && !strchr("/?", uri[i]); i++)
        if (uri[i] == '@')
            host = i + 1;
    memcpy(out, uri, head);
    memcpy(out + head, uri + host, end - host);
    out[head + end - host] = 0;
    return out;
}
