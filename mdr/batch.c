/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/batch.h"

#include "base/le.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRONT_BYTES 32

void dp_mdr_batch_put_hit(uint8_t *to, const struct dp_mdr_hit *hit)
{
    uint64_t bits;
    unsigned i;

    memcpy(&bits, &hit->score, sizeof(bits));
    dp_le64_store(to, bits);
    for (i = 0; i < DP_MDR_MAX_ORDER; i++)
        dp_le32_store(to + 8 + 4 * i, hit->variant[i]);
}

void dp_mdr_batch_get_hit(const uint8_t *from, struct dp_mdr_hit *hit)
{
    uint64_t bits = dp_le64_load(from);
    unsigned i;

    memcpy(&hit->score, &bits, sizeof(bits));
    for (i = 0; i < DP_MDR_MAX_ORDER; i++)
        hit->variant[i] = dp_le32_load(from + 8 + 4 * i);
}

static uint8_t *put_hits(uint8_t *to, const struct dp_mdr_hit *hits, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++, to += DP_MDR_HIT_BYTES)
        dp_mdr_batch_put_hit(to, &hits[i]);
    return to;
}

int dp_mdr_batch_encode(const struct dp_mdr_batch *batch, unsigned fold_count, uint8_t **bytes,
                        size_t *length, struct dp_error *err)
{
    size_t size =
        FRONT_BYTES + 8 * batch->unit_count + DP_MDR_HIT_BYTES * (fold_count + batch->best_count);
    uint8_t *made = malloc(size), *at = made + FRONT_BYTES;
    size_t i;

    if (!made)
        return dp_error_no_memory(err);
    dp_le64_store(made, batch->stream);
    dp_le64_store(made + 8, batch->combination_count);
    dp_le32_store(made + 16, (uint32_t)batch->unit_count);
    dp_le32_store(made + 20, fold_count);
    dp_le32_store(made + 24, (uint32_t)batch->best_count);
    dp_le32_store(made + 28, 0);
    for (i = 0; i < batch->unit_count; i++, at += 8)
        dp_le64_store(at, batch->units[i]);
    at = put_hits(at, batch->fold_best, fold_count);
    put_hits(at, batch->best, batch->best_count);
    *bytes = made;
    *length = size;
    return DP_OK;
}

bool dp_mdr_batch_decode(const uint8_t *bytes, size_t length, unsigned fold_count,
                         struct dp_mdr_batch_view *view)
{
    if (length < FRONT_BYTES)
        return false;
    view->stream = dp_le64_load(bytes);
    view->combination_count = dp_le64_load(bytes + 8);
    view->unit_count = dp_le32_load(bytes + 16);
    view->fold_count = dp_le32_load(bytes + 20);
    view->best_count = dp_le32_load(bytes + 24);
    view->units = bytes + FRONT_BYTES;
    view->fold_best = view->units + UINT64_C(8) * view->unit_count;
    view->best = view->fold_best + (uint64_t)DP_MDR_HIT_BYTES * view->fold_count;
    return view->fold_count == fold_count &&
           length == FRONT_BYTES + UINT64_C(8) * view->unit_count +
                         DP_MDR_HIT_BYTES * ((uint64_t)view->fold_count + view->best_count);
}

uint64_t dp_mdr_batch_unit(const struct dp_mdr_batch_view *view, uint32_t number)
{
    return dp_le64_load(view->units + UINT64_C(8) * number);
}

void dp_mdr_batch_merge(const struct dp_mdr_batch_view *view, struct dp_mdr_harvest *harvest)
{
    const struct dp_mdr_referee *referee = dp_mdr_best_referee(harvest->best);
    struct dp_mdr_hit hit;
    uint32_t i;

    harvest->combination_count += view->combination_count;
    for (i = 0; i < view->fold_count; i++) {
        dp_mdr_batch_get_hit(view->fold_best + (size_t)DP_MDR_HIT_BYTES * i, &hit);
        if (hit.score > -INFINITY &&
            (harvest->fold_best[i].score == -INFINITY ||
             dp_mdr_hit_compare_train(referee, i, &hit, &harvest->fold_best[i]) < 0))
            harvest->fold_best[i] = hit;
    }
    for (i = 0; i < view->best_count; i++) {
        dp_mdr_batch_get_hit(view->best + (size_t)DP_MDR_HIT_BYTES * i, &hit);
        dp_mdr_best_add(harvest->best, &hit);
    }
}
