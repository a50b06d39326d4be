/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Codec BGZF. Serial: cutting the object into blocks by the sizes that their headers give, which
 * costs next to nothing. Parallel: inflating and checking the blocks. What is not a sound block is
 * left to plain gzip (DP_BATCH_GZIP), so that the verdict on it is gzip's. */

#include "base/crc32.h"
#include "base/le.h"
#include "index/codec/pass.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEAD_BYTES = 18,          /* up to and with the size */
    SMALLEST_BLOCK = 26,      /* a head and a trailer */
    LARGEST_CONTENT = 1 << 16, /* uncompressed bytes of a block */
    PACKED_LIMIT = 1 << 20    /* compressed bytes of a batch, should its blocks be empty */
};

struct bgzf_pass {
    struct dp_pass base;
    struct dp_array ahead; /* the block that comes next, as far as it was read */
    bool decided;          /* whether an edge lies before it */
    bool last_empty;       /* the last block held nothing */
    uint64_t block_count;
};

static int open_bgzf(const struct dp_decoder_config *config, struct dp_source *source,
                     struct dp_pass **pass, struct dp_error *err)
{
    struct bgzf_pass *self = calloc(1, sizeof(*self));

    if (!self)
        return dp_error_no_memory(err);
    self->base.ops = &dp_pass_bgzf;
    self->base.room_bytes = dp_pass_room(config, DP_BATCH_BYTES, LARGEST_CONTENT);
    dp_flow_init(&self->base.flow, config, source);
    *pass = &self->base;
    return DP_OK;
}

static void close_bgzf(struct dp_pass *pass)
{
    struct bgzf_pass *self = (struct bgzf_pass *)pass;

    dp_array_free(&self->ahead);
    dp_flow_free(&pass->flow);
    free(self);
}

/* ------------------------------------------------------------------------------- serial */

/* Reads until `ahead` holds `length` bytes. 1: it does; 0: the object ended before; < 0. */
static int read_ahead(struct bgzf_pass *self, size_t length, struct dp_error *err)
{
    struct dp_source *source = self->base.flow.source;

    while (self->ahead.length < length) {
        size_t count = length - self->ahead.length;
        int rc = dp_source_fill(source, err);

        if (rc <= 0)
            return rc;
        if (count > (size_t)(source->end - source->at))
            count = (size_t)(source->end - source->at);
        if (!dp_array_append(&self->ahead, source->at, count, 1))
            return dp_error_no_memory(err);
        source->at += count;
    }
    return 1;
}

static uint32_t content_length(const struct bgzf_pass *self)
{
    return dp_le32_load((const uint8_t *)self->ahead.data + self->ahead.length - 4);
}

/* Reads the next block whole. Returns enum dp_batch_state (MORE: it is there) or < 0. */
static int read_block(struct bgzf_pass *self, struct dp_error *err)
{
    int rc = read_ahead(self, HEAD_BYTES, err);
    const uint8_t *head = self->ahead.data;
    size_t length;

    if (rc < 0)
        return rc;
    if (self->ahead.length == 0)
        return self->block_count ? DP_BATCH_END : DP_BATCH_GZIP;
    if (rc == 0 || dp_codec_sniff(head, HEAD_BYTES) != DP_CODEC_BGZF)
        return DP_BATCH_GZIP;
    length = (size_t)dp_le16_load(head + 16) + 1;
    if (length < SMALLEST_BLOCK || length < (size_t)dp_le16_load(head + 10) + 20)
        return DP_BATCH_GZIP;
    rc = read_ahead(self, length, err);
    if (rc <= 0)
        return rc ? rc : DP_BATCH_GZIP;
    return content_length(self) <= LARGEST_CONTENT ? DP_BATCH_MORE : DP_BATCH_GZIP;
}

static bool add_point(struct bgzf_pass *self, struct dp_batch *batch)
{
    const struct dp_flow *flow = &self->base.flow;
    struct dp_batch_point point = {.complete = true};

    point.found.at.uncompressed_offset = flow->offset;
    point.found.at.compressed_bit = (dp_source_offset(flow->source) - self->ahead.length) * 8;
    point.found.spacing_bytes = flow->points.spacing_bytes;
    point.found.member_number = self->block_count + 1;
    return dp_array_append(&batch->points, &point, 1, sizeof(point));
}

/* Edges lie between blocks only: a seek point, or a checksum edge where the block ahead would pass
 * the distance allowed. They are cut before anything of the block is given. */
static bool decide_edges(struct bgzf_pass *self, struct dp_batch *batch)
{
    struct dp_flow *flow = &self->base.flow;
    struct dp_segment *segment;
    unsigned flags = 0;
    bool taken;

    self->decided = true;
    if (!dp_points_offer(&flow->points, flow->offset, &taken) ||
        (taken && !add_point(self, batch)))
        return false;
    if (taken)
        flags = DP_SEGMENT_POINT;
    else if (flow->config->guide ? flow->offset == flow->sum_edge
                                 : content_length(self) > flow->sum_edge - flow->offset)
        flags = DP_SEGMENT_SUM;
    if (flags)
        dp_flow_edge(flow);
    if (flow->offset == flow->config->start.uncompressed_offset)
        return true;
    return !flags || dp_batch_cut(batch, flags, &segment);
}

/* Moves the block ahead into the batch. */
static bool place_block(struct bgzf_pass *self, struct dp_batch *batch)
{
    struct dp_flow *flow = &self->base.flow;
    struct dp_block block = {(uint32_t)self->ahead.length, content_length(self)};
    size_t end = batch->length + block.uncompressed_bytes;

    if (!dp_array_append(&batch->packed, self->ahead.data, self->ahead.length, 1) ||
        !dp_array_append(&batch->blocks, &block, 1, sizeof(block)) ||
        !dp_array_append(&batch->block_ends, &end, 1, sizeof(end)))
        return false;
    batch->length = end;
    flow->offset += block.uncompressed_bytes;
    self->ahead.length = 0;
    self->decided = false;
    self->last_empty = block.uncompressed_bytes == 0;
    self->block_count++;
    return true;
}

/* One block into the batch: 1 when that is done, 0 when the batch is done (its state says why). */
static int step(struct bgzf_pass *self, struct dp_batch *batch)
{
    const struct dp_flow *flow = &self->base.flow;

    if (!self->decided) {
        batch->state = flow->offset < flow->config->end_offset ? read_block(self, &batch->error)
                                                               : DP_BATCH_END;
        if (batch->state != DP_BATCH_MORE)
            return 0;
        if (!decide_edges(self, batch)) {
            batch->state = dp_error_no_memory(&batch->error);
            return 0;
        }
    }
    if (content_length(self) > self->base.room_bytes - batch->length ||
        batch->packed.length > PACKED_LIMIT)
        return 0;
    if (!place_block(self, batch))
        batch->state = dp_error_no_memory(&batch->error);
    return batch->state == DP_BATCH_MORE;
}

static void fill_bgzf(struct dp_pass *pass, struct dp_batch *batch)
{
    struct bgzf_pass *self = (struct bgzf_pass *)pass;
    struct dp_flow *flow = &pass->flow;
    uint64_t end = flow->config->end_offset;
    struct dp_segment *segment;

    batch->packed_offset = dp_source_offset(flow->source) - self->ahead.length;
    while (step(self, batch))
        ;
    /* What is no block goes along: plain gzip begins with it. */
    batch->retry = batch->packed.length;
    if (batch->state == DP_BATCH_GZIP) {
        if (!dp_array_append(&batch->packed, self->ahead.data, self->ahead.length, 1))
            batch->state = dp_error_no_memory(&batch->error);
        self->ahead.length = 0;
    }
    if (batch->offset + batch->length > end)
        batch->length = (size_t)(end - batch->offset);
    if (!dp_batch_cut(batch, 0, &segment))
        batch->state = dp_error_no_memory(&batch->error);
    batch->result.compressed_bytes = dp_source_offset(flow->source);
    batch->result.member_count = self->block_count;
    batch->result.bgzf_eof_missing = batch->state == DP_BATCH_END && !self->last_empty &&
                                     flow->offset < end;
}

static const struct dp_array *rest_bgzf(const struct dp_pass *pass)
{
    return &((const struct bgzf_pass *)pass)->ahead;
}

/* ----------------------------------------------------------------------------- parallel */

/* Inflates one block to `content` and checks it against its trailer. */
static bool inflate_block(struct libdeflate_decompressor *decompressor, const uint8_t *packed,
                          const struct dp_block *block, uint8_t *content, uint32_t *crc)
{
    size_t head = (size_t)dp_le16_load(packed + 10) + 12;
    size_t length = block->compressed_bytes - head - 8;
    size_t used;

    if (libdeflate_deflate_decompress_ex(decompressor, packed + head, length, content,
                                         block->uncompressed_bytes, &used,
                                         NULL) != LIBDEFLATE_SUCCESS ||
        used != length)
        return false;
    *crc = dp_crc32(0, content, block->uncompressed_bytes);
    return *crc == dp_le32_load(packed + block->compressed_bytes - 8);
}

/* The batch ends before block `number`, which is not sound and stands at `retry` of `packed`. */
static void give_up(struct dp_batch *batch, size_t number, size_t retry, size_t length)
{
    struct dp_segment *segments = batch->segments.data;
    struct dp_batch_point *points = batch->points.data;
    size_t at = 0, i;

    batch->state = DP_BATCH_GZIP;
    batch->retry = retry;
    batch->result.member_count -= batch->blocks.length - number;
    batch->result.bgzf_eof_missing = false;
    batch->blocks.length = batch->block_ends.length = number;
    batch->length = length;
    for (i = 0; i < batch->segments.length && at + segments[i].length <= length; i++)
        at += segments[i].length;
    if (at < length) {
        segments[i].length = length - at;
        segments[i++].flags = 0;
    }
    batch->segments.length = i;
    while (batch->points.length &&
           points[batch->points.length - 1].found.at.uncompressed_offset > batch->offset + length)
        batch->points.length--;
}

/* Segments end where blocks do: their CRCs are put together from those of the blocks. (But for one
 * that was cut short by the end that the caller asked for.) */
static void sum_segments(struct dp_batch *batch, const uint32_t *crcs)
{
    const size_t *ends = batch->block_ends.data;
    struct dp_segment *segment = batch->segments.data;
    size_t begin = 0, end = 0, block = 0;

    for (size_t i = 0; i < batch->segments.length; i++, segment++) {
        end += segment->length;
        for (; block < batch->block_ends.length && ends[block] <= end; begin = ends[block++])
            segment->crc32 = dp_crc32_combine(segment->crc32, crcs[block], ends[block] - begin);
        if (begin == end)
            segment->flags |= DP_SEGMENT_SUMMED;
    }
}

static int inflate_blocks(struct dp_worker *worker, struct dp_batch *batch, uint32_t *crcs)
{
    const struct dp_block *blocks = batch->blocks.data;
    uint8_t *content = batch->room + DP_WINDOW_BYTES;
    size_t packed = 0, length = 0;

    if (!worker->decompressor)
        worker->decompressor = libdeflate_alloc_decompressor();
    if (!worker->decompressor)
        return dp_error_no_memory(&batch->error);
    for (size_t i = 0; i < batch->blocks.length; i++) {
        if (!inflate_block(worker->decompressor, (uint8_t *)batch->packed.data + packed,
                           &blocks[i], content + length, &crcs[i])) {
            give_up(batch, i, packed, length);
            break;
        }
        packed += blocks[i].compressed_bytes;
        length += blocks[i].uncompressed_bytes;
    }
    return DP_OK;
}

static void work_bgzf(struct dp_pass *pass, struct dp_worker *worker, struct dp_batch *batch)
{
    uint32_t *crcs = malloc((batch->blocks.length + 1) * sizeof(*crcs));
    int rc = crcs ? inflate_blocks(worker, batch, crcs) : dp_error_no_memory(&batch->error);

    (void)pass;
    if (rc) {
        batch->segments.length = batch->length = batch->blocks.length = 0;
        batch->state = rc;
    } else if (batch->block_ends.length == batch->blocks.length) {
        sum_segments(batch, crcs);
        dp_pass_sum(batch);
    }
    free(crcs);
}

const struct dp_pass_ops dp_pass_bgzf = {
    .open = open_bgzf,
    .close = close_bgzf,
    .fill = fill_bgzf,
    .rest = rest_bgzf,
    .work = work_bgzf,
};
