/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What must hold for every object and every plan: each slice is exactly the records of its
 * interval, all of them together are the object, and little more than the object is fetched. */

#include "config.h"

#include "slicer/slice.h"
#include "tests/slicer_support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_LIMIT = 64 << 10 };

static struct sample sample;
static struct place place;
static struct random dice;

/* Other objects and plans than those of every day: DP_TEST_SEED=number. */
static uint64_t seed_of(uint64_t everyday)
{
    const char *other = getenv("DP_TEST_SEED");

    return everyday + (other ? strtoull(other, NULL, 10) * 1000000 : 0);
}

/* What the slices of one plan came to. */
struct sums {
    uint64_t bytes;
    uint64_t records;
    uint64_t bases;
    uint64_t fetched;   /* as the slices say, but for */
    uint64_t headers;   /* what headers take, and for */
    uint64_t windows;   /* what of the index several threads may read */
    uint64_t range_end; /* of the last slice that fetched something */
};

/* The most compressed bytes between two seek points; the byte in which both lie counts. */
static uint64_t largest_span(void)
{
    size_t i, count = dp_index_point_count(place.index);
    uint64_t largest = 0, end = place.packed_bytes * 8;

    for (i = count; i-- > 0;) {
        struct dp_seek_point point;
        uint64_t bytes;

        dp_index_point(place.index, i, &point);
        bytes = (end + 7) / 8 - point.compressed_bit / 8;
        largest = bytes > largest ? bytes : largest;
        end = point.compressed_bit;
    }
    return largest;
}

/* A slice goes through its text form before it is read, as it does between machines. */
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

static void check_bytes(const struct dp_slice *slice, const struct dp_array *out,
                        const struct dp_reader_counts *counts, const char *what)
{
    const struct dp_interval *asked = &slice->interval;
    const struct dp_edge *begin = sample_cut(&sample, asked->unit, asked->begin);
    const struct dp_edge *end = asked->last ? &sample.edges[sample.record_count]
                                            : sample_cut(&sample, asked->unit, asked->end);
    uint64_t length = end->offset - begin->offset, header = sample.edges[0].offset;
    const uint8_t *bytes = out->data;

    ck_assert_msg(out->length == header + length, "%s: slice %llu of %llu: %zu bytes, not %llu",
                  what, (unsigned long long)slice->number, (unsigned long long)slice->slice_count,
                  out->length, (unsigned long long)(header + length));
    ck_assert_msg(!header || !memcmp(bytes, sample.bytes, header),
                  "%s: slice %llu: another header", what, (unsigned long long)slice->number);
    ck_assert_msg(!length || !memcmp(bytes + header, sample.bytes + begin->offset, length),
                  "%s: slice %llu: other bytes", what, (unsigned long long)slice->number);
    ck_assert_uint_eq(counts->bytes, header + length);
    ck_assert_uint_eq(counts->records, end->record - begin->record);
    if (dp_index_format(place.index)->has_bases)
        ck_assert_uint_eq(counts->bases, end->bases - begin->bases);
}

static uint64_t index_bytes(void)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};

    dp_index_info(place.index, &info);
    return info.index_bytes;
}

static void check_slice(struct dp_slice *planned, uint64_t span, const char *what,
                        struct sums *sums)
{
    struct dp_slice *slice = send(planned);
    struct dp_reader_counts counts;
    struct dp_array out = {0};
    struct dp_error err = {0};
    unsigned threads = random_below(&dice, 8) == 0 ? 2 : 0;
    size_t i;
    int rc = slice_read(place.context, slice, threads, &dice, &out, &counts, &err);

    if (threads > 1) /* these begin at every seek point of the slice, with its window */
        sums->windows += index_bytes();
    ck_assert_msg(!rc, "%s: %s", what, err.message);
    check_bytes(slice, &out, &counts, what);
    sums->bytes += counts.bytes - sample.edges[0].offset;
    sums->records += counts.records;
    sums->bases += counts.bases;
    for (i = 0; i < slice->piece_count; i++) {
        const struct dp_slice_piece *piece = &slice->pieces[i];

        if (piece->prologue) {
            sums->headers += piece->range.end - piece->range.begin;
            continue;
        }
        /* Neighbours share no more than one span. */
        ck_assert_uint_le(sums->range_end, piece->range.begin + span);
        sums->fetched += piece->range.end - piece->range.begin;
        sums->range_end = piece->range.end;
    }
    dp_array_free(&out);
    dp_slice_free(slice);
}

static void check_plan(const struct dp_plan_options *options, const char *what)
{
    struct dp_stats before = {.struct_bytes = sizeof(before)}, after = before;
    struct dp_plan *plan = plan_make(&place, options);
    uint64_t n, count = dp_plan_slice_count(plan), span = largest_span();
    struct sums sums = {0};

    dp_context_stats(place.context, &before);
    for (n = 1; n <= count; n++)
        check_slice(plan_slice(plan, n), span, what, &sums);
    dp_context_stats(place.context, &after);
    ck_assert_uint_eq(sums.bytes, sample.length - sample.edges[0].offset);
    ck_assert_uint_eq(sums.records, sample.record_count);
    if (dp_index_format(place.index)->has_bases)
        ck_assert_uint_eq(sums.bases, sample.edges[sample.record_count].bases);
    ck_assert_uint_le(sums.fetched, place.packed_bytes + (count - 1) * span);
    ck_assert_uint_le(sums.headers, count * (span + sample.edges[0].offset));
    /* And what the slices say is what was really read, but for one window each, or all windows of
     * those read by several threads. Planning inline windows reads them, too. */
    ck_assert_uint_le(after.read_bytes - before.read_bytes,
                      sums.fetched + sums.headers + sums.windows +
                          count * WINDOW_LIMIT * (options->inline_parts ? 2 : 1));
    dp_plan_free(plan);
}

/* Plans in parts and in sizes; those with very many slices only over small objects. */
static void check_unit(enum dp_plan_unit unit, const char *what)
{
    static const uint64_t counts[] = {1, 2, 3, 7, 16, 63, 64};
    uint64_t total = dp_edge_key(&sample.edges[sample.record_count], unit);
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .unit = unit};

    options.inline_parts = (int)random_below(&dice, 2);
    options.part_count = counts[random_below(&dice, sizeof(counts) / sizeof(counts[0]))];
    check_plan(&options, what);
    options.part_count = 0;
    options.size = total / (1 + random_below(&dice, 40)) + 1;
    check_plan(&options, what);
    if (sample.record_count > 60 || sample.length > 20000 || random_below(&dice, 2))
        return;
    options.size = 0;
    options.part_count = 3 * sample.record_count + 1;
    check_plan(&options, what);
    options.part_count = 0;
    options.size = unit == DP_UNIT_RECORDS ? 1 + random_below(&dice, 3)
                                           : 1 + total / 97 + random_below(&dice, 7);
    check_plan(&options, what);
}

/* spacing 0: any */
static void check_object(enum sample_kind kind, enum packing packing, size_t length,
                         uint64_t spacing, uint64_t seed)
{
    static const uint64_t spacings[] = {1 << 10, 4 << 10, 16 << 10, 64 << 10};
    char what[100];

    if (!spacing)
        spacing = spacings[random_below(&dice, 4)];
    snprintf(what, sizeof(what), "kind %d, packing %d, length %zu, spacing %llu, seed %llu",
             (int)kind, (int)packing, length, (unsigned long long)spacing,
             (unsigned long long)seed);
    sample_make(&sample, kind, length, seed);
    place_make(&place, &sample, packing, spacing, seed);
    check_unit(DP_UNIT_RECORDS, what);
    check_unit(DP_UNIT_BYTES, what);
    if (dp_index_format(place.index)->has_bases)
        check_unit(DP_UNIT_BASES, what);
    place_free(&place);
    sample_free(&sample);
}

START_TEST(test_small_objects)
{
    uint64_t seed;
    enum packing packing;

    dice.state = seed_of((uint64_t)_i * 1000);
    for (packing = PLAIN; packing < PACKING_COUNT; packing++)
        for (seed = 1; seed <= 2; seed++)
            check_object((enum sample_kind)_i, packing, seed * 6000, 0, seed_of(seed));
}
END_TEST

START_TEST(test_larger_objects)
{
    enum packing packing;

    dice.state = seed_of((uint64_t)_i * 1000 + 500);
    for (packing = PLAIN; packing < PACKING_COUNT; packing++)
        check_object((enum sample_kind)_i, packing, 150000, 0, seed_of(3));
}
END_TEST

/* Seek points so far apart that checksum edges lie between them, where decoding may end. */
START_TEST(test_edges_between_points)
{
    enum packing packing;

    dice.state = seed_of((uint64_t)_i * 1000 + 700);
    for (packing = PLAIN; packing < PACKING_COUNT; packing++)
        check_object((enum sample_kind)_i, packing, 1300000, 512 << 10, seed_of(4));
}
END_TEST

/* Every record alone, and every byte of a small object as a slice of its own. */
START_TEST(test_one_unit_each)
{
    struct dp_plan_options options = {
        .struct_bytes = sizeof(options), .unit = DP_UNIT_RECORDS, .size = 1};

    dice.state = seed_of((uint64_t)_i);
    sample_make(&sample, EMPTY_READS, 3000, seed_of(21));
    place_make(&place, &sample, (enum packing)_i, 1024, 22);
    check_plan(&options, "one record each");
    options.unit = DP_UNIT_BASES;
    check_plan(&options, "one base each");
    options.unit = DP_UNIT_BYTES;
    options.size = 7;
    check_plan(&options, "seven bytes each");
    place_free(&place);
    sample_free(&sample);
}
END_TEST

/* An index that was saved and opened again cuts the same slices. */
START_TEST(test_reopened_index)
{
    struct dp_plan_options options = {
        .struct_bytes = sizeof(options), .unit = DP_UNIT_BASES, .part_count = 9};
    struct dp_error err = {0};
    char *lines[2][9];
    int round, i;

    sample_make(&sample, LONG_READS, 200000, seed_of(31));
    place_make(&place, &sample, (enum packing)_i, 4096, 32);
    for (round = 0; round < 2; round++) {
        struct dp_plan *plan = plan_make(&place, &options);

        for (i = 0; i < 9; i++) {
            struct dp_slice *slice = plan_slice(plan, (uint64_t)i + 1);

            ck_assert_int_eq(dp_slice_format(slice, &lines[round][i], &err), 0);
            dp_slice_free(slice);
        }
        dp_plan_free(plan);
        dp_index_free(place.index);
        ck_assert_msg(!dp_index_open(place.context, place.index_path, &place.index, &err), "%s",
                      err.message);
    }
    for (i = 0; i < 9; i++) {
        ck_assert_str_eq(lines[0][i], lines[1][i]);
        dp_text_free(lines[0][i]);
        dp_text_free(lines[1][i]);
    }
    check_plan(&options, "reopened");
    place_free(&place);
    sample_free(&sample);
}
END_TEST

/* Part of an object: the records of [begin, end) and no others. */
START_TEST(test_part_of_an_object)
{
    struct dp_plan_options options = {
        .struct_bytes = sizeof(options), .unit = DP_UNIT_RECORDS, .part_count = 4};
    struct dp_plan *plan;
    uint64_t n;
    struct sums sums = {0};

    sample_make(&sample, FOUR_LINES, 120000, seed_of(41));
    place_make(&place, &sample, (enum packing)_i, 8192, 42);
    options.begin = 17;
    options.end = sample.record_count - 23;
    plan = plan_make(&place, &options);
    for (n = 1; n <= 4; n++)
        check_slice(plan_slice(plan, n), largest_span(), "part", &sums);
    ck_assert_uint_eq(sums.records, options.end - options.begin);
    ck_assert_uint_eq(sums.bytes, sample.edges[options.end].offset - sample.edges[17].offset);
    dp_plan_free(plan);
    place_free(&place);
    sample_free(&sample);
}
END_TEST

/* Cuts the object off after `length` bytes and indexes what is sound of it. */
static void truncate_place(size_t length)
{
    struct dp_index_options build = {
        .struct_bytes = sizeof(build), .spacing_bytes = 4096, .allow_truncated = 1};
    struct dp_error err = {0};

    dp_index_free(place.index);
    dp_object_free(place.object);
    place.packed_bytes = length;
    place_write(&place, place.packed, place.packed_bytes, false);
    ck_assert(!dp_object_open(place.context, place.object_path, NULL, &place.object, NULL));
    ck_assert_msg(!dp_index_build(place.context, place.object, &build, &place.index, &err), "%s",
                  err.message);
    ck_assert_msg(!dp_index_save(place.index, place.index_path, &err), "%s", err.message);
}

/* What is sound of a damaged object can be cut like any other: whole records, no others. */
START_TEST(test_truncated_object)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .part_count = 5};
    struct dp_edge totals;

    dice.state = seed_of((uint64_t)_i);
    sample_make(&sample, FOUR_LINES, 150000, seed_of(51));
    place_make(&place, &sample, (enum packing)_i, 4096, 52);
    truncate_place(place.packed_bytes * 6 / 10);
    dp_index_totals(place.index, &totals);
    ck_assert_uint_gt(totals.record, sample.record_count / 2);
    ck_assert_uint_lt(totals.record, sample.record_count * 2 / 3);
    ck_assert_uint_eq(totals.offset, sample.edges[totals.record].offset);
    sample.record_count = totals.record;
    sample.length = totals.offset;
    for (options.unit = DP_UNIT_RECORDS; options.unit <= DP_UNIT_BASES; options.unit++)
        check_plan(&options, "truncated");
    place_free(&place);
    sample_free(&sample);
}
END_TEST

/* So can an object of which nothing is missing but a part of its last trailer. */
START_TEST(test_truncated_trailer)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .part_count = 5};
    size_t missing;

    dice.state = seed_of((uint64_t)_i);
    for (missing = 1; missing <= 8; missing++) {
        sample_make(&sample, FOUR_LINES, 60000, seed_of(53));
        place_make(&place, &sample, (enum packing)_i, 4096, 54);
        truncate_place(place.packed_bytes - (_i == BLOCKS ? 28 : 0) - missing);
        ck_assert_uint_eq(dp_index_uncompressed_bytes(place.index), sample.length);
        for (options.unit = DP_UNIT_RECORDS; options.unit <= DP_UNIT_BASES; options.unit++)
            check_plan(&options, "without a trailer");
        place_free(&place);
        sample_free(&sample);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("properties");
    TCase *tests = tcase_create("properties");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, test_small_objects, 0, KIND_COUNT);
    tcase_add_loop_test(tests, test_larger_objects, 0, KIND_COUNT);
    tcase_add_loop_test(tests, test_edges_between_points, 0, KIND_COUNT);
    tcase_add_loop_test(tests, test_one_unit_each, 0, PACKING_COUNT);
    tcase_add_loop_test(tests, test_reopened_index, 0, PACKING_COUNT);
    tcase_add_loop_test(tests, test_part_of_an_object, 0, PACKING_COUNT);
    tcase_add_loop_test(tests, test_truncated_object, 0, PACKING_COUNT);
    tcase_add_loop_test(tests, test_truncated_trailer, ONE_MEMBER, PACKING_COUNT);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
