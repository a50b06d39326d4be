/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/kernel_table.h"

#ifdef DP_MDR_HAVE_X86

#include <immintrin.h>

#define VECTOR_BYTES 32
#define TARGET       __attribute__((target("avx2")))

typedef uint64_t bits __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef int16_t numbers16 __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef int32_t numbers32 __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef numbers16 where16;
typedef numbers32 where32;

#define sum3(a, b, c)      ((a) ^ (b) ^ (c))
#define carry3(a, b, c)    (((a) & (b)) | (((a) ^ (b)) & (c)))
#define select(m, a, b)    (((a) & (m)) | ((b) & ~(m)))
#define positive16(a)      ((numbers16)_mm256_max_epi16((__m256i)(a), _mm256_setzero_si256()))
#define positive32(a)      ((numbers32)_mm256_max_epi32((__m256i)(a), _mm256_setzero_si256()))
#define lower16(a)         positive16((a) - 1)
#define lower32(a)         positive32((a) - 1)
#define widen(a)            ((numbers32)_mm256_cvtepi16_epi32((__m128i)(a)))
#define first_halves(a, b)  __builtin_shufflevector(a, b, 0, 1, 4, 5)
#define second_halves(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7)
#define greater16(a, b)    ((where16)((a) > (b)))
#define greater32(a, b)    ((where32)((a) > (b)))
#define add_where16(w, s, x) ((s) + ((w) & (x)))
#define add_where32(w, s, x) ((s) + ((w) & (x)))
#define reciprocal(a)        (1 / (a))

#include "mdr/kernel_body.h"

static bool runs_here(void)
{
    return __builtin_cpu_supports("avx2");
}

const struct dp_mdr_kernel dp_mdr_kernel_avx2 = {
    .name = "avx2",
    .runs_here = runs_here,
    .vector_bytes = VECTOR_BYTES,
    .spread = spread,
    .list = list_members,
    .count = count,
    .judge16 = judge16,
    .judge32 = judge32,
    .judge_gaps16 = judge_gaps16,
    .judge_gaps32 = judge_gaps32,
};

#endif
