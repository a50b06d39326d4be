/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/index_locate.h"

#include "base/array.h"
#include "connectors/credentials.h"
#include "connectors/uri.h"

#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#define ENDING ".dpi"

/* File systems take components of up to 255 bytes, and every byte of a name may have become three.
 * A longer one keeps its beginning, for people, and gets a hash, which tells it from all others. */
enum { LONGEST_COMPONENT = 255, KEPT_BYTES = 180, HASH_BYTES = 16 };

static bool append(struct dp_array *out, const char *text, size_t length)
{
    return dp_array_append(out, text, length, 1);
}

static bool append_text(struct dp_array *out, const char *text)
{
    return append(out, text, strlen(text));
}

/* Ends `out` as a string and hands it over, or frees it when something did not fit in memory. */
static int hand_over(struct dp_array *out, bool done, char **text, struct dp_error *err)
{
    if (!done || !append(out, "", 1)) {
        dp_array_free(out);
        return dp_error_no_memory(err);
    }
    *text = out->data;
    return DP_OK;
}

/* Objects that only live in this process have no place beside them. */
static int check_place(const struct dp_object *object, struct dp_error *err)
{
    if (dp_uri_scheme_length(object->uri) > 0)
        return DP_OK;
    return dp_error_set(err, DP_NOT_FOUND, "%s: an object without a place has no index beside it",
                        object->uri);
}

const char *dp_index_locate_directory(void)
{
    const char *directory = getenv("DP_INDEX_DIR");

    return directory && *directory ? directory : NULL;
}

/* A query that is no signature belongs to the address of a web object: it stays behind the name.
 * The version of one in S3 goes into the key, as nothing can be written under a version: each
 * version has an index of its own. */
static bool append_query_and_ending(struct dp_array *out, const struct dp_object *object,
                                    const char *query)
{
    if (strncmp(object->uri, "s3:", 3) == 0)
        return dp_uri_encode(out, query, strlen(query), "%=&") && append_text(out, ENDING);
    return append_text(out, ENDING) && append_text(out, query);
}

int dp_index_locate_beside(const struct dp_object *object, char **uri, struct dp_error *err)
{
    struct dp_array out = {0};
    const char *query;
    char *path = NULL;
    bool done;
    int result;

    result = check_place(object, err);
    if (result)
        return result;
    if (dp_uri_is_local(object->uri)) {
        result = dp_uri_to_path(object->uri, &path, err);
        if (result)
            return result;
        done = append_text(&out, path) && append_text(&out, ENDING);
        free(path);
        return hand_over(&out, done, uri, err);
    }
    query = object->uri + strcspn(object->uri, "?");
    done = append(&out, object->uri, (size_t)(query - object->uri)) &&
           append_query_and_ending(&out, object, query);
    return hand_over(&out, done, uri, err);
}

/* One component of the object's URI as one component of a path or URI: it stays percent-encoded,
 * so it holds no slash; names that walk the tree get a tail. */
static bool append_component(struct dp_array *out, const char *text, size_t length)
{
    struct dp_array plain = {0};
    const char *name;
    bool done, walks;

    if (!dp_uri_decode(&plain, text, length))
        return false;
    name = plain.data;
    walks = plain.length == strlen(name) &&
            (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0);
    done = append(out, "/", 1) && dp_uri_encode(out, text, length, "%!$&'()*+,;=:@") &&
           (!walks || append(out, "~", 1));
    dp_array_free(&plain);
    return done;
}

/* The endpoint of S3 objects wherever it was set: an option, the environment, a profile; NULL:
 * AWS's own. A context without an account (its files cannot be read) opens no S3 object anyway. */
static const char *endpoint_of(const struct dp_object *object)
{
    struct dp_s3_account *account;

    if (dp_credentials_account(object->context, &account, NULL))
        return NULL;
    return dp_credentials_settings(account)->endpoint;
}

/* Who serves the object: the authority of its URI, for s3:// that of the endpoint. */
static bool append_host(struct dp_array *out, const struct dp_object *object, const char *authority,
                        size_t length)
{
    const char *endpoint, *host;

    if (dp_uri_is_local(object->uri))
        return append_text(out, "/localhost");
    if (strncmp(object->uri, "s3:", 3) != 0)
        return append_component(out, authority, length);
    endpoint = endpoint_of(object);
    host = endpoint ? strstr(endpoint, "://") : NULL;
    if (!host)
        return append_text(out, "/s3");
    host += 3;
    if (strchr(host, '@'))
        host = strchr(host, '@') + 1;
    return append_component(out, host, strcspn(host, "/?#"));
}

/* A file's URI without ".." folders: one file has one place whatever the current folder was
 * when it was named. *uri is NULL when there are none or the folder is gone. Free it. */
static int straighten(const struct dp_object *object, char **uri, struct dp_error *err)
{
    struct dp_array joined = {0};
    char *path, *folder = NULL, *name;
    int result;

    *uri = NULL;
    if (!dp_uri_is_local(object->uri) || !strstr(object->uri, "/../"))
        return DP_OK;
    result = dp_uri_to_path(object->uri, &path, err);
    if (result)
        return result;
    name = strrchr(path, '/');
    *name++ = '\0';
    folder = realpath(path, NULL);
    if (folder) {
        if (append_text(&joined, folder) && append(&joined, "/", 1) &&
            append(&joined, name, strlen(name) + 1))
            result = dp_uri_from_path(joined.data, uri, err);
        else
            result = dp_error_no_memory(err);
    }
    dp_array_free(&joined);
    free(folder);
    free(path);
    return result;
}

/* /HOST/bucket/key behind what `out` holds. `uri` is that of the object. */
static bool append_inside(struct dp_array *out, const struct dp_object *object, const char *uri)
{
    const char *at = uri + dp_uri_scheme_length(uri) + 3;
    size_t length = strcspn(at, "/?");
    bool done;

    done = append_host(out, object, at, length);
    /* The authority of s3:// is the bucket. */
    if (done && strncmp(uri, "s3:", 3) == 0)
        done = append_component(out, at, length);
    at += length;
    while (done && *at == '/') {
        at++;
        length = strcspn(at, "/?");
        done = append_component(out, at, length);
        at += length;
    }
    if (done && *at == '?')
        done = dp_uri_encode(out, at, strlen(at), "=&");
    return done && append(out, "", 1);
}

/* Appends one component, with its ending when it is the last one, so that file systems take it. */
static bool append_short(struct dp_array *out, const char *text, size_t length, const char *ending)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    char hex[BASE16_ENCODE_LENGTH(HASH_BYTES) + 1] = "";
    size_t kept = KEPT_BYTES;
    struct sha256_ctx sha;

    if (length + strlen(ending) <= LONGEST_COMPONENT)
        return append(out, text, length) && append_text(out, ending);
    sha256_init(&sha);
    sha256_update(&sha, length, (const uint8_t *)text);
    sha256_digest(&sha, sizeof(digest), digest);
    base16_encode_update(hex, HASH_BYTES, digest);
    /* "%C3" is not cut in the middle. */
    while (text[kept - 1] == '%' || text[kept - 2] == '%')
        kept--;
    return append(out, text, kept) && append_text(out, "~") && append_text(out, hex) &&
           append_text(out, ending);
}

/* Appends the path `inside` (NUL-terminated, without its ending) behind `out`. */
static bool append_path(struct dp_array *out, const char *inside)
{
    bool done = true;

    while (done && *inside) {
        size_t length = strcspn(inside + 1, "/");
        bool last = !inside[1 + length];

        done = append(out, "/", 1) && append_short(out, inside + 1, length, last ? ENDING : "");
        inside += 1 + length;
    }
    return done;
}

int dp_index_locate(struct dp_object *object, const char *directory, char **uri,
                    struct dp_error *err)
{
    struct dp_array out = {0}, inside = {0};
    char *straight = NULL;
    size_t length;
    bool done;
    int result;

    if (!directory)
        directory = dp_index_locate_directory();
    if (!directory)
        return dp_index_locate_beside(object, uri, err);
    result = check_place(object, err);
    if (!result)
        result = straighten(object, &straight, err);
    if (result)
        return result;
    length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        length--;
    done = append(&out, directory, length) &&
           append_inside(&inside, object, straight ? straight : object->uri) &&
           append_path(&out, inside.data);
    dp_array_free(&inside);
    free(straight);
    return hand_over(&out, done, uri, err);
}
