/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "mdr/random.h"

/* The reference implementation of xoshiro256**, from the state {1, 2, 3, 4}. */
START_TEST(numbers_are_those_of_the_algorithm)
{
    static const uint64_t expected[] = {
        11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600};
    struct dp_mdr_random random = {{1, 2, 3, 4}};
    size_t i;

    for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        ck_assert_uint_eq(dp_mdr_random_next(&random), expected[i]);
}
END_TEST

/* The reference implementation of splitmix64, from 1234567. */
START_TEST(a_seed_fills_the_state)
{
    static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u,
                                        9817491932198370423u, 4593380528125082431u};
    struct dp_mdr_random random;

    dp_mdr_random_seed(&random, 1234567);
    ck_assert_mem_eq(random.state, expected, sizeof(expected));
}
END_TEST

START_TEST(bounded_numbers_are_even)
{
    static const uint64_t huge = (uint64_t)3 << 62; /* a remainder of 2^64 would favour a third */
    struct dp_mdr_random random;
    unsigned counts[7] = {0}, low = 0, i;

    dp_mdr_random_seed(&random, 1);
    for (i = 0; i < 70000; i++)
        counts[dp_mdr_random_below(&random, 7)]++;
    for (i = 0; i < 7; i++)
        ck_assert(counts[i] > 9500 && counts[i] < 10500);
    for (i = 0; i < 30000; i++)
        low += dp_mdr_random_below(&random, huge) < huge / 3;
    ck_assert(low > 9500 && low < 10500);
    ck_assert_uint_eq(dp_mdr_random_below(&random, 1), 0);
}
END_TEST

START_TEST(a_shuffle_keeps_the_items)
{
    struct dp_mdr_random random;
    uint32_t items[5], seen[5][5] = {{0}};
    unsigned i, n;

    dp_mdr_random_seed(&random, 99);
    for (n = 0; n < 10000; n++) {
        unsigned found = 0;

        for (i = 0; i < 5; i++)
            items[i] = i;
        dp_mdr_random_shuffle(&random, items, 5);
        for (i = 0; i < 5; i++) {
            found |= 1u << items[i];
            seen[i][items[i]]++;
        }
        ck_assert_uint_eq(found, 31);
    }
    for (i = 0; i < 25; i++)
        ck_assert(seen[i / 5][i % 5] > 1800 && seen[i / 5][i % 5] < 2200);
    dp_mdr_random_shuffle(&random, items, 0);
}
END_TEST

TEST_MAIN("mdr_random", numbers_are_those_of_the_algorithm, a_seed_fills_the_state,
          bounded_numbers_are_even, a_shuffle_keeps_the_items)
