/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/slice_json.h"

#include "base/crc32.h"

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

static json_t *write_source(const struct dp_slice *slice)
{
    json_t *ranges = slice->empty ? json_array() : json_pack("[o]", range_pair(slice->range));

    return json_pack("{s:s,s:s,s:o,s:o}", "uri", slice->uri, "validator", slice->validator, "size",
                     integer(slice->size_bytes), "ranges", ranges);
}

static json_t *write_interval(const struct dp_slice *slice)
{
    return json_pack("{s:s,s:o,s:o,s:b}", "unit", dp_slice_unit_name(slice->unit), "begin",
                     integer(slice->begin), "end", integer(slice->end), "last", slice->last);
}

static json_t *write_point(const struct dp_slice *slice)
{
    if (slice->empty)
        return json_null();
    return json_pack("{s:o,s:o,s:b,s:o}", "offset", integer(slice->point.uncompressed_offset),
                     "bit", integer(slice->point.compressed_bit), "mid_member",
                     slice->point.mid_member, "window", write_window(&slice->window));
}

static json_t *write_checkpoint(const struct dp_slice *slice)
{
    const struct dp_edge *edge = &slice->checkpoint;

    if (slice->empty)
        return json_null();
    return json_pack("{s:o,s:o,s:o,s:o}", "record", integer(edge->record), "offset",
                     integer(edge->offset), "bases", integer(edge->bases), "line",
                     integer(edge->line));
}

static json_t *write_decoded(const struct dp_slice *slice)
{
    if (slice->empty)
        return json_null();
    return json_pack("{s:o,s:o}", "end", integer(slice->decoded_end), "crc32",
                     hex32(slice->decoded_crc32));
}

json_t *dp_slice_json_write(const struct dp_slice *slice)
{
    json_t *records =
        slice->record_count == UINT64_MAX ? json_null() : integer(slice->record_count);

    return json_pack(
        "{s:i,s:s,s:s,s:o,s:o,s:[o],s:[{s:s}],s:s,s:s,s:o,s:{s:o},s:o,s:o,s:o}", "v",
        DP_SLICE_VERSION, "id", slice->id, "plan", slice->plan_id, "n", integer(slice->number),
        "of", integer(slice->slice_count), "sources", write_source(slice), "outputs", "name",
        slice->format->name, "format", slice->format->name, "codec", dp_codec_name(slice->codec),
        "interval", write_interval(slice), "counts", "records", records, "point",
        write_point(slice), "checkpoint", write_checkpoint(slice), "decoded", write_decoded(slice));
}

/* ---------------------------------------------------------------------------------- reading */

static int malformed(struct dp_error *err, const char *what)
{
    return dp_error_set(err, DP_BAD_INDEX, "slice: %s is missing or malformed", what);
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

static int take_base64(const char *text, struct dp_slice_window *window, struct dp_error *err)
{
    size_t length = strlen(text);
    struct base64_decode_ctx context;

    if (length > BASE64_ENCODE_RAW_LENGTH(DP_SLICE_WINDOW_MAX))
        return malformed(err, "the window");
    window->packed_bytes = BASE64_DECODE_LENGTH(length);
    window->packed = malloc(window->packed_bytes ? window->packed_bytes : 1);
    if (!window->packed)
        return dp_error_no_memory(err);
    base64_decode_init(&context);
    if (!base64_decode_update(&context, &window->packed_bytes, window->packed, length, text) ||
        !base64_decode_final(&context))
        return malformed(err, "the window");
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
        return take_base64(base64, window, err);
    if (!take_integer(size, &window->file_bytes) || !take_range(range, &window->range))
        return malformed(err, "the window's place");
    return take_text(uri, DP_SLICE_LINE_MAX, "the window's URI", &window->uri, err);
}

static int read_source(json_t *value, struct dp_slice *slice, struct dp_error *err)
{
    const char *uri, *validator;
    json_t *size, *ranges;
    json_error_t why;
    int rc;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:s,s:s,s:o,s:o}", "uri", &uri, "validator",
                       &validator, "size", &size, "ranges", &ranges))
        return unpack_failed(err, "source", &why);
    if (!take_integer(size, &slice->size_bytes))
        return malformed(err, "the object's size");
    if (!json_is_array(ranges) || json_array_size(ranges) > 1)
        return malformed(err, "the list of ranges");
    slice->empty = json_array_size(ranges) == 0;
    if (!slice->empty && !take_range(json_array_get(ranges, 0), &slice->range))
        return malformed(err, "a range");
    rc = take_text(uri, DP_SLICE_LINE_MAX, "the object's URI", &slice->uri, err);
    if (!rc)
        rc = take_text(validator, DP_SLICE_LINE_MAX, "the validator", &slice->validator, err);
    return rc;
}

static bool take_unit(const char *name, enum dp_plan_unit *unit)
{
    static const enum dp_plan_unit units[] = {DP_UNIT_RECORDS, DP_UNIT_BYTES, DP_UNIT_BASES};
    size_t i;

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(name, dp_slice_unit_name(units[i])) == 0) {
            *unit = units[i];
            return true;
        }
    }
    return false;
}

static int read_interval(json_t *value, json_t *records, struct dp_slice *slice,
                         struct dp_error *err)
{
    json_t *begin, *end;
    const char *unit;
    json_error_t why;
    int last;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:s,s:o,s:o,s:b}", "unit", &unit, "begin",
                       &begin, "end", &end, "last", &last))
        return unpack_failed(err, "interval", &why);
    if (!take_unit(unit, &slice->unit))
        return dp_error_set(err, DP_UNSUPPORTED, "slice: unknown unit \"%.40s\"", unit);
    if (!take_integer(begin, &slice->begin) || !take_integer(end, &slice->end))
        return malformed(err, "the interval");
    slice->last = last;
    slice->record_count = UINT64_MAX;
    if (!json_is_null(records) && !take_integer(records, &slice->record_count))
        return malformed(err, "the record count");
    return DP_OK;
}

static int read_point(json_t *value, struct dp_slice *slice, struct dp_error *err)
{
    json_t *offset, *bit, *window;
    json_error_t why;
    int mid_member;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:o,s:o,s:b,s:o}", "offset", &offset, "bit",
                       &bit, "mid_member", &mid_member, "window", &window))
        return unpack_failed(err, "point", &why);
    if (!take_integer(offset, &slice->point.uncompressed_offset) ||
        !take_integer(bit, &slice->point.compressed_bit))
        return malformed(err, "the seek point");
    slice->point.mid_member = mid_member;
    return read_window(window, &slice->window, err);
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

static int read_decoded(json_t *value, struct dp_slice *slice, struct dp_error *err)
{
    const char *crc;
    json_error_t why;
    json_t *end;

    if (json_unpack_ex(value, &why, JSON_STRICT, "{s:o,s:s}", "end", &end, "crc32", &crc))
        return unpack_failed(err, "decoded", &why);
    if (!take_integer(end, &slice->decoded_end) || !take_hex32(crc, &slice->decoded_crc32))
        return malformed(err, "the end of decoding");
    return DP_OK;
}

/* Where and how to read; nothing of it in a slice that fetches nothing. */
static int read_place(json_t *point, json_t *checkpoint, json_t *decoded, struct dp_slice *slice,
                      struct dp_error *err)
{
    int rc;

    if (slice->empty)
        return json_is_null(point) && json_is_null(checkpoint) && json_is_null(decoded)
                   ? DP_OK
                   : malformed(err, "the list of ranges");
    rc = read_point(point, slice, err);
    if (!rc)
        rc = read_checkpoint(checkpoint, &slice->checkpoint, err);
    if (!rc)
        rc = read_decoded(decoded, slice, err);
    return rc;
}

static int read_names(const char *format, const char *codec, const char *output,
                      struct dp_slice *slice, struct dp_error *err)
{
    slice->format = dp_format_find(format);
    if (!slice->format)
        return dp_error_set(err, DP_UNSUPPORTED, "slice: unknown format \"%.40s\"", format);
    if (!dp_codec_parse(codec, &slice->codec))
        return dp_error_set(err, DP_UNSUPPORTED, "slice: unknown codec \"%.40s\"", codec);
    if (strcmp(output, slice->format->name) != 0)
        return malformed(err, "the list of outputs");
    return DP_OK;
}

int dp_slice_json_read(json_t *root, struct dp_slice *slice, struct dp_error *err)
{
    const char *id, *plan, *output, *format, *codec, *check;
    json_t *n, *of, *source, *interval, *records, *point, *checkpoint, *decoded;
    json_error_t why;
    int version, rc;

    if (json_unpack_ex(root, &why, JSON_STRICT,
                       "{s:i,s:s,s:s,s:o,s:o,s:[o],s:[{s:s}],s:s,s:s,s:o,s:{s:o},s:o,s:o,s:o,"
                       "s:s}",
                       "v", &version, "id", &id, "plan", &plan, "n", &n, "of", &of, "sources",
                       &source, "outputs", "name", &output, "format", &format, "codec", &codec,
                       "interval", &interval, "counts", "records", &records, "point", &point,
                       "checkpoint", &checkpoint, "decoded", &decoded, "check", &check))
        return dp_error_set(err, DP_BAD_INDEX, "slice: %s", why.text);
    if (!take_id(id, slice->id) || !take_id(plan, slice->plan_id))
        return malformed(err, "an id");
    if (!take_integer(n, &slice->number) || !take_integer(of, &slice->slice_count))
        return malformed(err, "the slice's number");
    rc = read_names(format, codec, output, slice, err);
    if (!rc)
        rc = read_source(source, slice, err);
    if (!rc)
        rc = read_interval(interval, records, slice, err);
    if (!rc)
        rc = read_place(point, checkpoint, decoded, slice, err);
    return rc;
}
