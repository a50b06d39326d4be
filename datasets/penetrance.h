/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* How two or three variants make cases: the chance of being one for each combination of their
 * calls. Only IEEE +, -, *, / and square roots, so that a table is the same on every machine. */

#ifndef DP_DATASETS_PENETRANCE_H
#define DP_DATASETS_PENETRANCE_H

#include <stdbool.h>
#include <stddef.h>

enum { DP_PENETRANCE_CELLS = 27 };

struct dp_penetrance {
    unsigned order;                   /* 2 or 3; 0: nothing is planted */
    double maf;                       /* frequency of the counted allele of each of its variants */
    double risk[DP_PENETRANCE_CELLS]; /* of the calls a, b (, c): cell 3 a + b (9 a + 3 b + c) */
};

/* Number `i` of the tables that have a name, NULL after the last. */
const char *dp_penetrance_name(size_t i);
/* False: there is no such name. The table brings its own allele frequency. */
bool dp_penetrance_named(const char *name, struct dp_penetrance *table);
/* 9 or 27 numbers from 0 to 1 with commas between them. `maf` of the table is left alone. */
bool dp_penetrance_parse(const char *text, struct dp_penetrance *table);

/* A pair without effects of either variant alone. With P the share of samples that have no counted
 * allele of a variant and r = P / (1 - P), let u be 1 for them and -r for all others: u has the
 * mean P - (1 - P) r = 0 and the variance P + (1 - P) r^2 = r. The table is K + d u(a) u(b):
 * whatever one call is, the mean over the other is the prevalence K. The heritability is the
 * variance of the table, d^2 r^2, over K (1 - K), hence d = sqrt(h K (1 - K)) / r. All risks lie in
 * 0 to 1 when h / (1 + h) <= K and K <= 1 / (1 + h m^2 / r^2), m the greater of 1 and r^2. A
 * `prevalence` below 0 takes the middle of these. False: there is no such table. */
bool dp_penetrance_pure(double maf, double heritability, double prevalence,
                        struct dp_penetrance *table);

/* Share of samples with `call` (0, 1 or 2) at one variant: Hardy-Weinberg. */
double dp_penetrance_share(double maf, unsigned call);
/* The mean risk of all samples, and of those with `call` at the table's variant `which`. */
double dp_penetrance_prevalence(const struct dp_penetrance *table);
double dp_penetrance_marginal(const struct dp_penetrance *table, unsigned which, unsigned call);
/* Sum over cells of share * (risk - K)^2, over K (1 - K). */
double dp_penetrance_heritability(const struct dp_penetrance *table);

#endif
