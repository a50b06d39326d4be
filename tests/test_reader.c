/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/slice.h"
#include "tests/slicer_support.h"

#include <check.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sample sample;
static struct place place;
static struct random dice = {99};

static void use(enum sample_kind kind, enum packing packing, uint64_t spacing)
{
    sample_make(&sample, kind, 120000, 5);
    place_make(&place, &sample, packing, spacing, 6);
}

static void drop(void)
{
    place_free(&place);
    sample_free(&sample);
}

static struct dp_slice *slice_of(enum dp_plan_unit unit, uint64_t count, uint64_t number,
                                 int inline_parts)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options),
                                      .unit = unit,
                                      .part_count = count,
                                      .inline_parts = inline_parts};
    struct dp_plan *plan = plan_make(&place, &options);
    struct dp_slice *slice = plan_slice(plan, number);

    dp_plan_free(plan);
    return slice;
}

/* Reads a slice to its end or failure. */
static int read_all(const struct dp_slice *slice, unsigned threads, struct dp_array *out,
                    struct dp_error *err)
{
    struct dp_reader_counts counts;

    out->length = 0;
    dp_error_clear(err);
    return slice_read(place.context, slice, threads, &dice, out, &counts, err);
}

/* True when `out` is exactly what the slice stands for. */
static bool is_right(const struct dp_slice *slice, const struct dp_array *out)
{
    const struct dp_interval *asked = &slice->interval;
    uint64_t begin = sample_cut(&sample, asked->unit, asked->begin)->offset;
    uint64_t end =
        asked->last ? sample.length : sample_cut(&sample, asked->unit, asked->end)->offset;

    return out->length == end - begin &&
           (out->length == 0 || memcmp(out->data, sample.bytes + begin, out->length) == 0);
}

static void expect_right(const struct dp_slice *slice)
{
    struct dp_array out = {0};
    struct dp_error err;

    ck_assert_msg(!read_all(slice, 0, &out, &err), "%s", err.message);
    ck_assert(is_right(slice, &out));
    dp_array_free(&out);
}

static void expect_failure(const struct dp_slice *slice, int code, struct dp_error *err)
{
    struct dp_array out = {0};
    int rc = read_all(slice, 0, &out, err);

    ck_assert_msg(rc == code, "%d %s", rc, err->message);
    ck_assert_int_eq(err->code, code);
    ck_assert_str_ne(err->message, "");
    dp_array_free(&out);
}

START_TEST(test_counts)
{
    const struct dp_edge *begin, *end;
    struct dp_slice *slice;
    struct dp_reader_counts counts;
    struct dp_array out = {0};
    struct dp_error err = {0};

    use(FOUR_LINES, (enum packing)_i, 8192);
    slice = slice_of(DP_UNIT_BASES, 5, 3, 0);
    ck_assert_int_eq(slice_read(place.context, slice, 0, &dice, &out, &counts, &err), 0);
    ck_assert_uint_eq(counts.bytes, out.length);
    begin = sample_cut(&sample, DP_UNIT_BASES, slice->interval.begin);
    end = sample_cut(&sample, DP_UNIT_BASES, slice->interval.end);
    ck_assert_uint_eq(counts.records, end->record - begin->record);
    ck_assert_uint_eq(counts.bases, end->bases - begin->bases);
    dp_array_free(&out);
    dp_slice_free(slice);
    drop();
}
END_TEST

/* A reader keeps nothing of the slice, and knows one output. */
START_TEST(test_slice_may_go_first)
{
    struct dp_slice *slice;
    struct dp_reader *reader = NULL;
    struct dp_error err = {0};
    const void *bytes;
    char buffer[16];
    int64_t got;
    uint64_t sum = 0;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    slice = slice_of(DP_UNIT_RECORDS, 1, 1, 0);
    ck_assert_int_eq(dp_reader_open(place.context, slice, NULL, &reader, &err), 0);
    dp_slice_free(slice);
    ck_assert_int_eq(dp_reader_next(reader, 1, &bytes, &err), DP_INVALID);
    ck_assert_int_eq(dp_reader_read(reader, 0, buffer, 0, &err), DP_INVALID);
    while ((got = dp_reader_read(reader, 0, buffer, sizeof(buffer), &err)) > 0)
        sum += (uint64_t)got;
    ck_assert_int_eq(got, 0);
    ck_assert_uint_eq(sum, sample.length);
    ck_assert_int_eq(dp_reader_next(reader, 0, &bytes, &err), 0); /* and stays at the end */
    dp_reader_free(reader);
    dp_reader_free(NULL);
    drop();
}
END_TEST

/* Nothing is opened, let alone read. */
START_TEST(test_empty_slice_fetches_nothing)
{
    struct dp_stats before = {.struct_bytes = sizeof(before)}, after = before;
    struct dp_slice *slice;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    slice = slice_of(DP_UNIT_RECORDS, sample.record_count * 10, 5, 0);
    ck_assert(slice->piece_count == 0);
    unlink(place.object_path);
    dp_context_stats(place.context, &before);
    expect_right(slice);
    dp_context_stats(place.context, &after);
    ck_assert_uint_eq(before.read_calls, after.read_calls);
    dp_slice_free(slice);
    drop();
}
END_TEST

/* Every slice of an overwritten object is refused, even if nothing but the time differs. */
START_TEST(test_object_overwritten)
{
    struct dp_slice *slices[4];
    struct dp_error err;
    struct timespec later[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1700000000}};
    int i;

    use(FOUR_LINES, (enum packing)_i, 8192);
    for (i = 0; i < 4; i++)
        slices[i] = slice_of(DP_UNIT_RECORDS, 4, (uint64_t)i + 1, i % 2);
    ck_assert_int_eq(utimensat(AT_FDCWD, place.object_path, later, 0), 0);
    for (i = 0; i < 4; i++)
        expect_failure(slices[i], DP_CHANGED, &err);
    place_write(&place, place.packed, place.packed_bytes - 1, true);
    for (i = 0; i < 4; i++)
        expect_failure(slices[i], DP_CHANGED, &err);
    unlink(place.object_path);
    for (i = 0; i < 4; i++) {
        expect_failure(slices[i], DP_NOT_FOUND, &err);
        dp_slice_free(slices[i]);
    }
    drop();
}
END_TEST

/* One bit of the bytes that a slice fetches, changed behind the validator's back. Bits that no
 * decoder looks at (a name in a gzip header, padding, bits after the end of decoding) may change;
 * success must mean the right bytes. */
START_TEST(test_bit_flips)
{
    struct dp_slice *slice;
    struct dp_array out = {0};
    struct dp_error err;
    unsigned noticed = 0, round;
    enum { ROUNDS = 300 };

    use(FOUR_LINES, (enum packing)_i, 8192);
    slice = slice_of(DP_UNIT_RECORDS, 3, 2, 0);
    free(slice->sources[0].validator);
    slice->sources[0].validator = strdup("");
    for (round = 0; round < ROUNDS; round++) {
        const struct dp_range *range = &slice->pieces[0].range;
        uint64_t at = range->begin + random_below(&dice, range->end - range->begin);
        uint8_t bit = (uint8_t)(1u << random_below(&dice, 8));
        int rc;

        place.packed[at] ^= bit;
        place_write(&place, place.packed, place.packed_bytes, true);
        place.packed[at] ^= bit;
        rc = read_all(slice, round % 2 ? 2 : 0, &out, &err);
        if (rc)
            ck_assert_msg(rc == DP_DATA && err.message[0], "%d %s", rc, err.message);
        else
            ck_assert_msg(is_right(slice, &out), "byte %llu, bit %02x", (unsigned long long)at,
                          bit);
        noticed += rc != 0;
    }
    ck_assert_uint_ge(noticed, ROUNDS * 9 / 10);
    dp_array_free(&out);
    dp_slice_free(slice);
    drop();
}
END_TEST

/* Without a codec every bit counts, up to the last byte decoded. */
START_TEST(test_bit_flips_at_the_edges)
{
    struct dp_slice *slice;
    struct dp_error err;
    uint64_t places[4];
    int i;

    use(LINES, PLAIN, 8192);
    slice = slice_of(DP_UNIT_BYTES, 3, 2, 0);
    free(slice->sources[0].validator);
    slice->sources[0].validator = strdup("");
    places[0] = slice->pieces[0].point.uncompressed_offset;
    places[1] = sample_cut(&sample, DP_UNIT_BYTES, slice->interval.begin)->offset;
    places[2] = sample_cut(&sample, DP_UNIT_BYTES, slice->interval.end)->offset - 1;
    places[3] = slice->pieces[0].decoded_end - 1;
    for (i = 0; i < 4; i++) {
        place.packed[places[i]] ^= 4;
        place_write(&place, place.packed, place.packed_bytes, true);
        place.packed[places[i]] ^= 4;
        expect_failure(slice, DP_DATA, &err);
        ck_assert_int_eq(err.detail, DP_DETAIL_CHECKSUM);
    }
    dp_slice_free(slice);
    drop();
}
END_TEST

/* The scanner counts on from the checkpoint: its messages name the record of the whole object. */
START_TEST(test_message_names_record_and_line)
{
    struct dp_slice *slice;
    struct dp_error err;
    char record[40], line[40];
    uint64_t number;

    use(FOUR_LINES, PLAIN, 8192);
    slice = slice_of(DP_UNIT_RECORDS, 3, 2, 0);
    free(slice->sources[0].validator);
    slice->sources[0].validator = strdup("");
    number = (slice->interval.begin + slice->interval.end) / 2;
    place.packed[sample.edges[number].offset] ^= 1; /* the '@' */
    place_write(&place, place.packed, place.packed_bytes, true);
    expect_failure(slice, DP_DATA, &err);
    snprintf(record, sizeof(record), "record %llu", (unsigned long long)number + 1);
    snprintf(line, sizeof(line), "line %llu", (unsigned long long)number * 4 + 1);
    ck_assert_msg(strstr(err.message, record) && strstr(err.message, line), "%s", err.message);
    ck_assert_msg(strstr(err.message, dp_object_uri(place.object)) == err.message, "%s",
                  err.message);
    dp_slice_free(slice);
    drop();
}
END_TEST

START_TEST(test_index_gone)
{
    struct dp_slice *slice, *inlined;
    struct dp_error err;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    slice = slice_of(DP_UNIT_RECORDS, 3, 2, 0);
    inlined = slice_of(DP_UNIT_RECORDS, 3, 2, 1);
    ck_assert(slice->pieces[0].point.mid_member);
    unlink(place.index_path);
    expect_right(inlined);
    expect_failure(slice, DP_NOT_FOUND, &err);
    dp_slice_free(slice);
    dp_slice_free(inlined);
    drop();
}
END_TEST

static int read_with_index(const struct dp_slice *slice, const char *uri, struct dp_error *err)
{
    struct dp_reader_options options = {.struct_bytes = sizeof(options), .index_uri = uri};
    struct dp_reader *reader = NULL;
    struct dp_array out = {0};
    const void *bytes;
    int64_t got = dp_reader_open(place.context, slice, &options, &reader, err);

    while (!got && (got = dp_reader_next(reader, 0, &bytes, err)) > 0) {
        ck_assert(dp_array_append(&out, bytes, (size_t)got, 1));
        got = 0;
    }
    if (!got)
        ck_assert(is_right(slice, &out));
    dp_reader_free(reader);
    dp_array_free(&out);
    return (int)got;
}

START_TEST(test_other_index)
{
    struct dp_error err = {0};
    struct dp_slice *slice;
    char moved[330];

    use(FOUR_LINES, ONE_MEMBER, 8192);
    slice = slice_of(DP_UNIT_RECORDS, 3, 2, 0);
    snprintf(moved, sizeof(moved), "%s.moved", place.index_path);
    ck_assert_int_eq(rename(place.index_path, moved), 0);
    ck_assert_int_eq(read_with_index(slice, moved, &err), 0);
    /* Not an index at all: too short, or other bytes. */
    ck_assert_int_eq(read_with_index(slice, place.object_path, &err), DP_BAD_INDEX);
    ck_assert_int_eq(rename(moved, place.index_path), 0);
    dp_slice_free(slice);
    drop();
}
END_TEST

static void flip_in_file(const char *path, uint64_t offset)
{
    FILE *file = fopen(path, "r+b");
    int byte;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, (long)offset, SEEK_SET), 0);
    byte = fgetc(file);
    ck_assert_int_ne(byte, EOF);
    ck_assert_int_eq(fseek(file, (long)offset, SEEK_SET), 0);
    ck_assert_int_ne(fputc(byte ^ 1, file), EOF);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_damaged_window)
{
    struct dp_error err;
    struct dp_slice *slice;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    slice = slice_of(DP_UNIT_RECORDS, 3, 2, 0);
    flip_in_file(place.index_path, slice->pieces[0].window.range.begin + 3);
    expect_failure(slice, DP_BAD_INDEX, &err);
    ck_assert_int_eq(err.detail, DP_DETAIL_CHECKSUM);
    dp_slice_free(slice);
    drop();
}
END_TEST

/* Slices that contradict the object although each part looks well: never a success with other bytes
 * than those of the interval. */
START_TEST(test_lying_slice)
{
    struct dp_slice *slice;
    struct dp_error err;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    slice = slice_of(DP_UNIT_RECORDS, 3, 2, 0);
    slice->pieces[0].decoded_crc32 ^= 1;
    expect_failure(slice, DP_DATA, &err);
    ck_assert_int_eq(err.detail, DP_DETAIL_CHECKSUM);
    slice->pieces[0].decoded_crc32 ^= 1;
    slice->pieces[0].range.end -= (slice->pieces[0].range.end - slice->pieces[0].range.begin) / 2;
    expect_failure(slice, DP_DATA, &err);
    dp_slice_free(slice);

    slice = slice_of(DP_UNIT_RECORDS, 3, 2, 0);
    slice->pieces[0].record_count++;
    expect_failure(slice, DP_DATA, &err);
    slice->pieces[0].record_count--;
    slice->pieces[0].interval.last = true; /* there are more records than it may end with */
    expect_failure(slice, DP_DATA, &err);
    dp_slice_free(slice);

    slice = slice_of(DP_UNIT_BASES, 3, 3, 0);
    slice->pieces[0].interval.end++; /* comes out short */
    expect_failure(slice, DP_DATA, &err);
    dp_slice_free(slice);
    drop();
}
END_TEST

/* The lines of a VCF are not judged again where a checksum stands for them: so it must be looked
 * at, whether the lines are bad or only others. */
START_TEST(test_checksum_stands_for_records)
{
    static const char bytes[] = {'x', '7'}; /* no position at all; another position */
    struct dp_array out = {0};
    struct dp_slice *slice;
    struct dp_error err;
    uint64_t at;
    uint8_t kept;
    size_t i;

    use(VARIANTS, PLAIN, 8192);
    slice = slice_of(DP_UNIT_RECORDS, 3, 2, 0);
    free(slice->sources[0].validator);
    slice->sources[0].validator = strdup("");
    at = sample.edges[(slice->interval.begin + slice->interval.end) / 2].offset;
    at += strcspn((const char *)sample.bytes + at, "\t") + 1;
    kept = place.packed[at];
    for (i = 0; i < sizeof(bytes); i++) {
        ck_assert_int_ne(kept, bytes[i]);
        place.packed[at] = (uint8_t)bytes[i];
        place_write(&place, place.packed, place.packed_bytes, true);
        expect_failure(slice, DP_DATA, &err);
        ck_assert_int_eq(err.detail, DP_DETAIL_CHECKSUM);
    }
    place.packed[at] = kept;
    place_write(&place, place.packed, place.packed_bytes, true);
    ck_assert_int_eq(read_all(slice, 0, &out, &err), 0);
    slice->pieces[slice->piece_count - 1].decoded_crc32 ^= 1;
    expect_failure(slice, DP_DATA, &err);
    ck_assert_int_eq(err.detail, DP_DETAIL_CHECKSUM);
    dp_array_free(&out);
    dp_slice_free(slice);
    drop();
}
END_TEST

static atomic_int calls_left;

static int cancel(void *user)
{
    (void)user;
    return atomic_fetch_sub(&calls_left, 1) <= 0;
}

/* However late the user cancels: the reader says so, and says it again. */
START_TEST(test_cancel)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options), .cancel = cancel};
    struct dp_context *context = NULL;
    struct dp_slice *slice;
    int calls, rc, cancelled = 0;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), 0);
    slice = slice_of(DP_UNIT_RECORDS, 3, 2, 0);
    for (calls = 0, rc = DP_CANCELLED; rc; calls++) {
        struct dp_reader_counts counts;
        struct dp_array out = {0};
        struct dp_error err = {0};

        ck_assert_int_lt(calls, 1000);
        atomic_store(&calls_left, calls);
        rc = slice_read(context, slice, 0, &dice, &out, &counts, &err);
        if (rc)
            ck_assert_msg(rc == DP_CANCELLED, "%d %s", rc, err.message);
        else
            ck_assert(is_right(slice, &out));
        cancelled += rc != 0;
        dp_array_free(&out);
    }
    ck_assert_int_ge(cancelled, 2);
    dp_slice_free(slice);
    dp_context_free(context);
    drop();
}
END_TEST

START_TEST(test_failure_stays)
{
    struct dp_error first = {0}, second = {0};
    struct dp_reader *reader = NULL;
    struct dp_slice *slice;
    const void *bytes;
    int64_t got;

    use(FOUR_LINES, ONE_MEMBER, 8192);
    slice = slice_of(DP_UNIT_RECORDS, 3, 2, 0);
    slice->pieces[0].decoded_crc32 ^= 1;
    ck_assert_int_eq(dp_reader_open(place.context, slice, NULL, &reader, NULL), 0);
    while ((got = dp_reader_next(reader, 0, &bytes, &first)) > 0)
        ;
    ck_assert_int_eq(got, DP_DATA);
    ck_assert_int_eq(dp_reader_next(reader, 0, &bytes, &second), DP_DATA);
    ck_assert_str_eq(first.message, second.message);
    ck_assert_int_eq(dp_reader_next(reader, 0, &bytes, NULL), DP_DATA);
    dp_reader_free(reader);
    dp_slice_free(slice);
    drop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reader");
    TCase *tests = tcase_create("reader");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, test_counts, 0, PACKING_COUNT);
    tcase_add_test(tests, test_slice_may_go_first);
    tcase_add_test(tests, test_empty_slice_fetches_nothing);
    tcase_add_loop_test(tests, test_object_overwritten, 0, PACKING_COUNT);
    tcase_add_loop_test(tests, test_bit_flips, 0, PACKING_COUNT);
    tcase_add_test(tests, test_bit_flips_at_the_edges);
    tcase_add_test(tests, test_message_names_record_and_line);
    tcase_add_test(tests, test_index_gone);
    tcase_add_test(tests, test_other_index);
    tcase_add_test(tests, test_damaged_window);
    tcase_add_test(tests, test_lying_slice);
    tcase_add_test(tests, test_checksum_stands_for_records);
    tcase_add_test(tests, test_cancel);
    tcase_add_test(tests, test_failure_stays);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
