/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The index in memory: its life and its queries. Queries are binary searches over sorted tables;
 * only windows and blocks are read from where they lie. */

#include "config.h"

#include "index/tables.h"

#include "base/crc32.h"
#include "base/le.h"
#include "base/options.h"
#include "index/builder.h"
#include "index/codec/window.h"
#include "index/index_file.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- life */

int dp_index_new(struct dp_context *context, struct dp_index **index, struct dp_error *err)
{
    struct dp_index *made = calloc(1, sizeof(*made));

    if (!made)
        return dp_error_no_memory(err);
    made->context = context;
    *index = made;
    return DP_OK;
}

void dp_index_free(struct dp_index *index)
{
    if (!index)
        return;
    dp_array_free(&index->points);
    dp_array_free(&index->sums);
    dp_array_free(&index->rows);
    dp_array_free(&index->digests);
    dp_array_free(&index->contigs);
    dp_array_free(&index->contig_names);
    dp_array_free(&index->runs);
    dp_spill_free(index->windows_spill);
    dp_spill_free(index->blocks_spill);
    dp_object_free(index->file);
    json_decref(index->facts);
    free(index->uri);
    free(index);
}

static int build_up_to(struct dp_context *context, struct dp_object *object,
                       const struct dp_index_options *given, uint64_t end_offset,
                       uint64_t *sound_end, struct dp_index **index, struct dp_error *err)
{
    struct dp_builder_source source = {.name = dp_object_uri(object),
                                       .total_bytes = dp_object_size(object),
                                       .end_offset = end_offset};
    struct dp_range all = {0, dp_object_size(object)};
    struct dp_input_options how = {.threads = given->threads > 1};
    int result;

    /* Decoding is slower than what all connections bring, so each buffer more would be filled: for
     * nothing, and at the price of fresh pages, which is a tenth of the whole work. */
    if (object->remote)
        how.parts = object->context->options.connections;
    how.ramp = true;
    result = dp_input_open_object(object, all, &how, &source.input, err);
    if (!result)
        result = dp_builder_run(context, &source, given, sound_end, index, err);
    dp_input_free(source.input);
    return result;
}

int dp_index_build(struct dp_context *context, struct dp_object *object,
                   const struct dp_index_options *options, struct dp_index **index,
                   struct dp_error *err)
{
    struct dp_index_options given;
    uint64_t sound_end = 0;
    int result;

    result = dp_context_check(context, err);
    if (!result)
        result = dp_options_take(&given, sizeof(given), options, "index", err);
    if (result)
        return result;
    result = build_up_to(context, object, &given, UINT64_MAX, &sound_end, index, err);
    if (result == DP_DATA && sound_end) {
        given.tee = NULL; /* it had everything */
        dp_error_clear(err);
        result = build_up_to(context, object, &given, sound_end, &sound_end, index, err);
    }
    return result;
}

int dp_index_build_from(struct dp_context *context, dp_read_fn read, void *user, const char *name,
                        const struct dp_index_options *options, struct dp_index **index,
                        struct dp_error *err)
{
    struct dp_builder_source source = {.name = name, .end_offset = UINT64_MAX};
    struct dp_index_options given;
    struct dp_input_options how = {0};
    uint64_t sound_end;
    int result;

    result = dp_context_check(context, err);
    if (!result)
        result = dp_options_take(&given, sizeof(given), options, "index", err);
    if (result)
        return result;
    how.threads = given.threads > 1;
    result = dp_input_open_callback(context, read, user, name, &how, &source.input, err);
    if (!result)
        result = dp_builder_run(context, &source, &given, &sound_end, index, err);
    dp_input_free(source.input);
    return result;
}

/* ------------------------------------------------------------------------------------ facts */

enum dp_codec dp_index_codec(const struct dp_index *index)
{
    return index->codec;
}

const struct dp_format *dp_index_format(const struct dp_index *index)
{
    return index->format;
}

bool dp_index_is_interleaved(const struct dp_index *index)
{
    return json_is_true(json_object_get(index->facts, "interleaved"));
}

uint64_t dp_index_source_bytes(const struct dp_index *index)
{
    return index->identity.bytes;
}

uint64_t dp_index_uncompressed_bytes(const struct dp_index *index)
{
    return index->identity.uncompressed_bytes;
}

const char *dp_index_identity(const struct dp_index *index)
{
    return index->identity_hex;
}

const char *dp_index_uri(const struct dp_index *index)
{
    return index->uri;
}

const char *dp_index_signed_uri(const struct dp_index *index)
{
    const struct dp_object *file = index->file;

    /* It may have been saved elsewhere since. */
    return file && index->uri && strcmp(file->uri, index->uri) == 0 ? file->signed_uri : NULL;
}

const char *dp_index_name(const struct dp_index *index)
{
    return index->uri ? index->uri : "index";
}

void dp_index_totals(const struct dp_index *index, struct dp_edge *totals)
{
    *totals = index->totals;
}

void dp_index_info(const struct dp_index *index, struct dp_index_info *info)
{
    struct dp_index_info all = {
        .format = index->format->name,
        .codec = dp_codec_name(index->codec),
        .uri = index->uri,
        .complete = index->identity.complete,
        .source_bytes = index->identity.bytes,
        .uncompressed_bytes = index->identity.uncompressed_bytes,
        .record_count = index->totals.record,
        .base_count = index->totals.bases,
        .member_count = index->member_count,
        .seek_point_count = index->points.length,
        .spacing_bytes = index->spacing_bytes,
        .index_bytes = index->file_bytes,
        .trailing_garbage_bytes = index->garbage_bytes,
        .crc32 = index->identity.crc32,
        .bgzf_eof_missing = index->bgzf_eof_missing,
    };

    all.struct_bytes = info->struct_bytes;
    memcpy(info, &all, all.struct_bytes < sizeof(all) ? all.struct_bytes : sizeof(all));
}

/* Hashed as fixed-size little-endian fields, so that the same bytes give the same name on every
 * machine. */
void dp_index_identify(struct dp_index *index)
{
    const struct dp_identity *identity = &index->identity;
    uint8_t fields[2 * DP_SHA256_BYTES + 21], digest[DP_SHA256_BYTES];
    struct sha256_ctx sha;
    size_t i;

    memcpy(fields, identity->first, DP_SHA256_BYTES);
    memcpy(fields + DP_SHA256_BYTES, identity->last, DP_SHA256_BYTES);
    dp_le64_store(fields + 2 * DP_SHA256_BYTES, identity->bytes);
    dp_le64_store(fields + 2 * DP_SHA256_BYTES + 8, identity->uncompressed_bytes);
    dp_le32_store(fields + 2 * DP_SHA256_BYTES + 16, identity->crc32);
    fields[2 * DP_SHA256_BYTES + 20] = identity->complete;
    sha256_init(&sha);
    sha256_update(&sha, sizeof(fields), fields);
    sha256_digest(&sha, sizeof(digest), digest);
    for (i = 0; i < sizeof(digest); i++)
        snprintf(index->identity_hex + 2 * i, 3, "%02x", digest[i]);
}

/* ------------------------------------------------------------------------------ seek points */

size_t dp_index_point_count(const struct dp_index *index)
{
    return index->points.length;
}

void dp_index_point(const struct dp_index *index, size_t i, struct dp_seek_point *point)
{
    *point = dp_tables_points(index)[i].at;
}

/* How many points lie before `offset`; with `or_at` those at it count too. */
static size_t count_points(const struct dp_index *index, uint64_t offset, bool or_at)
{
    const struct dp_point_row *points = dp_tables_points(index);
    size_t low = 0, high = index->points.length, middle;
    uint64_t at;

    while (low < high) {
        middle = low + (high - low) / 2;
        at = points[middle].at.uncompressed_offset;
        if (at < offset || (or_at && at == offset))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t dp_index_point_before(const struct dp_index *index, uint64_t offset)
{
    size_t count = count_points(index, offset, true);

    return count ? count - 1 : 0;
}

struct dp_range dp_index_compressed_range(const struct dp_index *index, size_t i, uint64_t end)
{
    const struct dp_point_row *points = dp_tables_points(index);
    struct dp_range range = {0, index->identity.bytes};
    size_t next;

    if (i >= index->points.length)
        return range;
    range.begin = points[i].at.compressed_bit / 8;
    if (index->codec == DP_CODEC_NONE) {
        /* Every byte is a place to stop at. */
        if (end < range.end)
            range.end = end > range.begin ? end : range.begin;
        return range;
    }
    next = count_points(index, end, false);
    if (next <= i)
        next = i + 1;
    /* A point inside a byte shares it with the data before. */
    if (next < index->points.length)
        range.end = (points[next].at.compressed_bit + 7) / 8;
    return range;
}

/* ---------------------------------------------------------------------------------- windows */

/* Reads the packed window of a point into `packed` and checks it. */
static int read_packed(const struct dp_index *index, const struct dp_point_row *point,
                       uint8_t *packed, struct dp_error *err)
{
    struct dp_range range = {point->stored_at, point->stored_at + point->packed_bytes};
    int result;

    if (index->file)
        result = dp_object_read_at(index->file, range, packed, err);
    else
        result = dp_spill_read(index->windows_spill, point->stored_at, packed,
                               point->packed_bytes, err);
    if (result)
        return result;
    if (dp_crc32(0, packed, point->packed_bytes) != point->window_crc32)
        return dp_error_set_detail(err, DP_BAD_INDEX, DP_DETAIL_CHECKSUM,
                                   "%s: offset %llu: the window of the seek point at %llu is "
                                   "damaged", dp_index_name(index),
                                   (unsigned long long)point->stored_at,
                                   (unsigned long long)point->at.uncompressed_offset);
    return DP_OK;
}

int dp_index_window_packed(const struct dp_index *index, size_t i, uint8_t **packed,
                           size_t *packed_bytes, struct dp_error *err)
{
    const struct dp_point_row *point = &dp_tables_points(index)[i];
    /* One byte at least: a point without a window gives memory to free as well. */
    uint8_t *bytes = malloc((size_t)point->packed_bytes + 1);
    int result = DP_OK;

    if (!bytes)
        return dp_error_no_memory(err);
    if (point->packed_bytes)
        result = read_packed(index, point, bytes, err);
    if (result) {
        free(bytes);
        return result;
    }
    *packed = bytes;
    *packed_bytes = point->packed_bytes;
    return DP_OK;
}

int dp_index_window(const struct dp_index *index, size_t i, struct dp_window *window,
                    struct dp_error *err)
{
    const struct dp_point_row *point = &dp_tables_points(index)[i];
    uint8_t *packed = NULL;
    size_t packed_bytes = 0;
    int result;

    if (!point->packed_bytes) {
        window->raw_bytes = 0;
        window->placed = true;
        return DP_OK;
    }
    result = dp_index_window_packed(index, i, &packed, &packed_bytes, err);
    if (!result)
        result = dp_window_unpack(packed, packed_bytes, point->raw_bytes, window, err);
    free(packed);
    return result;
}

bool dp_index_window_reference(const struct dp_index *index, size_t i,
                               struct dp_window_reference *reference)
{
    const struct dp_point_row *point = &dp_tables_points(index)[i];

    if (!index->uri || !point->packed_bytes)
        return false;
    reference->range.begin = index->windows_at + point->window_at;
    reference->range.end = reference->range.begin + point->packed_bytes;
    reference->crc32 = point->window_crc32;
    reference->raw_bytes = point->raw_bytes;
    return true;
}

/* -------------------------------------------------------------------------------- checksums */

/* The number of sums whose offset is below `offset`. */
static size_t count_sums(const struct dp_index *index, uint64_t offset)
{
    const struct dp_sum_row *sums = dp_tables_sums(index);
    size_t low = 0, high = index->sums.length, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (sums[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t dp_index_sum_edge(const struct dp_index *index, uint64_t offset)
{
    size_t i = count_sums(index, offset);

    if (offset == 0)
        return 0;
    return i < index->sums.length ? dp_tables_sums(index)[i].offset
                                  : index->identity.uncompressed_bytes;
}

/* CRC-32 of everything before a checksum edge; false when `offset` is none. */
static bool sum_at(const struct dp_index *index, uint64_t offset, uint32_t *crc32)
{
    size_t i = count_sums(index, offset);

    *crc32 = 0;
    if (offset == 0)
        return true;
    if (i == index->sums.length || dp_tables_sums(index)[i].offset != offset)
        return false;
    *crc32 = dp_tables_sums(index)[i].crc32;
    return true;
}

int dp_index_sum(const struct dp_index *index, uint64_t begin, uint64_t end, uint32_t *crc32,
                 struct dp_error *err)
{
    uint32_t before, through;

    if (end < begin || !sum_at(index, begin, &before) || !sum_at(index, end, &through))
        return dp_error_set(err, DP_BAD_INDEX, "%s: no checksum of the bytes %llu to %llu",
                            dp_index_name(index), (unsigned long long)begin,
                            (unsigned long long)end);
    /* crc(AB) is shift(crc(A), length of B) ^ crc(B): take the first part away. */
    *crc32 = dp_crc32_combine(before, 0, end - begin) ^ through;
    return DP_OK;
}

/* ------------------------------------------------------------------------------- record map */

size_t dp_index_row_count(const struct dp_index *index)
{
    return index->rows.length;
}

void dp_index_row(const struct dp_index *index, size_t i, struct dp_index_row *row)
{
    *row = dp_tables_rows(index)[i];
}

size_t dp_index_row_before(const struct dp_index *index, enum dp_plan_unit unit, uint64_t key)
{
    const struct dp_index_row *rows = dp_tables_rows(index);
    size_t low = 0, high = index->rows.length, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (dp_edge_key(&rows[middle].edge, unit) <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? low - 1 : 0;
}

uint64_t dp_index_longest_record(const struct dp_index *index)
{
    return index->longest_record_bytes;
}

const struct dp_name_digest *dp_index_digests(const struct dp_index *index, size_t *count)
{
    *count = index->digests.length;
    return dp_tables_digests(index);
}

/* ------------------------------------------------------------------------- header, positions */

uint64_t dp_index_header(const struct dp_index *index, uint64_t *stored_bytes)
{
    *stored_bytes = index->header_stored_bytes;
    return index->header_bytes;
}

void dp_index_loci(const struct dp_index *index, struct dp_loci *loci)
{
    *loci = (struct dp_loci){.contigs = dp_tables_contigs(index),
                             .runs = dp_tables_runs(index),
                             .names = index->contig_names.data,
                             .contig_count = index->contigs.length,
                             .run_count = index->runs.length,
                             .names_bytes = index->contig_names.length};
}

size_t dp_index_contig_count(const struct dp_index *index)
{
    return index->contigs.length;
}

void dp_index_contig(const struct dp_index *index, size_t i, struct dp_contig_info *info)
{
    const struct dp_contig *contig = &dp_tables_contigs(index)[i];
    const char *names = index->contig_names.data;
    struct dp_contig_info all = {
        .name = names + contig->name_at,
        .name_bytes = contig->name_bytes,
        .length = contig->length,
        .record_count = contig->record_count,
        .first_record = contig->first_record,
        .last_record = contig->last_record,
        .first_position = contig->first_position,
        .last_position = contig->last_position,
        .end = contig->end,
        .sorted = (contig->flags & DP_CONTIG_SORTED) != 0,
        .contiguous = (contig->flags & DP_CONTIG_CONTIGUOUS) != 0,
    };

    all.struct_bytes = info->struct_bytes;
    memcpy(info, &all, all.struct_bytes < sizeof(all) ? all.struct_bytes : sizeof(all));
}

const json_t *dp_index_fact(const struct dp_index *index, const char *name)
{
    return json_object_get(index->facts, name);
}

uint64_t dp_index_disorder(const struct dp_index *index, const char **what)
{
    const char *place = index->format->lines ? "disorder_line" : "disorder_record";
    json_int_t line = json_integer_value(dp_index_fact(index, place));

    *what = json_string_value(dp_index_fact(index, "disorder"));
    return *what && line > 0 ? (uint64_t)line : 0;
}

/* ------------------------------------------------------------------------------------ blocks */

int dp_index_blocks(const struct dp_index *index, uint64_t first, size_t count,
                    struct dp_block *blocks, struct dp_error *err)
{
    uint8_t row[DP_FILE_BLOCK_BYTES];
    size_t i;
    int result;

    if (first > index->block_count || count > index->block_count - first)
        return dp_error_set(err, DP_INVALID, "%s: there are only %llu blocks",
                            dp_index_name(index), (unsigned long long)index->block_count);
    if (index->file)
        return dp_index_file_blocks(index, first, count, blocks, err);
    for (i = 0; i < count; i++) {
        result = dp_spill_read(index->blocks_spill, (first + i) * sizeof(row), row, sizeof(row),
                               err);
        if (result)
            return result;
        dp_file_block_decode(row, &blocks[i]);
    }
    return DP_OK;
}
