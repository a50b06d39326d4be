/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/sorter.c: in memory and through a file, the same order. */

#include "config.h"

#include "tests/mdr_data.h"

#include "mdr/sorter.h"

static const size_t counts[] = {0, 1, 4095, 4096, 4097, 40000, 100000};

START_TEST(sorts)
{
    /* 0 bytes: the least, 4096 hits; so most of these go through the file. */
    size_t memory = _i < 7 ? 0 : 64 << 20, count = counts[_i % 7], i;
    uint64_t random = 5, sum = 0, back = 0;
    struct dp_mdr_hit hit = {0}, last = {0};
    struct dp_mdr_sorter *sorter;

    MUST(dp_mdr_sorter_new(memory, NULL, &sorter, NULL));
    for (i = 0; i < count; i++) {
        hit.score = random_below(&random, 1000) / 1000.0; /* many ties */
        hit.variant[0] = random_below(&random, 1 << 30);
        hit.variant[1] = hit.variant[0] + 1 + (uint32_t)i;
        sum += hit.variant[1];
        MUST(dp_mdr_sorter_add(sorter, &hit, NULL));
    }
    ck_assert_uint_eq(dp_mdr_sorter_count(sorter), count);
    for (i = 0; i < count; i++) {
        ck_assert_int_eq(dp_mdr_sorter_next(sorter, &hit, NULL), 1);
        if (i > 0)
            ck_assert_int_lt(dp_mdr_hit_compare(NULL, &last, &hit), 0);
        back += hit.variant[1];
        last = hit;
    }
    ck_assert_int_eq(dp_mdr_sorter_next(sorter, &hit, NULL), 0);
    ck_assert_int_eq(dp_mdr_sorter_next(sorter, &hit, NULL), 0);
    ck_assert_uint_eq(sum, back);
    ck_assert_uint_eq(dp_mdr_sorter_count(sorter), count);
    dp_mdr_sorter_free(sorter);
}
END_TEST

START_TEST(no_place)
{
    struct dp_mdr_hit hit = {0};
    struct dp_mdr_sorter *sorter;
    struct dp_error err;
    int rc = 0;

    setenv("TMPDIR", "/nowhere", 1);
    MUST(dp_mdr_sorter_new(0, NULL, &sorter, NULL));
    for (; rc == 0 && hit.variant[0] < 10000; hit.variant[0]++)
        rc = dp_mdr_sorter_add(sorter, &hit, &err);
    ck_assert_int_eq(rc, DP_NOT_FOUND);
    ck_assert_str_eq(err.message,
                     "/nowhere: cannot make a temporary file: No such file or directory");
    dp_mdr_sorter_free(sorter);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("sorter");

    tcase_add_loop_test(tcase, sorts, 0, 14);
    tcase_add_test(tcase, no_place);
    return mdr_run(tcase, "mdr_sorter");
}
