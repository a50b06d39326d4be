/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Codec none: the input's own bytes, cut at the edges. Every byte can be a seek point. */

#include "index/codec/pass.h"

#include <stdlib.h>

static int open_none(const struct dp_decoder_config *config, struct dp_source *source,
                     struct dp_pass **pass, struct dp_error *err)
{
    struct dp_pass *self = calloc(1, sizeof(*self));

    if (!self)
        return dp_error_no_memory(err);
    self->ops = &dp_pass_none;
    dp_flow_init(&self->flow, config, source);
    *pass = self;
    return DP_OK;
}

static void close_none(struct dp_pass *pass)
{
    dp_flow_free(&pass->flow);
    free(pass);
}

/* Makes the flow's offset a seek point if it is one. False when out of memory. */
static bool mark_point(struct dp_flow *flow, struct dp_batch *batch, bool *taken)
{
    struct dp_batch_point point = {.complete = true};

    if (!dp_points_offer(&flow->points, flow->offset, taken))
        return false;
    if (!*taken)
        return true;
    point.found.at.uncompressed_offset = flow->offset;
    point.found.at.compressed_bit = flow->offset * 8;
    point.found.spacing_bytes = flow->points.spacing_bytes;
    return dp_array_append(&batch->points, &point, 1, sizeof(point));
}

/* Ends the batch, which ends at the flow's offset, with the edges there. False: out of memory. */
static bool mark_edges(struct dp_flow *flow, struct dp_batch *batch)
{
    unsigned flags = flow->offset == flow->sum_edge ? DP_SEGMENT_SUM : 0;
    struct dp_segment *segment;
    bool taken;

    if (!mark_point(flow, batch, &taken))
        return false;
    flags |= taken ? DP_SEGMENT_POINT : 0;
    if (flags)
        dp_flow_edge(flow);
    return dp_batch_cut(batch, flags, &segment);
}

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* A view of the input, up to the next edge (the end of the object may be one). */
static void fill_none(struct dp_pass *pass, struct dp_batch *batch)
{
    struct dp_flow *flow = &pass->flow;
    struct dp_source *source = flow->source;
    const uint64_t end = flow->config->end_offset;
    uint64_t edge, length;
    bool taken = false;

    batch->state = flow->offset < end ? dp_source_fill(source, &batch->error) : 0;
    batch->result.compressed_bytes = dp_source_offset(source);
    if (batch->state <= 0)
        return;
    if (flow->offset == flow->config->start.uncompressed_offset &&
        !mark_point(flow, batch, &taken)) {
        batch->state = dp_error_no_memory(&batch->error);
        return;
    }
    edge = lower(end, lower(flow->sum_edge, flow->points.target));
    length = lower(edge - flow->offset, (uint64_t)(source->end - source->at));
    batch->bytes = source->at;
    batch->length = (size_t)length;
    flow->offset += length;
    source->at += length;
    batch->result.compressed_bytes = dp_source_offset(source);
    if (!mark_edges(flow, batch))
        batch->state = dp_error_no_memory(&batch->error);
}

static void work_none(struct dp_pass *pass, struct dp_worker *worker, struct dp_batch *batch)
{
    (void)pass;
    (void)worker;
    dp_pass_sum(batch);
}

const struct dp_pass_ops dp_pass_none = {
    .open = open_none,
    .close = close_none,
    .fill = fill_none,
    .work = work_none,
};
