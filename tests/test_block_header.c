/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "codec_data.h"

#include "index/codec/block_header.h"

#include <check.h>
#include <string.h>
#include <zlib.h>

/* Bits, the lowest first. */
struct bits {
    uint8_t bytes[DP_BLOCK_HEADER_BYTES];
    size_t count;
};

static void put(struct bits *bits, unsigned value, unsigned count)
{
    for (unsigned i = 0; i < count; i++, bits->count++)
        bits->bytes[bits->count / 8] |= (uint8_t)((value >> i & 1) << bits->count % 8);
}

static enum dp_block_verdict check(const struct bits *bits, size_t *header_bits)
{
    return dp_block_header_check(0, 0, bits->bytes, (bits->count + 7) / 8, header_bits);
}

/* A dynamic header whose code lengths are coded by two codes of one bit: 0 for length `zero`, 1 for
 * length `one`. (Their codes go by the symbols' values.) */
static void begin_dynamic(struct bits *bits, unsigned literals, unsigned distances, unsigned zero,
                          unsigned one)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1,
                                      15};

    put(bits, 1, 1);
    put(bits, 2, 2);
    put(bits, literals - 257, 5);
    put(bits, distances - 1, 5);
    put(bits, 15, 4);
    for (int i = 0; i < 19; i++)
        put(bits, order[i] == zero || order[i] == one, 3);
}

/* Lengths of 8 and 9 bits: 255 and 2 of them fill the literals' code space; distances: 1 bit. */
START_TEST(dynamic_codes)
{
    static const struct {
        unsigned literals, eights, distances;
        enum dp_block_verdict verdict;
    } cases[] = {
        {257, 255, 1, DP_BLOCK_BAD}, /* literals complete, but a distance of 8 bits alone */
        {257, 257, 1, DP_BLOCK_BAD}, /* too many */
        {257, 0, 1, DP_BLOCK_BAD},   /* too few */
        {287, 255, 1, DP_BLOCK_BAD},
        {257, 255, 31, DP_BLOCK_BAD},
    };
    struct bits bits = {{0}, 0};
    size_t header_bits;

    begin_dynamic(&bits, cases[_i].literals, cases[_i].distances, 8, 9);
    for (unsigned i = 0; i < cases[_i].literals; i++)
        put(&bits, i >= cases[_i].eights, 1);
    for (unsigned i = 0; i < cases[_i].distances; i++)
        put(&bits, 0, 1);
    ck_assert_int_eq(check(&bits, &header_bits), cases[_i].verdict);
}
END_TEST

/* Code lengths 0 and 1: a literal and the end of the block, and one distance or none. */
START_TEST(codes_of_one_bit)
{
    static const struct {
        unsigned literals_used, distances_used;
        enum dp_block_verdict verdict;
    } cases[] = {{2, 0, DP_BLOCK_GOOD}, {2, 1, DP_BLOCK_GOOD}, {2, 2, DP_BLOCK_GOOD},
                 {1, 0, DP_BLOCK_GOOD}, {3, 0, DP_BLOCK_BAD},  {2, 3, DP_BLOCK_BAD}};
    struct bits bits = {{0}, 0};
    size_t header_bits;

    begin_dynamic(&bits, 257, 3, 0, 1);
    for (unsigned i = 0; i < 257; i++)
        put(&bits, i >= 257 - cases[_i].literals_used, 1);
    for (unsigned i = 0; i < 3; i++)
        put(&bits, i < cases[_i].distances_used, 1);
    ck_assert_int_eq(check(&bits, &header_bits), cases[_i].verdict);
    if (cases[_i].verdict == DP_BLOCK_GOOD)
        ck_assert_uint_eq(header_bits, bits.count);
}
END_TEST

/* Headers as zlib writes them are good, and end where zlib ended them; any cut asks for more. */
START_TEST(real_headers)
{
    struct data_member how = {6, Z_DEFAULT_STRATEGY, 0, 0};
    struct dp_array text = {0}, member = {0};
    const uint8_t *packed;
    size_t header_bits, expected, length;

    data_reads(&text, 20000, (uint64_t)_i + 1);
    data_member(&member, text.data, text.length, &how);
    packed = (uint8_t *)member.data + 10;
    ck_assert_int_eq(dp_block_header_check(0, 0, packed, DP_BLOCK_HEADER_BYTES, &expected),
                     DP_BLOCK_GOOD);
    ck_assert_uint_gt(expected, 300);
    for (length = 0; length < expected / 8; length++)
        ck_assert_int_eq(dp_block_header_check(0, 0, packed, length, &header_bits), DP_BLOCK_MORE);
    ck_assert_int_eq(dp_block_header_check(0, 0, packed, (expected + 7) / 8, &header_bits),
                     DP_BLOCK_GOOD);
    for (unsigned head = 1; head <= 8; head++) {
        uint64_t bits = 0;

        memcpy(&bits, packed, head);
        ck_assert_int_eq(dp_block_header_check(bits, head * 8, packed + head, 1000, &header_bits),
                         DP_BLOCK_GOOD);
        ck_assert_uint_eq(header_bits, expected);
    }
    dp_array_free(&text);
    dp_array_free(&member);
}
END_TEST

/* zlib has the last word: what it refuses in a header is refused here, or left to every decoder;
 * what it takes is taken. Single flips of a real header give all kinds of wrong ones. */
START_TEST(flips_like_zlib)
{
    struct data_member how = {6, Z_DEFAULT_STRATEGY, 0, 0};
    struct dp_array text = {0}, member = {0};
    size_t header_bits, length;
    unsigned bad = 0;
    uint8_t *packed;

    data_reads(&text, 20000, 5);
    data_member(&member, text.data, text.length, &how);
    packed = (uint8_t *)member.data + 10;
    ck_assert_int_eq(dp_block_header_check(0, 0, packed, 1000, &length), DP_BLOCK_GOOD);
    for (size_t bit = 1; bit < length; bit++) {
        enum dp_block_verdict verdict;
        z_stream z = {0};
        int rc;

        packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(inflateInit2(&z, -15), Z_OK);
        z.next_in = packed;
        z.avail_in = (uInt)member.length - 18;
        rc = inflate(&z, Z_TREES); /* stops behind the header */
        inflateEnd(&z);
        verdict = dp_block_header_check(0, 0, packed, member.length - 18, &header_bits);
        if (rc == Z_OK && verdict != DP_BLOCK_GOOD)
            ck_abort_msg("bit %zu: zlib takes it", bit);
        bad += verdict == DP_BLOCK_BAD;
        packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ck_assert_uint_gt(bad, 50);
    dp_array_free(&text);
    dp_array_free(&member);
}
END_TEST

START_TEST(types)
{
    static const enum dp_block_verdict verdicts[] = {DP_BLOCK_GOOD, DP_BLOCK_GOOD, DP_BLOCK_MORE,
                                                     DP_BLOCK_BAD};
    size_t header_bits;
    uint8_t byte = (uint8_t)(_i << 1);

    ck_assert_int_eq(dp_block_header_check(0, 0, &byte, 1, &header_bits), verdicts[_i]);
    ck_assert_int_eq(dp_block_header_check(byte, 3, NULL, 0, &header_bits), verdicts[_i]);
    ck_assert_int_eq(dp_block_header_check(byte & 3, 2, NULL, 0, &header_bits), DP_BLOCK_MORE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("block_header");
    TCase *tests = tcase_create("block_header");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, dynamic_codes, 0, 5);
    tcase_add_loop_test(tests, codes_of_one_bit, 0, 6);
    tcase_add_loop_test(tests, real_headers, 0, 5);
    tcase_add_test(tests, flips_like_zlib);
    tcase_add_loop_test(tests, types, 0, 4);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
