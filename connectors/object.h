/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a connector implements. dp_object_read_at() checks bounds, fork and cancel once and counts;
 * a vtable's read_at may rely on a range that is not empty and lies inside the object. */

#ifndef DP_CONNECTORS_OBJECT_H
#define DP_CONNECTORS_OBJECT_H

#include "connectors/context.h"

struct dp_object_ops {
    const char *name; /* "file", "memory", "http", "s3", "subrange", "counting", "faulty" */

    /* Fills `buffer` with all bytes of `range` or fails; from any thread at once. */
    int (*read_at)(struct dp_object *object, struct dp_range range, void *buffer,
                   struct dp_error *err);

    /* Optional: the bytes of `range` in order, each once, as they arrive, to `write`, whose failure
     * ends it. While nothing comes `write` is called now and then with no bytes, as below. */
    int (*read_stream)(struct dp_object *object, struct dp_range range, dp_write_fn write,
                       void *user, struct dp_error *err);

    /* Optional: the whole object once, front to back, for places that serve no ranges (and files
     * that are pipes). Calls `write` with pieces until the end; a failure of `write` ends it. While
     * nothing comes it is called now and then with no bytes, so that a reader that gave up is not
     * waited for. */
    int (*read_all)(struct dp_object *object, dp_write_fn write, void *user,
                    struct dp_error *err);

    /* Releases what the connector added; the base object frees itself. */
    void (*close)(struct dp_object *object);
};

/* A connector's object begins with this. */
struct dp_object {
    const struct dp_object_ops *ops;
    struct dp_context *context;
    char *uri;           /* absolute, percent-encoded, no secrets; owned */
    char *signed_uri;    /* as opened, when its query is signed; else NULL; owned, never printed */
    char *validator;     /* "" when there is none; owned */
    uint64_t size_bytes;
    bool ranges;         /* false: only read_all works */
    bool remote;         /* reads cost a round trip: read ahead in parallel */
};

/* Calls read_stream, which must be there, with the checks and counts of dp_object_read_at. */
int dp_object_read_stream(struct dp_object *object, struct dp_range range, dp_write_fn write,
                          void *user, struct dp_error *err);

/* For connectors: `bytes` zeroed bytes that begin with a struct dp_object, with copies of `uri` and
 * the empty validator, ranges allowed. NULL when out of memory; dp_object_free() takes it. */
struct dp_object *dp_object_new(size_t bytes, const struct dp_object_ops *ops,
                                struct dp_context *context, const char *uri);
/* The same for a wrapper, which looks like `next`. Fills `err` when it answers NULL. */
struct dp_object *dp_object_new_over(size_t bytes, const struct dp_object_ops *ops,
                                     const struct dp_object *next, struct dp_error *err);
/* Sets the validator "kind:value". */
int dp_object_set_validator(struct dp_object *object, const char *kind, const char *value,
                            struct dp_error *err);
/* DP_CHANGED when the object is not the one that `options` expect. An empty validator says that
 * the place gave none: then only the size is compared. */
int dp_object_check_identity(const struct dp_object *object,
                             const struct dp_object_options *options, struct dp_error *err);

/* One row of the connector table: who opens, writes and lists which URIs. */
struct dp_connector {
    const char *scheme; /* "s3"; "" for plain paths */
    int (*open)(struct dp_context *context, const char *uri,
                const struct dp_object_options *options, struct dp_object **object,
                struct dp_error *err);
    /* With `probe` it is found out first, as far as the place lets one, whether the object may be
     * written; without, the commit tells. */
    int (*sink)(struct dp_context *context, const char *uri, bool probe, struct dp_sink **sink,
                struct dp_error *err);
    int (*list)(struct dp_context *context, const char *uri,
                const struct dp_list_options *options, struct dp_list **list,
                struct dp_error *err); /* NULL: the place has no listing */
};

/* The row for the scheme of `uri`, or NULL and DP_UNSUPPORTED in `err`. */
const struct dp_connector *dp_connector_find(const char *uri, struct dp_error *err);

/* Wrappers over `next`, which must outlive them (tests count and break things with them). */
struct dp_fault_plan {
    uint64_t fail_every;  /* every n-th read fails with DP_IO, retryable; 0: never */
    uint64_t flip_offset; /* the byte at this offset reads with bit 0 flipped; UINT64_MAX: none */
};
int dp_object_open_counting(struct dp_object *next, uint64_t *calls, uint64_t *bytes,
                            struct dp_object **object, struct dp_error *err);
int dp_object_open_faulty(struct dp_object *next, const struct dp_fault_plan *plan,
                          struct dp_object **object, struct dp_error *err);

#endif
