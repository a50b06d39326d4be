/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which places become seek points: the first candidate at or after last point + spacing; when a
 * table of DP_POINTS_MAX is full, the spacing is doubled and the table thinned. A pure function of
 * the candidates' uncompressed offsets. */

#ifndef DP_CODEC_POINTS_H
#define DP_CODEC_POINTS_H

#include "base/array.h"
#include "index/codec/decoder.h"

struct dp_points {
    uint64_t spacing_bytes;  /* in force; 0: no points are wanted */
    uint64_t target;         /* a candidate from this offset on is a point */
    struct dp_array offsets; /* uint64_t, of the points so far */
};

/* No points for spacing 0. The first candidate to offer is the start. */
void dp_points_init(struct dp_points *points, uint64_t spacing_bytes, uint64_t start);
void dp_points_free(struct dp_points *points);

/* Offers a candidate; *taken says whether it is a point. False when out of memory. */
bool dp_points_offer(struct dp_points *points, uint64_t offset, bool *taken);

#endif
