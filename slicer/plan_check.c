/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "slicer/plan.h"

#include "connectors/uri.h"

#include <stdlib.h>
#include <string.h>

static bool same_edge(const struct dp_edge *a, const struct dp_edge *b)
{
    return a->record == b->record && a->offset == b->offset && a->bases == b->bases &&
           a->line == b->line;
}

static bool same_interval(const struct dp_interval *a, const struct dp_interval *b)
{
    return a->unit == b->unit && a->begin == b->begin && a->end == b->end && a->last == b->last;
}

static bool same_cut(const struct dp_slice *a, const struct dp_slice *b)
{
    return a->slice_count == b->slice_count && a->record_count == b->record_count &&
           a->size == b->size && a->span == b->span && same_interval(&a->interval, &b->interval);
}

static bool same_window(const struct dp_slice_window *a, const struct dp_slice_window *b)
{
    return a->raw_bytes == b->raw_bytes && a->crc32 == b->crc32;
}

static bool same_place(const struct dp_slice_piece *a, const struct dp_slice_piece *b)
{
    return a->range.begin == b->range.begin && a->range.end == b->range.end &&
           a->point.uncompressed_offset == b->point.uncompressed_offset &&
           a->point.compressed_bit == b->point.compressed_bit &&
           a->point.mid_member == b->point.mid_member &&
           same_window(&a->window, &b->window) &&
           (!a->next.raw_bytes || !b->next.raw_bytes || same_window(&a->next, &b->next)) &&
           same_edge(&a->checkpoint, &b->checkpoint);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_task(const struct dp_slice_piece *a, const struct dp_slice_piece *b)
{
    return a->kind == b->kind && a->source == b->source && a->output == b->output &&
           a->prologue == b->prologue && a->record_count == b->record_count &&
           a->raw_bytes == b->raw_bytes && a->packed_bytes == b->packed_bytes &&
           (!a->packed_bytes || memcmp(a->packed, b->packed, a->packed_bytes) == 0) &&
           same_text(a->filter, b->filter) && same_interval(&a->interval, &b->interval);
}

/* A header is the same whether it is inlined or not. */
static bool same_header(const struct dp_slice_piece *a, const struct dp_slice_piece *b)
{
    const struct dp_slice_piece *inlined = a->kind == DP_PIECE_INLINE ? a : b;
    const struct dp_slice_piece *read = a->kind == DP_PIECE_INLINE ? b : a;

    return a->prologue && b->prologue && inlined->kind == DP_PIECE_INLINE &&
           read->kind == DP_PIECE_BYTES && read->interval.begin == 0 &&
           read->interval.end == inlined->raw_bytes && same_text(a->filter, b->filter);
}

static const char *find_piece_difference(const struct dp_slice *slice,
                                         const struct dp_slice *expected)
{
    size_t i;

    if (slice->piece_count != expected->piece_count)
        return "the number of its pieces is not what the index gives";
    for (i = 0; i < slice->piece_count; i++) {
        const struct dp_slice_piece *a = &slice->pieces[i], *b = &expected->pieces[i];

        if (same_header(a, b))
            continue;
        if (!same_task(a, b))
            return "what it emits is not what the index gives";
        if (!same_place(a, b))
            return "the place it reads is not what the index gives";
        if (a->decoded_end != b->decoded_end || a->decoded_crc32 != b->decoded_crc32 ||
            a->decoded_last != b->decoded_last)
            return "its checksum is not what the index gives";
    }
    return NULL;
}

/* What is wrong with the slice, when it should be `expected`; NULL when nothing is. */
static const char *find_difference(const struct dp_slice *slice, const struct dp_slice *expected)
{
    size_t i;

    if (slice->source_count != expected->source_count)
        return "the number of its objects is not what the index gives";
    for (i = 0; i < slice->source_count; i++)
        if (slice->sources[i].format != expected->sources[i].format ||
            slice->sources[i].codec != expected->sources[i].codec)
            return "its format or codec is not what the index gives";
    if (slice->output_count != expected->output_count)
        return "the number of its outputs is not what the index gives";
    if (!same_cut(slice, expected))
        return "its interval is not what the index gives";
    return find_piece_difference(slice, expected);
}

/* Do all objects still carry what the slice says of them? */
static bool same_versions(const struct dp_slice *slice, const struct dp_slice *expected)
{
    size_t i;

    for (i = 0; i < slice->source_count; i++)
        if (slice->sources[i].size_bytes != expected->sources[i].size_bytes ||
            strcmp(slice->sources[i].validator, expected->sources[i].validator) != 0)
            return false;
    return true;
}

/* Messages name the object; its URI in a slice may be a presigned one. */
static int differs(const struct dp_slice *slice, enum dp_result code, const char *what,
                   struct dp_error *err)
{
    char *uri = dp_uri_redact(slice->sources[0].uri);
    int rc = dp_error_set(err, code, "%.400s: slice %llu: %s", uri ? uri : "",
                          (unsigned long long)slice->number, what);

    free(uri);
    return rc;
}

int dp_plan_check_slice(const struct dp_plan *plan, const struct dp_slice *slice,
                        struct dp_error *err)
{
    struct dp_slice *expected;
    const char *what;
    int rc;

    if (slice->number > plan->count)
        return differs(slice, DP_BAD_INDEX, "the plan has fewer slices", err);
    rc = dp_plan_slice(plan, slice->number, &expected, err);
    if (rc)
        return rc;
    what = find_difference(slice, expected);
    if (what)
        rc = differs(expected, DP_BAD_INDEX, what, err);
    else if (!same_versions(slice, expected))
        rc = differs(expected, DP_CHANGED, "it was planned for another version of the object", err);
    dp_slice_free(expected);
    return rc;
}
