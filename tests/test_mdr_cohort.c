/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/mdr_cohort.h"

static const char *const ids[] = {"d", "a", "c", "b", "e"};

static int match(const char *text, struct dp_mdr_cohort *cohort,
                 struct dp_mdr_cohort_counts *counts, struct dp_error *err)
{
    struct dp_mdr_genotypes *genotypes = test_genotypes(ids, 5);
    struct dp_mdr_phenotypes *phenotypes = NULL;
    int result;

    ck_assert_int_eq(dp_mdr_phenotype_parse(text, strlen(text), "p", NULL, &phenotypes, NULL),
                     DP_OK);
    result = dp_mdr_cohort_match(genotypes, phenotypes, cohort, counts, err);
    dp_mdr_phenotype_free(phenotypes);
    dp_mdr_genotypes_free(genotypes);
    return result;
}

START_TEST(samples_are_matched_by_id)
{
    static const uint32_t columns[] = {0, 1, 3};
    static const uint8_t cases[] = {0, 1, 1};
    struct dp_mdr_cohort cohort;
    struct dp_mdr_cohort_counts counts;

    ck_assert_int_eq(match("a\t2\nb\t2\nc\t-9\nd\t1\nx\t1\ny\t0\n", &cohort, &counts, NULL), DP_OK);
    ck_assert_uint_eq(cohort.sample_count, 3);
    ck_assert_mem_eq(cohort.column, columns, sizeof(columns));
    ck_assert_mem_eq(cohort.is_case, cases, sizeof(cases));
    ck_assert_uint_eq(cohort.case_count, 2);
    ck_assert_uint_eq(cohort.control_count, 1);
    ck_assert_uint_eq(cohort.fold_count, 0);
    ck_assert_uint_eq(counts.genotyped, 5);
    ck_assert_uint_eq(counts.analysed, 3);
    ck_assert_uint_eq(counts.missing, 1);
    ck_assert_uint_eq(counts.genotypes_only, 1);
    ck_assert_uint_eq(counts.phenotypes_only, 2);
    dp_mdr_cohort_free(&cohort);
    ck_assert_ptr_null(cohort.column);
}
END_TEST

static void check_refused(const char *text, const char *message)
{
    struct dp_mdr_cohort cohort = {.sample_count = 77};
    struct dp_error err = {0};

    ck_assert_int_eq(match(text, &cohort, NULL, &err), DP_DATA);
    ck_assert_str_eq(err.message, message);
    ck_assert_uint_eq(cohort.sample_count, 77);
}

START_TEST(a_cohort_without_two_classes_is_refused)
{
    check_refused("x1\t2\nx2\t1\n", "p: none of its 2 IDs is a sample of the genotypes: 'x1' here, "
                                    "'d' there");
    check_refused("a\t1\nb\t1\nx\t2\n", "p: no case among the 2 samples with a phenotype");
    check_refused("a\t1\nb\t0\nx\t2\n",
                  "p: no case among the 1 samples with a phenotype; 0 is missing here: with --01 "
                  "it is a control, 1 a case");
    check_refused("a\t2\nb\t2\nx\t1\n", "p: no control among the 2 samples with a phenotype");
    check_refused("a\t0\nb\t-9\nx\t1\n", "p: the phenotypes of all 2 samples are missing");
}
END_TEST

TEST_MAIN("mdr_cohort", samples_are_matched_by_id, a_cohort_without_two_classes_is_refused)
