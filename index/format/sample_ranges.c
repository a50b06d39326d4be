/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/format/sample_ranges.h"

static bool read_range(const json_t *pair, struct dp_range *range)
{
    json_int_t begin, end;

    if (json_array_size(pair) != 2 || !json_is_integer(json_array_get(pair, 0)) ||
        !json_is_integer(json_array_get(pair, 1)))
        return false;
    begin = json_integer_value(json_array_get(pair, 0));
    end = json_integer_value(json_array_get(pair, 1));
    if (begin < 0 || begin >= end || end > (json_int_t)DP_SAMPLE_RANGES_MAX)
        return false;
    *range = (struct dp_range){(uint64_t)begin, (uint64_t)end};
    return true;
}

/* False when it is no such list, or too many are wanted. */
static bool take_range(struct dp_sample_ranges *ranges, const json_t *pair, struct dp_range *range)
{
    if (!read_range(pair, range))
        return false;
    ranges->count += range->end - range->begin;
    if (range->end > ranges->needed)
        ranges->needed = range->end;
    return ranges->count <= DP_SAMPLE_RANGES_MAX;
}

int dp_sample_ranges_read(const json_t *spec, const char *name, struct dp_sample_ranges *ranges,
                          struct dp_error *err)
{
    size_t i, count = json_array_size(spec); /* 0 also when it is no list */
    struct dp_range range;

    for (i = 0; i < count; i++) {
        if (!take_range(ranges, json_array_get(spec, i), &range))
            break;
        if (!dp_array_append(&ranges->ranges, &range, 1, sizeof(range))) {
            dp_sample_ranges_free(ranges);
            return dp_error_no_memory(err);
        }
    }
    if (count && i == count)
        return DP_OK;
    dp_sample_ranges_free(ranges);
    return dp_error_set(err, DP_BAD_INDEX, "%s: the list of sample columns makes no sense", name);
}

void dp_sample_ranges_free(struct dp_sample_ranges *ranges)
{
    dp_array_free(&ranges->ranges);
}
