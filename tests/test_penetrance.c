/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Penetrance tables: pure means pure, and a heritability is what was asked for. */

#include "datasets/penetrance.h"

#include <check.h>
#include <math.h>
#include <string.h>

static void near(double have, double want)
{
    ck_assert_msg(fabs(have - want) < 1e-12, "have %.17g, want %.17g", have, want);
}

static void no_variant_alone_says_anything(const struct dp_penetrance *table)
{
    unsigned which, call;

    for (which = 0; which < table->order; which++)
        for (call = 0; call < 3; call++)
            near(dp_penetrance_marginal(table, which, call), dp_penetrance_prevalence(table));
}

START_TEST(named_epistatic_tables_are_pure)
{
    static const char *const names[] = {"xor", "diagonal", "xor-strong", "xor3"};
    struct dp_penetrance table;

    ck_assert(dp_penetrance_named(names[_i], &table));
    no_variant_alone_says_anything(&table);
    ck_assert(dp_penetrance_heritability(&table) > 0.04);
}
END_TEST

START_TEST(xor3_has_no_pair)
{
    struct dp_penetrance table;
    unsigned a, b, c;
    double sum;

    ck_assert(dp_penetrance_named("xor3", &table));
    for (a = 0; a < 3; a++)
        for (b = 0; b < 3; b++) {
            for (sum = 0, c = 0; c < 3; c++)
                sum += dp_penetrance_share(table.maf, c) * table.risk[9 * a + 3 * b + c];
            near(sum, dp_penetrance_prevalence(&table));
        }
}
END_TEST

START_TEST(others_have_effects_of_their_own)
{
    struct dp_penetrance table;

    ck_assert(dp_penetrance_named("threshold", &table));
    ck_assert(dp_penetrance_marginal(&table, 0, 2) > dp_penetrance_marginal(&table, 0, 0) + 0.1);
    ck_assert(dp_penetrance_named("multiplicative", &table));
    ck_assert(dp_penetrance_marginal(&table, 1, 2) > dp_penetrance_marginal(&table, 1, 0) + 0.1);
    ck_assert(!dp_penetrance_named("no such table", &table));
}
END_TEST

START_TEST(every_name_is_a_table)
{
    struct dp_penetrance table;
    const char *name;
    size_t i;

    for (i = 0; (name = dp_penetrance_name(i)); i++) {
        ck_assert(dp_penetrance_named(name, &table));
        ck_assert(table.order == 2 || table.order == 3);
    }
    ck_assert_uint_eq(i, 6);
}
END_TEST

START_TEST(pure_tables_have_their_heritability)
{
    static const double mafs[] = {0.05, 0.2, 0.29, 0.3, 0.4, 0.5};
    struct dp_penetrance table = {0};
    double none = dp_penetrance_share(mafs[_i], 0), ratio = none / (1 - none), h;
    unsigned cell;

    for (h = 0.005; h < 0.6; h += 0.01) {
        /* Both bounds of the prevalence meet where h is r or 1 / r, whichever is below 1. */
        ck_assert(dp_penetrance_pure(mafs[_i], h, -1, &table) == (h < fmin(ratio, 1 / ratio)));
        if (h >= fmin(ratio, 1 / ratio))
            break;
        near(dp_penetrance_heritability(&table), h);
        no_variant_alone_says_anything(&table);
        ck_assert_uint_eq(table.order, 2);
        for (cell = 0; cell < 9; cell++)
            ck_assert(table.risk[cell] >= 0 && table.risk[cell] <= 1);
    }
}
END_TEST

START_TEST(the_published_two_way_model)
{
    struct dp_penetrance table = {0};

    ck_assert(dp_penetrance_pure(0.2, 0.4, -1, &table));
    near(dp_penetrance_heritability(&table), 0.4);
    near(table.maf, 0.2);
    no_variant_alone_says_anything(&table);
    ck_assert(dp_penetrance_prevalence(&table) > 0.3 && dp_penetrance_prevalence(&table) < 0.5);
}
END_TEST

START_TEST(a_prevalence_is_held_or_refused)
{
    struct dp_penetrance table = {0};

    ck_assert(dp_penetrance_pure(0.2, 0.1, 0.12, &table));
    near(dp_penetrance_prevalence(&table), 0.12);
    near(dp_penetrance_heritability(&table), 0.1);
    ck_assert(!dp_penetrance_pure(0.2, 0.1, 0.05, &table));
    ck_assert(!dp_penetrance_pure(0.2, 0.1, 0.99, &table));
    ck_assert(!dp_penetrance_pure(0, 0.1, -1, &table));
    ck_assert(!dp_penetrance_pure(0.2, 1.5, -1, &table));
}
END_TEST

START_TEST(tables_are_read)
{
    struct dp_penetrance table = {.maf = 0.3};

    ck_assert(dp_penetrance_parse("0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,1", &table));
    ck_assert_uint_eq(table.order, 2);
    near(table.risk[7], 0.7);
    near(table.maf, 0.3);
    ck_assert(
        dp_penetrance_parse("0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,0,0,0,0,0,0,0,0,0.5", &table));
    ck_assert_uint_eq(table.order, 3);
    near(dp_penetrance_marginal(&table, 0, 1), 1);
    near(dp_penetrance_marginal(&table, 0, 0), 0);
    ck_assert(!dp_penetrance_parse("0,0,0,0,0,0,0,0", &table));
    ck_assert(!dp_penetrance_parse("0,0,0,0,0,0,0,0,1.1", &table));
    ck_assert(!dp_penetrance_parse("0,0,0,0,0,0,0,0,-1", &table));
    ck_assert(!dp_penetrance_parse("0,0,0,0,0,0,0,0,0x", &table));
    ck_assert(!dp_penetrance_parse("0,0,0,0,0,0,0,0,nan", &table));
    ck_assert(!dp_penetrance_parse("", &table));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("penetrance");
    TCase *tcase = tcase_create("penetrance");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tcase, named_epistatic_tables_are_pure, 0, 4);
    tcase_add_test(tcase, xor3_has_no_pair);
    tcase_add_test(tcase, others_have_effects_of_their_own);
    tcase_add_test(tcase, every_name_is_a_table);
    tcase_add_loop_test(tcase, pure_tables_have_their_heritability, 0, 6);
    tcase_add_test(tcase, the_published_two_way_model);
    tcase_add_test(tcase, a_prevalence_is_held_or_refused);
    tcase_add_test(tcase, tables_are_read);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
