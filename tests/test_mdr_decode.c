/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/decode.c: headers, batches of lines, and which numbers are calls. Lines by themselves:
 * test_mdr_decode_text.c. */

#include "config.h"

#include "mdr/decode.h"
#include "tests/connectors.h"

#include <math.h>

#define COLUMNS "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
#define SITE    "1\t9\t.\tA\tC\t.\t.\t.\tGT"

static int open_decoder(const char *text, const struct dp_mdr_ingest_options *options,
                        struct dp_mdr_decoder *decoder, struct dp_mdr_genotypes **genotypes,
                        struct dp_error *err)
{
    struct dp_array header = {0};
    int rc;

    ck_assert(dp_array_append(&header, text, strlen(text), 1));
    rc = dp_mdr_decoder_open(&header, false, options, "x", decoder, genotypes, err);
    dp_array_free(&header);
    return rc;
}

START_TEST(headers)
{
    static const char *const texts[] = {COLUMNS "\ta\tb", COLUMNS "\ta\tb\n",
                                        "##x\n" COLUMNS "\ta\tb\r\n",
                                        "##x=#CHROM\t\n" COLUMNS "\ta\tb\r\r\n1\t2\n"};
    struct dp_mdr_ingest_options options = {0};
    struct dp_mdr_decoder decoder;
    struct dp_mdr_genotypes *genotypes;

    ck_assert_int_eq(open_decoder(texts[_i], &options, &decoder, &genotypes, NULL), DP_OK);
    ck_assert_uint_eq(decoder.sample_count, 2);
    ck_assert_str_eq(decoder.samples[1], "b");
    ck_assert_str_eq(dp_mdr_genotypes_sample(genotypes, 0), "a");
    dp_mdr_decoder_close(&decoder);
    dp_mdr_genotypes_free(genotypes);
}
END_TEST

START_TEST(bad_headers)
{
    static const struct {
        const char *text, *message;
    } bads[] = {
        {"##x\n", "x: the header has no #CHROM line"},
        {"##x\n#CHROMOSOME\n", "x: the header has no #CHROM line"},
        {COLUMNS "\n", "x: there are no samples, only sites"},
        {"#CHROM\tPOS\n", "x: there are no samples, only sites"},
        {COLUMNS "\ta\ta\n", "x: two samples have the ID 'a'"},
        {COLUMNS "\t\n", "x: a sample has no ID"},
    };
    struct dp_mdr_ingest_options options = {0};
    struct dp_mdr_decoder decoder;
    struct dp_mdr_genotypes *genotypes = NULL;
    struct dp_error err = {0};
    size_t i;

    for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        ck_assert_int_eq(open_decoder(bads[i].text, &options, &decoder, &genotypes, &err), DP_DATA);
        ck_assert_str_eq(err.message, bads[i].message);
        ck_assert_ptr_null(genotypes);
    }
}
END_TEST

START_TEST(certainties)
{
    static const double bad[] = {0, 0.5, 1.001, -1, NAN, INFINITY};
    struct dp_mdr_ingest_options options = {.field = DP_MDR_DS};
    struct dp_mdr_decoder decoder;
    struct dp_mdr_genotypes *genotypes = NULL;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        options.certainty = bad[i];
        ck_assert_int_eq(open_decoder(COLUMNS "\ta\n", &options, &decoder, &genotypes, NULL),
                         DP_INVALID);
    }
    options.certainty = 1;
    ck_assert_int_eq(open_decoder(COLUMNS "\ta\n", &options, &decoder, &genotypes, NULL), DP_OK);
    dp_mdr_decoder_close(&decoder);
    dp_mdr_genotypes_free(genotypes);
}
END_TEST

/* Lines with and without a CR, the last one without a newline; then one that is bad. */
START_TEST(batches)
{
    static const char good[] = SITE "\t0/1\n" SITE "\t1/1\r\n" SITE "\t./.";
    static const char bad[] = SITE "\t0/1\n" SITE "\t0/9\n" SITE "\t0/1\n";
    struct dp_mdr_ingest_options options = {0};
    struct dp_array batch = {0};
    struct dp_mdr_decoder decoder;
    struct dp_mdr_decode decode;
    struct dp_mdr_genotypes *genotypes;
    struct dp_error err = {0};

    ck_assert_int_eq(open_decoder(COLUMNS "\ta\n", &options, &decoder, &genotypes, NULL), DP_OK);
    ck_assert_int_eq(dp_mdr_decode_open(&decoder, &decode, NULL), DP_OK);
    ck_assert_int_eq(dp_mdr_decode_batch(&decode, &batch, 1, genotypes, NULL), DP_OK); /* empty */
    ck_assert(dp_array_append(&batch, good, sizeof(good) - 1, 1));
    ck_assert(dp_array_reserve(&batch, DP_MDR_BATCH_SLACK, 1));
    ck_assert_int_eq(dp_mdr_decode_batch(&decode, &batch, 1, genotypes, NULL), DP_OK);
    ck_assert_uint_eq(dp_mdr_genotypes_variant_count(genotypes), 3);
    ck_assert_uint_eq(dp_mdr_genotypes_row(genotypes, 0)[0], 1);
    ck_assert_uint_eq(dp_mdr_genotypes_row(genotypes, 1)[0], 2);
    ck_assert_uint_eq(dp_mdr_genotypes_row(genotypes, 2)[0], 3);
    batch.length = 0;
    ck_assert(dp_array_append(&batch, bad, sizeof(bad) - 1, 1));
    ck_assert(dp_array_reserve(&batch, DP_MDR_BATCH_SLACK, 1));
    ck_assert_int_eq(dp_mdr_decode_batch(&decode, &batch, 1000, genotypes, &err), DP_DATA);
    ck_assert_str_eq(err.message, "x: record 1001 (1:9): sample 'a': GT names an allele that the "
                                  "record does not have");
    ck_assert_int_eq(err.detail, DP_DETAIL_RECORD);
    ck_assert_uint_eq(decode.counts.records, 5); /* three, one, and the bad one */
    dp_array_free(&batch);
    dp_mdr_decode_close(&decode);
    dp_mdr_decoder_close(&decoder);
    dp_mdr_genotypes_free(genotypes);
}
END_TEST

START_TEST(dosages)
{
    static const struct {
        double dosage, certainty;
        unsigned call;
    } values[] = {
        {0, 1, 0},         {1, 1, 1},           {2, 1, 2},          {1.00002, 1, 3},
        {1.0000005, 1, 1}, {0.1, 0.9, 0},       {0.10001, 0.9, 3},  {1.9, 0.9, 2},
        {-0.1, 0.9, 0},    {-0.2, 0.9, 3},      {2.49, 0.51, 2},    {2.51, 0.51, 3},
        {3, 0.9, 3},       {NAN, 0.9, 3},       {INFINITY, 0.9, 3}, {0.5, 0.51, 3},
        {1.5, 0.51, 3},    {-INFINITY, 0.9, 3},
    };
    size_t i;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        ck_assert_msg(dp_mdr_decode_dosage(values[i].dosage, values[i].certainty) == values[i].call,
                      "%g at %g", values[i].dosage, values[i].certainty);
}
END_TEST

/* Values of `alleles` alleles, `allele` counted, at 0.9. */
static const struct {
    unsigned alleles, allele;
    int call;
    size_t count;
    double values[10];
} probabilities[] = {
    {2, 1, 0, 3, {0.95, 0.05, 0}},
    {2, 1, 1, 3, {0.05, 0.9, 0.05}},
    {2, 1, 2, 3, {0, 0, 1}},
    {2, 1, 3, 3, {0.5, 0.5, 0}},
    {2, 1, 3, 3, {NAN, 1, 0}},
    {2, 1, 2, 2, {0, 1}}, /* haploid */
    {2, 1, 0, 2, {1, 0}},
    {2, 1, 3, 2, {0.5, 0.5}},
    {2, 1, 3, 1, {NAN}},
    {2, 1, -1, 1, {1}},
    {2, 1, -1, 4, {1, 0, 0, 0}},
    {2, 1, -1, 4, {NAN, 0, 0, 0}},
    {3, 2, 1, 6, {0, 0, 0, 0.45, 0.45, 0.1}}, /* 00 01 11 02 12 22 */
    {3, 2, 2, 6, {0, 0, 0, 0, 0, 1}},
    {3, 1, 1, 6, {0, 0.5, 0, 0, 0.5, 0}},
    {3, 1, 0, 6, {0.3, 0, 0, 0.3, 0, 0.4}},
    {3, 2, 2, 3, {0, 0.1, 0.9}},
    {3, 1, 0, 3, {0.4, 0, 0.6}},
    {3, 1, -1, 5, {0, 0, 0, 0, 1}},
    {4, 3, 1, 10, {0, 0, 0, 0, 0, 0, 0.3, 0.3, 0.4, 0}},
};

START_TEST(sums_of_probabilities)
{
    struct dp_mdr_probabilities sums = {.allele = probabilities[_i].allele};
    size_t i;

    for (i = 0; i < probabilities[_i].count; i++)
        ck_assert(dp_mdr_decode_probability(&sums, probabilities[_i].values[i]));
    ck_assert_int_eq(dp_mdr_decode_probable(&sums, probabilities[_i].alleles, 0.9),
                     probabilities[_i].call);
    ck_assert(!dp_mdr_decode_probability(&sums, 1.00001));
    ck_assert(!dp_mdr_decode_probability(&sums, -0.00001));
    ck_assert(dp_mdr_decode_probability(&sums, 1.0000001));
}
END_TEST

START_TEST(alleles)
{
    ck_assert(dp_mdr_decode_is_allele("C", 1));
    ck_assert(dp_mdr_decode_is_allele("<DEL>", 5));
    ck_assert(dp_mdr_decode_is_allele("<NON_REF>x", 10));
    ck_assert(dp_mdr_decode_is_allele("**", 2));
    ck_assert(dp_mdr_decode_is_allele("<NON", 4));
    ck_assert(!dp_mdr_decode_is_allele("**", 1));
    ck_assert(!dp_mdr_decode_is_allele("", 0));
    ck_assert(!dp_mdr_decode_is_allele(".", 1));
    ck_assert(!dp_mdr_decode_is_allele("<*>", 3));
    ck_assert(!dp_mdr_decode_is_allele("<NON_REF>", 9));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr_decode");
    TCase *tcase = tcase_create("decode");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, headers, 0, 4);
    tcase_add_test(tcase, bad_headers);
    tcase_add_test(tcase, certainties);
    tcase_add_test(tcase, batches);
    tcase_add_test(tcase, dosages);
    tcase_add_loop_test(tcase, sums_of_probabilities, 0,
                        sizeof(probabilities) / sizeof(probabilities[0]));
    tcase_add_test(tcase, alleles);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
