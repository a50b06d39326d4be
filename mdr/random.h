/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Random numbers that are the same everywhere: xoshiro256** (Blackman and Vigna, 2018), its state
 * filled by splitmix64 from one seed. */

#ifndef DP_MDR_RANDOM_H
#define DP_MDR_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct dp_mdr_random {
    uint64_t state[4];
};

void dp_mdr_random_seed(struct dp_mdr_random *random, uint64_t seed);
uint64_t dp_mdr_random_next(struct dp_mdr_random *random);
/* One of 0 to bound - 1, each as probable as the other; bound > 0. Numbers below 2^64 mod bound are
 * thrown away, of the first one that is not, the remainder is taken. */
uint64_t dp_mdr_random_below(struct dp_mdr_random *random, uint64_t bound);
/* Fisher-Yates: for n from count - 1 down to 1, item n is swapped with item below(n + 1). */
void dp_mdr_random_shuffle(struct dp_mdr_random *random, uint32_t *items, size_t count);

#endif
