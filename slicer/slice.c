/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "slicer/slice.h"

#include "base/crc32.h"
#include "base/error.h"
#include "connectors/uri.h"
#include "index/tabix.h"
#include "slicer/slice_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `,"check":"01234567"}` takes the place of the closing brace. */
#define CHECK_KEY   ",\"check\":\""
#define CHECK_BYTES (sizeof(CHECK_KEY) - 1 + 8 + 2)

const char *dp_slice_unit_name(enum dp_plan_unit unit)
{
    static const char *const names[] = {"records", "bytes", "bases", "regions"};

    return names[unit];
}

bool dp_slice_name_fits(const char *name)
{
    size_t i;

    for (i = 0; name[i]; i++)
        if (i == DP_SLICE_NAME_MAX ||
            !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", name[i]))
            return false;
    return i > 0 && name[0] != '.';
}

/* ----------------------------------------------------------------------------------- memory */

static void free_piece(struct dp_slice_piece *piece)
{
    free(piece->filter);
    free(piece->window.uri);
    free(piece->window.packed);
    free(piece->next.uri);
    free(piece->next.packed);
    free(piece->packed);
}

static void free_all(struct dp_slice *slice)
{
    size_t i;

    for (i = 0; i < slice->source_count; i++) {
        free(slice->sources[i].uri);
        free(slice->sources[i].validator);
    }
    for (i = 0; i < slice->piece_count; i++)
        free_piece(&slice->pieces[i]);
    free(slice->sources);
    free(slice->outputs);
    free(slice->pieces);
    free(slice);
}

void dp_slice_free(struct dp_slice *slice)
{
    if (slice && atomic_fetch_sub(&slice->holders, 1) == 0)
        free_all(slice);
}

struct dp_slice *dp_slice_hold(const struct dp_slice *slice)
{
    struct dp_slice *held = (struct dp_slice *)(uintptr_t)slice;

    atomic_fetch_add(&held->holders, 1);
    return held;
}

/* One more element at the end of a table. Slices are small: room is made one by one. */
static void *grow(void *table, size_t *count, size_t element_bytes)
{
    char *grown = realloc(table, (*count + 1) * element_bytes);

    if (grown)
        memset(grown + (*count)++ * element_bytes, 0, element_bytes);
    return grown;
}

struct dp_slice_source *dp_slice_add_source(struct dp_slice *slice)
{
    void *grown = grow(slice->sources, &slice->source_count, sizeof(*slice->sources));

    if (!grown)
        return NULL;
    slice->sources = grown;
    return &slice->sources[slice->source_count - 1];
}

struct dp_slice_piece *dp_slice_add_piece(struct dp_slice *slice)
{
    void *grown = grow(slice->pieces, &slice->piece_count, sizeof(*slice->pieces));

    if (!grown)
        return NULL;
    slice->pieces = grown;
    return &slice->pieces[slice->piece_count - 1];
}

bool dp_slice_add_output(struct dp_slice *slice, const char *name)
{
    void *grown = grow(slice->outputs, &slice->output_count, sizeof(*slice->outputs));

    if (!grown)
        return false;
    slice->outputs = grown;
    snprintf(slice->outputs[slice->output_count - 1], sizeof(dp_slice_name), "%s", name);
    return true;
}

/* --------------------------------------------------------------------------- consistency */

uint64_t dp_slice_count_records(const struct dp_slice *slice, uint32_t output)
{
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i < slice->piece_count; i++) {
        const struct dp_slice_piece *piece = &slice->pieces[i];

        if (piece->output != output || piece->prologue ||
            (piece->kind != DP_PIECE_RECORDS && piece->kind != DP_PIECE_BLOCKS))
            continue;
        if (piece->filter || piece->record_count == UINT64_MAX)
            return UINT64_MAX;
        sum += piece->record_count;
    }
    return sum;
}

static bool limits_fit(const struct dp_interval *interval)
{
    return interval->begin <= interval->end && interval->end <= DP_SLICE_INTEGER_MAX;
}

static bool interval_fits(const struct dp_slice *slice)
{
    const struct dp_interval *asked = &slice->interval;

    return slice->number >= 1 && slice->number <= slice->slice_count &&
           slice->slice_count <= DP_PLAN_SLICES_MAX && limits_fit(asked) &&
           slice->size <= DP_SLICE_INTEGER_MAX &&
           (!asked->last || slice->number == slice->slice_count);
}

static bool sources_fit(const struct dp_slice *slice)
{
    size_t i;

    if (slice->source_count == 0 || slice->output_count == 0 ||
        slice->output_count > DP_SLICE_OUTPUTS_MAX)
        return false;
    for (i = 0; i < slice->source_count; i++)
        if (slice->sources[i].size_bytes > DP_SLICE_INTEGER_MAX ||
            (slice->interval.unit == DP_UNIT_BASES && !slice->sources[i].format->has_bases))
            return false;
    return true;
}

/* Every output has as many records as the slice says, and no fewer than were asked for (more, where
 * slices overlap), but for mates that stay together. */
static bool counts_fit(const struct dp_slice *slice)
{
    uint64_t asked = slice->interval.end - slice->interval.begin;
    uint32_t i;

    for (i = 0; i < slice->output_count; i++)
        if (dp_slice_count_records(slice, i) != slice->record_count)
            return false;
    return slice->interval.unit != DP_UNIT_RECORDS || slice->record_count >= asked ||
           slice->record_count + 2 * slice->source_count >= asked;
}

static bool lies_in_file(const struct dp_slice_window *window)
{
    return window->uri && window->range.begin < window->range.end &&
           window->range.end <= window->file_bytes &&
           window->file_bytes <= DP_SLICE_INTEGER_MAX &&
           window->range.end - window->range.begin <= DP_SLICE_WINDOW_MAX;
}

static bool window_fits(const struct dp_slice_piece *piece, enum dp_codec codec)
{
    const struct dp_slice_window *window = &piece->window, *next = &piece->next;

    if (!piece->point.mid_member)
        return window->raw_bytes == 0 &&
               (next->raw_bytes == 0 || (codec == DP_CODEC_GZIP && lies_in_file(next)));
    if (codec != DP_CODEC_GZIP || window->raw_bytes == 0 || window->raw_bytes > DP_WINDOW_BYTES ||
        window->raw_bytes > piece->point.uncompressed_offset || next->raw_bytes)
        return false;
    if (!window->uri)
        return window->packed_bytes > 0 && window->packed_bytes <= DP_SLICE_WINDOW_MAX;
    return lies_in_file(window);
}

/* Where decoding begins and ends. Without a codec both offsets are the same, and the range must
 * hold all that is "decoded". */
static bool place_fits(const struct dp_slice_piece *piece, const struct dp_slice_source *source)
{
    const struct dp_seek_point *point = &piece->point;
    const struct dp_range *range = &piece->range;

    return range->begin < range->end && range->end <= source->size_bytes &&
           point->compressed_bit <= DP_SLICE_INTEGER_MAX &&
           point->compressed_bit / 8 == range->begin &&
           (point->mid_member || point->compressed_bit % 8 == 0) &&
           point->uncompressed_offset < piece->decoded_end &&
           piece->decoded_end <= DP_SLICE_INTEGER_MAX &&
           (source->codec != DP_CODEC_NONE ||
            (range->begin == point->uncompressed_offset && range->end >= piece->decoded_end));
}

static bool records_fit(const struct dp_slice_piece *piece, const struct dp_slice_source *source)
{
    const struct dp_interval *interval = &piece->interval;
    const struct dp_edge *edge = &piece->checkpoint;
    bool exact = interval->unit == DP_UNIT_RECORDS;

    return !piece->prologue && limits_fit(interval) &&
           interval->unit != DP_UNIT_REGIONS &&
           (interval->unit != DP_UNIT_BASES || source->format->has_bases) &&
           piece->record_count == (exact ? interval->end - interval->begin : UINT64_MAX) &&
           piece->point.uncompressed_offset <= edge->offset && edge->offset <= piece->decoded_end &&
           edge->record <= edge->offset && edge->bases <= edge->offset &&
           edge->line <= edge->offset && (!exact || edge->record <= interval->begin);
}

static bool bytes_fit(const struct dp_slice_piece *piece)
{
    return limits_fit(&piece->interval) && piece->interval.begin < piece->interval.end &&
           piece->point.uncompressed_offset <= piece->interval.begin &&
           piece->interval.end <= piece->decoded_end;
}

static bool inline_fits(const struct dp_slice_piece *piece)
{
    return piece->raw_bytes > 0 && piece->raw_bytes <= DP_SLICE_INLINE_MAX &&
           piece->packed_bytes > 0;
}

/* The range goes from the first block to the end of the last one, whose length nobody knows: a
 * block has 64 KiB at most. */
static bool blocks_fit(const struct dp_slice_piece *piece, const struct dp_slice_source *source)
{
    const struct dp_interval *interval = &piece->interval;
    uint64_t last = DP_VIRTUAL_BLOCK(interval->end);
    bool within = DP_VIRTUAL_WITHIN(interval->end) > 0;

    return source->codec == DP_CODEC_BGZF && interval->begin < interval->end &&
           piece->range.begin == DP_VIRTUAL_BLOCK(interval->begin) &&
           piece->range.end >= last + within && piece->range.end <= last + DP_SLICE_BLOCK_MAX &&
           piece->range.begin < piece->range.end && piece->range.end <= source->size_bytes &&
           (!piece->prologue || piece->record_count == UINT64_MAX);
}

/* What of a piece does not fit; NULL when all does. */
static const char *piece_fault(const struct dp_slice *slice, const struct dp_slice_piece *piece)
{
    const struct dp_slice_source *source;

    if (piece->source >= slice->source_count || piece->output >= slice->output_count)
        return "the source or output of a piece";
    source = &slice->sources[piece->source];
    if (piece->filter && !source->format->filter)
        return "the filter";
    if (piece->kind == DP_PIECE_INLINE)
        return inline_fits(piece) ? NULL : "what is inlined";
    if (piece->kind == DP_PIECE_BLOCKS)
        return blocks_fit(piece, source) ? NULL : "the place to read";
    if (!place_fits(piece, source) ||
        !(piece->kind == DP_PIECE_RECORDS ? records_fit(piece, source) : bytes_fit(piece)))
        return "the place to read";
    return window_fits(piece, source->codec) ? NULL : "the window";
}

/* Headers come before what they head. */
static bool prologues_fit(const struct dp_slice *slice)
{
    bool begun[DP_SLICE_OUTPUTS_MAX] = {false};
    size_t i;

    for (i = 0; i < slice->piece_count; i++) {
        if (slice->pieces[i].prologue && begun[slice->pieces[i].output])
            return false;
        begun[slice->pieces[i].output] |= !slice->pieces[i].prologue;
    }
    return true;
}

/* Says what is wrong with a slice; its URI may be a presigned one. */
static int fail(const struct dp_slice *slice, enum dp_result code, const char *what,
                const char *why, struct dp_error *err)
{
    char *uri = slice->source_count ? dp_uri_redact(slice->sources[0].uri) : NULL;
    int rc = dp_error_set(err, code, "%.400s: slice %llu: %s %s", uri ? uri : "a manifest",
                          (unsigned long long)slice->number, what, why);

    free(uri);
    return rc;
}

int dp_slice_check(const struct dp_slice *slice, struct dp_error *err)
{
    const char *what = NULL;
    size_t i;

    if (!interval_fits(slice))
        what = "the interval";
    else if (!sources_fit(slice))
        what = "the list of sources or outputs";
    for (i = 0; i < slice->piece_count && !what; i++)
        what = piece_fault(slice, &slice->pieces[i]);
    if (!what && !prologues_fit(slice))
        what = "the order of pieces";
    if (!what && !counts_fit(slice))
        what = "the record count";
    return what ? fail(slice, DP_BAD_INDEX, what, "does not fit the rest of the slice", err)
                : DP_OK;
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
        return fail(slice, DP_UNSUPPORTED, "names and inlined parts", "are too long for a line",
                    err);
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
        return dp_error_set_detail(err, DP_UNSUPPORTED, DP_DETAIL_VERSION,
                                   "slice: version %lld is not known here",
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

/* What reading the slice takes. */
static void add_costs(const struct dp_slice *slice, struct dp_slice_info *info)
{
    size_t i;

    for (i = 0; i < slice->piece_count; i++) {
        const struct dp_slice_piece *piece = &slice->pieces[i];
        uint64_t bytes = piece->range.end - piece->range.begin;

        info->fetch_bytes += bytes;
        info->decoded_bytes += piece->decoded_end - piece->point.uncompressed_offset;
        info->request_count += (unsigned)((bytes + DEFAULT_PART_BYTES - 1) / DEFAULT_PART_BYTES) +
                               (piece->window.uri != NULL);
    }
}

void dp_slice_info(const struct dp_slice *slice, struct dp_slice_info *info)
{
    size_t room = info->struct_bytes;
    const struct dp_slice_source *first = &slice->sources[0];
    struct dp_slice_info full = {
        .struct_bytes = room,
        .id = slice->id,
        .plan_id = slice->plan_id,
        .uri = first->uri,
        .format = first->format->name,
        .codec = dp_codec_name(first->codec),
        .unit = slice->interval.unit,
        .number = slice->number,
        .slice_count = slice->slice_count,
        .begin = slice->interval.begin,
        .end = slice->interval.end,
        .last = slice->interval.last,
        .record_count = slice->record_count,
        .source_count = slice->source_count,
        .output_count = slice->output_count,
        .size = slice->size,
        .span = slice->span,
    };

    add_costs(slice, &full);
    memcpy(info, &full, room < sizeof(full) ? room : sizeof(full));
}

const char *dp_slice_source(const struct dp_slice *slice, size_t number)
{
    return number < slice->source_count ? slice->sources[number].uri : NULL;
}

const char *dp_slice_output(const struct dp_slice *slice, size_t number)
{
    return number < slice->output_count ? slice->outputs[number] : NULL;
}

const char *dp_slice_index(const struct dp_slice *slice, size_t number)
{
    size_t i;

    for (i = 0; i < slice->piece_count; i++) {
        const struct dp_slice_piece *piece = &slice->pieces[i];

        if (piece->source == number && (piece->window.uri || piece->next.uri))
            return piece->window.uri ? piece->window.uri : piece->next.uri;
    }
    return NULL;
}
