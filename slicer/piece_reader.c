/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A piece: object -> input -> decoder -> scanner -> filter -> caller. (Where threads share the
 * decoding they read from the object themselves.)
 *
 * The decoder gives stretches from the seek point on; the scanner walks them from the checkpoint.
 * What it walks before the begin of the interval is dropped (SEEK), up to the end is given out
 * without a copy (EMIT), and the rest is decoded only for the checksum (DRAIN). The end is
 * announced after everything was checked.
 *
 * Of a piece of bytes there is no scanner, its offsets say what is emitted; what is inlined is not
 * even decoded. Blocks are cut off where the walk over them finds the end: the scanner and the
 * caller see nothing beyond. A filter stands between all these and the caller. */

#include "config.h"

#include "slicer/piece_reader.h"

#include "base/crc32.h"
#include "connectors/uri.h"
#include "index/block_walk.h"
#include "index/codec/window.h"
#include "index/tabix.h"
#include "slicer/piece_spans.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

/* Uncompressed bytes of a short piece. */
#define SHORT_BYTES (16u << 10)

enum phase { SEEK, EMIT, DRAIN, DONE };

struct dp_piece_reader {
    const struct dp_slice_piece *piece;
    const struct dp_slice_source *source;
    uint64_t number; /* of the slice, for messages */
    char *uri;       /* of the object, for messages: without a signature */

    struct dp_object *object;
    struct dp_input *input;
    struct dp_piece_spans *spans; /* NULL: one thread decodes */
    struct dp_decoder *decoder;
    struct dp_scanner *scanner; /* kind records only */
    struct dp_filter *filter;   /* NULL: none */

    enum phase phase;
    struct dp_piece decoded; /* the decoder's last stretch */
    size_t used;             /* bytes of it that are done with */
    uint64_t offset;         /* uncompressed, behind it */
    uint32_t crc32;          /* of everything decoded up to there */
    struct dp_edge first;    /* the edge at which emitting began */
    struct dp_block_walk walk; /* kind blocks */
    uint8_t last_byte;         /* the last decoded; kind blocks: before where the reader stands */

    const uint8_t *pending; /* not given to the caller yet */
    size_t pending_bytes;
    uint64_t emitted_bytes;
    struct dp_array filtered; /* bytes that the filter let through */
    uint8_t *unpacked;        /* kind inline */
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

/* Unpacks the window; costs one request when the window is not inline. */
static int load_window(struct dp_context *context, const struct dp_slice_window *window,
                       const char *index_uri, struct dp_window *unpacked, struct dp_error *err)
{
    uint8_t *packed;
    size_t length = window->range.end - window->range.begin;
    int rc;

    if (!window->uri)
        return dp_window_unpack(window->packed, window->packed_bytes, window->raw_bytes, unpacked,
                                err);
    packed = malloc(length);
    if (!packed)
        return dp_error_no_memory(err);
    rc = fetch_window(context, window, index_uri, packed, err);
    if (!rc)
        rc = dp_window_unpack(packed, length, window->raw_bytes, unpacked, err);
    free(packed);
    return rc;
}

/* The object, by what the slice knows of it: no request is made here. */
static int open_object(struct dp_piece_reader *reader, struct dp_context *context,
                       struct dp_error *err)
{
    const struct dp_slice_source *source = reader->source;
    struct dp_object_options known = {.struct_bytes = sizeof(known),
                                      .validator = source->validator,
                                      .size_bytes = source->size_bytes};
    int rc = dp_object_open(context, source->uri, &known, &reader->object, err);

    if (rc)
        return rc;
    if (dp_object_size(reader->object) != source->size_bytes)
        return dp_error_set(err, DP_CHANGED, "%s: the object has %llu bytes, planned were %llu",
                            reader->uri, (unsigned long long)dp_object_size(reader->object),
                            (unsigned long long)source->size_bytes);
    return DP_OK;
}

/* Where decoding starts. Of blocks nobody knows the uncompressed offset: the virtual one of the
 * first serves, and goes up by one with every byte. */
static struct dp_seek_point start_of(const struct dp_slice_piece *piece)
{
    if (piece->kind != DP_PIECE_BLOCKS)
        return piece->point;
    return (struct dp_seek_point){
        .uncompressed_offset = DP_VIRTUAL_BLOCK(piece->interval.begin) << 16,
        .compressed_bit = piece->range.begin * 8,
    };
}

/* A header and the like: decoded before another thread has begun, and from the first bytes of its
 * range alone. */
static bool is_short(const struct dp_piece_reader *reader)
{
    const struct dp_slice_piece *piece = reader->piece;

    return piece->kind != DP_PIECE_BLOCKS && !reader->object->remote &&
           piece->decoded_end - piece->point.uncompressed_offset <= SHORT_BYTES;
}

/* A header near by is one thread's work, however long: others are at the piece behind it. */
static unsigned choose_threads(const struct dp_piece_reader *reader,
                               const struct dp_reader_options *options)
{
    bool header = reader->piece->prologue && !reader->object->remote;

    return header || is_short(reader) ? 1 : options->threads;
}

static int open_decoder(struct dp_piece_reader *reader, struct dp_context *context,
                        const struct dp_reader_options *options, struct dp_error *err)
{
    const struct dp_slice_piece *piece = reader->piece;
    unsigned threads = choose_threads(reader, options);
    struct dp_input_options reading = {.threads = threads > 1,
                                       .decoded = reader->source->codec != DP_CODEC_NONE,
                                       .part_bytes = is_short(reader) ? SHORT_BYTES : 0};
    struct dp_window window;
    struct dp_decoder_config config = {.codec = reader->source->codec,
                                       .start = start_of(piece),
                                       .end_offset = piece->decoded_end,
                                       .threads = threads,
                                       .backend = options->backend};
    int rc;

    if (threads > 1)
        reader->spans = dp_piece_spans_open(context, piece, reader->object, options);
    if (reader->spans) {
        config.guide = dp_piece_spans_guide(reader->spans);
        reading.threads = false; /* each reads what it needs */
    }
    /* First: the data are on their way while the window is fetched. */
    rc = dp_input_open_object(reader->object, piece->range, &reading, &reader->input, err);
    if (rc)
        return rc;
    if (piece->kind == DP_PIECE_BLOCKS) {
        config.end_offset = UINT64_MAX;
        config.want_blocks = true;
    }
    if (piece->point.mid_member && !reader->spans) {
        rc = load_window(context, &piece->window, options->index_uri, &window, err);
        if (rc)
            return rc;
        config.window = &window;
    }
    config.input = reader->input;
    reader->offset = config.start.uncompressed_offset;
    reader->walk = (struct dp_block_walk){.name = reader->uri,
                                          .begin = piece->interval.begin,
                                          .end = piece->interval.end,
                                          .block = piece->range.begin,
                                          .offset = reader->offset};
    return dp_decoder_open(context, &config, &reader->decoder, err);
}

static int open_scanner(struct dp_piece_reader *reader, struct dp_error *err)
{
    const struct dp_slice_piece *piece = reader->piece;
    struct dp_scanner_config config = {.name = reader->uri, .start = piece->checkpoint};
    int rc;

    /* Blocks were found through a foreign index, and nobody has looked at their records. */
    if (piece->kind == DP_PIECE_BLOCKS)
        config.start.offset = piece->interval.begin;
    else
        config.judged = true;
    rc = reader->source->format->open(&config, &reader->scanner, err);
    if (rc)
        return rc;
    /* A checkpoint that is the cut itself needs no looking for it. */
    reader->first = config.start;
    if (dp_edge_key(&config.start, piece->interval.unit) >= piece->interval.begin)
        reader->phase = EMIT;
    return DP_OK;
}

static int open_filter(struct dp_piece_reader *reader, struct dp_error *err)
{
    json_error_t why;
    json_t *spec = json_loads(reader->piece->filter, 0, &why);
    int rc;

    if (!spec)
        return dp_error_set(err, DP_BAD_INDEX, "%s: slice %llu: the filter: %s", reader->uri,
                            (unsigned long long)reader->number, why.text);
    rc = reader->source->format->filter->open(spec, reader->uri, reader->piece->prologue,
                                              &reader->filter, err);
    json_decref(spec);
    return rc;
}

/* What is inlined is one gzip member, whose own checksum is checked here. */
static int unpack_inline(struct dp_piece_reader *reader, struct dp_error *err)
{
    const struct dp_slice_piece *piece = reader->piece;
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    enum libdeflate_result result = LIBDEFLATE_BAD_DATA;

    reader->unpacked = malloc(piece->raw_bytes);
    if (!decompressor || !reader->unpacked) {
        libdeflate_free_decompressor(decompressor);
        return dp_error_no_memory(err);
    }
    /* NULL: exactly raw_bytes must come out. */
    result = libdeflate_gzip_decompress(decompressor, piece->packed, piece->packed_bytes,
                                        reader->unpacked, piece->raw_bytes, NULL);
    libdeflate_free_decompressor(decompressor);
    if (result != LIBDEFLATE_SUCCESS)
        return dp_error_set(err, DP_BAD_INDEX, "%s: slice %llu: what is inlined is damaged",
                            reader->uri, (unsigned long long)reader->number);
    reader->phase = EMIT;
    return DP_OK;
}

static int open_source(struct dp_piece_reader *reader, struct dp_context *context,
                       const struct dp_reader_options *options, struct dp_error *err)
{
    int rc = open_object(reader, context, err);

    if (!rc)
        rc = open_decoder(reader, context, options, err);
    if (!rc && !reader->piece->prologue && reader->piece->kind != DP_PIECE_BYTES)
        rc = open_scanner(reader, err);
    return rc;
}

int dp_piece_reader_open(struct dp_context *context, const struct dp_slice *slice,
                         const struct dp_slice_piece *piece,
                         const struct dp_reader_options *options, struct dp_piece_reader **reader,
                         struct dp_error *err)
{
    struct dp_piece_reader *made = calloc(1, sizeof(*made));
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    made->piece = piece;
    made->source = &slice->sources[piece->source];
    made->number = slice->number;
    made->uri = dp_uri_redact(made->source->uri);
    if (!made->uri)
        rc = dp_error_no_memory(err);
    else if (piece->kind == DP_PIECE_INLINE)
        rc = unpack_inline(made, err);
    else
        rc = open_source(made, context, options, err);
    if (!rc && piece->filter)
        rc = open_filter(made, err);
    if (rc) {
        dp_piece_reader_free(made);
        return rc;
    }
    *reader = made;
    return DP_OK;
}

void dp_piece_reader_free(struct dp_piece_reader *reader)
{
    if (!reader)
        return;
    if (reader->filter)
        reader->source->format->filter->close(reader->filter);
    if (reader->scanner)
        reader->source->format->close(reader->scanner);
    dp_decoder_free(reader->decoder);
    dp_piece_spans_free(reader->spans);
    dp_input_free(reader->input);
    dp_object_free(reader->object);
    dp_array_free(&reader->filtered);
    free(reader->unpacked);
    free(reader->uri);
    free(reader);
}

/* ------------------------------------------------------------------------------------ checks */

/* Where the scanner stands now. */
static const struct dp_edge *edge_now(const struct dp_piece_reader *reader)
{
    return &dp_scanner_base(reader->scanner)->edge;
}

/* The checks that need everything, the most telling first: other bytes than those indexed explain
 * everything that comes after. */
static int check_bytes(const struct dp_piece_reader *reader, struct dp_error *err)
{
    const struct dp_slice_piece *piece = reader->piece;

    if (reader->offset != piece->decoded_end)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_UNEXPECTED_END,
                                   "%s: slice %llu: the data end at uncompressed offset %llu, "
                                   "expected was %llu",
                                   reader->uri, (unsigned long long)reader->number,
                                   (unsigned long long)reader->offset,
                                   (unsigned long long)piece->decoded_end);
    if (reader->crc32 != piece->decoded_crc32)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_CHECKSUM,
                                   "%s: slice %llu: the bytes before uncompressed offset %llu are "
                                   "not those that were indexed (CRC-32 %08x, expected %08x)",
                                   reader->uri, (unsigned long long)reader->number,
                                   (unsigned long long)reader->offset, (unsigned)reader->crc32,
                                   (unsigned)piece->decoded_crc32);
    return DP_OK;
}

/* The interval must have been found where the plan said. Its end is an edge that the scanner met,
 * or the end of the object, which is the total. */
static int check_interval(const struct dp_piece_reader *reader, struct dp_error *err)
{
    const struct dp_slice_piece *piece = reader->piece;
    const struct dp_interval *planned = &piece->interval;
    const struct dp_edge *edge = edge_now(reader);
    uint64_t key = dp_edge_key(edge, planned->unit);
    uint64_t first = dp_edge_key(&reader->first, planned->unit);
    uint64_t records = edge->record - reader->first.record;

    if (first < planned->begin || key < planned->end || (planned->last && key != planned->end))
        return dp_error_set(err, DP_DATA,
                            "%s: slice %llu: %s [%llu, %llu) were planned, the data have "
                            "[%llu, %llu)",
                            reader->uri, (unsigned long long)reader->number,
                            dp_slice_unit_name(planned->unit), (unsigned long long)planned->begin,
                            (unsigned long long)planned->end, (unsigned long long)first,
                            (unsigned long long)key);
    if (piece->record_count != UINT64_MAX && records != piece->record_count)
        return dp_error_set(err, DP_DATA, "%s: slice %llu: %llu records, planned were %llu",
                            reader->uri, (unsigned long long)reader->number,
                            (unsigned long long)records, (unsigned long long)piece->record_count);
    return DP_OK;
}

/* -------------------------------------------------------------------------------------- read */

/* Gives bytes to the caller, through the filter when there is one. */
static int give(struct dp_piece_reader *reader, const uint8_t *bytes, size_t length,
                struct dp_error *err)
{
    int rc = DP_OK;

    if (reader->filter) {
        reader->filtered.length = 0;
        if (length)
            rc = reader->source->format->filter->feed(reader->filter, bytes, length,
                                                      &reader->filtered, err);
        bytes = reader->filtered.data;
        length = reader->filtered.length;
    }
    if (rc)
        return rc;
    reader->pending = bytes;
    reader->pending_bytes = length;
    reader->emitted_bytes += length;
    return DP_OK;
}

/* The end: what the filter kept back is given now. */
static int end(struct dp_piece_reader *reader, struct dp_error *err)
{
    int rc;

    reader->phase = DONE;
    if (!reader->filter)
        return DP_OK;
    reader->filtered.length = 0;
    rc = reader->source->format->filter->finish(reader->filter, &reader->filtered, err);
    if (rc)
        return rc;
    reader->pending = reader->filtered.data;
    reader->pending_bytes = reader->filtered.length;
    reader->emitted_bytes += reader->filtered.length;
    return DP_OK;
}

/* After the stop at the begin, or at the end of the data while still looking for it. */
static void begin_emitting(struct dp_piece_reader *reader)
{
    reader->first = *edge_now(reader);
    reader->phase = EMIT;
}

/* The end of the interval was not met: if the data go on where decoding ended, a record ends there.
 * One that does not would be taken for the last of the object. */
static int check_last_record(const struct dp_piece_reader *reader, struct dp_error *err)
{
    const struct dp_slice_piece *piece = reader->piece;

    if (!reader->source->format->newline || piece->decoded_last || reader->last_byte == '\n')
        return DP_OK;
    return dp_error_set(err, DP_BAD_INDEX,
                        "%s: slice %llu: a record goes on behind uncompressed offset %llu, where "
                        "decoding was planned to end: the index of the plan is wrong",
                        reader->uri, (unsigned long long)reader->number,
                        (unsigned long long)piece->decoded_end);
}

/* The decoder has nothing more. An edge exactly at the end of the data was not met yet: the scanner
 * is asked whether a record may end here. */
static int finish(struct dp_piece_reader *reader, struct dp_error *err)
{
    int rc = check_bytes(reader, err);

    if (!rc && reader->scanner) {
        if (reader->phase != DRAIN)
            rc = reader->source->format->finish(reader->scanner, err);
        if (rc)
            return rc;
        if (reader->phase == SEEK)
            begin_emitting(reader);
        rc = check_interval(reader, err);
        if (!rc && reader->phase != DRAIN)
            rc = check_last_record(reader, err);
    }
    return rc ? rc : end(reader, err);
}

/* Lines begin behind a newline. (Behind the last record of all, one may be missing.) */
static int check_line_edge(const struct dp_piece_reader *reader, uint64_t at, bool may_lack,
                           struct dp_error *err)
{
    if (!reader->source->format->lines || !reader->scanner || may_lack ||
        reader->last_byte == '\n')
        return DP_OK;
    return dp_block_walk_stale(&reader->walk, DP_VIRTUAL_BLOCK(at), err);
}

/* The end of the piece was met. */
static int finish_blocks(struct dp_piece_reader *reader, struct dp_error *err)
{
    const struct dp_slice_piece *piece = reader->piece;
    uint64_t records;
    int rc = check_line_edge(reader, piece->interval.end, piece->interval.last, err);

    if (rc)
        return rc;
    if (reader->scanner) {
        rc = reader->source->format->finish(reader->scanner, err);
        if (rc)
            return rc;
        records = edge_now(reader)->record - reader->first.record;
        if (piece->record_count != UINT64_MAX && records != piece->record_count)
            return dp_error_set(err, DP_STALE_INDEX,
                                "%s: slice %llu: %llu records, the .tbi or .csi of the plan says "
                                "%llu",
                                reader->uri, (unsigned long long)reader->number,
                                (unsigned long long)records,
                                (unsigned long long)piece->record_count);
    }
    return end(reader, err);
}

/* The first stretch begins with the first block: skips what lies before the piece in it. */
static int enter_blocks(struct dp_piece_reader *reader, struct dp_error *err)
{
    size_t before = DP_VIRTUAL_WITHIN(reader->piece->interval.begin);

    reader->used = before;
    reader->phase = EMIT;
    if (before == 0)
        return DP_OK;
    reader->last_byte = reader->decoded.bytes[before - 1];
    return check_line_edge(reader, reader->piece->interval.begin, false, err);
}

/* Fetches the next stretch of blocks and cuts off what lies behind the piece. */
static int decode_blocks(struct dp_piece_reader *reader, struct dp_error *err)
{
    struct dp_piece *decoded = &reader->decoded;
    struct dp_block_walk *walk = &reader->walk;
    bool first = reader->offset == DP_VIRTUAL_BLOCK(walk->begin) << 16;
    struct dp_error own;
    int rc;

    reader->used = 0;
    decoded->length = 0;
    if (walk->end_offset)
        return finish_blocks(reader, err);
    rc = dp_decoder_next(reader->decoder, decoded, &own);
    if (rc == 0 || (rc < 0 && own.detail == DP_DETAIL_NOT_GZIP))
        return dp_block_walk_stale(walk, walk->block, err);
    if (rc < 0 && err)
        *err = own;
    if (rc < 0)
        return rc;
    rc = dp_block_walk_take(walk, decoded->blocks, decoded->block_count, err);
    if (rc)
        return rc;
    reader->offset += decoded->length;
    if (walk->end_offset && walk->end_offset < reader->offset)
        decoded->length = (size_t)(walk->end_offset - decoded->offset);
    return first && decoded->length ? enter_blocks(reader, err) : DP_OK;
}

/* Fetches the next stretch and skips what lies before the checkpoint. */
static int decode(struct dp_piece_reader *reader, struct dp_error *err)
{
    struct dp_piece *decoded = &reader->decoded;
    uint64_t from =
        reader->scanner ? reader->piece->checkpoint.offset : reader->piece->interval.begin;
    int rc;

    if (reader->piece->kind == DP_PIECE_BLOCKS)
        return decode_blocks(reader, err);
    rc = dp_decoder_next(reader->decoder, decoded, err);

    if (rc < 0)
        return rc;
    if (rc == 0) {
        decoded->length = reader->used = 0;
        return finish(reader, err);
    }
    if (decoded->length)
        reader->last_byte = decoded->bytes[decoded->length - 1];
    reader->crc32 = dp_crc32_combine(reader->crc32, decoded->crc32, decoded->length);
    reader->offset += decoded->length;
    reader->used = 0;
    if (decoded->offset < from) {
        uint64_t before = from - decoded->offset;

        reader->used = before < decoded->length ? (size_t)before : decoded->length;
    }
    return DP_OK;
}

static int scan(struct dp_piece_reader *reader, const struct dp_stop *stop, size_t *used,
                struct dp_error *err)
{
    int rc = reader->source->format->scan(reader->scanner, reader->decoded.bytes + reader->used,
                                          reader->decoded.length - reader->used, stop, used, err);

    if (rc >= 0)
        reader->used += *used;
    return rc;
}

/* Looks for the begin in what is left of the stretch. */
static int seek_begin(struct dp_piece_reader *reader, struct dp_error *err)
{
    struct dp_stop stop = {reader->piece->interval.unit, reader->piece->interval.begin};
    size_t used = 0;
    int rc = scan(reader, &stop, &used, err);

    if (rc < 0)
        return rc;
    if (rc == 1)
        begin_emitting(reader);
    return DP_OK;
}

/* Takes what belongs to the slice from the stretch, up to the record `limit`. */
static int emit_records(struct dp_piece_reader *reader, uint64_t limit, struct dp_error *err)
{
    const struct dp_interval *interval = &reader->piece->interval;
    struct dp_stop stop = {interval->unit, interval->last ? UINT64_MAX : interval->end};
    const uint8_t *from = reader->decoded.bytes + reader->used;
    size_t used = 0;
    int rc;

    /* A record that spans the whole interval: nothing begins in it. */
    if (dp_edge_key(edge_now(reader), interval->unit) >= stop.key) {
        reader->phase = DRAIN;
        return DP_OK;
    }
    if (interval->unit == DP_UNIT_RECORDS && limit < stop.key)
        stop.key = limit;
    rc = scan(reader, &stop, &used, err);
    if (rc < 0)
        return rc;
    if (rc == 1 && stop.key != limit)
        reader->phase = DRAIN;
    return give(reader, from, used, err);
}

static int emit_bytes(struct dp_piece_reader *reader, struct dp_error *err)
{
    const uint8_t *from = reader->decoded.bytes + reader->used;
    uint64_t at = reader->decoded.offset + reader->used, end_offset = reader->piece->interval.end;
    size_t length = reader->decoded.length - reader->used;

    if (end_offset - at <= length) {
        length = (size_t)(end_offset - at);
        reader->phase = DRAIN;
    }
    reader->used += length;
    return give(reader, from, length, err);
}

static int emit_blocks(struct dp_piece_reader *reader, struct dp_error *err)
{
    static const struct dp_stop never = {DP_UNIT_RECORDS, UINT64_MAX};
    const uint8_t *from = reader->decoded.bytes + reader->used;
    size_t used = reader->decoded.length - reader->used;
    int rc = DP_OK;

    if (reader->scanner)
        rc = scan(reader, &never, &used, err);
    else
        reader->used += used;
    if (rc < 0)
        return rc;
    reader->last_byte = from[used - 1];
    return give(reader, from, used, err);
}

static int emit_inline(struct dp_piece_reader *reader, struct dp_error *err)
{
    reader->phase = DRAIN;
    return give(reader, reader->unpacked, reader->piece->raw_bytes, err);
}

static int emit(struct dp_piece_reader *reader, uint64_t limit, struct dp_error *err)
{
    switch (reader->piece->kind) {
    case DP_PIECE_RECORDS:
        return emit_records(reader, limit, err);
    case DP_PIECE_BYTES:
        return emit_bytes(reader, err);
    case DP_PIECE_BLOCKS:
        return emit_blocks(reader, err);
    default:
        return emit_inline(reader, err);
    }
}

static int step(struct dp_piece_reader *reader, uint64_t limit, struct dp_error *err)
{
    if (reader->decoder && reader->used == reader->decoded.length)
        return decode(reader, err);
    switch (reader->phase) {
    case SEEK:
        if (reader->scanner)
            return seek_begin(reader, err);
        reader->phase = EMIT; /* a piece of bytes begins where decode() skipped to */
        return DP_OK;
    case EMIT:
        return emit(reader, limit, err);
    default:
        reader->used = reader->decoded.length;
        return reader->decoder ? DP_OK : end(reader, err);
    }
}

/* Emitting met the edge that the caller wants to stop at. */
static bool at_limit(const struct dp_piece_reader *reader, uint64_t limit)
{
    return reader->phase == EMIT && reader->scanner && edge_now(reader)->record >= limit;
}

int64_t dp_piece_reader_next(struct dp_piece_reader *reader, uint64_t limit, const uint8_t **bytes,
                             struct dp_error *err)
{
    int rc = DP_OK;

    reader->pending_bytes = 0;
    while (!rc && !reader->pending_bytes && reader->phase != DONE && !at_limit(reader, limit))
        rc = step(reader, limit, err);
    *bytes = reader->pending;
    return rc ? rc : (int64_t)reader->pending_bytes;
}

bool dp_piece_reader_is_far(const struct dp_piece_reader *reader)
{
    return reader->object && reader->object->remote; /* inlined bytes have none */
}

bool dp_piece_reader_ended(const struct dp_piece_reader *reader)
{
    return reader->phase == DONE;
}

uint64_t dp_piece_reader_record(const struct dp_piece_reader *reader)
{
    return reader->scanner ? edge_now(reader)->record : 0;
}

void dp_piece_reader_count(const struct dp_piece_reader *reader, struct dp_reader_counts *counts)
{
    counts->bytes += reader->emitted_bytes;
    if (!reader->scanner || reader->phase == SEEK)
        return;
    counts->records += reader->filter ? reader->source->format->filter->record_count(reader->filter)
                                      : edge_now(reader)->record - reader->first.record;
    counts->bases += edge_now(reader)->bases - reader->first.bases;
}
