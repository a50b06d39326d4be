/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/batch.c: hits and batches come back from bytes bit by bit; bytes of another length are no
 * batch. */

#include "config.h"

#include "base/le.h"
#include "mdr/batch.h"
#include "tests/mdr_data.h"

#include <math.h>

enum { FOLDS = 3 };

static const uint64_t units[] = {5, UINT64_MAX, 0};
static const struct dp_mdr_hit fold_best[FOLDS] = {
    {0.75, {1, 2, 3}}, {-INFINITY, {0, 0, 0}}, {0.25, {7, 8, 0}}};
static const struct dp_mdr_hit best[] = {{0.625, {4, 5, 6}}, {1, {UINT32_MAX - 1, UINT32_MAX, 0}}};

static void encode(size_t unit_count, size_t best_count, unsigned folds, uint8_t **bytes,
                   size_t *length)
{
    struct dp_mdr_batch batch = {.stream = UINT64_C(0x123456789abcdef0),
                                 .units = units,
                                 .unit_count = unit_count,
                                 .combination_count = UINT64_C(1) << 60,
                                 .best = best,
                                 .best_count = best_count,
                                 .fold_best = fold_best};

    MUST(dp_mdr_batch_encode(&batch, folds, bytes, length, NULL));
}

START_TEST(hits)
{
    static const double scores[] = {0, -0.0, 0.1, 1, INFINITY, -INFINITY, 5e-324};
    static const uint8_t half[DP_MDR_HIT_BYTES] = {0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 1, 0,
                                                   0, 0, 0, 1, 0, 0, 0,    0,    1, 0};
    struct dp_mdr_hit hit = {scores[_i], {0, 77, UINT32_MAX}}, back;
    uint8_t bytes[DP_MDR_HIT_BYTES + 1];

    bytes[DP_MDR_HIT_BYTES] = 99;
    dp_mdr_batch_put_hit(bytes, &hit);
    dp_mdr_batch_get_hit(bytes, &back);
    ck_assert_mem_eq(&back.score, &hit.score, sizeof(hit.score));
    ck_assert_mem_eq(back.variant, hit.variant, sizeof(hit.variant));
    ck_assert_uint_eq(bytes[DP_MDR_HIT_BYTES], 99);
    hit = (struct dp_mdr_hit){0.5, {1, 256, 65536}}; /* the bytes that JOURNAL.md tells of */
    dp_mdr_batch_put_hit(bytes, &hit);
    ck_assert_mem_eq(bytes, half, DP_MDR_HIT_BYTES);
}
END_TEST

START_TEST(comes_back)
{
    size_t unit_count, best_count, length, i;
    struct dp_mdr_batch_view view;
    struct dp_mdr_hit hit;
    uint8_t *bytes;

    for (unit_count = 0; unit_count <= 3; unit_count++)
        for (best_count = 0; best_count <= 2; best_count++) {
            encode(unit_count, best_count, FOLDS, &bytes, &length);
            ck_assert_uint_eq(length, 32 + 8 * unit_count + 20 * (FOLDS + best_count));
            ck_assert(dp_mdr_batch_decode(bytes, length, FOLDS, &view));
            ck_assert_uint_eq(view.stream, UINT64_C(0x123456789abcdef0));
            ck_assert_uint_eq(view.combination_count, UINT64_C(1) << 60);
            ck_assert_uint_eq(view.unit_count, unit_count);
            ck_assert_uint_eq(view.best_count, best_count);
            for (i = 0; i < unit_count; i++)
                ck_assert_uint_eq(dp_mdr_batch_unit(&view, (uint32_t)i), units[i]);
            for (i = 0; i < FOLDS; i++) {
                dp_mdr_batch_get_hit(view.fold_best + i * DP_MDR_HIT_BYTES, &hit);
                ck_assert_int_eq(dp_mdr_hit_compare(NULL, &hit, &fold_best[i]), 0);
            }
            for (i = 0; i < best_count; i++) {
                dp_mdr_batch_get_hit(view.best + i * DP_MDR_HIT_BYTES, &hit);
                ck_assert_int_eq(dp_mdr_hit_compare(NULL, &hit, &best[i]), 0);
            }
            free(bytes);
        }
}
END_TEST

/* Every other length, other folds, and counts so large that their bytes run over. */
START_TEST(no_batch)
{
    struct dp_mdr_batch_view view;
    size_t length, i;
    uint8_t *bytes, *room;

    encode(2, 1, FOLDS, &bytes, &length);
    for (i = 0; i < length; i++) {
        room = malloc(i + 1);
        memcpy(room, bytes, i);
        ck_assert(!dp_mdr_batch_decode(room, i, FOLDS, &view));
        free(room);
    }
    ck_assert(!dp_mdr_batch_decode(bytes, length, FOLDS - 1, &view));
    ck_assert(!dp_mdr_batch_decode(bytes, length, FOLDS + 1, &view));
    ck_assert(dp_mdr_batch_decode(bytes, length, FOLDS, &view));
    for (i = 16; i < 28; i += 4) {
        uint32_t old = dp_le32_load(bytes + i);

        dp_le32_store(bytes + i, UINT32_MAX);
        ck_assert(!dp_mdr_batch_decode(bytes, length, FOLDS, &view));
        dp_le32_store(bytes + i, old + (UINT32_C(1) << 30));
        ck_assert(!dp_mdr_batch_decode(bytes, length, FOLDS, &view));
        dp_le32_store(bytes + i, old);
    }
    free(bytes);
}
END_TEST

START_TEST(merged)
{
    struct dp_mdr_harvest harvest;
    struct dp_mdr_batch_view view;
    size_t length;
    uint8_t *bytes;

    MUST(dp_mdr_best_new(2, NULL, &harvest.best, NULL));
    dp_mdr_harvest_clear(&harvest);
    harvest.combination_count = 5;
    harvest.fold_best[0] = (struct dp_mdr_hit){0.75, {1, 2, 4}}; /* the other one comes first */
    harvest.fold_best[1] = (struct dp_mdr_hit){0.5, {1, 2, 0}};  /* nothing to compare with */
    dp_mdr_best_add(harvest.best, &(struct dp_mdr_hit){0.5, {1, 2, 3}});
    encode(3, 2, FOLDS, &bytes, &length);
    ck_assert(dp_mdr_batch_decode(bytes, length, FOLDS, &view));
    dp_mdr_batch_merge(&view, &harvest);
    free(bytes); /* nothing of it is needed any more */
    ck_assert_uint_eq(harvest.combination_count, 5 + (UINT64_C(1) << 60));
    ck_assert_int_eq(dp_mdr_hit_compare(NULL, &harvest.fold_best[0], &fold_best[0]), 0);
    ck_assert(harvest.fold_best[1].score == 0.5);
    ck_assert_int_eq(dp_mdr_hit_compare(NULL, &harvest.fold_best[2], &fold_best[2]), 0);
    ck_assert(harvest.fold_best[FOLDS].score == -INFINITY);
    ck_assert_uint_eq(dp_mdr_best_count(harvest.best), 2);
    ck_assert_int_eq(dp_mdr_hit_compare(NULL, &dp_mdr_best_sorted(harvest.best)[0], &best[1]), 0);
    ck_assert_int_eq(dp_mdr_hit_compare(NULL, &dp_mdr_best_sorted(harvest.best)[1], &best[0]), 0);

    harvest.fold_best[0].score = 0.8; /* better than the other */
    encode(0, 0, FOLDS, &bytes, &length);
    ck_assert(dp_mdr_batch_decode(bytes, length, FOLDS, &view));
    dp_mdr_batch_merge(&view, &harvest);
    free(bytes);
    ck_assert(harvest.fold_best[0].score == 0.8);
    ck_assert_uint_eq(dp_mdr_best_count(harvest.best), 2);
    dp_mdr_best_free(harvest.best);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("batch");

    tcase_add_loop_test(tcase, hits, 0, 7);
    tcase_add_test(tcase, comes_back);
    tcase_add_test(tcase, no_batch);
    tcase_add_test(tcase, merged);
    return mdr_run(tcase, "mdr_batch");
}
