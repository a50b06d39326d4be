/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A VCF as text whose calls follow from the numbers of record and sample. */

#ifndef DP_TESTS_MDR_VCF_H
#define DP_TESTS_MDR_VCF_H

#include "tests/connectors.h"

#include "mdr/ingest.h"

enum { VCF_SAMPLES = 101, VCF_RECORDS = 6000 }; /* some 2.5 MB: several batches */

static inline unsigned vcf_call(unsigned record, unsigned sample)
{
    return (record * 7 + sample * sample) % 4;
}

/* Records 1 to `count`; in two of them (0: none) the last call makes no sense. */
static inline void vcf_write(const char *path, unsigned count, unsigned bad, unsigned other_bad)
{
    static const char *const texts[] = {"0/0", "0/1", "1/1", "./."};
    FILE *file = fopen(path, "w");
    unsigned r, s;

    ck_assert_ptr_nonnull(file);
    fputs("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT", file);
    for (s = 0; s < VCF_SAMPLES; s++)
        fprintf(file, "\ts%u", s);
    for (r = 1; r <= count; r++) {
        fprintf(file, "\n1\t%u\t.\tA\tC\t.\t.\t.\tGT", r);
        for (s = 0; s < VCF_SAMPLES; s++) {
            fputc('\t', file);
            fputs((r == bad || r == other_bad) && s == VCF_SAMPLES - 1 ? "0/7"
                                                                       : texts[vcf_call(r, s)],
                  file);
        }
    }
    fputc('\n', file);
    ck_assert_int_eq(fclose(file), 0);
}

/* These are the records behind `before`; returns how many. */
static inline size_t vcf_must_be(const struct dp_mdr_genotypes *genotypes, size_t before)
{
    size_t count = dp_mdr_genotypes_variant_count(genotypes), i;
    struct dp_mdr_variant variant;
    const uint8_t *row;
    unsigned s;

    ck_assert_uint_eq(dp_mdr_genotypes_sample_count(genotypes), VCF_SAMPLES);
    for (i = 0; i < count; i++) {
        dp_mdr_genotypes_variant(genotypes, i, &variant);
        row = dp_mdr_genotypes_row(genotypes, i);
        if (variant.position != before + i + 1) /* cheap */
            ck_abort_msg("variant %zu", i);
        for (s = 0; s < VCF_SAMPLES; s++)
            if ((row[s / 4] >> 2 * (s % 4) & 3u) != vcf_call((unsigned)variant.position, s))
                ck_abort_msg("variant %zu, sample %u", i, s);
    }
    return count;
}

#endif
