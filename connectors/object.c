/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/object.h"

#include "base/checked.h"
#include "base/options.h"
#include "connectors/uri.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct dp_object *dp_object_new(size_t bytes, const struct dp_object_ops *ops,
                                struct dp_context *context, const char *uri)
{
    struct dp_object *object = calloc(1, bytes);

    if (!object)
        return NULL;
    object->ops = ops;
    object->context = context;
    object->ranges = true;
    object->uri = strdup(uri);
    object->validator = strdup("");
    if (object->uri && object->validator)
        return object;
    free(object->uri);
    free(object->validator);
    free(object);
    return NULL;
}

struct dp_object *dp_object_new_over(size_t bytes, const struct dp_object_ops *ops,
                                     const struct dp_object *next, struct dp_error *err)
{
    struct dp_object *object = dp_object_new(bytes, ops, next->context, next->uri);
    char *validator = strdup(next->validator);

    if (!object || !validator) {
        free(validator);
        dp_object_free(object);
        dp_error_no_memory(err);
        return NULL;
    }
    free(object->validator);
    object->validator = validator;
    object->size_bytes = next->size_bytes;
    object->ranges = next->ranges;
    object->remote = next->remote;
    return object;
}

int dp_object_set_validator(struct dp_object *object, const char *kind, const char *value,
                            struct dp_error *err)
{
    size_t bytes = strlen(kind) + 1 + strlen(value) + 1;
    char *text = malloc(bytes);

    if (!text)
        return dp_error_no_memory(err);
    strcpy(text, kind);
    strcat(text, ":");
    strcat(text, value);
    free(object->validator);
    object->validator = text;
    return DP_OK;
}

int dp_object_check_identity(const struct dp_object *object,
                             const struct dp_object_options *options, struct dp_error *err)
{
    if (options->validator && *options->validator &&
        strcmp(options->validator, object->validator) != 0)
        return dp_error_set(err, DP_CHANGED, "%s: the object was replaced: it carries '%s', "
                            "expected is '%s'", object->uri, object->validator,
                            options->validator);
    if (options->validator && options->size_bytes && options->size_bytes != object->size_bytes)
        return dp_error_set(err, DP_CHANGED,
                            "%s: the object was replaced: it has %" PRIu64
                            " bytes, expected are %" PRIu64,
                            object->uri, object->size_bytes, options->size_bytes);
    return DP_OK;
}

int dp_object_open(struct dp_context *context, const char *uri,
                   const struct dp_object_options *options, struct dp_object **object,
                   struct dp_error *err)
{
    struct dp_object_options own;
    const struct dp_connector *connector;
    int rc = dp_context_check(context, err);

    if (!rc)
        rc = dp_options_take(&own, sizeof(own), options, "object", err);
    if (rc)
        return rc;
    connector = dp_connector_find(uri, err);
    return connector ? connector->open(context, uri, &own, object, err) : DP_UNSUPPORTED;
}

void dp_object_free(struct dp_object *object)
{
    if (!object)
        return;
    if (object->ops->close)
        object->ops->close(object);
    free(object->uri);
    free(object->signed_uri);
    free(object->validator);
    free(object);
}

uint64_t dp_object_size(const struct dp_object *object)
{
    return object->size_bytes;
}

const char *dp_object_uri(const struct dp_object *object)
{
    return object->uri;
}

int dp_object_is_signed(const struct dp_object *object)
{
    return object->signed_uri != NULL;
}

const char *dp_object_validator(const struct dp_object *object)
{
    return object->validator;
}

static int check_range(const struct dp_object *object, struct dp_range range,
                       struct dp_error *err)
{
    if (range.begin > range.end || range.end > object->size_bytes)
        return dp_error_set(err, DP_INVALID,
                            "%s: bytes %" PRIu64 " to %" PRIu64
                            " are asked for, but the object has %" PRIu64,
                            object->uri, range.begin, range.end, object->size_bytes);
    if (!object->ranges && range.begin < range.end)
        return dp_error_set_detail(err, DP_UNSUPPORTED, DP_DETAIL_NO_RANGES,
                                   "%s: parts of it cannot be read here, only the whole, once",
                                   object->uri);
    if (range.end - range.begin > SIZE_MAX)
        return dp_error_set(err, DP_INVALID, "%s: more bytes than memory can hold", object->uri);
    return DP_OK;
}

/* What comes before a read of any kind. */
static int begin_read(const struct dp_object *object, struct dp_range range, struct dp_error *err)
{
    int rc = object->context ? dp_context_check(object->context, err) : DP_OK;

    return rc ? rc : check_range(object, range, err);
}

static void count_read(const struct dp_object *object, struct dp_range range)
{
    if (!object->context)
        return;
    atomic_fetch_add(&object->context->counters.read_calls, 1);
    atomic_fetch_add(&object->context->counters.read_bytes, range.end - range.begin);
}

int dp_object_read_at(struct dp_object *object, struct dp_range range, void *buffer,
                      struct dp_error *err)
{
    int rc = begin_read(object, range, err);

    if (rc || range.begin == range.end)
        return rc;
    rc = object->ops->read_at(object, range, buffer, err);
    if (!rc)
        count_read(object, range);
    return rc;
}

int dp_object_read_stream(struct dp_object *object, struct dp_range range, dp_write_fn write,
                          void *user, struct dp_error *err)
{
    int rc = begin_read(object, range, err);

    if (rc || range.begin == range.end)
        return rc;
    rc = object->ops->read_stream(object, range, write, user, err);
    if (!rc)
        count_read(object, range);
    return rc;
}
