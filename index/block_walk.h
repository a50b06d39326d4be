/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Where a piece that is given by virtual offsets ends, as the decoder counts bytes: that is known
 * only when the block in which it ends has been met. */

#ifndef DP_INDEX_BLOCK_WALK_H
#define DP_INDEX_BLOCK_WALK_H

#include "index/codec/decoder.h"

/* Zero-initialised but for the first four. */
struct dp_block_walk {
    const char *name;    /* of the object, for messages */
    uint64_t begin;      /* virtual offsets of the piece */
    uint64_t end;
    uint64_t block;      /* where the next block begins in the object: at first that of `begin` */
    uint64_t offset;     /* of its bytes, as the decoder counts */
    uint64_t end_offset; /* of the piece's end, as the decoder counts; 0 while it is not known */
};

/* Takes note of blocks that were decoded. DP_STALE_INDEX when none begins where the piece says, or
 * when one is shorter. */
int dp_block_walk_take(struct dp_block_walk *walk, const struct dp_block *blocks, size_t count,
                       struct dp_error *err);
/* What that failure is when not even a first block is there. */
int dp_block_walk_stale(const struct dp_block_walk *walk, uint64_t block, struct dp_error *err);

#endif
