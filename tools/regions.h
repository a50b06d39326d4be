/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Regions as users write them: "chr1:1000-2000", and BED files. */

#ifndef DP_TOOLS_REGIONS_H
#define DP_TOOLS_REGIONS_H

#include "base/array.h"
#include "dataplug.h"

/* Zero-initialise. */
struct dp_regions {
    struct dp_array list;  /* struct dp_region */
    struct dp_array names; /* char *, owned: what list[].contig point to */
};

/* Adds "CONTIG", "CONTIG:POSITION", "CONTIG:BEGIN-END", "CONTIG:BEGIN-", or several of them with
 * commas between. A contig of the index (which may be NULL) may have a colon in its name. */
int dp_regions_add(struct dp_regions *regions, const struct dp_index *index, const char *text,
                   struct dp_error *err);
/* Adds those of the BED file `uri`: positions from 0, ends exclusive, more columns are ignored. */
int dp_regions_add_bed(struct dp_regions *regions, struct dp_context *context, const char *uri,
                       struct dp_error *err);
/* The first contig of the list that has no record in the index; NULL when all have. */
const char *dp_regions_unknown(const struct dp_regions *regions, const struct dp_index *index);
void dp_regions_free(struct dp_regions *regions);

#endif
