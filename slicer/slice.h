/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a slice holds. SLICE.md beside this file is the specification of its text form.
 *
 * A slice names its sources (objects) and outputs, and is made of pieces. Each output is what its
 * pieces emit, one after the other. An ordinary slice has one of each. Others are made like this:
 *
 *   - A header in front of the records: a piece of kind DP_PIECE_BYTES (decoded from the object,
 *     one GET) or DP_PIECE_INLINE (the bytes stand in the slice, no GET), marked as prologue. It
 *     comes before the output's other pieces. Where several slices are joined to one stream, only
 *     the first one's prologue is emitted.
 *   - Regions: a piece of kind DP_PIECE_RECORDS for each stretch of records that must be looked at,
 *     with a filter (index/format/filter.h) that lets through what belongs to the slice.
 *   - Mates: two sources, two outputs, a piece of each for either.
 *   - Several objects: a source and a piece for each, in order, for one output.
 *
 * plan_piece.h makes pieces from an index, piece_reader.h reads them. */

#ifndef DP_SLICER_SLICE_H
#define DP_SLICER_SLICE_H

#include "index/codec/decoder.h"
#include "index/format/format.h"

#include <stdatomic.h>

#define DP_SLICE_VERSION 2

/* Longer lines are refused before they are looked at. */
#define DP_SLICE_LINE_MAX (1u << 20)

/* Integers in the text stay below 2^53, so that every JSON reader keeps them exact. */
#define DP_SLICE_INTEGER_MAX ((UINT64_C(1) << 53) - 1)

/* A packed window is never longer: 32 KiB that do not compress, and some framing. */
#define DP_SLICE_WINDOW_MAX (64u << 10)

/* Outputs of a slice, and the length of their names. */
#define DP_SLICE_OUTPUTS_MAX 16u
#define DP_SLICE_NAME_MAX    32u

/* An inlined piece, unpacked. Packed it must fit into the line. */
#define DP_SLICE_INLINE_MAX (64u << 20)

/* A BGZF block is never longer. */
#define DP_SLICE_BLOCK_MAX (64u << 10)

/* The first 16 bytes of a SHA-256 in hex, and a NUL. */
#define DP_SLICE_ID_DIGITS 32
typedef char dp_slice_id[DP_SLICE_ID_DIGITS + 1];

/* Records whose key lies in [begin, end). A last one takes everything from `begin` to the end of
 * the object (of the last object), `end` is then the total. */
struct dp_interval {
    enum dp_plan_unit unit;
    uint64_t begin;
    uint64_t end;
    bool last;
};

struct dp_slice_source {
    char *uri;       /* absolute */
    char *validator; /* "" when its place gives none */
    uint64_t size_bytes;
    const struct dp_format *format;
    enum dp_codec codec;
};

/* The history that decoding needs at a point inside a member. */
struct dp_slice_window {
    uint32_t raw_bytes; /* unpacked; 0: no window */
    uint32_t crc32;     /* of the packed bytes */

    /* Either in an index file ... */
    char *uri;             /* NULL: inline */
    uint64_t file_bytes;   /* size of that file */
    struct dp_range range; /* of the packed bytes in it */

    /* ... or here. */
    uint8_t *packed;
    size_t packed_bytes;
};

enum dp_piece_kind {
    DP_PIECE_RECORDS, /* the records of an interval, found by the format's scanner */
    DP_PIECE_BYTES,   /* uncompressed bytes [begin, end) as they are */
    DP_PIECE_INLINE,  /* bytes that stand in the slice itself */
    DP_PIECE_BLOCKS   /* BGZF: records, or a header, between two virtual offsets */
};

/* Some bytes of one source for one output. */
struct dp_slice_piece {
    enum dp_piece_kind kind;
    uint32_t source; /* position in the slice's sources and outputs */
    uint32_t output;
    bool prologue; /* not for records: a header that records follow */
    char *filter;  /* JSON object in text that the format's filter understands; NULL: none */

    struct dp_interval interval; /* kind bytes: uncompressed offsets, `last` is false; kind blocks:
                                  * virtual offsets, `last`: of all records of the object */
    uint64_t record_count;       /* kinds records and blocks: in the interval, before the filter;
                                  * UINT64_MAX: not known before fetching */

    /* Kinds records and bytes: where and how to read. */
    struct dp_range
        range; /* compressed bytes to GET; begins with the byte of point.compressed_bit. Kind
                * blocks: and that is all there is */
    struct dp_seek_point point;
    struct dp_slice_window window;
    struct dp_slice_window next; /* of the first seek point with one behind a point that needs none:
                                  * the place of it tells which index has the others. raw_bytes 0:
                                  * none */
    struct dp_edge checkpoint; /* kind records: parsing begins here, at or after the point */
    uint64_t decoded_end;      /* decoding ends at this uncompressed offset ... */
    uint32_t decoded_crc32;    /* ... and all from the point on has this CRC-32 */
    bool decoded_last;         /* the object's data end there: the last line may lack its newline */

    /* Kind inline: one gzip member. */
    uint64_t raw_bytes; /* unpacked */
    uint8_t *packed;
    size_t packed_bytes;
};

typedef char dp_slice_name[DP_SLICE_NAME_MAX + 1];

/* All pointers are owned by the slice, except the formats, which are static. */
struct dp_slice {
    atomic_uint holders; /* beside the one who will free it */
    dp_slice_id id;
    dp_slice_id plan_id;
    uint64_t number; /* 1-based */
    uint64_t slice_count;

    /* What the plan was asked for, over all of its objects. */
    struct dp_interval interval;
    uint64_t size;         /* of the plan's slices in this unit; 0: equal parts */
    bool span;             /* its slices may go across objects */
    uint64_t record_count; /* in each output; UINT64_MAX: not known before fetching */

    struct dp_slice_source *sources;
    size_t source_count;
    dp_slice_name *outputs;
    size_t output_count;
    struct dp_slice_piece *pieces; /* none: the slice is known to hold nothing */
    size_t piece_count;
};

/* "records", "bytes", "bases" */
const char *dp_slice_unit_name(enum dp_plan_unit unit);

/* May an output be called this? Letters, digits, '.', '_', '-', no '.' in front. */
bool dp_slice_name_fits(const char *name);

/* Rooms for one more, zeroed, at the end; valid until the next one is added. NULL when out of
 * memory. What the caller puts in belongs to the slice at once, also when it is not complete. */
struct dp_slice_source *dp_slice_add_source(struct dp_slice *slice);
struct dp_slice_piece *dp_slice_add_piece(struct dp_slice *slice);
/* False when out of memory; the name fits. */
bool dp_slice_add_output(struct dp_slice *slice, const char *name);

/* The records of all pieces of an output; UINT64_MAX when one of them is not known or filtered. */
uint64_t dp_slice_count_records(const struct dp_slice *slice, uint32_t output);

/* Keeps the slice for another user: dp_slice_free is then due once more. */
struct dp_slice *dp_slice_hold(const struct dp_slice *slice);

/* 0, or DP_BAD_INDEX when parts of the slice contradict each other or are beyond the limits above;
 * what passes is safe to read by. */
int dp_slice_check(const struct dp_slice *slice, struct dp_error *err);

#endif
