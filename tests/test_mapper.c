/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The record map whatever the pieces in which the data come. */

#include "tests/indexing.h"

#include "index/mapper.h"

/* Feeds the sample in pieces of up to `step` bytes, marks a point every `spacing` bytes. */
static struct dp_array map(const struct sample *sample, const char *format, size_t step,
                           size_t spacing, struct dp_mapper_result *result)
{
    struct dp_mapper_config config = {
        .name = "x", .format = format ? dp_format_find(format) : NULL, .keep_prefix = true};
    const uint8_t *bytes = sample->bytes.data;
    struct dp_mapper *mapper = NULL;
    struct dp_error err = {0};
    struct dp_array rows = {0};
    size_t at = 0, mark = spacing, n;

    ck_assert_int_eq(dp_mapper_open(&config, &mapper, &err), DP_OK);
    while (at < sample->bytes.length) {
        n = sample->bytes.length - at < step ? sample->bytes.length - at : step;
        if (n > mark - at)
            n = mark - at;
        ck_assert_int_eq(dp_mapper_feed(mapper, bytes + at, n, &err), DP_OK);
        at += n;
        if (at == mark) {
            ck_assert_int_eq(dp_mapper_mark(mapper, &err), DP_OK);
            mark += spacing;
        }
    }
    ck_assert_msg(dp_mapper_finish(mapper, false, result, &err) == DP_OK, "%s", err.message);
    dp_mapper_take_rows(mapper, &rows);
    dp_mapper_free(mapper);
    return rows;
}

/* The rows that the true edges give. */
static struct dp_array true_rows(const struct sample *sample, size_t spacing)
{
    const struct dp_edge *edges = sample->edges.data;
    size_t i, last = sample->edges.length - 1, before;
    struct dp_array rows = {0};
    struct dp_index_row row;
    uint64_t mark = 0;

    for (i = 0; i <= last; i++) {
        if (edges[i].offset < mark && i < last)
            continue;
        before = i ? i - 1 : 0;
        row = (struct dp_index_row){edges[i], edges[before].offset, edges[before].bases};
        ck_assert(dp_array_append(&rows, &row, 1, sizeof(row)));
        mark = (edges[i].offset / spacing + 1) * spacing;
    }
    return rows;
}

START_TEST(rows_do_not_depend_on_pieces)
{
    static const size_t steps[] = {1, 7, 1000, 65535, 65536, 65537, 1000000};
    static const size_t spacings[] = {100, 5000, 70000, 1000000};
    struct sample samples[2] = {make_fastq(600, 60, 81), make_text(2600, 30, 82)};
    struct dp_mapper_result result;
    struct dp_array rows, expected;
    size_t s, i, j;

    for (s = 0; s < 2; s++)
        for (j = 0; j < sizeof(spacings) / sizeof(spacings[0]); j++) {
            expected = true_rows(&samples[s], spacings[j]);
            for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                rows = map(&samples[s], s || i % 2 ? NULL : "fastq", steps[i], spacings[j],
                           &result);
                ck_assert_str_eq(result.format->name, s ? "text" : "fastq");
                ck_assert(!result.cut);
                ck_assert_uint_eq(rows.length, expected.length);
                ck_assert_mem_eq(rows.data, expected.data,
                                 rows.length * sizeof(struct dp_index_row));
                dp_array_free(&rows);
            }
            dp_array_free(&expected);
        }
    sample_free(&samples[0]);
    sample_free(&samples[1]);
}
END_TEST

START_TEST(what_was_cut_is_summed_up_to_its_last_record)
{
    struct sample sample = make_fastq(900, 60, 83);
    const struct dp_edge *edges = sample.edges.data;
    size_t whole = sample.bytes.length, cut, i;
    struct dp_mapper_result result;
    struct dp_array rows;

    for (cut = 1; cut < whole; cut += 1997) {
        sample.bytes.length = whole - cut;
        rows = map(&sample, "fastq", 1 + cut % 5000, 5000, &result);
        for (i = 0; edges[i + 1].offset <= whole - cut; i++)
            ;
        if (result.cut) {
            ck_assert_mem_eq(&result.totals, &edges[i], sizeof(result.totals));
            ck_assert_uint_eq(result.totals_crc32,
                              crc32(0, sample.bytes.data, (uInt)result.totals.offset));
        } else { /* a record that lacks nothing but its line feed is whole */
            ck_assert_uint_eq(result.totals.offset, whole - cut);
            ck_assert_uint_ge(result.totals.record, i);
        }
        dp_array_free(&rows);
    }
    sample_free(&sample);
}
END_TEST

START_TEST(what_no_format_knows_is_refused)
{
    struct dp_mapper_config config = {.name = "noise"};
    struct dp_mapper *mapper = NULL;
    struct dp_mapper_result result;
    struct dp_error err = {0};
    uint8_t noise[5000];
    uint32_t state = 84;
    size_t i;

    for (i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)next_random(&state);
    ck_assert_int_eq(dp_mapper_open(&config, &mapper, &err), DP_OK);
    ck_assert_int_eq(dp_mapper_feed(mapper, noise, sizeof(noise), &err), DP_OK);
    ck_assert_int_eq(dp_mapper_finish(mapper, false, &result, &err), DP_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "noise"));
    dp_mapper_free(mapper);
}
END_TEST

TEST_MAIN("mapper", rows_do_not_depend_on_pieces, what_was_cut_is_summed_up_to_its_last_record,
          what_no_format_knows_is_refused)
