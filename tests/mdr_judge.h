/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a VCF or BCF holds, as htslib reads it and MDR.md counts it: written without a look at how
 * mdr does it, for the tests to compare with. */

#ifndef DP_TESTS_MDR_JUDGE_H
#define DP_TESTS_MDR_JUDGE_H

#include "tests/connectors.h"

#include "mdr/ingest.h"

#include <htslib/vcf.h>
#include <math.h>

struct judge {
    htsFile *file;
    bcf_hdr_t *header;
    bcf1_t *record;
    int samples;
    int32_t *gt;
    float *values;
    int gt_room, values_room, gt_count,
        value_count; /* of all samples; <= 0: the field is not there */
    enum dp_mdr_field field;
};

static inline bool judge_is_allele(const char *alt)
{
    return strcmp(alt, ".") && strcmp(alt, "*") && strcmp(alt, "<*>") && strcmp(alt, "<NON_REF>");
}

static inline unsigned judge_gt(const struct judge *judge, int sample, int allele)
{
    int ploidy = judge->gt_count / judge->samples, i, have = 0, copies = 0;

    for (i = 0; i < ploidy; i++) {
        int32_t value = judge->gt[sample * ploidy + i];

        if (value == bcf_int32_vector_end)
            break;
        if (bcf_gt_is_missing(value) || value == bcf_int32_missing)
            return DP_MDR_MISSING;
        have++;
        copies += bcf_gt_allele(value) == allele;
    }
    if (have > 2)
        ck_abort_msg("sample %d has %d alleles", sample, have);
    return have == 0 ? DP_MDR_MISSING : (unsigned)(have == 1 ? 2 * copies : copies);
}

static inline unsigned judge_ds(const struct judge *judge, int sample, int allele, double certainty)
{
    int each = judge->value_count / judge->samples, n;
    float value;

    if (allele > each)
        return DP_MDR_MISSING;
    value = judge->values[sample * each + allele - 1];
    if (bcf_float_is_missing(value) || bcf_float_is_vector_end(value))
        return DP_MDR_MISSING;
    for (n = 0; n <= 2; n++)
        if (fabs(value - n) <= 1 - certainty + 1e-6)
            return (unsigned)n;
    return DP_MDR_MISSING;
}

static inline unsigned judge_gp(const struct judge *judge, int sample, int allele, double certainty)
{
    int each = judge->value_count / judge->samples, low, high, at = 0;
    const float *values = judge->values + (size_t)sample * (size_t)each;
    int alleles = judge->record->n_allele, have = 0, i;
    double sums[3] = {0};

    while (have < each && !bcf_float_is_vector_end(values[have]))
        have++;
    for (i = 0; i < have; i++)
        if (bcf_float_is_missing(values[i]))
            return DP_MDR_MISSING;
    if (have == alleles) {
        for (i = 0; i < alleles; i++)
            sums[i == allele ? 2 : 0] += values[i];
    } else {
        ck_assert_int_eq(have, alleles * (alleles + 1) / 2);
        for (high = 0; high < alleles; high++)
            for (low = 0; low <= high; low++)
                sums[(low == allele) + (high == allele)] += values[at++];
    }
    for (i = 0; i < 3; i++)
        if (sums[i] >= certainty - 1e-6)
            return (unsigned)i;
    return DP_MDR_MISSING;
}

static inline void judge_fetch(struct judge *judge)
{
    static const char *const names[] = {"GT", "DS", "GP"};

    if (judge->field == DP_MDR_GT)
        judge->gt_count =
            bcf_get_genotypes(judge->header, judge->record, &judge->gt, &judge->gt_room);
    else
        judge->value_count = bcf_get_format_float(judge->header, judge->record, names[judge->field],
                                                  &judge->values, &judge->values_room);
}

static inline unsigned judge_call(const struct judge *judge, int sample, int allele,
                                  double certainty)
{
    if ((judge->field == DP_MDR_GT ? judge->gt_count : judge->value_count) <= 0)
        return DP_MDR_MISSING;
    return judge->field == DP_MDR_GT   ? judge_gt(judge, sample, allele)
           : judge->field == DP_MDR_DS ? judge_ds(judge, sample, allele, certainty)
                                       : judge_gp(judge, sample, allele, certainty);
}

/* Variant `number` of `genotypes` is the ALT `allele` of the record. */
static inline void judge_variant(struct judge *judge, const struct dp_mdr_genotypes *genotypes,
                                 size_t number, int allele, double certainty)
{
    const bcf1_t *record = judge->record;
    const uint8_t *row = dp_mdr_genotypes_row(genotypes, number);
    struct dp_mdr_variant variant;
    char id[4096];
    int s;

    dp_mdr_genotypes_variant(genotypes, number, &variant);
    ck_assert_str_eq(variant.chrom, bcf_seqname(judge->header, record));
    ck_assert_uint_eq(variant.position, (uint64_t)record->pos + 1);
    ck_assert_str_eq(variant.ref, record->d.allele[0]);
    ck_assert_str_eq(variant.alt, record->d.allele[allele]);
    snprintf(id, sizeof(id), "%s:%lld:%s:%s", variant.chrom, (long long)record->pos + 1,
             variant.ref, variant.alt);
    ck_assert_str_eq(variant.id, strcmp(record->d.id, ".") ? record->d.id : id);
    ck_assert_int_eq(variant.passed, record->d.n_flt == 0 ||
                                         bcf_has_filter(judge->header, judge->record, "PASS") == 1);
    for (s = 0; s < judge->samples; s++) /* Check's assertions cost a system call each */
        if ((row[s / 4] >> 2 * (s % 4) & 3u) != judge_call(judge, s, allele, certainty))
            ck_abort_msg("variant %zu, sample %d: %u, but htslib says %u", number, s,
                         row[s / 4] >> 2 * (s % 4) & 3u, judge_call(judge, s, allele, certainty));
}

/* All of `path` and nothing else is in `genotypes`, and `counts` are right. */
static inline void judge_file(const char *path, const struct dp_mdr_ingest_options *options,
                              const struct dp_mdr_genotypes *genotypes,
                              const struct dp_mdr_ingest_counts *counts)
{
    struct judge judge = {.file = hts_open(path, "r"), .field = options->field};
    struct dp_mdr_ingest_counts seen = {0};
    size_t number = 0;
    int allele, alts, s;

    ck_assert_ptr_nonnull(judge.file);
    judge.header = bcf_hdr_read(judge.file);
    ck_assert_ptr_nonnull(judge.header);
    judge.record = bcf_init();
    judge.samples = bcf_hdr_nsamples(judge.header);
    ck_assert_uint_eq(dp_mdr_genotypes_sample_count(genotypes), (size_t)judge.samples);
    for (s = 0; s < judge.samples; s++)
        ck_assert_str_eq(dp_mdr_genotypes_sample(genotypes, (size_t)s), judge.header->samples[s]);
    while (bcf_read(judge.file, judge.header, judge.record) == 0) {
        ck_assert_int_eq(bcf_unpack(judge.record, BCF_UN_ALL), 0);
        judge_fetch(&judge);
        for (alts = 0, allele = 1; allele < judge.record->n_allele; allele++)
            alts += judge_is_allele(judge.record->d.allele[allele]);
        seen.records++;
        seen.multiallelic += alts > 1;
        if (alts == 0 || (alts > 1 && !options->split_multiallelic)) {
            seen.skipped++;
            continue;
        }
        seen.with_field += (judge.field == DP_MDR_GT ? judge.gt_count : judge.value_count) > 0;
        for (allele = 1; allele < judge.record->n_allele; allele++)
            if (judge_is_allele(judge.record->d.allele[allele])) {
                ck_assert_uint_lt(number, dp_mdr_genotypes_variant_count(genotypes));
                judge_variant(&judge, genotypes, number++, allele, options->certainty);
            }
    }
    ck_assert_uint_eq(number, dp_mdr_genotypes_variant_count(genotypes));
    ck_assert_uint_eq(counts->records, seen.records);
    ck_assert_uint_eq(counts->multiallelic, seen.multiallelic);
    ck_assert_uint_eq(counts->skipped, seen.skipped);
    ck_assert_uint_eq(counts->with_field, seen.with_field);
    bcf_destroy(judge.record);
    bcf_hdr_destroy(judge.header);
    hts_close(judge.file);
    free(judge.gt);
    free(judge.values);
}

#endif
