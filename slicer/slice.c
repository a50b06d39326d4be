/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "slicer/slice.h"

#include "base/crc32.h"
#include "base/error.h"
#include "connectors/uri.h"
#include "slicer/slice_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `,"check":"01234567"}` takes the place of the closing brace. */
#define CHECK_KEY   ",\"check\":\""
#define CHECK_BYTES (sizeof(CHECK_KEY) - 1 + 8 + 2)

const char *dp_slice_unit_name(enum dp_plan_unit unit)
{
    return unit == DP_UNIT_RECORDS ? "records" : unit == DP_UNIT_BYTES ? "bytes" : "bases";
}

void dp_slice_free(struct dp_slice *slice)
{
    if (!slice)
        return;
    free(slice->uri);
    free(slice->validator);
    free(slice->window.uri);
    free(slice->window.packed);
    free(slice);
}

/* --------------------------------------------------------------------------- consistency */

static bool interval_fits(const struct dp_slice *slice)
{
    bool exact = slice->unit == DP_UNIT_RECORDS;

    return slice->number >= 1 && slice->number <= slice->slice_count &&
           slice->slice_count <= DP_SLICE_COUNT_MAX && slice->begin <= slice->end &&
           slice->end <= DP_SLICE_INTEGER_MAX && slice->size_bytes <= DP_SLICE_INTEGER_MAX &&
           (!slice->last || slice->number == slice->slice_count) &&
           slice->record_count == (exact ? slice->end - slice->begin : UINT64_MAX) &&
           (slice->unit != DP_UNIT_BASES || slice->format->has_bases);
}

static bool window_fits(const struct dp_slice *slice)
{
    const struct dp_slice_window *window = &slice->window;
    uint64_t packed_bytes;

    if (!slice->point.mid_member)
        return window->raw_bytes == 0;
    if (slice->codec != DP_CODEC_GZIP || window->raw_bytes == 0 ||
        window->raw_bytes > DP_WINDOW_BYTES || window->raw_bytes > slice->point.uncompressed_offset)
        return false;
    if (!window->uri)
        return window->packed_bytes > 0 && window->packed_bytes <= DP_SLICE_WINDOW_MAX;
    if (window->range.begin >= window->range.end || window->range.end > window->file_bytes ||
        window->file_bytes > DP_SLICE_INTEGER_MAX)
        return false;
    packed_bytes = window->range.end - window->range.begin;
    return packed_bytes <= DP_SLICE_WINDOW_MAX;
}

static bool place_fits(const struct dp_slice *slice)
{
    const struct dp_seek_point *point = &slice->point;
    const struct dp_edge *edge = &slice->checkpoint;

    return slice->range.begin < slice->range.end && slice->range.end <= slice->size_bytes &&
           point->compressed_bit <= DP_SLICE_INTEGER_MAX &&
           point->compressed_bit / 8 == slice->range.begin &&
           (point->mid_member || point->compressed_bit % 8 == 0) &&
           point->uncompressed_offset <= edge->offset && edge->offset <= slice->decoded_end &&
           point->uncompressed_offset < slice->decoded_end &&
           slice->decoded_end <= DP_SLICE_INTEGER_MAX && edge->record <= edge->offset &&
           edge->bases <= edge->offset && edge->line <= edge->offset &&
           (slice->unit != DP_UNIT_RECORDS || edge->record <= slice->begin);
}

/* Without a codec both offsets are the same, and the range must hold all that is "decoded". */
static bool plain_fits(const struct dp_slice *slice)
{
    return slice->codec != DP_CODEC_NONE ||
           (slice->range.begin == slice->point.uncompressed_offset &&
            slice->range.end >= slice->decoded_end);
}

/* Says what is wrong with a slice; its URI may be a presigned one. */
static int fail(const struct dp_slice *slice, enum dp_result code, const char *what,
                struct dp_error *err)
{
    char *uri = dp_uri_redact(slice->uri);
    int rc = dp_error_set(err, code, "%.400s: slice %llu: %s", uri ? uri : "",
                          (unsigned long long)slice->number, what);

    free(uri);
    return rc;
}

int dp_slice_check(const struct dp_slice *slice, struct dp_error *err)
{
    bool empty = slice->empty;
    const char *what = NULL;

    if (!interval_fits(slice))
        what = "the interval does not fit the rest of the slice";
    else if (empty && slice->unit == DP_UNIT_RECORDS && slice->begin != slice->end)
        what = "the list of ranges does not fit the rest of the slice";
    else if (!empty && !place_fits(slice))
        what = "the place to read does not fit the rest of the slice";
    else if (!empty && !plain_fits(slice))
        what = "the range does not fit the rest of the slice";
    else if (!empty && !window_fits(slice))
        what = "the window does not fit the rest of the slice";
    if (!what)
        return DP_OK;
    return fail(slice, DP_BAD_INDEX, what, err);
}

/* -------------------------------------------------------------------------------- text form */

/* The line without its check, one allocation of room for both. */
static char *canonical_text(const struct dp_slice *slice, size_t *length)
{
    json_t *root = dp_slice_json_write(slice);
    char *text = NULL;
    size_t flags = JSON_COMPACT | JSON_ENSURE_ASCII, bytes;

    if (!root)
        return NULL;
    bytes = json_dumpb(root, NULL, 0, flags);
    if (bytes)
        text = malloc(bytes + CHECK_BYTES + 1);
    if (text)
        json_dumpb(root, text, bytes, flags);
    json_decref(root);
    *length = bytes;
    return text;
}

int dp_slice_format(const struct dp_slice *slice, char **line, struct dp_error *err)
{
    size_t length;
    char *text;
    int rc = dp_slice_check(slice, err);

    if (rc)
        return rc;
    text = canonical_text(slice, &length);
    if (!text)
        return dp_error_no_memory(err);
    if (length + CHECK_BYTES > DP_SLICE_LINE_MAX) {
        free(text);
        return fail(slice, DP_UNSUPPORTED, "the name is too long for a slice", err);
    }
    snprintf(text + length - 1, CHECK_BYTES + 2, CHECK_KEY "%08x\"}",
             (unsigned)dp_crc32(0, text, length));
    *line = text;
    return DP_OK;
}

/* Any change of a value changes the canonical text: what passes is the slice that was written. A
 * line that a JSON tool wrote anew (blanks, escapes, the order of keys) still passes. */
static int verify_check(const struct dp_slice *slice, json_t *root, struct dp_error *err)
{
    const char *check = json_string_value(json_object_get(root, "check"));
    char expected[9];
    size_t length;
    char *text = canonical_text(slice, &length);

    if (!text)
        return dp_error_no_memory(err);
    snprintf(expected, sizeof(expected), "%08x", (unsigned)dp_crc32(0, text, length));
    free(text);
    if (strcmp(check, expected) != 0)
        return dp_error_set_detail(err, DP_BAD_INDEX, DP_DETAIL_CHECKSUM,
                                   "slice: the line's check does not fit: it was changed");
    return DP_OK;
}

static int check_version(const json_t *root, struct dp_error *err)
{
    const json_t *version = json_object_get(root, "v");

    if (!json_is_integer(version))
        return dp_error_set(err, DP_BAD_INDEX, "slice: no version, this is not a slice");
    if (json_integer_value(version) != DP_SLICE_VERSION)
        return dp_error_set(err, DP_UNSUPPORTED, "slice: version %lld is not known here",
                            (long long)json_integer_value(version));
    return DP_OK;
}

int dp_slice_parse(const char *line, size_t length, struct dp_slice **slice, struct dp_error *err)
{
    struct dp_slice *made = NULL;
    json_error_t why;
    json_t *root;
    int rc;

    if (length > DP_SLICE_LINE_MAX)
        return dp_error_set(err, DP_BAD_INDEX, "slice: a line longer than 1 MiB");
    root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return dp_error_set(err, DP_BAD_INDEX, "slice: not JSON: %s", why.text);
    rc = check_version(root, err);
    if (rc)
        goto out;
    made = calloc(1, sizeof(*made));
    if (!made) {
        rc = dp_error_no_memory(err);
        goto out;
    }
    rc = dp_slice_json_read(root, made, err);
    if (rc)
        goto out;
    rc = dp_slice_check(made, err);
    if (rc)
        goto out;
    rc = verify_check(made, root, err);
    if (rc)
        goto out;
    *slice = made;
    made = NULL;
out:
    dp_slice_free(made);
    json_decref(root);
    return rc;
}

/* ------------------------------------------------------------------------------------ facts */

/* Ranged GETs of a reader: the default part size is that of the context's options. */
#define DEFAULT_PART_BYTES (UINT64_C(8) << 20)

static unsigned request_count(const struct dp_slice *slice)
{
    uint64_t bytes = slice->range.end - slice->range.begin;

    return (unsigned)((bytes + DEFAULT_PART_BYTES - 1) / DEFAULT_PART_BYTES) +
           (slice->window.uri != NULL);
}

void dp_slice_info(const struct dp_slice *slice, struct dp_slice_info *info)
{
    size_t room = info->struct_bytes;
    struct dp_slice_info full = {
        .struct_bytes = room,
        .id = slice->id,
        .plan_id = slice->plan_id,
        .uri = slice->uri,
        .format = slice->format->name,
        .codec = dp_codec_name(slice->codec),
        .unit = slice->unit,
        .number = slice->number,
        .slice_count = slice->slice_count,
        .begin = slice->begin,
        .end = slice->end,
        .last = slice->last,
        .record_count = slice->record_count,
        .fetch_bytes = slice->range.end - slice->range.begin,
        .decoded_bytes = slice->decoded_end - slice->point.uncompressed_offset,
        .request_count = request_count(slice),
    };

    memcpy(info, &full, room < sizeof(full) ? room : sizeof(full));
}
