/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/format/split.h"

#ifdef DP_KERNELS_HAVE_AVX2

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

AVX2 static inline __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* 0xff in each byte outside 33..126. There is no unsigned comparison, but a maximum. */
AVX2 static inline __m256i odd_bytes(__m256i bytes)
{
    const __m256i limit = _mm256_set1_epi8(126 - 33 + 1);
    __m256i shifted = _mm256_sub_epi8(bytes, _mm256_set1_epi8(33));

    return _mm256_cmpeq_epi8(_mm256_max_epu8(shifted, limit), shifted);
}

AVX2 static inline __m256i blank_bytes(__m256i bytes)
{
    return _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(32)), bytes);
}

AVX2 static inline __m256i newline_bytes(__m256i bytes)
{
    return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n'));
}

AVX2 static inline uint32_t mask_of(__m256i bytes)
{
    return (uint32_t)_mm256_movemask_epi8(bytes);
}

AVX2 static inline const uint8_t *skip_graph(const uint8_t *p, const uint8_t *end)
{
    uint32_t mask;

    for (; end - p >= 32; p += 32) {
        mask = mask_of(odd_bytes(load(p)));
        if (mask)
            return p + __builtin_ctz(mask);
    }
    while (p < end && *p >= 33 && *p <= 126)
        p++;
    return p;
}

AVX2 static inline const uint8_t *find_blank(const uint8_t *p, const uint8_t *end)
{
    uint32_t mask;

    for (; end - p >= 32; p += 32) {
        mask = mask_of(blank_bytes(load(p)));
        if (mask)
            return p + __builtin_ctz(mask);
    }
    while (p < end && *p > 32)
        p++;
    return p;
}

AVX2 static inline const uint8_t *find_newline(const uint8_t *p, const uint8_t *end)
{
    uint32_t mask;

    for (; end - p >= 32; p += 32) {
        mask = mask_of(newline_bytes(load(p)));
        if (mask)
            return p + __builtin_ctz(mask);
    }
    while (p < end && *p != '\n')
        p++;
    return p;
}

/* The length is known: one verdict at the end, and the last, partial vector overlaps the one before
 * it instead of falling into a loop over bytes. */
AVX2 static inline bool all_graph(const uint8_t *p, size_t length)
{
    __m256i odd;
    size_t i;

    if (length < 32)
        return skip_graph(p, p + length) == p + length;
    odd = odd_bytes(load(p + length - 32));
    for (i = 0; i + 32 < length; i += 32)
        odd = _mm256_or_si256(odd, odd_bytes(load(p + i)));
    return _mm256_testz_si256(odd, odd) != 0;
}

AVX2 static const uint8_t *skip_graph_avx2(const uint8_t *p, const uint8_t *end)
{
    return skip_graph(p, end);
}

AVX2 static size_t split_records_avx2(const uint8_t *bytes, size_t length,
                                      struct dp_fastq_shape *shapes, size_t capacity)
{
    static const struct dp_searches find = {skip_graph, find_blank, find_newline, all_graph};

    return dp_split_records(&find, bytes, length, shapes, capacity);
}

/* Bit i is set where byte i of the 64 equals `byte`. */
AVX2 static inline uint64_t positions(const uint8_t *p, char byte)
{
    __m256i wanted = _mm256_set1_epi8(byte);

    return mask_of(_mm256_cmpeq_epi8(load(p), wanted)) |
           (uint64_t)mask_of(_mm256_cmpeq_epi8(load(p + 32), wanted)) << 32;
}

/* The lines that end in a block of 64 bytes, when there are any. Only the first can be longer than
 * 63 bytes, so the others matter only while no longer one was seen. */
AVX2 static inline void tally_block(uint64_t newlines, struct dp_line_tally *tally)
{
    uint64_t rest = newlines;
    unsigned at = (unsigned)__builtin_ctzll(rest), next;
    uint64_t longest = tally->longest;

    if (tally->open_bytes + at > longest)
        longest = tally->open_bytes + at;
    if (longest < 63) {
        for (rest &= rest - 1; rest; rest &= rest - 1, at = next) {
            next = (unsigned)__builtin_ctzll(rest);
            if (next - at - 1 > longest)
                longest = next - at - 1;
        }
    }
    tally->longest = longest;
    tally->newlines += (unsigned)__builtin_popcountll(newlines);
    tally->open_bytes = (unsigned)__builtin_clzll(newlines);
}

AVX2 static void tally_lines_avx2(const uint8_t *bytes, size_t length,
                                  struct dp_line_tally *tally)
{
    struct dp_line_tally sums = *tally;
    const uint8_t *p = bytes, *end = bytes + length;
    uint64_t newlines, returns, carry = sums.carriage_return;

    for (; end - p >= 64; p += 64) {
        newlines = positions(p, '\n');
        returns = positions(p, '\r');
        sums.crlf += (unsigned)__builtin_popcountll((returns << 1 | carry) & newlines);
        carry = returns >> 63;
        if (newlines)
            tally_block(newlines, &sums);
        else
            sums.open_bytes += 64;
    }
    for (; p < end; p++) {
        if (*p == '\n') {
            sums.newlines++;
            sums.crlf += carry;
            if (sums.open_bytes > sums.longest)
                sums.longest = sums.open_bytes;
            sums.open_bytes = 0;
        } else {
            sums.open_bytes++;
        }
        carry = *p == '\r';
    }
    sums.carriage_return = carry != 0;
    *tally = sums;
}

AVX2 static const uint8_t *count_tabs_avx2(const uint8_t *p, const uint8_t *end, uint64_t *tabs)
{
    uint64_t newlines, found;
    unsigned at;

    for (; end - p >= 64; p += 64) {
        newlines = positions(p, '\n');
        found = positions(p, '\t');
        if (newlines) {
            at = (unsigned)__builtin_ctzll(newlines);
            *tabs += (unsigned)__builtin_popcountll(found & ((UINT64_C(1) << at) - 1));
            return p + at;
        }
        *tabs += (unsigned)__builtin_popcountll(found);
    }
    for (; p < end && *p != '\n'; p++)
        *tabs += *p == '\t';
    return p;
}

const struct dp_kernels dp_kernels_avx2 = {
    .name = "avx2",
    .skip_graph = skip_graph_avx2,
    .split_records = split_records_avx2,
    .tally_lines = tally_lines_avx2,
    .count_tabs = count_tabs_avx2,
};

#endif
