/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What some formats offer beside a scanner: to let through only a part of the records, or a part of
 * each. A filter is described by a JSON object, which travels in slices; the format alone knows its
 * keys. It is fed what a piece of a slice would emit, in order and in pieces of any size, and gives
 * what is really wanted. */

#ifndef DP_FORMAT_FILTER_H
#define DP_FORMAT_FILTER_H

#include "base/array.h"
#include "connectors/context.h"

#include <jansson.h>

struct dp_filter; /* one format's state */

struct dp_filter_type {
    /* Which keys let a filter leave only the samples `wanted`: names separated by newlines, in the
     * order asked for; '^' in front of the first: all others. The caller merges them into the
     * filters of all pieces, the header's too, and drops the reference. `header` is the whole one.
     * DP_INVALID names a sample that is not there or is named twice. NULL: records have none. */
    int (*choose)(const uint8_t *header, size_t header_bytes, const char *wanted, const char *name,
                  json_t **keys, struct dp_error *err);
    /* `spec` may come from anybody: what makes no sense is DP_BAD_INDEX. It is not kept. `name` is
     * that of the object, for messages. `prologue`: what is fed is the header, not records. */
    int (*open)(const json_t *spec, const char *name, bool prologue, struct dp_filter **filter,
                struct dp_error *err);
    /* Appends what passes to `out`, an array of bytes. A record may come in parts; how much is
     * kept must not grow with the number of records. */
    int (*feed)(struct dp_filter *filter, const uint8_t *bytes, size_t length, struct dp_array *out,
                struct dp_error *err);
    /* Nothing follows: appends what was kept back. */
    int (*finish)(struct dp_filter *filter, struct dp_array *out, struct dp_error *err);
    /* Records that passed so far. */
    uint64_t (*record_count)(const struct dp_filter *filter);
    void (*close)(struct dp_filter *filter);
};

#endif
