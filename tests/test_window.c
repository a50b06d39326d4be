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

/* Unpacks a window whose bytes stand where they belong. */
static void unpack(const struct dp_array *packed, size_t raw_bytes, struct dp_window *window)
{
    ck_assert_int_eq(dp_window_unpack(packed->data, packed->length, raw_bytes, window, NULL),
                     DP_OK);
    ck_assert_uint_eq(window->raw_bytes, raw_bytes);
    ck_assert(window->placed);
}

/* Every byte is that of the text or zero. */
static bool is_sparse_of(const uint8_t *window, const uint8_t *text, size_t length)
{
    size_t i = 0;

    while (i < length && (window[i] == 0 || window[i] == text[i]))
        i++;
    return i == length;
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
    struct dp_array text = {0}, following = {0}, packed = {0};
    struct dp_window window;

    data_reads(&text, window_bytes + 60000, 3);
    deflate_after(&following, text.data, window_bytes, (uint8_t *)text.data + window_bytes, 60000);
    ck_assert_int_eq(dp_window_pack(packer, text.data, window_bytes, following.data,
                                    following.length, 0, &packed, NULL), DP_OK);
    unpack(&packed, window_bytes, &window);
    ck_assert(is_sparse_of(window.bytes, text.data, window_bytes));
    for (size_t i = 0; i < window_bytes; i++)
        dropped += window.bytes[i] != ((uint8_t *)text.data)[i];
    ck_assert(window_bytes < 5000 || dropped > window_bytes / 20);
    check_inflates(&following, window.bytes, window_bytes, (uint8_t *)text.data + window_bytes,
                   60000);
    dp_array_free(&text);
    dp_array_free(&following);
    dp_array_free(&packed);
}
END_TEST

/* When the bytes behind the point do not say everything, everything is kept, also where points are
 * far apart. */
START_TEST(whole_windows)
{
    struct dp_array text = {0}, following = {0}, packed = {0};
    struct dp_window_packer *own;
    struct dp_window window;

    data_reads(&text, DP_WINDOW_BYTES + 60000, 3);
    deflate_after(&following, text.data, DP_WINDOW_BYTES,
                  (uint8_t *)text.data + DP_WINDOW_BYTES, 60000);
    ck_assert_int_eq(dp_window_packer_open(NULL, _i & 1 ? 1 << 20 : 8 << 20, &own, NULL), DP_OK);
    ck_assert_int_eq(dp_window_pack(own, text.data, DP_WINDOW_BYTES, following.data,
                                    _i & 2 ? 2000 : 0, _i & 2 ? 0 : 3, &packed, NULL), DP_OK);
    unpack(&packed, DP_WINDOW_BYTES, &window);
    ck_assert_mem_eq(window.bytes, text.data, DP_WINDOW_BYTES);
    dp_window_packer_free(own);
    dp_array_free(&text);
    dp_array_free(&following);
    dp_array_free(&packed);
}
END_TEST

/* Every backend packs the same bytes, wherever the input ends. */
START_TEST(backends_agree)
{
    struct dp_array text = {0}, following = {0}, expected = {0}, packed = {0};
    struct dp_window_packer *other, *own;
    uint64_t spacing = _i ? 8 << 20 : 1 << 20;
    size_t step = _i ? 5 : 1;

    data_reads(&text, DP_WINDOW_BYTES + 40000, 11);
    deflate_after(&following, text.data, DP_WINDOW_BYTES,
                  (uint8_t *)text.data + DP_WINDOW_BYTES, 33000);
    ck_assert_int_eq(dp_window_packer_open("zlib", spacing, &other, NULL), DP_OK);
    ck_assert_int_eq(dp_window_packer_open(NULL, spacing, &own, NULL), DP_OK);
    for (size_t length = following.length - 400; length <= following.length; length += step) {
        expected.length = packed.length = 0;
        if (dp_window_pack(other, text.data, DP_WINDOW_BYTES, following.data, length, 0, &expected,
                           NULL) ||
            dp_window_pack(own, text.data, DP_WINDOW_BYTES, following.data, length, 0, &packed,
                           NULL) ||
            expected.length != packed.length ||
            memcmp(expected.data, packed.data, packed.length) != 0)
            ck_abort_msg("the windows differ at length %zu", length);
    }
    dp_window_packer_free(other);
    dp_window_packer_free(own);
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
    uint8_t text[DP_WINDOW_BYTES];
    struct dp_window window;
    size_t run = runs[_i], lengths[] = {run, run + 1, 2 * run + 1, 3 * run + 3};
    struct dp_array packed = {0};

    memset(text, 0, sizeof(text));
    text[run] = text[2 * run + 1] = text[3 * run + 2] = 'a'; /* it begins and ends with either */
    for (size_t i = 0; i < 4; i++) {
        packed.length = 0;
        memset(&window, 0x55, sizeof(window));
        ck_assert_int_eq(dp_window_pack(packer, text, lengths[i], NULL, 0, 0, &packed, NULL),
                         DP_OK);
        unpack(&packed, lengths[i], &window);
        ck_assert_mem_eq(window.bytes, text, lengths[i]);
        ck_assert_uint_eq(window.bytes[lengths[i]], 0x55);
    }
    dp_array_free(&packed);
}
END_TEST

/* No bytes take more room than the packer has: the least compressible, and zeros at every other
 * place. A packed window must also be short enough for its row in the index. */
START_TEST(worst_windows)
{
    uint8_t text[DP_WINDOW_BYTES];
    struct dp_window window;
    struct dp_array packed = {0};
    uint64_t state = 5;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = _i && i % 2 ? 0 : (uint8_t)(data_noise(&state) % 255 + 1);
    ck_assert_int_eq(dp_window_pack(packer, text, sizeof(text), NULL, 0, 0, &packed, NULL), DP_OK);
    ck_assert_uint_lt(packed.length, 65536);
    unpack(&packed, sizeof(text), &window);
    ck_assert_mem_eq(window.bytes, text, sizeof(text));
    dp_array_free(&packed);
}
END_TEST

/* Where points are far apart, windows come without the places of their bytes: from 8 MiB on. */
START_TEST(wide_spacing)
{
    static const uint64_t spacings[] = {1 << 20, (8 << 20) - 1, 8 << 20, UINT64_MAX};
    struct dp_array text = {0}, following = {0}, packed[4] = {{0}};
    struct dp_window_packer *own;
    struct dp_window window;

    data_reads(&text, DP_WINDOW_BYTES + 60000, 3);
    deflate_after(&following, text.data, DP_WINDOW_BYTES,
                  (uint8_t *)text.data + DP_WINDOW_BYTES, 60000);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(dp_window_packer_open(NULL, spacings[i], &own, NULL), DP_OK);
        ck_assert_int_eq(dp_window_pack(own, text.data, DP_WINDOW_BYTES, following.data,
                                        following.length, 0, &packed[i], NULL), DP_OK);
        ck_assert_int_eq(dp_window_unpack(packed[i].data, packed[i].length, DP_WINDOW_BYTES,
                                          &window, NULL), DP_OK);
        ck_assert_int_eq(window.placed, i < 2);
        dp_window_packer_free(own);
    }
    ck_assert_uint_eq(packed[1].length, packed[0].length);
    ck_assert_mem_eq(packed[1].data, packed[0].data, packed[0].length);
    ck_assert_uint_lt(packed[2].length, packed[0].length * 9 / 10);
    ck_assert_uint_eq(packed[3].length, packed[2].length);
    ck_assert_mem_eq(packed[3].data, packed[2].data, packed[2].length);
    for (int i = 0; i < 4; i++)
        dp_array_free(&packed[i]);
    dp_array_free(&text);
    dp_array_free(&following);
}
END_TEST

/* A window without places, and the data that tell them. */
struct unplaced {
    struct dp_array text, following;
    struct dp_window window;
};

static void make_unplaced(struct unplaced *made, size_t raw_bytes)
{
    struct dp_array packed = {0};
    struct dp_window_packer *own;

    memset(made, 0, sizeof(*made));
    data_reads(&made->text, raw_bytes + 60000, 29);
    deflate_after(&made->following, made->text.data, raw_bytes,
                  (uint8_t *)made->text.data + raw_bytes, 60000);
    ck_assert_int_eq(dp_window_packer_open(NULL, 8 << 20, &own, NULL), DP_OK);
    ck_assert_int_eq(dp_window_pack(own, made->text.data, raw_bytes, made->following.data,
                                    made->following.length, 0, &packed, NULL), DP_OK);
    ck_assert_int_eq(dp_window_unpack(packed.data, packed.length, raw_bytes, &made->window, NULL),
                     DP_OK);
    ck_assert(!made->window.placed);
    dp_window_packer_free(own);
    dp_array_free(&packed);
}

static void free_unplaced(struct unplaced *made)
{
    dp_array_free(&made->text);
    dp_array_free(&made->following);
}

/* Places the window from `length` bytes that come in chunks (0: in one view, without an input). */
static int place(struct unplaced *made, const char *backend, size_t length, size_t chunk_bytes,
                 struct dp_source *source, struct data_feed *feed, struct dp_error *err)
{
    struct dp_inflate *inflate;
    int rc;

    ck_assert_int_eq(dp_inflate_open(backend, &inflate, NULL), DP_OK);
    feed->input = NULL;
    if (chunk_bytes) {
        data_feed_open(feed, made->following.data, length, chunk_bytes);
        dp_source_init(source, feed->input);
    } else {
        dp_source_init_bytes(source, made->following.data, length, 0);
    }
    rc = dp_window_place(&made->window, source, inflate, 0, "data", err);
    dp_inflate_free(inflate);
    return rc;
}

static void end_place(struct dp_source *source, struct data_feed *feed)
{
    dp_source_free(source);
    dp_input_free(feed->input);
}

/* The source stands where it stood. */
static void check_source(struct dp_source *source, const struct dp_array *following)
{
    const uint8_t *expected = following->data;
    size_t at = 0;

    ck_assert_uint_eq(dp_source_offset(source), 0);
    while (dp_source_fill(source, NULL) > 0) {
        size_t length = (size_t)(source->end - source->at);

        ck_assert_uint_le(length, following->length - at);
        ck_assert_mem_eq(source->at, expected + at, length);
        source->at += length;
        at += length;
    }
    ck_assert_uint_eq(at, following->length);
}

START_TEST(windows_are_placed)
{
    static const size_t lengths[] = {32768, 32767, 5000, 100, 1}, chunks[] = {0, 1, 500, 100000};
    struct dp_source source;
    struct data_feed feed;
    struct unplaced made;

    for (size_t c = 0; dp_inflate_name(c / 4); c++) {
        make_unplaced(&made, lengths[_i]);
        ck_assert_int_eq(place(&made, dp_inflate_name(c / 4), made.following.length, chunks[c % 4],
                               &source, &feed, NULL), DP_OK);
        ck_assert(made.window.placed);
        ck_assert_uint_eq(made.window.raw_bytes, lengths[_i]);
        ck_assert(is_sparse_of(made.window.bytes, made.text.data, lengths[_i]));
        check_inflates(&made.following, made.window.bytes, lengths[_i],
                       (uint8_t *)made.text.data + lengths[_i], 60000);
        check_source(&source, &made.following);
        end_place(&source, &feed);
        free_unplaced(&made);
    }
}
END_TEST

/* Data that are not those of the window: too few, others, damaged ones. */
START_TEST(windows_that_do_not_fit)
{
    static const size_t lengths[] = {0, 1, 3000};
    struct dp_error err = {0};
    struct dp_source source;
    struct data_feed feed;
    struct unplaced made;

    for (int i = 0; i < 5; i++) {
        make_unplaced(&made, DP_WINDOW_BYTES);
        if (i == 3)
            made.window.kept_bytes--;
        if (i == 4) /* no block is of this kind */
            *(uint8_t *)made.following.data |= 6;
        ck_assert_int_eq(place(&made, NULL, i < 3 ? lengths[i] : made.following.length,
                               _i ? 1000 : 0, &source, &feed, &err), DP_DATA);
        ck_assert_int_eq(err.detail, DP_DETAIL_CHECKSUM);
        ck_assert_str_eq(err.message, "data: offset 0: the data are not what was indexed");
        ck_assert(!made.window.placed);
        end_place(&source, &feed);
        free_unplaced(&made);
    }
}
END_TEST

/* The bytes that stand in a placed window are those of the unplaced one, in their order. */
static bool has_bytes_of(const struct dp_window *placed, const struct dp_window *unplaced)
{
    size_t next = 0;

    for (size_t i = 0; i < placed->raw_bytes; i++) {
        if (!placed->bytes[i])
            continue;
        while (next < unplaced->kept_bytes && unplaced->bytes[next] != placed->bytes[i])
            next++;
        if (next++ >= unplaced->kept_bytes)
            return false;
    }
    return true;
}

/* Hostile data: any answer but harm, and a window that is placed is so from its own bytes alone. */
START_TEST(hostile_data)
{
    uint64_t state = 31;
    struct dp_source source;
    struct data_feed feed;
    struct unplaced made;
    struct dp_window window;
    struct dp_array data = {0};

    make_unplaced(&made, 20000);
    window = made.window;
    ck_assert(dp_array_append(&data, made.following.data, made.following.length, 1));
    for (int round = 0; round < 150; round++) {
        made.window = window;
        memcpy(made.following.data, data.data, data.length);
        for (uint32_t i = data_noise(&state) % 4; i < 4; i++)
            *((uint8_t *)made.following.data + data_noise(&state) % 9000) ^= (uint8_t)(1 << i);
        if (place(&made, dp_inflate_name(_i ? 0 : 1), made.following.length,
                  data_noise(&state) % 3000, &source, &feed, NULL) == DP_OK)
            ck_assert(has_bytes_of(&made.window, &window));
        end_place(&source, &feed);
    }
    free_unplaced(&made);
    dp_array_free(&data);
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
    uint8_t packed[256], expected[DP_WINDOW_BYTES];
    struct dp_window window;
    size_t length = pack_stream(forms[_i].bytes, forms[_i].byte_count, packed, sizeof(packed));
    size_t raw_bytes = forms[_i].raw_bytes;
    const char *head = forms[_i].head, *tail = forms[_i].tail;
    struct dp_error err;

    length += pack_stream(forms[_i].runs, forms[_i].run_bytes, packed + length,
                          sizeof(packed) - length);
    memset(&window, 0x55, sizeof(window));
    memset(expected, 0x55, sizeof(expected));
    if (head) {
        memset(expected, 0, raw_bytes);
        memcpy(expected, head, strlen(head));
        memcpy(expected + raw_bytes - strlen(tail), tail, strlen(tail));
    }
    ck_assert_int_eq(dp_window_unpack(packed, length, raw_bytes, &window, &err),
                     head ? DP_OK : DP_BAD_INDEX);
    ck_assert_mem_eq(window.bytes, expected, sizeof(expected));
    ck_assert_int_eq(dp_window_unpack(packed, length - 1, raw_bytes, &window, &err), DP_BAD_INDEX);
    packed[length] = 0;
    ck_assert_int_eq(dp_window_unpack(packed, length + 1, raw_bytes, &window, &err), DP_BAD_INDEX);
}
END_TEST

/* Either stream gives more than any window has. */
START_TEST(too_long)
{
    static uint8_t form[60000], packed[1000];
    static struct dp_window window;
    size_t length = pack_stream(form, _i ? 1 : sizeof(form), packed, sizeof(packed));
    struct dp_error err;

    length += pack_stream(form, _i ? sizeof(form) : 1, packed + length, sizeof(packed) - length);
    ck_assert_int_eq(dp_window_unpack(packed, length, DP_WINDOW_BYTES, &window, &err),
                     DP_BAD_INDEX);
    ck_assert_int_eq(dp_window_unpack(packed, length, DP_WINDOW_BYTES + 1, &window, &err),
                     DP_BAD_INDEX);
}
END_TEST

/* One stream has the bytes alone: at most as many as the window has. */
START_TEST(one_stream)
{
    uint8_t packed[100];
    size_t length = pack_stream("a\0bcd", 5, packed, sizeof(packed));
    struct dp_window window;
    struct dp_error err;

    for (size_t raw_bytes = 0; raw_bytes < 8; raw_bytes++) {
        int rc = dp_window_unpack(packed, length, raw_bytes, &window, &err);

        ck_assert_int_eq(rc, raw_bytes < 5 ? DP_BAD_INDEX : DP_OK);
        if (rc)
            continue;
        ck_assert(!window.placed);
        ck_assert_uint_eq(window.raw_bytes, raw_bytes);
        ck_assert_uint_eq(window.kept_bytes, 5);
        ck_assert_mem_eq(window.bytes, "a\0bcd", 5);
    }
    ck_assert_int_eq(dp_window_unpack(packed, length - 1, 5, &window, &err), DP_BAD_INDEX);
}
END_TEST

/* Hostile bytes, packed or as they are: any answer but harm. (Sanitizers look on.) */
START_TEST(noise)
{
    uint8_t streams[2][150], packed[600];
    struct dp_window window;
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
        dp_window_unpack(packed, length, data_noise(&state) % (DP_WINDOW_BYTES + 1), &window, NULL);
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
    tcase_add_loop_test(tests, whole_windows, 0, 4);
    tcase_add_loop_test(tests, backends_agree, 0, 2);
    tcase_add_loop_test(tests, zeros, 0, 13);
    tcase_add_loop_test(tests, worst_windows, 0, 2);
    tcase_add_test(tests, wide_spacing);
    tcase_add_loop_test(tests, windows_are_placed, 0, 5);
    tcase_add_loop_test(tests, windows_that_do_not_fit, 0, 2);
    tcase_add_loop_test(tests, hostile_data, 0, 2);
    tcase_add_loop_test(tests, sparse_forms, 0, 27);
    tcase_add_loop_test(tests, too_long, 0, 2);
    tcase_add_test(tests, one_stream);
    tcase_add_loop_test(tests, noise, 0, 2);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
