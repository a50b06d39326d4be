/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/slice.h"
#include "tests/slicer_support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sample sample;
static struct place place;

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

static struct dp_plan_options in_parts(enum dp_plan_unit unit, uint64_t count)
{
    return (struct dp_plan_options){
        .struct_bytes = sizeof(struct dp_plan_options), .unit = unit, .part_count = count};
}

static struct dp_plan_options in_sizes(enum dp_plan_unit unit, uint64_t size)
{
    return (struct dp_plan_options){
        .struct_bytes = sizeof(struct dp_plan_options), .unit = unit, .size = size};
}

static uint64_t total_of(enum dp_plan_unit unit)
{
    return dp_edge_key(&sample.edges[sample.record_count], unit);
}

/* The intervals of all slices of a plan follow each other from `begin` to `end`. */
static void check_intervals(const struct dp_plan_options *options, uint64_t begin, uint64_t end,
                            bool to_the_end)
{
    struct dp_plan *plan = plan_make(&place, options);
    uint64_t count = dp_plan_slice_count(plan), n, at = begin;

    if (options->part_count)
        ck_assert_uint_eq(count, options->part_count);
    else
        ck_assert_uint_eq(count, (end - begin + options->size - 1) / options->size);
    for (n = 1; n <= count; n++) {
        struct dp_slice *slice = plan_slice(plan, n);

        ck_assert_uint_eq(slice->number, n);
        ck_assert_uint_eq(slice->slice_count, count);
        ck_assert_uint_eq(slice->interval.begin, at);
        if (options->part_count)
            ck_assert_uint_eq(slice->interval.end, begin + (end - begin) * n / count);
        else if (n < count)
            ck_assert_uint_eq(slice->interval.end - slice->interval.begin, options->size);
        ck_assert(slice->interval.last == (to_the_end && n == count));
        at = slice->interval.end;
        dp_slice_free(slice);
    }
    ck_assert_uint_eq(at, end);
    dp_plan_free(plan);
}

START_TEST(test_intervals_tile)
{
    enum dp_plan_unit unit;
    uint64_t i;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    for (unit = DP_UNIT_RECORDS; unit <= DP_UNIT_BASES; unit++) {
        static const uint64_t counts[] = {1, 2, 3, 7, 64, 1000};
        uint64_t total = total_of(unit);

        for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            struct dp_plan_options parts = in_parts(unit, counts[i]);
            struct dp_plan_options sizes = in_sizes(unit, total / counts[i] + 1);
            struct dp_plan_options some = in_parts(unit, counts[i]);

            check_intervals(&parts, 0, total, true);
            check_intervals(&sizes, 0, total, true);
            some.begin = total / 3;
            some.end = total / 2;
            check_intervals(&some, total / 3, total / 2, false);
            some.end = total + 1000; /* cut to the total */
            check_intervals(&some, total / 3, total, true);
        }
    }
    drop();
}
END_TEST

static void check_refused(const struct dp_plan_options *options, int code)
{
    struct dp_plan *plan = NULL;
    struct dp_error err = {0};

    ck_assert_int_eq(dp_plan_new(place.index, place.object, options, &plan, &err), code);
    ck_assert_int_eq(err.code, code);
    ck_assert_ptr_null(plan);
    ck_assert_str_ne(err.message, "");
}

START_TEST(test_options_that_make_no_sense)
{
    struct dp_plan_options options = in_parts(DP_UNIT_RECORDS, 0);

    use(LINES, ONE_MEMBER, 8192);
    check_refused(&options, DP_INVALID);
    options = in_parts(DP_UNIT_RECORDS, 2);
    options.size = 3;
    check_refused(&options, DP_INVALID);
    options = in_parts((enum dp_plan_unit)17, 2);
    check_refused(&options, DP_INVALID);
    options = in_parts(DP_UNIT_RECORDS, 2);
    options.begin = 5;
    options.end = 4;
    check_refused(&options, DP_INVALID);
    options.begin = sample.record_count + 1;
    options.end = sample.record_count + 2;
    check_refused(&options, DP_INVALID);
    options = in_parts(DP_UNIT_BASES, 2);
    check_refused(&options, DP_UNSUPPORTED);
    options = in_parts(DP_UNIT_BYTES, (UINT64_C(1) << 31) + 1);
    check_refused(&options, DP_INVALID);
    drop();
}
END_TEST

START_TEST(test_slice_numbers)
{
    struct dp_plan_options options = in_parts(DP_UNIT_RECORDS, UINT64_C(1) << 31);
    struct dp_slice *slice = NULL;
    struct dp_error err = {0};
    struct dp_plan *plan;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    plan = plan_make(&place, &options);
    ck_assert_int_eq(dp_plan_slice(plan, 0, &slice, &err), DP_INVALID);
    ck_assert_int_eq(dp_plan_slice(plan, options.part_count + 1, &slice, &err), DP_INVALID);
    ck_assert_ptr_null(slice);
    slice = plan_slice(plan, options.part_count);
    ck_assert(slice->interval.last);
    ck_assert_uint_eq(slice->interval.end, sample.record_count);
    dp_slice_free(slice);
    dp_plan_free(plan);
    drop();
}
END_TEST

/* Ids say what is cut and how; not where it lies. */
START_TEST(test_ids)
{
    struct dp_plan_options options = in_parts(DP_UNIT_RECORDS, 4);
    struct dp_slice *first, *second;
    struct dp_plan *plan;
    dp_slice_id id, plan_id;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    plan = plan_make(&place, &options);
    first = plan_slice(plan, 1);
    second = plan_slice(plan, 2);
    ck_assert_str_eq(first->plan_id, second->plan_id);
    ck_assert_str_ne(first->id, second->id);
    memcpy(id, first->id, sizeof(id));
    memcpy(plan_id, first->plan_id, sizeof(id));
    dp_slice_free(first);
    dp_slice_free(second);
    dp_plan_free(plan);

    options.part_count = 5;
    plan = plan_make(&place, &options);
    first = plan_slice(plan, 1);
    ck_assert_str_ne(first->plan_id, plan_id);
    dp_slice_free(first);
    dp_plan_free(plan);
    drop();

    use(FOUR_LINES, ONE_MEMBER, 8192); /* in another folder */
    options.part_count = 4;
    plan = plan_make(&place, &options);
    first = plan_slice(plan, 1);
    ck_assert_str_eq(first->plan_id, plan_id);
    ck_assert_str_eq(first->id, id);
    dp_slice_free(first);
    dp_plan_free(plan);
    drop();
}
END_TEST

START_TEST(test_stale_index)
{
    struct dp_plan_options options = in_parts(DP_UNIT_RECORDS, 4);

    use(FOUR_LINES, ONE_MEMBER, 8192);
    place.packed[place.packed_bytes - 1] ^= 1;
    place_write(&place, place.packed, place.packed_bytes, false);
    dp_object_free(place.object);
    place.object = NULL;
    ck_assert_int_eq(dp_object_open(place.context, place.object_path, NULL, &place.object, NULL),
                     0);
    check_refused(&options, DP_STALE_INDEX);
    drop();
}
END_TEST

/* Without a saved index there is nothing to refer to. */
START_TEST(test_windows_need_a_place)
{
    struct dp_index_options build = {.struct_bytes = sizeof(build), .spacing_bytes = 8192};
    struct dp_plan_options options = in_parts(DP_UNIT_RECORDS, 4);
    struct dp_slice *slice = NULL;
    struct dp_error err = {0};
    struct dp_plan *plan;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    dp_index_free(place.index);
    ck_assert_int_eq(dp_index_build(place.context, place.object, &build, &place.index, NULL), 0);
    plan = plan_make(&place, &options);
    ck_assert_int_eq(dp_plan_slice(plan, 3, &slice, &err), DP_INVALID);
    ck_assert_ptr_null(slice);
    dp_plan_free(plan);
    options.inline_parts = 1;
    plan = plan_make(&place, &options);
    slice = plan_slice(plan, 3);
    ck_assert(slice->pieces[0].point.mid_member);
    ck_assert_ptr_null(slice->pieces[0].window.uri);
    ck_assert_uint_gt(slice->pieces[0].window.packed_bytes, 0);
    dp_slice_free(slice);
    dp_plan_free(plan);
    drop();
}
END_TEST

/* A signature is a secret that goes into slices only when that was asked for. */
START_TEST(test_presigned_url)
{
    static const char url[] = "http://h/b/k?X-Amz-Credential=a&X-Amz-Signature=0123456789abcdef";
    struct dp_plan_options options = in_parts(DP_UNIT_RECORDS, 4);
    struct dp_slice *slice = NULL;
    struct dp_error err = {0};
    struct dp_plan *plan;
    char *line = NULL;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    place.object->signed_uri = strdup(url);
    plan = plan_make(&place, &options);
    ck_assert_int_eq(dp_plan_slice(plan, 3, &slice, &err), DP_INVALID);
    ck_assert_ptr_null(strstr(err.message, "0123456789abcdef"));
    dp_plan_free(plan);
    options.allow_signed = 1;
    plan = plan_make(&place, &options);
    slice = plan_slice(plan, 3);
    ck_assert_int_eq(dp_slice_format(slice, &line, &err), 0);
    ck_assert_ptr_nonnull(strstr(line, url));
    dp_text_free(line);
    dp_slice_free(slice);
    dp_plan_free(plan);
    drop();
}
END_TEST

START_TEST(test_lines_are_short)
{
    struct dp_plan_options options = in_parts(DP_UNIT_BASES, 64);
    struct dp_plan *plan;
    uint64_t n;

    use(LONG_READS, ONE_MEMBER, 4096);
    plan = plan_make(&place, &options);
    for (n = 1; n <= 64; n++) {
        struct dp_slice *slice = plan_slice(plan, n);
        char *line = NULL;

        ck_assert_int_eq(dp_slice_format(slice, &line, NULL), 0);
        ck_assert_uint_le(strlen(line), 4096);
        ck_assert_ptr_null(strchr(line, '\n'));
        dp_text_free(line);
        dp_slice_free(slice);
    }
    dp_plan_free(plan);
    drop();
}
END_TEST

/* Nothing to cut is one empty slice, or as many as were asked for. */
START_TEST(test_object_without_bytes)
{
    struct dp_plan_options options = in_sizes(DP_UNIT_RECORDS, 10);
    struct dp_slice *slice;
    struct dp_plan *plan;

    use(NO_RECORD, (enum packing)_i, 8192);
    plan = plan_make(&place, &options);
    ck_assert_uint_eq(dp_plan_slice_count(plan), 1);
    slice = plan_slice(plan, 1);
    ck_assert(slice->piece_count == 0);
    ck_assert(slice->interval.last);
    dp_slice_free(slice);
    dp_plan_free(plan);
    options = in_parts(DP_UNIT_BYTES, 3);
    plan = plan_make(&place, &options);
    slice = plan_slice(plan, 3);
    ck_assert(slice->piece_count == 0);
    dp_slice_free(slice);
    dp_plan_free(plan);
    drop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan");
    TCase *tests = tcase_create("plan");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, test_intervals_tile);
    tcase_add_test(tests, test_options_that_make_no_sense);
    tcase_add_test(tests, test_slice_numbers);
    tcase_add_test(tests, test_ids);
    tcase_add_test(tests, test_stale_index);
    tcase_add_test(tests, test_windows_need_a_place);
    tcase_add_test(tests, test_presigned_url);
    tcase_add_test(tests, test_lines_are_short);
    tcase_add_loop_test(tests, test_object_without_bytes, 0, PACKING_COUNT);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
