/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Gives a damaged index file checksums that fit again (index/INDEX.md), so that tests get past
 * them. Damage to the header's own structure is left alone. */

#ifndef DP_TESTS_INDEX_RECHECK_H
#define DP_TESTS_INDEX_RECHECK_H

#include "base/crc32.h"
#include "base/le.h"

#include <string.h>

#define INDEX_HEADER_BYTES 512u
#define INDEX_PAGE_BYTES   65536u

/* Sections with rows have a CRC at the end of every page, META (the only other one with a CRC) one
 * at its end. */
static inline void index_recheck_section(uint8_t *begin, uint64_t length, uint32_t id, uint32_t row)
{
    uint64_t step = row ? INDEX_PAGE_BYTES : length, page;

    if (row == 0 && id != 1)
        return;
    for (uint64_t at = 0; at < length; at += page) {
        page = length - at < step ? length - at : step;
        if (page >= 4)
            dp_le32_store(begin + at + page - 4, dp_crc32(0, begin + at, (size_t)page - 4));
    }
}

/* The section of that id; NULL when there is none inside the file. */
static inline uint8_t *index_recheck_find(uint8_t *bytes, size_t length, uint32_t id,
                                          uint64_t *size)
{
    for (size_t i = 0; i < 15; i++) {
        const uint8_t *entry = bytes + 32 + 32 * i;
        uint64_t offset = dp_le64_load(entry + 8);

        *size = dp_le64_load(entry + 16);
        if (dp_le32_load(entry) == id && offset <= length && *size <= length - offset)
            return bytes + offset;
    }
    return NULL;
}

/* The windows' own checksums stand in the rows of POINTS. */
static inline void index_recheck_windows(uint8_t *bytes, size_t length)
{
    const uint64_t rows_per_page = (INDEX_PAGE_BYTES - 4) / 40;
    uint64_t points_size, windows_size, rows;
    uint8_t *points = index_recheck_find(bytes, length, 2, &points_size);
    uint8_t *windows = index_recheck_find(bytes, length, 7, &windows_size);

    if (!points || !windows)
        return;
    rows = points_size / INDEX_PAGE_BYTES * rows_per_page + points_size % INDEX_PAGE_BYTES / 40;
    for (uint64_t i = 0; i < rows; i++) {
        uint8_t *row = points + i / rows_per_page * INDEX_PAGE_BYTES + i % rows_per_page * 40;
        uint64_t at = dp_le64_load(row + 24), packed = dp_le16_load(row + 36);

        if (at <= windows_size && packed <= windows_size - at)
            dp_le32_store(row + 32, dp_crc32(0, windows + at, (size_t)packed));
    }
}

static inline void index_recheck(uint8_t *bytes, size_t length)
{
    if (length < INDEX_HEADER_BYTES)
        return;
    index_recheck_windows(bytes, length);
    for (size_t i = 0; i < 15; i++) {
        const uint8_t *entry = bytes + 32 + 32 * i;
        uint64_t offset = dp_le64_load(entry + 8), size = dp_le64_load(entry + 16);

        if (offset >= INDEX_HEADER_BYTES && offset <= length && size <= length - offset)
            index_recheck_section(bytes + offset, size, dp_le32_load(entry),
                                  dp_le32_load(entry + 24));
    }
    dp_le64_store(bytes + 16, length);
    dp_le32_store(bytes + 28, 0);
    dp_le32_store(bytes + 28, dp_crc32(0, bytes, INDEX_HEADER_BYTES));
}

#endif
