/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The bare counting that a search of pairs by AND, population count and addition cannot do
 * without: 4 cells of each pair of variants, from two bit planes each, 16 samples of 32 pairs at a
 * time (with AVX-512 BITALG) or 64 samples of one pair, a sum for each of 2 x 5 segments of the
 * samples. No tables, no scores. Prints names and values on one line, of the fastest of some runs.
 *
 *     mdr_count [samples=5000] [variants=512] [runs=20] */

#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SEGMENTS = 10, LANES = 32, CELLS = 4 };

/* Words of 16 samples. `rows`: [variant][word][plane]; `groups`: [group][word][plane][lane]. */
struct input {
    size_t words_each, words, variants; /* of a segment, of all */
    uint16_t *rows, *groups;
};

/* Processor time: other programs on the machine disturb it least. */
static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512bitalg")))

TARGET static inline __m512i add_both(__m512i sum, __m512i a, __m512i b)
{
    return _mm512_add_epi16(sum, _mm512_popcnt_epi16(_mm512_and_si512(a, b)));
}

/* One variant beside two groups. */
TARGET static void count_vectors(const struct input *input, const uint16_t *row,
                                 const uint16_t *group, uint16_t *sums)
{
    const uint16_t *other = group + input->words * 2 * LANES;
    size_t s, w, n;

    for (s = 0; s < SEGMENTS; s++) {
        __m512i sum[2 * CELLS];

        for (n = 0; n < 2 * CELLS; n++)
            sum[n] = _mm512_setzero_si512();
        for (w = 0; w < input->words_each; w++, row += 2, group += 2 * LANES, other += 2 * LANES) {
            __m512i het = _mm512_set1_epi16((short)row[0]), hom = _mm512_set1_epi16((short)row[1]);
            __m512i a = _mm512_loadu_si512(group), b = _mm512_loadu_si512(group + LANES);
            __m512i c = _mm512_loadu_si512(other), d = _mm512_loadu_si512(other + LANES);

            sum[0] = add_both(sum[0], het, a);
            sum[1] = add_both(sum[1], het, b);
            sum[2] = add_both(sum[2], hom, a);
            sum[3] = add_both(sum[3], hom, b);
            sum[4] = add_both(sum[4], het, c);
            sum[5] = add_both(sum[5], het, d);
            sum[6] = add_both(sum[6], hom, c);
            sum[7] = add_both(sum[7], hom, d);
        }
        for (n = 0; n < 2 * CELLS; n++)
            _mm512_storeu_si512(sums + (s * 2 * CELLS + n) * LANES, sum[n]);
    }
}

static bool has_vectors(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512bitalg");
}

#define POPCNT __attribute__((target("popcnt")))
#else
#define POPCNT

static bool has_vectors(void)
{
    return false;
}

static void count_vectors(const struct input *input, const uint16_t *row, const uint16_t *group,
                          uint16_t *sums)
{
    (void)input;
    (void)row;
    (void)group;
    (void)sums;
}
#endif

/* One pair, words of 64 bits. That the planes of a row take turns every 16 bits costs nothing. */
POPCNT static void count_words(const struct input *input, const uint16_t *one,
                               const uint16_t *other, uint16_t *sums)
{
    const size_t quads = input->words_each / 4;
    uint64_t a[2], b[2];
    unsigned sum[CELLS];
    size_t s, w, n;

    for (s = 0; s < SEGMENTS; s++) {
        memset(sum, 0, sizeof(sum));
        for (w = 0; w < quads; w++, one += 8, other += 8) {
            memcpy(a, one, sizeof(a));
            memcpy(b, other, sizeof(b));
            for (n = 0; n < CELLS; n++)
                sum[n] += (unsigned)__builtin_popcountll(a[n / 2] & b[n % 2]);
        }
        for (n = 0; n < CELLS; n++)
            sums[s * CELLS + n] = (uint16_t)sum[n];
    }
}

static uint64_t count_all(const struct input *input, bool vectors, uint16_t *sums)
{
    const size_t row = input->words * 2, group = row * LANES;
    uint64_t check = 0;
    size_t i, j;

    for (j = 0; j + 2 * LANES <= input->variants; j += 2 * LANES) {
        for (i = 0; vectors && i < input->variants; i++) {
            count_vectors(input, input->rows + i * row, input->groups + j / LANES * group, sums);
            check += sums[i % LANES];
        }
    }
    for (j = 0; !vectors && j < input->variants; j++) {
        for (i = 0; i < input->variants; i++) {
            count_words(input, input->rows + i * row, input->rows + j * row, sums);
            check += sums[i % LANES];
        }
    }
    return check;
}

static bool make_input(struct input *input)
{
    const size_t count = input->variants * input->words * 2;
    uint64_t state = 1;
    size_t n;

    input->rows = malloc(count * sizeof(uint16_t));
    input->groups = malloc(count * sizeof(uint16_t));
    for (n = 0; input->rows && input->groups && n < count; n++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        input->rows[n] = (uint16_t)(state >> 48);
        input->groups[n] = (uint16_t)(state >> 32);
    }
    return input->rows && input->groups;
}

int main(int argc, char **argv)
{
    static uint16_t sums[SEGMENTS * 2 * CELLS * LANES];
    unsigned samples = 5000, variants = 512, runs = 20;
    struct input input = {0};
    double best = INFINITY, begin, seconds;
    uint64_t check = 0;
    int n;

    for (n = 1; n < argc; n++) {
        if (sscanf(argv[n], "samples=%u", &samples) != 1 &&
            sscanf(argv[n], "variants=%u", &variants) != 1 &&
            sscanf(argv[n], "runs=%u", &runs) != 1)
            return 2;
    }
    input.words_each = (samples + 64 * SEGMENTS - 1) / (64 * SEGMENTS) * 4;
    if (has_vectors()) /* these need no whole 64 bits */
        input.words_each = (samples + 16 * SEGMENTS - 1) / (16 * SEGMENTS);
    input.words = input.words_each * SEGMENTS;
    input.variants = (variants + 2 * LANES - 1) / (2 * LANES) * 2 * LANES;
    if (!samples || !variants || !make_input(&input))
        return 1;
    for (; runs; runs--) {
        begin = now();
        check += count_all(&input, has_vectors(), sums);
        seconds = now() - begin;
        best = seconds < best ? seconds : best;
    }
    printf("kernel %s samples %u variants %zu pairs %zu seconds %.6f per_cpu_second %.0f "
           "check %llu\n",
           has_vectors() ? "avx512" : "popcnt", samples, input.variants,
           input.variants * input.variants, best,
           (double)input.variants * (double)input.variants / best, (unsigned long long)check);
    free(input.rows);
    free(input.groups);
    return 0;
}
