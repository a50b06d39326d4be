/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* xoshiro256**, seeded by splitmix64 (both by Blackman and Vigna, in the public domain). Integers
 * only, so that a seed means the same bytes on every machine. */

#ifndef DP_DATASETS_RANDOM_H
#define DP_DATASETS_RANDOM_H

#include <stdint.h>

struct dp_random {
    uint64_t state[4];
};

static inline void dp_random_seed(struct dp_random *random, uint64_t seed)
{
    uint64_t z;
    unsigned i;

    for (i = 0; i < 4; i++) {
        z = seed += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        random->state[i] = z ^ z >> 31;
    }
}

static inline uint64_t dp_random_rotate(uint64_t word, unsigned by)
{
    return word << by | word >> (64 - by);
}

static inline uint64_t dp_random_next(struct dp_random *random)
{
    uint64_t *s = random->state;
    uint64_t result = dp_random_rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = dp_random_rotate(s[3], 45);
    return result;
}

/* 0 to limit - 1; the bias of a 32-bit fraction does not matter here. */
static inline uint32_t dp_random_below(struct dp_random *random, uint32_t limit)
{
    return (uint32_t)((dp_random_next(random) >> 32) * limit >> 32);
}

#endif
