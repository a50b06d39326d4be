/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Option structs of the public header begin with `size_t struct_bytes`: callers may be older or
 * newer than the library. */

#ifndef DP_BASE_OPTIONS_H
#define DP_BASE_OPTIONS_H

#include <stddef.h>

struct dp_error;

/* Fills the `own_bytes` bytes at `own` with what both sides know of the caller's struct, the rest
 * with zeros; NULL gives all zeros. DP_INVALID, naming `what`, when struct_bytes was not set: to
 * take that for "all defaults" would silently do something else than what was asked for. */
int dp_options_take(void *own, size_t own_bytes, const void *given, const char *what,
                    struct dp_error *err);

#endif
