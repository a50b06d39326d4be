/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The layout: header, section table and paged tables, by themselves. */

#include "tests/indexing.h"

#include "base/crc32.h"
#include "index/index_file.h"

START_TEST(the_length_of_a_table_tells_its_rows)
{
    static const uint32_t widths[] = {1, 8, 12, 16, 40, 48, 1000, 65532};
    uint64_t length, rows, count;
    size_t i;

    for (i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        for (rows = 0; rows < 20000; rows += 1 + rows / 50) {
            length = dp_index_file_table_bytes(rows, widths[i]);
            ck_assert(dp_index_file_table_rows(length, widths[i], &count));
            ck_assert_uint_eq(count, rows);
        }
    }
    ck_assert_uint_eq(dp_index_file_table_bytes(0, 40), 0);
    ck_assert_uint_eq(dp_index_file_table_bytes(1, 40), 44);
    ck_assert_uint_eq(dp_index_file_table_bytes(1638, 40), 65536);
    ck_assert_uint_eq(dp_index_file_table_bytes(1639, 40), 65536 + 44);
}
END_TEST

START_TEST(odd_lengths_are_no_table)
{
    uint64_t count = 77;

    ck_assert(!dp_index_file_table_rows(4, 40, &count));
    ck_assert(!dp_index_file_table_rows(43, 40, &count));
    ck_assert(!dp_index_file_table_rows(45, 40, &count));
    ck_assert(!dp_index_file_table_rows(65535, 40, &count));
    ck_assert(!dp_index_file_table_rows(1638 * 40 + 4, 40, &count)); /* that is a full page */
    ck_assert(!dp_index_file_table_rows(100, 0, &count));
    ck_assert(!dp_index_file_table_rows(100, 65533, &count));
    ck_assert_uint_eq(count, 77);
}
END_TEST

/* ---- headers */

static struct dp_file_header sample_header(void)
{
    static const struct dp_file_section sections[] = {
        {DP_FILE_META, DP_FILE_REQUIRED, 512, 100, 0},
        {DP_FILE_POINTS, DP_FILE_REQUIRED, 612, 84, 40},
        {99, 0, 696, 12, 8},
        {DP_FILE_WINDOWS, DP_FILE_REQUIRED, 708, 292, 0},
    };
    struct dp_file_header header = {.section_count = 4, .file_bytes = 1000};

    memcpy(header.sections, sections, sizeof(sections));
    return header;
}

static int decode(const struct dp_file_header *header, struct dp_file_header *back)
{
    uint8_t bytes[DP_FILE_HEADER_BYTES];

    dp_index_file_encode(header, bytes);
    return dp_index_file_decode(bytes, 1000, "x", back, NULL);
}

START_TEST(a_header_comes_back)
{
    struct dp_file_header header = sample_header(), back;

    ck_assert_int_eq(decode(&header, &back), DP_OK);
    ck_assert_uint_eq(back.section_count, 4);
    ck_assert_uint_eq(back.file_bytes, 1000);
    ck_assert_uint_eq(dp_index_file_section(&back, DP_FILE_POINTS)->offset, 612);
    ck_assert_uint_eq(dp_index_file_section(&back, 99)->row_bytes, 8);
    ck_assert_ptr_null(dp_index_file_section(&back, DP_FILE_ROWS));
}
END_TEST

START_TEST(what_is_unknown_and_required_needs_a_newer_version)
{
    struct dp_file_header header = sample_header(), back;
    uint8_t bytes[DP_FILE_HEADER_BYTES];
    struct dp_error err = {0};

    header.sections[2].flags = DP_FILE_REQUIRED;
    dp_index_file_encode(&header, bytes);
    ck_assert_int_eq(dp_index_file_decode(bytes, 1000, "x", &back, &err), DP_UNSUPPORTED);
    ck_assert_int_eq(err.detail, DP_DETAIL_VERSION);
    header = sample_header();
    dp_index_file_encode(&header, bytes);
    for (uint8_t version = 0; version < 4; version++) {
        dp_error_clear(&err);
        bytes[8] = version;
        ck_assert_int_eq(dp_index_file_decode(bytes, 1000, "x", &back, &err),
                         version == DP_FILE_VERSION ? DP_OK : DP_UNSUPPORTED);
        ck_assert_int_eq(err.detail, version == DP_FILE_VERSION ? 0 : DP_DETAIL_VERSION);
    }
}
END_TEST

START_TEST(headers_that_lie_are_refused)
{
    struct dp_file_header good = sample_header(), header, back;

#define REFUSED(change)                                                                            \
    header = good;                                                                                 \
    change;                                                                                        \
    ck_assert_int_eq(decode(&header, &back), DP_BAD_INDEX)

    REFUSED(header.file_bytes = 999);
    REFUSED(header.sections[3].length = 293);         /* beyond the end */
    REFUSED(header.sections[3].length = UINT64_MAX);  /* around the corner */
    REFUSED(header.sections[3].length = 291);         /* a byte without an owner */
    REFUSED(header.section_count = 3);
    REFUSED(header.sections[1].offset = 613);         /* a gap */
    REFUSED(header.sections[1].offset = 512);         /* on top of another */
    REFUSED(header.sections[1].id = DP_FILE_META);    /* twice */
    REFUSED(header.sections[1].row_bytes = 44);       /* not what points are */
    REFUSED(header.sections[2].row_bytes = 7);        /* half a row */
    REFUSED(header.sections[0].row_bytes = 96);       /* not a table */
#undef REFUSED
}
END_TEST

START_TEST(every_flipped_bit_of_a_header_is_seen)
{
    struct dp_file_header header = sample_header(), back;
    uint8_t bytes[DP_FILE_HEADER_BYTES];
    size_t bit;

    dp_index_file_encode(&header, bytes);
    ck_assert_int_eq(dp_index_file_decode(bytes, 1000, "x", &back, NULL), DP_OK);
    for (bit = 0; bit < sizeof(bytes) * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_lt(dp_index_file_decode(bytes, 1000, "x", &back, NULL), 0);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

/* ---- pages */

/* A table of `count` numbers of 8 bytes behind 10 other bytes. */
static struct dp_array make_table(uint64_t count)
{
    struct dp_array out = {0};
    uint8_t page[DP_FILE_PAGE_BYTES], crc[4];
    uint64_t i;
    size_t used = 0, length;

    put(&out, "0123456789", 10);
    for (i = 0; i < count; i++) {
        dp_le64_store(page + used, i * i);
        used += 8;
        if (used + 8 <= sizeof(page) - 4 && i + 1 < count)
            continue;
        length = used + 8 > sizeof(page) - 4 ? sizeof(page) - 4 : used;
        memset(page + used, 0, length - used);
        dp_le32_store(crc, dp_crc32(0, page, length));
        put(&out, page, length);
        put(&out, crc, 4);
        used = 0;
    }
    return out;
}

static int take_number(void *user, const uint8_t *row, struct dp_error *err)
{
    uint64_t *next = user;

    if (dp_le64_load(row) != *next * *next)
        return dp_error_set(err, DP_INVALID, "not the number that was expected");
    ++*next;
    return DP_OK;
}

START_TEST(rows_are_read_from_anywhere)
{
    static const uint64_t firsts[] = {0, 1, 8190, 8191, 8192, 20000, 299999};
    static const uint64_t counts[] = {0, 1, 2, 8191, 20000, 280000};
    struct dp_context *context = test_context();
    struct dp_array table = make_table(300000);
    struct dp_object *object = open_bytes(context, &table);
    struct dp_file_section section = {0, 0, 10, table.length - 10, 8};
    uint64_t next;
    size_t i, j;

    ck_assert_uint_eq(dp_index_file_table_bytes(300000, 8), table.length - 10);
    for (i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
        for (j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
            if (firsts[i] + counts[j] > 300000)
                continue;
            next = firsts[i];
            ck_assert_int_eq(dp_index_file_read_rows(object, &section, firsts[i], counts[j],
                                                     take_number, &next, NULL),
                             DP_OK);
            ck_assert_uint_eq(next, firsts[i] + counts[j]);
        }
    dp_object_free(object);
    dp_array_free(&table);
    dp_context_free(context);
}
END_TEST

START_TEST(a_damaged_page_spoils_its_own_rows_only)
{
    struct dp_context *context = test_context();
    struct dp_array table = make_table(30000);
    struct dp_object *object = open_bytes(context, &table);
    struct dp_file_section section = {0, 0, 10, table.length - 10, 8};
    struct dp_error err = {0};
    uint64_t next = 0;

    ((uint8_t *)table.data)[10 + 65536 + 333] ^= 1; /* on the second page */
    ck_assert_int_eq(
        dp_index_file_read_rows(object, &section, 0, 8191, take_number, &next, NULL), DP_OK);
    ck_assert_int_eq(
        dp_index_file_read_rows(object, &section, 8191, 1, take_number, &next, &err),
        DP_BAD_INDEX);
    ck_assert_int_eq(err.detail, DP_DETAIL_CHECKSUM);
    ck_assert_ptr_nonnull(strstr(err.message, "offset 65546"));
    next = 16382;
    ck_assert_int_eq(
        dp_index_file_read_rows(object, &section, 16382, 13618, take_number, &next, NULL), DP_OK);
    dp_object_free(object);
    dp_array_free(&table);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("index file", the_length_of_a_table_tells_its_rows, odd_lengths_are_no_table,
          a_header_comes_back, what_is_unknown_and_required_needs_a_newer_version,
          headers_that_lie_are_refused, every_flipped_bit_of_a_header_is_seen,
          rows_are_read_from_anywhere, a_damaged_page_spoils_its_own_rows_only)
