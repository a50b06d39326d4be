/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Makes BCF, record by record, for tests. */

#ifndef DP_TESTS_BCF_DATA_H
#define DP_TESTS_BCF_DATA_H

#include "base/array.h"
#include "base/le.h"

#include <stdlib.h>
#include <string.h>

struct bcf_record {
    int32_t contig, position, length; /* position from 0 */
    uint32_t alleles, infos, formats, samples;
    uint32_t shared, indiv; /* bytes of the two parts, fixed ones included */
};

static inline void bcf_put(struct dp_array *out, const void *bytes, size_t length)
{
    if (!dp_array_append(out, bytes, length, 1))
        abort();
}

static inline void bcf_put_u32(struct dp_array *out, uint32_t value)
{
    uint8_t bytes[4];

    dp_le32_store(bytes, value);
    bcf_put(out, bytes, sizeof(bytes));
}

/* The text with its NUL, as most writers leave it. */
static inline void bcf_put_header(struct dp_array *out, const char *text)
{
    bcf_put(out, "BCF\2\2", 5);
    bcf_put_u32(out, (uint32_t)strlen(text) + 1);
    bcf_put(out, text, strlen(text) + 1);
}

static inline void bcf_put_record(struct dp_array *out, const struct bcf_record *record)
{
    uint32_t i, rest = record->shared - 24 + record->indiv;
    uint8_t byte;

    bcf_put_u32(out, record->shared);
    bcf_put_u32(out, record->indiv);
    bcf_put_u32(out, (uint32_t)record->contig);
    bcf_put_u32(out, (uint32_t)record->position);
    bcf_put_u32(out, (uint32_t)record->length);
    bcf_put_u32(out, 0x7f800001u); /* no quality */
    bcf_put_u32(out, record->alleles << 16 | record->infos);
    bcf_put_u32(out, record->formats << 24 | record->samples);
    for (i = 0; i < rest; i++) {
        byte = (uint8_t)(i * 7 + record->shared);
        bcf_put(out, &byte, 1);
    }
}

#define BCF_TEXT                                                                                   \
    "##fileformat=VCFv4.2\n"                                                                       \
    "##contig=<ID=chr1,length=1000,IDX=0>\n"                                                       \
    "##contig=<ID=chr2,length=2000,IDX=1>\n"                                                       \
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tone\ttwo\n"

/* A record with what it needs, and no more. */
static inline struct bcf_record bcf_simple(int32_t contig, int32_t position)
{
    return (struct bcf_record){.contig = contig,
                               .position = position,
                               .length = 1,
                               .alleles = 2,
                               .infos = 1,
                               .formats = 1,
                               .samples = 2,
                               .shared = 24 + 2 + 2 + 3,
                               .indiv = 5};
}

#endif
