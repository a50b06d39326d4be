/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/index_file.h"

#include "base/checked.h"
#include "base/crc32.h"

#include <stdlib.h>
#include <string.h>

/* Where things stand in the header, and the size of one entry of the section table. */
enum {
    AT_VERSION = 8,
    AT_COUNT = 12,
    AT_FILE_BYTES = 16,
    AT_CRC = 28,
    AT_SECTIONS = 32,
    ENTRY_BYTES = 32
};

/* Pages that are read at once: few requests, little memory. */
#define SLAB_PAGES 32u

#define PAGE_ROOM (DP_FILE_PAGE_BYTES - 4u) /* for rows; the CRC follows */

uint64_t dp_index_file_table_bytes(uint64_t row_count, uint32_t row_bytes)
{
    uint64_t per_page = PAGE_ROOM / row_bytes, rest = row_count % per_page;

    return row_count / per_page * DP_FILE_PAGE_BYTES + (rest ? rest * row_bytes + 4 : 0);
}

bool dp_index_file_table_rows(uint64_t length, uint32_t row_bytes, uint64_t *row_count)
{
    uint64_t per_page, rest = length % DP_FILE_PAGE_BYTES;

    if (row_bytes == 0 || row_bytes > PAGE_ROOM)
        return false;
    per_page = PAGE_ROOM / row_bytes;
    if (rest && (rest < 4 + (uint64_t)row_bytes || (rest - 4) % row_bytes ||
                 (rest - 4) / row_bytes >= per_page))
        return false;
    *row_count = length / DP_FILE_PAGE_BYTES * per_page + (rest ? (rest - 4) / row_bytes : 0);
    return true;
}

/* ----------------------------------------------------------------------------------- header */

/* CRC of the header as if its CRC field were zero. */
static uint32_t header_crc(const uint8_t *bytes)
{
    static const uint8_t zero[4];
    uint32_t crc = dp_crc32(0, bytes, AT_CRC);

    crc = dp_crc32(crc, zero, sizeof(zero));
    return dp_crc32(crc, bytes + AT_CRC + 4, DP_FILE_HEADER_BYTES - AT_CRC - 4);
}

void dp_index_file_encode(const struct dp_file_header *header,
                          uint8_t bytes[DP_FILE_HEADER_BYTES])
{
    uint8_t *entry = bytes + AT_SECTIONS;
    size_t i;

    memset(bytes, 0, DP_FILE_HEADER_BYTES);
    memcpy(bytes, DP_FILE_MAGIC, 8);
    dp_le32_store(bytes + AT_VERSION, DP_FILE_VERSION);
    dp_le32_store(bytes + AT_COUNT, (uint32_t)header->section_count);
    dp_le64_store(bytes + AT_FILE_BYTES, header->file_bytes);
    for (i = 0; i < header->section_count; i++, entry += ENTRY_BYTES) {
        dp_le32_store(entry, header->sections[i].id);
        dp_le32_store(entry + 4, header->sections[i].flags);
        dp_le64_store(entry + 8, header->sections[i].offset);
        dp_le64_store(entry + 16, header->sections[i].length);
        dp_le32_store(entry + 24, header->sections[i].row_bytes);
    }
    dp_le32_store(bytes + AT_CRC, header_crc(bytes));
}

const struct dp_file_section *dp_index_file_section(const struct dp_file_header *header,
                                                    uint32_t id)
{
    size_t i;

    for (i = 0; i < header->section_count; i++)
        if (header->sections[i].id == id)
            return &header->sections[i];
    return NULL;
}

/* What a section of this id must look like; false for ids of other versions. */
static bool known_section(uint32_t id, uint32_t *row_bytes)
{
    static const uint32_t bytes_of[] = {
        [DP_FILE_META] = 0,
        [DP_FILE_POINTS] = DP_FILE_POINT_BYTES,
        [DP_FILE_SUMS] = DP_FILE_SUM_BYTES,
        [DP_FILE_ROWS] = DP_FILE_ROW_BYTES,
        [DP_FILE_DIGESTS] = DP_FILE_DIGEST_BYTES,
        [DP_FILE_BLOCKS] = DP_FILE_BLOCK_BYTES,
        [DP_FILE_WINDOWS] = 0,
        [DP_FILE_CONTIGS] = DP_FILE_CONTIG_BYTES,
        [DP_FILE_CONTIG_NAMES] = DP_FILE_NAME_BYTES,
        [DP_FILE_RUNS] = DP_FILE_RUN_BYTES,
    };

    if (id < DP_FILE_META || id > DP_FILE_RUNS)
        return false;
    *row_bytes = bytes_of[id];
    return true;
}

/* One entry: known or skippable, right behind the one before, a whole number of rows. */
static int check_section(const struct dp_file_header *header, size_t i, uint64_t expected_offset,
                         const char *name, struct dp_error *err)
{
    const struct dp_file_section *section = &header->sections[i];
    uint32_t row_bytes = 0;
    uint64_t rows;

    if (!known_section(section->id, &row_bytes)) {
        if (section->flags & DP_FILE_REQUIRED)
            return dp_error_set_detail(
                err, DP_UNSUPPORTED, DP_DETAIL_VERSION,
                "%s: offset %zu: section %lu needs a newer dataplug", name,
                AT_SECTIONS + i * ENTRY_BYTES, (unsigned long)section->id);
        row_bytes = section->row_bytes;
    }
    if (dp_index_file_section(header, section->id) != section ||
        section->row_bytes != row_bytes || section->offset != expected_offset ||
        !dp_checked_within(section->offset, section->length, header->file_bytes) ||
        (row_bytes && !dp_index_file_table_rows(section->length, row_bytes, &rows)))
        return dp_error_set(err, DP_BAD_INDEX, "%s: offset %zu: a section makes no sense", name,
                            AT_SECTIONS + i * ENTRY_BYTES);
    return DP_OK;
}

static int check_sections(const struct dp_file_header *header, const char *name,
                          struct dp_error *err)
{
    uint64_t at = DP_FILE_HEADER_BYTES;
    size_t i;
    int result;

    for (i = 0; i < header->section_count; i++) {
        result = check_section(header, i, at, name, err);
        if (result)
            return result;
        at += header->sections[i].length;
    }
    if (at != header->file_bytes)
        return dp_error_set(err, DP_BAD_INDEX, "%s: offset %llu: bytes that no section claims",
                            name, (unsigned long long)at);
    return DP_OK;
}

int dp_index_file_decode(const uint8_t bytes[DP_FILE_HEADER_BYTES], uint64_t file_bytes,
                         const char *name, struct dp_file_header *header, struct dp_error *err)
{
    const uint8_t *entry = bytes + AT_SECTIONS;
    size_t i;

    memset(header, 0, sizeof(*header));
    if (memcmp(bytes, DP_FILE_MAGIC, 8) != 0)
        return dp_error_set(err, DP_BAD_INDEX, "%s: not a dataplug index", name);
    if (dp_le32_load(bytes + AT_VERSION) != DP_FILE_VERSION)
        return dp_error_set_detail(err, DP_UNSUPPORTED, DP_DETAIL_VERSION,
                                   "%s: index version %lu needs another dataplug", name,
                                   (unsigned long)dp_le32_load(bytes + AT_VERSION));
    if (dp_le32_load(bytes + AT_CRC) != header_crc(bytes))
        return dp_error_set_detail(err, DP_BAD_INDEX, DP_DETAIL_CHECKSUM,
                                   "%s: the header of the index is damaged", name);
    header->section_count = dp_le32_load(bytes + AT_COUNT);
    header->file_bytes = dp_le64_load(bytes + AT_FILE_BYTES);
    if (header->file_bytes != file_bytes)
        return dp_error_set_detail(err, DP_BAD_INDEX, DP_DETAIL_UNEXPECTED_END,
                                   "%s: the index has %llu bytes and should have %llu", name,
                                   (unsigned long long)file_bytes,
                                   (unsigned long long)header->file_bytes);
    if (header->section_count > DP_FILE_SECTIONS_MAX)
        return dp_error_set(err, DP_BAD_INDEX, "%s: too many sections", name);
    for (i = 0; i < header->section_count; i++, entry += ENTRY_BYTES) {
        header->sections[i].id = dp_le32_load(entry);
        header->sections[i].flags = dp_le32_load(entry + 4);
        header->sections[i].offset = dp_le64_load(entry + 8);
        header->sections[i].length = dp_le64_load(entry + 16);
        header->sections[i].row_bytes = dp_le32_load(entry + 24);
    }
    return check_sections(header, name, err);
}

/* ------------------------------------------------------------------------------------ pages */

static int check_page(const struct dp_object *file, uint64_t offset, const uint8_t *page,
                      size_t page_bytes, struct dp_error *err)
{
    if (dp_crc32(0, page, page_bytes - 4) == dp_le32_load(page + page_bytes - 4))
        return DP_OK;
    return dp_error_set_detail(err, DP_BAD_INDEX, DP_DETAIL_CHECKSUM,
                               "%s: offset %llu: a page of the index is damaged",
                               dp_object_uri(file), (unsigned long long)offset);
}

/* Which rows are wanted still, while pages go by. */
struct row_span {
    uint64_t number; /* of the first row of the page at hand */
    uint64_t first, end;
    uint32_t row_bytes;
    dp_file_row_fn row;
    void *user;
};

static int hand_over_page(struct row_span *span, const uint8_t *page, size_t page_bytes,
                          struct dp_error *err)
{
    size_t rows = (page_bytes - 4) / span->row_bytes, i;
    int result;

    for (i = 0; i < rows; i++, span->number++) {
        if (span->number < span->first || span->number >= span->end)
            continue;
        result = span->row(span->user, page + i * span->row_bytes, err);
        if (result)
            return result;
    }
    return DP_OK;
}

/* Checks and hands over what one read brought: whole pages, the last of a table may be shorter. */
static int take_slab(const struct dp_object *file, uint64_t offset, const uint8_t *slab,
                     size_t length, struct row_span *span, struct dp_error *err)
{
    size_t at, page_bytes;
    int result;

    for (at = 0; at < length; at += page_bytes) {
        page_bytes = length - at < DP_FILE_PAGE_BYTES ? length - at : DP_FILE_PAGE_BYTES;
        result = check_page(file, offset + at, slab + at, page_bytes, err);
        if (!result)
            result = hand_over_page(span, slab + at, page_bytes, err);
        if (result)
            return result;
    }
    return DP_OK;
}

int dp_index_file_read_rows(struct dp_object *file, const struct dp_file_section *section,
                            uint64_t first, uint64_t count, dp_file_row_fn row, void *user,
                            struct dp_error *err)
{
    uint64_t per_page = PAGE_ROOM / section->row_bytes;
    uint64_t at = first / per_page * DP_FILE_PAGE_BYTES, end;
    struct row_span span = {first / per_page * per_page, first, first + count,
                            section->row_bytes, row, user};
    struct dp_range range;
    size_t length;
    uint8_t *slab;
    int result = DP_OK;

    if (count == 0)
        return DP_OK;
    end = ((first + count - 1) / per_page + 1) * DP_FILE_PAGE_BYTES;
    if (end > section->length)
        end = section->length;
    length = end - at < SLAB_PAGES * DP_FILE_PAGE_BYTES ? (size_t)(end - at)
                                                        : SLAB_PAGES * DP_FILE_PAGE_BYTES;
    slab = malloc(length);
    if (!slab)
        return dp_error_no_memory(err);
    for (; !result && at < end; at += length) {
        if (length > end - at)
            length = (size_t)(end - at);
        range.begin = section->offset + at;
        range.end = range.begin + length;
        result = dp_object_read_at(file, range, slab, err);
        if (!result)
            result = take_slab(file, range.begin, slab, length, &span, err);
    }
    free(slab);
    return result;
}

static int take_block(void *user, const uint8_t *row, struct dp_error *err)
{
    struct dp_block **next = user;

    (void)err;
    dp_file_block_decode(row, (*next)++);
    return DP_OK;
}

int dp_index_file_blocks(const struct dp_index *index, uint64_t first, size_t count,
                         struct dp_block *blocks, struct dp_error *err)
{
    struct dp_file_section section = {
        .id = DP_FILE_BLOCKS,
        .offset = index->blocks_at,
        .length = dp_index_file_table_bytes(index->block_count, DP_FILE_BLOCK_BYTES),
        .row_bytes = DP_FILE_BLOCK_BYTES};

    return dp_index_file_read_rows(index->file, &section, first, count, take_block, &blocks, err);
}
