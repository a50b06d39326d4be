/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Plans from a .tbi or .csi: slices of pieces between virtual offsets, which are record edges
 * there. No data is read but the object's head and tail. */

#ifndef DP_SLICER_PLAN_TABIX_H
#define DP_SLICER_PLAN_TABIX_H

#include "index/tabix.h"
#include "slicer/slice.h"

struct dp_plan_tabix;

/* Checks that `tabix` belongs to `object`, and cuts. Both outlive the plan. `options` are taken
 * over by dp_options_take already. Parts are balanced by compressed bytes, whatever the unit;
 * regions and contigs are shared out by their number. */
int dp_plan_tabix_new(const struct dp_tabix *tabix, struct dp_object *object,
                      const struct dp_plan_options *options, struct dp_plan_tabix **plan,
                      struct dp_error *err);
uint64_t dp_plan_tabix_count(const struct dp_plan_tabix *plan);
/* Seconds since 1970 when presigned URLs end; 0: never. */
int64_t dp_plan_tabix_expires(const struct dp_plan_tabix *plan);
const struct dp_object *dp_plan_tabix_object(const struct dp_plan_tabix *plan);
/* Fills a zeroed slice with number `number`, which there is. */
int dp_plan_tabix_fill(const struct dp_plan_tabix *plan, uint64_t number, struct dp_slice *slice,
                       struct dp_error *err);
void dp_plan_tabix_free(struct dp_plan_tabix *plan);

#endif
