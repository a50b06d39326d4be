/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* All combinations of the variants, cut into units of work. The variants are cut into tiles; a unit
 * is a box of two (three) tiles, and its number is fixed by order, variants and tile alone: whoever
 * runs it, however often the work is begun anew, a unit is the same combinations. */

#ifndef DP_MDR_SCHEDULE_H
#define DP_MDR_SCHEDULE_H

#include "base/error.h"
#include "mdr/unit.h"

/* Immutable once made; a plain value. */
struct dp_mdr_schedule {
    unsigned order;
    uint32_t variant_count;
    uint32_t tile; /* variants of a tile; the last tile may have fewer */
    uint32_t tile_count;
    uint64_t unit_count;
    uint64_t combination_count; /* of all units */
};

/* The largest tile that may be asked for. */
enum { DP_MDR_TILE_MAX = 65536 };

/* `tile` 0: chosen from the order, the number of variants and of samples, so that there are units
 * enough for many threads and a unit takes well below a second. DP_INVALID when there is no
 * combination, or more than can be counted. */
int dp_mdr_schedule_make(unsigned order, size_t variant_count, size_t sample_count, uint32_t tile,
                         struct dp_mdr_schedule *schedule, struct dp_error *err);

/* The box of `unit` (from 0). Two units that follow each other mostly share all tiles but the
 * first. */
void dp_mdr_schedule_box(const struct dp_mdr_schedule *schedule, uint64_t unit,
                         struct dp_mdr_box *box);

#endif
