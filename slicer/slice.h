/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a slice holds. SLICE.md beside this file is the specification of its text form. */

#ifndef DP_SLICER_SLICE_H
#define DP_SLICER_SLICE_H

#include "index/codec/decoder.h"
#include "index/format/format.h"

#define DP_SLICE_VERSION 1

/* Longer lines are refused before they are looked at. */
#define DP_SLICE_LINE_MAX (1u << 20)

/* Integers in the text stay below 2^53, so that every JSON reader keeps them exact. */
#define DP_SLICE_INTEGER_MAX ((UINT64_C(1) << 53) - 1)

/* Slices of one plan. */
#define DP_SLICE_COUNT_MAX (UINT64_C(1) << 31)

/* A packed window is never longer: 32 KiB that do not compress, and some framing. */
#define DP_SLICE_WINDOW_MAX (64u << 10)

/* The first 16 bytes of a SHA-256 in hex, and a NUL. */
#define DP_SLICE_ID_DIGITS 32
typedef char dp_slice_id[DP_SLICE_ID_DIGITS + 1];

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

/* All pointers are owned by the slice, except the format's, which is static. */
struct dp_slice {
    dp_slice_id id;
    dp_slice_id plan_id;
    uint64_t number; /* 1-based */
    uint64_t slice_count;

    char *uri;       /* of the object, absolute */
    char *validator; /* "" when its place gives none */
    uint64_t size_bytes;

    const struct dp_format *format;
    enum dp_codec codec;

    /* Records whose key lies in [begin, end); the last slice of an object takes everything from
     * `begin` on, `end` is then the total. */
    enum dp_plan_unit unit;
    uint64_t begin;
    uint64_t end;
    bool last;
    uint64_t record_count; /* UINT64_MAX: not known before fetching */

    bool empty; /* known to hold nothing: what follows is not set and nothing is fetched */
    struct dp_range
        range; /* compressed bytes to GET; begins with the byte of point.compressed_bit */
    struct dp_seek_point point;
    struct dp_slice_window window;
    struct dp_edge checkpoint; /* parsing begins here, at or after the point */
    uint64_t decoded_end;      /* decoding ends at this uncompressed offset ... */
    uint32_t decoded_crc32;    /* ... and all from the point on has this CRC-32 */
};

/* "records", "bytes", "bases" */
const char *dp_slice_unit_name(enum dp_plan_unit unit);

/* 0, or DP_BAD_INDEX when parts of the slice contradict each other or are beyond the limits above;
 * what passes is safe to read by. */
int dp_slice_check(const struct dp_slice *slice, struct dp_error *err);

#endif
