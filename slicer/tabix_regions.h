/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Regions and contigs by a .tbi or .csi: which chunks must be read for them, and with what filter.
 * The same slices as those of an index of ours (plan_region.h), only more is read for them. */

#ifndef DP_SLICER_TABIX_REGIONS_H
#define DP_SLICER_TABIX_REGIONS_H

#include "index/tabix_object.h"

/* A stretch of records, with the filter they go through. */
struct dp_tabix_task {
    struct dp_tabix_chunk chunk;
    size_t filter; /* position among the filters; SIZE_MAX: none */
};

/* One asked for. Positions from 1, both ends inclusive. */
struct dp_tabix_region {
    size_t contig;
    uint64_t begin;
    uint64_t end;
    size_t order; /* of the contig: by its first mention */
};

/* Fills `list` (struct dp_tabix_region) from what was asked: sorted, contigs as they are first
 * mentioned, joined where they overlap. Contigs that the index does not know are left out. */
int dp_tabix_regions_list(const struct dp_tabix *tabix, const struct dp_tabix_object *facts,
                          const struct dp_plan_options *options, struct dp_array *list,
                          struct dp_error *err);
/* Appends what must be read for the regions [begin, end) of the list: tasks, and filters (char *,
 * owned by the array's owner, in JSON). */
int dp_tabix_regions_tasks(const struct dp_tabix *tabix, const struct dp_tabix_object *facts,
                           const struct dp_array *list, size_t begin, size_t end,
                           struct dp_array *tasks, struct dp_array *filters,
                           struct dp_error *err);

#endif
