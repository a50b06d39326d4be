/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/block_walk.h"

#include "index/tabix.h"

#include <inttypes.h>

int dp_block_walk_stale(const struct dp_block_walk *walk, uint64_t block, struct dp_error *err)
{
    return dp_error_set(err, DP_STALE_INDEX,
                        "%s: offset %" PRIu64 ": no block with such a record begins here: the .tbi "
                        "or .csi of the plan belongs to another version of the object",
                        walk->name, block);
}

static int take_block(struct dp_block_walk *walk, const struct dp_block *block,
                      struct dp_error *err)
{
    if (walk->block == DP_VIRTUAL_BLOCK(walk->begin) &&
        DP_VIRTUAL_WITHIN(walk->begin) > block->uncompressed_bytes)
        return dp_block_walk_stale(walk, walk->block, err);
    if (walk->block == DP_VIRTUAL_BLOCK(walk->end)) {
        if (DP_VIRTUAL_WITHIN(walk->end) > block->uncompressed_bytes)
            return dp_block_walk_stale(walk, walk->block, err);
        walk->end_offset = walk->offset + DP_VIRTUAL_WITHIN(walk->end);
    }
    walk->block += block->compressed_bytes;
    walk->offset += block->uncompressed_bytes;
    return DP_OK;
}

int dp_block_walk_take(struct dp_block_walk *walk, const struct dp_block *blocks, size_t count,
                       struct dp_error *err)
{
    size_t i;
    int rc = DP_OK;

    for (i = 0; !rc && i < count && !walk->end_offset; i++)
        rc = take_block(walk, &blocks[i], err);
    if (rc || walk->end_offset)
        return rc;
    if (walk->block > DP_VIRTUAL_BLOCK(walk->end))
        return dp_block_walk_stale(walk, DP_VIRTUAL_BLOCK(walk->end), err);
    /* The piece ends where a block does: what follows need not be read. */
    if (walk->block == DP_VIRTUAL_BLOCK(walk->end) && DP_VIRTUAL_WITHIN(walk->end) == 0)
        walk->end_offset = walk->offset;
    return DP_OK;
}
