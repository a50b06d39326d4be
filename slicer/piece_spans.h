/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A slice knows one seek point of a piece: from there one thread can decode. Where the object and
 * the index file that holds the point's window, or the next one, lie near, the other points cost
 * next to nothing, and several threads can share the work. What comes out is the same, and so are
 * the checks; but the windows of the other points must be sound, which one thread does not need. */

#ifndef DP_SLICER_PIECE_SPANS_H
#define DP_SLICER_PIECE_SPANS_H

#include "slicer/slice.h"

struct dp_piece_spans;

/* NULL when one thread must do it: the index is far, is not there any more or does not fit the
 * piece; or the piece is short. `object` is the opened source of the piece. */
struct dp_piece_spans *dp_piece_spans_open(struct dp_context *context,
                                           const struct dp_slice_piece *piece,
                                           struct dp_object *object,
                                           const struct dp_reader_options *options);
/* For the decoder; lives as long as the spans. */
const struct dp_guide *dp_piece_spans_guide(const struct dp_piece_spans *spans);
void dp_piece_spans_free(struct dp_piece_spans *spans);

#endif
