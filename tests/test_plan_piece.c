/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/plan_piece.h"

#include "index/tables.h"
#include "tests/slicer_support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct sample sample;
static struct place place;
static struct random dice = {3};

static void use(enum sample_kind kind, enum packing packing, uint64_t spacing)
{
    sample_make(&sample, kind, 120000, 7);
    place_make(&place, &sample, packing, spacing, 11);
}

static void drop(void)
{
    place_free(&place);
    sample_free(&sample);
}

static uint64_t longest_record(void)
{
    uint64_t longest = 0;

    for (size_t i = 0; i < sample.record_count; i++) {
        uint64_t bytes = sample.edges[i + 1].offset - sample.edges[i].offset;

        longest = bytes > longest ? bytes : longest;
    }
    return longest;
}

static uint64_t total_of(enum dp_plan_unit unit)
{
    return dp_edge_key(&sample.edges[sample.record_count], unit);
}

/* Every key of the object against the table of records that the sample was made from. */
static void check_cuts(enum dp_plan_unit unit)
{
    uint64_t key, total = total_of(unit), step = total / 3000 + 1;
    size_t exact = 0;

    for (key = 0; key <= total; key = key < total && key + step > total ? total : key + step) {
        const struct dp_edge *edge = sample_cut(&sample, unit, key);
        struct dp_plan_cut cut;

        dp_plan_piece_cut(place.index, unit, key, &cut);
        ck_assert_uint_le(cut.from.offset, edge->offset);
        ck_assert_uint_ge(cut.bound_offset, edge->offset);
        ck_assert_uint_eq(cut.from.offset, sample.edges[cut.from.record].offset);
        ck_assert_uint_eq(cut.from.bases, sample.edges[cut.from.record].bases);
        ck_assert(!cut.exact || cut.from.offset == edge->offset);
        /* What lies before a checkpoint that is not the cut must not reach the key. */
        ck_assert(cut.exact || dp_edge_key(&cut.from, unit) < key);
        if (!cut.exact && unit == DP_UNIT_BYTES)
            ck_assert_uint_lt(cut.bound_offset, key + longest_record());
        exact += cut.exact;
    }
    ck_assert_uint_ge(exact, 1);
}

START_TEST(test_cuts_bound_the_edge)
{
    use((enum sample_kind)_i, ONE_MEMBER, 4096);
    ck_assert_uint_eq(dp_index_longest_record(place.index), longest_record());
    check_cuts(DP_UNIT_RECORDS);
    check_cuts(DP_UNIT_BYTES);
    if (dp_index_format(place.index)->has_bases)
        check_cuts(DP_UNIT_BASES);
    drop();
}
END_TEST

/* Of an index that does not know it, cuts lie at the next row at most. */
START_TEST(test_cuts_without_the_longest_record)
{
    struct dp_plan_cut known, unknown;
    struct dp_index *index;

    use(LINES, ONE_MEMBER, 4096);
    index = place.index;
    for (int lie = 0; lie < 2; lie++) {
        dp_plan_piece_cut(index, DP_UNIT_BYTES, 100, &known);
        ck_assert_uint_eq(index->longest_record_bytes, longest_record());
        index->longest_record_bytes = lie ? UINT64_MAX : 0; /* so long that nothing can be added */
        for (int unit = 0; unit < 2; unit++) {
            dp_plan_piece_cut(index, unit ? DP_UNIT_BYTES : DP_UNIT_RECORDS,
                              unit ? 100 : 4, &unknown);
            ck_assert(!unknown.exact);
            ck_assert_uint_gt(unknown.bound_offset, unknown.from.offset + longest_record());
        }
        ck_assert_uint_lt(known.bound_offset, unknown.bound_offset);
        index->longest_record_bytes = longest_record();
    }
    drop();
}
END_TEST

/* Reads the records that begin in [begin, end) as one slice; what comes out without a failure must
 * be right. */
static int read_span(uint64_t begin, uint64_t end, struct dp_error *err)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options),
                                      .unit = DP_UNIT_BYTES,
                                      .part_count = 1,
                                      .begin = begin,
                                      .end = end};
    struct dp_plan *plan = plan_make(&place, &options);
    struct dp_slice *slice = plan_slice(plan, 1);
    uint64_t header = sample.edges[0].offset;
    uint64_t from = sample_cut(&sample, DP_UNIT_BYTES, begin)->offset;
    uint64_t length = sample_cut(&sample, DP_UNIT_BYTES, end)->offset - from;
    struct dp_reader_counts counts;
    struct dp_array out = {0};
    int rc = slice_read(place.context, slice, 0, &dice, &out, &counts, err);

    if (!rc) {
        ck_assert_uint_eq(out.length, header + length);
        ck_assert(memcmp((uint8_t *)out.data + header, sample.bytes + from, length) == 0);
    }
    dp_array_free(&out);
    dp_slice_free(slice);
    dp_plan_free(plan);
    return rc;
}

/* An index may say so with checksums that fit. Decoding then ends inside of records, at checksum
 * edges between seek points: the part of one was once taken for the last record of the object. */
START_TEST(test_a_wrong_longest_record_loses_nothing)
{
    static const enum sample_kind kinds[] = {LINES, LINES_NO_NEWLINE, VARIANTS, SITES, FOUR_LINES};
    unsigned refused = 0;
    struct dp_error err;

    sample_make(&sample, kinds[_i], 1500000, 7);
    place_make(&place, &sample, ONE_MEMBER, 512 << 10, 11);
    for (size_t r = 3; r + 1 < sample.record_count; r++) {
        uint64_t begin = sample.edges[r - 3].offset, end = sample.edges[r].offset + 1;
        uint64_t edge = dp_index_sum_edge(place.index, end);

        if (edge >= sample.edges[r + 1].offset)
            continue;
        ck_assert_msg(!read_span(begin, end, &err), "%s", err.message);
        place.index->longest_record_bytes = 1;
        refused += read_span(begin, end, &err) == (_i < 4 ? DP_BAD_INDEX : DP_DATA);
        place.index->longest_record_bytes = longest_record();
    }
    ck_assert_uint_gt(refused, 3);
    drop();
}
END_TEST

/* ----------------------------------------------------------------- slices made piece by piece */

static struct dp_plan_place here(bool inline_parts)
{
    return (struct dp_plan_place){
        .index = place.index, .object = place.object, .inline_parts = inline_parts};
}

/* A slice of the whole plan without a piece yet, with one source and so many outputs. */
static struct dp_slice *blank_slice(unsigned output_count)
{
    struct dp_slice *slice = calloc(1, sizeof(*slice));
    struct dp_plan_place from = here(false);

    ck_assert_ptr_nonnull(slice);
    memset(slice->id, '0', DP_SLICE_ID_DIGITS);
    memset(slice->plan_id, '0', DP_SLICE_ID_DIGITS);
    slice->number = slice->slice_count = 1;
    ck_assert_int_eq(dp_plan_piece_source(&from, slice, NULL), 0);
    ck_assert(dp_slice_add_output(slice, "first"));
    if (output_count > 1)
        ck_assert(dp_slice_add_output(slice, "second"));
    return slice;
}

static struct dp_slice *sent(struct dp_slice *slice)
{
    struct dp_slice *received = NULL;
    struct dp_error err = {0};
    char *line = NULL;

    slice->record_count = dp_slice_count_records(slice, 0);
    ck_assert_msg(!dp_slice_format(slice, &line, &err), "%s", err.message);
    ck_assert_msg(!dp_slice_parse(line, strlen(line), &received, &err), "%s", err.message);
    dp_text_free(line);
    dp_slice_free(slice);
    return received;
}

static void expect_output(struct dp_reader *reader, unsigned output, const uint8_t *bytes,
                          size_t length)
{
    struct dp_error err = {0};
    const void *got;
    int64_t count;
    size_t at = 0;

    while ((count = dp_reader_next(reader, output, &got, &err)) > 0) {
        ck_assert_uint_le(at + (size_t)count, length);
        ck_assert(memcmp(bytes + at, got, (size_t)count) == 0);
        at += (size_t)count;
    }
    ck_assert_msg(count == 0, "%s", err.message);
    ck_assert_uint_eq(at, length);
}

/* Any bytes of the object, wherever seek points and checksums lie. */
START_TEST(test_bytes)
{
    int round;

    use(FOUR_LINES, (enum packing)_i, 4096);
    for (round = 0; round < 60; round++) {
        uint64_t begin = random_below(&dice, sample.length);
        uint64_t end = begin + 1 + random_below(&dice, sample.length - begin);
        struct dp_plan_place from = here(round % 2);
        struct dp_slice *slice = blank_slice(1);
        struct dp_slice_piece *piece;
        struct dp_reader *reader = NULL;
        struct dp_error err = {0};

        ck_assert_msg(!dp_plan_piece_bytes(&from, begin, end, false, 0, 0, slice, &piece, &err),
                      "%s", err.message);
        slice = sent(slice);
        ck_assert_int_eq(dp_reader_open(place.context, slice, NULL, &reader, &err), 0);
        expect_output(reader, 0, sample.bytes + begin, end - begin);
        dp_reader_free(reader);
        dp_slice_free(slice);
    }
    drop();
}
END_TEST

/* A header in front of records, referenced or inlined; where slices are joined it stays out. */
START_TEST(test_prologue)
{
    static const char head[] = "#a header of its own\n";
    uint64_t ten = 0, size;
    int round;

    use(LINES, (enum packing)_i, 4096);
    ten = sample.edges[10].offset;
    size = sample.length;
    for (round = 0; round < 4; round++) {
        struct dp_reader_options options = {.struct_bytes = sizeof(options),
                                            .skip_prologue = round % 2};
        struct dp_interval rest = {DP_UNIT_RECORDS, 10, sample.record_count, true};
        struct dp_plan_place from = here(round % 2);
        struct dp_slice *slice = blank_slice(1);
        struct dp_slice_piece *piece;
        struct dp_reader *reader = NULL;
        size_t head_bytes = round < 2 ? (size_t)ten : strlen(head);
        uint8_t *expected = malloc(head_bytes + sample.length);
        struct dp_reader_counts counts = {.struct_bytes = sizeof(counts)};

        memcpy(expected, round < 2 ? (const void *)sample.bytes : head, head_bytes);
        memcpy(expected + head_bytes, sample.bytes + ten, size - ten);
        if (round < 2)
            ck_assert(!dp_plan_piece_bytes(&from, 0, ten, true, 0, 0, slice, &piece, NULL));
        else
            ck_assert(!dp_plan_piece_inline(head, head_bytes, true, 0, 0, slice, &piece, NULL));
        ck_assert_int_eq(dp_plan_piece_interval(&from, &rest, 0, 0, slice, NULL), 0);
        slice = sent(slice);
        ck_assert_uint_eq(slice->record_count, sample.record_count - 10);
        ck_assert_int_eq(dp_reader_open(place.context, slice, &options, &reader, NULL), 0);
        if (options.skip_prologue)
            expect_output(reader, 0, sample.bytes + ten, size - ten);
        else
            expect_output(reader, 0, expected, head_bytes + (size - ten));
        dp_reader_counts(reader, &counts);
        ck_assert_uint_eq(counts.records, sample.record_count - 10);
        ck_assert_uint_eq(counts.bytes, size - ten + (options.skip_prologue ? 0 : head_bytes));
        dp_reader_free(reader);
        dp_slice_free(slice);
        free(expected);
    }
    drop();
}
END_TEST

/* Two outputs in several pieces each, read by turns. */
START_TEST(test_outputs)
{
    static const uint64_t cuts[] = {0, 30, 90, 91, 200};
    struct dp_slice *slice;
    struct dp_reader *reader = NULL;
    struct dp_error err = {0};
    const void *bytes;
    int i, turn;
    size_t at[2];

    use(FOUR_LINES, (enum packing)_i, 4096);
    slice = blank_slice(2);
    for (i = 0; i < 4; i++) { /* each output has all of the records */
        struct dp_interval part = {DP_UNIT_RECORDS, cuts[i], cuts[i + 1], false};
        struct dp_plan_place from = here(true);

        ck_assert_int_eq(dp_plan_piece_interval(&from, &part, 0, 1, slice, NULL), 0);
        ck_assert_int_eq(dp_plan_piece_interval(&from, &part, 0, 0, slice, NULL), 0);
    }
    slice = sent(slice);
    ck_assert_uint_eq(slice->record_count, 200);
    ck_assert_int_eq(dp_reader_open(place.context, slice, NULL, &reader, &err), 0);
    dp_slice_free(slice); /* the reader keeps it */
    at[0] = at[1] = 0;
    for (turn = 0; turn < 2;) {
        int64_t count = dp_reader_next(reader, (unsigned)turn, &bytes, &err);

        ck_assert_msg(count >= 0, "%s", err.message);
        ck_assert(memcmp(sample.bytes + at[turn], bytes, (size_t)count) == 0);
        at[turn] += (size_t)count;
        turn += count == 0;
        if (count && random_below(&dice, 2) && turn == 0) {
            char one;

            ck_assert_int_eq(dp_reader_read(reader, 1, &one, 1, &err), 1);
            ck_assert_int_eq((uint8_t)one, sample.bytes[at[1]++]);
        }
    }
    ck_assert_uint_eq(at[0], sample.edges[200].offset);
    ck_assert_uint_eq(at[1], sample.edges[200].offset);
    ck_assert_int_eq(dp_reader_next(reader, 2, &bytes, &err), DP_INVALID);
    dp_reader_free(reader);
    drop();
}
END_TEST

/* An inlined piece that is damaged although its line is not. */
START_TEST(test_damaged_inline)
{
    struct dp_slice *slice;
    struct dp_slice_piece *piece;
    struct dp_reader *reader = NULL;
    struct dp_error err = {0};

    use(LINES, PLAIN, 4096);
    slice = blank_slice(1);
    ck_assert_int_eq(dp_plan_piece_inline("head\n", 5, true, 0, 0, slice, &piece, NULL), 0);
    piece->raw_bytes++;
    ck_assert_int_eq(dp_reader_open(place.context, slice, NULL, &reader, &err), DP_BAD_INDEX);
    piece->raw_bytes--;
    piece->packed[12] ^= 1;
    ck_assert_int_eq(dp_reader_open(place.context, slice, NULL, &reader, &err), DP_BAD_INDEX);
    ck_assert_ptr_null(reader);
    dp_slice_free(slice);
    drop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan_piece");
    TCase *tests = tcase_create("plan_piece");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, test_cuts_bound_the_edge, 0, KIND_COUNT);
    tcase_add_test(tests, test_cuts_without_the_longest_record);
    tcase_add_loop_test(tests, test_a_wrong_longest_record_loses_nothing, 0, 5);
    tcase_add_loop_test(tests, test_bytes, 0, PACKING_COUNT);
    tcase_add_loop_test(tests, test_prologue, 0, PACKING_COUNT);
    tcase_add_loop_test(tests, test_outputs, 0, PACKING_COUNT);
    tcase_add_test(tests, test_damaged_inline);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
