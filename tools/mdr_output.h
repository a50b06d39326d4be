/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What dp-mdr writes: each file appears whole when all is well, and none is replaced unasked. */

#ifndef DP_TOOLS_MDR_OUTPUT_H
#define DP_TOOLS_MDR_OUTPUT_H

#include "dataplug.h"

#include <stdbool.h>

struct dp_mdr_output;

/* `name` is a path, a URI, or "-" for standard output. DP_INVALID when something is there already,
 * unless `force` is set. */
int dp_mdr_output_open(struct dp_context *context, const char *name, bool force,
                       struct dp_mdr_output **output, struct dp_error *err);
/* A dp_write_fn; `user` is the output. */
int dp_mdr_output_write(void *user, const void *bytes, size_t length, struct dp_error *err);
/* Makes it appear. */
int dp_mdr_output_commit(struct dp_mdr_output *output, struct dp_error *err);
/* Without a commit before, nothing has happened. */
void dp_mdr_output_free(struct dp_mdr_output *output);

/* What is at `name`, at most `capacity` bytes of it, as text, which the caller frees. */
int dp_mdr_output_peek(struct dp_context *context, const char *name, size_t capacity, char **text,
                       struct dp_error *err);
/* The failure for something that is there already. */
int dp_mdr_output_refuse(const char *name, struct dp_error *err);

/* May `name` be written? DP_INVALID as above. */
int dp_mdr_output_check(struct dp_context *context, const char *name, bool force,
                        struct dp_error *err);

#endif
