/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* From a slice to its bytes: object -> input -> decoder -> scanner -> caller.
 *
 * The decoder gives pieces from the seek point on; the scanner walks them from the checkpoint. What
 * it walks before the begin of the interval is dropped (SEEK), up to the end is given out without a
 * copy (EMIT), and the rest is decoded only for the checksum (DRAIN). The end is announced after
 * everything was checked. */

#include "config.h"

#include "base/crc32.h"
#include "base/options.h"
#include "index/codec/window.h"
#include "slicer/slice.h"

#include <stdlib.h>
#include <string.h>

enum phase { SEEK, EMIT, DRAIN, DONE };

struct dp_reader {
    /* What is needed of the slice, which may be gone before the reader is. */
    char *uri;
    uint64_t number;
    enum dp_plan_unit unit;
    uint64_t begin;
    uint64_t end;
    bool last;
    uint64_t record_count;
    uint64_t checkpoint_offset;
    uint64_t decoded_end;
    uint32_t decoded_crc32;

    struct dp_object *object;
    struct dp_input *input;
    struct dp_decoder *decoder;
    const struct dp_format *format;
    struct dp_scanner *scanner;

    enum phase phase;
    int failed; /* the first failure; every later call repeats it */
    struct dp_error why;
    struct dp_piece piece;
    size_t used;          /* bytes of the piece that are done with */
    uint64_t decoded;     /* uncompressed offset behind the piece */
    uint32_t crc32;       /* of everything decoded up to there */
    struct dp_edge first; /* the edge at which emitting began */
    uint64_t emitted_bytes;
    const uint8_t *pending; /* given to nobody yet: dp_reader_read took only a part */
    size_t pending_bytes;
};

/* ------------------------------------------------------------------------------------- open */

/* Reads the packed window from the index file, the slice's or another one. The file is known by the
 * checksum of these bytes alone: an index built anew from the same object serves as well. */
static int fetch_window(struct dp_context *context, const struct dp_slice_window *window,
                        const char *other_uri, uint8_t *packed, struct dp_error *err)
{
    /* The empty validator stands for "whatever lies there": opening costs no request. */
    struct dp_object_options known = {
        .struct_bytes = sizeof(known), .validator = "", .size_bytes = window->file_bytes};
    const char *uri = other_uri ? other_uri : window->uri;
    struct dp_object *file = NULL;
    size_t length = window->range.end - window->range.begin;
    int rc = dp_object_open(context, uri, other_uri ? NULL : &known, &file, err);

    if (rc)
        return rc;
    if (dp_object_size(file) < window->range.end)
        rc = dp_error_set(err, DP_BAD_INDEX, "%s: offset %llu: the index ends before this window",
                          uri, (unsigned long long)window->range.begin);
    else
        rc = dp_object_read_at(file, window->range, packed, err);
    if (!rc && dp_crc32(0, packed, length) != window->crc32)
        rc = dp_error_set_detail(err, DP_BAD_INDEX, DP_DETAIL_CHECKSUM,
                                 "%s: offset %llu: this is not the window that was planned with",
                                 uri, (unsigned long long)window->range.begin);
    dp_object_free(file);
    return rc;
}

/* Fills `unpacked`; costs one request when the window is not inline. */
static int load_window(struct dp_context *context, const struct dp_slice_window *window,
                       const char *index_uri, uint8_t unpacked[DP_WINDOW_BYTES],
                       struct dp_error *err)
{
    uint8_t *packed;
    size_t length = window->range.end - window->range.begin;
    int rc;

    if (!window->uri)
        return dp_window_unpack(window->packed, window->packed_bytes, unpacked, window->raw_bytes,
                                err);
    packed = malloc(length);
    if (!packed)
        return dp_error_no_memory(err);
    rc = fetch_window(context, window, index_uri, packed, err);
    if (!rc)
        rc = dp_window_unpack(packed, length, unpacked, window->raw_bytes, err);
    free(packed);
    return rc;
}

static void copy_slice(struct dp_reader *reader, const struct dp_slice *slice)
{
    reader->number = slice->number;
    reader->unit = slice->unit;
    reader->begin = slice->begin;
    reader->end = slice->end;
    reader->last = slice->last;
    reader->record_count = slice->record_count;
    reader->checkpoint_offset = slice->checkpoint.offset;
    reader->decoded_end = slice->decoded_end;
    reader->decoded_crc32 = slice->decoded_crc32;
    reader->decoded = slice->point.uncompressed_offset;
    reader->format = slice->format;
}

/* The object, by what the slice knows of it: no request is made here. */
static int open_object(struct dp_reader *reader, struct dp_context *context,
                       const struct dp_slice *slice, struct dp_error *err)
{
    struct dp_object_options known = {.struct_bytes = sizeof(known),
                                      .validator = slice->validator,
                                      .size_bytes = slice->size_bytes};
    int rc = dp_object_open(context, slice->uri, &known, &reader->object, err);

    if (rc)
        return rc;
    reader->uri = strdup(dp_object_uri(reader->object));
    if (!reader->uri)
        return dp_error_no_memory(err);
    if (dp_object_size(reader->object) != slice->size_bytes)
        return dp_error_set(err, DP_CHANGED, "%s: the object has %llu bytes, planned were %llu",
                            reader->uri, (unsigned long long)dp_object_size(reader->object),
                            (unsigned long long)slice->size_bytes);
    return DP_OK;
}

static int open_decoder(struct dp_reader *reader, struct dp_context *context,
                        const struct dp_slice *slice, const struct dp_reader_options *options,
                        struct dp_error *err)
{
    struct dp_input_options reading = {.threads = reader->object->remote || options->threads > 1};
    uint8_t window[DP_WINDOW_BYTES];
    struct dp_decoder_config config = {.codec = slice->codec,
                                       .start = slice->point,
                                       .end_offset = slice->decoded_end,
                                       .threads = options->threads,
                                       .backend = options->backend};
    int rc;

    if (slice->point.mid_member) {
        rc = load_window(context, &slice->window, options->index_uri, window, err);
        if (rc)
            return rc;
        config.window = window;
        config.window_bytes = slice->window.raw_bytes;
    }
    rc = dp_input_open_object(reader->object, slice->range, &reading, &reader->input, err);
    if (rc)
        return rc;
    config.input = reader->input;
    return dp_decoder_open(context, &config, &reader->decoder, err);
}

static int open_scanner(struct dp_reader *reader, const struct dp_slice *slice,
                        struct dp_error *err)
{
    struct dp_scanner_config config = {.name = reader->uri, .start = slice->checkpoint};
    int rc = reader->format->open(&config, &reader->scanner, err);

    if (rc)
        return rc;
    /* A checkpoint that is the cut itself needs no looking for it. */
    reader->first = slice->checkpoint;
    if (dp_edge_key(&slice->checkpoint, slice->unit) >= slice->begin)
        reader->phase = EMIT;
    return DP_OK;
}

int dp_reader_open(struct dp_context *context, const struct dp_slice *slice,
                   const struct dp_reader_options *options, struct dp_reader **reader,
                   struct dp_error *err)
{
    struct dp_reader_options given;
    struct dp_reader *made;
    int rc = dp_context_check(context, err);

    if (!rc)
        rc = dp_options_take(&given, sizeof(given), options, "reader", err);
    if (rc)
        return rc;
    made = calloc(1, sizeof(*made));
    if (!made)
        return dp_error_no_memory(err);
    copy_slice(made, slice);
    if (slice->empty) {
        made->phase = DONE;
    } else {
        rc = open_object(made, context, slice, err);
        if (!rc)
            rc = open_decoder(made, context, slice, &given, err);
        if (!rc)
            rc = open_scanner(made, slice, err);
    }
    if (rc) {
        dp_reader_free(made);
        return rc;
    }
    *reader = made;
    return DP_OK;
}

void dp_reader_free(struct dp_reader *reader)
{
    if (!reader)
        return;
    if (reader->scanner)
        reader->format->close(reader->scanner);
    dp_decoder_free(reader->decoder);
    dp_input_free(reader->input);
    dp_object_free(reader->object);
    free(reader->uri);
    free(reader);
}

/* ------------------------------------------------------------------------------------- read */

/* Where the scanner stands now. */
static const struct dp_edge *edge_now(const struct dp_reader *reader)
{
    return &dp_scanner_base(reader->scanner)->edge;
}

/* After the stop at the begin, or at the end of the data while still looking for it. */
static void begin_emitting(struct dp_reader *reader)
{
    reader->first = *edge_now(reader);
    reader->phase = EMIT;
}

/* The checks that need the whole slice, the most telling first: other bytes than those indexed
 * explain everything that comes after. */
static int check_bytes(struct dp_reader *reader, struct dp_error *err)
{
    if (reader->decoded != reader->decoded_end)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_UNEXPECTED_END,
                                   "%s: slice %llu: the data end at uncompressed offset %llu, "
                                   "expected was %llu",
                                   reader->uri, (unsigned long long)reader->number,
                                   (unsigned long long)reader->decoded,
                                   (unsigned long long)reader->decoded_end);
    if (reader->crc32 != reader->decoded_crc32)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_CHECKSUM,
                                   "%s: slice %llu: the bytes before uncompressed offset %llu are "
                                   "not those that were indexed (CRC-32 %08x, expected %08x)",
                                   reader->uri, (unsigned long long)reader->number,
                                   (unsigned long long)reader->decoded, (unsigned)reader->crc32,
                                   (unsigned)reader->decoded_crc32);
    return DP_OK;
}

/* The interval must have been found where the plan said. Its end is an edge that the scanner met,
 * or the end of the object, which is the total. */
static int check_interval(struct dp_reader *reader, struct dp_error *err)
{
    const struct dp_edge *edge = edge_now(reader);
    uint64_t key = dp_edge_key(edge, reader->unit);
    uint64_t first = dp_edge_key(&reader->first, reader->unit);
    uint64_t records = edge->record - reader->first.record;

    if (first < reader->begin || key < reader->end || (reader->last && key != reader->end))
        return dp_error_set(err, DP_DATA,
                            "%s: slice %llu: %s [%llu, %llu) were planned, the data have "
                            "[%llu, %llu)",
                            reader->uri, (unsigned long long)reader->number,
                            dp_slice_unit_name(reader->unit), (unsigned long long)reader->begin,
                            (unsigned long long)reader->end, (unsigned long long)first,
                            (unsigned long long)key);
    if (reader->record_count != UINT64_MAX && records != reader->record_count)
        return dp_error_set(err, DP_DATA, "%s: slice %llu: %llu records, planned were %llu",
                            reader->uri, (unsigned long long)reader->number,
                            (unsigned long long)records, (unsigned long long)reader->record_count);
    return DP_OK;
}

/* The decoder has nothing more. An edge exactly at the end of the data was not met yet: the scanner
 * is asked whether a record may end here. */
static int finish(struct dp_reader *reader, struct dp_error *err)
{
    int rc = check_bytes(reader, err);

    if (rc)
        return rc;
    if (reader->phase != DRAIN) {
        rc = reader->format->finish(reader->scanner, err);
        if (rc)
            return rc;
        if (reader->phase == SEEK)
            begin_emitting(reader);
    }
    rc = check_interval(reader, err);
    if (!rc)
        reader->phase = DONE;
    return rc;
}

/* Fetches the next piece and skips what lies before the checkpoint. */
static int next_piece(struct dp_reader *reader, struct dp_error *err)
{
    struct dp_piece *piece = &reader->piece;
    int rc = dp_decoder_next(reader->decoder, piece, err);

    if (rc < 0)
        return rc;
    if (rc == 0) {
        piece->length = reader->used = 0;
        return finish(reader, err);
    }
    reader->crc32 = dp_crc32_combine(reader->crc32, piece->crc32, piece->length);
    reader->decoded += piece->length;
    reader->used = 0;
    if (piece->offset < reader->checkpoint_offset) {
        uint64_t before = reader->checkpoint_offset - piece->offset;

        reader->used = before < piece->length ? (size_t)before : piece->length;
    }
    return DP_OK;
}

/* Looks for the begin in what is left of the piece. */
static int seek_begin(struct dp_reader *reader, struct dp_error *err)
{
    struct dp_stop stop = {reader->unit, reader->begin};
    size_t used = 0;
    int rc = reader->format->scan(reader->scanner, reader->piece.bytes + reader->used,
                                  reader->piece.length - reader->used, &stop, &used, err);

    if (rc < 0)
        return rc;
    reader->used += used;
    if (rc == 1)
        begin_emitting(reader);
    return DP_OK;
}

/* Takes what belongs to the slice from the piece; it stands in `pending` then. */
static int emit(struct dp_reader *reader, struct dp_error *err)
{
    struct dp_stop stop = {reader->unit, reader->last ? UINT64_MAX : reader->end};
    const uint8_t *from = reader->piece.bytes + reader->used;
    size_t used = 0;
    int rc;

    if (!reader->last && dp_edge_key(edge_now(reader), reader->unit) >= reader->end) {
        reader->phase = DRAIN; /* a record that spans the whole interval: nothing begins in it */
        return DP_OK;
    }
    rc = reader->format->scan(reader->scanner, from, reader->piece.length - reader->used, &stop,
                              &used, err);
    if (rc < 0)
        return rc;
    reader->used += used;
    reader->pending = from;
    reader->pending_bytes = used;
    reader->emitted_bytes += used;
    if (rc == 1)
        reader->phase = DRAIN;
    return DP_OK;
}

static int step(struct dp_reader *reader, struct dp_error *err)
{
    if (reader->used == reader->piece.length)
        return next_piece(reader, err);
    switch (reader->phase) {
    case SEEK:
        return seek_begin(reader, err);
    case EMIT:
        return emit(reader, err);
    default:
        reader->used = reader->piece.length;
        return DP_OK;
    }
}

/* Moves on until bytes are pending or the end was checked. */
static int advance(struct dp_reader *reader, unsigned output, struct dp_error *err)
{
    int rc = DP_OK;

    if (output != 0)
        return dp_error_set(err, DP_INVALID, "%s: slice %llu has only one output",
                            reader->uri ? reader->uri : "slice",
                            (unsigned long long)reader->number);
    if (!reader->failed) {
        while (!rc && !reader->pending_bytes && reader->phase != DONE)
            rc = step(reader, &reader->why);
        reader->failed = rc;
    }
    if (reader->failed && err)
        *err = reader->why;
    return reader->failed;
}

int64_t dp_reader_next(struct dp_reader *reader, unsigned output, const void **bytes,
                       struct dp_error *err)
{
    size_t length;
    int rc = advance(reader, output, err);

    if (rc)
        return rc;
    length = reader->pending_bytes;
    *bytes = reader->pending;
    reader->pending_bytes = 0;
    return (int64_t)length;
}

int64_t dp_reader_read(struct dp_reader *reader, unsigned output, void *buffer, size_t capacity,
                       struct dp_error *err)
{
    size_t length;
    int rc;

    if (capacity == 0)
        return dp_error_set(err, DP_INVALID, "slice %llu: no room to read into",
                            (unsigned long long)reader->number);
    rc = advance(reader, output, err);
    if (rc)
        return rc;
    length = reader->pending_bytes < capacity ? reader->pending_bytes : capacity;
    if (length) {
        memcpy(buffer, reader->pending, length);
        reader->pending += length;
        reader->pending_bytes -= length;
    }
    return (int64_t)length;
}

void dp_reader_counts(const struct dp_reader *reader, struct dp_reader_counts *counts)
{
    size_t room = counts->struct_bytes;
    struct dp_reader_counts full = {.struct_bytes = room, .bytes = reader->emitted_bytes};

    if (reader->scanner && reader->phase != SEEK) {
        full.records = edge_now(reader)->record - reader->first.record;
        full.bases = edge_now(reader)->bases - reader->first.bases;
    }
    memcpy(counts, &full, room < sizeof(full) ? room : sizeof(full));
}
