/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Writes an index file, front to back: every length is known before the first byte goes out. The
 * sink makes the file appear whole or not at all. */

#include "config.h"

#include "index/index_file.h"

#include "base/crc32.h"
#include "connectors/file.h"
#include "connectors/sink.h"
#include "connectors/uri.h"
#include "index/index_meta.h"

#include <stdlib.h>
#include <string.h>

/* Gathers rows in pages. */
struct page_writer {
    struct dp_sink *sink;
    uint32_t row_bytes;
    size_t used;
    uint8_t page[DP_FILE_PAGE_BYTES];
};

/* Writes the page: a full one is filled with zeros to its fixed size, the last ends with its
 * rows. */
static int flush_page(struct page_writer *writer, bool full, struct dp_error *err)
{
    size_t length = full ? DP_FILE_PAGE_BYTES - 4 : writer->used;

    if (writer->used == 0)
        return DP_OK;
    memset(writer->page + writer->used, 0, length - writer->used);
    dp_le32_store(writer->page + length, dp_crc32(0, writer->page, length));
    writer->used = 0;
    return dp_sink_write(writer->sink, writer->page, length + 4, err);
}

/* Room for the next row. The caller fills it and then calls end_row. */
static uint8_t *next_row(struct page_writer *writer)
{
    return writer->page + writer->used;
}

static int end_row(struct page_writer *writer, struct dp_error *err)
{
    writer->used += writer->row_bytes;
    if (writer->used + writer->row_bytes > DP_FILE_PAGE_BYTES - 4)
        return flush_page(writer, true, err);
    return DP_OK;
}

/* ----------------------------------------------------------------------------------- tables */

typedef void (*encode_fn)(const struct dp_index *index, size_t i, uint8_t *row);

static void encode_point(const struct dp_index *index, size_t i, uint8_t *row)
{
    dp_file_point_encode(&dp_tables_points(index)[i], row);
}

static void encode_sum(const struct dp_index *index, size_t i, uint8_t *row)
{
    dp_file_sum_encode(&dp_tables_sums(index)[i], row);
}

static void encode_map_row(const struct dp_index *index, size_t i, uint8_t *row)
{
    dp_file_row_encode(&dp_tables_rows(index)[i], row);
}

static void encode_digest(const struct dp_index *index, size_t i, uint8_t *row)
{
    dp_file_digest_encode(&dp_tables_digests(index)[i], row);
}

static void encode_contig(const struct dp_index *index, size_t i, uint8_t *row)
{
    dp_file_contig_encode(&dp_tables_contigs(index)[i], row);
}

/* Names follow each other; zeros fill the last row. */
static void encode_names(const struct dp_index *index, size_t i, uint8_t *row)
{
    const char *names = index->contig_names.data;
    size_t at = i * DP_FILE_NAME_BYTES, length = index->contig_names.length - at;

    memset(row, 0, DP_FILE_NAME_BYTES);
    memcpy(row, names + at, length < DP_FILE_NAME_BYTES ? length : DP_FILE_NAME_BYTES);
}

static size_t name_rows(const struct dp_index *index)
{
    return (index->contig_names.length + DP_FILE_NAME_BYTES - 1) / DP_FILE_NAME_BYTES;
}

static void encode_run(const struct dp_index *index, size_t i, uint8_t *row)
{
    dp_file_run_encode(&dp_tables_runs(index)[i], row);
}

static int write_table(struct page_writer *writer, const struct dp_index *index, size_t count,
                       uint32_t row_bytes, encode_fn encode, struct dp_error *err)
{
    size_t i;
    int result = DP_OK;

    writer->row_bytes = row_bytes;
    for (i = 0; !result && i < count; i++) {
        encode(index, i, next_row(writer));
        result = end_row(writer, err);
    }
    return result ? result : flush_page(writer, false, err);
}

/* The block map does not stand in memory: it goes from one file to the other in portions. */
static int write_blocks(struct page_writer *writer, const struct dp_index *index,
                        struct dp_error *err)
{
    struct dp_block blocks[512];
    uint64_t done;
    size_t i, count;
    int result = DP_OK;

    writer->row_bytes = DP_FILE_BLOCK_BYTES;
    for (done = 0; !result && done < index->block_count; done += count) {
        count = sizeof(blocks) / sizeof(blocks[0]);
        if (count > index->block_count - done)
            count = (size_t)(index->block_count - done);
        result = dp_index_blocks(index, done, count, blocks, err);
        for (i = 0; !result && i < count; i++) {
            dp_file_block_encode(&blocks[i], next_row(writer));
            result = end_row(writer, err);
        }
    }
    return result ? result : flush_page(writer, false, err);
}

static int write_windows(struct dp_sink *sink, const struct dp_index *index,
                         struct dp_error *err)
{
    uint8_t *packed;
    size_t i, packed_bytes;
    int result = DP_OK;

    for (i = 0; !result && i < index->points.length; i++) {
        result = dp_index_window_packed(index, i, &packed, &packed_bytes, err);
        if (result)
            return result;
        if (packed_bytes)
            result = dp_sink_write(sink, packed, packed_bytes, err);
        free(packed);
    }
    return result;
}

/* ------------------------------------------------------------------------------------- file */

static void add_section(struct dp_file_header *header, uint32_t id, uint32_t flags,
                        uint32_t row_bytes, uint64_t length)
{
    struct dp_file_section *section = &header->sections[header->section_count++];

    section->id = id;
    section->flags = flags;
    section->offset = header->file_bytes;
    section->length = length;
    section->row_bytes = row_bytes;
    header->file_bytes += length;
}

static void add_table(struct dp_file_header *header, uint32_t id, uint32_t flags,
                      uint32_t row_bytes, uint64_t row_count)
{
    add_section(header, id, flags, row_bytes, dp_index_file_table_bytes(row_count, row_bytes));
}

/* What planning needs stands in front, so that opening reads one stretch; bulk comes last. */
static void lay_out(const struct dp_index *index, size_t meta_bytes,
                    struct dp_file_header *header)
{
    memset(header, 0, sizeof(*header));
    header->file_bytes = DP_FILE_HEADER_BYTES;
    add_section(header, DP_FILE_META, DP_FILE_REQUIRED, 0, meta_bytes + 4);
    add_table(header, DP_FILE_POINTS, DP_FILE_REQUIRED, DP_FILE_POINT_BYTES,
              index->points.length);
    add_table(header, DP_FILE_SUMS, DP_FILE_REQUIRED, DP_FILE_SUM_BYTES, index->sums.length);
    add_table(header, DP_FILE_ROWS, DP_FILE_REQUIRED, DP_FILE_ROW_BYTES, index->rows.length);
    add_table(header, DP_FILE_DIGESTS, 0, DP_FILE_DIGEST_BYTES, index->digests.length);
    if (index->format->loci) {
        add_table(header, DP_FILE_CONTIGS, 0, DP_FILE_CONTIG_BYTES, index->contigs.length);
        add_table(header, DP_FILE_CONTIG_NAMES, 0, DP_FILE_NAME_BYTES, name_rows(index));
        add_table(header, DP_FILE_RUNS, 0, DP_FILE_RUN_BYTES, index->runs.length);
    }
    add_table(header, DP_FILE_BLOCKS, 0, DP_FILE_BLOCK_BYTES, index->block_count);
    add_section(header, DP_FILE_WINDOWS, DP_FILE_REQUIRED, 0, index->windows_bytes);
}

static int write_front(struct dp_sink *sink, const struct dp_file_header *header,
                       const char *meta, struct dp_error *err)
{
    uint8_t bytes[DP_FILE_HEADER_BYTES], crc[4];
    int result;

    dp_index_file_encode(header, bytes);
    dp_le32_store(crc, dp_crc32(0, meta, strlen(meta)));
    result = dp_sink_write(sink, bytes, sizeof(bytes), err);
    if (!result)
        result = dp_sink_write(sink, meta, strlen(meta), err);
    if (!result)
        result = dp_sink_write(sink, crc, sizeof(crc), err);
    return result;
}

static int write_loci(struct page_writer *writer, const struct dp_index *index,
                      struct dp_error *err)
{
    int result;

    result = write_table(writer, index, index->contigs.length, DP_FILE_CONTIG_BYTES,
                         encode_contig, err);
    if (!result)
        result = write_table(writer, index, name_rows(index), DP_FILE_NAME_BYTES, encode_names,
                             err);
    if (!result)
        result = write_table(writer, index, index->runs.length, DP_FILE_RUN_BYTES, encode_run,
                             err);
    return result;
}

static int write_tables(struct dp_sink *sink, const struct dp_index *index,
                        struct dp_error *err)
{
    struct page_writer *writer = malloc(sizeof(*writer));
    int result;

    if (!writer)
        return dp_error_no_memory(err);
    writer->sink = sink;
    writer->used = 0;
    result = write_table(writer, index, index->points.length, DP_FILE_POINT_BYTES, encode_point,
                         err);
    if (!result)
        result = write_table(writer, index, index->sums.length, DP_FILE_SUM_BYTES, encode_sum,
                             err);
    if (!result)
        result = write_table(writer, index, index->rows.length, DP_FILE_ROW_BYTES,
                             encode_map_row, err);
    if (!result)
        result = write_table(writer, index, index->digests.length, DP_FILE_DIGEST_BYTES,
                             encode_digest, err);
    if (!result)
        result = write_loci(writer, index, err);
    if (!result)
        result = write_blocks(writer, index, err);
    free(writer);
    return result;
}

/* The name under which others find what was written to `uri`. */
static int absolute_uri(const char *uri, char **absolute, struct dp_error *err)
{
    char *path;
    int result;

    if (!dp_uri_is_local(uri)) {
        *absolute = dp_uri_redact(uri);
        return *absolute ? DP_OK : dp_error_no_memory(err);
    }
    result = dp_uri_to_path(uri, &path, err);
    if (result)
        return result;
    result = dp_uri_from_path(path, absolute, err);
    free(path);
    return result;
}

static int write_file(struct dp_index *index, struct dp_sink *sink,
                      const struct dp_file_header *header, const char *meta,
                      struct dp_error *err)
{
    int result = write_front(sink, header, meta, err);

    if (!result)
        result = write_tables(sink, index, err);
    if (!result)
        result = write_windows(sink, index, err);
    if (!result)
        result = dp_sink_commit(sink, err);
    return result;
}

int dp_index_write(struct dp_index *index, struct dp_sink *sink, struct dp_error *err)
{
    struct dp_file_header header;
    char *meta = NULL, *absolute = NULL;
    int result;

    result = dp_context_check(index->context, err);
    if (!result)
        result = absolute_uri(sink->uri, &absolute, err);
    if (!result)
        result = dp_index_meta_format(index, &meta, err);
    if (result)
        goto out;
    lay_out(index, strlen(meta), &header);
    result = write_file(index, sink, &header, meta, err);
    if (result)
        goto out;
    free(index->uri);
    index->uri = absolute;
    absolute = NULL;
    index->file_bytes = header.file_bytes;
    index->windows_at = dp_index_file_section(&header, DP_FILE_WINDOWS)->offset;
out:
    free(meta);
    free(absolute);
    return result;
}

int dp_index_save(struct dp_index *index, const char *uri, struct dp_error *err)
{
    struct dp_sink *sink = NULL;
    int result;

    result = dp_file_sink_make_folders(uri, err);
    if (!result)
        result = dp_sink_open_at_once(index->context, uri, &sink, err);
    if (!result)
        result = dp_index_write(index, sink, err);
    dp_sink_free(sink);
    return result;
}
