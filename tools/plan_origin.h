/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a plan is made from: an index of ours or, where there is none, a .tbi or .csi. */

#ifndef DP_TOOLS_PLAN_ORIGIN_H
#define DP_TOOLS_PLAN_ORIGIN_H

#include "tools/tool.h"

/* One of both, the other is NULL. */
struct dp_plan_origin {
    struct dp_index *index;
    struct dp_tabix *tabix;
};

/* Finds it: at `place` when that is not NULL (its ending .tbi or .csi tells), else our own index
 * where it belongs, then a .tbi or .csi beside the object. With -v a line says when it is one of
 * these. `name` is the object's, for messages. */
int dp_plan_origin_find(struct dp_tool *tool, struct dp_object *object, const char *name,
                        const char *place, struct dp_plan_origin *origin, struct dp_error *err);
int dp_plan_origin_plan(const struct dp_plan_origin *origin, struct dp_object *object,
                        const struct dp_plan_options *options, struct dp_plan **plan,
                        struct dp_error *err);
void dp_plan_origin_free(struct dp_plan_origin *origin);

#endif
