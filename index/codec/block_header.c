/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/block_header.h"

#include <string.h>

enum {
    LONGEST = 15,       /* bits of a code */
    LENGTH_LONGEST = 7, /* bits of a code for code lengths */
    LENGTH_CODES = 19,
    LITERAL_CODES = 286,
    DISTANCE_CODES = 30
};

/* Bits read from the low end. Behind the last byte they are zeros, and `short_of` says so. */
struct bit_reader {
    uint64_t bits;
    unsigned count;
    const uint8_t *next, *end;
    size_t taken;  /* bits, in all */
    bool short_of; /* more were taken than there are */
};

static unsigned peek(struct bit_reader *reader, unsigned count)
{
    while (reader->count < count && reader->next < reader->end) {
        reader->bits |= (uint64_t)*reader->next++ << reader->count;
        reader->count += 8;
    }
    return (unsigned)reader->bits & ((1u << count) - 1);
}

static void drop(struct bit_reader *reader, unsigned count)
{
    reader->taken += count;
    if (count > reader->count) {
        reader->short_of = true;
        count = reader->count;
    }
    reader->bits = count == 64 ? 0 : reader->bits >> count;
    reader->count -= count;
}

static unsigned take(struct bit_reader *reader, unsigned count)
{
    unsigned value = peek(reader, count);

    drop(reader, count);
    return value;
}

/* May a set of codes with these lengths be used? It must be complete, but for one that has no codes
 * or only such of one bit; gzip and zlib agree on that. */
static bool is_usable(const uint8_t *lengths, unsigned count)
{
    unsigned used = 0, longest = 0; /* `used` in units of 2^-LONGEST of the code space */

    for (unsigned i = 0; i < count; i++)
        if (lengths[i]) {
            used += 1u << (LONGEST - lengths[i]);
            longest = lengths[i] > longest ? lengths[i] : longest;
        }
    return used == 1u << LONGEST || (longest <= 1 && used < 1u << LONGEST);
}

/* A table for the codes of code lengths: symbol << 3 | bits, by the next 7 bits of input. */
static void make_table(const uint8_t *lengths, uint8_t *table)
{
    unsigned code = 0;

    memset(table, 0, 1u << LENGTH_LONGEST);
    for (unsigned bits = 1; bits <= LENGTH_LONGEST; bits++, code <<= 1)
        for (unsigned symbol = 0; symbol < LENGTH_CODES; symbol++) {
            unsigned reversed = 0;

            if (lengths[symbol] != bits)
                continue;
            for (unsigned i = 0; i < bits; i++)
                reversed |= (code >> i & 1) << (bits - 1 - i);
            for (unsigned at = reversed; at < 1u << LENGTH_LONGEST; at += 1u << bits)
                table[at] = (uint8_t)(symbol << 3 | bits);
            code++;
        }
}

/* Reads `total` code lengths. GOOD also where every decoder sees that they make no sense: *broken
 * is then set. */
static enum dp_block_verdict read_lengths(struct bit_reader *reader, const uint8_t *table,
                                          uint8_t *lengths, unsigned total, bool *broken)
{
    static const struct {
        uint8_t bits, base;
    } repeats[] = {{2, 3}, {3, 3}, {7, 11}};
    unsigned at = 0;

    *broken = false;
    while (at < total) {
        unsigned entry = table[peek(reader, LENGTH_LONGEST)], symbol = entry >> 3, count = 1;
        uint8_t value = (uint8_t)symbol;

        drop(reader, entry & 7);
        if (symbol >= 16) {
            value = symbol == 16 && at ? lengths[at - 1] : 0;
            count = repeats[symbol - 16].base + take(reader, repeats[symbol - 16].bits);
        }
        if (reader->short_of)
            return DP_BLOCK_MORE;
        if (entry == 0 || (symbol == 16 && at == 0) || count > total - at) {
            *broken = true;
            return DP_BLOCK_GOOD;
        }
        memset(lengths + at, value, count);
        at += count;
    }
    return DP_BLOCK_GOOD;
}

static enum dp_block_verdict check_dynamic(struct bit_reader *reader)
{
    static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t table[1 << LENGTH_LONGEST], lengths[LITERAL_CODES + DISTANCE_CODES];
    uint8_t length_lengths[LENGTH_CODES] = {0};
    unsigned literals = take(reader, 5) + 257, distances = take(reader, 5) + 1;
    unsigned length_codes = take(reader, 4) + 4;
    enum dp_block_verdict verdict;
    bool broken;

    if (reader->short_of)
        return DP_BLOCK_MORE;
    if (literals > LITERAL_CODES || distances > DISTANCE_CODES)
        return DP_BLOCK_BAD;
    for (unsigned i = 0; i < length_codes; i++)
        length_lengths[order[i]] = (uint8_t)take(reader, 3);
    if (reader->short_of)
        return DP_BLOCK_MORE;
    if (!is_usable(length_lengths, LENGTH_CODES))
        return DP_BLOCK_BAD;
    make_table(length_lengths, table);
    verdict = read_lengths(reader, table, lengths, literals + distances, &broken);
    if (verdict != DP_BLOCK_GOOD || broken)
        return verdict;
    return is_usable(lengths, literals) && is_usable(lengths + literals, distances)
               ? DP_BLOCK_GOOD
               : DP_BLOCK_BAD;
}

enum dp_block_verdict dp_block_header_check(uint64_t bits, unsigned bit_count,
                                            const uint8_t *bytes, size_t length,
                                            size_t *header_bits)
{
    /* Nothing may be added to a NULL, not even 0. */
    const uint8_t *end = length > 0 ? bytes + length : bytes;
    struct bit_reader reader = {bits, bit_count, bytes, end, 0, false};
    unsigned type = take(&reader, 3) >> 1;
    enum dp_block_verdict verdict = DP_BLOCK_GOOD;

    if (reader.short_of)
        verdict = DP_BLOCK_MORE;
    else if (type == 2)
        verdict = check_dynamic(&reader);
    else if (type == 3)
        verdict = DP_BLOCK_BAD;
    *header_bits = reader.taken;
    return verdict;
}
