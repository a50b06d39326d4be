/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Temporary files without a name: gone with the process, whatever ends it. And files read and
 * written at a place, all or nothing. */

#ifndef DP_BASE_SCRATCH_H
#define DP_BASE_SCRATCH_H

#include "base/error.h"

/* What messages call one. */
#define DP_SCRATCH_NAME "temporary file (TMPDIR)"

/* Opens one in TMPDIR when that is set, else in /var/tmp, /tmp or the current folder. The caller
 * closes *fd. */
int dp_scratch_open(int *fd, struct dp_error *err);

/* Writes all `length` bytes at `offset`; `name` stands in messages. */
int dp_scratch_write(int fd, const char *name, uint64_t offset, const void *bytes, size_t length,
                     struct dp_error *err);
/* Reads up to `length` bytes; fewer only at the end of the file. Returns how many, or < 0. */
int64_t dp_scratch_read(int fd, const char *name, uint64_t offset, void *bytes, size_t length,
                        struct dp_error *err);

#endif
