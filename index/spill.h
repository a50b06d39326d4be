/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Bytes that grow too long for memory: an append-only store over a temporary file without a name,
 * which vanishes with the process. Nothing is created before the first buffer is full, so that
 * small objects never touch the disk.
 *
 * One thread appends; once nothing is appended any more, any number of threads read. */

#ifndef DP_INDEX_SPILL_H
#define DP_INDEX_SPILL_H

#include "base/error.h"

struct dp_spill;

int dp_spill_new(struct dp_spill **spill, struct dp_error *err);
void dp_spill_free(struct dp_spill *spill);

/* Bytes appended so far: the position of the next append. */
uint64_t dp_spill_bytes(const struct dp_spill *spill);
/* Takes all bytes; fails with DP_IO when the disk is full. */
int dp_spill_append(struct dp_spill *spill, const void *bytes, size_t length,
                    struct dp_error *err);
/* Reads bytes appended before; a range outside is DP_INVALID. */
int dp_spill_read(const struct dp_spill *spill, uint64_t offset, void *buffer, size_t length,
                  struct dp_error *err);

#endif
