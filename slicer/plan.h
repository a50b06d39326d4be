/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Cutting an object from its index alone. */

#ifndef DP_SLICER_PLAN_H
#define DP_SLICER_PLAN_H

#include "index/index.h"

/* Where the first edge with a key >= some key K is, as far as the index tells: parsing from `from`
 * finds it, at `bound_offset` or before. When `exact`, it is `from` itself. */
struct dp_plan_cut {
    struct dp_edge from;
    uint64_t bound_offset;
    bool exact;
};

/* The cut at `key`, which must not be beyond the total. O(log rows). */
void dp_plan_cut_find(const struct dp_index *index, enum dp_plan_unit unit, uint64_t key,
                      struct dp_plan_cut *cut);

#endif
