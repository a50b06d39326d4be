/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What travels through the decoder: a batch of consecutive uncompressed bytes with the edges in it.
 * A batch is filled in stream order by one thread at a time (the serial part: inflating gzip,
 * cutting BGZF into blocks), then worked on by any thread (the parallel part: checksums, windows,
 * inflating blocks), then read by the caller in order. */

#ifndef DP_CODEC_BATCH_H
#define DP_CODEC_BATCH_H

#include "base/array.h"
#include "index/codec/decoder.h"
#include "index/codec/points.h"
#include "index/codec/source.h"

/* Uncompressed bytes of a batch. Large enough that what a call of a decoder costs by itself is
 * small, small enough to stay in a core's cache on the way to the next thread. (Where threads share
 * a gzip stream it is twice as much, of short stretches less: dp_pass_room.) */
#define DP_BATCH_BYTES (512u << 10)

enum {
    DP_SEGMENT_SUM = 1,    /* a checksum edge lies at its end */
    DP_SEGMENT_POINT = 2,  /* a seek point lies at its end */
    DP_SEGMENT_MEMBER = 4, /* a member ends at its end: `member` says what its trailer claims */
    DP_SEGMENT_SUMMED = 8  /* crc32 is filled already */
};

/* Bytes of a batch up to the next edge. */
struct dp_segment {
    size_t length;
    unsigned flags;
    uint32_t crc32;          /* of these bytes; filled by the parallel part */
    uint32_t member_crc32;   /* of the whole member, from its trailer */
    uint32_t member_length;  /* modulo 2^32, from its trailer */
    uint64_t trailer_offset; /* in the object */
};

/* A seek point on its way. `following` and `window` are owned. */
struct dp_batch_point {
    struct dp_found_point found;
    uint8_t *window;             /* found.window_raw_bytes; NULL at a member's begin */
    struct dp_array following;   /* compressed bytes behind it, see window.h */
    struct dp_array packed;      /* filled by the parallel part */
    uint64_t following_offset;   /* in the object, of the first of them */
    bool complete;               /* `following` holds all there will be */
};

enum dp_batch_state {
    DP_BATCH_END = 0,  /* the stream ends here */
    DP_BATCH_MORE = 1, /* more batches follow */
    DP_BATCH_GZIP = 2  /* BGZF: what follows is no sound block; plain gzip must say what it is */
};

/* What is known at the end of a batch, see struct dp_decoder_result. */
struct dp_batch_result {
    uint64_t compressed_bytes;
    uint64_t member_count;
    uint64_t garbage_bytes;
    uint64_t zero_bytes;
    bool bgzf_eof_missing;
};

struct dp_batch {
    uint8_t *room;          /* DP_WINDOW_BYTES of history, then the pass's room_bytes;
                             * belongs to who made the batch. NULL: `bytes` lie in the input */
    const uint8_t *bytes;   /* the uncompressed bytes: in `room`, or in the input (codec none) */
    size_t length;
    uint64_t offset;        /* uncompressed, of the first of them */
    struct dp_array segments; /* struct dp_segment; together exactly `length` bytes */
    size_t cut;               /* bytes that segments were cut of so far */
    struct dp_array points;   /* struct dp_batch_point, complete ones */
    struct dp_array blocks;   /* struct dp_block, BGZF */
    struct dp_array block_ends; /* size_t for every block: its end in `bytes` */
    struct dp_array packed;   /* BGZF: the compressed blocks, whole, then what is not a block;
                                 spans: the compressed bytes of this one */
    uint64_t packed_offset;   /* in the object, of the first of them */
    size_t span_number;
    struct dp_span span;
    size_t retry;             /* DP_BATCH_GZIP: where in `packed` to go on as plain gzip */

    int state;              /* enum dp_batch_state; < 0: it fails here */
    struct dp_error error;
    struct dp_batch_result result;
};

/* `room`: see struct dp_batch. */
void dp_batch_init(struct dp_batch *batch, uint8_t *room);
void dp_batch_free(struct dp_batch *batch);
/* Empties it for bytes at `offset`. What `previous` ends with (NULL: nothing) becomes the history
 * in front of the room; it may be the same batch. */
void dp_batch_clear(struct dp_batch *batch, uint64_t offset, const struct dp_batch *previous);

/* Appends a segment of the bytes since the last one. *segment is NULL when there was nothing to
 * append: neither bytes nor flags. False when out of memory. */
bool dp_batch_cut(struct dp_batch *batch, unsigned flags, struct dp_segment **segment);

void dp_batch_point_free(struct dp_batch_point *point);

/* A slice is decoded up to the checksum edge behind it, so edges lie closer than seek points: a
 * quarter of the spacing costs 12 bytes each and decodes an eighth of it too much on average. */
#define DP_EDGES_PER_POINT 4u
#define DP_EDGE_STEP_LEAST (64u << 10)

/* What every codec's serial part keeps. */
struct dp_flow {
    const struct dp_decoder_config *config;
    struct dp_source *source;
    struct dp_points points;
    uint64_t offset;   /* uncompressed, of the next byte */
    uint64_t sum_edge; /* the next checksum edge if no seek point comes before; or UINT64_MAX */
};

void dp_flow_init(struct dp_flow *flow, const struct dp_decoder_config *config,
                  struct dp_source *source);
void dp_flow_free(struct dp_flow *flow);
/* An edge lies at flow->offset: the next one is counted from here. */
void dp_flow_edge(struct dp_flow *flow);
/* The last edge lay at `edge`, before flow->offset. */
void dp_flow_edge_from(struct dp_flow *flow, uint64_t edge);

#endif
