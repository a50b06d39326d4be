/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/spans.h"

#include "connectors/uri.h"

#include <string.h>

/* Spans longer than this (giant deflate blocks; compressed: a flood of empty members, or garbage
 * behind the last one) are not held whole in memory: then the object is decoded front to back,
 * inflating ahead of the caller. */
#define LARGEST_SPAN_BYTES (16u << 20)

static uint64_t next_sum(void *user, uint64_t offset)
{
    const struct dp_index_spans *spans = user;
    uint64_t edge = dp_index_sum_edge(spans->index, offset + 1);

    return edge > offset ? edge : UINT64_MAX;
}

/* The last one ends where decoding ends, and has all compressed bytes that are left: also what
 * stands behind a point that has no data behind it (an empty member). It has those up to the next
 * point in any case, for its window may need them: who asks for an earlier end does so by points of
 * another index. */
static void get_span(void *user, size_t i, struct dp_span *span)
{
    const struct dp_index_spans *spans = user;
    size_t point = spans->first_point + i;
    struct dp_seek_point next;

    dp_index_point(spans->index, point, &span->start);
    span->end_offset = spans->end_offset;
    if (point + 1 < dp_index_point_count(spans->index)) {
        dp_index_point(spans->index, point + 1, &next);
        if (next.uncompressed_offset < span->end_offset)
            span->end_offset = next.uncompressed_offset;
    }
    span->packed = dp_index_compressed_range(spans->index, point, span->end_offset);
    if (span->end_offset == spans->end_offset && span->packed.end < spans->packed_end)
        span->packed.end = spans->packed_end;
}

static int get_window(void *user, size_t i, struct dp_window *window, struct dp_error *err)
{
    const struct dp_index_spans *spans = user;

    return dp_index_window(spans->index, spans->first_point + i, window, err);
}

static int read_packed(void *user, struct dp_range range, uint8_t *bytes, struct dp_error *err)
{
    const struct dp_index_spans *spans = user;

    return dp_object_read_at(spans->object, range, bytes, err);
}

/* Every window costs a round trip when the index lies far away; then they are not worth it. */
static bool windows_are_near(const struct dp_index *index)
{
    const char *uri = dp_index_uri(index);

    return !uri || dp_uri_is_local(uri);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Gives the guide its spans when they are several and none is too long. */
static void set_spans(struct dp_index_spans *spans)
{
    size_t last = dp_index_point_before(spans->index, spans->end_offset - 1);
    uint64_t largest = 0, largest_packed = 0;
    struct dp_span span;

    if (last <= spans->first_point)
        return;
    for (size_t i = 0; i <= last - spans->first_point; i++) {
        get_span(spans, i, &span);
        largest = larger(largest, span.end_offset - span.start.uncompressed_offset);
        largest_packed = larger(largest_packed, span.packed.end - span.packed.begin);
    }
    if (largest > LARGEST_SPAN_BYTES || largest_packed > LARGEST_SPAN_BYTES)
        return;
    spans->guide.span_count = last - spans->first_point + 1;
    spans->guide.largest_bytes = largest;
    spans->guide.largest_packed_bytes = largest_packed;
    if (!spans->object->remote)
        spans->guide.read = read_packed;
}

void dp_index_spans_init(struct dp_index_spans *spans, const struct dp_index *index,
                         struct dp_object *object, size_t first_point, uint64_t end_offset,
                         uint64_t packed_end, unsigned threads)
{
    memset(spans, 0, sizeof(*spans));
    spans->index = index;
    spans->object = object;
    spans->first_point = first_point;
    spans->end_offset = end_offset;
    spans->packed_end = packed_end;
    spans->guide.user = spans;
    spans->guide.next_sum = next_sum;
    spans->guide.span = get_span;
    spans->guide.window = get_window;
    if (dp_index_codec(index) == DP_CODEC_GZIP && threads > 1 && windows_are_near(index))
        set_spans(spans);
}
