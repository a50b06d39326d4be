/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The same work on many things by several threads. */

#ifndef DP_TOOLS_EACH_H
#define DP_TOOLS_EACH_H

#include <stdbool.h>
#include <stddef.h>

/* Calls `work` for 0 to count - 1, begun in this order, by at most `workers` threads, this one
 * included. A false from `work`: what was not begun yet is left. Returns how many were begun. */
size_t dp_each_run(size_t count, unsigned workers, bool (*work)(void *user, size_t i), void *user);

#endif
