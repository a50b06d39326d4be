/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Reads an index file. The file is foreign and may be hostile: nothing it says is believed before
 * it was compared with something else, so that no query can later leave its tables. */

#include "config.h"

#include "index/index_file.h"

#include "base/checked.h"
#include "base/crc32.h"
#include "index/index_meta.h"

#include <stdlib.h>
#include <string.h>

/* The facts are text of a few kilobytes; more than this is no index. */
#define META_BYTES_MAX (16u << 20)

/* Far away every table would cost a round trip: up to so many bytes they are read together. */
#define FRONT_BYTES_MAX (8u << 20)

struct loader {
    struct dp_index *index;
    struct dp_object *file;  /* what tables are read from: the index file, or a copy of its front */
    struct dp_object *front; /* that copy; NULL: none */
    uint8_t *front_bytes;
    const char *name;
    struct dp_file_header header;
};

/* What a table says against itself or the others. */
static int refuse(const struct loader *loader, const char *table, size_t row,
                  struct dp_error *err)
{
    return dp_error_set(err, DP_BAD_INDEX, "%s: row %zu of the %s makes no sense", loader->name,
                        row, table);
}

/* ------------------------------------------------------------------------------------- rows */

static int take_point(void *user, const uint8_t *row, struct dp_error *err)
{
    struct loader *loader = user;
    struct dp_index *index = loader->index;
    struct dp_point_row point;

    dp_file_point_decode(row, &point);
    point.stored_at = index->windows_at + point.window_at;
    if (!dp_array_append(&index->points, &point, 1, sizeof(point)))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int take_sum(void *user, const uint8_t *row, struct dp_error *err)
{
    struct loader *loader = user;
    struct dp_sum_row sum;

    dp_file_sum_decode(row, &sum);
    if (!dp_array_append(&loader->index->sums, &sum, 1, sizeof(sum)))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int take_map_row(void *user, const uint8_t *row, struct dp_error *err)
{
    struct loader *loader = user;
    struct dp_index_row map_row;

    dp_file_row_decode(row, &map_row);
    if (!dp_array_append(&loader->index->rows, &map_row, 1, sizeof(map_row)))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int take_digest(void *user, const uint8_t *row, struct dp_error *err)
{
    struct loader *loader = user;
    struct dp_name_digest digest;

    dp_file_digest_decode(row, &digest);
    if (!dp_array_append(&loader->index->digests, &digest, 1, sizeof(digest)))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int take_contig(void *user, const uint8_t *row, struct dp_error *err)
{
    struct loader *loader = user;
    struct dp_contig contig;

    dp_file_contig_decode(row, &contig);
    if (!dp_array_append(&loader->index->contigs, &contig, 1, sizeof(contig)))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int take_names(void *user, const uint8_t *row, struct dp_error *err)
{
    struct loader *loader = user;

    if (!dp_array_append(&loader->index->contig_names, row, DP_FILE_NAME_BYTES, 1))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int take_run(void *user, const uint8_t *row, struct dp_error *err)
{
    struct loader *loader = user;
    struct dp_run run;

    dp_file_run_decode(row, &run);
    if (!dp_array_append(&loader->index->runs, &run, 1, sizeof(run)))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* Reads a whole table. The memory it takes is in proportion to bytes that the file really has. */
static int load_table(struct loader *loader, uint32_t id, dp_file_row_fn take,
                      struct dp_error *err)
{
    const struct dp_file_section *section = dp_index_file_section(&loader->header, id);
    uint64_t rows = 0;

    if (!section)
        return DP_OK;
    if (!dp_index_file_table_rows(section->length, section->row_bytes, &rows))
        return dp_error_set(err, DP_BAD_INDEX, "%s: a table has an odd length", loader->name);
    return dp_index_file_read_rows(loader->file, section, 0, rows, take, loader, err);
}

/* ----------------------------------------------------------------------------------- checks */

/* A point by itself and behind the one before it. `window_at` is where its window must begin. */
static bool point_is_sound(const struct dp_index *index, size_t i, uint64_t window_at)
{
    const struct dp_point_row *point = &dp_tables_points(index)[i];
    const struct dp_seek_point *at = &point->at, *before = i ? &point[-1].at : NULL;

    if (at->uncompressed_offset > index->identity.uncompressed_bytes ||
        at->compressed_bit / 8 > index->identity.bytes)
        return false;
    if (before ? at->uncompressed_offset <= before->uncompressed_offset ||
                     at->compressed_bit <= before->compressed_bit ||
                     point->member_number < point[-1].member_number
               : at->uncompressed_offset || at->compressed_bit || at->mid_member)
        return false;
    if (index->codec == DP_CODEC_NONE && at->compressed_bit / 8 != at->uncompressed_offset)
        return false;
    if (at->mid_member ? index->codec != DP_CODEC_GZIP
                       : point->raw_bytes || at->compressed_bit % 8)
        return false;
    return point->raw_bytes <= DP_WINDOW_BYTES && point->raw_bytes <= at->uncompressed_offset &&
           (point->raw_bytes == 0) == (point->packed_bytes == 0) &&
           point->window_at == window_at;
}

static int check_points(const struct loader *loader, struct dp_error *err)
{
    struct dp_index *index = loader->index;
    uint64_t window_at = 0;
    size_t i;

    for (i = 0; i < index->points.length; i++) {
        if (!point_is_sound(index, i, window_at))
            return refuse(loader, "seek points", i, err);
        window_at += dp_tables_points(index)[i].packed_bytes;
    }
    if (index->points.length == 0 && index->identity.uncompressed_bytes > 0)
        return refuse(loader, "seek points", 0, err);
    if (window_at != dp_index_file_section(&loader->header, DP_FILE_WINDOWS)->length)
        return dp_error_set(err, DP_BAD_INDEX, "%s: the windows have a wrong length",
                            loader->name);
    index->windows_bytes = window_at;
    return DP_OK;
}

/* Ascending up to the end, and every seek point is an edge. */
static int check_sums(const struct loader *loader, struct dp_error *err)
{
    const struct dp_index *index = loader->index;
    const struct dp_sum_row *sums = dp_tables_sums(index);
    const struct dp_point_row *points = dp_tables_points(index);
    uint64_t before = 0;
    uint32_t crc32 = 0;
    size_t i, point = 0;

    for (i = 0; i < index->sums.length; i++) {
        if (sums[i].offset <= before)
            return refuse(loader, "checksums", i, err);
        before = sums[i].offset;
        crc32 = sums[i].crc32;
        while (point < index->points.length && points[point].at.uncompressed_offset < before) {
            if (points[point].at.uncompressed_offset != (i ? sums[i - 1].offset : 0))
                return refuse(loader, "seek points", point, err);
            point++;
        }
    }
    if (before != index->identity.uncompressed_bytes || crc32 != index->identity.crc32)
        return refuse(loader, "checksums", i, err);
    return DP_OK;
}

static bool row_is_sound(const struct dp_index_row *row, const struct dp_index_row *before)
{
    const struct dp_edge *edge = &row->edge;

    if (!before)
        return row->previous_offset == edge->offset && row->previous_bases == edge->bases &&
               edge->record == 0 && edge->bases == 0;
    return edge->offset > before->edge.offset && edge->record > before->edge.record &&
           edge->bases >= before->edge.bases && edge->line >= before->edge.line &&
           row->previous_offset < edge->offset && row->previous_offset >= before->edge.offset &&
           row->previous_bases <= edge->bases && row->previous_bases >= before->edge.bases;
}

/* No record between two rows, nor the one before the second, is longer than the longest. */
static bool row_is_near(const struct dp_index_row *row, const struct dp_index_row *before,
                        uint64_t longest)
{
    uint64_t most;

    if (!before || longest == 0)
        return true;
    return row->edge.offset - row->previous_offset <= longest &&
           (!dp_checked_mul(row->edge.record - before->edge.record, longest, &most) ||
            row->edge.offset - before->edge.offset <= most);
}

static int check_rows(const struct loader *loader, struct dp_error *err)
{
    const struct dp_index *index = loader->index;
    const struct dp_index_row *rows = dp_tables_rows(index);
    const struct dp_index_row *before = NULL;
    const struct dp_edge *totals = &index->totals, *last;
    size_t i;

    for (i = 0; i < index->rows.length; before = &rows[i++])
        if (!row_is_sound(&rows[i], before) ||
            !row_is_near(&rows[i], before, index->longest_record_bytes))
            return refuse(loader, "record map", i, err);
    if (i == 0)
        return refuse(loader, "record map", 0, err);
    last = &rows[i - 1].edge;
    if (last->record != totals->record || last->offset != totals->offset ||
        last->bases != totals->bases || last->line != totals->line ||
        last->offset > index->identity.uncompressed_bytes)
        return refuse(loader, "record map", i - 1, err);
    return DP_OK;
}

/* The records begin where the header ends, which is a checksum edge. */
static int check_header(const struct loader *loader, struct dp_error *err)
{
    const struct dp_index *index = loader->index;
    uint64_t end = index->header_bytes;

    if (end == 0 && !index->format->header)
        return DP_OK;
    if (!index->format->header || dp_tables_rows(index)[0].edge.offset != end ||
        dp_index_sum_edge(index, end) != end ||
        index->header_stored_bytes > index->identity.bytes)
        return dp_error_set(err, DP_BAD_INDEX, "%s: what it says of the header makes no sense",
                            loader->name);
    return DP_OK;
}

static int check_digests(const struct loader *loader, struct dp_error *err)
{
    const struct dp_index *index = loader->index;
    const struct dp_name_digest *digests = dp_tables_digests(index);
    uint64_t bases = 0, groups = index->totals.record / DP_DIGEST_RECORDS;
    size_t i;

    if (index->totals.record % DP_DIGEST_RECORDS)
        groups++;
    if (index->digests.length > groups)
        return refuse(loader, "digests", (size_t)groups, err);
    for (i = 0; i < index->digests.length; i++) {
        if (digests[i].bases < bases || digests[i].bases > index->totals.bases)
            return refuse(loader, "digests", i, err);
        bases = digests[i].bases;
    }
    return DP_OK;
}

static bool contig_is_sound(const struct dp_contig *contig, const struct dp_edge *totals)
{
    return contig->record_count > 0 && contig->first_record <= contig->last_record &&
           contig->last_record < totals->record &&
           contig->record_count <= contig->last_record - contig->first_record + 1 &&
           contig->end >= contig->first_position && contig->end >= contig->last_position;
}

/* Names tile their table up to the zeros at its end; every record is in one contig. */
static int check_contigs(const struct loader *loader, struct dp_error *err)
{
    struct dp_index *index = loader->index;
    struct dp_contig *contigs = index->contigs.data;
    uint64_t records = 0, name_at = 0;
    size_t i;

    for (i = 0; i < index->contigs.length; i++) {
        if (!contig_is_sound(&contigs[i], &index->totals) ||
            contigs[i].name_bytes > index->contig_names.length - name_at ||
            (i > 0 && contigs[i].first_record <= contigs[i - 1].first_record) ||
            contigs[i].record_count > index->totals.record - records)
            return refuse(loader, "contigs", i, err);
        contigs[i].name_at = name_at;
        name_at += contigs[i].name_bytes;
        records += contigs[i].record_count;
    }
    if ((i > 0 && records != index->totals.record) ||
        index->contig_names.length - name_at >= DP_FILE_NAME_BYTES)
        return refuse(loader, "contigs", i, err);
    index->contig_names.length = (size_t)name_at;
    return DP_OK;
}

/* A run by itself, inside its contig, and behind the one before it. */
static bool run_is_sound(const struct dp_index *index, const struct dp_run *run,
                         const struct dp_run *before)
{
    const struct dp_contig *contig;

    if (run->contig >= index->contigs.length)
        return false;
    contig = &dp_tables_contigs(index)[run->contig];
    if (run->record < contig->first_record || run->record > contig->last_record ||
        run->position < contig->first_position || run->position > contig->last_position ||
        run->end < run->position || run->end > contig->end ||
        run->offset >= index->totals.offset)
        return false;
    if (!before || before->contig != run->contig)
        return run->contig == (before ? before->contig + 1 : 0) &&
               run->record == contig->first_record && run->position == contig->first_position;
    return run->position >= before->position;
}

static int check_runs(const struct loader *loader, struct dp_error *err)
{
    const struct dp_index *index = loader->index;
    const struct dp_run *runs = dp_tables_runs(index);
    size_t i, count = index->runs.length;

    for (i = 0; i < count; i++)
        if (!run_is_sound(index, &runs[i], i ? &runs[i - 1] : NULL) ||
            (i > 0 ? runs[i].record <= runs[i - 1].record || runs[i].offset <= runs[i - 1].offset
                   : runs[i].record != 0 ||
                         runs[i].offset != dp_tables_rows(index)[0].edge.offset))
            return refuse(loader, "runs", i, err);
    if (count && runs[count - 1].contig + 1 != index->contigs.length)
        return refuse(loader, "runs", count, err);
    return DP_OK;
}

static int load_loci(struct loader *loader, struct dp_error *err)
{
    int result;

    result = load_table(loader, DP_FILE_CONTIGS, take_contig, err);
    if (!result)
        result = load_table(loader, DP_FILE_CONTIG_NAMES, take_names, err);
    if (!result)
        result = check_contigs(loader, err);
    if (!result)
        result = load_table(loader, DP_FILE_RUNS, take_run, err);
    if (!result)
        result = check_runs(loader, err);
    return result;
}

/* ------------------------------------------------------------------------------------- file */

static int load_header(struct loader *loader, struct dp_error *err)
{
    uint64_t size = dp_object_size(loader->file);
    struct dp_range range = {0, DP_FILE_HEADER_BYTES};
    uint8_t bytes[DP_FILE_HEADER_BYTES];
    int result;

    if (size < DP_FILE_HEADER_BYTES)
        return dp_error_set(err, DP_BAD_INDEX, "%s: not a dataplug index", loader->name);
    result = dp_object_read_at(loader->file, range, bytes, err);
    if (!result)
        result = dp_index_file_decode(bytes, size, loader->name, &loader->header, err);
    return result;
}

/* All sections that a query leans on are there; remembers where the bulk lies. */
static int find_sections(struct loader *loader, struct dp_error *err)
{
    static const uint32_t needed[] = {DP_FILE_META, DP_FILE_POINTS, DP_FILE_SUMS, DP_FILE_ROWS,
                                      DP_FILE_WINDOWS};
    const struct dp_file_section *section;
    struct dp_index *index = loader->index;
    size_t i;

    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!dp_index_file_section(&loader->header, needed[i]))
            return dp_error_set(err, DP_BAD_INDEX, "%s: section %lu is missing", loader->name,
                                (unsigned long)needed[i]);
    index->windows_at = dp_index_file_section(&loader->header, DP_FILE_WINDOWS)->offset;
    section = dp_index_file_section(&loader->header, DP_FILE_BLOCKS);
    if (!section)
        return DP_OK;
    index->blocks_at = section->offset;
    if (!dp_index_file_table_rows(section->length, section->row_bytes, &index->block_count))
        return dp_error_set(err, DP_BAD_INDEX, "%s: a table has an odd length", loader->name);
    return DP_OK;
}

static int load_meta(struct loader *loader, struct dp_error *err)
{
    const struct dp_file_section *section =
        dp_index_file_section(&loader->header, DP_FILE_META);
    struct dp_range range = {section->offset, section->offset + section->length};
    size_t length = (size_t)section->length - 4;
    uint8_t *text;
    int result;

    if (section->length < 4 || section->length > META_BYTES_MAX)
        return dp_error_set(err, DP_BAD_INDEX, "%s: the facts have an impossible length",
                            loader->name);
    text = malloc((size_t)section->length);
    if (!text)
        return dp_error_no_memory(err);
    result = dp_object_read_at(loader->file, range, text, err);
    if (!result && dp_crc32(0, text, length) != dp_le32_load(text + length))
        result = dp_error_set_detail(err, DP_BAD_INDEX, DP_DETAIL_CHECKSUM,
                                     "%s: offset %llu: the facts of the index are damaged",
                                     loader->name, (unsigned long long)section->offset);
    if (!result)
        result = dp_index_meta_parse((const char *)text, length, loader->name, loader->index,
                                     err);
    free(text);
    return result;
}

static int load_points(struct loader *loader, struct dp_error *err)
{
    int result = load_table(loader, DP_FILE_POINTS, take_point, err);

    return result ? result : check_points(loader, err);
}

/* All tables but the points, which stand there already. */
static int load_tables(struct loader *loader, struct dp_error *err)
{
    int result;

    result = load_table(loader, DP_FILE_SUMS, take_sum, err);
    if (!result)
        result = check_sums(loader, err);
    if (!result)
        result = load_table(loader, DP_FILE_ROWS, take_map_row, err);
    if (!result)
        result = check_rows(loader, err);
    if (!result)
        result = check_header(loader, err);
    if (!result)
        result = load_table(loader, DP_FILE_DIGESTS, take_digest, err);
    if (!result)
        result = check_digests(loader, err);
    if (!result)
        result = load_loci(loader, err);
    return result;
}

/* Where the facts and tables end, which opening reads. */
static uint64_t end_of_front(const struct loader *loader)
{
    const struct dp_file_header *header = &loader->header;
    uint64_t end = DP_FILE_HEADER_BYTES;
    size_t i;

    for (i = 0; i < header->section_count; i++) {
        const struct dp_file_section *section = &header->sections[i];

        if (section->id != DP_FILE_BLOCKS && section->id != DP_FILE_WINDOWS)
            end = section->offset + section->length;
    }
    return end;
}

/* Reads the front of a file that is far away in one piece. */
static int load_front(struct loader *loader, struct dp_error *err)
{
    struct dp_range range = {0, end_of_front(loader)};
    char *name;
    int result;

    if (!loader->file->remote || range.end > FRONT_BYTES_MAX)
        return DP_OK;
    name = strdup(loader->name);
    loader->front_bytes = malloc((size_t)range.end);
    if (!name || !loader->front_bytes) {
        free(name);
        return dp_error_no_memory(err);
    }
    result = dp_object_read_at(loader->file, range, loader->front_bytes, err);
    if (!result)
        result = dp_object_open_memory(NULL, loader->front_bytes, (size_t)range.end,
                                       &loader->front, err); /* its reads are not counted */
    if (result) {
        free(name);
        return result;
    }
    free(loader->front->uri);
    loader->front->uri = name; /* messages tell of the file */
    loader->file = loader->front;
    return DP_OK;
}

static int load(struct loader *loader, bool points_only, struct dp_error *err)
{
    struct dp_index *index = loader->index;
    int result;

    result = load_header(loader, err);
    if (!result)
        result = find_sections(loader, err);
    if (!result && !points_only)
        result = load_front(loader, err);
    if (!result)
        result = load_meta(loader, err);
    if (!result)
        result = load_points(loader, err);
    if (!result && !points_only)
        result = load_tables(loader, err);
    if (result)
        return result;
    index->uri = strdup(loader->name);
    if (!index->uri)
        return dp_error_no_memory(err);
    index->file_bytes = loader->header.file_bytes;
    dp_index_identify(index);
    return DP_OK;
}

static int open_file(struct dp_context *context, struct dp_object *file, bool points_only,
                     struct dp_index **index, struct dp_error *err)
{
    struct loader loader = {.file = file, .name = dp_object_uri(file)};
    int result;

    result = dp_index_new(context, &loader.index, err);
    if (result) {
        dp_object_free(file);
        return result;
    }
    loader.index->file = file;
    result = load(&loader, points_only, err);
    dp_object_free(loader.front);
    free(loader.front_bytes);
    if (result)
        dp_index_free(loader.index);
    else
        *index = loader.index;
    return result;
}

int dp_index_open_object(struct dp_context *context, struct dp_object *file,
                         struct dp_index **index, struct dp_error *err)
{
    return open_file(context, file, false, index, err);
}

int dp_index_open_points(struct dp_context *context, struct dp_object *file,
                         struct dp_index **index, struct dp_error *err)
{
    return open_file(context, file, true, index, err);
}

int dp_index_open(struct dp_context *context, const char *uri, struct dp_index **index,
                  struct dp_error *err)
{
    struct dp_object *file = NULL;
    int result;

    result = dp_object_open(context, uri, NULL, &file, err);
    if (result)
        return result;
    return dp_index_open_object(context, file, index, err);
}
