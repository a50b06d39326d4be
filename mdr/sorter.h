/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Hits in any number, sorted best first in bounded memory: what does not fit is sorted in parts
 * that go to a temporary file without a name, and merged when it is read. One thread at a time. */

#ifndef DP_MDR_SORTER_H
#define DP_MDR_SORTER_H

#include "base/error.h"
#include "mdr/best.h"

struct dp_mdr_sorter;

/* Uses at most about `memory_bytes` (but at least 100 KiB). The referee (NULL: none) outlives it.
 */
int dp_mdr_sorter_new(size_t memory_bytes, const struct dp_mdr_referee *referee,
                      struct dp_mdr_sorter **sorter, struct dp_error *err);
int dp_mdr_sorter_add(struct dp_mdr_sorter *sorter, const struct dp_mdr_hit *hit,
                      struct dp_error *err);
uint64_t dp_mdr_sorter_count(const struct dp_mdr_sorter *sorter);
/* 1: the next best is in `hit`; 0: the end; < 0: enum dp_result. Nothing may be added after the
 * first call. */
int dp_mdr_sorter_next(struct dp_mdr_sorter *sorter, struct dp_mdr_hit *hit, struct dp_error *err);
void dp_mdr_sorter_free(struct dp_mdr_sorter *sorter);

#endif
