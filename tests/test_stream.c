/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "codec_data.h"

#include "connectors/object.h"
#include "index/index.h"

#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { TEXT_BYTES = 3000000, KINDS = 5 };

struct thing {
    struct dp_array packed;
    struct dp_object *object;
    struct dp_index *index;
};

static struct dp_context *context;
static struct dp_array text;
static struct thing things[KINDS];

static void index_thing(struct thing *thing, uint64_t spacing)
{
    struct dp_index_options options = {.struct_bytes = sizeof(options)};
    struct dp_error err;

    options.format = "text";
    options.spacing_bytes = spacing;
    ck_assert_int_eq(dp_object_open_memory(context, thing->packed.data, thing->packed.length,
                                           &thing->object, &err), DP_OK);
    ck_assert_msg(dp_index_build(context, thing->object, &options, &thing->index, &err) == DP_OK,
                  "%s", err.message);
}

static void make_data(void)
{
    struct data_member member = {6, Z_DEFAULT_STRATEGY, 0, 0};

    data_reads(&text, TEXT_BYTES, 7);
    data_member(&things[0].packed, text.data, text.length, &member);
    for (size_t at = 0; at < text.length; at += 300000)
        data_member(&things[1].packed, (uint8_t *)text.data + at, 300000, &member);
    data_bgzf(&things[2].packed, text.data, text.length, 65280, true);
    dp_array_append(&things[3].packed, text.data, text.length, 1);
    member.level = 0;
    data_member(&things[4].packed, text.data, text.length, &member);
}

static void free_data(void)
{
    for (int i = 0; i < KINDS; i++)
        dp_array_free(&things[i].packed);
    dp_array_free(&text);
}

/* A context does not survive the fork that each test runs in: these are made in it. */
static void set_up(void)
{
    ck_assert_int_eq(dp_context_new(NULL, &context, NULL), DP_OK);
    for (int i = 0; i < KINDS; i++)
        index_thing(&things[i], 200000);
}

static void tear_down(void)
{
    for (int i = 0; i < KINDS; i++) {
        dp_index_free(things[i].index);
        dp_object_free(things[i].object);
    }
    dp_context_free(context);
}

/* Reads a stream to its end; the bytes are appended to `out`. */
static int drain(struct dp_stream *stream, struct dp_array *out, struct dp_error *err)
{
    const void *bytes;
    int64_t got;

    while ((got = dp_stream_next(stream, &bytes, err)) > 0)
        ck_assert(dp_array_append(out, bytes, (size_t)got, 1));
    return (int)got;
}

static void check_range(const struct thing *thing, struct dp_index *index, unsigned threads,
                        uint64_t begin, uint64_t end)
{
    struct dp_stream_options options = {sizeof(options), threads, {begin, end}, NULL, 1};
    struct dp_array out = {0};
    struct dp_stream *stream;
    struct dp_error err;

    ck_assert_msg(dp_stream_open(context, thing->object, index, &options, &stream, &err) == DP_OK,
                  "%s", err.message);
    ck_assert_msg(drain(stream, &out, &err) == 0, "%s", err.message);
    dp_stream_free(stream);
    if (end > text.length || (begin == 0 && end == 0))
        end = text.length;
    ck_assert_uint_eq(out.length, end - begin);
    if (out.length)
        ck_assert_mem_eq(out.data, (uint8_t *)text.data + begin, out.length);
    dp_array_free(&out);
}

START_TEST(ranges)
{
    static const uint64_t cuts[][2] = {
        {0, 0}, {0, 1}, {1, 2}, {199999, 200001}, {1000000, 1000000}, {1234567, 2345678},
        {TEXT_BYTES - 1, TEXT_BYTES}, {TEXT_BYTES, TEXT_BYTES}, {TEXT_BYTES - 10, UINT64_MAX},
        {0, TEXT_BYTES}, {700000, 700001}};
    const struct thing *thing = &things[_i];

    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
        for (unsigned threads = 1; threads <= 4; threads++) {
            check_range(thing, thing->index, threads, cuts[i][0], cuts[i][1]);
            check_range(thing, NULL, threads, cuts[i][0], cuts[i][1]);
        }
    /* Of an object that lies far away the bytes come in order, and not to each thread its own. */
    thing->object->remote = true;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
        check_range(thing, thing->index, 3, cuts[i][0], cuts[i][1]);
}
END_TEST

START_TEST(range_behind_the_end)
{
    struct dp_stream_options options = {sizeof(options), _i % 2 + 1,
                                        {TEXT_BYTES + 1, TEXT_BYTES + 2}, NULL, 1};
    struct thing *thing = &things[_i / 4];
    struct dp_index *index = _i / 2 % 2 ? thing->index : NULL;
    struct dp_array out = {0};
    struct dp_stream *stream = NULL;
    struct dp_error err;
    int rc = dp_stream_open(context, thing->object, index, &options, &stream, &err);

    if (!rc)
        rc = drain(stream, &out, &err);
    ck_assert_int_eq(rc, DP_INVALID);
    ck_assert_uint_eq(out.length, 0);
    dp_stream_free(stream);
}
END_TEST

/* One flipped bit of a compressed object never passes, wherever it is and whoever decodes. */
START_TEST(flipped_bits)
{
    struct thing *thing = &things[_i];
    struct dp_stream_options options = {sizeof(options), 1, {0, 0}, NULL, 1};
    uint64_t state = (uint64_t)_i + 1;
    struct dp_error err;

    for (int round = 0; round < 60; round++) {
        size_t at = (data_noise(&state) << 8 | (data_noise(&state) & 255)) % thing->packed.length;
        uint8_t *byte = (uint8_t *)thing->packed.data + at;
        uint8_t bit = (uint8_t)(1u << (data_noise(&state) & 7));
        struct dp_array out = {0};
        struct dp_stream *stream = NULL;
        int rc;

        *byte ^= bit;
        options.threads = 1 + (unsigned)round % 3;
        rc = dp_stream_open(context, thing->object, thing->index, &options, &stream, &err);
        if (!rc)
            rc = drain(stream, &out, &err);
        /* In a header's time, name or the like a flip changes nothing that is decoded. */
        ck_assert_msg(rc == DP_DATA || (rc == 0 && out.length == text.length &&
                                        memcmp(out.data, text.data, text.length) == 0),
                      "byte %zu, bit %02x: %d", at, bit, rc);
        dp_stream_free(stream);
        dp_array_free(&out);
        *byte ^= bit;
    }
}
END_TEST

/* What stands behind the data (the last trailer, garbage) is looked at with an index as without. */
START_TEST(behind_the_data)
{
    struct dp_stream_options options = {sizeof(options), 1 + (unsigned)_i % 2, {0, 0}, NULL, 0};
    struct dp_stream_info info = {.struct_bytes = sizeof(info)};
    struct thing thing = {.packed = {0}};
    const struct thing *like = &things[_i / 2 % 3];
    struct dp_array out = {0};
    struct dp_stream *stream;
    struct dp_error err;
    uint8_t *crc;

    ck_assert(dp_array_append(&thing.packed, like->packed.data, like->packed.length, 1));
    ck_assert(dp_array_append(&thing.packed, "garbage", 7, 1));
    /* With a point every 3 MB there is nothing to decode in parallel. */
    index_thing(&thing, _i < 6 ? 200000 : TEXT_BYTES);
    ck_assert_int_eq(dp_stream_open(context, thing.object, thing.index, &options, &stream, &err),
                     DP_OK);
    ck_assert_msg(drain(stream, &out, &err) == 0, "%s", err.message);
    dp_stream_info(stream, &info);
    ck_assert_uint_eq(info.trailing_garbage_bytes, 7);
    ck_assert_uint_eq(out.length, text.length);
    dp_stream_free(stream);

    /* In BGZF the end block's trailer is the last one. */
    crc = (uint8_t *)thing.packed.data + thing.packed.length - 7 - 8;
    *crc ^= 1;
    ck_assert_int_eq(dp_stream_open(context, thing.object, thing.index, &options, &stream, &err),
                     DP_OK);
    out.length = 0;
    ck_assert_int_eq(drain(stream, &out, &err), DP_DATA);
    ck_assert_int_eq(err.detail, DP_DETAIL_GZIP_CRC);
    /* A failure stays. */
    ck_assert_int_eq(drain(stream, &out, &err), DP_DATA);
    ck_assert_int_eq(err.detail, DP_DETAIL_GZIP_CRC);
    dp_stream_free(stream);
    dp_index_free(thing.index);
    dp_object_free(thing.object);
    dp_array_free(&thing.packed);
    dp_array_free(&out);
}
END_TEST

/* What follows the last member may be asked for, with an index as without, but for a range that
 * ends. */
START_TEST(behind_the_end)
{
    struct dp_stream_options options = {sizeof(options), 1 + (unsigned)_i % 2, {0, 0}, NULL, 2};
    struct dp_stream_info info = {.struct_bytes = sizeof(info)};
    const char *rest = _i < 12 ? "garbage" : "\0\0\0\0\0\0";
    struct thing thing = {.packed = {0}};
    const struct thing *like = &things[_i / 2 % 3];
    struct dp_array out = {0};
    struct dp_index *index;
    struct dp_stream *stream;
    struct dp_error err;
    size_t length = strlen("garbage");

    ck_assert(dp_array_append(&thing.packed, like->packed.data, like->packed.length, 1));
    ck_assert(dp_array_append(&thing.packed, rest, length, 1));
    index_thing(&thing, _i < 18 ? 200000 : TEXT_BYTES);
    for (int round = 0; round < 3; round++) {
        index = round == 1 ? NULL : thing.index;
        options.range = (struct dp_range){0, round == 2 ? text.length : 0};
        ck_assert_int_eq(dp_stream_open(context, thing.object, index, &options, &stream, &err),
                         DP_OK);
        out.length = 0;
        ck_assert_msg(drain(stream, &out, &err) == 0, "%s", err.message);
        ck_assert_uint_eq(out.length, text.length + (round == 2 ? 0 : length));
        ck_assert_mem_eq(out.data, text.data, text.length);
        dp_stream_info(stream, &info);
        if (round < 2) {
            ck_assert_mem_eq((uint8_t *)out.data + text.length, rest, length);
            ck_assert_uint_eq(info.trailing_garbage_bytes + info.trailing_zero_bytes, 0);
        }
        dp_stream_free(stream);
    }
    dp_index_free(thing.index);
    dp_object_free(thing.object);
    dp_array_free(&thing.packed);
    dp_array_free(&out);
}
END_TEST

/* Data that were changed under their index give the same first bytes, and then a failure that every
 * later call repeats. */
START_TEST(failure_stays)
{
    struct thing *thing = &things[3];
    struct dp_stream_options options = {sizeof(options), 1, {0, 0}, NULL, 1};
    struct dp_array out = {0};
    struct dp_stream *stream;
    struct dp_error err;
    size_t length;

    ((uint8_t *)thing->packed.data)[text.length / 2] ^= 1;
    ck_assert_int_eq(dp_stream_open(context, thing->object, thing->index, &options, &stream, &err),
                     DP_OK);
    ck_assert_int_eq(drain(stream, &out, &err), DP_DATA);
    length = out.length;
    ck_assert_uint_lt(length, text.length);
    memset(&err, 0, sizeof(err));
    ck_assert_int_eq(drain(stream, &out, &err), DP_DATA);
    ck_assert_int_eq(err.detail, DP_DETAIL_CHECKSUM);
    ck_assert_uint_eq(out.length, length);
    dp_stream_free(stream);
    dp_array_free(&out);
}
END_TEST

/* A read that fails, at whatever place and with whatever threads, ends the stream with that. */
START_TEST(failing_reads)
{
    struct thing *thing = &things[_i % KINDS];
    struct dp_stream_options options = {sizeof(options), 1 + (unsigned)_i / KINDS, {0, 0}, NULL, 1};
    struct dp_fault_plan plan = {2, UINT64_MAX};
    struct dp_object *faulty;
    struct dp_array out = {0};
    struct dp_error err;
    int rc = DP_OK;

    ck_assert_int_eq(dp_object_open_faulty(thing->object, &plan, &faulty, &err), DP_OK);
    for (int round = 0; round < 6 && !rc; round++) {
        struct dp_stream *stream = NULL;

        rc = dp_stream_open(context, faulty, round % 2 ? thing->index : NULL, &options, &stream,
                            &err);
        if (!rc)
            rc = drain(stream, &out, &err);
        dp_stream_free(stream);
    }
    ck_assert_int_eq(rc, DP_IO);
    dp_object_free(faulty);
    dp_array_free(&out);
}
END_TEST

static int stop_soon(void *user)
{
    return atomic_fetch_sub((atomic_int *)user, 1) <= 0;
}

/* Reads a stream that is cancelled when it has asked *patience times; what is left of them stays
 * there. Gives the number of bytes that came. */
static size_t read_patiently(unsigned threads, atomic_int *patience, int *rc)
{
    struct dp_context_options choice = {
        .struct_bytes = sizeof(choice), .cancel = stop_soon, .user = patience};
    struct dp_stream_options options = {sizeof(options), threads, {0, 0}, NULL, 1};
    struct dp_context *impatient;
    struct dp_object *object;
    struct dp_stream *stream;
    struct dp_array out = {0};
    struct dp_error err;
    size_t length;

    ck_assert_int_eq(dp_context_new(&choice, &impatient, NULL), DP_OK);
    ck_assert_int_eq(dp_object_open_memory(impatient, things[0].packed.data,
                                           things[0].packed.length, &object, &err), DP_OK);
    ck_assert_int_eq(dp_stream_open(impatient, object, NULL, &options, &stream, &err), DP_OK);
    *rc = drain(stream, &out, &err);
    dp_stream_free(stream);
    dp_object_free(object);
    dp_context_free(impatient);
    length = out.length;
    dp_array_free(&out);
    return length;
}

START_TEST(cancelling)
{
    enum { ENDLESS = 1000000 };
    atomic_int patience = ENDLESS;
    int rc, asked;

    ck_assert_uint_eq(read_patiently((unsigned)_i + 1, &patience, &rc), text.length);
    ck_assert_int_eq(rc, 0);
    asked = ENDLESS - atomic_load(&patience);
    ck_assert_int_ge(asked, TEXT_BYTES >> 20); /* at least once for each MiB */
    atomic_store(&patience, asked / 2);
    ck_assert_uint_lt(read_patiently((unsigned)_i + 1, &patience, &rc), text.length);
    ck_assert_int_eq(rc, DP_CANCELLED);
}
END_TEST

static int64_t read_text(void *user, void *buffer, size_t capacity, struct dp_error *err)
{
    size_t *left = user, part = capacity < 12345 ? capacity : 12345;
    const struct dp_array *packed = &things[0].packed;

    (void)err;
    part = part < *left ? part : *left;
    memcpy(buffer, (uint8_t *)packed->data + packed->length - *left, part);
    *left -= part;
    return (int64_t)part;
}

START_TEST(sequential_source)
{
    struct dp_stream_options options = {sizeof(options), (unsigned)_i, {0, 0}, NULL, 0};
    struct dp_stream_info info = {.struct_bytes = sizeof(info)};
    size_t left = things[0].packed.length;
    struct dp_array out = {0};
    struct dp_stream *stream;

    ck_assert_int_eq(dp_stream_open_from(context, read_text, &left, "-", &options, &stream, NULL),
                     DP_OK);
    ck_assert_int_eq(drain(stream, &out, NULL), 0);
    ck_assert_uint_eq(out.length, text.length);
    ck_assert_mem_eq(out.data, text.data, text.length);
    dp_stream_info(stream, &info);
    ck_assert_str_eq(info.codec, "gzip");
    ck_assert_uint_eq(info.member_count, 1);
    ck_assert_uint_eq(info.uncompressed_bytes, text.length);
    ck_assert_uint_eq(info.compressed_bytes, things[0].packed.length);
    dp_stream_free(stream);
    dp_array_free(&out);
}
END_TEST

/* Without pass_through, what is not compressed is what gzip says of it. */
START_TEST(not_compressed)
{
    struct dp_stream_options options = {sizeof(options), 1, {0, 0}, NULL, 0};
    struct dp_index *index = _i ? things[3].index : NULL;
    struct dp_stream *stream = NULL;
    struct dp_error err;
    const void *bytes;

    ck_assert_int_eq(dp_stream_open(context, things[3].object, index, &options, &stream, &err),
                     DP_OK);
    ck_assert_int_eq(dp_stream_next(stream, &bytes, &err), DP_DATA);
    ck_assert_int_eq(err.detail, DP_DETAIL_NOT_GZIP);
    dp_stream_free(stream);
}
END_TEST

/* Of `text` and then `length` bytes of `rest`, what follows `begin`. */
static void check_rest(const struct thing *thing, struct dp_index *index, unsigned threads,
                       uint64_t begin, const char *rest, size_t length)
{
    struct dp_stream_options options = {sizeof(options), threads, {begin, UINT64_MAX}, NULL, 2};
    uint64_t total = text.length + length, at = begin < text.length ? text.length - begin : 0;
    struct dp_array out = {0};
    struct dp_stream *stream = NULL;
    struct dp_error err;
    int rc = dp_stream_open(context, thing->object, index, &options, &stream, &err);

    if (!rc)
        rc = drain(stream, &out, &err);
    ck_assert_int_eq(rc, begin > total ? DP_INVALID : DP_OK);
    ck_assert_uint_eq(out.length, begin > total ? 0 : total - begin);
    if (out.length > at)
        ck_assert_mem_eq((uint8_t *)out.data + at, rest + length - (out.length - at),
                         out.length - at);
    if (begin > total) {
        char words[128];

        snprintf(words, sizeof(words), "begins at %llu, behind the %llu uncompressed bytes",
                 (unsigned long long)begin, (unsigned long long)total);
        ck_assert_ptr_nonnull(strstr(err.message, words));
    }
    dp_stream_free(stream);
    dp_array_free(&out);
}

/* A range without an end may begin in what follows the last member, with an index as without. */
START_TEST(from_behind_the_data)
{
    static const char *const rests[] = {"garbage", "\0\0\0\0\0\0", ""};
    const char *rest = rests[_i / 6];
    size_t length = *rest || _i / 6 == 1 ? strlen("garbage") : 0;
    const struct thing *like = &things[_i / 2 % 3];
    struct thing thing = {.packed = {0}};
    uint64_t begin;

    ck_assert(dp_array_append(&thing.packed, like->packed.data, like->packed.length, 1));
    if (length)
        ck_assert(dp_array_append(&thing.packed, rest, length, 1));
    index_thing(&thing, 200000);
    for (begin = text.length - 1; begin <= text.length + length + 2; begin++) {
        check_rest(&thing, thing.index, 1 + (unsigned)_i % 2, begin, rest, length);
        check_rest(&thing, NULL, 1 + (unsigned)_i % 2, begin, rest, length);
    }
    dp_index_free(thing.index);
    dp_object_free(thing.object);
    dp_array_free(&thing.packed);
}
END_TEST

/* ------------------------------------------------------------------- points far apart */

enum { WIDE_TEXT_BYTES = 26 << 20 };
#define WIDE_POINTS 3u

static struct dp_array wide_text;

static void set_up_wide(void)
{
    ck_assert_int_eq(dp_context_new(NULL, &context, NULL), DP_OK);
}

static void tear_down_wide(void)
{
    dp_context_free(context);
}

/* Text that is quick to pack, in one member (0) or two: the windows of its points do not say where
 * their bytes belong. */
static void make_wide(struct thing *thing, int kind, uint64_t spacing)
{
    const struct data_member member = {1, Z_DEFAULT_STRATEGY, 0, 0};
    size_t first = kind ? (10 << 20) + 12345 : WIDE_TEXT_BYTES;

    memset(thing, 0, sizeof(*thing));
    while (wide_text.length < WIDE_TEXT_BYTES)
        data_reads(&wide_text, 1 << 20, 1 + wide_text.length % 9973);
    data_member(&thing->packed, wide_text.data, first, &member);
    if (kind)
        data_member(&thing->packed, (uint8_t *)wide_text.data + first, WIDE_TEXT_BYTES - first,
                    &member);
    index_thing(thing, spacing);
}

static void free_wide(struct thing *thing)
{
    dp_index_free(thing->index);
    dp_object_free(thing->object);
    dp_array_free(&thing->packed);
    dp_array_free(&wide_text);
}

static int read_wide(const struct thing *thing, unsigned threads, uint64_t begin, uint64_t end,
                     struct dp_error *err)
{
    struct dp_stream_options options = {sizeof(options), threads, {begin, end}, NULL, 1};
    struct dp_array out = {0};
    struct dp_stream *stream = NULL;
    int rc = dp_stream_open(context, thing->object, thing->index, &options, &stream, err);

    if (!rc)
        rc = drain(stream, &out, err);
    dp_stream_free(stream);
    if (rc == 0) {
        ck_assert_uint_eq(out.length, end - begin);
        ck_assert(memcmp(out.data, (uint8_t *)wide_text.data + begin, out.length) == 0);
    }
    dp_array_free(&out);
    return rc;
}

START_TEST(points_far_apart)
{
    struct dp_seek_point point;
    struct dp_window window;
    struct dp_error err = {0};
    struct thing thing;
    size_t unplaced = 0;

    make_wide(&thing, _i % 2, 8 << 20);
    ck_assert_uint_ge(dp_index_point_count(thing.index), WIDE_POINTS);
    thing.object->remote = _i / 2;
    for (size_t i = 1; i < dp_index_point_count(thing.index); i++) {
        uint64_t end = WIDE_TEXT_BYTES;

        dp_index_point(thing.index, i, &point);
        ck_assert_int_eq(dp_index_window(thing.index, i, &window, NULL), DP_OK);
        unplaced += !window.placed;
        for (unsigned threads = 1; threads <= 3; threads += 2) {
            uint64_t at = point.uncompressed_offset;

            ck_assert_msg(!read_wide(&thing, threads, at, at + 1, &err), "%s", err.message);
            ck_assert_msg(!read_wide(&thing, threads, at - 1, at + 70000, &err), "%s", err.message);
            ck_assert_msg(!read_wide(&thing, threads, i == 1 ? 0 : end - 1, end, &err), "%s",
                          err.message);
        }
    }
    ck_assert_uint_ge(unplaced, 2);
    free_wide(&thing);
}
END_TEST

/* Below that spacing every window says where its bytes belong. */
START_TEST(points_near_each_other)
{
    struct dp_window window;
    struct thing thing;

    make_wide(&thing, 0, (8 << 20) - 1);
    ck_assert_uint_ge(dp_index_point_count(thing.index), WIDE_POINTS);
    for (size_t i = 1; i < dp_index_point_count(thing.index); i++) {
        ck_assert_int_eq(dp_index_window(thing.index, i, &window, NULL), DP_OK);
        ck_assert(window.placed);
    }
    free_wide(&thing);
}
END_TEST

/* Bits in the first KiB behind a point: noticed, or of no consequence (what is copied stands at
 * another place, too; read_wide compares). */
START_TEST(flipped_bits_behind_a_far_point)
{
    struct dp_seek_point point;
    struct dp_error err = {0};
    struct thing thing;
    unsigned noticed = 0;
    uint64_t state = 4;

    make_wide(&thing, 0, 8 << 20);
    dp_index_point(thing.index, 1, &point);
    for (int round = 0; round < 24; round++) {
        uint8_t *byte = (uint8_t *)thing.packed.data + point.compressed_bit / 8 + 1 +
                        data_noise(&state) % 1023;
        uint8_t flip = (uint8_t)(1u << data_noise(&state) % 8);
        uint64_t begin = point.uncompressed_offset;
        int rc;

        *byte ^= flip;
        rc = read_wide(&thing, round % 2 ? 3 : 1, begin, begin + (9 << 20), &err);
        ck_assert(rc == 0 || rc == DP_DATA);
        noticed += rc != 0;
        *byte ^= flip;
    }
    ck_assert_uint_ge(noticed, 20);
    free_wide(&thing);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream");
    TCase *tests = tcase_create("stream");
    SRunner *runner;
    int failed;

    tcase_add_unchecked_fixture(tests, make_data, free_data);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, ranges, 0, KINDS);
    tcase_add_loop_test(tests, range_behind_the_end, 0, KINDS * 4);
    tcase_add_loop_test(tests, flipped_bits, 0, KINDS);
    tcase_add_loop_test(tests, behind_the_data, 0, 12);
    tcase_add_loop_test(tests, behind_the_end, 0, 24);
    tcase_add_loop_test(tests, from_behind_the_data, 0, 18);
    tcase_add_test(tests, failure_stays);
    tcase_add_loop_test(tests, failing_reads, 0, KINDS * 3);
    tcase_add_loop_test(tests, cancelling, 0, 3);
    tcase_add_loop_test(tests, sequential_source, 0, 4);
    tcase_add_loop_test(tests, not_compressed, 0, 2);
    suite_add_tcase(suite, tests);
    tests = tcase_create("far apart");
    tcase_add_checked_fixture(tests, set_up_wide, tear_down_wide);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, points_far_apart, 0, 4);
    tcase_add_test(tests, points_near_each_other);
    tcase_add_test(tests, flipped_bits_behind_a_far_point);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
