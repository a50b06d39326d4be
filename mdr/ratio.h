/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Sums of quotients of whole numbers, without any rounding: what balanced accuracies are. */

#ifndef DP_MDR_RATIO_H
#define DP_MDR_RATIO_H

#include <stddef.h>
#include <stdint.h>

/* At least 0 and at most 80; `whole` is at least 1 and below 2^63. */
struct dp_mdr_ratio {
    uint64_t part, whole;
};

/* Terms of one sum. */
enum { DP_MDR_MAX_RATIOS = 40 };

/* -1, 0 or 1: the first sum is less than, equal to, greater than the second. Exact. */
int dp_mdr_ratio_compare(const struct dp_mdr_ratio *a, size_t a_count, const struct dp_mdr_ratio *b,
                         size_t b_count);

/* The multiple of 2^-53 that is nearest to the sum / `divisor`, which is at most 1 (the greater one
 * of two that are as near). So of two sums the greater never has the lesser mean, and equal sums,
 * whatever their terms, have the same. The divisor is 1 to 40. */
double dp_mdr_ratio_mean(const struct dp_mdr_ratio *terms, size_t count, unsigned divisor);

/* About the sum / `divisor`: off by less than 1e-12, and much sooner had. */
double dp_mdr_ratio_estimate(const struct dp_mdr_ratio *terms, size_t count, unsigned divisor);

/* The greatest number that divides both; the other one where one is 0. */
uint64_t dp_mdr_ratio_common_divisor(uint64_t a, uint64_t b);

#endif
