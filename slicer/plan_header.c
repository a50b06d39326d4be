/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/plan_header.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

int dp_plan_header_read(struct dp_context *context, struct dp_index *index,
                        struct dp_object *object, uint64_t length, uint8_t **bytes,
                        struct dp_error *err)
{
    struct dp_stream_options options = {.struct_bytes = sizeof(options), .range = {0, length},
                                        .pass_through = 1};
    struct dp_stream *stream = NULL;
    uint8_t *made = malloc((size_t)length);
    const void *part;
    uint64_t used = 0;
    int64_t got;
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    rc = dp_stream_open(context, object, index, &options, &stream, err);
    if (rc)
        goto out;
    while ((got = dp_stream_next(stream, &part, err)) > 0 && used < length) {
        if ((uint64_t)got > length - used)
            got = (int64_t)(length - used);
        memcpy(made + used, part, (size_t)got);
        used += (uint64_t)got;
    }
    rc = got < 0 ? (int)got : 0;
    if (!rc && used < length)
        rc = dp_error_set_detail(err, DP_DATA, DP_DETAIL_UNEXPECTED_END,
                                 "%s: the data end within their header", dp_object_uri(object));
out:
    dp_stream_free(stream);
    if (rc)
        free(made);
    else
        *bytes = made;
    return rc;
}

static int pack(struct dp_plan_header *header, const uint8_t *bytes, struct dp_error *err)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(9);
    size_t length = (size_t)header->bytes, bound;

    if (!compressor)
        return dp_error_no_memory(err);
    bound = libdeflate_gzip_compress_bound(compressor, length);
    header->packed = malloc(bound);
    if (header->packed)
        header->packed_bytes =
            libdeflate_gzip_compress(compressor, bytes, length, header->packed, bound);
    libdeflate_free_compressor(compressor);
    return header->packed ? DP_OK : dp_error_no_memory(err);
}

int dp_plan_header_open(struct dp_context *context, struct dp_index *index,
                        struct dp_object *object, bool inline_parts,
                        struct dp_plan_header *header, struct dp_error *err)
{
    uint8_t *bytes = NULL;
    int rc;

    memset(header, 0, sizeof(*header));
    header->bytes = dp_index_header(index, &header->stored_bytes);
    if (!header->bytes || !inline_parts)
        return DP_OK;
    if (header->bytes > DP_SLICE_INLINE_MAX)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: a header of %llu bytes cannot be inlined",
                            dp_object_uri(object), (unsigned long long)header->bytes);
    rc = dp_plan_header_read(context, index, object, header->bytes, &bytes, err);
    if (!rc)
        rc = pack(header, bytes, err);
    free(bytes);
    return rc;
}

static int add_inline(const struct dp_plan_header *header, struct dp_slice *slice,
                      struct dp_slice_piece **piece, struct dp_error *err)
{
    struct dp_slice_piece *made = dp_slice_add_piece(slice);

    if (!made)
        return dp_error_no_memory(err);
    made->kind = DP_PIECE_INLINE;
    made->prologue = true;
    made->raw_bytes = header->bytes;
    made->packed = malloc(header->packed_bytes);
    if (!made->packed)
        return dp_error_no_memory(err);
    memcpy(made->packed, header->packed, header->packed_bytes);
    made->packed_bytes = header->packed_bytes;
    *piece = made;
    return DP_OK;
}

int dp_plan_header_add(const struct dp_plan_header *header, const struct dp_plan_place *place,
                       uint32_t source, uint32_t output, struct dp_slice *slice,
                       struct dp_error *err)
{
    struct dp_slice_piece *piece;
    int rc;

    if (!header->bytes)
        return DP_OK;
    if (header->packed) {
        rc = add_inline(header, slice, &piece, err);
        if (!rc) {
            piece->source = source;
            piece->output = output;
        }
        return rc;
    }
    rc = dp_plan_piece_bytes(place, 0, header->bytes, true, source, output, slice, &piece, err);
    /* The header's end is known better than by seek points. */
    if (!rc && header->stored_bytes && header->stored_bytes < piece->range.end)
        piece->range.end = header->stored_bytes;
    return rc;
}

void dp_plan_header_close(struct dp_plan_header *header)
{
    free(header->packed);
}
