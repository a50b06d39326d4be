/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* How an index lies in its file: the header with its section table, and tables in pages that carry
 * their own CRC. INDEX.md is the specification; what stands here is its C. */

#ifndef DP_INDEX_INDEX_FILE_H
#define DP_INDEX_INDEX_FILE_H

#include "base/le.h"
#include "index/tables.h"

#define DP_FILE_MAGIC "\x89" "DPI\r\n\x1a\n" /* text mode transfers break it, on purpose */
#define DP_FILE_VERSION 2u
#define DP_FILE_HEADER_BYTES 512u
#define DP_FILE_SECTIONS_MAX 15u
#define DP_FILE_PAGE_BYTES 65536u

enum dp_file_section_id {
    DP_FILE_META = 1,
    DP_FILE_POINTS = 2,
    DP_FILE_SUMS = 3,
    DP_FILE_ROWS = 4,
    DP_FILE_DIGESTS = 5,
    DP_FILE_BLOCKS = 6,
    DP_FILE_WINDOWS = 7,
    DP_FILE_CONTIGS = 8,
    DP_FILE_CONTIG_NAMES = 9,
    DP_FILE_RUNS = 10
};

/* A reader that does not know the section must refuse the file. */
#define DP_FILE_REQUIRED 1u

/* Bytes of one row of each table. */
#define DP_FILE_POINT_BYTES 40u
#define DP_FILE_SUM_BYTES 12u
#define DP_FILE_ROW_BYTES 48u
#define DP_FILE_DIGEST_BYTES 16u
#define DP_FILE_BLOCK_BYTES 8u
#define DP_FILE_CONTIG_BYTES 64u
#define DP_FILE_NAME_BYTES 16u /* a row holds so much of the names */
#define DP_FILE_RUN_BYTES 40u

struct dp_file_section {
    uint32_t id;
    uint32_t flags;
    uint64_t offset; /* in the file */
    uint64_t length;
    uint32_t row_bytes; /* 0: not a table */
};

struct dp_file_header {
    struct dp_file_section sections[DP_FILE_SECTIONS_MAX];
    size_t section_count;
    uint64_t file_bytes;
};

/* Length of a table of `row_count` rows, page CRCs included. */
uint64_t dp_index_file_table_bytes(uint64_t row_count, uint32_t row_bytes);
/* The reverse; false when no table has this length. */
bool dp_index_file_table_rows(uint64_t length, uint32_t row_bytes, uint64_t *row_count);

/* Writes a header. */
void dp_index_file_encode(const struct dp_file_header *header,
                          uint8_t bytes[DP_FILE_HEADER_BYTES]);
/* Reads and checks one: DP_BAD_INDEX, or DP_UNSUPPORTED with DP_DETAIL_VERSION for another version
 * or an unknown section that is required. `name` stands in messages. */
int dp_index_file_decode(const uint8_t bytes[DP_FILE_HEADER_BYTES], uint64_t file_bytes,
                         const char *name, struct dp_file_header *header, struct dp_error *err);
/* The section with this id, NULL when there is none. */
const struct dp_file_section *dp_index_file_section(const struct dp_file_header *header,
                                                    uint32_t id);

/* Takes one row of a table. */
typedef int (*dp_file_row_fn)(void *user, const uint8_t *row, struct dp_error *err);
/* Reads rows [first, first + count) of a table, checks the CRC of every page that holds one, and
 * hands them over in order. The rows must lie inside the table. */
int dp_index_file_read_rows(struct dp_object *file, const struct dp_file_section *section,
                            uint64_t first, uint64_t count, dp_file_row_fn row, void *user,
                            struct dp_error *err);

/* Rows [first, first + count) of the block map of an index that was opened from a file. */
int dp_index_file_blocks(const struct dp_index *index, uint64_t first, size_t count,
                         struct dp_block *blocks, struct dp_error *err);

/* ---- rows */

/* Set in the compressed position of a point that starts inside a member. */
#define DP_FILE_MID_MEMBER (1ull << 63)

static inline void dp_file_point_encode(const struct dp_point_row *point, uint8_t *row)
{
    dp_le64_store(row, point->at.uncompressed_offset);
    dp_le64_store(row + 8,
                  point->at.compressed_bit | (point->at.mid_member ? DP_FILE_MID_MEMBER : 0));
    dp_le64_store(row + 16, point->member_number);
    dp_le64_store(row + 24, point->window_at);
    dp_le32_store(row + 32, point->window_crc32);
    dp_le16_store(row + 36, (uint16_t)point->packed_bytes);
    dp_le16_store(row + 38, (uint16_t)point->raw_bytes);
}

static inline void dp_file_point_decode(const uint8_t *row, struct dp_point_row *point)
{
    uint64_t bit = dp_le64_load(row + 8);

    point->at.uncompressed_offset = dp_le64_load(row);
    point->at.compressed_bit = bit & ~DP_FILE_MID_MEMBER;
    point->at.mid_member = (bit & DP_FILE_MID_MEMBER) != 0;
    point->member_number = dp_le64_load(row + 16);
    point->window_at = dp_le64_load(row + 24);
    point->window_crc32 = dp_le32_load(row + 32);
    point->packed_bytes = dp_le16_load(row + 36);
    point->raw_bytes = dp_le16_load(row + 38);
    point->stored_at = 0;
}

static inline void dp_file_sum_encode(const struct dp_sum_row *sum, uint8_t *row)
{
    dp_le64_store(row, sum->offset);
    dp_le32_store(row + 8, sum->crc32);
}

static inline void dp_file_sum_decode(const uint8_t *row, struct dp_sum_row *sum)
{
    sum->offset = dp_le64_load(row);
    sum->crc32 = dp_le32_load(row + 8);
}

static inline void dp_file_row_encode(const struct dp_index_row *map_row, uint8_t *row)
{
    dp_le64_store(row, map_row->edge.record);
    dp_le64_store(row + 8, map_row->edge.offset);
    dp_le64_store(row + 16, map_row->edge.bases);
    dp_le64_store(row + 24, map_row->edge.line);
    dp_le64_store(row + 32, map_row->previous_offset);
    dp_le64_store(row + 40, map_row->previous_bases);
}

static inline void dp_file_row_decode(const uint8_t *row, struct dp_index_row *map_row)
{
    map_row->edge.record = dp_le64_load(row);
    map_row->edge.offset = dp_le64_load(row + 8);
    map_row->edge.bases = dp_le64_load(row + 16);
    map_row->edge.line = dp_le64_load(row + 24);
    map_row->previous_offset = dp_le64_load(row + 32);
    map_row->previous_bases = dp_le64_load(row + 40);
}

static inline void dp_file_digest_encode(const struct dp_name_digest *digest, uint8_t *row)
{
    dp_le64_store(row, digest->digest);
    dp_le64_store(row + 8, digest->bases);
}

static inline void dp_file_digest_decode(const uint8_t *row, struct dp_name_digest *digest)
{
    digest->digest = dp_le64_load(row);
    digest->bases = dp_le64_load(row + 8);
}

/* Where its name begins follows from the contigs before. */
static inline void dp_file_contig_encode(const struct dp_contig *contig, uint8_t *row)
{
    dp_le32_store(row, contig->name_bytes);
    dp_le32_store(row + 4, contig->flags);
    dp_le64_store(row + 8, contig->length);
    dp_le64_store(row + 16, contig->first_record);
    dp_le64_store(row + 24, contig->last_record);
    dp_le64_store(row + 32, contig->record_count);
    dp_le64_store(row + 40, contig->first_position);
    dp_le64_store(row + 48, contig->last_position);
    dp_le64_store(row + 56, contig->end);
}

static inline void dp_file_contig_decode(const uint8_t *row, struct dp_contig *contig)
{
    contig->name_at = 0;
    contig->name_bytes = dp_le32_load(row);
    contig->flags = dp_le32_load(row + 4);
    contig->length = dp_le64_load(row + 8);
    contig->first_record = dp_le64_load(row + 16);
    contig->last_record = dp_le64_load(row + 24);
    contig->record_count = dp_le64_load(row + 32);
    contig->first_position = dp_le64_load(row + 40);
    contig->last_position = dp_le64_load(row + 48);
    contig->end = dp_le64_load(row + 56);
}

static inline void dp_file_run_encode(const struct dp_run *run, uint8_t *row)
{
    dp_le64_store(row, run->record);
    dp_le64_store(row + 8, run->offset);
    dp_le64_store(row + 16, run->position);
    dp_le64_store(row + 24, run->end);
    dp_le32_store(row + 32, run->contig);
    dp_le32_store(row + 36, 0);
}

static inline void dp_file_run_decode(const uint8_t *row, struct dp_run *run)
{
    run->record = dp_le64_load(row);
    run->offset = dp_le64_load(row + 8);
    run->position = dp_le64_load(row + 16);
    run->end = dp_le64_load(row + 24);
    run->contig = dp_le32_load(row + 32);
}

static inline void dp_file_block_encode(const struct dp_block *block, uint8_t *row)
{
    dp_le32_store(row, block->compressed_bytes);
    dp_le32_store(row + 4, block->uncompressed_bytes);
}

static inline void dp_file_block_decode(const uint8_t *row, struct dp_block *block)
{
    block->compressed_bytes = dp_le32_load(row);
    block->uncompressed_bytes = dp_le32_load(row + 4);
}

#endif
