/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A range of an object as an object of its own. */

#include "config.h"

#include "connectors/object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct subrange {
    struct dp_object object;
    struct dp_object *parent; /* the caller's */
    uint64_t begin;           /* of this object in the parent */
};

/* The base has checked the range, and it counts: the parent's connector is called at once. */
static int read_subrange(struct dp_object *object, struct dp_range range, void *buffer,
                         struct dp_error *err)
{
    const struct subrange *subrange = (const struct subrange *)object;
    struct dp_range shifted = {range.begin + subrange->begin, range.end + subrange->begin};

    return subrange->parent->ops->read_at(subrange->parent, shifted, buffer, err);
}

static int stream_subrange(struct dp_object *object, struct dp_range range, dp_write_fn write,
                           void *user, struct dp_error *err)
{
    const struct subrange *subrange = (const struct subrange *)object;
    struct dp_range shifted = {range.begin + subrange->begin, range.end + subrange->begin};

    return subrange->parent->ops->read_stream(subrange->parent, shifted, write, user, err);
}

static const struct dp_object_ops subrange_ops = {.name = "subrange", .read_at = read_subrange};
static const struct dp_object_ops streaming_ops = {
    .name = "subrange", .read_at = read_subrange, .read_stream = stream_subrange};

static int check(const struct dp_object *parent, struct dp_range range, struct dp_error *err)
{
    if (range.begin > range.end || range.end > parent->size_bytes)
        return dp_error_set(err, DP_INVALID,
                            "%s: bytes %" PRIu64 " to %" PRIu64
                            " are not a part of it, it has %" PRIu64,
                            parent->uri, range.begin, range.end, parent->size_bytes);
    if (!parent->ranges)
        return dp_error_set_detail(err, DP_UNSUPPORTED, DP_DETAIL_NO_RANGES,
                                   "%s: parts of it cannot be read here, only the whole, once",
                                   parent->uri);
    return DP_OK;
}

int dp_object_open_subrange(struct dp_object *parent, struct dp_range range,
                            struct dp_object **object, struct dp_error *err)
{
    struct subrange *subrange;
    char *uri;
    int rc = check(parent, range, err);

    if (rc)
        return rc;
    if (asprintf(&uri, "%s#bytes=%" PRIu64 "-%" PRIu64, parent->uri, range.begin, range.end) < 0)
        return dp_error_no_memory(err);
    subrange = (struct subrange *)dp_object_new_over(
        sizeof(*subrange), parent->ops->read_stream ? &streaming_ops : &subrange_ops, parent, err);
    if (!subrange) {
        free(uri);
        return DP_NO_MEMORY;
    }
    free(subrange->object.uri);
    subrange->object.uri = uri;
    subrange->object.size_bytes = range.end - range.begin;
    subrange->parent = parent;
    subrange->begin = range.begin;
    *object = &subrange->object;
    return DP_OK;
}
