/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a codec does in the decoder: its serial and its parallel part (batch.h). */

#ifndef DP_CODEC_PASS_H
#define DP_CODEC_PASS_H

#include "index/codec/batch.h"
#include "index/codec/inflate.h"
#include "index/codec/window.h"

#include <libdeflate.h>

struct dp_pass;

/* Scratch of one thread for the parallel part; each member is made when it is first needed. */
struct dp_worker {
    const char *backend;
    struct dp_inflate *inflate;
    struct dp_window_packer *packer;
    struct libdeflate_decompressor *decompressor;
    uint8_t *packed; /* the pass's packed_bytes; belongs to the crew */
};

struct dp_pass_ops {
    bool counts_apart;  /* member counts are those of each batch, not so far */
    bool needs_history; /* the last 32 KiB must stand in front of a batch's room */

    int (*open)(const struct dp_decoder_config *config, struct dp_source *source,
                struct dp_pass **pass, struct dp_error *err);
    void (*close)(struct dp_pass *pass);

    /* Fills a cleared batch and sets its state: > 0 more, 0 the end, < 0 the failure that stands in
     * batch->error, behind the bytes it could still give. */
    void (*fill)(struct dp_pass *pass, struct dp_batch *batch);

    /* What was taken from the source and stands in no batch yet. NULL where that cannot be. */
    const struct dp_array *(*rest)(const struct dp_pass *pass);

    /* Completes a filled batch; any thread, of the pass only what never changes may be read. A
     * failure makes the batch end before the bytes it struck. */
    void (*work)(struct dp_pass *pass, struct dp_worker *worker, struct dp_batch *batch);
};

/* The begin of every pass. */
struct dp_pass {
    const struct dp_pass_ops *ops;
    struct dp_flow flow;
    size_t room_bytes; /* of a batch; 0: batches look into the input, the caller does all alone */
    size_t packed_bytes; /* of compressed bytes that a worker has at hand; 0: none */
};

extern const struct dp_pass_ops dp_pass_none;
extern const struct dp_pass_ops dp_pass_gzip;
extern const struct dp_pass_ops dp_pass_bgzf;
extern const struct dp_pass_ops dp_pass_spans;

/* The pass for a codec and what is known. */
const struct dp_pass_ops *dp_pass_find(const struct dp_decoder_config *config);

/* The room of a batch: `most`, but no more than what is to be decoded and, behind it, `beyond`
 * bytes need. Memory that is taken must be cleared first, and a header is short. */
size_t dp_pass_room(const struct dp_decoder_config *config, size_t most, size_t beyond);

/* Where BGZF was left. */
struct dp_resume {
    uint64_t origin;         /* uncompressed offset where the whole decoding began */
    uint64_t edge;           /* the last checksum edge, or the origin */
    uint64_t member_count;   /* blocks so far */
    struct dp_points points; /* seek points so far; they go to the new pass */
};

/* Goes on as plain gzip at config->start, where BGZF was left: seek points and checksum edges
 * follow each other as if nothing had happened. */
int dp_pass_gzip_resume(const struct dp_decoder_config *config, struct dp_source *source,
                        struct dp_resume *from, struct dp_pass **pass, struct dp_error *err);

/* The parallel part that all codecs share: the CRC of every segment that has none yet. */
void dp_pass_sum(struct dp_batch *batch);

void dp_worker_free(struct dp_worker *worker);

#endif
