/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/report.c: columns, numbers, order. */

#include "config.h"

#include "tests/mdr_study.h"

#include "mdr/report.h"
#include "mdr/stats.h"

#include <math.h>

static const struct mdr_shape shape = {40, 30, 3, 45, 10, true};
static struct mdr_data data;
static struct dp_mdr_study study;

static void setup(void)
{
    mdr_make(&shape, 7, &data);
    mdr_make_study(&data, NULL, &study);
}

static void teardown(void)
{
    mdr_free_study(&study);
    mdr_free(&data);
}

/* Hits 0, 1, ... of `count`, from a list that is longer than what is made at once. */
struct giving {
    uint32_t given, count;
};

static int give(void *user, struct dp_mdr_hit *hit, struct dp_error *err)
{
    struct giving *giving = user;

    (void)err;
    if (giving->given == giving->count)
        return 0;
    *hit = (struct dp_mdr_hit){.score = 0.5};
    hit->variant[0] = giving->given % 9;
    hit->variant[1] = 9 + giving->given % 10;
    hit->variant[2] = 19 + giving->given % 11;
    giving->given++;
    return 1;
}

static int keep(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    (void)err;
    ck_assert_uint_eq(fwrite(bytes, 1, length, user), length);
    return 0;
}

static char *report(const struct dp_mdr_report *how, uint32_t count)
{
    struct giving giving = {0, count};
    char *text = NULL;
    size_t length;
    uint64_t rows;
    FILE *out = open_memstream(&text, &length);

    MUST(dp_mdr_report_write(how, give, &giving, keep, out, &rows, NULL));
    ck_assert_uint_eq(rows, count);
    fclose(out);
    return text;
}

/* Field `number` (from 0) of line `line`; not to be freed. */
static const char *field(const char *text, unsigned line, unsigned number)
{
    static char value[1024];

    for (; line > 0; line--)
        text = strchr(text, '\n') + 1;
    for (; number > 0; number--)
        text += strcspn(text, "\t\n") + 1;
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(text, "\t\n"), text);
    return value;
}

static void must_begin(const char *text, const char *begin)
{
    ck_assert_msg(strncmp(text, begin, strlen(begin)) == 0, "it begins: %.300s", text);
}

START_TEST(columns)
{
    struct dp_mdr_report how = {.study = &study, .order = 2, .threads = 1};
    char *text = report(&how, 1);

    must_begin(text, "rank\tid1\tid2\tchrom1\tpos1\tchrom2\tpos2\ttrain_ba\ttest_ba\tcvc\t"
                     "train_ba_1\ttest_ba_1\ttrain_ba_2\ttest_ba_2\ttrain_ba_3\ttest_ba_3\t"
                     "ref1\talt1\tref2\talt2\tn\todds_ratio\tor_low\tor_high\tchi_square\t"
                     "p\tinformation_gain\tcells\n1\tv0\tv9\tchr1\t100\tchr1\t109\t");
    ck_assert_str_eq(field(text, 1, 9), "NA"); /* CVC was not asked for */
    ck_assert_str_eq(field(text, 1, 16), "A");
    ck_assert_str_eq(field(text, 1, 19), "C");
    free(text);
    how.order = 3;
    text = report(&how, 1);
    must_begin(text, "rank\tid1\tid2\tid3\tchrom1\tpos1\tchrom2\tpos2\tchrom3\tpos3\t"
                     "train_ba\ttest_ba\tcvc\ttrain_ba_1\t");
    ck_assert_str_eq(field(text, 1, 3), "v19");
    ck_assert_str_eq(field(text, 1, 9), "119");
    free(text);
}
END_TEST

/* Numbers are those of mdr_scores and dp_mdr_stats_make of the same table. */
START_TEST(numbers)
{
    const struct dp_mdr_permutation best[] = {{{0.2, {0}}, 1},
                                              {{0.4, {0}}, 2},
                                              {{0.5, {0}}, 3},
                                              {{0.6, {0}}, 4},
                                              {{0.9, {0}}, 5}};
    struct dp_mdr_hit folds[3] = {{0.7, {0, 9, 0}}, {0.7, {1, 9, 0}}, {0.7, {0, 9, 0}}};
    struct dp_mdr_report how = {.study = &study,
                                .order = 2,
                                .threads = 1,
                                .fold_best = folds,
                                .permutations = best,
                                .permutation_count = 5};
    const uint32_t variants[2] = {0, 9};
    struct dp_mdr_scores scores;
    struct dp_mdr_stats stats;
    struct dp_mdr_table table;
    char cells[DP_MDR_CELLS_TEXT_BYTES], *text = report(&how, 2);

    mdr_naive_table(&data, 2, variants, &table);
    mdr_scores(&table, data.cohort.case_count, data.cohort.control_count, &scores);
    dp_mdr_stats_make(&table, data.cohort.case_count, data.cohort.control_count, &stats);
    ck_assert(fabs(atof(field(text, 1, 7)) - scores.mean_train) < 1e-10);
    ck_assert(fabs(atof(field(text, 1, 8)) - scores.mean_test) < 1e-10);
    ck_assert_str_eq(field(text, 1, 9), "2");
    ck_assert_str_eq(field(text, 2, 9), "0");
    ck_assert(fabs(atof(field(text, 1, 15)) - scores.test[2]) < 1e-10);
    ck_assert_uint_eq((unsigned)atoi(field(text, 1, 20)), stats.sample_count);
    ck_assert(fabs(atof(field(text, 1, 24)) - stats.chi_square) < 1e-6);
    ck_assert_str_eq(field(text, 1, 27), dp_mdr_stats_cells(&stats, cells, sizeof(cells)));
    ck_assert_str_eq(field(text, 0, 28), "permutation_p");
    ck_assert_str_eq(field(text, 1, 28), "0.6666666667"); /* (1 + 3) / 6: 0.5 is as good as 0.5 */
    free(text);
}
END_TEST

START_TEST(threads)
{
    struct dp_mdr_report how = {.study = &study, .order = 2, .threads = 1};
    char *one = report(&how, 2000), *four;

    how.threads = 4;
    four = report(&how, 2000);
    ck_assert_str_eq(one, four);
    ck_assert_str_eq(field(one, 1999, 0), "1999");
    free(one);
    free(four);
}
END_TEST

static int full(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    (void)bytes;
    (void)length;
    return ++*(unsigned *)user > 1 ? dp_error_set(err, DP_IO, "full") : 0;
}

START_TEST(nowhere_to_write)
{
    struct dp_mdr_report how = {.study = &study, .order = 2, .threads = 2};
    struct giving giving = {0, 100};
    struct dp_error err;
    unsigned calls = 0;

    ck_assert_int_eq(dp_mdr_report_write(&how, give, &giving, full, &calls, NULL, &err), DP_IO);
    ck_assert_str_eq(err.message, "full");
    ck_assert_uint_eq(calls, 2);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("report");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, columns);
    tcase_add_test(tcase, numbers);
    tcase_add_test(tcase, threads);
    tcase_add_test(tcase, nowhere_to_write);
    return mdr_run(tcase, "mdr_report");
}
