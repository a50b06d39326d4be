/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "datasets/penetrance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct named {
    const char *name;
    struct dp_penetrance table;
};

/* The first four are epistatic: at their allele frequency no variant alone says anything (and of
 * xor3 no pair either). */
static const struct named tables[] = {
    /* Ill when exactly one of the two is heterozygous. */
    {"xor", {2, 0.5, {0, 0.1, 0, 0.1, 0, 0.1, 0, 0.1, 0}}},
    /* Ill with exactly two risk alleles in all. */
    {"diagonal", {2, 0.5, {0, 0, 0.1, 0, 0.05, 0, 0.1, 0, 0}}},
    /* Ill when exactly one of the two is heterozygous, and that without exception. */
    {"xor-strong", {2, 0.5, {0, 0.9, 0, 0.9, 0, 0.9, 0, 0.9, 0}}},
    /* Ill when one or all three are heterozygous. */
    {"xor3", {3, 0.5, {0, 0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0, 0.5,
                       0, 0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0}}},
    /* Every further risk allele counts once both variants have one. */
    {"multiplicative", {2, 0.3, {0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.1, 0.3, 0.5}}},
    /* The risk is raised from one risk allele of each on. */
    {"threshold", {2, 0.3, {0.1, 0.1, 0.1, 0.1, 0.4, 0.4, 0.1, 0.4, 0.4}}},
};

const char *dp_penetrance_name(size_t i)
{
    return i < sizeof(tables) / sizeof(tables[0]) ? tables[i].name : NULL;
}

bool dp_penetrance_named(const char *name, struct dp_penetrance *table)
{
    size_t i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        if (strcmp(name, tables[i].name) == 0) {
            *table = tables[i].table;
            return true;
        }
    return false;
}

bool dp_penetrance_parse(const char *text, struct dp_penetrance *table)
{
    size_t count = 0;
    double number;
    char *end;

    for (;;) {
        number = strtod(text, &end);
        if (end == text || !(number >= 0 && number <= 1) || count == DP_PENETRANCE_CELLS)
            return false;
        table->risk[count++] = number;
        if (*end != ',')
            break;
        text = end + 1;
    }
    table->order = count == 9 ? 2 : 3;
    return *end == '\0' && (count == 9 || count == DP_PENETRANCE_CELLS);
}

bool dp_penetrance_pure(double maf, double heritability, double prevalence,
                        struct dp_penetrance *table)
{
    double none = dp_penetrance_share(maf, 0), ratio = none / (1 - none), u[3], d;
    double greatest = ratio > 1 ? ratio : 1 / ratio; /* m / r */
    double low = heritability / (1 + heritability);
    double high = 1 / (1 + heritability * greatest * greatest);
    unsigned a, b;

    if (!(maf > 0 && maf < 1 && heritability > 0 && heritability <= 1))
        return false;
    if (prevalence < 0)
        prevalence = (low + high) / 2;
    if (!(prevalence >= low && prevalence <= high))
        return false;
    d = sqrt(heritability * prevalence * (1 - prevalence)) / ratio;
    u[0] = 1;
    u[1] = u[2] = -ratio;
    table->order = 2;
    table->maf = maf;
    for (a = 0; a < 3; a++)
        for (b = 0; b < 3; b++)
            table->risk[3 * a + b] = prevalence + d * u[a] * u[b];
    return true;
}

double dp_penetrance_share(double maf, unsigned call)
{
    return call == 0 ? (1 - maf) * (1 - maf) : call == 1 ? 2 * maf * (1 - maf) : maf * maf;
}

static unsigned cell_count(const struct dp_penetrance *table)
{
    return table->order == 3 ? 27 : 9;
}

static unsigned call_of(const struct dp_penetrance *table, unsigned cell, unsigned which)
{
    static const unsigned powers[] = {1, 3, 9};

    return cell / powers[table->order - 1 - which] % 3;
}

static double share_of(const struct dp_penetrance *table, unsigned cell)
{
    double share = 1;
    unsigned which;

    for (which = 0; which < table->order; which++)
        share *= dp_penetrance_share(table->maf, call_of(table, cell, which));
    return share;
}

double dp_penetrance_prevalence(const struct dp_penetrance *table)
{
    double sum = 0;
    unsigned cell;

    for (cell = 0; cell < cell_count(table); cell++)
        sum += share_of(table, cell) * table->risk[cell];
    return sum;
}

double dp_penetrance_marginal(const struct dp_penetrance *table, unsigned which, unsigned call)
{
    double sum = 0;
    unsigned cell;

    for (cell = 0; cell < cell_count(table); cell++)
        if (call_of(table, cell, which) == call)
            sum += share_of(table, cell) * table->risk[cell];
    return sum / dp_penetrance_share(table->maf, call);
}

double dp_penetrance_heritability(const struct dp_penetrance *table)
{
    double k = dp_penetrance_prevalence(table), sum = 0;
    unsigned cell;

    for (cell = 0; cell < cell_count(table); cell++)
        sum += share_of(table, cell) * (table->risk[cell] - k) * (table->risk[cell] - k);
    return sum / (k * (1 - k));
}
