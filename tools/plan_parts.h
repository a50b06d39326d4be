/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The objects of a plan, found by the operands of a command and opened with their indexes. */

#ifndef DP_TOOLS_PLAN_PARTS_H
#define DP_TOOLS_PLAN_PARTS_H

#include "tools/objects.h"
#include "tools/tool.h"

/* Zero-initialise; dp_plan_parts_free. */
struct dp_plan_parts {
    struct dp_objects objects;
    struct dp_opened *opened;
    size_t opened_count;
    struct dp_plan_source *sources; /* those that could be opened, in order */
    size_t count;
    uint64_t object_bytes; /* of these */
};

/* Fills `parts`. Of `plan` it matters whether objects are mates. Objects that fail (their mates go
 * with them) are named, and *status is the exit status of the first. Without `keep_going` nothing
 * is left then; else the others, each of which can be planned alone. */
int dp_plan_parts_gather(struct dp_tool *tool, char *const *operands, size_t count,
                         const struct dp_plan_options *plan, bool keep_going,
                         struct dp_plan_parts *parts, int *status, struct dp_error *err);
void dp_plan_parts_free(struct dp_plan_parts *parts);

/* Whoever built the index of a damaged object accepted that; whoever plans from it should know. */
void dp_plan_parts_warn(struct dp_tool *tool, const char *name, const struct dp_index *index);

#endif
