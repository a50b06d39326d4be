/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/schedule.c: every combination lies in exactly one unit. */

#include "tests/mdr_data.h"

#include "mdr/schedule.h"

#include <string.h>

static const struct {
    unsigned order;
    uint32_t variants, tile;
} shapes[] = {{2, 2, 0},   {2, 2, 1},  {2, 65, 1},  {2, 65, 7}, {2, 64, 32},
              {2, 97, 32}, {2, 40, 9}, {3, 3, 0},   {3, 3, 1},  {3, 31, 4},
              {3, 40, 40}, {3, 25, 5}, {2, 130, 0}, {3, 70, 0}, {2, 50, 1000}};

static void mark(const struct dp_mdr_box *box, uint32_t n, uint8_t *seen)
{
    uint32_t i, j, k;

    for (i = box->begin[0]; i < box->end[0]; i++)
        for (j = box->begin[1]; j < box->end[1]; j++)
            for (k = box->order == 3 ? box->begin[2] : 0; k < (box->order == 3 ? box->end[2] : 1);
                 k++)
                if (i < j && (box->order == 2 || j < k))
                    seen[((size_t)i * n + j) * (box->order == 3 ? n : 1) + k]++;
}

START_TEST(tiles_all)
{
    uint32_t n = shapes[_i].variants, i, j, k;
    unsigned order = shapes[_i].order;
    struct dp_mdr_schedule schedule;
    struct dp_mdr_box box;
    uint64_t unit, sum = 0, count = 0;
    uint8_t *seen = calloc((size_t)n * n, order == 3 ? n : 1);

    MUST(dp_mdr_schedule_make(order, n, 100, shapes[_i].tile, &schedule, NULL));
    for (unit = 0; unit < schedule.unit_count; unit++) {
        dp_mdr_schedule_box(&schedule, unit, &box);
        ck_assert_uint_eq(box.order, order);
        ck_assert_uint_le(box.end[order - 1], n);
        sum += dp_mdr_box_count(&box);
        mark(&box, n, seen);
    }
    for (i = 0; i < n; i++)
        for (j = i + 1; j < n; j++)
            for (k = order == 3 ? j + 1 : 0; k < (order == 3 ? n : 1); k++, count++)
                ck_assert_uint_eq(seen[((size_t)i * n + j) * (order == 3 ? n : 1) + k], 1);
    ck_assert_uint_eq(sum, count);
    ck_assert_uint_eq(schedule.combination_count, count);
    free(seen);
}
END_TEST

/* Millions of variants: the last unit is where it belongs. */
START_TEST(many_variants)
{
    struct dp_mdr_schedule schedule;
    struct dp_mdr_box box;

    MUST(dp_mdr_schedule_make(2, 5000001, 5000, 0, &schedule, NULL));
    ck_assert_uint_eq(schedule.combination_count, UINT64_C(12500002500000));
    dp_mdr_schedule_box(&schedule, schedule.unit_count - 1, &box);
    ck_assert_uint_eq(box.end[0], 5000001);
    ck_assert_uint_eq(box.end[1], 5000001);
    dp_mdr_schedule_box(&schedule, schedule.unit_count - 2, &box);
    ck_assert_uint_lt(box.end[0], 5000001);
    MUST(dp_mdr_schedule_make(3, 3000000, 5000, 1, &schedule, NULL));
    dp_mdr_schedule_box(&schedule, schedule.unit_count - 1, &box);
    ck_assert_uint_eq(box.begin[0], 2999999);
    ck_assert_uint_eq(box.begin[2], 2999999);
}
END_TEST

/* Small enough for many threads, and whatever is chosen depends on the data alone. */
START_TEST(chosen_tiles)
{
    struct dp_mdr_schedule schedule, again;

    MUST(dp_mdr_schedule_make(2, 100000, 5000, 0, &schedule, NULL));
    ck_assert_uint_ge(schedule.tile, 512);
    MUST(dp_mdr_schedule_make(2, 4000, 5000, 0, &schedule, NULL));
    ck_assert_uint_ge(schedule.unit_count, 32);
    MUST(dp_mdr_schedule_make(2, 100000, 500000, 0, &again, NULL));
    ck_assert_uint_lt(again.tile, 512);
    MUST(dp_mdr_schedule_make(3, 2000, 5000, 0, &schedule, NULL));
    ck_assert_uint_ge(schedule.unit_count, 64);
}
END_TEST

/* A small last tile of triples would be met by as many left parts as a large one. */
START_TEST(equal_tiles)
{
    struct dp_mdr_schedule schedule;
    uint32_t n, last;

    for (n = 3; n < 3000; n += n < 600 ? 1 : 89) {
        MUST(dp_mdr_schedule_make(3, n, 5000, 0, &schedule, NULL));
        ck_assert_uint_le(schedule.tile, 256);
        ck_assert_uint_le(schedule.tile_count, n > 512 ? n / 256 + 1 : 2);
        last = n - (schedule.tile_count - 1) * schedule.tile;
        ck_assert_uint_ge(last + 8 * schedule.tile_count, schedule.tile);
    }
}
END_TEST

START_TEST(refused)
{
    struct dp_mdr_schedule schedule = {.tile = 77};
    struct dp_error err;

    ck_assert_int_eq(dp_mdr_schedule_make(2, 1, 10, 0, &schedule, &err), DP_INVALID);
    ck_assert_str_eq(err.message, "1 variants are left: there is no combination of 2");
    ck_assert_int_eq(dp_mdr_schedule_make(3, 2, 10, 0, &schedule, &err), DP_INVALID);
    ck_assert_int_eq(dp_mdr_schedule_make(4, 20, 10, 0, &schedule, &err), DP_INVALID);
    ck_assert_int_eq(dp_mdr_schedule_make(1, 20, 10, 0, &schedule, &err), DP_INVALID);
    ck_assert_int_eq(dp_mdr_schedule_make(3, 4200000000u, 10, 0, &schedule, &err), DP_INVALID);
    ck_assert_int_eq(dp_mdr_schedule_make(2, (size_t)1 << 33, 10, 0, &schedule, &err), DP_INVALID);
    ck_assert_uint_eq(schedule.tile, 77);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("schedule");

    tcase_add_loop_test(tcase, tiles_all, 0, sizeof(shapes) / sizeof(shapes[0]));
    tcase_add_test(tcase, many_variants);
    tcase_add_test(tcase, chosen_tiles);
    tcase_add_test(tcase, equal_tiles);
    tcase_add_test(tcase, refused);
    return mdr_run(tcase, "mdr_schedule");
}
