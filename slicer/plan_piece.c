/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/plan_piece.h"

#include "base/checked.h"
#include "base/crc32.h"
#include "connectors/object.h"
#include "connectors/uri.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------ cuts */

static uint64_t previous_key(const struct dp_index_row *row, enum dp_plan_unit unit)
{
    return unit == DP_UNIT_RECORDS ? row->edge.record - 1
           : unit == DP_UNIT_BYTES ? row->previous_offset
                                   : row->previous_bases;
}

/* How far behind the row's edge the first edge with a key >= `key` may lie, no record being longer
 * than the longest. */
static uint64_t longest_way(const struct dp_index *index, const struct dp_edge *row,
                            enum dp_plan_unit unit, uint64_t key)
{
    uint64_t longest = dp_index_longest_record(index), way;

    if (longest == 0 || (unit != DP_UNIT_BYTES && unit != DP_UNIT_RECORDS))
        return UINT64_MAX;
    key -= dp_edge_key(row, unit);
    /* The record before the cut begins before the key. */
    if (unit == DP_UNIT_BYTES)
        return dp_checked_add(key - 1, longest, &way) ? way : UINT64_MAX;
    return dp_checked_mul(key, longest, &way) ? way : UINT64_MAX;
}

/* Where the cut lies at most: at the row's previous record, mostly sooner. */
static uint64_t bound_of(const struct dp_index *index, const struct dp_edge *before,
                         uint64_t previous_offset, enum dp_plan_unit unit, uint64_t key)
{
    uint64_t way = longest_way(index, before, unit, key);

    return way < previous_offset - before->offset ? before->offset + way : previous_offset;
}

void dp_plan_piece_cut(const struct dp_index *index, enum dp_plan_unit unit, uint64_t key,
                       struct dp_plan_cut *cut)
{
    struct dp_index_row before, row;
    size_t i;

    dp_index_row(index, 0, &row);
    if (key <= dp_edge_key(&row.edge, unit)) {
        *cut = (struct dp_plan_cut){row.edge, row.edge.offset, true};
        return;
    }
    /* The last row with a smaller key. Rows may share a key (records without bases), and the cut is
     * the first of these edges: a row whose key equals K may already lie behind it. */
    i = dp_index_row_before(index, unit, key - 1);
    dp_index_row(index, i, &before);
    if (i + 1 < dp_index_row_count(index))
        dp_index_row(index, i + 1, &row);
    else
        row = before; /* only a key beyond the total: the end is as far as one can go */
    /* No record begins between the previous one and the row: when the key lies behind that one, the
     * row is the first edge to reach it. Else the cut is the previous record or one before. */
    if (key > previous_key(&row, unit))
        *cut = (struct dp_plan_cut){row.edge, row.edge.offset, true};
    else
        *cut = (struct dp_plan_cut){
            before.edge, bound_of(index, &before.edge, row.previous_offset, unit, key), false};
}

/* ------------------------------------------------------------------------------------- names */

/* The URI that workers open. A signature is a secret: it goes in only when that was asked for. */
int dp_plan_piece_object(const struct dp_plan_place *place, const struct dp_format *format,
                         enum dp_codec codec, struct dp_slice *slice, struct dp_error *err)
{
    const struct dp_object *object = place->object;
    const char *uri = dp_object_uri(object);
    struct dp_slice_source *source = dp_slice_add_source(slice);

    if (!source)
        return dp_error_no_memory(err);
    if (dp_object_is_signed(object)) {
        if (!place->allow_signed)
            return dp_error_set(err, DP_INVALID,
                                "%s: the URL is presigned, slices would carry its signature: allow "
                                "that (--allow-signed) or plan over the object's own name",
                                uri);
        uri = object->signed_uri;
    }
    source->uri = strdup(place->object_url ? place->object_url : uri);
    source->validator = strdup(dp_object_validator(object));
    source->size_bytes = dp_object_size(object);
    source->format = format;
    source->codec = codec;
    return source->uri && source->validator ? DP_OK : dp_error_no_memory(err);
}

int dp_plan_piece_source(const struct dp_plan_place *place, struct dp_slice *slice,
                         struct dp_error *err)
{
    return dp_plan_piece_object(place, dp_index_format(place->index), dp_index_codec(place->index),
                                slice, err);
}

static int inline_window(const struct dp_plan_place *place, size_t point,
                         struct dp_slice_window *window, struct dp_error *err)
{
    struct dp_window unpacked;
    int rc = dp_index_window(place->index, point, &unpacked, err);

    if (rc)
        return rc;
    rc = dp_index_window_packed(place->index, point, &window->packed, &window->packed_bytes, err);
    if (rc)
        return rc;
    window->raw_bytes = (uint32_t)unpacked.raw_bytes;
    window->crc32 = dp_crc32(0, window->packed, window->packed_bytes);
    return DP_OK;
}

/* The absolute URI of the index for slices. */
static int name_index(const struct dp_plan_place *place, char **uri, struct dp_error *err)
{
    const char *saved = dp_index_uri(place->index);
    const char *signed_uri = dp_index_signed_uri(place->index);

    if (place->index_url) {
        *uri = strdup(place->index_url);
        return *uri ? DP_OK : dp_error_no_memory(err);
    }
    if (dp_uri_is_local(saved) && dp_uri_scheme_length(saved) == 0)
        return dp_uri_from_path(saved, uri, err);
    if (signed_uri && !place->allow_signed)
        return dp_error_set(err, DP_INVALID,
                            "%s: the URL of the index is presigned, slices would carry its "
                            "signature: allow that (--allow-signed) or plan with inline windows",
                            dp_object_uri(place->object));
    *uri = signed_uri ? strdup(signed_uri) : dp_uri_redact(saved);
    return *uri ? DP_OK : dp_error_no_memory(err);
}

static int refer_to_window(const struct dp_plan_place *place, size_t point,
                           struct dp_slice_window *window, struct dp_error *err)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_window_reference reference;

    if (!dp_index_uri(place->index) || !dp_index_window_reference(place->index, point, &reference))
        return dp_error_set(err, DP_INVALID,
                            "%s: the index is not saved: save it or plan with inline windows",
                            dp_object_uri(place->object));
    dp_index_info(place->index, &info);
    window->raw_bytes = reference.raw_bytes;
    window->crc32 = reference.crc32;
    window->range = reference.range;
    window->file_bytes = info.index_bytes;
    return name_index(place, &window->uri, err);
}

/* ------------------------------------------------------------------------------------ pieces */

static struct dp_slice_piece *add_piece(struct dp_slice *slice, enum dp_piece_kind kind,
                                        uint32_t source, uint32_t output, struct dp_error *err)
{
    struct dp_slice_piece *piece = dp_slice_add_piece(slice);

    if (!piece) {
        dp_error_no_memory(err);
        return NULL;
    }
    piece->kind = kind;
    piece->source = source;
    piece->output = output;
    return piece;
}

/* Names the index by the next window and its place, so that several threads can also read a piece
 * that needs none. Left out where slices do without the index, and where each of its windows would
 * cost a round trip. */
static int refer_ahead(const struct dp_plan_place *place, size_t point, uint64_t end_offset,
                       struct dp_slice_window *next, struct dp_error *err)
{
    const struct dp_index *index = place->index;
    struct dp_seek_point behind;

    if (place->inline_parts || !dp_index_uri(index) || !dp_uri_is_local(dp_index_uri(index)) ||
        place->object->remote || dp_index_codec(index) != DP_CODEC_GZIP)
        return DP_OK;
    while (++point < dp_index_point_count(index)) {
        dp_index_point(index, point, &behind);
        if (behind.uncompressed_offset >= end_offset)
            break;
        if (behind.mid_member)
            return refer_to_window(place, point, next, err);
    }
    return DP_OK;
}

/* Decoding goes from the seek point before `from_offset` up to the first checksum edge behind the
 * end. */
static int choose_place(const struct dp_plan_place *place, uint64_t from_offset,
                        uint64_t bound_offset, struct dp_slice_piece *piece, struct dp_error *err)
{
    const struct dp_index *index = place->index;
    size_t point = dp_index_point_before(index, from_offset);
    int rc;

    dp_index_point(index, point, &piece->point);
    piece->decoded_end = dp_index_sum_edge(index, bound_offset);
    piece->decoded_last = piece->decoded_end == dp_index_uncompressed_bytes(index);
    piece->range = dp_index_compressed_range(index, point, piece->decoded_end);
    rc = dp_index_sum(index, piece->point.uncompressed_offset, piece->decoded_end,
                      &piece->decoded_crc32, err);
    if (!rc && !piece->point.mid_member)
        rc = refer_ahead(place, point, piece->decoded_end, &piece->next, err);
    if (rc || !piece->point.mid_member)
        return rc;
    return place->inline_parts ? inline_window(place, point, &piece->window, err)
                               : refer_to_window(place, point, &piece->window, err);
}

int dp_plan_piece_span(const struct dp_plan_place *place, const struct dp_interval *interval,
                       const struct dp_edge *from, uint64_t bound_offset, uint32_t source,
                       uint32_t output, struct dp_slice *slice, struct dp_slice_piece **piece,
                       struct dp_error *err)
{
    struct dp_slice_piece *made = add_piece(slice, DP_PIECE_RECORDS, source, output, err);

    if (!made)
        return DP_NO_MEMORY;
    made->interval = *interval;
    made->record_count =
        interval->unit == DP_UNIT_RECORDS ? interval->end - interval->begin : UINT64_MAX;
    made->checkpoint = *from;
    *piece = made;
    return choose_place(place, from->offset, bound_offset, made, err);
}

/* An interval that is known to hold nothing fetches nothing. */
static bool known_empty(const struct dp_plan_place *place, const struct dp_interval *interval,
                        const struct dp_plan_cut *begin, const struct dp_plan_cut *end)
{
    if (interval->last)
        return begin->exact && begin->from.offset == dp_index_uncompressed_bytes(place->index);
    return interval->begin == interval->end ||
           (begin->exact && end->exact && begin->from.offset == end->from.offset);
}

int dp_plan_piece_interval(const struct dp_plan_place *place, const struct dp_interval *interval,
                           uint32_t source, uint32_t output, struct dp_slice *slice,
                           struct dp_error *err)
{
    struct dp_slice_piece *piece;
    struct dp_plan_cut begin, end;

    if (dp_index_row_count(place->index) == 0 || dp_index_point_count(place->index) == 0)
        return DP_OK; /* the object holds nothing */
    dp_plan_piece_cut(place->index, interval->unit, interval->begin, &begin);
    dp_plan_piece_cut(place->index, interval->unit, interval->end, &end);
    if (known_empty(place, interval, &begin, &end))
        return DP_OK;
    if (interval->last)
        end.bound_offset = dp_index_uncompressed_bytes(place->index);
    return dp_plan_piece_span(place, interval, &begin.from, end.bound_offset, source, output, slice,
                              &piece, err);
}

int dp_plan_piece_bytes(const struct dp_plan_place *place, uint64_t begin, uint64_t end,
                        bool prologue, uint32_t source, uint32_t output, struct dp_slice *slice,
                        struct dp_slice_piece **piece, struct dp_error *err)
{
    struct dp_slice_piece *made = add_piece(slice, DP_PIECE_BYTES, source, output, err);

    if (!made)
        return DP_NO_MEMORY;
    made->prologue = prologue;
    made->interval = (struct dp_interval){DP_UNIT_BYTES, begin, end, false};
    *piece = made;
    return choose_place(place, begin, end, made, err);
}

int dp_plan_piece_inline(const void *bytes, size_t length, bool prologue, uint32_t source,
                         uint32_t output, struct dp_slice *slice, struct dp_slice_piece **piece,
                         struct dp_error *err)
{
    struct dp_slice_piece *made = add_piece(slice, DP_PIECE_INLINE, source, output, err);
    struct libdeflate_compressor *compressor;
    size_t bound;

    if (!made)
        return DP_NO_MEMORY;
    compressor = libdeflate_alloc_compressor(9);
    if (!compressor)
        return dp_error_no_memory(err);
    bound = libdeflate_gzip_compress_bound(compressor, length);
    made->packed = malloc(bound);
    if (made->packed)
        made->packed_bytes =
            libdeflate_gzip_compress(compressor, bytes, length, made->packed, bound);
    libdeflate_free_compressor(compressor);
    if (!made->packed)
        return dp_error_no_memory(err);
    made->prologue = prologue;
    made->raw_bytes = length;
    *piece = made;
    return DP_OK;
}
