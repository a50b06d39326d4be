/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What the decoder is told of an object by its index, so that threads can share the work: the spans
 * between seek points. */

#ifndef DP_INDEX_SPANS_H
#define DP_INDEX_SPANS_H

#include "index/index.h"

/* Its address stands in `guide`: it must not move while a decoder uses that. */
struct dp_index_spans {
    const struct dp_index *index;
    struct dp_object *object;
    size_t first_point;
    uint64_t end_offset; /* uncompressed, where decoding ends */
    uint64_t packed_end; /* of the compressed bytes that are needed up to there */
    struct dp_guide guide;
};

/* Fills `spans` for decoding `object` from a point of `index` on; neither is owned. The guide has
 * spans only for several threads and where decoding them in parallel pays. */
void dp_index_spans_init(struct dp_index_spans *spans, const struct dp_index *index,
                         struct dp_object *object, size_t first_point, uint64_t end_offset,
                         uint64_t packed_end, unsigned threads);

#endif
