/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Plans by place in the genome: a list of regions, windows of equal length, or contigs. What is
 * shared out among the slices are these, by number. */

#ifndef DP_SLICER_PLAN_REGION_H
#define DP_SLICER_PLAN_REGION_H

#include "slicer/plan_piece.h"

struct dp_plan_regions;

/* Does the plan ask for regions, windows or contigs? */
bool dp_plan_region_wanted(const struct dp_plan_options *options);
/* `name` is that of the object, for messages. DP_UNSUPPORTED when the records have no positions or,
 * with the line in the message, are not in order. */
int dp_plan_region_open(const struct dp_index *index, const char *name,
                        const struct dp_plan_options *options, struct dp_plan_regions **regions,
                        struct dp_error *err);
/* How many there are to share out. */
uint64_t dp_plan_region_count(const struct dp_plan_regions *regions);
/* Names what was asked for, so that plans can be told apart. */
const char *dp_plan_region_id(const struct dp_plan_regions *regions);
/* Adds the pieces of the regions [begin, end) to a slice of one source and one output. */
int dp_plan_region_fill(const struct dp_plan_regions *regions, const struct dp_plan_place *place,
                        uint64_t begin, uint64_t end, struct dp_slice *slice,
                        struct dp_error *err);
void dp_plan_region_close(struct dp_plan_regions *regions);

/* The records of a contig of that name, [begin, end) in a unit: records or bytes. DP_NOT_FOUND when
 * it has none. */
int dp_plan_region_contig(const struct dp_index *index, const char *name, const char *contig,
                          enum dp_plan_unit unit, struct dp_range *interval,
                          struct dp_error *err);

#endif
