/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/tabix.h"
#include "tests/connectors.h"
#include "tests/scanning.h"
#include "tests/tabix_data.h"

static const struct tabix_kind kinds[] = {
    {.min_shift = 14, .depth = 5, .counts = true, .names = true},
    {.min_shift = 14, .depth = 5, .counts = false, .names = true},
    {.csi = true, .min_shift = 14, .depth = 3, .counts = true, .names = true},
    {.csi = true, .min_shift = 10, .depth = 4, .counts = true, .names = false},
    {.csi = true, .min_shift = 12, .depth = 4, .counts = false, .names = false},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

#define CONTIGS 3u
#define REACH   300000u /* positions of a contig */

/* Records in order on some contigs (not on the second one), blocks here and there. */
static void make_records(uint64_t seed, struct tabix_record *records, size_t count)
{
    uint64_t random = seed, at = 5000, position = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        unsigned contig = i < count / 3 ? 0 : 2;

        if (i == count / 3)
            position = 0;
        position += random_below(&random, 2 * REACH / count);
        records[i] = (struct tabix_record){
            contig, position,
            position + 1 + (random_below(&random, 9) ? 0 : random_below(&random, 50000)), at, 0};
        at += 1 + random_below(&random, 900);
        if (random_below(&random, 5) == 0)
            at = (DP_VIRTUAL_BLOCK(at) + 20 + random_below(&random, 3000)) << 16;
        records[i].behind = at;
    }
}

static int open_bytes(const void *bytes, size_t length, struct dp_tabix **tabix,
                      struct dp_error *err)
{
    struct dp_context *context = test_context();
    struct dp_object *file;
    int rc;

    ck_assert_int_eq(dp_object_open_memory(context, bytes, length, &file, NULL), 0);
    rc = dp_tabix_open(context, file, tabix, err);
    dp_object_free(file);
    dp_context_free(context);
    return rc;
}

static struct dp_tabix *open_kind(const struct tabix_kind *kind,
                                  const struct tabix_record *records, size_t count)
{
    struct dp_array file = {0};
    struct dp_tabix *tabix = NULL;
    struct dp_error err = {0};

    tabix_make(&file, kind, records, count, CONTIGS);
    ck_assert_msg(open_bytes(file.data, file.length, &tabix, &err) == 0, "%s", err.message);
    dp_array_free(&file);
    return tabix;
}

/* ----------------------------------------------------------------------------------- answers */

START_TEST(contigs_and_counts)
{
    const struct tabix_kind *kind = &kinds[_i];
    struct tabix_record records[90];
    struct dp_tabix *tabix;
    struct dp_tabix_contig contig;
    uint64_t count = kind->counts ? 30 : UINT64_MAX;

    make_records(1, records, 90);
    tabix = open_kind(kind, records, 90);
    ck_assert_str_eq(dp_tabix_kind(tabix), kind->csi ? "csi" : "tbi");
    ck_assert_uint_eq(dp_tabix_contig_count(tabix), CONTIGS);
    ck_assert_int_eq(dp_tabix_has_names(tabix), kind->names);
    dp_tabix_contig(tabix, 0, &contig);
    ck_assert_int_eq(!contig.name, !kind->names);
    ck_assert_uint_eq(contig.record_count, count);
    ck_assert_uint_eq(contig.range.begin, records[0].at);
    ck_assert_uint_eq(contig.range.end, records[29].behind);
    dp_tabix_contig(tabix, 1, &contig);
    ck_assert_uint_eq(contig.record_count, 0);
    ck_assert_uint_eq(contig.range.end, 0);
    dp_tabix_contig(tabix, 2, &contig);
    ck_assert_uint_eq(contig.record_count, kind->counts ? 60 : UINT64_MAX);
    ck_assert_uint_eq(contig.range.begin, records[30].at);
    ck_assert_uint_eq(dp_tabix_range(tabix).begin, records[0].at);
    ck_assert_uint_eq(dp_tabix_range(tabix).end, records[89].behind);
    ck_assert_uint_eq(dp_tabix_contig_find(tabix, "c2"), kind->names ? 2 : SIZE_MAX);
    ck_assert_uint_eq(dp_tabix_contig_find(tabix, "c9"), SIZE_MAX);
    ck_assert_int_eq(
        dp_tabix_check_size(tabix, DP_VIRTUAL_BLOCK(records[89].behind), NULL), 0);
    ck_assert_int_eq(
        dp_tabix_check_size(tabix, DP_VIRTUAL_BLOCK(records[89].behind) - 1, NULL),
        DP_STALE_INDEX);
    dp_tabix_free(tabix);
}
END_TEST

static bool is_edge(const struct tabix_record *records, size_t count, uint64_t offset)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (records[i].at == offset || records[i].behind == offset)
            return true;
    return false;
}

START_TEST(edges_are_record_edges)
{
    struct tabix_record records[90];
    const uint64_t *edges;
    struct dp_tabix *tabix;
    size_t count, i;

    make_records(2, records, 90);
    tabix = open_kind(&kinds[_i], records, 90);
    edges = dp_tabix_edges(tabix, &count);
    ck_assert_uint_gt(count, 2);
    ck_assert_uint_eq(edges[0], records[0].at);
    ck_assert_uint_eq(edges[count - 1], records[89].behind);
    for (i = 0; i < count; i++) {
        MUST(i == 0 || edges[i] > edges[i - 1]);
        MUST(is_edge(records, 90, edges[i]));
    }
    dp_tabix_free(tabix);
}
END_TEST

/* Every record of a region lies in its chunks, and those ascend. */
START_TEST(regions_are_whole)
{
    struct tabix_record records[90];
    struct dp_array chunks = {0};
    struct dp_tabix *tabix;
    uint64_t random = 5, begin, end;
    size_t round, i, k;

    make_records(3, records, 90);
    tabix = open_kind(&kinds[_i], records, 90);
    for (round = 0; round < 300; round++) {
        unsigned contig = (unsigned)random_below(&random, CONTIGS);
        const struct dp_tabix_chunk *chunk;

        begin = random_below(&random, REACH + 100000);
        end = begin + 1 + random_below(&random, round % 2 ? 100 : REACH);
        chunks.length = 0;
        ck_assert_int_eq(dp_tabix_region(tabix, contig, begin, end, &chunks, NULL), 0);
        chunk = chunks.data;
        for (k = 1; k < chunks.length; k++)
            MUST(DP_VIRTUAL_BLOCK(chunk[k].begin) > DP_VIRTUAL_BLOCK(chunk[k - 1].end));
        for (i = 0; i < 90; i++) {
            if (records[i].contig != contig || records[i].begin >= end || records[i].end <= begin)
                continue;
            for (k = 0; k < chunks.length; k++)
                if (chunk[k].begin <= records[i].at && records[i].behind <= chunk[k].end)
                    break;
            MUST(k < chunks.length);
        }
    }
    dp_array_free(&chunks);
    dp_tabix_free(tabix);
}
END_TEST

START_TEST(no_records)
{
    struct dp_tabix *tabix = open_kind(&kinds[_i], NULL, 0);
    size_t count;

    dp_tabix_edges(tabix, &count);
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(dp_tabix_range(tabix).end, 0);
    ck_assert_int_eq(dp_tabix_check_size(tabix, 0, NULL), 0);
    dp_tabix_free(tabix);
}
END_TEST

/* ------------------------------------------------------------------------------------ damage */

static void must_refuse(const void *bytes, size_t length, int code, const char *says)
{
    struct dp_tabix *tabix = NULL;
    struct dp_error err = {0};
    int rc = open_bytes(bytes, length, &tabix, &err);

    ck_assert_msg(rc == code && strstr(err.message, says), "%d: '%s'", rc, err.message);
}

START_TEST(truncated_anywhere)
{
    struct tabix_record records[6];
    struct dp_array file = {0};
    struct dp_tabix *tabix;
    struct dp_error err;
    size_t length;
    int rc;

    make_records(4, records, 6);
    tabix_make(&file, &kinds[_i], records, 6, CONTIGS);
    for (length = 0; length < file.length; length++) {
        rc = open_bytes(file.data, length, &tabix, &err);
        /* The number behind the tables may be missing, but not a part of it. */
        if (length == file.length - 8) {
            ck_assert_int_eq(rc, 0);
            dp_tabix_free(tabix);
        } else {
            ck_assert_int_eq(rc, DP_BAD_INDEX);
        }
    }
    tabix_put(&file, "x", 1);
    must_refuse(file.data, file.length, DP_BAD_INDEX, "more bytes");
    dp_array_free(&file);
}
END_TEST

/* Any byte may be any other: that is an answer or a refusal, but no more. */
START_TEST(damaged_anywhere)
{
    struct tabix_record records[20];
    struct dp_array file = {0}, chunks = {0};
    struct dp_tabix *tabix;
    uint64_t random = 9;
    size_t round, at, i;
    uint8_t *bytes, kept;

    make_records(5, records, 20);
    tabix_make(&file, &kinds[_i], records, 20, CONTIGS);
    bytes = file.data;
    for (round = 0; round < 1000; round++) {
        at = random_below(&random, file.length);
        kept = bytes[at];
        bytes[at] = (uint8_t)next_random(&random);
        if (open_bytes(bytes, file.length, &tabix, NULL) == 0) {
            for (i = 0; i < dp_tabix_contig_count(tabix); i++)
                MUST(dp_tabix_region(tabix, i, 0, UINT64_C(1) << 40, &chunks, NULL) == 0);
            dp_tabix_check_size(tabix, 1u << 20, NULL);
            dp_tabix_free(tabix);
        }
        bytes[at] = kept;
    }
    dp_array_free(&chunks);
    dp_array_free(&file);
}
END_TEST

START_TEST(foreign_files)
{
    static const struct {
        size_t at; /* of a u32 in a .tbi */
        uint32_t value;
        int code;
        const char *says;
    } bad[] = {
        {0, 0x01494142u, DP_BAD_INDEX, "neither a .tbi nor a .csi"},
        {4, 0xffffffffu, DP_BAD_INDEX, "negative"},
        {4, 0x7fffffffu, DP_BAD_INDEX, "ends here"},
        {8, 1, DP_UNSUPPORTED, "not the index of a VCF"},
        {32, 0xffffffffu, DP_BAD_INDEX, "too many names"},
        {32, 8, DP_BAD_INDEX, "does not end"},
        {45, 0xffffffffu, DP_BAD_INDEX, "negative"},
        {49, 40000, DP_BAD_INDEX, "impossible number"},
    };
    struct tabix_record records[6];
    struct dp_array file = {0};
    size_t i;

    make_records(6, records, 6);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        file.length = 0;
        tabix_make(&file, &kinds[0], records, 6, CONTIGS);
        dp_le32_store((uint8_t *)file.data + bad[i].at, bad[i].value);
        must_refuse(file.data, file.length, bad[i].code, bad[i].says);
    }
    file.length = 0;
    tabix_make(&file, &kinds[2], records, 6, CONTIGS);
    dp_le32_store((uint8_t *)file.data + 8, 40);
    must_refuse(file.data, file.length, DP_BAD_INDEX, "impossible sizes");
    dp_array_free(&file);
}
END_TEST

/* ------------------------------------------------------------------------------------- places */

START_TEST(found_beside_the_object)
{
    struct dp_context *context = test_context();
    struct dp_array file = {0};
    struct dp_object *object;
    struct dp_tabix *tabix;
    struct tabix_record records[6];
    static const char *const name = "x.vcf.gz", *const tbi = "x.vcf.gz.tbi",
                             *const csi = "x.vcf.gz.csi";
    const char *folder = test_enter_folder();

    make_records(7, records, 6);
    tabix_make(&file, &kinds[2], records, 6, CONTIGS);
    test_write_file(name, "x", 1);
    ck_assert_int_eq(dp_object_open(context, name, NULL, &object, NULL), 0);
    ck_assert_int_eq(dp_tabix_find(context, object, NULL, &tabix, NULL), DP_NOT_FOUND);
    test_write_file(csi, file.data, file.length);
    ck_assert_int_eq(dp_tabix_find(context, object, NULL, &tabix, NULL), 0);
    ck_assert_msg(strstr(dp_tabix_uri(tabix), "x.vcf.gz.csi"), "%s", dp_tabix_uri(tabix));
    dp_tabix_free(tabix);
    ck_assert_int_eq(dp_tabix_find(context, object, csi, &tabix, NULL), 0);
    dp_tabix_free(tabix);
    ck_assert_int_eq(dp_tabix_find(context, object, name, &tabix, NULL), DP_BAD_INDEX);
    /* A broken .tbi hides the .csi: silence would leave the user with the wrong one. */
    test_write_file(tbi, file.data, file.length / 2);
    ck_assert_int_eq(dp_tabix_find(context, object, NULL, &tabix, NULL), DP_BAD_INDEX);
    dp_object_free(object);
    dp_array_free(&file);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tabix");
    TCase *tcase = tcase_create("tabix");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, contigs_and_counts, 0, (int)KINDS);
    tcase_add_loop_test(tcase, edges_are_record_edges, 0, (int)KINDS);
    tcase_add_loop_test(tcase, regions_are_whole, 0, (int)KINDS);
    tcase_add_loop_test(tcase, no_records, 0, (int)KINDS);
    tcase_add_loop_test(tcase, truncated_anywhere, 0, (int)KINDS);
    tcase_add_loop_test(tcase, damaged_anywhere, 0, (int)KINDS);
    tcase_add_test(tcase, foreign_files);
    tcase_add_test(tcase, found_beside_the_object);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
