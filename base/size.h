/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Sizes and counts as people write them. */

#ifndef DP_BASE_SIZE_H
#define DP_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads "8M", "64k", "1GiB", "500" (powers of 1024; a trailing "B" or "iB" is allowed) or "8MB"
 * in the same sense as dd's and split's binary suffixes. The whole text must be used. False on
 * anything else, a sign, or overflow; `*value` is then untouched. */
bool dp_size_parse(const char *text, uint64_t *value);

/* Reads a plain decimal count, no suffix, no sign. */
bool dp_count_parse(const char *text, uint64_t *value);

/* Writes "1.4 GiB" style text for people into `buffer` and returns it. */
const char *dp_size_format(uint64_t bytes, char *buffer, size_t capacity);

#endif
