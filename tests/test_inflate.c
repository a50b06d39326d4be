/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Every backend against zlib: the same bytes, the same block boundaries at the same bits, whatever
 * the sizes of inputs and rooms. */

#include "codec_data.h"

#include "index/codec/inflate.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct boundary {
    uint64_t bit, offset;
};

struct outcome {
    struct dp_array bytes;
    struct dp_array boundaries; /* struct boundary */
    enum dp_inflate_status status;
    uint64_t end_bit;
};

/* Raw deflate data of the kinds that matter. */
static void make_data(struct dp_array *text, struct dp_array *packed, int kind)
{
    static const struct data_member kinds[] = {
        {6, Z_DEFAULT_STRATEGY, 0, 0},           {0, Z_DEFAULT_STRATEGY, 0, 0},
        {6, Z_FIXED, 0, 0},                      {1, Z_DEFAULT_STRATEGY, Z_SYNC_FLUSH, 100},
        {9, Z_DEFAULT_STRATEGY, Z_BLOCK, 40000}, {6, Z_RLE, Z_PARTIAL_FLUSH, 3000},
        {1, Z_DEFAULT_STRATEGY, Z_SYNC_FLUSH, 20000}};
    struct dp_array member = {0};

    data_reads(text, 200000, (uint64_t)kind + 1);
    data_member(&member, text->data, text->length, &kinds[kind]);
    dp_array_append(packed, (uint8_t *)member.data + 10, member.length - 18, 1);
    dp_array_free(&member);
}

/* Runs a backend over the data: inputs of in_step bytes at most, rooms of out_step. */
static void run_backend(struct outcome *outcome, const char *backend, const struct dp_array *packed,
                        size_t in_step, size_t out_step)
{
    const uint8_t *in = packed->data, *end = in + packed->length;
    uint8_t *room = malloc(out_step + 1);
    struct dp_inflate *inflate;

    memset(outcome, 0, sizeof(*outcome));
    ck_assert_int_eq(dp_inflate_open(backend, &inflate, NULL), DP_OK);
    inflate->ops->begin(inflate, 0, 0, NULL, 0);
    do {
        size_t part = (size_t)(end - in) < in_step ? (size_t)(end - in) : in_step;
        struct dp_inflate_io io = {in, part, room, out_step};
        uint64_t bit;

        outcome->status = inflate->ops->run(inflate, &io, true);
        in = io.in;
        dp_array_append(&outcome->bytes, room, out_step - io.out_bytes, 1);
        bit = (uint64_t)(in - (uint8_t *)packed->data) * 8;
        if (outcome->status == DP_INFLATE_BOUNDARY) {
            struct boundary boundary = {bit - inflate->ops->spare_bits(inflate),
                                        outcome->bytes.length};

            dp_array_append(&outcome->boundaries, &boundary, 1, sizeof(boundary));
        }
        if (outcome->status == DP_INFLATE_END)
            outcome->end_bit = bit - inflate->ops->spare_bits(inflate) / 8 * 8;
        if (outcome->status == DP_INFLATE_MORE && io.in_bytes)
            ck_abort_msg("more input is asked for, but not all was taken");
        if (outcome->status == DP_INFLATE_FULL && io.out_bytes)
            ck_abort_msg("more room is asked for, but not all was used");
    } while (outcome->status != DP_INFLATE_END && outcome->status != DP_INFLATE_BROKEN &&
             !(outcome->status == DP_INFLATE_MORE && in == end));
    dp_inflate_free(inflate);
    free(room);
}

static void free_outcome(struct outcome *outcome)
{
    dp_array_free(&outcome->bytes);
    dp_array_free(&outcome->boundaries);
}

static bool same(const struct dp_array *a, const struct dp_array *b, size_t size)
{
    return a->length == b->length &&
           (a->length == 0 || memcmp(a->data, b->data, a->length * size) == 0);
}

START_TEST(same_as_zlib)
{
    static const size_t steps[][2] = {{1 << 20, 1 << 20}, {1, 1 << 20}, {7, 1000},
                                      {1 << 20, 1},       {3, 3},       {4096, 32768},
                                      {1 << 20, 70000},   {100, 65536}};
    struct dp_array text = {0}, packed = {0};
    struct outcome expected, got;

    make_data(&text, &packed, _i);
    run_backend(&expected, "zlib", &packed, 1 << 20, 1 << 20);
    ck_assert_int_eq(expected.status, DP_INFLATE_END);
    ck_assert(same(&expected.bytes, &text, 1));
    ck_assert_uint_eq(expected.end_bit, packed.length * 8);
    for (size_t i = 0; dp_inflate_name(i); i++)
        for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
            run_backend(&got, dp_inflate_name(i), &packed, steps[step][0], steps[step][1]);
            ck_assert_int_eq(got.status, DP_INFLATE_END);
            ck_assert(same(&expected.bytes, &got.bytes, 1));
            ck_assert(same(&expected.boundaries, &got.boundaries, sizeof(struct boundary)));
            ck_assert_uint_eq(expected.end_bit, got.end_bit);
            free_outcome(&got);
        }
    free_outcome(&expected);
    dp_array_free(&text);
    dp_array_free(&packed);
}
END_TEST

/* Damaged data: what one backend refuses all refuse, and nobody overruns (sanitizers look on). */
START_TEST(damage)
{
    struct dp_array text = {0}, packed = {0};
    uint64_t state = (uint64_t)_i;
    struct outcome expected, got;

    make_data(&text, &packed, _i);
    for (int round = 0; round < 25; round++) {
        size_t at = data_noise(&state) % (packed.length < 3000 ? packed.length : 3000);
        uint8_t *byte = (uint8_t *)packed.data + at, before = *byte;

        *byte = (uint8_t)data_noise(&state);
        run_backend(&expected, "zlib", &packed, 1 << 20, 1 << 20);
        for (size_t i = 0; dp_inflate_name(i); i++) {
            run_backend(&got, dp_inflate_name(i), &packed, 5000, 3000);
            if (got.status != expected.status)
                ck_abort_msg("%s: byte %zu: %d, zlib says %d", dp_inflate_name(i), at, got.status,
                             expected.status);
            if (got.status == DP_INFLATE_END && !same(&expected.bytes, &got.bytes, 1))
                ck_abort_msg("%s: byte %zu: other bytes", dp_inflate_name(i), at);
            free_outcome(&got);
        }
        free_outcome(&expected);
        *byte = before;
    }
    dp_array_free(&text);
    dp_array_free(&packed);
}
END_TEST

/* What lies before a member reads as zeros, as in GNU gzip. */
START_TEST(zeros_before_the_begin)
{
    /* A fixed block: literal 'a', a match of 3 bytes at distance 2, the end. */
    static const uint8_t packed[] = {0x4b, 0x04, 0x42, 0x00};
    const struct dp_array data = {(void *)(uintptr_t)packed, sizeof(packed), 0};
    struct outcome got;

    for (size_t i = 0; dp_inflate_name(i); i++) {
        run_backend(&got, dp_inflate_name(i), &data, 100, 100);
        ck_assert_int_eq(got.status, DP_INFLATE_END);
        ck_assert_uint_eq(got.bytes.length, 4);
        ck_assert_mem_eq(got.bytes.data, "a\0a\0", 4);
        free_outcome(&got);
    }
}
END_TEST

/* ISA-L counted three bytes behind the end as taken. */
START_TEST(damage_near_the_end_takes_no_more_than_there_is)
{
    static const uint8_t packed[] = {
        0x0a, 0x41, 0x0a, 0x2b, 0x0a, 0x49, 0x2c, 0xfa, 0x47, 0x78, 0xf5, 0x00, 0x8b, 0x00,
        0x04, 0x00, 0x08, 0x3a, 0x2f, 0x2f, 0x00, 0x1f, 0x00, 0x00, 0x01, 0x3a, 0x2f, 0x2f,
        0x00, 0x3f, 0x00, 0x02, 0,    0,    0,    0,    0,    0,    0,    0,    0,    0};
    static uint8_t room[1 << 19];
    const char *backend = dp_inflate_name((size_t)_i);
    struct dp_inflate_io io = {packed, sizeof(packed), room, sizeof(room)};
    enum dp_inflate_status status;
    struct dp_inflate *inflate;

    if (!backend)
        return;
    ck_assert_int_eq(dp_inflate_open(backend, &inflate, NULL), DP_OK);
    inflate->ops->begin(inflate, 0, 0, NULL, 0);
    do {
        status = inflate->ops->run(inflate, &io, true);
        ck_assert_uint_le(io.in_bytes, sizeof(packed));
        ck_assert_ptr_eq(io.in + io.in_bytes, packed + sizeof(packed));
    } while (status == DP_INFLATE_BOUNDARY);
    ck_assert_int_eq(status, DP_INFLATE_BROKEN);
    dp_inflate_free(inflate);
}
END_TEST

START_TEST(names)
{
    struct dp_inflate *inflate = NULL;
    struct dp_error err;

    ck_assert_str_eq(dp_inflate_name(0), dp_inflate_name(1) ? "isal" : "zlib");
    ck_assert_int_eq(dp_inflate_open("zopfli", &inflate, &err), DP_UNSUPPORTED);
    ck_assert_ptr_null(inflate);
    ck_assert_int_eq(dp_inflate_open(NULL, &inflate, &err), DP_OK);
    ck_assert_str_eq(inflate->ops->name, dp_inflate_name(0));
    dp_inflate_free(inflate);
    dp_inflate_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inflate");
    TCase *tests = tcase_create("inflate");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, same_as_zlib, 0, 7);
    tcase_add_loop_test(tests, damage, 0, 7);
    tcase_add_test(tests, zeros_before_the_begin);
    tcase_add_loop_test(tests, damage_near_the_end_takes_no_more_than_there_is, 0, 2);
    tcase_add_test(tests, names);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
