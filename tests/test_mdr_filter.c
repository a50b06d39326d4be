/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/mdr_cohort.h"

#include "mdr/filter.h"

#include <math.h>

static const struct dp_mdr_filter_options none = {.max_missing = 1, .order = 0};

/* Appends a variant whose call of sample i is the digit calls[i], '.' for a missing one. */
static void add(struct dp_mdr_genotypes *genotypes, const char *calls, bool passed)
{
    struct dp_mdr_variant variant = {
        .id = "v", .chrom = "1", .ref = "A", .alt = "C", .position = 1, .passed = passed};
    size_t i, count = strlen(calls);
    uint8_t *values = malloc(count);

    ck_assert_uint_eq(count, dp_mdr_genotypes_sample_count(genotypes));
    for (i = 0; i < count; i++)
        values[i] = calls[i] == '.' ? DP_MDR_MISSING : (uint8_t)(calls[i] - '0');
    ck_assert_int_eq(dp_mdr_genotypes_add(genotypes, &variant, values, NULL), DP_OK);
    free(values);
}

/* The numbers that stay, as text. */
static const char *kept(const struct dp_mdr_genotypes *genotypes,
                        const struct dp_mdr_cohort *cohort, struct dp_mdr_filter_options options,
                        struct dp_mdr_filter_counts *counts)
{
    static char text[200];
    uint32_t *variants = NULL;
    size_t i, count = 0, length = 0;

    ck_assert_int_eq(
        dp_mdr_filter_apply(genotypes, cohort, &options, &variants, &count, counts, NULL), DP_OK);
    *text = '\0';
    for (i = 0; i < count; i++)
        length += (size_t)sprintf(text + length, "%s%u", i ? " " : "", variants[i]);
    ck_assert_uint_eq(counts->kept, count);
    ck_assert_uint_eq(counts->variants, counts->kept + counts->not_passed + counts->missing +
                                            counts->constant + counts->rare +
                                            counts->disequilibrium);
    free(variants);
    return text;
}

START_TEST(each_variant_is_counted_where_it_falls)
{
    /* The last two samples are not analysed. */
    struct dp_mdr_genotypes *genotypes = test_numbered_genotypes(12);
    struct dp_mdr_cohort cohort = test_cohort(genotypes, "cdcdcdcdcd--");
    struct dp_mdr_filter_options options = none;
    struct dp_mdr_filter_counts counts;

    add(genotypes, "000000000022", true);  /* 0: constant in the cohort */
    add(genotypes, "111111111122", true);  /* 1: so is this */
    add(genotypes, "000000000100", true);  /* 2: frequency 0.05 */
    add(genotypes, "222222222100", true);  /* 3: the other way round */
    add(genotypes, "01201201201.", false); /* 4 */
    add(genotypes, "0120120.....", true);  /* 5: 3 of 10 missing */
    add(genotypes, "..........12", true);  /* 6: no calls in the cohort */
    add(genotypes, "012012012012", true);  /* 7 */
    ck_assert_str_eq(kept(genotypes, &cohort, options, &counts), "2 3 4 5 7");
    ck_assert_uint_eq(counts.constant, 2);
    ck_assert_uint_eq(counts.missing, 1);
    options.maf = 0.05;
    ck_assert_str_eq(kept(genotypes, &cohort, options, &counts), "2 3 4 5 7");
    options.maf = 0.06;
    ck_assert_str_eq(kept(genotypes, &cohort, options, &counts), "4 5 7");
    ck_assert_uint_eq(counts.rare, 2);
    options.max_missing = 0.3;
    ck_assert_str_eq(kept(genotypes, &cohort, options, &counts), "4 5 7");
    options.max_missing = 0.29;
    ck_assert_str_eq(kept(genotypes, &cohort, options, &counts), "4 7");
    ck_assert_uint_eq(counts.missing, 2);
    options.passed_only = true;
    ck_assert_str_eq(kept(genotypes, &cohort, options, &counts), "7");
    ck_assert_uint_eq(counts.not_passed, 1);
    dp_mdr_cohort_free(&cohort);
    dp_mdr_genotypes_free(genotypes);
}
END_TEST

START_TEST(equilibrium_is_asked_of_controls_only)
{
    struct dp_mdr_genotypes *genotypes = test_numbered_genotypes(40);
    struct dp_mdr_cohort cohort = test_cohort(genotypes, "dddddddddddddddddddd"
                                                         "cccccccccccccccccccc");
    struct dp_mdr_filter_options options = none;
    struct dp_mdr_filter_counts counts;

    add(genotypes, "0000011111111112222200000000000222222222", true); /* controls are in it */
    add(genotypes, "0000000000222222222200000111111111122222", true); /* cases are in it */
    options.hwe = 1e-4;
    ck_assert_str_eq(kept(genotypes, &cohort, options, &counts), "0");
    ck_assert_uint_eq(counts.disequilibrium, 1);
    dp_mdr_cohort_free(&cohort);
    dp_mdr_genotypes_free(genotypes);
}
END_TEST

START_TEST(too_few_variants_or_senseless_limits)
{
    struct dp_mdr_genotypes *genotypes = test_numbered_genotypes(4);
    struct dp_mdr_cohort cohort = test_cohort(genotypes, "cdcd");
    struct dp_mdr_filter_options options = none, wrong;
    struct dp_mdr_filter_counts counts;
    struct dp_error err = {0};
    uint32_t *variants = NULL;
    size_t count = 77;

    add(genotypes, "0120", true);
    add(genotypes, "0000", true);
    options.order = 2;
    ck_assert_int_eq(
        dp_mdr_filter_apply(genotypes, &cohort, &options, &variants, &count, &counts, &err),
        DP_DATA);
    ck_assert_str_eq(err.message,
                     "1 of 2 variants are left, at least 2 are needed (removed: 0 not PASS, 0 with "
                     "missing calls, 1 constant, 0 by allele frequency, 0 not in equilibrium)");
    ck_assert_uint_eq(counts.constant, 1);
    ck_assert_uint_eq(count, 77);
    wrong = none, wrong.maf = 0.51;
    ck_assert_int_eq(dp_mdr_filter_apply(genotypes, &cohort, &wrong, &variants, &count, NULL, NULL),
                     DP_INVALID);
    wrong = none, wrong.hwe = NAN;
    ck_assert_int_eq(dp_mdr_filter_apply(genotypes, &cohort, &wrong, &variants, &count, NULL, NULL),
                     DP_INVALID);
    wrong = none, wrong.max_missing = -1;
    ck_assert_int_eq(dp_mdr_filter_apply(genotypes, &cohort, &wrong, &variants, &count, NULL, NULL),
                     DP_INVALID);
    ck_assert_ptr_null(variants);
    dp_mdr_cohort_free(&cohort);
    dp_mdr_genotypes_free(genotypes);
}
END_TEST

/* Frequencies just at the limit, sample by sample, for sizes about the edges of words; with threads
 * and without. */
START_TEST(limits_are_exact_at_any_size)
{
    size_t sizes[] = {5, 31, 32, 33, 63, 64, 65, 127, 128, 300}, n, i, v;

    for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
        size_t size = sizes[n];
        struct dp_mdr_genotypes *genotypes = test_numbered_genotypes(size);
        char *calls = calloc(size + 1, 1), *classes = calloc(size + 1, 1);
        struct dp_mdr_filter_options options = none;
        struct dp_mdr_filter_counts counts;
        struct dp_mdr_cohort cohort;
        uint64_t want_missing = 0, want_rare = 0;

        for (i = 0; i < size; i++)
            classes[i] = "cd-dc"[i % 5];
        cohort = test_cohort(genotypes, classes);
        for (v = 0; v < 400; v++) {
            uint64_t have[4] = {0}, called, rare;

            for (i = 0; i < size; i++) {
                unsigned call = (unsigned)((i * 2654435761u + v * 40503u) >> 7) % (4 + v % 17);

                calls[i] = "012."[call < 4 ? call : 0];
                if (classes[i] != '-')
                    have[call < 4 ? call : 0]++;
            }
            add(genotypes, calls, true);
            called = have[0] + have[1] + have[2];
            rare = have[1] + 2 * (have[0] < have[2] ? have[0] : have[2]);
            if (called == 0 || 10 * have[3] > called + have[3])
                want_missing++;
            else if (have[0] != called && have[1] != called && have[2] != called &&
                     10 * rare < 2 * called * 2)
                want_rare++;
        }
        options.max_missing = 0.1;
        options.maf = 0.2;
        for (options.threads = 0; options.threads < 4; options.threads++) {
            uint32_t *variants = NULL;
            size_t count;

            ck_assert_int_eq(
                dp_mdr_filter_apply(genotypes, &cohort, &options, &variants, &count, &counts, NULL),
                DP_OK);
            ck_assert_uint_eq(counts.missing, want_missing);
            ck_assert_uint_eq(counts.rare, want_rare);
            free(variants);
        }
        dp_mdr_cohort_free(&cohort);
        dp_mdr_genotypes_free(genotypes);
        free(calls);
        free(classes);
    }
}
END_TEST

/* The definition, by logarithms of factorials. */
static double slow_hwe(unsigned aa, unsigned ab, unsigned bb)
{
    unsigned calls = aa + ab + bb, alleles = 2 * aa + ab, het;
    double observed = 0, far = 0, sum = 0;
    int pass;

    for (pass = 0; pass < 2; pass++) {
        for (het = alleles % 2; het <= alleles && het <= 2 * calls - alleles; het += 2) {
            unsigned a = (alleles - het) / 2, b = calls - het - a;
            double chance = exp(het * log(2) + lgamma(calls + 1.0) - lgamma(a + 1.0) -
                                lgamma(het + 1.0) - lgamma(b + 1.0) + lgamma(alleles + 1.0) +
                                lgamma(2.0 * calls - alleles + 1) - lgamma(2.0 * calls + 1));

            if (pass == 0 && het == ab)
                observed = chance;
            if (pass == 1) {
                sum += chance;
                far += chance <= observed * (1 + 1e-7) ? chance : 0;
            }
        }
    }
    return far / sum;
}

START_TEST(the_exact_test_is_exact)
{
    unsigned aa, ab, bb;

    for (aa = 0; aa < 25; aa++) {
        for (ab = 0; ab < 25; ab++) {
            for (bb = 0; bb < 25; bb++) {
                if (aa + ab + bb > 0)
                    ck_assert_double_eq_tol(dp_mdr_filter_hwe(aa, ab, bb), slow_hwe(aa, ab, bb),
                                            1e-9);
            }
        }
    }
    ck_assert_double_eq(dp_mdr_filter_hwe(0, 0, 0), 1);
    ck_assert_double_eq(dp_mdr_filter_hwe(0, 0, 1000), 1);
    /* Nothing underflows to a wrong answer with many samples. */
    ck_assert_double_eq_tol(dp_mdr_filter_hwe(12500, 25000, 12500), 1, 1e-9);
    ck_assert_double_eq_tol(dp_mdr_filter_hwe(12400, 25200, 12400), slow_hwe(12400, 25200, 12400),
                            1e-6);
    ck_assert(dp_mdr_filter_hwe(25000, 0, 25000) < 1e-300);
}
END_TEST

TEST_MAIN("mdr_filter", each_variant_is_counted_where_it_falls,
          equilibrium_is_asked_of_controls_only, too_few_variants_or_senseless_limits,
          limits_are_exact_at_any_size, the_exact_test_is_exact)
