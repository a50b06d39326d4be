/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/stats.c against figures computed elsewhere from the definitions. */

#include "tests/mdr_data.h"

#include "mdr/stats.h"

#include <math.h>

static const uint32_t cells[9][2] = {{30, 20}, {10, 40}, {5, 5}, {25, 15}, {12, 18},
                                     {0, 0},   {8, 2},   {3, 9}, {7, 11}}; /* cases, controls */

/* The cells, dealt out over three folds in some way. */
static void fill(const uint32_t (*from)[2], unsigned order, struct dp_mdr_table *table)
{
    unsigned cell, class;

    memset(table, 0, sizeof(*table));
    table->order = order;
    table->fold_count = 3;
    table->cell_count = order == 2 ? 9 : 27;
    for (cell = 0; cell < table->cell_count; cell++)
        for (class = 0; class < 2; class ++) {
            table->count[0][class][cell] = from[cell][!class] / 2;
            table->count[2][class][cell] = from[cell][!class] - from[cell][!class] / 2;
        }
}

static void must_be(double have, double want)
{
    ck_assert_msg(fabs(have - want) <= 1e-12 * fabs(want), "have %.17g, want %.17g", have, want);
}

START_TEST(figures)
{
    char text[DP_MDR_CELLS_TEXT_BYTES];
    struct dp_mdr_table table;
    struct dp_mdr_stats stats;

    fill(cells, 2, &table);
    dp_mdr_stats_make(&table, 110, 130, &stats); /* some samples have missing calls */
    ck_assert_uint_eq(stats.sample_count, 220);
    ck_assert_str_eq(dp_mdr_stats_cells(&stats, text, sizeof(text)),
                     "30/20H,10/40L,5/5H,25/15H,12/18L,0/0L,8/2H,3/9L,7/11L");
    must_be(stats.odds_ratio, 3.9464285714285716);
    must_be(stats.or_low, 2.2469217061519147);
    must_be(stats.or_high, 6.931393482356958);
    must_be(stats.chi_square, 23.76);
    must_be(stats.p, 1.0912691494305947e-06);
    ck_assert(fabs(stats.information_gain - 0.010275916194806722) < 1e-14);
}
END_TEST

/* Ties are high; with as many cases as the whole cohort has in proportion. */
START_TEST(labels)
{
    static const uint32_t tied[9][2] = {{2, 6}, {1, 4}, {1, 3}, {3, 8}};
    struct dp_mdr_table table;
    struct dp_mdr_stats stats;

    fill(tied, 2, &table);
    dp_mdr_stats_make(&table, 100, 300, &stats);
    ck_assert(stats.high[0] && !stats.high[1] && stats.high[2] && stats.high[3]);
    ck_assert(!stats.high[4]);
}
END_TEST

/* Every case of high risk, every control of low: half a sample more in each cell. */
START_TEST(zero_cells)
{
    static const uint32_t parted[9][2] = {{10, 0}, {0, 20}};
    struct dp_mdr_table table;
    struct dp_mdr_stats stats;

    fill(parted, 2, &table);
    dp_mdr_stats_make(&table, 10, 20, &stats);
    must_be(stats.odds_ratio, 10.5 * 20.5 / (0.5 * 0.5));
    must_be(stats.or_low,
            stats.odds_ratio * exp(-1.959963984540054 * sqrt(1 / 10.5 + 1 / 20.5 + 2 + 2)));
    must_be(stats.chi_square, 30);
    /* All that the class has is told by the first variant of this table alone, or the second. */
    ck_assert(fabs(stats.information_gain) <= 1);
}
END_TEST

static void must_be_nothing(const struct dp_mdr_stats *stats)
{
    ck_assert(isnan(stats->odds_ratio) && isnan(stats->or_low) && isnan(stats->or_high));
    ck_assert(isnan(stats->chi_square) && isnan(stats->p));
}

START_TEST(nothing_to_tell)
{
    static const uint32_t one_sided[9][2] = {{10, 1}}, empty[9][2] = {{0, 0}},
                          no_cases[9][2] = {{0, 10}, {0, 5}};
    struct dp_mdr_table table;
    struct dp_mdr_stats stats;

    fill(one_sided, 2, &table);
    dp_mdr_stats_make(&table, 10, 10, &stats);
    must_be_nothing(&stats);
    ck_assert(stats.information_gain == 0);
    fill(no_cases, 2, &table);
    dp_mdr_stats_make(&table, 10, 30, &stats);
    must_be_nothing(&stats);
    fill(empty, 2, &table);
    dp_mdr_stats_make(&table, 10, 10, &stats);
    must_be_nothing(&stats);
    ck_assert(isnan(stats.information_gain));
    ck_assert_uint_eq(stats.sample_count, 0);
}
END_TEST

/* The class is the parity of two, or three, of which no smaller group says anything: one bit. */
START_TEST(parity)
{
    uint32_t xor [27][2] = {{0}};
    struct dp_mdr_table table;
    struct dp_mdr_stats stats;
    unsigned order = 2 + (unsigned)_i, i, bits, cell;

    for (i = 0; i < 1u << order; i++) {
        cell = order == 2 ? 3 * (i & 1) + (i >> 1) : 9 * (i & 1) + 3 * (i >> 1 & 1) + (i >> 2);
        bits = (i & 1) + (i >> 1 & 1) + (i >> 2 & 1);
        xor[cell][bits % 2] = 10;
    }
    fill((const uint32_t(*)[2]) xor, order, &table);
    dp_mdr_stats_make(&table, 40, 40, &stats);
    ck_assert(fabs(stats.information_gain - 1) < 1e-12);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("stats");

    tcase_add_test(tcase, figures);
    tcase_add_test(tcase, labels);
    tcase_add_test(tcase, zero_cells);
    tcase_add_test(tcase, nothing_to_tell);
    tcase_add_loop_test(tcase, parity, 0, 2);
    return mdr_run(tcase, "mdr_stats");
}
