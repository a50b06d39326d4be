/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The whole decoder: every kind of stream is decoded, every seek point restarted by every backend
 * and by plain zlib, and nothing depends on backend, threads or chunks. */

#include "codec_data.h"

#include "index/codec/inflate.h"
#include "index/codec/pass.h"
#include "index/codec/window.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { SPACING = 20000, TEXT_BYTES = 400000, STREAMS = 23 };

/* A stream under test: what it holds and how it is compressed. */
struct stream {
    const char *name;
    struct dp_array plain, packed;
    enum dp_codec codec;
};

static struct stream streams[STREAMS];
static size_t stream_count;

static struct stream *add_stream(const char *name, enum dp_codec codec)
{
    struct stream *stream = &streams[stream_count++];

    ck_assert_uint_le(stream_count, STREAMS);
    stream->name = name;
    stream->codec = codec;
    return stream;
}

static void add_member(const char *name, const struct dp_array *plain,
                       const struct data_member *how)
{
    struct stream *stream = add_stream(name, DP_CODEC_GZIP);

    dp_array_append(&stream->plain, plain->data, plain->length, 1);
    data_member(&stream->packed, plain->data, plain->length, how);
}

static void add_members(const char *name, const struct dp_array *plain, size_t member_bytes)
{
    struct stream *stream = add_stream(name, DP_CODEC_GZIP);
    struct data_member how = {6, Z_DEFAULT_STRATEGY, 0, 0};

    dp_array_append(&stream->plain, plain->data, plain->length, 1);
    for (size_t at = 0; at < plain->length; at += member_bytes) {
        size_t left = plain->length - at;

        data_member(&stream->packed, (uint8_t *)plain->data + at,
                    left < member_bytes ? left : member_bytes, &how);
        if (at / member_bytes % 3 == 1)
            data_member(&stream->packed, NULL, 0, &how);
    }
}

static void add_blocks(const char *name, const struct dp_array *plain, size_t block_bytes)
{
    struct stream *stream = add_stream(name, DP_CODEC_BGZF);

    dp_array_append(&stream->plain, plain->data, plain->length, 1);
    data_bgzf(&stream->packed, plain->data, plain->length, block_bytes, true);
}

static void make_streams(void)
{
    static const char *const levels[] = {"level 0", "level 1", "level 2", "level 3", "level 4",
                                         "level 5", "level 6", "level 7", "level 8", "level 9"};
    struct dp_array text = {0}, zeros = {0};

    data_reads(&text, TEXT_BYTES, 1);
    for (int level = 0; level <= 9; level++)
        add_member(levels[level], &text, &(struct data_member){level, Z_DEFAULT_STRATEGY, 0, 0});
    add_member("fixed", &text, &(struct data_member){6, Z_FIXED, 0, 0});
    add_member("huffman", &text, &(struct data_member){6, Z_HUFFMAN_ONLY, 0, 0});
    add_member("sync", &text, &(struct data_member){6, Z_DEFAULT_STRATEGY, Z_SYNC_FLUSH, 5000});
    add_member("full", &text, &(struct data_member){6, Z_DEFAULT_STRATEGY, Z_FULL_FLUSH, 333});
    add_member("partial", &text, &(struct data_member){9, Z_FIXED, Z_PARTIAL_FLUSH, 7000});
    add_members("members", &text, 50001);
    add_members("tiny members", &text, 700);
    add_blocks("bgzf", &text, 65280);
    add_blocks("small bgzf", &text, 5000);
    dp_array_reserve(&zeros, 3000000, 1);
    memset(zeros.data, 0, 3000000);
    zeros.length = 3000000;
    add_member("zeros", &zeros, &(struct data_member){6, Z_DEFAULT_STRATEGY, Z_SYNC_FLUSH, 150000});
    zeros.length = 0;
    add_member("empty", &zeros, &(struct data_member){6, Z_DEFAULT_STRATEGY, 0, 0});
    dp_array_append(&add_stream("giant block", DP_CODEC_GZIP)->plain, text.data, text.length, 1);
    data_giant_block(&streams[stream_count - 1].packed, text.data, text.length);
    *add_stream("none", DP_CODEC_NONE) = (struct stream){"none", text, text, DP_CODEC_NONE};
    dp_array_free(&zeros);
    ck_assert_uint_eq(stream_count, STREAMS);
}

static void free_streams(void)
{
    for (size_t i = 0; i < stream_count; i++) {
        dp_array_free(&streams[i].plain);
        if (streams[i].codec != DP_CODEC_NONE)
            dp_array_free(&streams[i].packed);
    }
    stream_count = 0;
}

static struct dp_decoder_config config_of(const struct stream *stream)
{
    return (struct dp_decoder_config){.codec = stream->codec,
                                      .end_offset = UINT64_MAX,
                                      .spacing_bytes = SPACING,
                                      .sum_bytes = 3 * SPACING,
                                      .want_blocks = true};
}

/* The rest of the stream from a point, by zlib alone. */
static void check_with_zlib(const struct stream *stream, const struct dp_seek_point *at,
                            const struct dp_window *window, size_t length)
{
    const uint8_t *packed = (uint8_t *)stream->packed.data + at->compressed_bit / 8;
    const uint8_t *end = (uint8_t *)stream->packed.data + stream->packed.length;
    unsigned skip = at->compressed_bit % 8;
    uint8_t *out = malloc(length + 1);
    z_stream z = {0};
    int rc;

    ck_assert_int_eq(inflateInit2(&z, at->mid_member ? -15 : 31), Z_OK);
    if (skip)
        ck_assert_int_eq(inflatePrime(&z, 8 - (int)skip, *packed++ >> skip), Z_OK);
    if (at->mid_member)
        ck_assert_int_eq(inflateSetDictionary(&z, window->bytes, (uInt)window->raw_bytes), Z_OK);
    z.next_in = (z_const Bytef *)packed;
    z.avail_in = (uInt)(end - packed);
    z.next_out = out;
    z.avail_out = (uInt)length;
    rc = inflate(&z, Z_SYNC_FLUSH);
    ck_assert_msg(rc == Z_OK || rc == Z_STREAM_END || (rc == Z_BUF_ERROR && length == 0),
                  "%s: zlib says %d", stream->name, rc);
    length -= z.avail_out;
    inflateEnd(&z);
    if (length)
        ck_assert_mem_eq(out, (uint8_t *)stream->plain.data + at->uncompressed_offset, length);
    free(out);
}

/* The rest of the stream from a point, by a backend. */
static void check_restart(const struct stream *stream, const struct data_point *point,
                          struct dp_window *window, const char *backend, size_t chunk_bytes)
{
    uint64_t begin = point->found.at.uncompressed_offset;
    struct dp_decoder_config config = {.codec = stream->codec,
                                       .start = point->found.at,
                                       .window = window,
                                       .end_offset = begin + 100000,
                                       .backend = backend};
    size_t length = stream->plain.length - (size_t)begin;
    struct data_pass pass;

    data_decode(&pass, &config, stream->packed.data, stream->packed.length, chunk_bytes);
    ck_assert_msg(pass.rc == 0, "%s: %s", stream->name, pass.error.message);
    ck_assert_uint_eq(pass.bytes.length, length < 100000 ? length : 100000);
    if (length)
        ck_assert_mem_eq(pass.bytes.data, (uint8_t *)stream->plain.data + begin,
                         pass.bytes.length);
    data_pass_free(&pass);
}

/* Each backend places the window anew, from chunks of every length. */
static void check_point(const struct stream *stream, const struct data_pass *pass,
                        const struct data_point *point, bool placed)
{
    static const size_t chunks[] = {100000, 4096, 777};
    const struct dp_found_point *found = &point->found;
    struct dp_window window;
    struct dp_error err;

    for (size_t i = 0; dp_inflate_name(i); i++) {
        if (found->at.mid_member) {
            ck_assert_int_eq(dp_window_unpack((uint8_t *)pass->windows.data + point->window,
                                              found->window_bytes, found->window_raw_bytes,
                                              &window, &err), DP_OK);
            ck_assert_int_eq(window.placed, placed);
        }
        check_restart(stream, point, &window, dp_inflate_name(i), chunks[i % 3]);
        ck_assert(!found->at.mid_member || window.placed);
    }
    if (stream->codec != DP_CODEC_NONE)
        check_with_zlib(stream, &found->at, &window, 60000);
}

/* Points are a function of the stream: ascending, far enough apart, the first at the start. */
static void check_spacing(const struct data_pass *pass)
{
    const struct data_point *points = pass->points.data;

    ck_assert_uint_gt(pass->points.length, 0);
    ck_assert_uint_eq(points[0].found.at.uncompressed_offset, 0);
    for (size_t i = 1; i < pass->points.length; i++)
        ck_assert_uint_ge(points[i].found.at.uncompressed_offset,
                          points[i - 1].found.at.uncompressed_offset + SPACING);
}

START_TEST(points_restart)
{
    const struct stream *stream = &streams[_i];
    struct dp_decoder_config config = config_of(stream);
    struct data_pass pass;

    data_decode(&pass, &config, stream->packed.data, stream->packed.length, 1 << 20);
    ck_assert_msg(pass.rc == 0, "%s: %s", stream->name, pass.error.message);
    ck_assert_uint_eq(pass.bytes.length, stream->plain.length);
    if (stream->plain.length)
        ck_assert_mem_eq(pass.bytes.data, stream->plain.data, stream->plain.length);
    ck_assert_uint_eq(pass.result.compressed_bytes, stream->packed.length);
    ck_assert(!pass.result.bgzf_eof_missing);
    check_spacing(&pass);
    for (size_t i = 0; i < pass.points.length; i++)
        check_point(stream, &pass, (struct data_point *)pass.points.data + i, true);
    data_pass_free(&pass);
}
END_TEST

/* Where points are far apart, windows do not say where their bytes stand. */
START_TEST(wide_points_restart)
{
    struct stream stream = {.name = "wide", .codec = DP_CODEC_GZIP};
    struct dp_decoder_config config = {.codec = DP_CODEC_GZIP,
                                       .end_offset = UINT64_MAX,
                                       .spacing_bytes = 8 << 20};
    struct data_point *points;
    struct data_pass pass;
    size_t inside = 0;

    data_reads(&stream.plain, 18 << 20, 5);
    data_member(&stream.packed, stream.plain.data, stream.plain.length,
                &(struct data_member){1, Z_DEFAULT_STRATEGY, 0, 0});
    config.threads = 1 + (unsigned)_i;
    data_decode(&pass, &config, stream.packed.data, stream.packed.length, 1 << 20);
    ck_assert_msg(pass.rc == 0, "%s", pass.error.message);
    points = pass.points.data;
    for (size_t i = 0; i < pass.points.length; i++) {
        inside += points[i].found.at.mid_member;
        check_point(&stream, &pass, &points[i], false);
    }
    ck_assert_uint_eq(inside, 2);
    data_pass_free(&pass);
    dp_array_free(&stream.plain);
    dp_array_free(&stream.packed);
}
END_TEST

static void check_same_array(const struct dp_array *a, const struct dp_array *b, size_t size)
{
    ck_assert_uint_eq(a->length, b->length);
    if (a->length)
        ck_assert_mem_eq(a->data, b->data, a->length * size);
}

static void check_same(const struct data_pass *a, const struct data_pass *b)
{
    const struct data_point *p = a->points.data, *q = b->points.data;

    ck_assert_int_eq(b->rc, a->rc);
    check_same_array(&a->bytes, &b->bytes, 1);
    check_same_array(&a->windows, &b->windows, 1);
    check_same_array(&a->edges, &b->edges, sizeof(uint64_t));
    check_same_array(&a->blocks, &b->blocks, sizeof(struct dp_block));
    ck_assert_uint_eq(a->points.length, b->points.length);
    for (size_t i = 0; i < a->points.length; i++) {
        ck_assert_uint_eq(p[i].found.at.uncompressed_offset, q[i].found.at.uncompressed_offset);
        ck_assert_uint_eq(p[i].found.at.compressed_bit, q[i].found.at.compressed_bit);
        ck_assert_uint_eq(p[i].found.spacing_bytes, q[i].found.spacing_bytes);
        ck_assert_uint_eq(p[i].found.member_number, q[i].found.member_number);
        ck_assert_uint_eq(p[i].found.window_raw_bytes, q[i].found.window_raw_bytes);
        ck_assert_uint_eq(p[i].window, q[i].window);
    }
    ck_assert_uint_eq(a->result.member_count, b->result.member_count);
    ck_assert_uint_eq(a->result.compressed_bytes, b->result.compressed_bytes);
}

/* Backends, threads and chunk sizes change nothing. */
START_TEST(nothing_depends)
{
    static const struct {
        unsigned threads;
        size_t chunk_bytes;
    } runs[] = {{1, 1}, {1, 7}, {1, 100}, {1, 4096}, {1, 1 << 20}, {2, 7}, {2, 1 << 20}, {4, 4096}};
    const struct stream *stream = &streams[_i];
    struct dp_decoder_config config = config_of(stream);
    struct data_pass expected, pass;

    config.backend = "zlib";
    data_decode(&expected, &config, stream->packed.data, stream->packed.length, 1 << 20);
    for (size_t i = 0; dp_inflate_name(i); i++)
        for (size_t run = 0; run < sizeof(runs) / sizeof(runs[0]); run++) {
            config.backend = dp_inflate_name(i);
            config.threads = runs[run].threads;
            data_decode(&pass, &config, stream->packed.data, stream->packed.length,
                        runs[run].chunk_bytes);
            check_same(&expected, &pass);
            data_pass_free(&pass);
        }
    data_pass_free(&expected);
}
END_TEST

/* However many members hold nothing, a batch stays small. */
START_TEST(flood_of_empty_members)
{
    enum { MEMBERS = 100000 };
    struct data_member how = {6, Z_DEFAULT_STRATEGY, 0, 0};
    struct dp_decoder_config config = {.codec = DP_CODEC_GZIP, .end_offset = UINT64_MAX};
    struct dp_array member = {0}, packed = {0};
    struct data_feed feed;
    struct dp_source source;
    struct dp_pass *pass;
    struct dp_batch batch;
    uint8_t *room;

    data_member(&member, NULL, 0, &how);
    for (int i = 0; i < MEMBERS; i++)
        ck_assert(dp_array_append(&packed, member.data, member.length, 1));
    data_feed_open(&feed, packed.data, packed.length, 100000);
    config.input = feed.input;
    dp_source_init(&source, feed.input);
    ck_assert_int_eq(dp_pass_gzip.open(&config, &source, &pass, NULL), DP_OK);
    room = malloc(DP_WINDOW_BYTES + pass->room_bytes);
    ck_assert_ptr_nonnull(room);
    dp_batch_init(&batch, room);
    do {
        dp_batch_clear(&batch, 0, NULL);
        pass->ops->fill(pass, &batch);
        ck_assert_uint_le(batch.segments.length, MEMBERS / 10);
    } while (batch.state == DP_BATCH_MORE);
    ck_assert_int_eq(batch.state, DP_BATCH_END);
    ck_assert_uint_eq(batch.result.member_count, MEMBERS);
    dp_batch_free(&batch);
    free(room);
    pass->ops->close(pass);
    dp_source_free(&source);
    dp_input_free(feed.input);
    dp_array_free(&member);
    dp_array_free(&packed);
}
END_TEST

/* The first `end` bytes of a stream, and not one more. */
static void check_prefix(const struct stream *stream, uint64_t end, unsigned threads)
{
    struct dp_decoder_config config = {
        .codec = stream->codec, .end_offset = end, .threads = threads};
    struct data_pass pass;

    data_decode(&pass, &config, stream->packed.data, stream->packed.length, 1 << 20);
    ck_assert_msg(pass.rc == 0, "%s, %llu: %s", stream->name, (unsigned long long)end,
                  pass.error.message);
    ck_assert_uint_eq(pass.bytes.length, end);
    ck_assert_mem_eq(pass.bytes.data, stream->plain.data, (size_t)end);
    data_pass_free(&pass);
}

/* Rooms are no longer than what is asked for: about the lengths at which they stop growing. */
START_TEST(ends_about_the_size_of_a_room)
{
    static const uint64_t sizes[] = {2, 16 << 10, DP_BATCH_BYTES - (64 << 10), DP_BATCH_BYTES,
                                     2 * DP_BATCH_BYTES};
    struct stream stream = {.name = _i ? "bgzf" : "gzip",
                            .codec = _i ? DP_CODEC_BGZF : DP_CODEC_GZIP};
    const struct data_member how = {6, Z_DEFAULT_STRATEGY, 0, 0};

    data_reads(&stream.plain, 2 * DP_BATCH_BYTES + 100000, 3);
    if (_i)
        data_bgzf(&stream.packed, stream.plain.data, stream.plain.length, 65536, true);
    else
        data_member(&stream.packed, stream.plain.data, stream.plain.length, &how);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (uint64_t end = sizes[i] - 1; end <= sizes[i] + 1; end++)
            for (unsigned threads = 1; threads <= 3; threads++)
                check_prefix(&stream, end, threads);
    dp_array_free(&stream.plain);
    dp_array_free(&stream.packed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decoder");
    TCase *tests = tcase_create("decoder");
    SRunner *runner;
    int failed;

    tcase_add_unchecked_fixture(tests, make_streams, free_streams);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, points_restart, 0, STREAMS);
    tcase_add_loop_test(tests, wide_points_restart, 0, 2);
    tcase_add_loop_test(tests, nothing_depends, 0, STREAMS);
    tcase_add_test(tests, flood_of_empty_members);
    tcase_add_loop_test(tests, ends_about_the_size_of_a_room, 0, 2);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
