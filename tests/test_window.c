/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "codec_data.h"

#include "index/codec/inflate.h"
#include "index/codec/window.h"

#include <check.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static struct dp_window_packer *packer;

static void set_up(void)
{
    ck_assert_int_eq(dp_window_packer_open(NULL, &packer, NULL), DP_OK);
}

static void tear_down(void)
{
    dp_window_packer_free(packer);
}

/* Raw deflate of `bytes` over a dictionary. */
static void deflate_after(struct dp_array *out, const uint8_t *window, size_t window_bytes,
                          const uint8_t *bytes, size_t length)
{
    z_stream stream = {0};

    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflateSetDictionary(&stream, window, (uInt)window_bytes), Z_OK);
    ck_assert(dp_array_reserve(out, length + 1000, 1));
    stream.next_in = (z_const Bytef *)bytes;
    stream.avail_in = (uInt)length;
    stream.next_out = out->data;
    stream.avail_out = (uInt)length + 1000;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->length = length + 1000 - stream.avail_out;
    deflateEnd(&stream);
}

static void check_inflates(const struct dp_array *packed, const uint8_t *window,
                           size_t window_bytes, const uint8_t *bytes, size_t length)
{
    uint8_t *out = malloc(length);
    z_stream stream = {0};

    ck_assert_int_eq(inflateInit2(&stream, -15), Z_OK);
    ck_assert_int_eq(inflateSetDictionary(&stream, window, (uInt)window_bytes), Z_OK);
    stream.next_in = packed->data;
    stream.avail_in = (uInt)packed->length;
    stream.next_out = out;
    stream.avail_out = (uInt)length;
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    ck_assert_mem_eq(out, bytes, length);
    inflateEnd(&stream);
    free(out);
}

/* What is dropped is never missed, and something is dropped. */
START_TEST(sparse_windows_suffice)
{
    static const size_t lengths[] = {32768, 32767, 5000, 100, 1};
    size_t window_bytes = lengths[_i], dropped = 0;
    uint8_t window[DP_WINDOW_BYTES];
    struct dp_array text = {0}, following = {0}, packed = {0};

    data_reads(&text, window_bytes + 60000, 3);
    deflate_after(&following, text.data, window_bytes, (uint8_t *)text.data + window_bytes, 60000);
    ck_assert_int_eq(dp_window_pack(packer, text.data, window_bytes, following.data,
                                    following.length, 0, &packed, NULL), DP_OK);
    ck_assert_int_eq(dp_window_unpack(packed.data, packed.length, window, window_bytes, NULL),
                     DP_OK);
    for (size_t i = 0; i < window_bytes; i++) {
        dropped += window[i] != ((uint8_t *)text.data)[i];
        ck_assert(window[i] == 0 || window[i] == ((uint8_t *)text.data)[i]);
    }
    ck_assert(window_bytes < 5000 || dropped > window_bytes / 20);
    check_inflates(&following, window, window_bytes, (uint8_t *)text.data + window_bytes, 60000);
    dp_array_free(&text);
    dp_array_free(&following);
    dp_array_free(&packed);
}
END_TEST

/* When the bytes behind the point do not say everything, everything is kept. */
START_TEST(whole_windows)
{
    uint8_t window[DP_WINDOW_BYTES];
    struct dp_array text = {0}, following = {0}, packed = {0};

    data_reads(&text, DP_WINDOW_BYTES + 60000, 3);
    deflate_after(&following, text.data, DP_WINDOW_BYTES,
                  (uint8_t *)text.data + DP_WINDOW_BYTES, 60000);
    ck_assert_int_eq(dp_window_pack(packer, text.data, DP_WINDOW_BYTES, following.data,
                                    _i ? 2000 : 0, _i ? 0 : 3, &packed, NULL), DP_OK);
    ck_assert_int_eq(dp_window_unpack(packed.data, packed.length, window, DP_WINDOW_BYTES, NULL),
                     DP_OK);
    ck_assert_mem_eq(window, text.data, DP_WINDOW_BYTES);
    dp_array_free(&text);
    dp_array_free(&following);
    dp_array_free(&packed);
}
END_TEST

/* Every backend packs the same bytes, wherever the input ends. */
START_TEST(backends_agree)
{
    struct dp_array text = {0}, following = {0}, expected = {0}, packed = {0};
    struct dp_window_packer *other;

    data_reads(&text, DP_WINDOW_BYTES + 40000, 11);
    deflate_after(&following, text.data, DP_WINDOW_BYTES,
                  (uint8_t *)text.data + DP_WINDOW_BYTES, 33000);
    ck_assert_int_eq(dp_window_packer_open("zlib", &other, NULL), DP_OK);
    for (size_t length = following.length - 400; length <= following.length; length++) {
        expected.length = packed.length = 0;
        if (dp_window_pack(other, text.data, DP_WINDOW_BYTES, following.data, length, 0, &expected,
                           NULL) ||
            dp_window_pack(packer, text.data, DP_WINDOW_BYTES, following.data, length, 0, &packed,
                           NULL) ||
            expected.length != packed.length ||
            memcmp(expected.data, packed.data, packed.length) != 0)
            ck_abort_msg("the windows differ at length %zu", length);
    }
    dp_window_packer_free(other);
    dp_array_free(&text);
    dp_array_free(&following);
    dp_array_free(&expected);
    dp_array_free(&packed);
}
END_TEST

/* Packs any sparse form. */
static size_t pack_form(const void *form, size_t length, uint8_t *packed, size_t capacity)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
    size_t packed_bytes = libdeflate_deflate_compress(compressor, form, length, packed, capacity);

    libdeflate_free_compressor(compressor);
    return packed_bytes;
}

START_TEST(sparse_forms)
{
    static const struct {
        const char *form;
        size_t length, raw_bytes;
        bool good;
    } forms[] = {
        {"\3\2ab", 4, 5, true},      {"\0\2ab\0", 4, 2, true},    {"\5\0", 2, 5, true},
        {"", 0, 0, true},            {"\3\2ab", 4, 6, false},     {"\3\2ab", 4, 4, false},
        {"\3\2a", 3, 5, false},      {"\3\2abc", 5, 5, false},    {"\3", 1, 5, false},
        {"\0\0\3\2ab", 6, 5, false}, {"\x83\0\2ab", 5, 5, true},  {"\x83\x80\0\2ab", 6, 5, true},
        {"\x83\x80\x80\0\2ab", 7, 5, false}, {"\xff\xff\x7f\1a", 5, 5, false},
        {"a", 1, 0, false},          {"\1\1a\1\1b", 6, 4, false}, {"\1\1\1\1ab", 6, 4, true},
    };
    uint8_t packed[256], window[DP_WINDOW_BYTES], untouched[DP_WINDOW_BYTES];
    size_t length = pack_form(forms[_i].form, forms[_i].length, packed, sizeof(packed));
    struct dp_error err;
    int rc;

    memset(window, 0x55, sizeof(window));
    memset(untouched, 0x55, sizeof(untouched));
    rc = dp_window_unpack(packed, length, window, forms[_i].raw_bytes, &err);
    ck_assert_int_eq(rc, forms[_i].good ? DP_OK : DP_BAD_INDEX);
    if (rc)
        ck_assert_mem_eq(window, untouched, sizeof(window));
    ck_assert_int_eq(dp_window_unpack(packed, length - 1, window, forms[_i].raw_bytes, &err),
                     DP_BAD_INDEX);
    packed[length] = 0;
    ck_assert_int_eq(dp_window_unpack(packed, length + 1, window, forms[_i].raw_bytes, &err),
                     DP_BAD_INDEX);
}
END_TEST

START_TEST(too_long)
{
    static uint8_t form[60000], packed[1000], window[DP_WINDOW_BYTES + 1];
    size_t length = pack_form(form, sizeof(form), packed, sizeof(packed));
    struct dp_error err;

    ck_assert_int_eq(dp_window_unpack(packed, length, window, DP_WINDOW_BYTES, &err), DP_BAD_INDEX);
    ck_assert_int_eq(dp_window_unpack(packed, length, window, DP_WINDOW_BYTES + 1, &err),
                     DP_BAD_INDEX);
}
END_TEST

/* Hostile bytes: any answer but harm. (Sanitizers look on.) */
START_TEST(noise)
{
    uint8_t packed[300], window[DP_WINDOW_BYTES];
    uint64_t state = 99;

    for (int round = 0; round < 20000; round++) {
        size_t length = data_noise(&state) % sizeof(packed);

        for (size_t i = 0; i < length; i++)
            packed[i] = (uint8_t)data_noise(&state);
        dp_window_unpack(packed, length, window, data_noise(&state) % (DP_WINDOW_BYTES + 1), NULL);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("window");
    TCase *tests = tcase_create("window");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, sparse_windows_suffice, 0, 5);
    tcase_add_loop_test(tests, whole_windows, 0, 2);
    tcase_add_test(tests, backends_agree);
    tcase_add_loop_test(tests, sparse_forms, 0, 17);
    tcase_add_test(tests, too_long);
    tcase_add_test(tests, noise);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
