/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a place that can list its objects implements; see dataplug.h for the promise. */

#ifndef DP_CONNECTORS_LIST_H
#define DP_CONNECTORS_LIST_H

#include "connectors/context.h"

struct dp_list_ops {
    const char *name;
    /* Fills all of `entry` but struct_bytes: > 0; 0 at the end; < 0. Not called after 0 or < 0. */
    int (*next)(struct dp_list *list, struct dp_list_entry *entry, struct dp_error *err);
    /* Releases what the connector added; the base list frees itself. */
    void (*close)(struct dp_list *list);
};

/* A connector's list begins with this. */
struct dp_list {
    const struct dp_list_ops *ops;
    struct dp_context *context;
    struct dp_list_options options;
    char *name;    /* what is listed, for messages; owned */
    bool finished; /* the end or a failure was reached */
};

/* For connectors: `bytes` zeroed bytes that begin with a struct dp_list, with a copy of `name`.
 * NULL when out of memory. */
struct dp_list *dp_list_new(size_t bytes, const struct dp_list_ops *ops,
                            struct dp_context *context, const struct dp_list_options *options,
                            const char *name);

#endif
