/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/ratio.h"

#include <stdbool.h>

typedef unsigned __int128 wide;

/* Sums are compared digit by digit, in base 2^32. */
#define DIGIT_BITS 32

/* The difference of two sums, times 2^(DIGIT_BITS * digits so far): a whole number, and what is
 * left of each term, below 1. */
struct difference {
    int64_t whole;
    size_t count[2]; /* terms with a rest */
    uint64_t rest[2][DP_MDR_MAX_RATIOS], of[2][DP_MDR_MAX_RATIOS];
    unsigned bits; /* the product of all `of` is below 2^bits */
};

static unsigned bits_of(uint64_t number)
{
    return 64 - (unsigned)__builtin_clzll(number);
}

static void begin(struct difference *difference, unsigned side, const struct dp_mdr_ratio *terms,
                  size_t count)
{
    int64_t whole = 0;
    uint64_t rest;
    size_t i, n = 0;

    for (i = 0; i < count; i++) {
        whole += (int64_t)(terms[i].part / terms[i].whole);
        rest = terms[i].part % terms[i].whole;
        if (!rest)
            continue;
        difference->rest[side][n] = rest;
        difference->of[side][n++] = terms[i].whole;
        difference->bits += bits_of(terms[i].whole);
    }
    difference->count[side] = n;
    difference->whole += side ? -whole : whole;
}

/* The next digits of the terms of one side, added up. */
static int64_t next_digits(struct difference *difference, unsigned side)
{
    uint64_t *rest = difference->rest[side], of;
    int64_t sum = 0;
    size_t i;
    wide left;

    for (i = 0; i < difference->count[side]; i++) {
        of = difference->of[side][i];
        if (of <= UINT32_MAX) {
            sum += (int64_t)((rest[i] << DIGIT_BITS) / of);
            rest[i] = (rest[i] << DIGIT_BITS) % of;
        } else {
            left = (wide)rest[i] << DIGIT_BITS;
            sum += (int64_t)(left / of);
            rest[i] = (uint64_t)(left % of);
        }
    }
    return sum;
}

/* The rests of a side are together below the number of its terms, so a whole number as far from 0
 * as that decides. If none does, the difference times 2^(DIGIT_BITS * digits) is below
 * 2 * DP_MDR_MAX_RATIOS < 2^7. It is also a multiple of that power over the product of all `of`: as
 * soon as the power is 2^7 times that product, it can only be 0. */
int dp_mdr_ratio_compare(const struct dp_mdr_ratio *a, size_t a_count, const struct dp_mdr_ratio *b,
                         size_t b_count)
{
    struct difference difference;
    unsigned bits;

    difference.whole = 0;
    difference.bits = 0;
    begin(&difference, 0, a, a_count);
    begin(&difference, 1, b, b_count);
    for (bits = 0; bits < difference.bits + 7; bits += DIGIT_BITS) {
        if (difference.whole >= DP_MDR_MAX_RATIOS)
            return 1;
        if (difference.whole <= -DP_MDR_MAX_RATIOS)
            return -1;
        difference.whole *= INT64_C(1) << DIGIT_BITS;
        difference.whole += next_digits(&difference, 0) - next_digits(&difference, 1);
    }
    if (difference.whole >= DP_MDR_MAX_RATIOS)
        return 1;
    return difference.whole <= -DP_MDR_MAX_RATIOS ? -1 : 0;
}

/* With the terms cut off after 64 binary digits the sum is at least `cut` and less than `cut` and
 * one such unit for each term that was cut; only where a boundary of rounding lies between the two
 * must the sum itself be asked. */
double dp_mdr_ratio_mean(const struct dp_mdr_ratio *terms, size_t count, unsigned divisor)
{
    const uint64_t step = (uint64_t)divisor << 11; /* 2^-53 of the mean, in units of the sum */
    struct dp_mdr_ratio boundary = {0, UINT64_C(1) << 54};
    uint64_t left, high, low, nearest;
    unsigned cut_count = 0;
    wide cut = (wide)divisor << 10; /* half a step, so as to round down */
    size_t i;

    for (i = 0; i < count; i++) {
        high = terms[i].part / terms[i].whole;
        left = terms[i].part % terms[i].whole;
        if (terms[i].whole <= UINT32_MAX) {
            low = (left << 32) / terms[i].whole << 32;
            left = (left << 32) % terms[i].whole << 32;
            low += left / terms[i].whole;
            cut_count += left % terms[i].whole != 0;
        } else {
            low = (uint64_t)(((wide)left << 64) / terms[i].whole);
            cut_count++;
        }
        cut += ((wide)high << 64) + low;
    }
    nearest = (uint64_t)(cut / step);
    if ((uint64_t)(cut % step) + cut_count > step) {
        boundary.part = (nearest + 1) * 2 * divisor - divisor;
        nearest += dp_mdr_ratio_compare(terms, count, &boundary, 1) >= 0;
    }
    return (double)nearest * 0x1p-53;
}

double dp_mdr_ratio_estimate(const struct dp_mdr_ratio *terms, size_t count, unsigned divisor)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < count; i++)
        sum += (double)terms[i].part / (double)terms[i].whole;
    return sum / divisor;
}

uint64_t dp_mdr_ratio_common_divisor(uint64_t a, uint64_t b)
{
    uint64_t rest;

    for (; b; a = b, b = rest)
        rest = a % b;
    return a;
}
