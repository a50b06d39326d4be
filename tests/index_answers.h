/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Asks an index everything there is to ask, for tests and for the fuzzer. */

#ifndef DP_TESTS_INDEX_ANSWERS_H
#define DP_TESTS_INDEX_ANSWERS_H

#include "base/crc32.h"
#include "index/tables.h"

/* The checksum of all answers of an index, or a negative enum dp_result when one of them was an
 * error. Windows and blocks are checked as they are read. */
static inline int64_t index_answers(const struct dp_index *index)
{
    struct dp_window window;
    struct dp_window_reference reference;
    struct dp_seek_point point;
    struct dp_index_row row;
    struct dp_block blocks[64];
    struct dp_range range;
    size_t i, n;
    uint64_t edge, at;
    uint32_t crc = 0, sum;
    int result, unit;

    crc = dp_crc32(crc, dp_index_identity(index), 64);
    for (i = 0; i < dp_index_point_count(index); i++) {
        dp_index_point(index, i, &point);
        crc = dp_crc32(crc, &point.uncompressed_offset, 8);
        crc = dp_crc32(crc, &point.compressed_bit, 8);
        result = dp_index_window(index, i, &window, NULL);
        if (result)
            return result;
        crc = dp_crc32(crc, window.bytes,
                       !window.raw_bytes || window.placed ? window.raw_bytes : window.kept_bytes);
        if (dp_index_window_reference(index, i, &reference))
            crc = dp_crc32(crc, &reference.range, sizeof(reference.range));
        n = dp_index_point_before(index, point.uncompressed_offset);
        crc = dp_crc32(crc, &n, sizeof(n));
        edge = dp_index_sum_edge(index, point.uncompressed_offset + 10000);
        result = dp_index_sum(index, point.uncompressed_offset, edge, &sum, NULL);
        if (result)
            return result;
        crc = dp_crc32(crc, &sum, sizeof(sum));
        range = dp_index_compressed_range(index, i, edge);
        crc = dp_crc32(crc, &range, sizeof(range));
    }
    for (i = 0; i < dp_index_row_count(index); i++) {
        dp_index_row(index, i, &row);
        crc = dp_crc32(crc, &row, sizeof(row));
        for (unit = DP_UNIT_RECORDS; unit <= DP_UNIT_BASES; unit++) {
            n = dp_index_row_before(index, (enum dp_plan_unit)unit,
                                    dp_edge_key(&row.edge, (enum dp_plan_unit)unit));
            crc = dp_crc32(crc, &n, sizeof(n));
        }
    }
    for (at = 0; at < index->block_count; at += n) {
        n = index->block_count - at < 64 ? (size_t)(index->block_count - at) : 64;
        result = dp_index_blocks(index, at, n, blocks, NULL);
        if (result)
            return result;
        crc = dp_crc32(crc, blocks, n * sizeof(*blocks));
    }
    return crc;
}

#endif
