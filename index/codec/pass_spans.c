/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Codec gzip with an index: the stretches between seek points are inflated in parallel. Serial:
 * cutting the compressed bytes at the points, where they come from the input. Parallel: reading
 * them where they lie near, inflating, checksums. */

#include "index/codec/gzip.h"
#include "index/codec/pass.h"

#include <inttypes.h>
#include <stdlib.h>

struct spans_pass {
    struct dp_pass base;
    size_t next; /* span to cut */
};

static int open_spans(const struct dp_decoder_config *config, struct dp_source *source,
                      struct dp_pass **pass, struct dp_error *err)
{
    struct spans_pass *self = calloc(1, sizeof(*self));

    if (!self)
        return dp_error_no_memory(err);
    self->base.ops = &dp_pass_spans;
    self->base.room_bytes = (size_t)config->guide->largest_bytes + 1;
    if (config->guide->read)
        self->base.packed_bytes = (size_t)config->guide->largest_packed_bytes + 1;
    dp_flow_init(&self->base.flow, config, source);
    *pass = &self->base;
    return DP_OK;
}

static void close_spans(struct dp_pass *pass)
{
    dp_flow_free(&pass->flow);
    free(pass);
}

/* ------------------------------------------------------------------------------- serial */

/* Takes the span's compressed bytes. An object that ends before them is not the indexed one. */
static int cut_span(struct dp_flow *flow, struct dp_batch *batch)
{
    struct dp_source *source = flow->source;
    const struct dp_range *range = &batch->span.packed;

    /* A point inside a byte: two spans share it. */
    if (dp_source_offset(source) > range->begin)
        dp_source_back(source, (size_t)(dp_source_offset(source) - range->begin));
    batch->packed_offset = range->begin;
    while (dp_source_offset(source) < range->end) {
        uint64_t count = range->end - dp_source_offset(source);
        int rc = dp_source_fill(source, &batch->error);

        if (rc < 0)
            return rc;
        if (rc == 0)
            break;
        if (count > (uint64_t)(source->end - source->at))
            count = (uint64_t)(source->end - source->at);
        if (!dp_array_append(&batch->packed, source->at, (size_t)count, 1))
            return dp_error_no_memory(&batch->error);
        source->at += count;
    }
    return DP_BATCH_MORE;
}

static void fill_spans(struct dp_pass *pass, struct dp_batch *batch)
{
    struct spans_pass *self = (struct spans_pass *)pass;
    struct dp_flow *flow = &pass->flow;
    const struct dp_guide *guide = flow->config->guide;

    batch->span_number = self->next++;
    guide->span(guide->user, batch->span_number, &batch->span);
    batch->state = guide->read ? DP_BATCH_MORE : cut_span(flow, batch);
    batch->result.compressed_bytes =
        guide->read ? batch->span.packed.end : dp_source_offset(flow->source);
    flow->offset = batch->span.end_offset;
    if (batch->state == DP_BATCH_MORE && self->next == guide->span_count)
        batch->state = DP_BATCH_END;
}

/* ----------------------------------------------------------------------------- parallel */

/* Where decoding must stop next: at a checksum edge or the span's end. */
static uint64_t next_stop(const struct dp_guide *guide, const struct dp_batch *batch)
{
    uint64_t edge = guide->next_sum(guide->user, batch->offset + batch->length);

    return edge < batch->span.end_offset ? edge : batch->span.end_offset;
}

static int end_member(const struct dp_gzip *gzip, struct dp_batch *batch)
{
    struct dp_segment *segment;

    if (!dp_batch_cut(batch, DP_SEGMENT_MEMBER, &segment))
        return dp_error_no_memory(&batch->error);
    segment->member_crc32 = gzip->trailer_crc32;
    segment->member_length = gzip->trailer_length;
    segment->trailer_offset = gzip->trailer_offset;
    return DP_OK;
}

/* An edge, and whether it is the span's end. */
static int end_sum(struct dp_batch *batch, bool *done)
{
    struct dp_segment *segment;

    *done = batch->offset + batch->length == batch->span.end_offset;
    return dp_batch_cut(batch, DP_SEGMENT_SUM, &segment) ? DP_OK
                                                         : dp_error_no_memory(&batch->error);
}

static int fail(const struct dp_gzip *gzip, struct dp_batch *batch, const char *what)
{
    return dp_error_set_detail(&batch->error, DP_DATA, DP_DETAIL_CHECKSUM,
                               "%s: offset %" PRIu64 ": the data %s what was indexed", gzip->name,
                               dp_source_offset(gzip->source), what);
}

static int handle(const struct dp_gzip *gzip, struct dp_batch *batch, int event, uint64_t stop,
                  bool *done)
{
    switch (event) {
    case DP_GZIP_MEMBER:
        return DP_OK;
    case DP_GZIP_TRAILER:
        return end_member(gzip, batch);
    case DP_GZIP_FULL:
    case DP_GZIP_END:
        if (batch->offset + batch->length == stop)
            return end_sum(batch, done);
        return fail(gzip, batch, "ends before");
    default:
        return event;
    }
}

/* The last span is all there but for the rest of its member's trailer: of a truncated object that
 * is all its index knows of. */
static bool is_enough(const struct dp_guide *guide, const struct dp_batch *batch, int event)
{
    return event == DP_DATA && batch->error.detail == DP_DETAIL_UNEXPECTED_END &&
           !guide->to_the_end && batch->offset + batch->length == batch->span.end_offset;
}

static int inflate_span(struct dp_gzip *gzip, const struct dp_guide *guide,
                        struct dp_batch *batch)
{
    uint64_t stop = next_stop(guide, batch);
    bool done = false;
    int rc = DP_OK;

    while (!rc && !done) {
        uint8_t *out = batch->room + DP_WINDOW_BYTES + batch->length;
        size_t room = (size_t)(stop - batch->offset - batch->length), before = room;
        int event = dp_gzip_run(gzip, &out, &room, false, &batch->error);

        batch->length += before - room;
        if (is_enough(guide, batch, event))
            event = DP_GZIP_END;
        rc = handle(gzip, batch, event, stop, &done);
        if (!done && batch->offset + batch->length == stop && event == DP_GZIP_FULL)
            stop = next_stop(guide, batch);
        /* Room that is used up is the end only where something follows. */
        if (done && event == DP_GZIP_FULL && guide->to_the_end &&
            batch->span_number + 1 == guide->span_count)
            rc = fail(gzip, batch, "goes on behind");
    }
    return rc;
}

/* Lets `source` give the span's compressed bytes. Those that are read here stand with the worker,
 * whose cache knows the place from the spans before. */
static int open_packed(const struct dp_guide *guide, struct dp_worker *worker,
                       struct dp_source *source, struct dp_batch *batch)
{
    const struct dp_range *range = &batch->span.packed;
    size_t length = (size_t)(range->end - range->begin);
    int rc;

    if (!guide->read) {
        dp_source_init_bytes(source, batch->packed.data, batch->packed.length,
                             batch->packed_offset);
        return DP_OK;
    }
    rc = guide->read(guide->user, *range, worker->packed, &batch->error);
    if (!rc)
        dp_source_init_bytes(source, worker->packed, length, range->begin);
    return rc;
}

static int start_span(struct dp_pass *pass, struct dp_worker *worker, struct dp_source *source,
                      struct dp_gzip *gzip, struct dp_batch *batch)
{
    const struct dp_guide *guide = pass->flow.config->guide;
    struct dp_window window;
    int rc = open_packed(guide, worker, source, batch);

    if (!rc && !worker->inflate)
        rc = dp_inflate_open(worker->backend, &worker->inflate, &batch->error);
    if (!rc && batch->span.start.mid_member)
        rc = guide->window(guide->user, batch->span_number, &window, &batch->error);
    return rc ? rc
              : dp_gzip_init(gzip, source, worker->inflate, dp_input_name(pass->flow.source->input),
                             &batch->span.start, &window, &batch->error);
}

static void work_spans(struct dp_pass *pass, struct dp_worker *worker, struct dp_batch *batch)
{
    struct dp_source source;
    struct dp_gzip gzip;
    struct dp_segment *segment;
    int rc;

    if (batch->state < 0)
        return;
    rc = start_span(pass, worker, &source, &gzip, batch);
    if (!rc) {
        rc = inflate_span(&gzip, pass->flow.config->guide, batch);
        batch->result.member_count = gzip.member_count;
        batch->result.garbage_bytes = gzip.garbage_bytes;
        batch->result.zero_bytes = gzip.zero_bytes;
        dp_source_free(&source);
    }
    if (!dp_batch_cut(batch, 0, &segment))
        rc = dp_error_no_memory(&batch->error);
    dp_pass_sum(batch);
    if (rc)
        batch->state = rc;
}

const struct dp_pass_ops dp_pass_spans = {
    .counts_apart = true,
    .open = open_spans,
    .close = close_spans,
    .fill = fill_spans,
    .work = work_spans,
};
