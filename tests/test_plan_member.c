/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Plans over mates, over interleaved objects and over several objects: whatever is cut and how,
 * every output is all of its objects, in order, once, and mates stay together. */

#include "config.h"

#include "slicer/plan.h"
#include "tests/slicer_support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECTS_MAX = 6 };

static struct sample samples[OBJECTS_MAX];
static struct place places[OBJECTS_MAX];
static size_t object_count;
static struct random dice;

static void place_all(const enum packing packing[], uint64_t spacing)
{
    size_t i;

    for (i = 0; i < object_count; i++)
        place_make(&places[i], &samples[i], packing[i], spacing, i);
}

static void drop(void)
{
    size_t i;

    for (i = 0; i < object_count; i++) {
        place_free(&places[i]);
        sample_free(&samples[i]);
    }
}

/* Two objects of as many reads of other lengths, with the same names. */
static void make_mates(size_t at, enum sample_kind kind, enum sample_kind mate_kind, size_t length)
{
    size_t count;

    sample_make(&samples[at], kind, length, 31 + at);
    sample_make(&samples[at + 1], mate_kind, length, 32 + at);
    count = samples[at].record_count < samples[at + 1].record_count ? samples[at].record_count
                                                                    : samples[at + 1].record_count;
    sample_trim(&samples[at], count);
    sample_trim(&samples[at + 1], count);
}

static struct dp_plan *make_plan(const struct dp_plan_options *options, int code)
{
    struct dp_plan_source sources[OBJECTS_MAX];
    struct dp_plan *plan = NULL;
    struct dp_error err = {0};
    size_t i;
    int rc;

    for (i = 0; i < object_count; i++)
        sources[i] = (struct dp_plan_source){places[i].index, places[i].object};
    rc = dp_plan_new_many(sources, object_count, options, &plan, &err);
    ck_assert_msg(rc == code, "%d %s", rc, err.message);
    return plan;
}

/* What an output is in the end: every `step`th object from `first` on. */
static void append_objects(struct dp_array *all, size_t first, size_t step)
{
    for (; first < object_count; first += step)
        ck_assert(dp_array_append(all, samples[first].bytes, samples[first].length, 1));
}

static struct dp_slice *send(struct dp_slice *slice)
{
    struct dp_slice *received = NULL;
    struct dp_error err = {0};
    char *line = NULL;

    ck_assert_msg(!dp_slice_format(slice, &line, &err), "%s", err.message);
    ck_assert_msg(!dp_slice_parse(line, strlen(line), &received, &err), "%s", err.message);
    dp_text_free(line);
    dp_slice_free(slice);
    return received;
}

/* Appends the slice's outputs to `outputs`. */
static void read_slice(const struct dp_slice *slice, struct dp_array outputs[2],
                       uint64_t records[2])
{
    struct dp_reader_options options = {.struct_bytes = sizeof(options)};
    struct dp_reader_counts counts;
    struct dp_error err = {0};
    unsigned i;

    for (i = 0; i < slice->output_count; i++) {
        int rc = slice_read_output(places[0].context, slice, i, &options, &dice, &outputs[i],
                                   &counts, &err);

        ck_assert_msg(!rc, "%s", err.message);
        records[i] = counts.records;
        if (slice->record_count != UINT64_MAX)
            ck_assert_uint_eq(counts.records, slice->record_count);
    }
}

/* Reads all slices of a plan. */
static void check_plan(const struct dp_plan_options *options)
{
    struct dp_plan *plan = make_plan(options, 0);
    uint64_t count = dp_plan_slice_count(plan), n, at = 0;
    struct dp_array outputs[2] = {{0}}, expected[2] = {{0}};
    size_t i;

    for (n = 1; n <= count; n++) {
        struct dp_slice *slice = send(plan_slice(plan, n));
        uint64_t records[2] = {0};

        ck_assert_uint_eq(slice->interval.begin, at);
        at = slice->interval.end;
        ck_assert_uint_eq(slice->output_count, options->paired ? 2 : 1);
        if (!options->span)
            ck_assert_uint_eq(slice->source_count, slice->output_count);
        read_slice(slice, outputs, records);
        if (options->paired)
            ck_assert_uint_eq(records[0], records[1]);
        ck_assert_int_eq(dp_plan_check_slice(plan, slice, NULL), 0);
        dp_slice_free(slice);
    }
    for (i = 0; i < (options->paired ? 2 : 1); i++) {
        append_objects(&expected[i], i, options->paired ? 2 : 1);
        ck_assert_uint_eq(outputs[i].length, expected[i].length);
        ck_assert(!expected[i].length ||
                  memcmp(outputs[i].data, expected[i].data, expected[i].length) == 0);
        dp_array_free(&outputs[i]);
        dp_array_free(&expected[i]);
    }
    dp_plan_free(plan);
}

/* A handful of plans in every unit that all objects have. */
static void check_plans(int paired, int span)
{
    static const uint64_t counts[] = {1, 2, 3, 5, 8, 17, 32};
    struct dp_plan_options options = {
        .struct_bytes = sizeof(options), .paired = paired, .span = span, .inline_parts = 1};
    uint64_t total;
    size_t i;

    for (options.unit = DP_UNIT_RECORDS; options.unit <= DP_UNIT_BASES; options.unit++) {
        for (i = 0, total = 0; i < object_count; i++) {
            bool has_bases = dp_index_format(places[i].index)->has_bases;

            if (options.unit == DP_UNIT_BASES && !has_bases && (samples[i].length || i == 0))
                return;
            total += dp_edge_key(&samples[i].edges[samples[i].record_count], options.unit);
        }
        for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            options.size = 0;
            options.part_count = counts[i];
            check_plan(&options);
        }
        options.part_count = 0;
        options.size = total / (3 + random_below(&dice, 20)) + 1;
        check_plan(&options);
        options.size = options.unit == DP_UNIT_RECORDS ? 7 : 1 + total / 50;
        check_plan(&options);
    }
}

START_TEST(test_mates)
{
    static const enum packing packings[][2] = {
        {ONE_MEMBER, ONE_MEMBER}, {PLAIN, BLOCKS}, {MANY_MEMBERS, ONE_MEMBER}};
    static const enum sample_kind kinds[][2] = {{FOUR_LINES, WRAPPED},
                                                {EMPTY_READS, FOUR_LINES},
                                                {LONG_READS, MIXED},
                                                {NO_NEWLINE, CRLF},
                                                {EMPTY_READS, EMPTY_READS}};

    dice.state = (uint64_t)_i;
    object_count = 2;
    make_mates(0, kinds[_i][0], kinds[_i][1], 60000);
    place_all(packings[_i % 3], 4096);
    check_plans(1, 0);
    drop();
}
END_TEST

/* Two pairs in one plan. */
START_TEST(test_pairs)
{
    static const enum packing packings[] = {ONE_MEMBER, BLOCKS, PLAIN, ONE_MEMBER};

    dice.state = 5;
    object_count = 4;
    make_mates(0, FOUR_LINES, FOUR_LINES, 20000);
    make_mates(2, LONG_READS, FOUR_LINES, 70000);
    place_all(packings, 4096);
    check_plans(1, _i);
    drop();
}
END_TEST

/* Objects of all sizes, some without a record, some without a base. */
START_TEST(test_objects)
{
    static const enum packing packings[] = {PLAIN, ONE_MEMBER, BLOCKS, MANY_MEMBERS, PLAIN, BLOCKS};

    dice.state = 6 + (uint64_t)_i;
    object_count = 6;
    sample_make(&samples[0], EMPTY_READS, 50000, 2);
    sample_make(&samples[1], _i / 2 ? NO_RECORD : FOUR_LINES, 5000, 1);
    sample_make(&samples[2], EMPTY_READS, 1000, 3);
    sample_trim(&samples[2], 1); /* one read without a base */
    sample_make(&samples[3], NO_RECORD, 0, 4);
    sample_make(&samples[4], LONG_READS, 90000, 5);
    sample_make(&samples[5], EMPTY_READS, 1000, 7);
    sample_trim(&samples[5], 1);
    place_all(packings, 4096);
    check_plans(0, _i % 2);
    drop();
}
END_TEST

START_TEST(test_lines)
{
    static const enum packing packings[] = {PLAIN, ONE_MEMBER, BLOCKS};

    dice.state = 9;
    object_count = 3;
    sample_make(&samples[0], LINES_NO_NEWLINE, 30000, 1);
    sample_make(&samples[1], LINES, 500, 2);
    sample_make(&samples[2], LINES, 70000, 3);
    place_all(packings, 4096);
    check_plans(0, _i);
    drop();
}
END_TEST

START_TEST(test_nothing_at_all)
{
    static const enum packing packings[] = {PLAIN, ONE_MEMBER};

    object_count = 2;
    sample_make(&samples[0], NO_RECORD, 0, 1);
    sample_make(&samples[1], NO_RECORD, 0, 1);
    place_all(packings, 4096);
    check_plans(0, _i);
    drop();
}
END_TEST

/* Mates in one object are never parted. */
START_TEST(test_interleaved)
{
    static const enum packing packings[] = {ONE_MEMBER, BLOCKS, PLAIN};
    struct dp_plan_options options = {.struct_bytes = sizeof(options)};
    struct dp_plan *plan;
    uint64_t n;

    dice.state = 7;
    object_count = 2;
    make_mates(0, _i ? LONG_READS : FOUR_LINES, MIXED, 40000);
    sample_interleave(&samples[2], &samples[0], &samples[1]);
    sample_free(&samples[0]);
    sample_free(&samples[1]);
    samples[0] = samples[2];
    object_count = 1;
    place_all(packings, 4096);
    ck_assert(dp_index_is_interleaved(places[0].index));
    check_plans(0, 0);
    for (options.unit = DP_UNIT_RECORDS; options.unit <= DP_UNIT_BASES; options.unit++) {
        options.part_count = 7;
        plan = make_plan(&options, 0);
        for (n = 1; n <= 7; n++) {
            struct dp_slice *slice = plan_slice(plan, n);

            ck_assert_uint_eq(slice->record_count % 2, 0);
            if (slice->piece_count)
                ck_assert_uint_eq(slice->pieces[0].interval.begin % 2, 0);
            dp_slice_free(slice);
        }
        dp_plan_free(plan);
    }
    drop();
}
END_TEST

/* Interleaving the mates of all slices gives what sample_interleave makes of the whole. */
START_TEST(test_reading_interleaved)
{
    static const enum packing packings[] = {ONE_MEMBER, BLOCKS};
    struct dp_plan_options planning = {
        .struct_bytes = sizeof(planning), .paired = 1, .unit = DP_UNIT_BASES, .part_count = 6};
    struct dp_reader_options reading = {.struct_bytes = sizeof(reading), .interleave = 1};
    struct dp_array out = {0};
    struct sample expected;
    struct dp_plan *plan;
    uint64_t n;

    dice.state = 8;
    object_count = 2;
    make_mates(0, _i ? LONG_READS : FOUR_LINES, WRAPPED, 90000);
    sample_interleave(&expected, &samples[0], &samples[1]);
    if (_i) /* no newline at the end of R1: its last record is given one */
        samples[0].length--;
    place_all(packings, 4096);
    plan = make_plan(&planning, 0);
    for (n = 1; n <= 6; n++) {
        struct dp_slice *slice = send(plan_slice(plan, n));
        struct dp_reader_counts counts;
        struct dp_error err = {0};
        size_t before = out.length;

        ck_assert_msg(
            !slice_read_output(places[0].context, slice, 0, &reading, &dice, &out, &counts, &err),
            "%s", err.message);
        ck_assert_uint_eq(counts.bytes, out.length - before);
        ck_assert_uint_eq(counts.records, 2 * slice->record_count);
        dp_slice_free(slice);
    }
    ck_assert_uint_eq(out.length, expected.length);
    ck_assert(memcmp(out.data, expected.bytes, out.length) == 0);
    dp_array_free(&out);
    dp_plan_free(plan);
    sample_free(&expected);
    drop();
}
END_TEST

/* How far from equal the slices of mates are, when reads differ much. */
START_TEST(test_balance)
{
    static const enum packing packings[] = {ONE_MEMBER, ONE_MEMBER};
    struct dp_plan_options options = {
        .struct_bytes = sizeof(options), .paired = 1, .unit = DP_UNIT_BASES, .part_count = 8};
    struct dp_plan *plan;
    uint64_t n, at = 0, bases, total;

    object_count = 2;
    make_mates(0, FOUR_LINES, FOUR_LINES, 400000);
    place_all(packings, 8192);
    plan = make_plan(&options, 0);
    total = samples[0].edges[samples[0].record_count].bases +
            samples[1].edges[samples[1].record_count].bases;
    for (n = 1; n <= 8; n++) {
        struct dp_slice *slice = plan_slice(plan, n);
        uint64_t end = at + slice->record_count;

        bases = samples[0].edges[end].bases - samples[0].edges[at].bases +
                samples[1].edges[end].bases - samples[1].edges[at].bases;
        ck_assert_uint_le(bases, total / 8 + 4096);
        ck_assert_uint_ge(bases, total / 8 - 4096);
        at = end;
        dp_slice_free(slice);
    }
    dp_plan_free(plan);
    drop();
}
END_TEST

START_TEST(test_refused)
{
    static const enum packing packings[] = {PLAIN, PLAIN, PLAIN};
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .part_count = 2};

    object_count = 3;
    make_mates(0, FOUR_LINES, FOUR_LINES, 9000);
    sample_make(&samples[2], LINES, 9000, 4);
    place_all(packings, 4096);
    options.paired = 1;
    ck_assert_ptr_null(make_plan(&options, DP_INVALID)); /* an odd one */
    options.paired = 0;
    options.span = 1;
    ck_assert_ptr_null(make_plan(&options, DP_UNSUPPORTED)); /* reads and lines in one stream */
    options.span = 0;
    options.unit = DP_UNIT_BASES;
    ck_assert_ptr_null(make_plan(&options, DP_UNSUPPORTED));
    drop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan_member");
    TCase *tests = tcase_create("plan_member");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, test_mates, 0, 5);
    tcase_add_loop_test(tests, test_pairs, 0, 2);
    tcase_add_loop_test(tests, test_objects, 0, 4);
    tcase_add_loop_test(tests, test_lines, 0, 2);
    tcase_add_loop_test(tests, test_nothing_at_all, 0, 2);
    tcase_add_loop_test(tests, test_interleaved, 0, 2);
    tcase_add_loop_test(tests, test_reading_interleaved, 0, 2);
    tcase_add_test(tests, test_balance);
    tcase_add_test(tests, test_refused);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
