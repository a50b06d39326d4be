/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/ratio.c: beside sums over a common denominator, and where sums differ by next to nothing. */

#include "mdr/ratio.h"
#include "tests/mdr_data.h"

typedef __int128 wide;

/* Every number to 40 divides it. */
#define COMMON UINT64_C(5342931457063200)

static uint64_t over_common(const struct dp_mdr_ratio *terms, size_t count)
{
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i < count; i++)
        sum += terms[i].part * (COMMON / terms[i].whole);
    return sum;
}

static void make_terms(uint64_t *random, struct dp_mdr_ratio *terms, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        terms[i].whole = 1 + random_below(random, 40);
        terms[i].part = random_below(random, (uint32_t)terms[i].whole + 1);
    }
}

static int sign(wide number)
{
    return (number > 0) - (number < 0);
}

START_TEST(beside_a_common_denominator)
{
    struct dp_mdr_ratio a[40], b[40];
    uint64_t random = 3, x, y, nearest, ties = 0;
    unsigned n;
    size_t i, j;

    for (n = 0; n < 200000; n++) {
        i = 1 + random_below(&random, n % 2 ? 3 : 40);
        j = n % 4 == 1 ? 1 + random_below(&random, 3) : i;
        make_terms(&random, a, i);
        make_terms(&random, b, j);
        x = over_common(a, i);
        y = over_common(b, j);
        ties += x == y;
        ck_assert_int_eq(dp_mdr_ratio_compare(a, i, b, j), sign((wide)x - y));
        nearest = (uint64_t)((((wide)x << 54) / ((wide)COMMON * i) + 1) / 2);
        ck_assert(dp_mdr_ratio_mean(a, i, (unsigned)i) == (double)nearest * 0x1p-53);
        ck_assert(fabs(dp_mdr_ratio_estimate(a, i, (unsigned)i) - (double)nearest * 0x1p-53) <
                  1e-12);
    }
    ck_assert_uint_gt(ties, 100);
}
END_TEST

/* The same sum in another order and with other terms, that doubles would round in other ways. */
START_TEST(equal_is_equal)
{
    struct dp_mdr_ratio a[20], b[40];
    uint64_t random = 8, factor;
    unsigned n, differ = 0;
    double mean, other;
    size_t i;

    for (n = 0; n < 20000; n++) {
        mean = other = 0;
        for (i = 0; i < 20; i++) {
            a[i].whole = 1 + random_below(&random, n % 2 ? 70000 : 300);
            a[i].part = random_below(&random, (uint32_t)a[i].whole + 1);
            factor = 1 + random_below(&random, n % 3 ? 2000000 : 50);
            b[39 - i].whole = a[i].whole * factor;
            b[39 - i].part = random_next(&random) % (a[i].part * factor + 1);
            b[19 - i].whole = a[i].whole * factor;
            b[19 - i].part = a[i].part * factor - b[39 - i].part;
        }
        for (i = 0; i < 20; i++) {
            mean += (double)a[i].part / (double)a[i].whole;
            other += (double)a[19 - i].part / (double)a[19 - i].whole;
        }
        differ += mean != other;
        ck_assert_int_eq(dp_mdr_ratio_compare(a, 20, b, 40), 0);
        ck_assert(dp_mdr_ratio_mean(a, 20, 20) == dp_mdr_ratio_mean(b, 40, 20));
        b[random_below(&random, 40)].part++;
        ck_assert_int_eq(dp_mdr_ratio_compare(a, 20, b, 40), -1);
        ck_assert_int_eq(dp_mdr_ratio_compare(b, 40, a, 20), 1);
    }
    ck_assert_uint_gt(differ, 5000);
}
END_TEST

static const uint64_t primes[] = {127,   131,   137,   1009,  1013,  1019,  7001,
                                  7013,  7019,  34511, 34513, 34519, 34537, 34543,
                                  34549, 69997, 70001, 70003, 70009, 70019};
enum { PRIMES = sizeof(primes) / sizeof(primes[0]) };

static uint64_t inverse(uint64_t number, uint64_t prime)
{
    uint64_t power = prime - 2, result = 1;

    for (number %= prime; power; power /= 2, number = number * number % prime)
        result = power % 2 ? result * number % prime : result;
    return result;
}

/* Terms over the primes that add up to a whole number and the smallest step there is, 1 over the
 * product of all of them; -1 over it when `below`. Returns that whole number. */
static uint64_t next_to_whole(bool below, struct dp_mdr_ratio *terms)
{
    uint64_t others;
    double sum = 0;
    size_t i, j;

    for (i = 0; i < PRIMES; i++) {
        others = 1;
        for (j = 0; j < PRIMES; j++)
            others = j == i ? others : others * (primes[j] % primes[i]) % primes[i];
        terms[i].whole = primes[i];
        terms[i].part = inverse(others, primes[i]);
        if (below)
            terms[i].part = primes[i] - terms[i].part;
        sum += (double)terms[i].part / (double)terms[i].whole;
    }
    return (uint64_t)(sum + 0.5);
}

/* 2^-260 of a difference. */
START_TEST(next_to_nothing)
{
    struct dp_mdr_ratio terms[PRIMES], other[PRIMES], whole = {0, 1};

    whole.part = next_to_whole(false, terms);
    ck_assert_int_eq(dp_mdr_ratio_compare(terms, PRIMES, &whole, 1), 1);
    ck_assert_int_eq(dp_mdr_ratio_compare(&whole, 1, terms, PRIMES), -1);
    ck_assert_int_eq(dp_mdr_ratio_compare(terms, PRIMES, terms, PRIMES), 0);
    next_to_whole(true, other);
    other[3].part += other[3].whole * whole.part;
    ck_assert_int_eq(dp_mdr_ratio_compare(terms, PRIMES, other, PRIMES), -1);
    whole.part = next_to_whole(true, terms);
    ck_assert_int_eq(dp_mdr_ratio_compare(terms, PRIMES, &whole, 1), -1);
    ck_assert_int_eq(dp_mdr_ratio_compare(&whole, 1, terms, PRIMES), 1);
}
END_TEST

START_TEST(divisors)
{
    static const uint64_t cases[][3] = {
        {12, 18, 6}, {18, 12, 6}, {7, 13, 1}, {5, 5, 5}, {0, 9, 9}, {9, 0, 9}, {1, UINT64_MAX, 1}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_uint_eq(dp_mdr_ratio_common_divisor(cases[i][0], cases[i][1]), cases[i][2]);
}
END_TEST

/* A sum in the middle between two results of rounding, and the next ones above and below. */
START_TEST(rounding)
{
    struct dp_mdr_ratio terms[PRIMES + 1], exact[2];
    uint64_t whole = next_to_whole(true, terms);

    exact[0] = (struct dp_mdr_ratio){whole, 1};
    exact[1] = terms[PRIMES] = (struct dp_mdr_ratio){1, UINT64_C(1) << 49};
    ck_assert(dp_mdr_ratio_mean(exact, 2, 32) == (double)((whole << 48) + 1) * 0x1p-53);
    ck_assert(dp_mdr_ratio_mean(terms, PRIMES + 1, 32) == (double)(whole << 48) * 0x1p-53);
    whole = next_to_whole(false, terms);
    ck_assert(dp_mdr_ratio_mean(terms, PRIMES + 1, 32) == (double)((whole << 48) + 1) * 0x1p-53);
    exact[0] = (struct dp_mdr_ratio){0, 7};
    ck_assert(dp_mdr_ratio_mean(exact, 1, 1) == 0);
    exact[0] = (struct dp_mdr_ratio){7, 7};
    ck_assert(dp_mdr_ratio_mean(exact, 1, 1) == 1);
    exact[0] = (struct dp_mdr_ratio){60000000000000000, 100000000000000000};
    ck_assert(dp_mdr_ratio_mean(exact, 1, 1) == 0.6);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("ratio");

    tcase_add_test(tcase, beside_a_common_denominator);
    tcase_add_test(tcase, equal_is_equal);
    tcase_add_test(tcase, next_to_nothing);
    tcase_add_test(tcase, divisors);
    tcase_add_test(tcase, rounding);
    return mdr_run(tcase, "mdr_ratio");
}
