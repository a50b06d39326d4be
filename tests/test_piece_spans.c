/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/piece_spans.h"
#include "tests/slicer_support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPACING = 8192, PARTS = 3 };

static struct sample sample;
static struct place place;
static struct random dice = {7};

static void use(enum packing packing)
{
    sample_make(&sample, FOUR_LINES, 160000, 5);
    place_make(&place, &sample, packing, SPACING, 6);
}

static void drop(void)
{
    place_free(&place);
    sample_free(&sample);
}

static struct dp_slice *slice_of(uint64_t number, int inline_parts)
{
    struct dp_plan_options options = {
        .struct_bytes = sizeof(options), .part_count = PARTS, .inline_parts = inline_parts};
    struct dp_plan *plan = plan_make(&place, &options);
    struct dp_slice *slice = plan_slice(plan, number);

    dp_plan_free(plan);
    return slice;
}

static struct dp_piece_spans *spans_of(const struct dp_slice *slice, const char *index_uri)
{
    struct dp_reader_options options = {
        .struct_bytes = sizeof(options), .threads = 3, .index_uri = index_uri};

    return dp_piece_spans_open(place.context, &slice->pieces[0], place.object, &options);
}

/* Reads a slice with several threads; what comes out without a failure must be right. */
static int read_slice(const struct dp_slice *slice, struct dp_error *err)
{
    const struct dp_interval *asked = &slice->interval;
    uint64_t begin = sample_cut(&sample, asked->unit, asked->begin)->offset;
    uint64_t end =
        asked->last ? sample.length : sample_cut(&sample, asked->unit, asked->end)->offset;
    struct dp_reader_counts counts;
    struct dp_array out = {0};
    int rc = slice_read(place.context, slice, 3, &dice, &out, &counts, err);

    if (!rc) {
        ck_assert_uint_eq(out.length, end - begin);
        ck_assert(memcmp(out.data, sample.bytes + begin, end - begin) == 0);
    }
    dp_array_free(&out);
    return rc;
}

/* The spans follow each other from the point of the piece to where its decoding ends. */
static void check_spans(const struct dp_slice_piece *piece, const struct dp_guide *guide)
{
    uint64_t at = piece->point.uncompressed_offset;
    struct dp_span span;

    ck_assert_uint_gt(guide->span_count, 1);
    for (size_t i = 0; i < guide->span_count; i++) {
        guide->span(guide->user, i, &span);
        ck_assert_uint_eq(span.start.uncompressed_offset, at);
        ck_assert_uint_gt(span.end_offset, at);
        ck_assert_uint_eq(span.packed.begin, span.start.compressed_bit / 8);
        ck_assert_uint_le(span.packed.end, piece->range.end);
        at = span.end_offset;
    }
    ck_assert_uint_eq(at, piece->decoded_end);
    ck_assert_uint_eq(span.packed.end, piece->range.end);
}

START_TEST(test_spans)
{
    struct dp_piece_spans *spans;
    struct dp_slice *slice;
    struct dp_error err;

    use((enum packing)_i);
    for (uint64_t number = 1; number <= PARTS; number++) {
        slice = slice_of(number, 0);
        spans = spans_of(slice, NULL);
        /* Members begin without a window: what tells the index then is that of a later point. */
        ck_assert_int_eq(spans != NULL, slice->pieces[0].point.mid_member ||
                                            slice->pieces[0].next.raw_bytes);
        if (_i == ONE_MEMBER)
            ck_assert_ptr_nonnull(spans);
        if (spans)
            check_spans(&slice->pieces[0], dp_piece_spans_guide(spans));
        dp_piece_spans_free(spans);
        ck_assert_msg(!read_slice(slice, &err), "%s", err.message);
        dp_slice_free(slice);
    }
    drop();
}
END_TEST

/* Without the index, and with one that has no such point, one thread does it. */
START_TEST(test_no_index)
{
    struct dp_slice *slice, *inlined;
    struct dp_piece_spans *spans;
    char moved[330];
    struct dp_error err;

    use(ONE_MEMBER);
    slice = slice_of(2, 0);
    inlined = slice_of(2, 1);
    ck_assert_ptr_null(spans_of(inlined, NULL));
    snprintf(moved, sizeof(moved), "%s.moved", place.index_path);
    ck_assert_int_eq(rename(place.index_path, moved), 0);
    ck_assert_ptr_null(spans_of(slice, NULL));
    ck_assert_msg(!read_slice(inlined, &err), "%s", err.message);
    spans = spans_of(inlined, moved);
    ck_assert_ptr_nonnull(spans);
    dp_piece_spans_free(spans);
    ck_assert_ptr_null(spans_of(slice, place.object_path));
    inlined->pieces[0].window.crc32 ^= 1;
    ck_assert_ptr_null(spans_of(inlined, moved));
    inlined->pieces[0].window.crc32 ^= 1;
    inlined->pieces[0].point.uncompressed_offset++;
    ck_assert_ptr_null(spans_of(inlined, moved));
    unlink(moved);
    dp_slice_free(slice);
    dp_slice_free(inlined);
    drop();
}
END_TEST

/* From the begin of the object no window is needed. An index that is another one than that of the
 * plan is not touched, wherever it lies. */
START_TEST(test_first_piece)
{
    struct dp_slice *slice, *inlined;
    struct dp_piece_spans *spans;
    struct place other;
    struct sample lines;
    struct dp_error err;

    use(ONE_MEMBER);
    slice = slice_of(1, 0);
    inlined = slice_of(1, 1);
    ck_assert_ptr_nonnull(slice->pieces[0].next.uri);
    ck_assert_uint_eq(inlined->pieces[0].next.raw_bytes, 0);
    ck_assert_ptr_null(spans_of(inlined, place.index_path));
    /* A window that copies nothing is the same in every index: where it lies tells, too. */
    ck_assert_ptr_nonnull(spans = spans_of(slice, NULL));
    dp_piece_spans_free(spans);
    slice->pieces[0].next.range.begin--;
    ck_assert_ptr_null(spans_of(slice, NULL));
    slice->pieces[0].next.range.begin++;
    slice->pieces[0].next.file_bytes++;
    ck_assert_ptr_null(spans_of(slice, NULL));
    slice->pieces[0].next.file_bytes--;

    sample_make(&lines, LINES, 160000, 9);
    place_make(&other, &lines, ONE_MEMBER, SPACING, 6);
    ck_assert_ptr_null(spans_of(slice, other.index_path));
    ck_assert_int_eq(rename(other.index_path, place.index_path), 0);
    ck_assert_ptr_null(spans_of(slice, NULL));
    ck_assert_msg(!read_slice(slice, &err), "%s", err.message);
    unlink(place.index_path);
    ck_assert_msg(!read_slice(slice, &err), "%s", err.message);
    ck_assert_msg(!read_slice(inlined, &err), "%s", err.message);
    place_free(&other);
    sample_free(&lines);
    dp_slice_free(slice);
    dp_slice_free(inlined);
    drop();
}
END_TEST

/* Flips a bit of the index file, there and back. */
static void flip_index(uint64_t at)
{
    FILE *file = fopen(place.index_path, "r+b");
    int byte;

    ck_assert_ptr_nonnull(file);
    ck_assert(fseek(file, (long)at, SEEK_SET) == 0 && (byte = fgetc(file)) != EOF);
    ck_assert(fseek(file, (long)at, SEEK_SET) == 0 && fputc(byte ^ 4, file) != EOF);
    ck_assert_int_eq(fclose(file), 0);
}

/* Bits of the windows from the slice's own on, and of the bytes it reads: wherever they are used it
 * fails; never does it give other bytes. */
START_TEST(test_damage)
{
    unsigned windows = 0, bytes = 0;
    const struct dp_slice_piece *piece;
    struct dp_slice *slice;
    struct dp_error err;

    use(ONE_MEMBER);
    slice = slice_of(2, 0);
    piece = &slice->pieces[0];
    for (unsigned round = 0; round < 30; round++) {
        uint64_t from = piece->window.range.begin, room = piece->range.end - piece->range.begin;
        uint64_t at = from + random_below(&dice, piece->window.file_bytes - from);

        flip_index(at);
        windows += read_slice(slice, &err) != 0;
        flip_index(at);
        at = piece->range.begin + 1 + random_below(&dice, room - 2);
        place.packed[at] ^= 4;
        place_write(&place, place.packed, place.packed_bytes, true);
        bytes += read_slice(slice, &err) == DP_DATA;
        place.packed[at] ^= 4;
        place_write(&place, place.packed, place.packed_bytes, true);
        ck_assert_msg(read_slice(slice, &err) == 0, "%s", err.message);
    }
    ck_assert_uint_gt(windows, 5);
    ck_assert_uint_lt(windows, 30);
    ck_assert_uint_eq(bytes, 30);
    dp_slice_free(slice);
    drop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("piece_spans");
    TCase *tests = tcase_create("piece_spans");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, test_spans, 0, PACKING_COUNT);
    tcase_add_test(tests, test_no_index);
    tcase_add_test(tests, test_first_piece);
    tcase_add_test(tests, test_damage);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
