/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Local files and descriptors, where a tool meets them itself. */

#ifndef DP_TOOLS_LOCAL_H
#define DP_TOOLS_LOCAL_H

#include "dataplug.h"

#include <stdbool.h>

/* True for "scheme://...", false for a path. */
bool dp_local_is_uri(const char *name);

/* How to call an object in messages: its path as it was given, or its URI without secrets. Lives as
 * long as both. */
const char *dp_local_display(const char *name, const struct dp_object *object);

/* Is `name` a pipe, a device or the like, beside which no index belongs? */
bool dp_local_is_stream(const char *name);

/* Is `name`, a path or a file: URI, a folder? */
bool dp_local_is_folder(const char *name);

/* What dp_local_read reads. `name` is for messages. */
struct dp_local_input {
    int fd;
    const char *name;
};

/* A dp_read_fn; `user` is a struct dp_local_input. */
int64_t dp_local_read(void *user, void *buffer, size_t capacity, struct dp_error *err);

/* Makes the folders above `path`; nothing for URIs. */
int dp_local_make_parents(const char *path, struct dp_error *err);

/* DP_INVALID when something else than an index lies at `place`: nobody's data is replaced by an
 * index. What cannot be read is left to the sink. */
int dp_local_check_place(struct dp_context *context, const char *place, struct dp_error *err);

/* Finds out, before anything long is done, whether an index can be written to `place`; makes the
 * folders above it and checks it. */
int dp_local_try_index_place(struct dp_context *context, const char *place, struct dp_error *err);

/* May data be written to `output`? DP_INVALID ("OUTPUT: ...") when it and `input`, paths or URIs,
 * are one and the same: the input would be gone; and when it is a local index, which may be the one
 * that is read from, or is at least not what was meant. */
int dp_local_check_output(const char *output, const char *input, struct dp_error *err);

/* Would what is written to `a` and to `b`, paths or URIs, lie at one place, however it is spelt and
 * whatever links lead there? Neither need exist. */
bool dp_local_is_same_place(const char *a, const char *b);

/* "./NAME.dpi", where NAME is the last part of the object's name without a query; NULL when out of
 * memory. The caller frees it. */
char *dp_local_rescue_name(const char *object);

#endif
