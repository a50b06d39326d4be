/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/points.h"

#include <stdlib.h>

void dp_points_init(struct dp_points *points, uint64_t spacing_bytes, uint64_t start)
{
    *points = (struct dp_points){spacing_bytes, spacing_bytes ? start : UINT64_MAX, {0}};
}

void dp_points_free(struct dp_points *points)
{
    dp_array_free(&points->offsets);
}

size_t dp_points_thin(const uint64_t *offsets, size_t count, uint64_t spacing_bytes, size_t *keep)
{
    size_t kept = 0;
    uint64_t last = 0;

    for (size_t i = 0; i < count; i++)
        if (i == 0 || offsets[i] - last >= spacing_bytes) {
            last = offsets[i];
            keep[kept++] = i;
        }
    return kept;
}

/* Doubles the spacing until at least one point is gone. False when out of memory. */
static bool thin(struct dp_points *points)
{
    uint64_t *offsets = points->offsets.data;
    size_t *keep = malloc(points->offsets.length * sizeof(*keep));
    size_t kept;

    if (!keep)
        return false;
    do {
        points->spacing_bytes *= 2;
        kept = dp_points_thin(offsets, points->offsets.length, points->spacing_bytes, keep);
    } while (kept == points->offsets.length);
    for (size_t i = 0; i < kept; i++)
        offsets[i] = offsets[keep[i]];
    points->offsets.length = kept;
    free(keep);
    return true;
}

/* The first offset that is far enough from the last point. Saturates. */
static void aim(struct dp_points *points)
{
    const uint64_t *offsets = points->offsets.data;
    uint64_t last = offsets[points->offsets.length - 1];

    points->target = last > UINT64_MAX - points->spacing_bytes ? UINT64_MAX
                                                              : last + points->spacing_bytes;
}

bool dp_points_offer(struct dp_points *points, uint64_t offset, bool *taken)
{
    *taken = false;
    if (points->spacing_bytes == 0 || offset < points->target)
        return true;
    if (points->offsets.length == DP_POINTS_MAX) {
        if (!thin(points))
            return false;
        aim(points);
        if (offset < points->target)
            return true;
    }
    if (!dp_array_append(&points->offsets, &offset, 1, sizeof(offset)))
        return false;
    aim(points);
    *taken = true;
    return true;
}
