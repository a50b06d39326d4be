/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Arithmetic that says when it overflows: every size that comes from a file goes through here.
 * Each returns true and stores the result, or returns false and stores nothing useful. */

#ifndef DP_BASE_CHECKED_H
#define DP_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool dp_checked_add(uint64_t a, uint64_t b, uint64_t *sum)
{
    *sum = a + b;
    return *sum >= a;
}

static inline bool dp_checked_mul(uint64_t a, uint64_t b, uint64_t *product)
{
    *product = a * b;
    return a == 0 || *product / a == b;
}

/* True when [offset, offset + length) lies inside [0, size). */
static inline bool dp_checked_within(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

#endif
