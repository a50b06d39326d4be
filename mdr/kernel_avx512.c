/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/kernel_table.h"

#ifdef DP_MDR_HAVE_X86

#include <immintrin.h>

#define VECTOR_BYTES 64
#define TARGET       __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))

typedef uint64_t bits __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef int16_t numbers16 __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef int32_t numbers32 __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef __mmask32 where16;
typedef __mmask16 where32;

/* Any function of three bits is one instruction: its table is the constant. */
#define ternary(table, a, b, c)                                                                    \
    ((bits)_mm512_ternarylogic_epi64((__m512i)(a), (__m512i)(b), (__m512i)(c), (table)))
#define sum3(a, b, c)   ternary(0x96, a, b, c)
#define carry3(a, b, c) ternary(0xe8, a, b, c)
#define select(m, a, b) ternary(0xca, m, a, b)
#define positive16(a)   ((numbers16)_mm512_max_epi16((__m512i)(a), _mm512_setzero_si512()))
#define positive32(a)   ((numbers32)_mm512_max_epi32((__m512i)(a), _mm512_setzero_si512()))
#define lower16(a)      ((numbers16)_mm512_subs_epu16((__m512i)(a), _mm512_set1_epi16(1)))
#define lower32(a)      positive32((a) - 1)
#define widen(a)            ((numbers32)_mm512_cvtepi16_epi32((__m256i)(a)))
#define first_halves(a, b)  __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define second_halves(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#define greater16(a, b) _mm512_cmpgt_epi16_mask((__m512i)(a), (__m512i)(b))
#define greater32(a, b) _mm512_cmpgt_epi32_mask((__m512i)(a), (__m512i)(b))
#define add_where16(w, s, x)                                                                       \
    ((numbers16)_mm512_mask_add_epi16((__m512i)(s), (w), (__m512i)(s), (__m512i)(x)))
#define add_where32(w, s, x)                                                                       \
    ((numbers32)_mm512_mask_add_epi32((__m512i)(s), (where32)(w), (__m512i)(s), (__m512i)(x)))
#define reciprocal(a) ((levels)_mm512_rcp14_ps((__m512)(a)))

#include "mdr/kernel_body.h"

INLINE void put_offsets(uint16_t *to, __m256i numbers, words base)
{
    _mm512_storeu_si512(to, (__m512i)((words)_mm512_cvtepu8_epi16(numbers) * VECTOR_BYTES + base));
}

/* With VBMI2, 64 offsets at once: as numbers of bytes until they are packed. */
__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2,popcnt"))) static size_t
compress_members(const uint16_t *members, size_t word_count, uint16_t *list)
{
    typedef uint8_t bytes __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
    const words step = (words){0} + 64 * VECTOR_BYTES;
    words base = {0};
    bytes numbers;
    uint16_t *to = list;
    uint64_t mask;
    __m512i packed;
    size_t word, found;
    unsigned n;

    for (n = 0; n < 64; n++)
        numbers[n] = (uint8_t)n;
    for (word = 0; word < word_count; word += 4, base += step) {
        mask = 0;
        if (word + 4 <= word_count)
            memcpy(&mask, members + word, sizeof(mask));
        for (n = 0; word + 4 > word_count && n < word_count - word; n++)
            mask |= (uint64_t)members[word + n] << 16 * n;
        packed = _mm512_maskz_compress_epi8(mask, (__m512i)numbers);
        put_offsets(to, _mm512_castsi512_si256(packed), base);
        found = (size_t)_mm_popcnt_u64(mask);
        if (found > 32)
            put_offsets(to + 32, _mm512_extracti64x4_epi64(packed, 1), base);
        to += found;
    }
    return (size_t)(to - list);
}

static size_t list_some(const uint16_t *members, size_t word_count, uint16_t *list)
{
    if (__builtin_cpu_supports("avx512vbmi2"))
        return compress_members(members, word_count, list);
    return list_members(members, word_count, list);
}

static bool runs_here(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

const struct dp_mdr_kernel dp_mdr_kernel_avx512 = {
    .name = "avx512",
    .runs_here = runs_here,
    .vector_bytes = VECTOR_BYTES,
    .spread = spread,
    .list = list_some,
    .count = count,
    .judge16 = judge16,
    .judge32 = judge32,
    .judge_gaps16 = judge_gaps16,
    .judge_gaps32 = judge_gaps32,
};

#endif
