/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/schedule.h"

#include "base/checked.h"

#include <string.h>

/* The kernels have up to 256 variants side by side, and what they prepare for the first tiles of a
 * box (lists of samples) is used for each variant of the last: narrow tiles waste both. */
#define LANES 256

/* Tiles are halved until a unit of pairs (triples) has at most so many combination-samples: a
 * second for the portable kernel, some hundredths (tenths) for the fastest. */
#define PAIR_WORK   (UINT64_C(1) << 34)
#define TRIPLE_WORK (UINT64_C(1) << 37)

/* n (n + 1) / 2 or n (n + 1) (n + 2) / 6: the multisets of 2 or 3 of n things. False on overflow.
 */
static bool count_multisets(uint64_t n, unsigned order, uint64_t *count)
{
    uint64_t a = n, b = n + 1, c = n + 2;

    if (a % 2 == 0)
        a /= 2;
    else
        b /= 2;
    if (order == 2)
        return dp_checked_mul(a, b, count);
    if (a % 3 == 0)
        a /= 3;
    else if (b % 3 == 0)
        b /= 3;
    else
        c /= 3;
    return dp_checked_mul(a, b, count) && dp_checked_mul(*count, c, count);
}

/* The largest n with at most `number` multisets of the numbers below it. */
static uint32_t find_last(uint64_t number, unsigned order, uint32_t limit)
{
    uint32_t low = 0, high = limit, middle;
    uint64_t count;

    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (count_multisets(middle, order, &count) && count <= number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Of pairs: enough tiles for many threads, of whole groups of lanes. */
static uint32_t choose_pair_tile(uint32_t variants)
{
    const uint32_t most = 4 * LANES, parts = 8;
    uint32_t tile = (variants / parts + LANES - 1) / LANES * LANES;

    return tile > most ? most : tile < LANES ? LANES : tile;
}

/* Of triples: as few as do, for a left part costs the same beside some lanes as beside all of them;
 * and equal ones, for a small last tile would be met by many left parts. */
static uint32_t choose_triple_tile(uint32_t variants)
{
    const uint32_t step = 8, fewest = variants > LANES / 4 ? 2 : 1;
    uint32_t count = variants / LANES + (variants % LANES > 0);

    if (count < fewest)
        count = fewest;
    return (variants / count + (variants % count > 0) + step - 1) / step * step;
}

static uint32_t choose_tile(unsigned order, uint32_t variants, uint64_t samples)
{
    const uint64_t work = order == 2 ? PAIR_WORK : TRIPLE_WORK;
    uint32_t tile = order == 2 ? choose_pair_tile(variants) : choose_triple_tile(variants);

    while (tile > LANES / 4 && samples > work / ((uint64_t)tile * tile * (order == 2 ? 1 : tile)))
        tile /= 2;
    return tile;
}

int dp_mdr_schedule_make(unsigned order, size_t variant_count, size_t sample_count, uint32_t tile,
                         struct dp_mdr_schedule *schedule, struct dp_error *err)
{
    struct dp_mdr_schedule made = {.order = order, .tile = tile};

    if (order < 2 || order > DP_MDR_MAX_ORDER)
        return dp_error_set(err, DP_INVALID, "combinations of %u variants cannot be searched",
                            order);
    if (variant_count < order)
        return dp_error_set(err, DP_INVALID,
                            "%llu variants are left: there is no combination of %u",
                            (unsigned long long)variant_count, order);
    /* Multisets of n - order + 1 things are the sets of n. */
    if (variant_count > UINT32_MAX - DP_MDR_TILE_MAX || tile > DP_MDR_TILE_MAX ||
        !count_multisets(variant_count - order + 1, order, &made.combination_count))
        return dp_error_set(err, DP_INVALID, "%llu variants are too many for combinations of %u",
                            (unsigned long long)variant_count, order);
    made.variant_count = (uint32_t)variant_count;
    if (tile == 0)
        made.tile = choose_tile(order, made.variant_count, sample_count);
    made.tile_count = (made.variant_count + made.tile - 1) / made.tile;
    if (!count_multisets(made.tile_count, order, &made.unit_count))
        return dp_error_set(err, DP_INVALID, "tiles of %u variants are too small", made.tile);
    *schedule = made;
    return DP_OK;
}

void dp_mdr_schedule_box(const struct dp_mdr_schedule *schedule, uint64_t unit,
                         struct dp_mdr_box *box)
{
    uint32_t tile[DP_MDR_MAX_ORDER] = {0};
    uint64_t left = unit, before;
    unsigned n;

    /* The combinatorial number system: unit = C(last + order - 1, order) + ... + first. */
    for (n = schedule->order; n > 1; n--) {
        tile[n - 1] = find_last(left, n, schedule->tile_count);
        if (count_multisets(tile[n - 1], n, &before))
            left -= before;
    }
    tile[0] = (uint32_t)left;
    memset(box, 0, sizeof(*box));
    box->order = schedule->order;
    for (n = 0; n < schedule->order; n++) {
        box->begin[n] = tile[n] * schedule->tile;
        box->end[n] = box->begin[n] + schedule->tile < schedule->variant_count
                          ? box->begin[n] + schedule->tile
                          : schedule->variant_count;
    }
}
