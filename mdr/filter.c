/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/filter.h"

#include "base/le.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t low_bits = 0x5555555555555555u; /* the lower one of each call's two bits */

/* Which calls of a row are the cohort's, as words of 32 calls: the lower bit of a call is set. */
struct masks {
    size_t row_bytes, word_count;
    uint64_t *of_class[2]; /* 0 controls, 1 cases */
    uint64_t total[2];
};

enum verdict { KEPT, NOT_PASSED, MISSING, CONSTANT, RARE, DISEQUILIBRIUM };

static int make_masks(const struct dp_mdr_genotypes *genotypes, const struct dp_mdr_cohort *cohort,
                      struct masks *masks, struct dp_error *err)
{
    size_t i, sample_count = dp_mdr_genotypes_sample_count(genotypes);

    masks->row_bytes = (sample_count + 3) / 4;
    masks->word_count = (sample_count + 31) / 32;
    masks->of_class[0] = calloc(masks->word_count * 2 + 1, sizeof(*masks->of_class[0]));
    if (!masks->of_class[0])
        return dp_error_no_memory(err);
    masks->of_class[1] = masks->of_class[0] + masks->word_count;
    for (i = 0; i < cohort->sample_count; i++) {
        size_t column = cohort->column[i];

        masks->of_class[cohort->is_case[i]][column / 32] |= (uint64_t)1 << column % 32 * 2;
    }
    masks->total[0] = cohort->control_count;
    masks->total[1] = cohort->case_count;
    return DP_OK;
}

/* Bits set in a word, by sums of ever wider fields: processors that count bits in one instruction
 * are not all processors, and the compiler vectorizes this for those that have it not. */
static inline uint64_t bits_of(uint64_t x)
{
    x -= x >> 1 & low_bits;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return x * 0x0101010101010101u >> 56;
}

/* 32 calls from `row`, of which `bytes` are left. */
static inline uint64_t load(const uint8_t *row, size_t bytes)
{
    uint64_t word = 0;
    size_t i;

    if (bytes >= 8)
        return dp_le64_load(row);
    for (i = 0; i < bytes; i++)
        word |= (uint64_t)row[i] << 8 * i;
    return word;
}

static void count_calls(const struct masks *masks, const uint8_t *row, struct dp_mdr_calls *calls)
{
    uint64_t low[2] = {0}, high[2] = {0}, both[2] = {0};
    size_t w;
    int c;

    for (w = 0; w < masks->word_count; w++) {
        uint64_t word = load(row + w * 8, masks->row_bytes - w * 8);

        for (c = 0; c < 2; c++) {
            uint64_t mask = masks->of_class[c][w];

            low[c] += bits_of(word & mask);
            high[c] += bits_of(word >> 1 & mask);
            both[c] += bits_of(word & word >> 1 & mask);
        }
    }
    for (c = 0; c < 2; c++) {
        uint32_t *count = calls->count[c];

        count[1] = (uint32_t)(low[c] - both[c]);
        count[2] = (uint32_t)(high[c] - both[c]);
        count[3] = (uint32_t)both[c];
        count[0] = (uint32_t)masks->total[c] - count[1] - count[2] - count[3];
    }
}

/* Calls with fixed allele counts: only the number of heterozygotes may vary, by twos. */
struct trial {
    uint64_t calls, rare_alleles;
};

/* How much more probable two heterozygotes fewer are than `het`; two more than `het`. */
static double fewer(const struct trial *trial, uint64_t het)
{
    uint64_t rare = (trial->rare_alleles - het) / 2, other = trial->calls - het - rare;

    return (double)het * (double)(het - 1) / (4.0 * (double)(rare + 1) * (double)(other + 1));
}

static double more(const struct trial *trial, uint64_t het)
{
    uint64_t rare = (trial->rare_alleles - het) / 2, other = trial->calls - het - rare;

    return 4.0 * (double)rare * (double)other / ((double)(het + 2) * (double)(het + 1));
}

/* The number of heterozygotes near the mean. */
static uint64_t middle_of(const struct trial *trial)
{
    uint64_t het =
        (uint64_t)((double)trial->rare_alleles * (double)(2 * trial->calls - trial->rare_alleles) /
                   (double)(2 * trial->calls));

    het += (het ^ trial->rare_alleles) & 1; /* as odd or even as the alleles are */
    return het > trial->rare_alleles ? het - 2 : het;
}

/* All chances are in proportion to that of the middle, so that nothing underflows where it counts.
 * Wigginton, Cutler and Abecasis (2005), American Journal of Human Genetics 76:887. */
double dp_mdr_filter_hwe(uint64_t homozygous, uint64_t heterozygous, uint64_t other_homozygous)
{
    /* What is as probable as the observed calls may be computed as a little more probable. */
    static const double tie = 1 + 1e-8;
    uint64_t rare = homozygous < other_homozygous ? homozygous : other_homozygous;
    struct trial trial = {homozygous + heterozygous + other_homozygous, 2 * rare + heterozygous};
    double chance = 1, observed = 1, sum = 1, far;
    uint64_t het, middle;

    if (trial.calls == 0)
        return 1;
    middle = middle_of(&trial);
    for (het = middle; het > heterozygous; het -= 2)
        observed *= fewer(&trial, het);
    for (; het < heterozygous; het += 2)
        observed *= more(&trial, het);
    observed *= tie;
    far = chance <= observed ? chance : 0;
    for (het = middle; het > 1; het -= 2) {
        chance *= fewer(&trial, het);
        sum += chance;
        far += chance <= observed ? chance : 0;
    }
    for (het = middle, chance = 1; het < trial.rare_alleles; het += 2) {
        chance *= more(&trial, het);
        sum += chance;
        far += chance <= observed ? chance : 0;
    }
    return far < sum ? far / sum : 1;
}

static enum verdict judge(const struct dp_mdr_filter_options *options,
                          const struct dp_mdr_calls *calls)
{
    uint64_t count[4], called, rare;
    int i, kinds = 0;

    for (i = 0; i < 4; i++) {
        count[i] = (uint64_t)calls->count[0][i] + calls->count[1][i];
        kinds += i < 3 && count[i] > 0;
    }
    called = count[0] + count[1] + count[2];
    if (called == 0 || (double)count[3] / (double)(called + count[3]) > options->max_missing)
        return MISSING;
    if (kinds == 1)
        return CONSTANT;
    rare = count[1] + 2 * (count[0] < count[2] ? count[0] : count[2]);
    if ((double)rare / (double)(2 * called) < options->maf)
        return RARE;
    if (options->hwe > 0 && dp_mdr_filter_hwe(calls->count[0][0], calls->count[0][1],
                                              calls->count[0][2]) < options->hwe)
        return DISEQUILIBRIUM;
    return KEPT;
}

/* What becomes of each variant; they do not depend on each other. */
static void judge_all(const struct dp_mdr_genotypes *genotypes, const struct masks *masks,
                      const struct dp_mdr_filter_options *options, uint8_t *verdicts)
{
    int64_t n, count = (int64_t)dp_mdr_genotypes_variant_count(genotypes);
    int threads = options->threads > 1 ? (int)options->threads : 1;

    (void)threads; /* where OpenMP is not built in */
#pragma omp parallel for schedule(dynamic, 256) num_threads(threads)
    for (n = 0; n < count; n++) {
        struct dp_mdr_variant variant;
        struct dp_mdr_calls calls;

        dp_mdr_genotypes_variant(genotypes, (size_t)n, &variant);
        if (options->passed_only && !variant.passed) {
            verdicts[n] = NOT_PASSED;
            continue;
        }
        count_calls(masks, dp_mdr_genotypes_row(genotypes, (size_t)n), &calls);
        verdicts[n] = (uint8_t)judge(options, &calls);
    }
}

static int check_options(const struct dp_mdr_filter_options *options, struct dp_error *err)
{
    if (!(options->maf >= 0 && options->maf <= 0.5))
        return dp_error_set(err, DP_INVALID, "an allele frequency of %g: it may be 0 to 0.5",
                            options->maf);
    if (!(options->max_missing >= 0 && options->max_missing <= 1))
        return dp_error_set(err, DP_INVALID, "a share of missing calls of %g: it may be 0 to 1",
                            options->max_missing);
    if (!(options->hwe >= 0 && options->hwe <= 1))
        return dp_error_set(err, DP_INVALID, "a p-value of %g: it may be 0 to 1", options->hwe);
    return DP_OK;
}

static void sum_up(const uint8_t *verdicts, size_t variant_count, uint32_t *variants,
                   struct dp_mdr_filter_counts *counts)
{
    uint64_t of[DISEQUILIBRIUM + 1] = {0};
    size_t n;

    for (n = 0; n < variant_count; n++) {
        if (verdicts[n] == KEPT)
            variants[of[KEPT]] = (uint32_t)n;
        of[verdicts[n]]++;
    }
    *counts = (struct dp_mdr_filter_counts){
        .variants = variant_count,
        .not_passed = of[NOT_PASSED],
        .missing = of[MISSING],
        .constant = of[CONSTANT],
        .rare = of[RARE],
        .disequilibrium = of[DISEQUILIBRIUM],
        .kept = of[KEPT],
    };
}

static int too_few(const struct dp_mdr_filter_counts *counts, unsigned order, struct dp_error *err)
{
    return dp_error_set(err, DP_DATA,
                        "%llu of %llu variants are left, at least %u are needed (removed: %llu not "
                        "PASS, %llu with missing calls, %llu constant, %llu by allele frequency, "
                        "%llu not in equilibrium)",
                        (unsigned long long)counts->kept, (unsigned long long)counts->variants,
                        order, (unsigned long long)counts->not_passed,
                        (unsigned long long)counts->missing, (unsigned long long)counts->constant,
                        (unsigned long long)counts->rare,
                        (unsigned long long)counts->disequilibrium);
}

int dp_mdr_filter_apply(const struct dp_mdr_genotypes *genotypes,
                        const struct dp_mdr_cohort *cohort,
                        const struct dp_mdr_filter_options *options, uint32_t **variants,
                        size_t *count, struct dp_mdr_filter_counts *counts, struct dp_error *err)
{
    size_t variant_count = dp_mdr_genotypes_variant_count(genotypes);
    struct dp_mdr_filter_counts found;
    struct masks masks = {0};
    uint8_t *verdicts = NULL;
    uint32_t *kept = NULL;
    int result = check_options(options, err);

    if (result < 0)
        return result;
    if (variant_count > UINT32_MAX)
        return dp_error_set(err, DP_UNSUPPORTED, "more than %u variants", UINT32_MAX);
    verdicts = malloc(variant_count + 1);
    kept = malloc((variant_count + 1) * sizeof(*kept));
    result =
        verdicts && kept ? make_masks(genotypes, cohort, &masks, err) : dp_error_no_memory(err);
    if (result < 0)
        goto out;
    judge_all(genotypes, &masks, options, verdicts);
    sum_up(verdicts, variant_count, kept, &found);
    if (counts)
        *counts = found;
    if (found.kept < options->order) {
        result = too_few(&found, options->order, err);
        goto out;
    }
    *variants = kept;
    *count = (size_t)found.kept;
    kept = NULL;
out:
    free(masks.of_class[0]);
    free(kept);
    free(verdicts);
    return result;
}
