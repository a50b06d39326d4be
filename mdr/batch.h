/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Hits and batches as bytes (JOURNAL.md): for the journal, and from rank to rank. */

#ifndef DP_MDR_BATCH_H
#define DP_MDR_BATCH_H

#include "mdr/journal.h"

enum { DP_MDR_HIT_BYTES = 20 };

void dp_mdr_batch_put_hit(uint8_t *to, const struct dp_mdr_hit *hit);
void dp_mdr_batch_get_hit(const uint8_t *from, struct dp_mdr_hit *hit);

/* The caller frees *bytes. */
int dp_mdr_batch_encode(const struct dp_mdr_batch *batch, unsigned fold_count, uint8_t **bytes,
                        size_t *length, struct dp_error *err);

/* A batch inside bytes, which must outlive it. */
struct dp_mdr_batch_view {
    uint64_t stream, combination_count;
    const uint8_t *units, *fold_best, *best;
    uint32_t unit_count, fold_count, best_count;
};

/* False when these are no batch of so many folds. */
bool dp_mdr_batch_decode(const uint8_t *bytes, size_t length, unsigned fold_count,
                         struct dp_mdr_batch_view *view);
uint64_t dp_mdr_batch_unit(const struct dp_mdr_batch_view *view, uint32_t number);
/* Adds what the batch found. */
void dp_mdr_batch_merge(const struct dp_mdr_batch_view *view, struct dp_mdr_harvest *harvest);

#endif
