/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* One forward decoder for every codec: compressed input in, checked pieces of uncompressed bytes
 * out, and on the way the places where decoding can restart.
 *
 * The index builder, the reader of slices and the stream of dp-zcat all stand on it. With threads
 * the inflating runs ahead of the caller in bounded buffers; the results are the same, byte for
 * byte, whatever the backend, the buffers or the threads. */

#ifndef DP_CODEC_DECODER_H
#define DP_CODEC_DECODER_H

#include "connectors/input.h"

#define DP_WINDOW_BYTES 32768u

enum dp_codec { DP_CODEC_NONE = 0, DP_CODEC_GZIP = 1, DP_CODEC_BGZF = 2 };

/* "none", "gzip", "bgzf" */
const char *dp_codec_name(enum dp_codec codec);
/* The codec of that name; false when there is none. */
bool dp_codec_parse(const char *name, enum dp_codec *codec);
/* The codec that the first bytes of an object (18 are enough) say. */
enum dp_codec dp_codec_sniff(const uint8_t *head, size_t length);
/* What to say of an object that begins like that of a compressor which is not supported; NULL when
 * it does not. With `by_gzip` only those whose objects gzip would decompress. */
const char *dp_codec_foreign(const uint8_t *head, size_t length, bool by_gzip);

/* A place where decoding can restart: the begin of a member or BGZF block (no window), a deflate
 * block boundary inside a member (a window), or any byte (codec none). Offsets are relative to the
 * start of the object. A member's begin is that of its gzip header, bit a multiple of 8. */
struct dp_seek_point {
    uint64_t uncompressed_offset;
    uint64_t compressed_bit; /* bits from the start of the object */
    bool mid_member;         /* a window is needed, the decoder starts inside deflate data */
};

/* The bytes before a seek point that lies inside a member, as far as they are referenced: the
 * others are zero. Not placed: only these, in their order, and the data behind the point tell where
 * they stand. */
struct dp_window {
    size_t raw_bytes;  /* up to the point; 0: no window, which is placed */
    bool placed;
    size_t kept_bytes; /* not placed: so many stand in `bytes` */
    uint8_t bytes[DP_WINDOW_BYTES];
};

/* A seek point found by a decoder, with its packed window. */
struct dp_found_point {
    struct dp_seek_point at;
    uint64_t spacing_bytes; /* in force when it was found. Greater than that of the point before:
                               the table so far must first be thinned, dp_points_thin() */
    uint64_t member_number; /* members (blocks) that began before this point, this one included
                               when it is a member's begin: 1 for the first point */
    const uint8_t *window;  /* packed as window.h says; NULL when not mid_member */
    size_t window_bytes;    /* its packed length */
    size_t window_raw_bytes; /* length unpacked: 32768, or less near the begin of a member */
};

/* A BGZF block. */
struct dp_block {
    uint32_t compressed_bytes;
    uint32_t uncompressed_bytes;
};

/* A stretch between two seek points, which can be decoded alone. */
struct dp_span {
    struct dp_seek_point start;
    uint64_t end_offset;    /* uncompressed */
    struct dp_range packed; /* compressed bytes that are needed for it, in the object */
};

/* What an index knows of the object; functions may be called from any thread. */
struct dp_guide {
    void *user;
    /* The first checksum edge behind an uncompressed offset. Pieces end there. */
    uint64_t (*next_sum)(void *user, uint64_t offset);
    /* gzip only: the stretches to decode, without gaps. 0: there are none, decode front to back. */
    size_t span_count;
    uint64_t largest_bytes; /* uncompressed, of a span */
    uint64_t largest_packed_bytes; /* with `read` */
    bool to_the_end;        /* the object's data end with the last span: anything more is damage */
    void (*span)(void *user, size_t i, struct dp_span *span);
    /* Unpacks the window of span i; of no bytes when it needs none. */
    int (*window)(void *user, size_t i, struct dp_window *window, struct dp_error *err);
    /* Reads bytes of the object, for objects that lie near: each thread gets those of its span
     * itself, and the input gives none. NULL: they come one after the other from the input. */
    int (*read)(void *user, struct dp_range range, uint8_t *bytes, struct dp_error *err);
};

struct dp_decoder_config {
    enum dp_codec codec;
    struct dp_input *input;       /* stands at byte start.compressed_bit / 8; not owned */
    struct dp_seek_point start;   /* {0} for the whole object */
    struct dp_window *window;     /* for a start inside a member; opening places it, then it is not
                                     needed any more */
    uint64_t end_offset;          /* stop when this uncompressed offset is reached (nothing after it
                                     is checked); UINT64_MAX: to the end of the object */
    uint64_t spacing_bytes;       /* of seek points; 0: find none */
    uint64_t sum_bytes;           /* a piece ends at least this often after the last edge (a seek
                                     point or such an end), more often, down to
                                     DP_EDGE_STEP_LEAST, where seek points lie close; 0: no such
                                     edges */
    const struct dp_guide *guide; /* not owned; NULL: none. Instead of sum_bytes and spacing_bytes;
                                     with spans the start is that of the first */
    bool want_blocks;             /* BGZF: report every block */
    bool pass_rest;               /* what follows the last member is no garbage but given as it is.
                                     Not with a guide. */
    bool allow_truncated;         /* damage ends the stream early: see dp_decoder_result. (Then zlib
                                     decodes: where exactly damage stops it must not depend on the
                                     backend.) */
    unsigned threads;
    const char *backend;          /* NULL: the fastest */
};

/* Consecutive uncompressed bytes; pieces follow each other without gaps. */
struct dp_piece {
    const uint8_t *bytes; /* valid until the next dp_decoder_next */
    size_t length;        /* > 0, except: a piece of no bytes may report empty BGZF blocks, or an
                             edge where BGZF goes over to plain gzip */
    uint64_t offset;      /* uncompressed, in the object */
    uint32_t crc32;       /* of these bytes alone */
    bool sum_edge;        /* a checksum edge lies at its end */
    bool seek_point;      /* a seek point lies at its end (then also a sum_edge) */
    const struct dp_block *blocks; /* BGZF with want_blocks: the blocks that ended since the last
                                      piece; the empty ones count too */
    size_t block_count;
};

/* What the whole stream was; complete once dp_decoder_next has returned 0. */
struct dp_decoder_result {
    enum dp_codec codec;         /* as configured; but DP_CODEC_GZIP for what began as BGZF and has
                                    other members too */
    uint64_t compressed_bytes;   /* read from the input */
    uint64_t uncompressed_bytes; /* given out (from the start point on) */
    uint64_t member_count;       /* gzip members or BGZF blocks begun */
    uint64_t garbage_bytes;      /* ignored after the last member (zero padding does not count) */
    uint64_t zero_bytes;         /* of such padding */
    uint64_t last_member_bytes;  /* uncompressed; the last BGZF block may be the empty one */
    uint32_t last_member_crc32;
    bool truncated;              /* allow_truncated: it ended early; `damage` says why */
    struct dp_error damage;
    uint64_t damaged_member;     /* when that is a wrong CRC or length: the uncompressed offset
                                    where the member begins that has it */
    bool bgzf_eof_missing;       /* BGZF without the empty block at its end (a warning: the data
                                    may have been cut at a block) */
};

struct dp_decoder;

int dp_decoder_open(struct dp_context *context, const struct dp_decoder_config *config,
                    struct dp_decoder **decoder, struct dp_error *err);
/* 1: *piece is filled; 0: the end, every member was checked; < 0: enum dp_result. */
int dp_decoder_next(struct dp_decoder *decoder, struct dp_piece *piece, struct dp_error *err);
/* The next found point whose window is complete, in order; false when there is none yet. The first
 * one is the start itself. A window may be complete only some pieces later than its point; after
 * the end all are. *point is valid until the next call of either function. */
bool dp_decoder_next_point(struct dp_decoder *decoder, struct dp_found_point *point);
void dp_decoder_result(const struct dp_decoder *decoder, struct dp_decoder_result *result);
void dp_decoder_free(struct dp_decoder *decoder);

/* Tables of seek points are kept below this by doubling the spacing. */
#define DP_POINTS_MAX 16384u

/* Which of `count` ascending offsets stay when the spacing becomes `spacing_bytes`: the first, then
 * each that is at least that far from the last kept one. Writes the kept positions to `keep` (room
 * for `count`) and returns how many. */
size_t dp_points_thin(const uint64_t *offsets, size_t count, uint64_t spacing_bytes,
                      size_t *keep);

#endif
