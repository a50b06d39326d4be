/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/list.h"

#include "base/options.h"
#include "connectors/glob.h"
#include "connectors/object.h"
#include "connectors/uri.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct dp_list *dp_list_new(size_t bytes, const struct dp_list_ops *ops,
                            struct dp_context *context, const struct dp_list_options *options,
                            const char *name)
{
    struct dp_list *list = calloc(1, bytes);

    if (!list)
        return NULL;
    list->ops = ops;
    list->context = context;
    list->options = *options;
    list->name = strdup(name);
    if (list->name)
        return list;
    free(list);
    return NULL;
}

/* ---------------------------------------------------------------------------- one object */

struct one {
    struct dp_list list;
    struct dp_object *object; /* opened, for its facts */
    bool given;
};

static int next_of_one(struct dp_list *list, struct dp_list_entry *entry, struct dp_error *err)
{
    struct one *one = (struct one *)list;

    (void)err;
    if (one->given)
        return 0;
    one->given = true;
    entry->uri = dp_object_uri(one->object);
    entry->size_bytes = dp_object_size(one->object);
    entry->validator = dp_object_validator(one->object);
    return 1;
}

static void close_one(struct dp_list *list)
{
    dp_object_free(((struct one *)list)->object);
}

static const struct dp_list_ops one_ops = {
    .name = "one", .next = next_of_one, .close = close_one};

static int open_one(struct dp_context *context, const char *uri,
                    const struct dp_list_options *options, struct dp_list **list,
                    struct dp_error *err)
{
    struct one *one = (struct one *)dp_list_new(sizeof(*one), &one_ops, context, options, uri);
    int rc;

    if (!one)
        return dp_error_no_memory(err);
    rc = dp_object_open(context, uri, NULL, &one->object, err);
    if (rc)
        dp_list_free(&one->list);
    else
        *list = &one->list;
    return rc;
}

/* -------------------------------------------------------------------------------- opening */

/* Something that exists under this very name is meant by it. */
static int is_many_files(const char *uri)
{
    struct stat about;
    char *path;
    int rc = dp_uri_to_path(uri, &path, NULL);

    if (rc)
        return 0;
    if (stat(path, &about) == 0)
        rc = S_ISDIR(about.st_mode) != 0;
    else
        rc = dp_glob_is_pattern(uri) || (*uri && uri[strlen(uri) - 1] == '/');
    free(path);
    return rc;
}

int dp_list_is_many(const char *uri)
{
    size_t scheme = dp_uri_scheme_length(uri);
    const char *path, *rest;

    if (dp_uri_is_local(uri))
        return is_many_files(uri);
    rest = uri + scheme + 3;
    path = rest + strcspn(rest, "/");
    if (scheme == 2 && strncasecmp(uri, "s3", 2) == 0)
        return !strstr(path, "?versionId=") &&
               (!*path || path[strlen(path) - 1] == '/' || dp_glob_is_pattern(path));
    /* The query of a URL is no part of its path; '?' and brackets in it say nothing. */
    rest = path + strcspn(path, "?#");
    return (rest > path + 1 && rest[-1] == '/') || memchr(path, '*', (size_t)(rest - path)) != NULL;
}

int dp_list_open(struct dp_context *context, const char *uri,
                 const struct dp_list_options *options, struct dp_list **list,
                 struct dp_error *err)
{
    struct dp_list_options own;
    const struct dp_connector *connector;
    char *shown;
    int rc = dp_context_check(context, err);

    if (!rc)
        rc = dp_options_take(&own, sizeof(own), options, "list", err);
    if (rc)
        return rc;
    connector = dp_connector_find(uri, err);
    if (!connector)
        return DP_UNSUPPORTED;
    if (!dp_list_is_many(uri))
        return open_one(context, uri, &own, list, err);
    if (connector->list)
        return connector->list(context, uri, &own, list, err);
    shown = dp_uri_redact(uri);
    rc = shown ? dp_error_set(err, DP_UNSUPPORTED,
                              "%s: %s:// has no listing: name each object, or list them on S3 or "
                              "in a folder", shown, connector->scheme)
               : dp_error_no_memory(err);
    free(shown);
    return rc;
}

static bool is_index(const char *uri)
{
    size_t n = strlen(uri);

    return n >= 4 && strcmp(uri + n - 4, ".dpi") == 0;
}

int dp_list_next(struct dp_list *list, struct dp_list_entry *entry, struct dp_error *err)
{
    struct dp_list_entry found = {.struct_bytes = entry->struct_bytes};
    size_t bytes = found.struct_bytes < sizeof(found) ? found.struct_bytes : sizeof(found);
    int rc = bytes < sizeof(size_t)
                 ? dp_error_set(err, DP_INVALID, "list: the entry's struct_bytes was not set")
                 : dp_context_check(list->context, err);

    if (rc || list->finished)
        return rc;
    do
        rc = list->ops->next(list, &found, err);
    while (rc > 0 && list->options.skip_indexes && is_index(found.uri));
    list->finished = rc <= 0;
    if (rc > 0)
        memcpy(entry, &found, bytes);
    return rc;
}

void dp_list_free(struct dp_list *list)
{
    if (!list)
        return;
    list->ops->close(list);
    free(list->name);
    free(list);
}
