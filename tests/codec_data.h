/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Compressed objects of every kind, made by zlib and libdeflate, for the tests of the codecs. */

#ifndef DP_TESTS_CODEC_DATA_H
#define DP_TESTS_CODEC_DATA_H

#include "base/array.h"
#include "index/codec/decoder.h"

#include <stdint.h>

/* Deterministic noise. */
uint32_t data_noise(uint64_t *state);
/* Reads of a sequencer, `length` bytes of them; compresses about 4:1. */
void data_reads(struct dp_array *out, size_t length, uint64_t seed);

/* Appends one gzip member of `bytes`. With `flush_every` the stream is flushed so (Z_SYNC_FLUSH,
 * Z_FULL_FLUSH, ...) after every so many bytes. */
struct data_member {
    int level;
    int strategy; /* Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, ... */
    int flush;
    size_t flush_every;
};
void data_member(struct dp_array *out, const uint8_t *bytes, size_t length,
                 const struct data_member *how);
/* Appends a member whose data is one block: the fixed code, no matches. */
void data_giant_block(struct dp_array *out, const uint8_t *bytes, size_t length);
/* Appends BGZF blocks of `block_bytes` each, and the empty one when `eof`. */
void data_bgzf(struct dp_array *out, const uint8_t *bytes, size_t length, size_t block_bytes,
               bool eof);

/* An object's bytes as an input that comes in chunks of `chunk_bytes`. */
struct data_feed {
    const uint8_t *bytes;
    size_t length;
    size_t chunk_bytes;
    struct dp_input *input;
};
void data_feed_open(struct data_feed *feed, const uint8_t *bytes, size_t length,
                    size_t chunk_bytes);

/* What a whole pass gave. */
struct data_pass {
    struct dp_array bytes;
    struct dp_array points;  /* struct data_point */
    struct dp_array windows; /* packed, one after the other */
    struct dp_array edges;   /* uint64_t, uncompressed offsets of checksum edges */
    struct dp_array blocks;  /* struct dp_block */
    struct dp_decoder_result result;
    struct dp_error error;
    int rc;
};
struct data_point {
    struct dp_found_point found;
    size_t window; /* offset in windows */
};
/* Decodes an object; config->input is set from the bytes. Checks the CRC of every piece. */
void data_decode(struct data_pass *pass, const struct dp_decoder_config *config,
                 const uint8_t *bytes, size_t length, size_t chunk_bytes);
void data_pass_free(struct data_pass *pass);

#endif
