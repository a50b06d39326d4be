/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The kernel itself, once for each width of vectors: included by the sources of the kernels, which
 * define VECTOR_BYTES and the operations that their processor has and C has not:
 *
 *     sum3(a, b, c)      a ^ b ^ c
 *     carry3(a, b, c)    the majority of each bit
 *     select(m, a, b)    bits of a where m is set, of b elsewhere
 *     first_halves(a, b) the first half of a, then that of b; second_halves
 *     positive16(a)      the greater of a and 0, for signed 16-bit lanes; positive32(a) for 32
 *     lower16(a)         the greater of a - 1 and 0, where a is not negative; lower32(a)
 *     widen(a)           half a vector of 16-bit lanes as numbers32
 *     where16, greater16(a, b), add_where16(w, s, x)
 *                        which lanes have a > b, and s + x in these, s elsewhere; ..32 likewise;
 *     reciprocal(a)      1 / a of levels, off by at most 2^-14 of itself
 *
 * on `bits`, `numbers16` and `numbers32`, vectors of VECTOR_BYTES, and TARGET, the attributes of a
 * function that may use them.
 *
 * No include guard: it is the body of one source. */

#include <string.h>

enum {
    HALF_LANES = 4 * VECTOR_BYTES,      /* variants of one matrix of calls */
    LANES = 2 * HALF_LANES,             /* of a group */
    CHUNKS = VECTOR_BYTES / 4,          /* 16-bit words of a half row */
    QUADS = VECTOR_BYTES / 8,           /* 64-bit words of a row */
    SLICES = 10,                        /* bits of a count of at most 512 */
};

typedef uint16_t words __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef uint64_t quads __attribute__((vector_size(VECTOR_BYTES), __may_alias__));

#define INLINE TARGET static inline __attribute__((always_inline))

INLINE bits load_bits(const void *from)
{
    return *(const bits *)from;
}

/* --- Counting. The counters are numbers written downwards: bit b of all lanes is counter[b]. */

/* high:low = a + b + c */
#define ADD3(high, low, a, b, c)                                                                   \
    do {                                                                                           \
        const bits add_a = (a), add_b = (b), add_c = (c);                                          \
        (low) = sum3(add_a, add_b, add_c);                                                         \
        (high) = carry3(add_a, add_b, add_c);                                                      \
    } while (0)

#define ROW(n) load_bits(rows + list[n])

INLINE void ripple(bits counter[SLICES], unsigned from, unsigned slices, bits carry)
{
    unsigned b;
    bits kept;

#pragma GCC unroll 10
    for (b = from; b < slices; b++) {
        kept = counter[b] & carry;
        counter[b] ^= carry;
        carry = kept;
    }
}

/* Eight rows: what is left over of them has the weight 8. */
INLINE bits add_eight(bits counter[SLICES], const uint8_t *rows, const uint16_t *list)
{
    bits two_a, two_b, two_c, two_d, four_a, four_b, eight, sum_a, sum_b, sum_c;

    ADD3(two_a, sum_a, ROW(0), ROW(1), ROW(2));
    ADD3(two_b, sum_b, ROW(3), ROW(4), ROW(5));
    ADD3(two_c, sum_c, ROW(6), ROW(7), sum_a);
    ADD3(two_d, counter[0], counter[0], sum_b, sum_c);
    ADD3(four_a, sum_a, two_a, two_b, two_c);
    ADD3(four_b, counter[1], counter[1], two_d, sum_a);
    ADD3(eight, counter[2], counter[2], four_a, four_b);
    return eight;
}

/* Sixteen, as a tree, so that little waits for the counter of the sixteen before. */
INLINE bits add_sixteen(bits counter[SLICES], const uint8_t *rows, const uint16_t *list)
{
    bits two[8], four[4], eight[2], sixteen, s[7];

    ADD3(two[0], s[0], ROW(0), ROW(1), ROW(2));
    ADD3(two[1], s[1], ROW(3), ROW(4), ROW(5));
    ADD3(two[2], s[2], ROW(6), ROW(7), ROW(8));
    ADD3(two[3], s[3], ROW(9), ROW(10), ROW(11));
    ADD3(two[4], s[4], ROW(12), ROW(13), ROW(14));
    ADD3(two[5], s[5], s[0], s[1], s[2]);
    ADD3(two[6], s[6], s[3], s[4], ROW(15));
    ADD3(two[7], counter[0], s[5], s[6], counter[0]);
    ADD3(four[0], s[0], two[0], two[1], two[2]);
    ADD3(four[1], s[1], two[3], two[4], two[5]);
    ADD3(four[2], s[2], s[0], s[1], two[6]);
    ADD3(four[3], counter[1], s[2], two[7], counter[1]);
    ADD3(eight[0], s[0], four[0], four[1], four[2]);
    ADD3(eight[1], counter[2], s[0], four[3], counter[2]);
    ADD3(sixteen, counter[3], eight[0], eight[1], counter[3]);
    return sixteen;
}

/* Bits `step` apart change places with those of vectors as far apart. */
INLINE void swap_bits(words *x, words *y, unsigned step, uint16_t kept)
{
    const words mask = (words){0} + kept, a = *x, b = *y;

    *x = (words)select((bits)mask, (bits)a, (bits)(b << step));
    *y = (words)select((bits)mask, (bits)(a >> step), (bits)b);
}

/* Afterwards bit b of lane k of vector r is what bit r of lane k of vector b was. Vectors from 8 on
 * are zero before when `low` says so. */
INLINE void turn(words v[16], bool low)
{
    const unsigned count = low ? 8 : 16;
    unsigned k;

#pragma GCC unroll 16
    for (k = 0; k < count; k++) {
        if (!(k & 4))
            swap_bits(&v[k], &v[k + 4], 4, 0x0f0f);
    }
#pragma GCC unroll 16
    for (k = 0; k < count; k++) {
        if (!(k & 2))
            swap_bits(&v[k], &v[k + 2], 2, 0x3333);
    }
#pragma GCC unroll 16
    for (k = 0; k < count; k++) {
        if (!(k & 1))
            swap_bits(&v[k], &v[k + 1], 1, 0x5555);
    }
#pragma GCC unroll 8
    for (k = 0; k < 8; k++) {
        if (low) {
            v[k + 8] = v[k] >> 8;
            v[k] &= 0x00ff;
        } else {
            swap_bits(&v[k], &v[k + 8], 8, 0x00ff);
        }
    }
}

INLINE void put(uint16_t *to, bits value, bool add)
{
    words sum = (words)value;

    if (add)
        sum += *(const words *)(const void *)to;
    *(words *)(void *)to = sum;
}

/* With counters of `slices` bits. */
INLINE void count_slices(unsigned slices, const uint8_t *rows, const uint16_t *list,
                         size_t length, bool add, uint16_t *first, uint16_t *second)
{
    bits counter[SLICES] = {{0}};
    words v[16] = {{0}};
    unsigned n;

    for (; length >= 16; length -= 16, list += 16)
        ripple(counter, 4, slices, add_sixteen(counter, rows, list));
    if (length)
        ripple(counter, 3, slices, add_eight(counter, rows, list));
#pragma GCC unroll 10
    for (n = 0; n < slices; n++)
        v[n] = (words)counter[n];
    turn(v, slices <= 8);
#pragma GCC unroll 16
    for (n = 0; n < 16; n += 2) {
        put(first + n * CHUNKS, first_halves((bits)v[n], (bits)v[n + 1]), add);
        put(second + n * CHUNKS, second_halves((bits)v[n], (bits)v[n + 1]), add);
    }
}

TARGET static void count(const uint8_t *rows, const uint16_t *list, size_t length, bool add,
                         uint16_t *first, uint16_t *second)
{
    if (length < 256)
        count_slices(8, rows, list, length, add, first, second);
    else
        count_slices(SLICES, rows, list, length, add, first, second);
}

TARGET static size_t list_members(const uint16_t *members, size_t word_count, uint16_t *list)
{
    const size_t per_load = sizeof(uint64_t) / sizeof(*members);
    uint16_t *to = list;
    uint64_t left;
    size_t word, n;

    for (word = 0; word < word_count; word += per_load) {
        left = 0;
        for (n = 0; n < per_load && word + n < word_count; n++)
            left |= (uint64_t)members[word + n] << 16 * n;
        for (; left; left &= left - 1)
            *to++ = (uint16_t)((word * 16 + (unsigned)__builtin_ctzll(left)) * VECTOR_BYTES);
    }
    return (size_t)(to - list);
}

/* --- From planes to matrices. */

/* The variant that has bit `bit` of 64-bit word `quad` of a half row: such that counts come out in
 * the order of the variants (see turn() and count()). */
static unsigned variant_of(unsigned quad, unsigned bit)
{
    return bit % 16 * CHUNKS + 4 * quad + bit / 16;
}

enum { PLANE_HET, PLANE_HOM, PLANE_MISSING };

/* The words of one kind of call of a variant, zero beyond the plane. */
TARGET static quads load_plane(const uint16_t *row, unsigned plane, size_t plane_words, size_t word)
{
    const size_t all = VECTOR_BYTES / 2, left = plane_words - word;
    quads low = {0}, high = {0};

    if (!row)
        return low;
    memcpy(&low, row + word, (left < all ? left : all) * sizeof(*row));
    memcpy(&high, row + plane_words + word, (left < all ? left : all) * sizeof(*row));
    if (plane == PLANE_MISSING)
        return low & high;
    return plane == PLANE_HET ? low & ~high : high & ~low;
}

/* As turn(), for 64 vectors with lanes of 64 bits. */
TARGET static void turn_quads(quads v[64])
{
    uint64_t mask = 0x00000000ffffffffu;
    unsigned step, k;
    quads x, y;

    for (step = 32; step; step /= 2, mask ^= mask << step) {
        for (k = 0; k < 64; k = (k + step + 1) & ~step) {
            x = v[k];
            y = v[k + step];
            v[k] = (x & mask) | (y & mask) << step;
            v[k + step] = (x >> step & mask) | (y & ~mask);
        }
    }
}

/* 64 variants of one half row, all samples: the 64-bit word at `to` of each row. */
TARGET static void spread_quad(const struct dp_mdr_frame *frame, const uint16_t *const *planes,
                               unsigned quad, unsigned plane, uint8_t *to)
{
    const size_t plane_words = frame->layout->word_count;
    quads v[64];
    size_t word, at;
    unsigned n, lane;

    for (word = 0; word < plane_words; word += VECTOR_BYTES / 2) {
        for (n = 0; n < 64; n++)
            v[n] = load_plane(planes[variant_of(quad, n)], plane, plane_words, word);
        turn_quads(v);
        for (lane = 0; lane < QUADS; lane++) {
            for (n = 0; n < 64; n++) {
                at = word + 4 * lane + n / 16;
                if (at >= plane_words)
                    break;
                memcpy(to + (frame->row_of_word[at] + n % 16) * (size_t)VECTOR_BYTES,
                       (const uint64_t *)&v[n] + lane, sizeof(uint64_t));
            }
        }
    }
}

TARGET static void spread(const struct dp_mdr_frame *frame, const uint16_t *const *planes,
                          const struct dp_mdr_matrices *matrices)
{
    const unsigned half = VECTOR_BYTES / 2;
    unsigned g, quad;

    for (g = 0; g < 2; g++, planes += HALF_LANES) {
        for (quad = 0; quad < QUADS / 2; quad++) {
            spread_quad(frame, planes, quad, PLANE_HET, matrices->calls[g] + 8 * quad);
            spread_quad(frame, planes, quad, PLANE_HOM, matrices->calls[g] + half + 8 * quad);
            if (matrices->missing)
                spread_quad(frame, planes, quad, PLANE_MISSING,
                            matrices->missing + g * half + 8 * quad);
        }
    }
}

/* --- Judging: once with lanes of 16 bits, once of 32. */

typedef float levels __attribute__((vector_size(VECTOR_BYTES), __may_alias__));
typedef int16_t half_numbers16 __attribute__((vector_size(VECTOR_BYTES / 2), __may_alias__));

enum { LEVELS = VECTOR_BYTES / 4 };

INLINE bool any_of(quads mask)
{
    uint64_t all = 0;
    unsigned n;

    for (n = 0; n < QUADS; n++)
        all |= mask[n];
    return all != 0;
}

INLINE void report(const struct dp_mdr_sight *sight, unsigned at, numbers32 reached)
{
    unsigned n;

    if (!any_of((quads)reached))
        return;
    for (n = 0; n < LEVELS; n++) {
        if (reached[n])
            sight->found[(at + n) / 64] |= (uint64_t)1 << (at + n) % 64;
    }
}

INLINE levels levels16(const numbers16 *values, unsigned part)
{
    half_numbers16 half = ((const half_numbers16 *)(const void *)values)[part];

    return __builtin_convertvector(widen(half), levels);
}

INLINE levels levels32(const numbers32 *values, unsigned part)
{
    (void)part;
    return __builtin_convertvector(*values, levels);
}

/* Where the segments of each fold and class begin, and the end; controls are first. */
static void find_segments(const struct dp_mdr_frame *frame, size_t *begin)
{
    const struct dp_mdr_layout *layout = frame->layout;
    size_t s = 0;
    unsigned n;

    for (n = 0; n < 2 * frame->fold_count; n++) {
        while (s < layout->segment_count &&
               2u * layout->segments[s].fold + layout->segments[s].is_case < n)
            s++;
        begin[n] = s;
    }
    begin[n] = layout->segment_count;
}

#define NUMBER     int16_t
#define NAME(verb) verb##16
#include "mdr/kernel_judge.h"

#define NUMBER     int32_t
#define NAME(verb) verb##32
#include "mdr/kernel_judge.h"
