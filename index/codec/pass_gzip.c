/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Codec gzip. Serial: inflating, finding seek points, gathering what their windows need.
 * Parallel: checksums and windows. */

#include "index/codec/gzip.h"
#include "index/codec/pass.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Members that hold nothing fill no batch: there may be billions of them, each with a segment. */
enum { SEGMENTS_LIMIT = 8192 };

/* One thread inflates. Where others wait for what it gives, every batch costs it the time to wake
 * one of them, which on a virtual machine is that of inflating some ten thousand bytes. */
#define SHARED_BATCH_BYTES ((size_t)2 * DP_BATCH_BYTES)

struct gzip_pass {
    struct dp_pass base;
    struct dp_inflate *inflate;
    struct dp_gzip gzip;
    uint64_t member_bytes;    /* of the member at hand so far, a start window included */
    struct dp_array pending;  /* struct dp_batch_point found and not yet in a batch, in order */
    size_t open;              /* of them, how many still gather bytes behind them */
    uint8_t history[DP_WINDOW_BYTES]; /* before the start point */
    bool begun;               /* the first batch was filled */
    uint64_t origin;          /* uncompressed offset where the whole decoding began */
};

static int open_gzip(const struct dp_decoder_config *config, struct dp_source *source,
                     struct dp_pass **pass, struct dp_error *err)
{
    struct gzip_pass *self = calloc(1, sizeof(*self));
    const char *backend = config->allow_truncated ? "zlib" : config->backend;
    int rc;

    if (!self)
        return dp_error_no_memory(err);
    self->base.ops = &dp_pass_gzip;
    self->base.room_bytes =
        dp_pass_room(config, config->threads > 1 ? SHARED_BATCH_BYTES : DP_BATCH_BYTES, 0);
    rc = dp_inflate_open(backend, &self->inflate, err);
    if (!rc)
        rc = dp_gzip_init(&self->gzip, source, self->inflate, dp_input_name(source->input),
                          &config->start, config->window, err);
    if (rc) {
        dp_inflate_free(self->inflate);
        free(self);
        return rc;
    }
    self->gzip.pass_rest = config->pass_rest;
    dp_flow_init(&self->base.flow, config, source);
    self->origin = config->start.uncompressed_offset;
    if (config->start.mid_member) {
        const struct dp_window *window = config->window;

        self->member_bytes = window->raw_bytes;
        memcpy(self->history + DP_WINDOW_BYTES - window->raw_bytes, window->bytes,
               window->raw_bytes);
    }
    *pass = &self->base;
    return DP_OK;
}

int dp_pass_gzip_resume(const struct dp_decoder_config *config, struct dp_source *source,
                        struct dp_resume *from, struct dp_pass **pass, struct dp_error *err)
{
    struct gzip_pass *self;
    struct dp_flow *flow;
    int rc = open_gzip(config, source, pass, err);

    if (rc)
        return rc;
    self = (struct gzip_pass *)*pass;
    self->origin = from->origin;
    self->gzip.member_count = from->member_count;
    self->gzip.any_member = from->member_count > 0;
    flow = &self->base.flow;
    dp_points_free(&flow->points);
    flow->points = from->points;
    memset(&from->points, 0, sizeof(from->points));
    if (!config->guide)
        dp_flow_edge_from(flow, from->edge);
    return DP_OK;
}

static void close_gzip(struct dp_pass *pass)
{
    struct gzip_pass *self = (struct gzip_pass *)pass;
    struct dp_batch_point *points = self->pending.data;

    for (size_t i = 0; i < self->pending.length; i++)
        dp_batch_point_free(&points[i]);
    dp_array_free(&self->pending);
    dp_inflate_free(self->inflate);
    dp_flow_free(&pass->flow);
    free(self);
}

/* -------------------------------------------------------------------------- seek points */

static struct dp_batch_point *oldest_open(struct gzip_pass *self)
{
    struct dp_batch_point *points = self->pending.data;

    for (size_t i = 0; i < self->pending.length; i++)
        if (!points[i].complete)
            return &points[i];
    return NULL;
}

/* Hands the complete points at the front over to the batch. */
static bool deliver(struct gzip_pass *self, struct dp_batch *batch)
{
    struct dp_batch_point *points = self->pending.data;
    size_t count = 0;

    while (count < self->pending.length && points[count].complete)
        count++;
    if (count == 0)
        return true;
    if (!dp_array_append(&batch->points, points, count, sizeof(*points)))
        return false;
    self->pending.length -= count;
    memmove(points, points + count, self->pending.length * sizeof(*points));
    return true;
}

/* The window at the batch's end, and from here on what comes behind it. */
static bool gather(struct gzip_pass *self, const struct dp_batch *batch,
                   struct dp_batch_point *point)
{
    struct dp_source *source = self->base.flow.source;
    size_t length = self->member_bytes < DP_WINDOW_BYTES ? (size_t)self->member_bytes
                                                         : DP_WINDOW_BYTES;
    uint64_t byte = point->found.at.compressed_bit / 8;

    point->window = malloc(DP_WINDOW_BYTES);
    if (!point->window)
        return false;
    memcpy(point->window, batch->bytes + batch->length - length, length);
    point->found.window_raw_bytes = length;
    point->following_offset = byte;
    if (!source->recording)
        return dp_source_record(source, (size_t)(dp_source_offset(source) - byte));
    return dp_source_flush(source);
}

/* What was recorded behind the point is all that its window needs. */
static bool close_point(struct gzip_pass *self, struct dp_batch_point *point)
{
    struct dp_source *source = self->base.flow.source;
    size_t begin = (size_t)(point->following_offset - source->record_offset);
    size_t length = source->record.length - begin;

    if (length > DP_COPIED_FOLLOWING_BYTES)
        length = DP_COPIED_FOLLOWING_BYTES;
    point->complete = true;
    if (--self->open == 0)
        source->recording = false;
    /* Nothing recorded: there may be no memory to point into. */
    return length == 0 ||
           dp_array_append(&point->following, (uint8_t *)source->record.data + begin, length, 1);
}

/* Closes the open points that lie 32 KiB or the cap behind; `all`: the member or stream ended. */
static bool close_points(struct gzip_pass *self, bool all)
{
    struct dp_source *source = self->base.flow.source;
    struct dp_batch_point *point;

    if (self->open && !dp_source_flush(source))
        return false;
    while ((point = oldest_open(self)) != NULL) {
        uint64_t output = self->base.flow.offset - point->found.at.uncompressed_offset;
        uint64_t input = source->record_offset + source->record.length - point->following_offset;

        if (!all && output < DP_WINDOW_BYTES && input < DP_COPIED_FOLLOWING_BYTES)
            break;
        if (!close_point(self, point))
            return false;
    }
    if (point)
        dp_source_trim(source, point->following_offset);
    return true;
}

static bool add_point(struct gzip_pass *self, const struct dp_batch *batch, bool mid_member,
                      uint64_t compressed_bit)
{
    const struct dp_flow *flow = &self->base.flow;
    struct dp_batch_point point = {.complete = !mid_member};

    point.found.at.uncompressed_offset = flow->offset;
    point.found.at.mid_member = mid_member;
    point.found.at.compressed_bit = compressed_bit;
    point.found.spacing_bytes = flow->points.spacing_bytes;
    point.found.member_number = self->gzip.member_count;
    if ((mid_member && !gather(self, batch, &point)) ||
        !dp_array_append(&self->pending, &point, 1, sizeof(point))) {
        dp_batch_point_free(&point);
        return false;
    }
    self->open += mid_member;
    return true;
}

/* A place where decoding can restart: a seek point if it is far enough from the last. */
static bool offer_point(struct gzip_pass *self, struct dp_batch *batch, bool mid_member,
                        uint64_t compressed_bit)
{
    struct dp_flow *flow = &self->base.flow;
    struct dp_segment *segment;
    bool taken;

    if (!dp_points_offer(&flow->points, flow->offset, &taken))
        return false;
    if (!taken)
        return true;
    dp_flow_edge(flow);
    /* The start is no edge: nothing ends there. */
    if (flow->offset > self->origin && !dp_batch_cut(batch, DP_SEGMENT_POINT, &segment))
        return false;
    return add_point(self, batch, mid_member, compressed_bit);
}

/* A start inside a member is the first point; otherwise the first member's begin is. */
static bool begin(struct gzip_pass *self, struct dp_batch *batch)
{
    const struct dp_seek_point *start = &self->base.flow.config->start;

    self->begun = true;
    memcpy(batch->room, self->history, DP_WINDOW_BYTES);
    return !start->mid_member || offer_point(self, batch, true, start->compressed_bit);
}

/* ------------------------------------------------------------------------------ filling */

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How many bytes may be decoded before something must be looked at. */
static size_t room_left(struct gzip_pass *self, const struct dp_batch *batch)
{
    const struct dp_flow *flow = &self->base.flow;
    const struct dp_batch_point *point = self->open ? oldest_open(self) : NULL;
    uint64_t room = lower(self->base.room_bytes - batch->length, flow->sum_edge - flow->offset);

    if (point)
        room = lower(room, point->found.at.uncompressed_offset + DP_WINDOW_BYTES - flow->offset);
    return (size_t)lower(room, flow->config->end_offset - flow->offset);
}

static bool end_member(struct gzip_pass *self, struct dp_batch *batch)
{
    struct dp_segment *segment;

    if (!close_points(self, true) || !dp_batch_cut(batch, DP_SEGMENT_MEMBER, &segment))
        return false;
    segment->member_crc32 = self->gzip.trailer_crc32;
    segment->member_length = self->gzip.trailer_length;
    segment->trailer_offset = self->gzip.trailer_offset;
    return true;
}

/* One event of the decoder. True: go on filling. */
static bool handle(struct gzip_pass *self, struct dp_batch *batch, int event)
{
    struct dp_flow *flow = &self->base.flow;
    struct dp_segment *segment;
    bool ok = true;

    switch (event) {
    case DP_GZIP_MEMBER:
        self->member_bytes = 0;
        ok = offer_point(self, batch, false, self->gzip.member_offset * 8);
        break;
    case DP_GZIP_BOUNDARY:
        ok = offer_point(self, batch, true, dp_gzip_position(&self->gzip));
        break;
    case DP_GZIP_TRAILER:
        ok = end_member(self, batch);
        break;
    case DP_GZIP_FULL:
        if (flow->offset == flow->sum_edge) {
            dp_flow_edge(flow);
            ok = dp_batch_cut(batch, DP_SEGMENT_SUM, &segment);
        }
        break;
    default:
        batch->state = event;
        return false;
    }
    if (!ok)
        batch->state = dp_error_no_memory(&batch->error);
    return ok && !(event == DP_GZIP_FULL && batch->length == self->base.room_bytes) &&
           batch->segments.length < SEGMENTS_LIMIT;
}

/* Closes what the batch holds, whatever ended it. */
static void finish(struct gzip_pass *self, struct dp_batch *batch)
{
    struct dp_segment *segment;
    bool ended = batch->state <= 0;

    batch->result.compressed_bytes = dp_source_offset(self->base.flow.source);
    batch->result.member_count = self->gzip.member_count;
    batch->result.garbage_bytes = self->gzip.garbage_bytes;
    batch->result.zero_bytes = self->gzip.zero_bytes;
    if (!dp_batch_cut(batch, 0, &segment) || (ended && !close_points(self, true)) ||
        !deliver(self, batch))
        batch->state = dp_error_no_memory(&batch->error);
}

/* Everything that was asked for is there: that the object ends before the trailer does is nothing
 * to who wants the sound prefix of a truncated one. */
static bool is_enough(const struct dp_flow *flow, const struct dp_batch *batch, int event)
{
    return event == DP_DATA && batch->error.detail == DP_DETAIL_UNEXPECTED_END &&
           flow->offset >= flow->config->end_offset;
}

static void fill_gzip(struct dp_pass *pass, struct dp_batch *batch)
{
    struct gzip_pass *self = (struct gzip_pass *)pass;
    struct dp_flow *flow = &pass->flow;
    const bool stop = flow->config->spacing_bytes != 0;
    int event;

    if (!self->begun && !begin(self, batch)) {
        batch->state = dp_error_no_memory(&batch->error);
        return;
    }
    do {
        uint8_t *out = batch->room + DP_WINDOW_BYTES + batch->length;
        size_t room = room_left(self, batch), before = room;

        if (flow->offset >= flow->config->end_offset) {
            batch->state = 0;
            break;
        }
        event = dp_gzip_run(&self->gzip, &out, &room, stop, &batch->error);
        batch->length += before - room;
        flow->offset += before - room;
        self->member_bytes += before - room;
        if (is_enough(flow, batch, event))
            event = DP_GZIP_END;
        if (self->open && !close_points(self, false))
            event = dp_error_no_memory(&batch->error);
    } while (handle(self, batch, event));
    finish(self, batch);
}

/* ------------------------------------------------------------------------ parallel part */

static int pack_windows(const struct dp_pass *pass, struct dp_worker *worker,
                        struct dp_batch *batch)
{
    struct dp_batch_point *point = batch->points.data;

    for (size_t i = 0; i < batch->points.length; i++, point++) {
        int rc = DP_OK;

        if (!point->window)
            continue;
        if (!worker->packer)
            rc = dp_window_packer_open(worker->backend, pass->flow.config->spacing_bytes,
                                       &worker->packer, &batch->error);
        if (!rc)
            rc = dp_window_pack(worker->packer, point->window, point->found.window_raw_bytes,
                                point->following.data, point->following.length,
                                point->found.at.compressed_bit % 8, &point->packed,
                                &batch->error);
        if (rc)
            return rc;
        point->found.window = point->packed.data;
        point->found.window_bytes = point->packed.length;
    }
    return DP_OK;
}

static void work_gzip(struct dp_pass *pass, struct dp_worker *worker, struct dp_batch *batch)
{
    int rc = pack_windows(pass, worker, batch);

    dp_pass_sum(batch);
    if (rc)
        batch->state = rc;
}

const struct dp_pass_ops dp_pass_gzip = {
    .needs_history = true,
    .open = open_gzip,
    .close = close_gzip,
    .fill = fill_gzip,
    .work = work_gzip,
};
