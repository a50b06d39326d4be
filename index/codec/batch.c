/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/batch.h"

#include <stdlib.h>
#include <string.h>

void dp_batch_init(struct dp_batch *batch, uint8_t *room)
{
    memset(batch, 0, sizeof(*batch));
    batch->room = room;
}

void dp_batch_point_free(struct dp_batch_point *point)
{
    free(point->window);
    dp_array_free(&point->following);
    dp_array_free(&point->packed);
}

static void free_points(struct dp_batch *batch)
{
    struct dp_batch_point *points = batch->points.data;

    for (size_t i = 0; i < batch->points.length; i++)
        dp_batch_point_free(&points[i]);
    batch->points.length = 0;
}

void dp_batch_free(struct dp_batch *batch)
{
    free_points(batch);
    dp_array_free(&batch->segments);
    dp_array_free(&batch->points);
    dp_array_free(&batch->blocks);
    dp_array_free(&batch->block_ends);
    dp_array_free(&batch->packed);
}

void dp_batch_clear(struct dp_batch *batch, uint64_t offset, const struct dp_batch *previous)
{
    if (batch->room && previous)
        memmove(batch->room, previous->room + previous->length, DP_WINDOW_BYTES);
    free_points(batch);
    batch->segments.length = batch->blocks.length = batch->block_ends.length = 0;
    batch->packed.length = batch->retry = 0;
    batch->bytes = batch->room ? batch->room + DP_WINDOW_BYTES : NULL;
    batch->length = batch->cut = 0;
    batch->offset = offset;
    batch->state = DP_BATCH_MORE;
    memset(&batch->result, 0, sizeof(batch->result));
}

bool dp_batch_cut(struct dp_batch *batch, unsigned flags, struct dp_segment **segment)
{
    struct dp_segment cut = {.length = batch->length - batch->cut, .flags = flags};

    *segment = NULL;
    if (cut.length == 0 && flags == 0)
        return true;
    if (!dp_array_append(&batch->segments, &cut, 1, sizeof(cut)))
        return false;
    batch->cut = batch->length;
    *segment = (struct dp_segment *)batch->segments.data + batch->segments.length - 1;
    return true;
}

void dp_flow_init(struct dp_flow *flow, const struct dp_decoder_config *config,
                  struct dp_source *source)
{
    flow->config = config;
    flow->source = source;
    flow->offset = config->start.uncompressed_offset;
    dp_points_init(&flow->points, config->spacing_bytes, flow->offset);
    dp_flow_edge(flow);
}

void dp_flow_free(struct dp_flow *flow)
{
    dp_points_free(&flow->points);
}

/* How far apart checksum edges are at most: a fraction of the spacing, also after that was doubled,
 * so that there are DP_EDGES_PER_POINT for a seek point, and more only where even these would lie
 * farther apart than `sum_bytes`. */
static uint64_t edge_step(const struct dp_flow *flow)
{
    uint64_t most = flow->config->sum_bytes;
    uint64_t step = flow->points.spacing_bytes / DP_EDGES_PER_POINT;

    if (step == 0 || step > most)
        return most;
    return step < DP_EDGE_STEP_LEAST ? DP_EDGE_STEP_LEAST : step;
}

void dp_flow_edge_from(struct dp_flow *flow, uint64_t edge)
{
    const struct dp_guide *guide = flow->config->guide;
    uint64_t step = edge_step(flow);

    if (guide)
        flow->sum_edge = guide->next_sum(guide->user, edge);
    else
        flow->sum_edge = step && edge <= UINT64_MAX - step ? edge + step : UINT64_MAX;
}

void dp_flow_edge(struct dp_flow *flow)
{
    dp_flow_edge_from(flow, flow->offset);
}
