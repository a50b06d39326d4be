/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The 0.975 quantile of the normal distribution. */
#define Z_95 1.959963984540054

/* Sums over the folds, and labels by the rule of MDR.md as if all samples trained. */
static void fill_cells(const struct dp_mdr_table *table, uint64_t all_cases, uint64_t all_controls,
                       struct dp_mdr_stats *stats)
{
    unsigned cell, fold;

    for (cell = 0; cell < table->cell_count; cell++) {
        for (fold = 0; fold < table->fold_count; fold++) {
            stats->controls[cell] += table->count[fold][0][cell];
            stats->cases[cell] += table->count[fold][1][cell];
        }
        stats->sample_count += (uint64_t)stats->cases[cell] + stats->controls[cell];
        stats->high[cell] = stats->cases[cell] + stats->controls[cell] > 0 &&
                            stats->cases[cell] * all_controls >= stats->controls[cell] * all_cases;
    }
}

/* a, c: cases of high and low risk, b, d: controls. */
static void fill_odds(double a, double b, double c, double d, struct dp_mdr_stats *stats)
{
    double error;

    /* Haldane and Anscombe: half a sample more in each cell. */
    if (a == 0 || b == 0 || c == 0 || d == 0) {
        a += 0.5;
        b += 0.5;
        c += 0.5;
        d += 0.5;
    }
    stats->odds_ratio = a * d / (b * c);
    error = sqrt(1 / a + 1 / b + 1 / c + 1 / d);
    stats->or_low = stats->odds_ratio * exp(-Z_95 * error);
    stats->or_high = stats->odds_ratio * exp(Z_95 * error);
}

static void fill_tests(struct dp_mdr_stats *stats)
{
    double a = 0, b = 0, c = 0, d = 0, n, cross;
    unsigned cell;

    for (cell = 0; cell < stats->cell_count; cell++) {
        if (stats->high[cell]) {
            a += stats->cases[cell];
            b += stats->controls[cell];
        } else {
            c += stats->cases[cell];
            d += stats->controls[cell];
        }
    }
    if (a + b == 0 || c + d == 0 || a + c == 0 || b + d == 0)
        return;
    n = a + b + c + d;
    cross = a * d - b * c;
    stats->chi_square = n * cross * cross / ((a + b) * (c + d) * (a + c) * (b + d));
    stats->p = erfc(sqrt(stats->chi_square / 2));
    fill_odds(a, b, c, d, stats);
}

/* ------------------------------------------------------------------------- information gain */

/* x log2 x */
static double plogp(double x)
{
    return x > 0 ? x * log2(x) : 0;
}

/* The digit of `cell` that is the call at variant `n`. */
static unsigned call_of(const struct dp_mdr_stats *stats, unsigned cell, unsigned n)
{
    for (n = stats->order - 1 - n; n > 0; n--)
        cell /= 3;
    return cell % 3;
}

/* I(variants; class) in bits, the variants being those in the bit set `set`. */
static double information(const struct dp_mdr_stats *stats, unsigned set)
{
    double count[DP_MDR_MAX_CELLS][2] = {{0}}, class[2] = {0}, joint = 0, genotype = 0;
    double n = (double)stats->sample_count;
    unsigned cell, at, i;

    for (cell = 0; cell < stats->cell_count; cell++) {
        for (at = 0, i = 0; i < stats->order; i++)
            if (set >> i & 1)
                at = 3 * at + call_of(stats, cell, i);
        count[at][0] += stats->controls[cell];
        count[at][1] += stats->cases[cell];
    }
    for (at = 0; at < stats->cell_count; at++) {
        joint += plogp(count[at][0] / n) + plogp(count[at][1] / n);
        genotype += plogp((count[at][0] + count[at][1]) / n);
        class[0] += count[at][0];
        class[1] += count[at][1];
    }
    return joint - genotype - plogp(class[0] / n) - plogp(class[1] / n);
}

static unsigned count_bits(unsigned set)
{
    unsigned bits = 0;

    for (; set; set &= set - 1)
        bits++;
    return bits;
}

/* What the variants of `set` tell together and no smaller group of them does. */
static double gain(const struct dp_mdr_stats *stats, unsigned set)
{
    double sum = information(stats, set);
    unsigned sub;

    for (sub = (set - 1) & set; sub; sub = (sub - 1) & set)
        sum -= count_bits(sub) == 1 ? information(stats, sub) : gain(stats, sub);
    return sum;
}

void dp_mdr_stats_make(const struct dp_mdr_table *table, uint64_t cases, uint64_t controls,
                       struct dp_mdr_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    stats->order = table->order;
    stats->cell_count = table->cell_count;
    stats->odds_ratio = stats->or_low = stats->or_high = NAN;
    stats->chi_square = stats->p = stats->information_gain = NAN;
    fill_cells(table, cases, controls, stats);
    if (stats->sample_count == 0)
        return;
    fill_tests(stats);
    stats->information_gain = gain(stats, (1u << stats->order) - 1);
    /* Below what rounding leaves it is nothing; "-0" would be printed otherwise. */
    if (fabs(stats->information_gain) < 1e-12)
        stats->information_gain = 0;
}

const char *dp_mdr_stats_cells(const struct dp_mdr_stats *stats, char *buffer, size_t capacity)
{
    size_t used = 0;
    unsigned cell;

    buffer[0] = '\0';
    for (cell = 0; cell < stats->cell_count && used < capacity; cell++)
        used += (size_t)snprintf(buffer + used, capacity - used, "%s%u/%u%c", cell ? "," : "",
                                 stats->cases[cell], stats->controls[cell],
                                 stats->high[cell] ? 'H' : 'L');
    return buffer;
}
