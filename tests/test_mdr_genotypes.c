/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/genotypes.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The call of sample `s` at variant `v`: something of everything. */
static uint8_t call_of(size_t v, size_t s)
{
    return (uint8_t)((v * 7 + s * 5 + v * s) % 4);
}

static struct dp_mdr_genotypes *make(size_t sample_count)
{
    struct dp_mdr_genotypes *genotypes = NULL;
    struct dp_error err = {0};
    char **names = calloc(sample_count, sizeof(*names));
    size_t i;

    for (i = 0; i < sample_count; i++)
        ck_assert_int_gt(asprintf(&names[i], "sample %zu", i), 0);
    ck_assert_msg(dp_mdr_genotypes_new((const char *const *)names, sample_count, "x", &genotypes,
                                       &err) == DP_OK,
                  "%s", err.message);
    for (i = 0; i < sample_count; i++)
        free(names[i]);
    free(names);
    return genotypes;
}

/* Appends variants [begin, end); every third has an ID, odd ones come as rows. */
static void fill(struct dp_mdr_genotypes *genotypes, size_t begin, size_t end)
{
    size_t v, s, count = dp_mdr_genotypes_sample_count(genotypes);
    uint8_t *calls = malloc(count), *row = malloc(dp_mdr_genotypes_row_bytes(count));
    char id[30];

    for (v = begin; v < end; v++) {
        struct dp_mdr_variant variant = {.id = v % 3 ? (v % 2 ? "." : NULL) : id,
                                         .chrom = "chr7",
                                         .ref = "AC",
                                         .alt = v % 5 ? "G" : "<DEL>",
                                         .position = v * 1000 + 1,
                                         .passed = v % 4 == 0};

        sprintf(id, "rs%zu", v);
        memset(row, 0xff, dp_mdr_genotypes_row_bytes(count));
        for (s = 0; s < count; s++) {
            calls[s] = call_of(v, s);
            row[s / 4] &= (uint8_t) ~(3u << 2 * (s % 4));
            row[s / 4] |= (uint8_t)(calls[s] << 2 * (s % 4));
        }
        if (v % 2)
            ck_assert_int_eq(dp_mdr_genotypes_add_row(genotypes, &variant, row, NULL), DP_OK);
        else
            ck_assert_int_eq(dp_mdr_genotypes_add(genotypes, &variant, calls, NULL), DP_OK);
    }
    free(calls);
    free(row);
}

static void must_be(const struct dp_mdr_genotypes *genotypes, size_t v)
{
    struct dp_mdr_variant variant;
    const uint8_t *row = dp_mdr_genotypes_row(genotypes, v);
    size_t s, count = dp_mdr_genotypes_sample_count(genotypes);
    char id[60];

    if (v % 3)
        sprintf(id, "chr7:%zu:AC:%s", v * 1000 + 1, v % 5 ? "G" : "<DEL>");
    else
        sprintf(id, "rs%zu", v);
    dp_mdr_genotypes_variant(genotypes, v, &variant);
    ck_assert_str_eq(variant.id, id);
    ck_assert_str_eq(variant.chrom, "chr7");
    ck_assert_str_eq(variant.ref, "AC");
    ck_assert_str_eq(variant.alt, v % 5 ? "G" : "<DEL>");
    ck_assert_uint_eq(variant.position, v * 1000 + 1);
    ck_assert_int_eq(variant.passed, v % 4 == 0);
    ck_assert_uint_eq((uintptr_t)row % 8, 0);
    for (s = 0; s < dp_mdr_genotypes_row_bytes(count) * 4; s++)
        if ((row[s / 4] >> 2 * (s % 4) & 3) != (s < count ? call_of(v, s) : 0)) /* cheap */
            ck_abort_msg("variant %zu, sample %zu", v, s);
}

START_TEST(test_what_was_added_is_there)
{
    static const size_t counts[] = {1, 2, 3, 4, 5, 127, 1000};
    size_t i, v;

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct dp_mdr_genotypes *genotypes = make(counts[i]);

        ck_assert_uint_eq(dp_mdr_genotypes_sample_count(genotypes), counts[i]);
        ck_assert_uint_eq(dp_mdr_genotypes_variant_count(genotypes), 0);
        ck_assert_str_eq(dp_mdr_genotypes_sample(genotypes, 0), "sample 0");
        fill(genotypes, 0, 700);
        ck_assert_uint_eq(dp_mdr_genotypes_variant_count(genotypes), 700);
        for (v = 0; v < 700; v++)
            must_be(genotypes, v);
        dp_mdr_genotypes_free(genotypes);
    }
}
END_TEST

START_TEST(test_parts_are_joined_in_order)
{
    static const size_t edges[] = {0, 3, 3, 400, 401, 900};
    struct dp_mdr_genotypes *genotypes = make(333), *part;
    size_t i, v;

    for (i = 1; i < sizeof(edges) / sizeof(edges[0]); i++) {
        ck_assert_int_eq(dp_mdr_genotypes_new_part(genotypes, &part, NULL), DP_OK);
        fill(part, edges[i - 1], edges[i]);
        ck_assert_int_eq(dp_mdr_genotypes_join(genotypes, part, NULL), DP_OK);
        ck_assert_uint_eq(dp_mdr_genotypes_variant_count(part), 0);
        dp_mdr_genotypes_free(part);
        ck_assert_uint_eq(dp_mdr_genotypes_variant_count(genotypes), edges[i]);
    }
    fill(genotypes, 900, 1000); /* goes on in the block that came last */
    for (v = 0; v < 1000; v++)
        must_be(genotypes, v);
    part = make(334);
    ck_assert_int_eq(dp_mdr_genotypes_join(genotypes, part, NULL), DP_INVALID);
    dp_mdr_genotypes_free(part);
    dp_mdr_genotypes_free(genotypes);
}
END_TEST

START_TEST(test_long_alleles_and_many_rows_of_one_block)
{
    struct dp_mdr_genotypes *genotypes = make(1);
    struct dp_mdr_variant variant = {.chrom = "1", .ref = "A", .position = UINT64_MAX};
    char *alt = malloc(300001);
    uint8_t call = 2;

    memset(alt, 'T', 300000);
    alt[300000] = 0;
    variant.alt = alt;
    ck_assert_int_eq(dp_mdr_genotypes_add(genotypes, &variant, &call, NULL), DP_OK);
    ck_assert_int_eq(dp_mdr_genotypes_add(genotypes, &variant, &call, NULL), DP_OK);
    dp_mdr_genotypes_variant(genotypes, 1, &variant);
    ck_assert_str_eq(variant.alt, alt);
    ck_assert_int_eq(strncmp(variant.id, "1:18446744073709551615:A:TT", 27), 0);
    ck_assert_uint_eq(strlen(variant.id), 300000 + 25);
    ck_assert_uint_eq(dp_mdr_genotypes_row(genotypes, 1)[0], 2);
    free(alt);
    dp_mdr_genotypes_free(genotypes);
}
END_TEST

START_TEST(test_samples_are_told_apart)
{
    static const char *const twice[] = {"b", "a", "c", "a"}, *const nameless[] = {"b", ""};
    struct dp_mdr_genotypes *genotypes = NULL;
    struct dp_error err = {0};

    ck_assert_int_eq(dp_mdr_genotypes_new(twice, 4, "s3://b/k", &genotypes, &err), DP_DATA);
    ck_assert_str_eq(err.message, "s3://b/k: two samples have the ID 'a'");
    ck_assert_int_eq(dp_mdr_genotypes_new(nameless, 2, "x", &genotypes, &err), DP_DATA);
    ck_assert_str_eq(err.message, "x: a sample has no ID");
    ck_assert_int_eq(dp_mdr_genotypes_new(NULL, 0, "x", &genotypes, &err), DP_DATA);
    ck_assert_str_eq(err.message, "x: there are no samples");
    ck_assert_ptr_null(genotypes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr genotypes");
    TCase *tcase = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_what_was_added_is_there);
    tcase_add_test(tcase, test_parts_are_joined_in_order);
    tcase_add_test(tcase, test_long_alleles_and_many_rows_of_one_block);
    tcase_add_test(tcase, test_samples_are_told_apart);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
