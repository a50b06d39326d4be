/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Where the bytes of one slice go: a step of a chain, each step over the next. One thread uses a
 * step at a time. */

#ifndef DP_TOOLS_PIPE_H
#define DP_TOOLS_PIPE_H

#include "dataplug.h"

#include <stdbool.h>

struct dp_pipe {
    /* Takes all bytes: 0, DP_PIPE_ENOUGH when no more are wanted, or a negative result. */
    int (*write)(struct dp_pipe *pipe, const void *bytes, size_t length, struct dp_error *err);
    /* The slice was checked: what was written is right and complete. */
    int (*finish)(struct dp_pipe *pipe, struct dp_error *err);
    /* Frees the step and those below it. What was not finished is undone where that is possible. */
    void (*close)(struct dp_pipe *pipe);
};

#define DP_PIPE_ENOUGH 1

/* pipe_bgzf.c: compresses to BGZF blocks through htslib; with `end_block` finish writes the empty
 * block that marks the end. Owns `next` when it succeeds. DP_UNSUPPORTED when built without. */
int dp_pipe_bgzf_open(struct dp_pipe *next, bool end_block, struct dp_pipe **pipe,
                      struct dp_error *err);
/* Hands the empty block alone to `write`. */
int dp_pipe_bgzf_end(dp_write_fn write, void *user, struct dp_error *err);

/* pipe_sink.c: the object `uri`, visible after finish. */
int dp_pipe_sink_open(struct dp_context *context, const char *uri, struct dp_pipe **pipe,
                      struct dp_error *err);

/* pipe_command.c: the standard input of `command`, run by the shell with the slice's number, count
 * and id in its environment. When it fails, *status is its exit status as a shell says it (128 +
 * signal). A command that is not to trust its input is sent SIGTERM before its input ends. */
int dp_pipe_command_open(const char *command, const struct dp_slice_info *slice, int *status,
                         struct dp_pipe **pipe, struct dp_error *err);

/* pipe_order.c: several slices are written at the same time to one place, where their bytes follow
 * each other in order. The one whose turn it is writes at once, the others keep up to `limit_bytes`
 * each and then wait. After one that was not finished, no later one is written. */
struct dp_pipe_order;
int dp_pipe_order_new(dp_write_fn write, void *user, size_t limit_bytes,
                      struct dp_pipe_order **order, struct dp_error *err);
void dp_pipe_order_free(struct dp_pipe_order *order);
/* The step of the slice number `turn`, counted from 0. Its write and finish fail with DP_CANCELLED
 * once an earlier slice failed. */
int dp_pipe_order_open(struct dp_pipe_order *order, uint64_t turn, struct dp_pipe **pipe,
                       struct dp_error *err);

#endif
