/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The pieces of slices, made from an index alone.
 *
 * A plan fills a slice like this: dp_plan_piece_source() for each object, dp_slice_add_output() for
 * each output, then pieces in the order in which they are emitted:
 *
 *   - the header, when the format has one: dp_plan_piece_bytes(0, H) with `prologue` set, or
 *     dp_plan_piece_inline() when parts are to be inlined and the plan has the bytes at hand;
 *   - the records of an interval: dp_plan_piece_interval() finds the cuts itself;
 *   - the records between cuts that the plan knows better, such as those of a region:
 *     dp_plan_piece_span(). It gives back the new piece; its `filter` may be set (slice.h).
 *
 * Last the plan sets slice->record_count to dp_slice_count_records() of any output. */

#ifndef DP_SLICER_PLAN_PIECE_H
#define DP_SLICER_PLAN_PIECE_H

#include "index/index.h"
#include "slicer/slice.h"

/* An object with its index, and how slices may refer to them. Nothing is owned. */
struct dp_plan_place {
    const struct dp_index *index;
    const struct dp_object *object;
    bool inline_parts; /* windows stand in the slices */
    bool allow_signed; /* presigned URLs may stand in slices */
    char *object_url;  /* how slices are to name the object; NULL: as it is called */
    char *index_url;   /* and its index */
};

/* Where the first edge with a key >= some key K is, as far as the index tells: parsing from `from`
 * finds it, at `bound_offset` or before. When `exact`, it is `from` itself. */
struct dp_plan_cut {
    struct dp_edge from;
    uint64_t bound_offset;
    bool exact;
};

/* The cut at `key`, which must not be beyond the total, in an index with rows. O(log rows). */
void dp_plan_piece_cut(const struct dp_index *index, enum dp_plan_unit unit, uint64_t key,
                       struct dp_plan_cut *cut);

/* Adds the object to the slice's sources. */
int dp_plan_piece_source(const struct dp_plan_place *place, struct dp_slice *slice,
                         struct dp_error *err);

/* The same for an object without an index of ours: `place` has none. */
int dp_plan_piece_object(const struct dp_plan_place *place, const struct dp_format *format,
                         enum dp_codec codec, struct dp_slice *slice, struct dp_error *err);

/* Adds the piece of all records of `interval` of the slice's source number `source`, which is that
 * of `place`; none, when the index knows that there are none. */
int dp_plan_piece_interval(const struct dp_plan_place *place, const struct dp_interval *interval,
                           uint32_t source, uint32_t output, struct dp_slice *slice,
                           struct dp_error *err);
/* The same where parsing begins at the edge `from` (a row of the index) and the interval surely
 * ends at or before the uncompressed offset `bound_offset`. */
int dp_plan_piece_span(const struct dp_plan_place *place, const struct dp_interval *interval,
                       const struct dp_edge *from, uint64_t bound_offset, uint32_t source,
                       uint32_t output, struct dp_slice *slice, struct dp_slice_piece **piece,
                       struct dp_error *err);
/* Adds the uncompressed bytes [begin, end), not empty, as they are. */
int dp_plan_piece_bytes(const struct dp_plan_place *place, uint64_t begin, uint64_t end,
                        bool prologue, uint32_t source, uint32_t output, struct dp_slice *slice,
                        struct dp_slice_piece **piece, struct dp_error *err);
/* Adds bytes that stand in the slice itself, packed. */
int dp_plan_piece_inline(const void *bytes, size_t length, bool prologue, uint32_t source,
                         uint32_t output, struct dp_slice *slice, struct dp_slice_piece **piece,
                         struct dp_error *err);

#endif
