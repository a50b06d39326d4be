/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Regions, windows and contigs against a look at every record, for random lists and objects. */

#include "config.h"

#include "tests/slicer_support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sample sample;
static struct place place;
static struct random dice;

/* What the text of record `i` says. */
struct site {
    unsigned contig; /* from 1 */
    uint64_t position, end;
};

static struct site site_of(size_t i)
{
    const char *text = (const char *)sample.bytes + sample.edges[i].offset, *info = text;
    struct site site = {0};
    char reference[20];
    unsigned column;

    /* The text of the last record may end where the sample does: what is read here does not. */
    ck_assert_int_eq(sscanf(text, "chr%u\t%lu\t.\t%19[ACGT]\t", &site.contig, &site.position,
                            reference), 3);
    for (column = 0; column < 7; column++)
        info = strchr(info, '\t') + 1;
    site.end = site.position + strlen(reference) - 1;
    if (strncmp(info, "END=", 4) == 0)
        site.end = strtoull(info + 4, NULL, 10);
    return site;
}

static void make(enum packing packing, uint64_t seed)
{
    dice.state = seed;
    sample_make(&sample, VARIANTS, 90000, seed);
    place_make(&place, &sample, packing, 2048, seed);
}

static void drop(void)
{
    place_free(&place);
    sample_free(&sample);
}

/* The records of all slices one after the other; each slice begins with the header. */
static struct dp_array read_all(const struct dp_plan_options *options, size_t *slices)
{
    struct dp_plan *plan = plan_make(&place, options);
    uint64_t n, count = dp_plan_slice_count(plan), header = sample.edges[0].offset;
    struct dp_array all = {0};

    for (n = 1; n <= count; n++) {
        struct dp_slice *slice = plan_slice(plan, n), *sent = NULL;
        struct dp_reader_counts counts;
        struct dp_array out = {0};
        struct dp_error err = {0};
        char *line = NULL;

        ck_assert_msg(!dp_slice_format(slice, &line, &err), "%s", err.message);
        ck_assert_msg(!dp_slice_parse(line, strlen(line), &sent, &err), "%s", err.message);
        ck_assert_msg(!dp_plan_check_slice(plan, sent, &err), "%s", err.message);
        ck_assert_msg(!slice_read(place.context, sent, 0, &dice, &out, &counts, &err), "%s",
                      err.message);
        ck_assert(out.length >= header && memcmp(out.data, sample.bytes, header) == 0);
        ck_assert(dp_array_append(&all, (char *)out.data + header, out.length - header, 1));
        dp_array_free(&out);
        dp_text_free(line);
        dp_slice_free(slice);
        dp_slice_free(sent);
    }
    *slices = (size_t)count;
    dp_plan_free(plan);
    return all;
}

static void check_same(const struct dp_array *have, const struct dp_array *want)
{
    ck_assert_uint_eq(have->length, want->length);
    ck_assert(!want->length || memcmp(have->data, want->data, want->length) == 0);
}

static void add_record(struct dp_array *out, size_t i)
{
    ck_assert(dp_array_append(out, sample.bytes + sample.edges[i].offset,
                              sample.edges[i + 1].offset - sample.edges[i].offset, 1));
}

/* One contig after the other, in the order of their mention: every record that overlaps any of its
 * regions, in the order of the object. That is also the order by regions, sorted. */
static struct dp_array brute_force(const struct dp_region *regions, size_t count)
{
    struct dp_array out = {0};
    unsigned done[64], contigs = 0, k;
    size_t r, i, j;

    for (r = 0; r < count; r++) {
        unsigned contig = (unsigned)strtoul(regions[r].contig + 3, NULL, 10);

        for (k = 0; k < contigs && done[k] != contig; k++)
            continue;
        if (k < contigs)
            continue;
        done[contigs++] = contig;
        for (i = 0; i < sample.record_count; i++) {
            struct site site = site_of(i);

            for (j = 0; site.contig == contig && j < count; j++)
                if (strcmp(regions[j].contig, regions[r].contig) == 0 &&
                    site.end >= regions[j].begin &&
                    (!regions[j].end || site.position <= regions[j].end))
                    break;
            if (site.contig == contig && j < count)
                add_record(&out, i);
        }
    }
    return out;
}

START_TEST(test_regions)
{
    static const char *const names[] = {"chr1", "chr2", "chr3", "chr9"};
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .unit = DP_UNIT_REGIONS};
    struct dp_region regions[12];
    struct dp_array have, want;
    size_t round, i, slices;

    make((enum packing)(_i % PACKING_COUNT), (uint64_t)_i + 1);
    for (round = 0; round < 25; round++) {
        options.region_count = 1 + random_below(&dice, 12);
        for (i = 0; i < options.region_count; i++) {
            regions[i].contig = names[random_below(&dice, 4)];
            regions[i].begin = 1 + random_below(&dice, 1100);
            regions[i].end = random_below(&dice, 9)
                                 ? regions[i].begin + random_below(&dice, round % 2 ? 30 : 400)
                                 : 0;
        }
        options.regions = regions;
        options.part_count = random_below(&dice, 2) ? 1 + random_below(&dice, 4) : 0;
        options.size = !options.part_count;
        options.inline_parts = (int)random_below(&dice, 2);
        have = read_all(&options, &slices);
        want = brute_force(regions, options.region_count);
        check_same(&have, &want);
        dp_array_free(&have);
        dp_array_free(&want);
    }
    drop();
}
END_TEST

/* Windows and contigs tile the records. */
START_TEST(test_windows_and_contigs)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .unit = DP_UNIT_REGIONS};
    struct dp_array have, all = {0};
    size_t round, slices;

    make((enum packing)(_i % PACKING_COUNT), (uint64_t)_i + 100);
    ck_assert(dp_array_append(&all, sample.bytes + sample.edges[0].offset,
                              sample.length - sample.edges[0].offset, 1));
    for (round = 0; round < 8; round++) {
        options.window_bases = round < 6 ? 1 + random_below(&dice, 500) + 40 : 0;
        options.by_contig = round >= 6;
        options.part_count = random_below(&dice, 2) ? 1 + random_below(&dice, 4) : 0;
        options.size = !options.part_count;
        have = read_all(&options, &slices);
        check_same(&have, &all);
        if (options.size && options.by_contig)
            ck_assert_uint_eq(slices, site_of(sample.record_count - 1).contig);
        dp_array_free(&have);
    }
    dp_array_free(&all);
    drop();
}
END_TEST

/* The records of one contig, cut by records and by bytes. */
START_TEST(test_one_contig)
{
    struct dp_plan_options options = {
        .struct_bytes = sizeof(options), .contig = "chr2", .part_count = 3};
    struct dp_array have, want = {0};
    size_t i, slices;

    make((enum packing)_i, 77);
    for (i = 0; i < sample.record_count; i++)
        if (site_of(i).contig == 2)
            add_record(&want, i);
    for (options.unit = DP_UNIT_RECORDS; options.unit <= DP_UNIT_BYTES; options.unit++) {
        have = read_all(&options, &slices);
        ck_assert_uint_eq(slices, 3);
        check_same(&have, &want);
        dp_array_free(&have);
    }
    dp_array_free(&want);
    drop();
}
END_TEST

/* Regions read little of the object. */
START_TEST(test_few_bytes)
{
    struct dp_region region = {"chr2", 500, 510};
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .unit = DP_UNIT_REGIONS,
                                      .size = 1, .regions = &region, .region_count = 1};
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct dp_plan *plan;
    struct dp_slice *slice;

    make((enum packing)_i, 78);
    plan = plan_make(&place, &options);
    slice = plan_slice(plan, 1);
    dp_slice_info(slice, &info);
    ck_assert_uint_lt(info.fetch_bytes, place.packed_bytes / 4 * 3); /* blocks are large here */
    ck_assert(info.record_count == UINT64_MAX);
    dp_slice_free(slice);
    dp_plan_free(plan);
    drop();
}
END_TEST

START_TEST(test_refused)
{
    struct dp_region region = {"chr2", 5, 4};
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .unit = DP_UNIT_REGIONS,
                                      .size = 1, .regions = &region, .region_count = 1};
    struct dp_error err = {0};
    struct dp_plan *plan;

    make(PLAIN, 79);
    ck_assert_int_eq(dp_plan_new(place.index, place.object, &options, &plan, &err), DP_INVALID);
    region.end = 9;
    options.window_bases = 5;
    ck_assert_int_eq(dp_plan_new(place.index, place.object, &options, &plan, &err), DP_INVALID);
    options.region_count = 0;
    options.unit = DP_UNIT_RECORDS;
    ck_assert_int_eq(dp_plan_new(place.index, place.object, &options, &plan, &err), DP_INVALID);
    options.window_bases = 0;
    options.contig = "chr77";
    ck_assert_int_eq(dp_plan_new(place.index, place.object, &options, &plan, &err), DP_NOT_FOUND);
    drop();
    sample_make(&sample, FOUR_LINES, 5000, 1);
    place_make(&place, &sample, PLAIN, 2048, 1);
    options.contig = NULL;
    options.unit = DP_UNIT_REGIONS;
    options.by_contig = 1;
    ck_assert_int_eq(dp_plan_new(place.index, place.object, &options, &plan, &err),
                     DP_UNSUPPORTED);
    drop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan_region");
    TCase *tests = tcase_create("plan_region");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, test_regions, 0, 2 * PACKING_COUNT);
    tcase_add_loop_test(tests, test_windows_and_contigs, 0, PACKING_COUNT);
    tcase_add_loop_test(tests, test_one_contig, 0, PACKING_COUNT);
    tcase_add_loop_test(tests, test_few_bytes, 0, PACKING_COUNT);
    tcase_add_test(tests, test_refused);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
