/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which records of a contig a slice wants: the part of a filter (filter.h) that formats with
 * positions share. VCF.md tells its keys. */

#ifndef DP_FORMAT_REGION_FILTER_H
#define DP_FORMAT_REGION_FILTER_H

#include "index/format/loci.h"

/* Positions in slices stay below 2^53, like all integers there. */
#define DP_REGION_POSITION_MAX ((UINT64_C(1) << 53) - 1)

/* Zero-initialise. */
struct dp_region_filter {
    char *contig;
    size_t contig_bytes;
    struct dp_array regions; /* struct dp_range, here both ends inclusive; ascending and apart */
    uint64_t after;          /* records up to this position are another one's */
    bool by_position;        /* not every record that overlaps a region, but each by its position */
    bool end_is_number;      /* how the end of a VCF record is to be read */
};

/* Takes the keys "contig", "regions", "after", "by" and "end_is_number" of `spec`, which may come
 * from anybody: what makes no sense is DP_BAD_INDEX. `name` is that of the object. */
int dp_region_filter_open(const json_t *spec, const char *name, struct dp_region_filter *filter,
                          struct dp_error *err);
bool dp_region_filter_passes(const struct dp_region_filter *filter,
                             const struct dp_locus *locus);
void dp_region_filter_close(struct dp_region_filter *filter);

#endif
