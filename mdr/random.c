/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/random.h"

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

/* splitmix64: seeds that are near each other give states that are not. */
static uint64_t split(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

void dp_mdr_random_seed(struct dp_mdr_random *random, uint64_t seed)
{
    int i;

    for (i = 0; i < 4; i++)
        random->state[i] = split(&seed);
}

uint64_t dp_mdr_random_next(struct dp_mdr_random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t dp_mdr_random_below(struct dp_mdr_random *random, uint64_t bound)
{
    uint64_t least = -bound % bound; /* 2^64 mod bound: what is left has whole rounds only */
    uint64_t number;

    do
        number = dp_mdr_random_next(random);
    while (number < least);
    return number % bound;
}

void dp_mdr_random_shuffle(struct dp_mdr_random *random, uint32_t *items, size_t count)
{
    size_t n;

    for (n = count; n-- > 1;) {
        size_t other = (size_t)dp_mdr_random_below(random, n + 1);
        uint32_t item = items[n];

        items[n] = items[other];
        items[other] = item;
    }
}
