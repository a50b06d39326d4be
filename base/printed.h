/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Files that this process prints to anyway, as /dev/stdout and /dev/stderr may be. None of them is
 * a name to give to another file: whoever opened it looks there, behind what stands in it. */

#ifndef DP_BASE_PRINTED_H
#define DP_BASE_PRINTED_H

#include <sys/stat.h>

/* The descriptor, 1 or 2, that prints to what was found; it stays the process's. -1: neither. */
int dp_printed_find(const struct stat *found);

#endif
