/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a place to write to implements; see dataplug.h for the promise. */

#ifndef DP_CONNECTORS_SINK_H
#define DP_CONNECTORS_SINK_H

#include "connectors/context.h"

struct dp_sink_ops {
    const char *name;
    int (*write)(struct dp_sink *sink, const void *bytes, size_t length, struct dp_error *err);
    int (*commit)(struct dp_sink *sink, struct dp_error *err);
    /* Drops what was written and was not committed; releases what the sink added. */
    void (*close)(struct dp_sink *sink);
};

struct dp_sink {
    const struct dp_sink_ops *ops;
    struct dp_context *context;
    char *uri;     /* for messages; owned */
    bool finished; /* committed or failed: only free is left */
};

/* For connectors: `bytes` zeroed bytes that begin with a struct dp_sink, with a copy of `uri`. NULL
 * when out of memory. */
struct dp_sink *dp_sink_new(size_t bytes, const struct dp_sink_ops *ops,
                            struct dp_context *context, const char *uri);

/* dp_sink_open for those who have all the bytes and write them at once: whether they may shows when
 * they do, and requests that would find it out before are saved. */
int dp_sink_open_at_once(struct dp_context *context, const char *uri, struct dp_sink **sink,
                         struct dp_error *err);

#endif
