/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Portable: vectors of 16 bytes, which the compiler maps to what every processor of its kind has,
 * or to plain words. */

#include "mdr/kernel_table.h"

#define VECTOR_BYTES 16
#define TARGET

typedef uint64_t bits __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef int16_t numbers16 __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef int32_t numbers32 __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef numbers16 where16;
typedef numbers32 where32;

#define sum3(a, b, c)      ((a) ^ (b) ^ (c))
#define carry3(a, b, c)    (((a) & (b)) | (((a) ^ (b)) & (c)))
#define select(m, a, b)    (((a) & (m)) | ((b) & ~(m)))
#define positive16(a)      ((a) & (numbers16)((a) > 0))
#define positive32(a)      ((a) & (numbers32)((a) > 0))
#define lower16(a)         positive16((a) - 1)
#define lower32(a)         positive32((a) - 1)
#define widen(a)            __builtin_convertvector(a, numbers32)
#define first_halves(a, b)  __builtin_shufflevector(a, b, 0, 2)
#define second_halves(a, b) __builtin_shufflevector(a, b, 1, 3)
#define greater16(a, b)    ((where16)((a) > (b)))
#define greater32(a, b)    ((where32)((a) > (b)))
#define add_where16(w, s, x) ((s) + ((w) & (x)))
#define add_where32(w, s, x) ((s) + ((w) & (x)))
#define reciprocal(a)        (1 / (a))

#include "mdr/kernel_body.h"

static bool runs_here(void)
{
    return true;
}

const struct dp_mdr_kernel dp_mdr_kernel_generic = {
    .name = "generic",
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
