/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/piece_reader.h"
#include "slicer/plan_piece.h"
#include "tests/slicer_support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct sample sample;
static struct place place;

static void use(enum sample_kind kind, enum packing packing, uint64_t spacing)
{
    sample_make(&sample, kind, 60000, 17);
    place_make(&place, &sample, packing, spacing, 12);
}

static void drop(void)
{
    place_free(&place);
    sample_free(&sample);
}

/* A slice of one piece: the records [begin, end). */
static struct dp_slice *make_slice(uint64_t begin, uint64_t end)
{
    struct dp_slice *slice = calloc(1, sizeof(*slice));
    struct dp_plan_place from = {
        .index = place.index, .object = place.object, .inline_parts = true};
    struct dp_interval records = {DP_UNIT_RECORDS, begin, end, end == sample.record_count};

    ck_assert_int_eq(dp_plan_piece_source(&from, slice, NULL), 0);
    ck_assert(dp_slice_add_output(slice, "all"));
    ck_assert_int_eq(dp_plan_piece_interval(&from, &records, 0, 0, slice, NULL), 0);
    return slice;
}

static struct dp_piece_reader *open_reader(const struct dp_slice *slice)
{
    static const struct dp_reader_options options = {.struct_bytes = sizeof(options)};
    struct dp_piece_reader *reader = NULL;
    struct dp_error err = {0};

    ck_assert_msg(
        !dp_piece_reader_open(place.context, slice, &slice->pieces[0], &options, &reader, &err),
        "%s", err.message);
    return reader;
}

/* Record by record, each exactly its bytes. */
START_TEST(test_limit)
{
    const uint64_t begin = 5;
    struct dp_slice *slice;
    struct dp_piece_reader *reader;
    const uint8_t *bytes;
    uint64_t record;
    int64_t got;

    use((enum sample_kind)(_i / 2), _i % 2 ? BLOCKS : ONE_MEMBER, 4096);
    if (sample.record_count <= begin) {
        drop();
        return;
    }
    slice = make_slice(begin, sample.record_count);
    reader = open_reader(slice);
    for (record = begin; record < sample.record_count; record++) {
        uint64_t at = sample.edges[record].offset;

        while ((got = dp_piece_reader_next(reader, record + 1, &bytes, NULL)) > 0) {
            ck_assert_uint_le(at + (uint64_t)got, sample.edges[record + 1].offset);
            ck_assert(memcmp(bytes, sample.bytes + at, (size_t)got) == 0);
            at += (uint64_t)got;
        }
        ck_assert_int_eq(got, 0);
        ck_assert_uint_eq(at, sample.edges[record + 1].offset);
        ck_assert_uint_eq(dp_piece_reader_record(reader), record + 1);
    }
    ck_assert_int_eq(dp_piece_reader_next(reader, UINT64_MAX, &bytes, NULL), 0);
    ck_assert(dp_piece_reader_ended(reader));
    dp_piece_reader_free(reader);
    dp_slice_free(slice);
    drop();
}
END_TEST

/* ---------------------------------------------------------------------------------- a filter */

/* Lets every second line pass, and says at the end how many these were. */
struct lines_filter {
    uint64_t line;
    uint64_t passed;
};

static int filter_open(const json_t *spec, const char *name, bool prologue,
                       struct dp_filter **filter, struct dp_error *err)
{
    struct lines_filter *made;

    (void)err;
    ck_assert_str_ne(name, "");
    ck_assert(!prologue);
    if (!json_is_true(json_object_get(spec, "odd")))
        return DP_BAD_INDEX;
    made = calloc(1, sizeof(*made));
    *filter = (struct dp_filter *)(void *)made;
    return 0;
}

static int filter_feed(struct dp_filter *filter, const uint8_t *bytes, size_t length,
                       struct dp_array *out, struct dp_error *err)
{
    struct lines_filter *f = (struct lines_filter *)(void *)filter;
    size_t i;

    (void)err;
    for (i = 0; i < length; i++) {
        if (f->line % 2)
            dp_array_append(out, &bytes[i], 1, 1);
        f->passed += bytes[i] == '\n' && f->line % 2;
        f->line += bytes[i] == '\n';
    }
    return 0;
}

static int filter_finish(struct dp_filter *filter, struct dp_array *out, struct dp_error *err)
{
    (void)filter;
    (void)err;
    return dp_array_append(out, "end\n", 4, 1) ? 0 : DP_NO_MEMORY;
}

static uint64_t filter_records(const struct dp_filter *filter)
{
    return ((const struct lines_filter *)(const void *)filter)->passed;
}

static void filter_close(struct dp_filter *filter)
{
    free(filter);
}

static const struct dp_filter_type odd_lines = {
    .open = filter_open,
    .feed = filter_feed,
    .finish = filter_finish,
    .record_count = filter_records,
    .close = filter_close,
};

START_TEST(test_filter)
{
    struct dp_reader_counts counts = {0};
    struct dp_array expected = {0}, out = {0};
    struct dp_piece_reader *reader;
    struct dp_slice *slice;
    struct dp_format filtered;
    const uint8_t *bytes;
    int64_t got;
    uint64_t i;

    use(LINES, (enum packing)_i, 4096);
    slice = make_slice(3, 204);
    filtered = *slice->sources[0].format;
    filtered.filter = &odd_lines;
    slice->sources[0].format = &filtered;
    slice->pieces[0].filter = strdup("{\"odd\":true}");
    for (i = 4; i < 204; i += 2)
        dp_array_append(&expected, sample.bytes + sample.edges[i].offset,
                        sample.edges[i + 1].offset - sample.edges[i].offset, 1);
    dp_array_append(&expected, "end\n", 4, 1);
    reader = open_reader(slice);
    while ((got = dp_piece_reader_next(reader, UINT64_MAX, &bytes, NULL)) > 0)
        dp_array_append(&out, bytes, (size_t)got, 1);
    ck_assert_int_eq(got, 0);
    ck_assert_uint_eq(out.length, expected.length);
    ck_assert(memcmp(out.data, expected.data, out.length) == 0);
    dp_piece_reader_count(reader, &counts);
    ck_assert_uint_eq(counts.records, 100);
    ck_assert_uint_eq(counts.bytes, out.length);
    dp_piece_reader_free(reader);
    reader = NULL;

    free(slice->pieces[0].filter); /* it makes no sense to the filter */
    slice->pieces[0].filter = strdup("{}");
    ck_assert_int_eq(dp_piece_reader_open(place.context, slice, &slice->pieces[0],
                                          &(struct dp_reader_options){0}, &reader, NULL),
                     DP_BAD_INDEX);
    ck_assert_ptr_null(reader);
    dp_array_free(&expected);
    dp_array_free(&out);
    dp_slice_free(slice);
    drop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("piece_reader");
    TCase *tests = tcase_create("piece_reader");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, test_limit, 0, 2 * KIND_COUNT);
    tcase_add_loop_test(tests, test_filter, 0, PACKING_COUNT);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
