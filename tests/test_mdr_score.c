/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/mdr_data.h"

#include <math.h>

static const struct mdr_shape shapes[] = {
    {10, 4, 2, 50, 0, true},    {10, 4, 5, 50, 30, true},  {12, 4, 2, 20, 30, false},
    {100, 6, 20, 50, 5, false}, {777, 6, 5, 10, 20, true}, {1128, 6, 5, 50, 1, true},
    {5000, 4, 20, 10, 0, true}, {70000, 3, 2, 50, 2, true},
};

START_TEST(tables)
{
    struct dp_mdr_table table, wanted;
    struct mdr_data data;
    uint32_t v[3];

    mdr_make(&shapes[_i], 11, &data);
    for (v[0] = 0; v[0] < data.variant_count; v[0]++) {
        for (v[1] = v[0] + 1; v[1] < data.variant_count; v[1]++) {
            dp_mdr_table_count(data.planes, 2, v, &table);
            mdr_naive_table(&data, 2, v, &wanted);
            ck_assert_mem_eq(&table, &wanted, sizeof(table));
            for (v[2] = v[1] + 1; v[2] < data.variant_count; v[2]++) {
                dp_mdr_table_count(data.planes, 3, v, &table);
                mdr_naive_table(&data, 3, v, &wanted);
                ck_assert_mem_eq(&table, &wanted, sizeof(table));
            }
        }
    }
    mdr_free(&data);
}
END_TEST

/* Counts by hand: cells 0 to 3, two folds. */
static void make_table(const unsigned counts[2][2][4], struct dp_mdr_table *table)
{
    unsigned f, c, cell;

    memset(table, 0, sizeof(*table));
    table->order = 2;
    table->fold_count = 2;
    table->cell_count = 9;
    for (f = 0; f < 2; f++) {
        for (c = 0; c < 2; c++) {
            for (cell = 0; cell < 4; cell++)
                table->count[f][c][cell] = counts[f][c][cell];
        }
    }
}

/* Fold 0 tests with fold 1 as training and the other way round. */
START_TEST(by_hand)
{
    /* controls, cases of cells 0..3 */
    static const unsigned counts[2][2][4] = {{{4, 2, 3, 1}, {1, 2, 5, 2}},
                                             {{5, 1, 4, 0}, {2, 1, 7, 0}}};
    struct dp_mdr_table table;
    struct dp_mdr_scores scores;

    make_table(counts, &table);
    mdr_scores(&table, 20, 20, &scores);
    /* Fold 0 trains with (5,2) low, (1,1) tie: high, (4,7) high, (0,0) low though 3 test there. */
    ck_assert(scores.train[0] == (8 / 10.0 + 5 / 10.0) / 2);
    ck_assert(scores.test[0] == (7 / 10.0 + 5 / 10.0) / 2);
    /* Fold 1: (4,1) low, (2,2) high, (3,5) high, (1,2) high. */
    ck_assert(scores.train[1] == (9 / 10.0 + 4 / 10.0) / 2);
    ck_assert(scores.test[1] == (8 / 10.0 + 5 / 10.0) / 2);
    ck_assert(scores.mean_test == (scores.test[0] + scores.test[1]) / 2);
    ck_assert(scores.mean_train == (scores.train[0] + scores.train[1]) / 2);
    /* The threshold is that of the cohort: with half as many cases, (5,2) is low, still, but (4,1)
     * too; with a quarter, both are high. */
    mdr_scores(&table, 10, 30, &scores);
    ck_assert(scores.train[0] == (10 / 10.0 + 0 / 10.0) / 2);
    ck_assert(scores.train[1] == (9 / 10.0 + 4 / 10.0) / 2);
}
END_TEST

/* A class without samples leaves the other's share; none of both is a half. */
START_TEST(empty_classes)
{
    static const unsigned counts[2][2][4] = {{{2, 1, 0, 0}, {0, 0, 0, 0}},
                                             {{0, 0, 0, 0}, {3, 1, 0, 0}}};
    static const unsigned nothing[2][2][4] = {{{0}}};
    struct dp_mdr_table table;
    struct dp_mdr_scores scores;

    make_table(counts, &table);
    mdr_scores(&table, 10, 10, &scores);
    ck_assert(scores.train[0] == 1 && scores.test[0] == 0);
    ck_assert(scores.train[1] == 1 && scores.test[1] == 0);
    make_table(nothing, &table);
    mdr_scores(&table, 10, 10, &scores);
    ck_assert(scores.train[0] == 0.5 && scores.test[0] == 0.5);
    ck_assert(scores.mean_train == 0.5 && scores.mean_test == 0.5);
}
END_TEST

/* Swapping the variants changes no score. */
START_TEST(symmetric)
{
    static const struct mdr_shape shape = {200, 6, 5, 40, 10, false};
    struct dp_mdr_table table;
    struct dp_mdr_scores one, other;
    struct mdr_data data;
    uint32_t v[2], swapped[2];

    mdr_make(&shape, 5, &data);
    for (v[0] = 0; v[0] < data.variant_count; v[0]++) {
        for (v[1] = v[0] + 1; v[1] < data.variant_count; v[1]++) {
            swapped[0] = v[1];
            swapped[1] = v[0];
            dp_mdr_table_count(data.planes, 2, v, &table);
            mdr_scores(&table, data.cohort.case_count, data.cohort.control_count, &one);
            dp_mdr_table_count(data.planes, 2, swapped, &table);
            mdr_scores(&table, data.cohort.case_count, data.cohort.control_count, &other);
            ck_assert_mem_eq(&one, &other, sizeof(one));
        }
    }
    mdr_free(&data);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("score");

    tcase_add_loop_test(tcase, tables, 0, sizeof(shapes) / sizeof(shapes[0]));
    tcase_add_test(tcase, by_hand);
    tcase_add_test(tcase, empty_classes);
    tcase_add_test(tcase, symmetric);
    return mdr_run(tcase, "mdr_score");
}
