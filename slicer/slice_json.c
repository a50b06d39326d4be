/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/slice_json.h"

#include "base/crc32.h"
#include "index/tabix.h"

#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------- writing */

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* 32 bits as eight hex digits: JSON readers must not take a checksum for a number. */
static json_t *hex32(uint32_t value)
{
    char text[9];

    snprintf(text, sizeof(text), "%08x", (unsigned)value);
    return json_string(text);
}

static json_t *range_pair(struct dp_range range)
{
    return json_pack("[o,o]", integer(range.begin), integer(range.end));
}

static json_t *base64_text(const uint8_t *bytes, size_t length)
{
    char *text = malloc(BASE64_ENCODE_RAW_LENGTH(length) + 1);
    json_t *value;

    if (!text)
        return NULL;
    base64_encode_raw(text, length, bytes);
    value = json_stringn(text, BASE64_ENCODE_RAW_LENGTH(length));
    free(text);
    return value;
}

static json_t *write_window(const struct dp_slice_window *window)
{
    json_t *raw = integer(window->raw_bytes), *crc = hex32(window->crc32);

    if (window->raw_bytes == 0) {
        json_decref(raw);
        json_decref(crc);
        return json_null();
    }
    if (window->uri)
        return json_pack("{s:o,s:o,s:s,s:o,s:o}", "raw_bytes", raw, "crc32", crc, "uri",
                         window->uri, "size", integer(window->file_bytes), "range",
                         range_pair(window->range));
    return json_pack("{s:o,s:o,s:o}", "raw_bytes", raw, "crc32", crc, "base64",
                     base64_text(window->packed, window->packed_bytes));
}

static json_t *write_source(const struct dp_slice_source *source)
{
    return json_pack("{s:s,s:s,s:o,s:s,s:s}", "uri", source->uri, "validator", source->validator,
                     "size", integer(source->size_bytes), "format", source->format->name, "codec",
                     dp_codec_name(source->codec));
}

static json_t *write_interval(const struct dp_interval *interval)
{
    return json_pack("{s:s,s:o,s:o,s:b}", "unit", dp_slice_unit_name(interval->unit), "begin",
                     integer(interval->begin), "end", integer(interval->end), "last",
                     interval->last);
}

static json_t *write_count(uint64_t count)
{
    return count == UINT64_MAX ? json_null() : integer(count);
}

/* The object with one key more; NULL, and nothing left, when one of them could not be made. */
static json_t *with(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) == 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *write_point(const struct dp_slice_piece *piece)
{
    json_t *point = json_pack("{s:o,s:o,s:b,s:o}", "offset",
                              integer(piece->point.uncompressed_offset), "bit",
                              integer(piece->point.compressed_bit), "mid_member",
                              piece->point.mid_member, "window", write_window(&piece->window));

    return piece->next.raw_bytes ? with(point, "next", write_window(&piece->next)) : point;
}

static json_t *write_edge(const struct dp_edge *edge)
{
    return json_pack("{s:o,s:o,s:o,s:o}", "record", integer(edge->record), "offset",
                     integer(edge->offset), "bases", integer(edge->bases), "line",
                     integer(edge->line));
}

static json_t *write_decoded(const struct dp_slice_piece *piece)
{
    json_t *decoded = json_pack("{s:o,s:o}", "end", integer(piece->decoded_end), "crc32",
                                hex32(piece->decoded_crc32));

    return piece->decoded_last ? with(decoded, "last", json_true()) : decoded;
}

static json_t *write_filter(const struct dp_slice_piece *piece)
{
    return piece->filter ? json_loads(piece->filter, 0, NULL) : json_null();
}

/* A virtual offset needs more bits than JSON readers keep exact. */
static json_t *write_virtual(uint64_t offset)
{
    return json_pack("[o,o]", integer(DP_VIRTUAL_BLOCK(offset)),
                     integer(DP_VIRTUAL_WITHIN(offset)));
}

/* The keys of every kind of piece, then those of its kind. */
static json_t *write_piece(const struct dp_slice_piece *piece)
{
    json_t *source = integer(piece->source), *output = integer(piece->output);

    switch (piece->kind) {
    case DP_PIECE_RECORDS:
        return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "kind", "records", "source",
                         source, "output", output, "filter", write_filter(piece), "interval",
                         write_interval(&piece->interval), "records",
                         write_count(piece->record_count), "range", range_pair(piece->range),
                         "point", write_point(piece), "checkpoint", write_edge(&piece->checkpoint),
                         "decoded", write_decoded(piece));
    case DP_PIECE_BYTES:
        return json_pack("{s:s,s:o,s:o,s:o,s:b,s:[o,o],s:o,s:o,s:o}", "kind", "bytes", "source",
                         source, "output", output, "filter", write_filter(piece), "prologue",
                         piece->prologue, "bytes", integer(piece->interval.begin),
                         integer(piece->interval.end), "range", range_pair(piece->range), "point",
                         write_point(piece), "decoded", write_decoded(piece));
    case DP_PIECE_BLOCKS:
        return json_pack("{s:s,s:o,s:o,s:o,s:b,s:o,s:o,s:b,s:o,s:o}", "kind", "blocks", "source",
                         source, "output", output, "filter", write_filter(piece), "prologue",
                         piece->prologue, "begin", write_virtual(piece->interval.begin), "end",
                         write_virtual(piece->interval.end), "last", piece->interval.last,
                         "records", write_count(piece->record_count), "range",
                         range_pair(piece->range));
    default:
        return json_pack("{s:s,s:o,s:o,s:o,s:b,s:o,s:o}", "kind", "inline", "source", source,
                         "output", output, "filter", write_filter(piece), "prologue",
                         piece->prologue, "raw_bytes", integer(piece->raw_bytes), "gzip",
                         base64_text(piece->packed, piece->packed_bytes));
    }
}

/* False, and nothing left at *list, when out of memory or when a value could not be made. */
static bool push(json_t **list, json_t *value)
{
    if (*list && json_array_append_new(*list, value) == 0)
        return true;
    json_decref(*list);
    *list = NULL;
    return false;
}

json_t *dp_slice_json_write(const struct dp_slice *slice)
{
    json_t *sources = json_array(), *outputs = json_array(), *pieces = json_array();
    json_t *interval = write_interval(&slice->interval);
    size_t i;

    interval = with(interval, "size", integer(slice->size));
    interval = with(interval, "span", json_boolean(slice->span));

    for (i = 0; i < slice->source_count; i++)
        if (!push(&sources, write_source(&slice->sources[i])))
            break;
    for (i = 0; i < slice->output_count; i++)
        if (!push(&outputs, json_pack("{s:s}", "name", slice->outputs[i])))
            break;
    for (i = 0; i < slice->piece_count; i++)
        if (!push(&pieces, write_piece(&slice->pieces[i])))
            break;
    /* What is NULL makes the whole NULL. */
    return json_pack("{s:i,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:{s:o},s:o}", "v", DP_SLICE_VERSION, "id",
                     slice->id, "plan", slice->plan_id, "n", integer(slice->number), "of",
                     integer(slice->slice_count), "sources", sources, "outputs", outputs,
                     "interval", interval, "counts", "records", write_count(slice->record_count),
                     "pieces", pieces);
}

/* ---------------------------------------------------------------------------------- reading */

static int malformed(struct dp_error *err, const char *what)
{
    return dp_error_set(err, DP_BAD_INDEX, "slice: %s is missing or malformed", what);
}

/* A name that another version may know. */
static int unknown(struct dp_error *err, const char *what, const char *name)
{
    return dp_error_set_detail(err, DP_UNSUPPORTED, DP_DETAIL_VERSION,
                               "slice: unknown %s \"%.40s\"", what, name);
}

/* jansson's strict unpacking: a missing key, a wrong type or an unknown key is a failure. */
static int unpack_failed(struct dp_error *err, const char *what, const json_error_t *why)
{
    return dp_error_set(err, DP_BAD_INDEX, "slice: %s: %s", what, why->text);
}

static bool take_integer(const json_t *value, uint64_t *out)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || (uint64_t)number > DP_SLICE_INTEGER_MAX)
        return false;
    *out = (uint64_t)number;
    return true;
}

static bool take_hex32(const char *text, uint32_t *out)
{
    uint32_t value = 0;
    size_t i;

    for (i = 0; i < 8; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *at = text[i] ? strchr(digits, text[i]) : NULL;

        if (!at)
            return false;
        value = value << 4 | (uint32_t)(at - digits);
    }
    *out = value;
    return text[8] == '\0';
}

static bool take_range(const json_t *value, struct dp_range *range)
{
    return json_is_array(value) && json_array_size(value) == 2 &&
           take_integer(json_array_get(value, 0), &range->begin) &&
           take_integer(json_array_get(value, 1), &range->end);
}

static bool take_id(const char *text, dp_slice_id id)
{
    if (strlen(text) != DP_SLICE_ID_DIGITS ||
        strspn(text, "0123456789abcdef") != DP_SLICE_ID_DIGITS)
        return false;
    memcpy(id, text, sizeof(dp_slice_id));
    return true;
}

/* Strings end up in requests and in messages: anything but printable ASCII is refused. */
static int take_text(const char *text, size_t limit, const char *what, char **out,
                     struct dp_error *err)
{
    size_t i;

    for (i = 0; text[i]; i++)
        if (i == limit || text[i] < 0x20 || text[i] > 0x7e)
            return malformed(err, what);
    *out = strdup(text);
    return *out ? DP_OK : dp_error_no_memory(err);
}

/* The bytes that a text stands for, `limit` of them at most. */
static int take_base64(const char *text, size_t limit, const char *what, uint8_t **bytes,
                       size_t *count, struct dp_error *err)
{
    size_t length = strlen(text);
    struct base64_decode_ctx context;

    if (length > BASE64_ENCODE_RAW_LENGTH(limit))
        return malformed(err, what);
    *count = BASE64_DECODE_LENGTH(length);
    *bytes = malloc(*count ? *count : 1);
    if (!*bytes)
        return dp_error_no_memory(err);
    base64_decode_init(&context);
    if (!base64_decode_update(&context, count, *bytes, length, text) ||
        !base64_decode_final(&context))
        return malformed(err, what);
    return DP_OK;
}

static int take_packed_window(const char *text, struct dp_slice_window *window,
                              struct dp_error *err)
{
    int rc = take_base64(text, DP_SLICE_WINDOW_MAX, "the window", &window->packed,
                         &window->packed_bytes, err);

    if (rc)
        return rc;
    if (dp_crc32(0, window->packed, window->packed_bytes) != window->crc32)
        return dp_error_set(err, DP_BAD_INDEX, "slice: the window's checksum does not fit");
    return DP_OK;
}

static int read_window(json_t *value, struct dp_slice_window *window, struct dp_error *err)
{
    const char *crc, *uri = NULL, *base64 = NULL;
    json_t *raw, *size = NULL, *range = NULL;
    uint64_t raw_bytes;
    json_error_t why;

    if (json_is_null(value))
        return DP_OK;
    if (json_object_get(value, "base64")) {
        if (json_unpack_ex(value, &why, JSON_STRICT, "{s:o,s:s,s:s}", "raw_bytes", &raw, "crc32",
                           &crc, "base64", &base64))
            return unpack_failed(err, "window", &why);
    } else if (json_unpack_ex(value, &why, JSON_STRICT, "{s:o,s:s,s:s,s:o,s:o}", "raw_bytes", &raw,
                              "crc32", &crc, "uri", &uri, "size", &size, "range", &range)) {
        return unpack_failed(err, "window", &why);
    }
    if (!take_integer(raw, &raw_bytes) || raw_bytes == 0 || raw_bytes > DP_WINDOW_BYTES ||
        !take_hex32(crc, &window->crc32))
        return malformed(err, "the window");
    window->raw_bytes = (uint32_t)raw_bytes;
    if (base64)
        return take_packed_window(base64, window, err);
    if (!take_integer(size, &window->file_bytes) || !take_range(range, &window->range))
        return malformed(err, "the window's place");
    return take_text(uri, DP_SLICE_LINE_MAX, "the window's URI", &window->uri, err);
}

static int read_source(json_t *value, struct dp_slice *slice, struct dp_error *err)
{
    struct dp_slice_source *source = dp_slice_add_source(slice);
    const char *uri, *validator, *format, *codec;
    json_error_t why;
    json_t *size;
    int rc;

    if (!source)
        return dp_error_no_memory(err);
    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:s,s:s,s:o,s:s,s:s}", "uri", &uri, "validator",
                       &validator, "size", &size, "format", &format, "codec", &codec))
        return unpack_failed(err, "source", &why);
    if (!take_integer(size, &source->size_bytes))
        return malformed(err, "the object's size");
    rc = take_text(uri, DP_SLICE_LINE_MAX, "the object's URI", &source->uri, err);
    if (!rc)
        rc = take_text(validator, DP_SLICE_LINE_MAX, "the validator", &source->validator, err);
    if (rc)
        return rc;
    source->format = dp_format_find(format);
    if (!source->format)
        return unknown(err, "format", format);
    if (!dp_codec_parse(codec, &source->codec))
        return unknown(err, "codec", codec);
    return DP_OK;
}

static int read_output(json_t *value, struct dp_slice *slice, struct dp_error *err)
{
    json_error_t why;
    const char *name;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:s}", "name", &name))
        return unpack_failed(err, "output", &why);
    if (!dp_slice_name_fits(name))
        return malformed(err, "the name of an output");
    return dp_slice_add_output(slice, name) ? DP_OK : dp_error_no_memory(err);
}

static bool take_unit(const char *name, enum dp_plan_unit *unit)
{
    static const enum dp_plan_unit units[] = {DP_UNIT_RECORDS, DP_UNIT_BYTES, DP_UNIT_BASES,
                                              DP_UNIT_REGIONS};
    size_t i;

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(name, dp_slice_unit_name(units[i])) == 0) {
            *unit = units[i];
            return true;
        }
    }
    return false;
}

static int take_interval(const char *unit, const json_t *begin, const json_t *end, int last,
                         struct dp_interval *interval, struct dp_error *err)
{
    if (!take_unit(unit, &interval->unit))
        return unknown(err, "unit", unit);
    if (!take_integer(begin, &interval->begin) || !take_integer(end, &interval->end))
        return malformed(err, "the interval");
    interval->last = last;
    return DP_OK;
}

static int take_count(const json_t *value, uint64_t *count, struct dp_error *err)
{
    *count = UINT64_MAX;
    return json_is_null(value) || take_integer(value, count) ? DP_OK
                                                             : malformed(err, "the record count");
}

/* What the plan was asked for. */
static int read_asked(json_t *value, struct dp_slice *slice, struct dp_error *err)
{
    json_t *begin, *end, *size;
    const char *unit;
    json_error_t why;
    int last, span;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:s,s:o,s:o,s:b,s:o,s:b}", "unit", &unit,
                       "begin", &begin, "end", &end, "last", &last, "size", &size, "span", &span))
        return unpack_failed(err, "interval", &why);
    if (!take_integer(size, &slice->size))
        return malformed(err, "the size of slices");
    slice->span = span;
    return take_interval(unit, begin, end, last, &slice->interval, err);
}

static int read_interval(json_t *value, struct dp_interval *interval, struct dp_error *err)
{
    json_t *begin, *end;
    const char *unit;
    json_error_t why;
    int last;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:s,s:o,s:o,s:b}", "unit", &unit, "begin",
                       &begin, "end", &end, "last", &last))
        return unpack_failed(err, "interval", &why);
    return take_interval(unit, begin, end, last, interval, err);
}

static int read_point(json_t *value, struct dp_slice_piece *piece, struct dp_error *err)
{
    json_t *offset, *bit, *window, *next = NULL;
    json_error_t why;
    int mid_member, rc;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:o,s:o,s:b,s:o,s?o}", "offset", &offset, "bit",
                       &bit, "mid_member", &mid_member, "window", &window, "next", &next))
        return unpack_failed(err, "point", &why);
    if (!take_integer(offset, &piece->point.uncompressed_offset) ||
        !take_integer(bit, &piece->point.compressed_bit))
        return malformed(err, "the seek point");
    piece->point.mid_member = mid_member;
    rc = read_window(window, &piece->window, err);
    return rc || !next ? rc : read_window(next, &piece->next, err);
}

static int read_checkpoint(json_t *value, struct dp_edge *edge, struct dp_error *err)
{
    json_t *record, *offset, *bases, *line;
    json_error_t why;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:o,s:o,s:o,s:o}", "record", &record, "offset",
                       &offset, "bases", &bases, "line", &line))
        return unpack_failed(err, "checkpoint", &why);
    if (!take_integer(record, &edge->record) || !take_integer(offset, &edge->offset) ||
        !take_integer(bases, &edge->bases) || !take_integer(line, &edge->line))
        return malformed(err, "the checkpoint");
    return DP_OK;
}

static int read_decoded(json_t *value, struct dp_slice_piece *piece, struct dp_error *err)
{
    const char *crc;
    json_error_t why;
    json_t *end, *last = NULL;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:o,s:s,s?o}", "end", &end, "crc32", &crc,
                       "last", &last))
        return unpack_failed(err, "decoded", &why);
    if (!take_integer(end, &piece->decoded_end) || !take_hex32(crc, &piece->decoded_crc32) ||
        (last && !json_is_true(last)))
        return malformed(err, "the end of decoding");
    piece->decoded_last = last != NULL;
    return DP_OK;
}

/* Where and how to read. */
static int read_place(json_t *range, json_t *point, json_t *decoded, struct dp_slice_piece *piece,
                      struct dp_error *err)
{
    int rc;

    if (!take_range(range, &piece->range))
        return malformed(err, "a range");
    rc = read_point(point, piece, err);
    return rc ? rc : read_decoded(decoded, piece, err);
}

static int read_filter(const json_t *value, struct dp_slice_piece *piece, struct dp_error *err)
{
    if (json_is_null(value))
        return DP_OK;
    if (!json_is_object(value))
        return malformed(err, "the filter");
    piece->filter = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);
    return piece->filter ? DP_OK : dp_error_no_memory(err);
}

static int take_place_in_slice(const json_t *source, const json_t *output,
                               struct dp_slice_piece *piece, struct dp_error *err)
{
    uint64_t from, to;

    if (!take_integer(source, &from) || !take_integer(output, &to) || from > UINT32_MAX ||
        to > UINT32_MAX)
        return malformed(err, "the source or output of a piece");
    piece->source = (uint32_t)from;
    piece->output = (uint32_t)to;
    return DP_OK;
}

static int read_records_piece(json_t *value, struct dp_slice_piece *piece, struct dp_error *err)
{
    json_t *source, *output, *filter, *interval, *records, *range, *point, *checkpoint, *decoded;
    json_error_t why;
    const char *kind;
    int rc;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
                       "kind", &kind, "source", &source, "output", &output, "filter", &filter,
                       "interval", &interval, "records", &records, "range", &range, "point", &point,
                       "checkpoint", &checkpoint, "decoded", &decoded))
        return unpack_failed(err, "piece", &why);
    rc = take_place_in_slice(source, output, piece, err);
    if (!rc)
        rc = read_filter(filter, piece, err);
    if (!rc)
        rc = read_interval(interval, &piece->interval, err);
    if (!rc)
        rc = take_count(records, &piece->record_count, err);
    if (!rc)
        rc = read_place(range, point, decoded, piece, err);
    if (!rc)
        rc = read_checkpoint(checkpoint, &piece->checkpoint, err);
    return rc;
}

static int read_bytes_piece(json_t *value, struct dp_slice_piece *piece, struct dp_error *err)
{
    json_t *source, *output, *filter, *begin, *end, *range, *point, *decoded;
    json_error_t why;
    const char *kind;
    int prologue, rc;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:s,s:o,s:o,s:o,s:b,s:[oo!],s:o,s:o,s:o}",
                       "kind", &kind, "source", &source, "output", &output, "filter", &filter,
                       "prologue", &prologue, "bytes", &begin, &end, "range", &range, "point",
                       &point, "decoded", &decoded))
        return unpack_failed(err, "piece", &why);
    piece->prologue = prologue;
    rc = take_place_in_slice(source, output, piece, err);
    if (!rc)
        rc = read_filter(filter, piece, err);
    if (!rc)
        rc = take_interval("bytes", begin, end, 0, &piece->interval, err);
    if (!rc)
        rc = read_place(range, point, decoded, piece, err);
    return rc;
}

static bool take_virtual(const json_t *value, uint64_t *offset)
{
    struct dp_range pair; /* not a range: a block's offset, and one within it */

    if (!take_range(value, &pair) || pair.begin >= UINT64_C(1) << 48 ||
        pair.end > DP_SLICE_BLOCK_MAX - 1)
        return false;
    *offset = pair.begin << 16 | pair.end;
    return true;
}

static int read_blocks_piece(json_t *value, struct dp_slice_piece *piece, struct dp_error *err)
{
    json_t *source, *output, *filter, *begin, *end, *records, *range;
    int prologue, last, rc;
    json_error_t why;
    const char *kind;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:s,s:o,s:o,s:o,s:b,s:o,s:o,s:b,s:o,s:o}",
                       "kind", &kind, "source", &source, "output", &output, "filter", &filter,
                       "prologue", &prologue, "begin", &begin, "end", &end, "last", &last,
                       "records", &records, "range", &range))
        return unpack_failed(err, "piece", &why);
    piece->prologue = prologue;
    piece->interval.unit = DP_UNIT_BYTES;
    piece->interval.last = last;
    if (!take_virtual(begin, &piece->interval.begin) || !take_virtual(end, &piece->interval.end) ||
        !take_range(range, &piece->range))
        return malformed(err, "a range");
    rc = take_place_in_slice(source, output, piece, err);
    if (!rc)
        rc = read_filter(filter, piece, err);
    return rc ? rc : take_count(records, &piece->record_count, err);
}

static int read_inline_piece(json_t *value, struct dp_slice_piece *piece, struct dp_error *err)
{
    json_t *source, *output, *filter, *raw;
    const char *kind, *packed;
    json_error_t why;
    int prologue, rc;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:s,s:o,s:o,s:o,s:b,s:o,s:s}", "kind", &kind,
                       "source", &source, "output", &output, "filter", &filter, "prologue",
                       &prologue, "raw_bytes", &raw, "gzip", &packed))
        return unpack_failed(err, "piece", &why);
    piece->prologue = prologue;
    if (!take_integer(raw, &piece->raw_bytes))
        return malformed(err, "what is inlined");
    rc = take_place_in_slice(source, output, piece, err);
    if (!rc)
        rc = read_filter(filter, piece, err);
    if (!rc)
        rc = take_base64(packed, DP_SLICE_LINE_MAX, "what is inlined", &piece->packed,
                         &piece->packed_bytes, err);
    return rc;
}

static int read_piece(json_t *value, struct dp_slice *slice, struct dp_error *err)
{
    const char *kind = json_string_value(json_object_get(value, "kind"));
    struct dp_slice_piece *piece = dp_slice_add_piece(slice);

    if (!piece)
        return dp_error_no_memory(err);
    if (!kind)
        return malformed(err, "the kind of a piece");
    if (strcmp(kind, "records") == 0)
        return read_records_piece(value, piece, err);
    if (strcmp(kind, "bytes") == 0) {
        piece->kind = DP_PIECE_BYTES;
        return read_bytes_piece(value, piece, err);
    }
    if (strcmp(kind, "blocks") == 0) {
        piece->kind = DP_PIECE_BLOCKS;
        return read_blocks_piece(value, piece, err);
    }
    if (strcmp(kind, "inline") == 0) {
        piece->kind = DP_PIECE_INLINE;
        return read_inline_piece(value, piece, err);
    }
    return unknown(err, "kind of piece", kind);
}

/* Hands each element to `read`. */
static int read_list(json_t *list, const char *what, struct dp_slice *slice,
                     int (*read)(json_t *, struct dp_slice *, struct dp_error *),
                     struct dp_error *err)
{
    json_t *value;
    size_t i;
    int rc;

    if (!json_is_array(list))
        return malformed(err, what);
    json_array_foreach(list, i, value)
    {
        rc = read(value, slice, err);
        if (rc)
            return rc;
    }
    return DP_OK;
}

int dp_slice_json_read(json_t *root, struct dp_slice *slice, struct dp_error *err)
{
    json_t *n, *of, *sources, *outputs, *interval, *records, *pieces;
    const char *id, *plan, *check;
    json_error_t why;
    int version, rc;

    if (json_unpack_ex(root, &why, JSON_STRICT, "{s:i,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:{s:o},s:o,s:s}",
                       "v", &version, "id", &id, "plan", &plan, "n", &n, "of", &of, "sources",
                       &sources, "outputs", &outputs, "interval", &interval, "counts", "records",
                       &records, "pieces", &pieces, "check", &check))
        return dp_error_set(err, DP_BAD_INDEX, "slice: %s", why.text);
    if (!take_id(id, slice->id) || !take_id(plan, slice->plan_id))
        return malformed(err, "an id");
    if (!take_integer(n, &slice->number) || !take_integer(of, &slice->slice_count))
        return malformed(err, "the slice's number");
    rc = read_list(sources, "the list of sources", slice, read_source, err);
    if (!rc)
        rc = read_list(outputs, "the list of outputs", slice, read_output, err);
    if (!rc)
        rc = read_asked(interval, slice, err);
    if (!rc)
        rc = take_count(records, &slice->record_count, err);
    if (!rc)
        rc = read_list(pieces, "the list of pieces", slice, read_piece, err);
    return rc;
}
