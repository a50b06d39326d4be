/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "codec_data.h"

#include <check.h>
#include <string.h>
#include <zlib.h>

enum { TEXT_BYTES = 3000000, BLOCK_BYTES = 65280, SPACING_BYTES = 500000, SUM_BYTES = 1 << 20 };

static struct dp_array text, object;

static void make_data(void)
{
    data_reads(&text, TEXT_BYTES, 4);
    data_bgzf(&object, text.data, text.length, BLOCK_BYTES, true);
}

static void free_data(void)
{
    dp_array_free(&text);
    dp_array_free(&object);
}

static struct data_pass decode(unsigned threads, bool strict)
{
    struct dp_decoder_config config = {.codec = DP_CODEC_BGZF,
                                       .end_offset = UINT64_MAX,
                                       .spacing_bytes = strict ? SPACING_BYTES : 0,
                                       .sum_bytes = strict ? SUM_BYTES : 0,
                                       .want_blocks = strict,
                                       .threads = threads};
    struct data_pass pass;

    data_decode(&pass, &config, object.data, object.length, 100000);
    return pass;
}

static void check_text(const struct data_pass *pass)
{
    ck_assert_msg(pass->rc == 0, "%s", pass->error.message);
    ck_assert_uint_eq(pass->bytes.length, text.length);
    ck_assert_mem_eq(pass->bytes.data, text.data, text.length);
}

START_TEST(blocks)
{
    struct data_pass pass = decode((unsigned)_i + 1, true);
    const struct dp_block *all = pass.blocks.data;
    uint64_t compressed = 0, uncompressed = 0;

    check_text(&pass);
    ck_assert_uint_eq(pass.blocks.length, (TEXT_BYTES + BLOCK_BYTES - 1) / BLOCK_BYTES + 1);
    ck_assert_uint_eq(pass.blocks.length, pass.result.member_count);
    for (size_t i = 0; i < pass.blocks.length; i++) {
        compressed += all[i].compressed_bytes;
        uncompressed += all[i].uncompressed_bytes;
    }
    ck_assert_uint_eq(compressed, object.length);
    ck_assert_uint_eq(uncompressed, text.length);
    ck_assert(!pass.result.bgzf_eof_missing);
    data_pass_free(&pass);
}
END_TEST

START_TEST(end_block_missing)
{
    struct data_pass pass;

    object.length -= 28;
    pass = decode((unsigned)_i + 1, true);
    check_text(&pass);
    ck_assert(pass.result.bgzf_eof_missing);
    data_pass_free(&pass);
}
END_TEST

START_TEST(only_the_end_block)
{
    struct data_pass pass;

    memmove(object.data, (uint8_t *)object.data + object.length - 28, 28);
    object.length = 28;
    pass = decode((unsigned)_i + 1, true);
    ck_assert_int_eq(pass.rc, 0);
    ck_assert_uint_eq(pass.bytes.length, 0);
    ck_assert_uint_eq(pass.blocks.length, 1);
    data_pass_free(&pass);
}
END_TEST

/* Begin of block `number`. */
static uint8_t *block_at(size_t number)
{
    uint8_t *at = object.data;

    while (number--)
        at += (at[16] | at[17] << 8) + 1;
    return at;
}

/* What began as BGZF is indexed as gzip: points keep their distance and are checksum edges, and
 * these are never too far apart. */
static void check_as_gzip(const struct data_pass *pass)
{
    const struct data_point *points = pass->points.data;
    const uint64_t *edges = pass->edges.data;
    uint64_t last = 0;

    check_text(pass);
    ck_assert_int_eq(pass->result.codec, DP_CODEC_GZIP);
    ck_assert_uint_ge(pass->points.length, 3);
    for (size_t i = 1; i < pass->points.length; i++) {
        uint64_t offset = points[i].found.at.uncompressed_offset;
        size_t edge = 0;

        ck_assert_uint_ge(offset - points[i - 1].found.at.uncompressed_offset, SPACING_BYTES);
        while (edge < pass->edges.length && edges[edge] < offset)
            edge++;
        ck_assert(edge < pass->edges.length && edges[edge] == offset);
    }
    for (size_t i = 0; i < pass->edges.length; last = edges[i++])
        ck_assert_uint_le(edges[i] - last, SUM_BYTES);
    ck_assert_uint_le(text.length - last, SUM_BYTES);
}

/* A size in a header that lies: gzip does not look at it. */
START_TEST(lying_size)
{
    struct data_pass pass;

    block_at(20)[16] ^= 5;
    pass = decode((unsigned)_i / 2 + 1, _i % 2);
    if (_i % 2)
        check_as_gzip(&pass);
    else
        check_text(&pass);
    data_pass_free(&pass);
}
END_TEST

/* Blocks up to `half`, a plain member, and more blocks behind it. */
static void mix(size_t half)
{
    struct data_member how = {6, Z_DEFAULT_STRATEGY, 0, 0};

    object.length = 0;
    data_bgzf(&object, text.data, half, BLOCK_BYTES, true);
    data_member(&object, (uint8_t *)text.data + half, 1000000, &how);
    data_bgzf(&object, (uint8_t *)text.data + half + 1000000, text.length - half - 1000000,
              BLOCK_BYTES, true);
}

START_TEST(plain_member_among_blocks)
{
    struct data_pass pass;

    mix(10 * (size_t)BLOCK_BYTES);
    pass = decode((unsigned)_i / 2 + 1, _i % 2);
    if (_i % 2)
        check_as_gzip(&pass);
    else
        check_text(&pass);
    data_pass_free(&pass);
}
END_TEST

/* The blocks end where a checksum edge must lie and no seek point does. */
START_TEST(edge_before_a_plain_member)
{
    size_t half = 10 * (size_t)BLOCK_BYTES;
    struct dp_decoder_config config = {.codec = DP_CODEC_BGZF,
                                       .end_offset = UINT64_MAX,
                                       .spacing_bytes = TEXT_BYTES,
                                       .sum_bytes = half,
                                       .want_blocks = true,
                                       .threads = (unsigned)_i + 1};
    struct data_pass pass;
    const uint64_t *edges;

    mix(half);
    data_decode(&pass, &config, object.data, object.length, 100000);
    check_text(&pass);
    edges = pass.edges.data;
    ck_assert_uint_ge(pass.edges.length, 2);
    ck_assert_uint_eq(edges[0], half);
    ck_assert_uint_eq(edges[1], 2 * half);
    data_pass_free(&pass);
}
END_TEST

START_TEST(damaged_block)
{
    static const size_t places[] = {30, 2000, 12}; /* behind its begin; the last: no BC field */
    uint8_t *block = block_at(30);
    struct data_pass pass;
    int place = _i / 4;

    block[places[place]] ^= 1;
    pass = decode((unsigned)_i % 4 + 1, place < 2);
    if (place == 2) {
        check_text(&pass);
    } else {
        ck_assert_int_eq(pass.rc, DP_DATA);
        ck_assert_int_ne(pass.error.detail, DP_DETAIL_NONE);
        ck_assert_uint_ge(pass.bytes.length, 30 * (size_t)BLOCK_BYTES);
        ck_assert_mem_eq(pass.bytes.data, text.data, 30 * (size_t)BLOCK_BYTES);
    }
    data_pass_free(&pass);
}
END_TEST

START_TEST(wrong_trailer)
{
    uint8_t *end = block_at(31);
    struct data_pass pass;

    end[_i % 2 ? -8 : -4] ^= 1;
    pass = decode((unsigned)_i / 2 + 1, true);
    ck_assert_int_eq(pass.rc, DP_DATA);
    ck_assert_int_eq(pass.error.detail, _i % 2 ? DP_DETAIL_GZIP_CRC : DP_DETAIL_GZIP_LENGTH);
    data_pass_free(&pass);
}
END_TEST

/* Behind the blocks: gzip's verdict, and the blocks stand. */
START_TEST(garbage)
{
    struct data_pass pass;

    ck_assert(dp_array_append(&object, _i % 2 ? "\0\0\0" : "abc", 3, 1));
    pass = decode((unsigned)_i / 2 + 1, true);
    check_text(&pass);
    ck_assert_int_eq(pass.result.codec, DP_CODEC_BGZF);
    ck_assert_uint_eq(pass.result.garbage_bytes, _i % 2 ? 0 : 3);
    ck_assert_uint_eq(pass.blocks.length, (TEXT_BYTES + BLOCK_BYTES - 1) / BLOCK_BYTES + 1);
    data_pass_free(&pass);
}
END_TEST

START_TEST(truncated)
{
    struct data_pass pass;

    object.length = (size_t)(block_at(25) - (uint8_t *)object.data) + (_i ? 7 : 5000);
    pass = decode(2, true);
    ck_assert_int_eq(pass.rc, DP_DATA);
    ck_assert_int_eq(pass.error.detail, DP_DETAIL_UNEXPECTED_END);
    ck_assert_uint_ge(pass.bytes.length, 25 * (size_t)BLOCK_BYTES);
    data_pass_free(&pass);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pass_bgzf");
    TCase *tests = tcase_create("pass_bgzf");
    SRunner *runner;
    int failed;

    tcase_add_unchecked_fixture(tests, make_data, free_data);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, blocks, 0, 4);
    tcase_add_loop_test(tests, end_block_missing, 0, 2);
    tcase_add_loop_test(tests, only_the_end_block, 0, 2);
    tcase_add_loop_test(tests, lying_size, 0, 8);
    tcase_add_loop_test(tests, plain_member_among_blocks, 0, 8);
    tcase_add_loop_test(tests, edge_before_a_plain_member, 0, 4);
    tcase_add_loop_test(tests, damaged_block, 0, 12);
    tcase_add_loop_test(tests, wrong_trailer, 0, 8);
    tcase_add_loop_test(tests, garbage, 0, 8);
    tcase_add_loop_test(tests, truncated, 0, 2);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
