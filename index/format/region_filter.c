/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/format/region_filter.h"

#include <stdlib.h>
#include <string.h>

static bool take_region(const json_t *pair, uint64_t floor, struct dp_range *region)
{
    json_int_t begin = json_integer_value(json_array_get(pair, 0));
    json_int_t end = json_integer_value(json_array_get(pair, 1));

    if (json_array_size(pair) != 2 || !json_is_integer(json_array_get(pair, 0)) ||
        !json_is_integer(json_array_get(pair, 1)) || begin < 0 || end < begin ||
        (uint64_t)begin < floor)
        return false;
    *region = (struct dp_range){(uint64_t)begin, (uint64_t)end};
    return true;
}

/* [[begin, end], ...], ascending and apart. */
static int take_regions(const json_t *list, const char *name, struct dp_region_filter *filter,
                        struct dp_error *err)
{
    struct dp_range region;
    uint64_t floor = 0;
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        if (!take_region(json_array_get(list, i), floor, &region))
            return dp_error_set(err, DP_BAD_INDEX, "%s: the filter: region %zu makes no sense",
                                name, i);
        if (!dp_array_append(&filter->regions, &region, 1, sizeof(region)))
            return dp_error_no_memory(err);
        floor = region.end + 1;
    }
    return DP_OK;
}

int dp_region_filter_open(const json_t *spec, const char *name, struct dp_region_filter *filter,
                          struct dp_error *err)
{
    json_t *fields = json_deep_copy(spec), *list;
    const char *contig, *by;
    size_t contig_bytes;
    json_int_t after;
    int number, rc;

    if (json_unpack(fields, "{s:s%, s:o, s:I, s:s, s:b}", "contig", &contig, &contig_bytes,
                    "regions", &list, "after", &after, "by", &by, "end_is_number", &number) ||
        !json_is_array(list) || after < 0 ||
        (strcmp(by, "overlap") != 0 && strcmp(by, "position") != 0)) {
        rc = dp_error_set(err, DP_BAD_INDEX, "%s: the filter makes no sense", name);
        goto out;
    }
    filter->after = (uint64_t)after;
    filter->by_position = strcmp(by, "position") == 0;
    filter->end_is_number = number != 0;
    filter->contig_bytes = contig_bytes;
    filter->contig = malloc(contig_bytes + 1);
    if (!filter->contig) {
        rc = dp_error_no_memory(err);
        goto out;
    }
    memcpy(filter->contig, contig, contig_bytes + 1);
    rc = take_regions(list, name, filter, err);
out:
    json_decref(fields);
    return rc;
}

/* The first region that ends at or behind a position; `count` when there is none. */
static size_t find_region(const struct dp_range *regions, size_t count, uint64_t position)
{
    size_t low = 0, high = count, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (regions[middle].end < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool dp_region_filter_passes(const struct dp_region_filter *filter,
                             const struct dp_locus *locus)
{
    const struct dp_range *regions = filter->regions.data;
    size_t i;

    if (locus->contig_bytes != filter->contig_bytes ||
        memcmp(locus->contig, filter->contig, filter->contig_bytes) != 0)
        return false;
    if (!filter->by_position && locus->position <= filter->after)
        return false;
    i = find_region(regions, filter->regions.length, locus->position);
    return i < filter->regions.length &&
           regions[i].begin <= (filter->by_position ? locus->position : locus->end);
}

void dp_region_filter_close(struct dp_region_filter *filter)
{
    free(filter->contig);
    dp_array_free(&filter->regions);
}
