/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/piece_spans.h"

#include "connectors/uri.h"
#include "index/spans.h"

#include <stdlib.h>

struct dp_piece_spans {
    struct dp_index *index;
    struct dp_index_spans spans;
};

/* The window by which an index is known: that of the piece, or of the next point that has one. */
static const struct dp_slice_window *telling_window(const struct dp_slice_piece *piece)
{
    return piece->point.mid_member ? &piece->window : &piece->next;
}

static bool is_packed_as(const struct dp_window_reference *window,
                         const struct dp_slice_window *planned)
{
    return window->crc32 == planned->crc32 && window->raw_bytes == planned->raw_bytes;
}

/* Does the first window behind point `i` lie where that of the plan's index does? Its bytes alone
 * tell little: one that copies nothing is the same everywhere. */
static bool has_next_window(const struct dp_index *index, size_t i,
                            const struct dp_slice_window *planned)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_window_reference window = {0};

    dp_index_info(index, &info);
    while (++i < dp_index_point_count(index))
        if (dp_index_window_reference(index, i, &window))
            return is_packed_as(&window, planned) && info.index_bytes == planned->file_bytes &&
                   window.range.begin == planned->range.begin &&
                   window.range.end == planned->range.end;
    return false;
}

/* Is this the window of point `i`? An index built anew from the same object has it, too. */
static bool has_window(const struct dp_index *index, size_t i,
                       const struct dp_slice_window *planned)
{
    struct dp_window_reference window = {0};

    return dp_index_window_reference(index, i, &window) && is_packed_as(&window, planned);
}

/* Does the index, whatever it is of, have the very point that the piece begins at, with the same
 * window? *i is its number. (The checksum of all that is decoded is compared in any case.) */
static bool has_point(const struct dp_index *index, const struct dp_slice_piece *piece, size_t *i)
{
    const struct dp_seek_point *planned = &piece->point;
    struct dp_seek_point point;

    if (dp_index_point_count(index) == 0)
        return false;
    *i = dp_index_point_before(index, planned->uncompressed_offset);
    dp_index_point(index, *i, &point);
    return point.uncompressed_offset == planned->uncompressed_offset &&
           point.compressed_bit == planned->compressed_bit &&
           (planned->mid_member ? has_window(index, *i, &piece->window)
                                : has_next_window(index, *i, &piece->next));
}

static bool fits(const struct dp_index *index, const struct dp_slice_piece *piece,
                 const struct dp_object *object)
{
    return dp_index_source_bytes(index) <= dp_object_size(object) &&
           piece->decoded_end <= dp_index_uncompressed_bytes(index) &&
           piece->range.end <= dp_index_source_bytes(index);
}

/* The index file that the telling window lies in; NULL: none, or not here. */
static const char *near_index(const struct dp_slice_piece *piece,
                              const struct dp_reader_options *options)
{
    const char *uri = options->index_uri ? options->index_uri : telling_window(piece)->uri;

    return uri && dp_uri_is_local(uri) ? uri : NULL;
}

/* Fills `made`, also where it answers false. */
static bool open_spans(struct dp_piece_spans *made, struct dp_context *context, const char *uri,
                       const struct dp_slice_piece *piece, struct dp_object *object,
                       unsigned threads)
{
    struct dp_object *file;
    size_t first;

    if (dp_object_open(context, uri, NULL, &file, NULL) ||
        dp_index_open_points(context, file, &made->index, NULL) ||
        !fits(made->index, piece, object) || !has_point(made->index, piece, &first))
        return false;
    dp_index_spans_init(&made->spans, made->index, object, first, piece->decoded_end,
                        piece->range.end, threads);
    return made->spans.guide.span_count > 0;
}

struct dp_piece_spans *dp_piece_spans_open(struct dp_context *context,
                                           const struct dp_slice_piece *piece,
                                           struct dp_object *object,
                                           const struct dp_reader_options *options)
{
    const char *uri = near_index(piece, options);
    struct dp_piece_spans *made;

    if (!uri || object->remote || telling_window(piece)->raw_bytes == 0)
        return NULL;
    made = calloc(1, sizeof(*made));
    if (made && open_spans(made, context, uri, piece, object, options->threads))
        return made;
    dp_piece_spans_free(made);
    return NULL;
}

const struct dp_guide *dp_piece_spans_guide(const struct dp_piece_spans *spans)
{
    return &spans->spans.guide;
}

void dp_piece_spans_free(struct dp_piece_spans *spans)
{
    if (!spans)
        return;
    dp_index_free(spans->index);
    free(spans);
}
