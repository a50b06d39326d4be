/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/mdr_cohort.h"

#include "mdr/folds.h"

/* "dcdcc..." of `count` samples; every `each`-th is a case. */
static char *classes_of(size_t count, size_t each)
{
    char *classes = malloc(count + 1);
    size_t i;

    for (i = 0; i < count; i++)
        classes[i] = i % each == 0 ? 'c' : 'd';
    classes[count] = '\0';
    return classes;
}

static char *format(const struct dp_mdr_genotypes *genotypes, const struct dp_mdr_cohort *cohort)
{
    char *text = NULL;
    size_t length = 0;

    ck_assert_int_eq(dp_mdr_folds_format(genotypes, cohort, &text, &length, NULL), DP_OK);
    ck_assert_uint_eq(strlen(text), length);
    return text;
}

START_TEST(classes_are_spread_evenly)
{
    size_t count = 1003, i;
    struct dp_mdr_genotypes *genotypes = test_numbered_genotypes(count);
    char *classes = classes_of(count, 9);
    struct dp_mdr_cohort cohort = test_cohort(genotypes, classes);
    unsigned folds;

    for (folds = 2; folds <= 20; folds++) {
        uint64_t have[2][20] = {{0}}, low, high;

        ck_assert_int_eq(dp_mdr_folds_deal(genotypes, &cohort, folds, 42, NULL), DP_OK);
        ck_assert_uint_eq(cohort.fold_count, folds);
        for (i = 0; i < count; i++)
            have[cohort.is_case[i]][cohort.fold[i]]++;
        for (i = 0; i < folds; i++) {
            low = cohort.control_count / folds;
            ck_assert(have[0][i] == low || have[0][i] == low + 1);
            low = cohort.case_count / folds;
            ck_assert(have[1][i] == low || have[1][i] == low + 1);
            high = count / folds; /* the cases go on where the controls ended */
            ck_assert(have[0][i] + have[1][i] == high || have[0][i] + have[1][i] == high + 1);
        }
    }
    dp_mdr_cohort_free(&cohort);
    dp_mdr_genotypes_free(genotypes);
    free(classes);
}
END_TEST

/* The same people in another order get the same folds; another seed gives others. */
START_TEST(folds_hang_on_ids_classes_and_seed_alone)
{
    static const char *const one[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    static const char *const other[] = {"j", "c", "a", "i", "b", "h", "d", "g", "f", "e"};
    /* of one: a c e g i are cases */
    struct dp_mdr_genotypes *first = test_genotypes(one, 10), *second = test_genotypes(other, 10);
    struct dp_mdr_cohort a = test_cohort(first, "cdcdcdcdcd");
    struct dp_mdr_cohort b = test_cohort(second, "dcccdddcdc");
    char *text_a, *text_b, *text_c;

    ck_assert_int_eq(dp_mdr_folds_deal(first, &a, 3, 7, NULL), DP_OK);
    ck_assert_int_eq(dp_mdr_folds_deal(second, &b, 3, 7, NULL), DP_OK);
    text_a = format(first, &a);
    text_b = format(second, &b);
    ck_assert_str_eq(text_a, text_b);
    ck_assert_int_eq(dp_mdr_folds_deal(first, &a, 3, 8, NULL), DP_OK);
    text_c = format(first, &a);
    ck_assert_str_ne(text_a, text_c);
    /* Pinned: a change of the assignment would change every published result. */
    ck_assert_str_eq(text_a,
                     "#IID\tFOLD\na\t1\nb\t3\nc\t3\nd\t1\ne\t3\nf\t1\ng\t2\nh\t2\ni\t1\nj\t2\n");
    free(text_a);
    free(text_b);
    free(text_c);
    dp_mdr_cohort_free(&a);
    dp_mdr_cohort_free(&b);
    dp_mdr_genotypes_free(first);
    dp_mdr_genotypes_free(second);
}
END_TEST

START_TEST(too_few_samples_or_folds)
{
    static const char *const ids[] = {"a", "b", "c", "d", "e"};
    struct dp_mdr_genotypes *genotypes = test_genotypes(ids, 5);
    struct dp_mdr_cohort cohort = test_cohort(genotypes, "cdcdc");
    struct dp_error err = {0};

    ck_assert_int_eq(dp_mdr_folds_deal(genotypes, &cohort, 3, 1, &err), DP_DATA);
    ck_assert_str_eq(err.message, "3 folds are too many for 3 cases and 2 controls: each fold must "
                                  "have one of either");
    ck_assert_int_eq(dp_mdr_folds_deal(genotypes, &cohort, 1, 1, &err), DP_INVALID);
    ck_assert_int_eq(dp_mdr_folds_deal(genotypes, &cohort, 21, 1, &err), DP_INVALID);
    ck_assert_uint_eq(cohort.fold_count, 0);
    ck_assert_int_eq(dp_mdr_folds_deal(genotypes, &cohort, 2, 1, &err), DP_OK);
    dp_mdr_cohort_free(&cohort);
    dp_mdr_genotypes_free(genotypes);
}
END_TEST

/* What reading `text` says of the samples a to e, of which a, c and e are cases. */
static const char *reading(const char *text)
{
    static const char *const ids[] = {"a", "b", "c", "d", "e"};
    static char said[1100];
    struct dp_context *context = test_context();
    struct dp_mdr_genotypes *genotypes = test_genotypes(ids, 5);
    struct dp_mdr_cohort cohort = test_cohort(genotypes, "cdcdc");
    struct dp_error err = {0};
    uint64_t unknown = 99;
    char *colon;
    int i;

    test_write_file("folds", text, strlen(text));
    if (dp_mdr_folds_read(context, "folds", genotypes, &cohort, &unknown, NULL, &err) < 0) {
        ck_assert_int_eq(err.code, DP_DATA);
        ck_assert_uint_eq(cohort.fold_count, 0);
        colon = strstr(err.message, "folds:");
        ck_assert_ptr_nonnull(colon);
        strcpy(said, colon);
    } else {
        for (i = 0; i < 5; i++)
            said[i] = (char)('0' + cohort.fold[i]);
        sprintf(said + 5, " of %u, %u unknown", cohort.fold_count, (unsigned)unknown);
    }
    dp_mdr_cohort_free(&cohort);
    dp_mdr_genotypes_free(genotypes);
    dp_context_free(context);
    return said;
}

START_TEST(a_file_of_folds_is_taken_as_it_is)
{
    const char *folder = test_enter_folder();

    ck_assert_str_eq(reading("a\t1\nb\t1\nc\t2\nd\t2\ne\t2\nx\t9\ny\t20\n"),
                     "00111 of 2, 2 unknown");
    ck_assert_str_eq(reading("#IID\tFOLD\ne 1\n"),
                     "folds:2: 1 columns instead of two, ID and fold");
    ck_assert_str_eq(reading("e\t2\nd\t2\nc\t1\nb\t1\n"), "folds: no fold for the sample 'a'");
    ck_assert_str_eq(reading("a\t1\nb\t1\nc\t3\nd\t3\ne\t1\n"), "folds: fold 2 has no control");
    ck_assert_str_eq(reading("a\t1\nb\t2\nc\t1\nd\t1\ne\t1\n"), "folds: fold 2 has no case");
    ck_assert_str_eq(reading("a\t1\nb\t1\nc\t1\nd\t1\ne\t1\n"),
                     "folds: all samples are in one fold");
    ck_assert_str_eq(reading("a\t1\nb\t0\n"), "folds:2: '0' is no fold from 1 to 20");
    ck_assert_str_eq(reading("a\t1\nb\t21\n"), "folds:2: '21' is no fold from 1 to 20");
    ck_assert_str_eq(reading("a\t1\nb\tx\n"), "folds:2: 'x' is no fold from 1 to 20");
    ck_assert_str_eq(reading("a\t1\na\t1\n"), "folds:2: ID 'a' has a fold already");
    ck_assert_str_eq(reading(""), "folds: no fold for the sample 'a'");
    test_leave_folder(folder);
}
END_TEST

START_TEST(what_was_written_can_be_read)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    size_t count = 500;
    struct dp_mdr_genotypes *genotypes = test_numbered_genotypes(count);
    char *classes = classes_of(count, 3), *text;
    struct dp_mdr_cohort dealt = test_cohort(genotypes, classes);
    struct dp_mdr_cohort read = test_cohort(genotypes, classes);
    uint64_t unknown = 99;

    ck_assert_int_eq(dp_mdr_folds_deal(genotypes, &dealt, 7, 3, NULL), DP_OK);
    text = format(genotypes, &dealt);
    test_write_file("folds", text, strlen(text));
    ck_assert_int_eq(
        dp_mdr_folds_read(context, "folds", genotypes, &read, &unknown, NULL, NULL), DP_OK);
    ck_assert_uint_eq(unknown, 0);
    ck_assert_uint_eq(read.fold_count, 7);
    ck_assert_mem_eq(read.fold, dealt.fold, count);
    free(text);
    free(classes);
    dp_mdr_cohort_free(&dealt);
    dp_mdr_cohort_free(&read);
    dp_mdr_genotypes_free(genotypes);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("mdr_folds", classes_are_spread_evenly, folds_hang_on_ids_classes_and_seed_alone,
          too_few_samples_or_folds, a_file_of_folds_is_taken_as_it_is, what_was_written_can_be_read)
