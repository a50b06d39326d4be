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
    ck_assert_int_eq(dp_window_packer_open(NULL, 1 << 20, &packer, NULL), DP_OK);
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
    ck_assert_int_eq(dp_window_packer_open("zlib", 1 << 20, &other, NULL), DP_OK);
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

/* Zeros of the window itself and those of what is dropped are told alike, however long. */
START_TEST(zeros)
{
    static const size_t runs[] = {1, 2, 239, 240, 241, 242, 496, 497, 4335, 4336, 4337, 8672, 8673};
    uint8_t text[DP_WINDOW_BYTES], window[DP_WINDOW_BYTES + 1];
    size_t run = runs[_i], lengths[] = {run, run + 1, 2 * run + 1, 3 * run + 3};
    struct dp_array packed = {0};

    memset(text, 0, sizeof(text));
    text[run] = text[2 * run + 1] = text[3 * run + 2] = 'a'; /* it begins and ends with either */
    for (size_t i = 0; i < 4; i++) {
        packed.length = 0;
        memset(window, 0x55, sizeof(window));
        ck_assert_int_eq(dp_window_pack(packer, text, lengths[i], NULL, 0, 0, &packed, NULL),
                         DP_OK);
        ck_assert_int_eq(dp_window_unpack(packed.data, packed.length, window, lengths[i], NULL),
                         DP_OK);
        ck_assert_mem_eq(window, text, lengths[i]);
        ck_assert_uint_eq(window[lengths[i]], 0x55);
    }
    dp_array_free(&packed);
}
END_TEST

/* No bytes take more room than the packer has: the least compressible, and zeros at every other
 * place. A packed window must also be short enough for its row in the index. */
START_TEST(worst_windows)
{
    uint8_t text[DP_WINDOW_BYTES], window[DP_WINDOW_BYTES];
    struct dp_array packed = {0};
    uint64_t state = 5;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = _i && i % 2 ? 0 : (uint8_t)(data_noise(&state) % 255 + 1);
    ck_assert_int_eq(dp_window_pack(packer, text, sizeof(text), NULL, 0, 0, &packed, NULL), DP_OK);
    ck_assert_uint_lt(packed.length, 65536);
    ck_assert_int_eq(dp_window_unpack(packed.data, packed.length, window, sizeof(window), NULL),
                     DP_OK);
    ck_assert_mem_eq(window, text, sizeof(text));
    dp_array_free(&packed);
}
END_TEST

/* Where windows are far apart more work goes into each; what they say stays. */
START_TEST(wide_spacing)
{
    static const uint64_t spacings[] = {1 << 20, (8 << 20) - 1, 8 << 20, UINT64_MAX};
    struct dp_array text = {0}, following = {0}, packed[4] = {{0}};
    uint8_t windows[4][DP_WINDOW_BYTES];
    struct dp_window_packer *own;

    data_reads(&text, DP_WINDOW_BYTES + 60000, 3);
    deflate_after(&following, text.data, DP_WINDOW_BYTES,
                  (uint8_t *)text.data + DP_WINDOW_BYTES, 60000);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(dp_window_packer_open(NULL, spacings[i], &own, NULL), DP_OK);
        ck_assert_int_eq(dp_window_pack(own, text.data, DP_WINDOW_BYTES, following.data,
                                        following.length, 0, &packed[i], NULL), DP_OK);
        ck_assert_int_eq(dp_window_unpack(packed[i].data, packed[i].length, windows[i],
                                          DP_WINDOW_BYTES, NULL), DP_OK);
        ck_assert_mem_eq(windows[i], windows[0], DP_WINDOW_BYTES);
        dp_window_packer_free(own);
    }
    ck_assert_uint_eq(packed[1].length, packed[0].length);
    ck_assert_mem_eq(packed[1].data, packed[0].data, packed[0].length);
    ck_assert_uint_lt(packed[2].length, packed[0].length);
    ck_assert_uint_eq(packed[3].length, packed[2].length);
    ck_assert_mem_eq(packed[3].data, packed[2].data, packed[2].length);
    for (int i = 0; i < 4; i++)
        dp_array_free(&packed[i]);
    dp_array_free(&text);
    dp_array_free(&following);
}
END_TEST

/* Appends one deflate stream of anything. */
static size_t pack_stream(const void *bytes, size_t length, uint8_t *packed, size_t capacity)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
    size_t packed_bytes = libdeflate_deflate_compress(compressor, bytes, length, packed, capacity);

    libdeflate_free_compressor(compressor);
    return packed_bytes;
}

START_TEST(sparse_forms)
{
    static const struct {
        const char *bytes;
        size_t byte_count;
        const char *runs;
        size_t run_bytes, raw_bytes;
        const char *head, *tail; /* the window, zeros between them; NULL: refused */
    } forms[] = {
        {"", 0, "", 0, 0, "", ""},
        {"ab", 2, "", 0, 2, "ab", ""},
        {"\0", 1, "\4", 1, 5, "", ""},
        {"\0ab", 3, "\2", 1, 5, "", "ab"},
        {"ab\0", 3, "\2", 1, 5, "ab", ""},
        {"a\0b", 3, "\0", 1, 3, "a", "b"},
        {"\0\0a", 3, "\1\0", 2, 4, "", "a"},
        {"\0a", 2, "\357", 1, 241, "", "a"},
        {"\0a", 2, "\360\0", 2, 242, "", "a"},
        {"\0a", 2, "\360\377", 2, 497, "", "a"},
        {"\0a", 2, "\361\0", 2, 498, "", "a"},
        {"\0a", 2, "\377\377", 2, 4337, "", "a"},
        {"\0\0a", 3, "\377\377\2", 3, 4340, "", "a"},
        {"\0ab", 3, "\2", 1, 6, NULL, NULL},
        {"\0ab", 3, "\2", 1, 4, NULL, NULL},
        {"ab\0", 3, "\2", 1, 4, NULL, NULL},
        {"\0ab", 3, "\2", 1, 2, NULL, NULL},
        {"\0", 1, "\377\377", 2, 4335, NULL, NULL},
        {"\0ab", 3, "", 0, 5, NULL, NULL},
        {"a\0b\0", 4, "\0", 1, 4, NULL, NULL},
        {"\0ab", 3, "\2\0", 2, 5, NULL, NULL},
        {"\0a", 2, "\360", 1, 242, NULL, NULL},
        {"\0a", 2, "\360\0\0", 3, 242, NULL, NULL},
        {"", 0, "\0", 1, 0, NULL, NULL},
        {"", 0, "\0", 1, 1, NULL, NULL},
        {"a", 1, "", 0, 0, NULL, NULL},
        {"", 0, "", 0, 1, NULL, NULL},
    };
    uint8_t packed[256], window[DP_WINDOW_BYTES], expected[DP_WINDOW_BYTES];
    size_t length = pack_stream(forms[_i].bytes, forms[_i].byte_count, packed, sizeof(packed));
    size_t raw_bytes = forms[_i].raw_bytes;
    const char *head = forms[_i].head, *tail = forms[_i].tail;
    struct dp_error err;

    length += pack_stream(forms[_i].runs, forms[_i].run_bytes, packed + length,
                          sizeof(packed) - length);
    memset(window, 0x55, sizeof(window));
    memset(expected, 0x55, sizeof(expected));
    if (head) {
        memset(expected, 0, raw_bytes);
        memcpy(expected, head, strlen(head));
        memcpy(expected + raw_bytes - strlen(tail), tail, strlen(tail));
    }
    ck_assert_int_eq(dp_window_unpack(packed, length, window, raw_bytes, &err),
                     head ? DP_OK : DP_BAD_INDEX);
    ck_assert_mem_eq(window, expected, sizeof(window));
    ck_assert_int_eq(dp_window_unpack(packed, length - 1, window, raw_bytes, &err), DP_BAD_INDEX);
    packed[length] = 0;
    ck_assert_int_eq(dp_window_unpack(packed, length + 1, window, raw_bytes, &err), DP_BAD_INDEX);
}
END_TEST

/* Either stream gives more than any window has. */
START_TEST(too_long)
{
    static uint8_t form[60000], packed[1000], window[DP_WINDOW_BYTES + 1];
    size_t length = pack_stream(form, _i ? 1 : sizeof(form), packed, sizeof(packed));
    struct dp_error err;

    length += pack_stream(form, _i ? sizeof(form) : 1, packed + length, sizeof(packed) - length);
    ck_assert_int_eq(dp_window_unpack(packed, length, window, DP_WINDOW_BYTES, &err), DP_BAD_INDEX);
    ck_assert_int_eq(dp_window_unpack(packed, length, window, DP_WINDOW_BYTES + 1, &err),
                     DP_BAD_INDEX);
}
END_TEST

/* Hostile bytes, packed or as they are: any answer but harm. (Sanitizers look on.) */
START_TEST(noise)
{
    uint8_t streams[2][150], packed[600], window[DP_WINDOW_BYTES];
    uint64_t state = 99;

    for (int round = 0; round < 20000; round++) {
        size_t lengths[2], length = 0;

        for (int i = 0; i < 2; i++) {
            lengths[i] = data_noise(&state) % sizeof(streams[i]);
            for (size_t j = 0; j < lengths[i]; j++)
                streams[i][j] = (uint8_t)(data_noise(&state) & data_noise(&state));
            if (_i) {
                length += pack_stream(streams[i], lengths[i], packed + length,
                                      sizeof(packed) - length);
            } else {
                memcpy(packed + length, streams[i], lengths[i]);
                length += lengths[i];
            }
        }
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
    tcase_add_loop_test(tests, zeros, 0, 13);
    tcase_add_loop_test(tests, worst_windows, 0, 2);
    tcase_add_test(tests, wide_spacing);
    tcase_add_loop_test(tests, sparse_forms, 0, 27);
    tcase_add_loop_test(tests, too_long, 0, 2);
    tcase_add_loop_test(tests, noise, 0, 2);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
