/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Makes .tbi and .csi files from records, for tests: unpacked, as the reader takes them too. */

#ifndef DP_TESTS_TABIX_DATA_H
#define DP_TESTS_TABIX_DATA_H

#include "base/array.h"
#include "base/le.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct tabix_record {
    unsigned contig;
    uint64_t begin, end;       /* positions from 0, half-open */
    uint64_t at, behind;       /* virtual offsets */
};

struct tabix_kind {
    bool csi;
    unsigned min_shift, depth; /* csi; a .tbi has 14 and 5 */
    bool counts;               /* with htslib's bin that is none */
    bool names;                /* csi: without, it is one of a BCF */
};

static inline void tabix_put(struct dp_array *out, const void *bytes, size_t length)
{
    if (!dp_array_append(out, bytes, length, 1))
        abort();
}

static inline void tabix_put_u32(struct dp_array *out, uint64_t value)
{
    uint8_t bytes[4];

    dp_le32_store(bytes, (uint32_t)value);
    tabix_put(out, bytes, sizeof(bytes));
}

static inline void tabix_put_u64(struct dp_array *out, uint64_t value)
{
    uint8_t bytes[8];

    dp_le64_store(bytes, value);
    tabix_put(out, bytes, sizeof(bytes));
}

/* The smallest bin that holds the record. */
static inline uint64_t tabix_bin(const struct tabix_kind *kind, const struct tabix_record *record)
{
    unsigned level = kind->depth, shift = kind->min_shift;

    while (level > 0 && record->begin >> shift != (record->end - 1) >> shift) {
        level--;
        shift += 3;
    }
    return ((UINT64_C(1) << 3 * level) - 1) / 7 + (record->begin >> shift);
}

/* The first record of the contig that reaches into the window, in its virtual offset. */
static inline uint64_t tabix_lowest(const struct tabix_record *records, size_t count,
                                    unsigned contig, uint64_t begin, uint64_t end)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (records[i].contig == contig && records[i].begin < end && records[i].end > begin)
            return records[i].at;
    return 0;
}

/* Where the positions of a bin begin. */
static inline uint64_t tabix_bin_begin(const struct tabix_kind *kind, uint64_t bin)
{
    unsigned level = 0;

    while (bin >= ((UINT64_C(1) << 3 * (level + 1)) - 1) / 7)
        level++;
    return (bin - ((UINT64_C(1) << 3 * level) - 1) / 7)
           << (kind->min_shift + 3 * (kind->depth - level));
}

/* One chunk for each record: more than htslib leaves, and as good. */
static inline void tabix_put_bin(struct dp_array *out, const struct tabix_kind *kind,
                                 const struct tabix_record *records, size_t count,
                                 unsigned contig, uint64_t bin)
{
    uint64_t begin = tabix_bin_begin(kind, bin);
    size_t i, at, chunks = 0;

    tabix_put_u32(out, bin);
    if (kind->csi)
        tabix_put_u64(out, tabix_lowest(records, count, contig, begin,
                                        begin + (UINT64_C(1) << kind->min_shift)));
    at = out->length;
    tabix_put_u32(out, 0);
    for (i = 0; i < count; i++)
        if (records[i].contig == contig && tabix_bin(kind, &records[i]) == bin) {
            tabix_put_u64(out, records[i].at);
            tabix_put_u64(out, records[i].behind);
            chunks++;
        }
    dp_le32_store((uint8_t *)out->data + at, (uint32_t)chunks);
}

static inline void tabix_put_counts(struct dp_array *out, const struct tabix_kind *kind,
                                    const struct tabix_record *records, size_t count,
                                    unsigned contig)
{
    uint64_t first = 0, last = 0, found = 0;
    size_t i;

    for (i = 0; i < count; i++)
        if (records[i].contig == contig) {
            first = found++ ? first : records[i].at;
            last = records[i].behind;
        }
    tabix_put_u32(out, ((UINT64_C(1) << 3 * (kind->depth + 1)) - 1) / 7 + 1);
    if (kind->csi)
        tabix_put_u64(out, 0);
    tabix_put_u32(out, 2);
    tabix_put_u64(out, first);
    tabix_put_u64(out, last);
    tabix_put_u64(out, found);
    tabix_put_u64(out, 0);
}

static inline void tabix_put_contig(struct dp_array *out, const struct tabix_kind *kind,
                                    const struct tabix_record *records, size_t count,
                                    unsigned contig)
{
    uint64_t bin, bins_end = ((UINT64_C(1) << 3 * (kind->depth + 1)) - 1) / 7, window, end = 0;
    size_t i, at = out->length, bins = 0;

    tabix_put_u32(out, 0);
    for (bin = 0; bin < bins_end; bin++) {
        for (i = 0; i < count; i++)
            if (records[i].contig == contig && tabix_bin(kind, &records[i]) == bin)
                break;
        if (i == count)
            continue;
        tabix_put_bin(out, kind, records, count, contig, bin);
        bins++;
    }
    if (kind->counts && bins) {
        tabix_put_counts(out, kind, records, count, contig);
        bins++;
    }
    dp_le32_store((uint8_t *)out->data + at, (uint32_t)bins);
    if (kind->csi)
        return;
    for (i = 0; i < count; i++)
        if (records[i].contig == contig && records[i].end > end)
            end = records[i].end;
    tabix_put_u32(out, (end + 16383) >> 14);
    for (window = 0; window < (end + 16383) >> 14; window++)
        tabix_put_u64(out, tabix_lowest(records, count, contig, window << 14, (window + 1) << 14));
}

/* What both kinds say of a VCF; the names are c0, c1, ... */
static inline void tabix_put_columns(struct dp_array *out, unsigned contigs)
{
    static const uint32_t columns[] = {2, 1, 2, 0, '#', 0};
    char name[3] = "c0";
    size_t i;

    for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        tabix_put_u32(out, columns[i]);
    tabix_put_u32(out, 3 * contigs);
    for (i = 0; i < contigs; i++) {
        name[1] = (char)('0' + i);
        tabix_put(out, name, 3);
    }
}

/* The whole file; up to ten contigs. */
static inline void tabix_make(struct dp_array *out, const struct tabix_kind *kind,
                              const struct tabix_record *records, size_t count, unsigned contigs)
{
    unsigned i;

    tabix_put(out, kind->csi ? "CSI\1" : "TBI\1", 4);
    if (kind->csi) {
        tabix_put_u32(out, kind->min_shift);
        tabix_put_u32(out, kind->depth);
        tabix_put_u32(out, kind->names ? 28 + 3 * contigs : 0);
        if (kind->names)
            tabix_put_columns(out, contigs);
        tabix_put_u32(out, contigs);
    } else {
        tabix_put_u32(out, contigs);
        tabix_put_columns(out, contigs);
    }
    for (i = 0; i < contigs; i++)
        tabix_put_contig(out, kind, records, count, i);
    tabix_put_u64(out, 0);
}

#endif
