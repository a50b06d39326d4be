/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/decode_text.c: what one line of text becomes, at the borders of what is read at once and of
 * what is allowed; each line stands in memory of its own, so that nothing behind it is looked at.
 */

#include "config.h"

#include "base/array.h"
#include "mdr/decode.h"
#include "tests/connectors.h"

#define COLUMNS "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"

struct reader {
    struct dp_mdr_decoder decoder;
    struct dp_mdr_decode decode;
    struct dp_mdr_genotypes *genotypes;
};

/* For `samples` samples "s0", "s1", ... */
static void open_reader(size_t samples, enum dp_mdr_field field, bool split, struct reader *reader)
{
    struct dp_mdr_ingest_options options = {
        .field = field, .certainty = 0.9, .split_multiallelic = split};
    struct dp_array header = {0};
    char name[32];
    size_t s;

    dp_array_append(&header, COLUMNS, strlen(COLUMNS), 1);
    for (s = 0; s < samples; s++)
        dp_array_append(&header, name, (size_t)snprintf(name, sizeof(name), "\ts%zu", s), 1);
    dp_array_append(&header, "\n", 1, 1);
    ck_assert_int_eq(dp_mdr_decoder_open(&header, false, &options, "x", &reader->decoder,
                                         &reader->genotypes, NULL),
                     DP_OK);
    ck_assert_int_eq(dp_mdr_decode_open(&reader->decoder, &reader->decode, NULL), DP_OK);
    reader->decode.part = reader->genotypes;
    reader->decode.record = 5;
    dp_array_free(&header);
}

static void close_reader(struct reader *reader)
{
    dp_mdr_decode_close(&reader->decode);
    dp_mdr_decoder_close(&reader->decoder);
    dp_mdr_genotypes_free(reader->genotypes);
}

static int read_line(struct reader *reader, const char *line, size_t length, struct dp_error *err)
{
    char *copy = calloc(1, length + DP_MDR_BATCH_SLACK);
    int rc;

    memcpy(copy, line, length);
    rc = dp_mdr_decode_text_line(&reader->decode, copy, length, err);
    free(copy);
    return rc;
}

static void must_read(struct reader *reader, const char *line)
{
    struct dp_error err = {0};

    ck_assert_msg(read_line(reader, line, strlen(line), &err) == DP_OK, "%s: %s", line,
                  err.message);
}

/* The calls of variant `number` are these digits. */
static void must_be(const struct reader *reader, size_t number, const char *calls)
{
    const uint8_t *row = dp_mdr_genotypes_row(reader->genotypes, number);
    size_t s;

    for (s = 0; calls[s]; s++)
        if ((row[s / 4] >> 2 * (s % 4) & 3) != calls[s] - '0')
            ck_abort_msg("sample %zu: %d, not %c", s, row[s / 4] >> 2 * (s % 4) & 3, calls[s]);
}

static size_t variants(const struct reader *reader)
{
    return dp_mdr_genotypes_variant_count(reader->genotypes);
}

/* Diploid calls are read in pairs: an odd one at every place among them, of 1 to 9 samples. */
START_TEST(pairs_and_others)
{
    static const char *const odd[] = {"0/1", "1|1", ".", "./.", "1", "0", "0/1:9", "10/0", "1/10"};
    static const char calls[] = "123320101"; /* copies of allele 1 */
    char line[200], wanted[10];
    struct reader reader;
    size_t samples, place, s, length;
    unsigned n;

    for (samples = 1; samples <= 9; samples++) {
        open_reader(samples, DP_MDR_GT, true, &reader);
        for (n = 0; n < 9; n++)
            for (place = 0; place < samples; place++) {
                length = (size_t)sprintf(line, "1\t9\t.\tA\tC,%s\t.\t.\t.\tGT",
                                         n < 7 ? "*" : "*,*,*,*,*,*,*,*,G");
                for (s = 0; s < samples; s++) {
                    length += (size_t)sprintf(line + length, "\t%s",
                                              s == place ? odd[n]
                                              : s % 3    ? "0/1"
                                                         : "1|1");
                    wanted[s] = s == place ? calls[n] : s % 3 ? '1' : '2';
                }
                wanted[samples] = 0;
                must_read(&reader, line);
                must_be(&reader, variants(&reader) - (n < 7 ? 1 : 2), wanted);
                if (n < 7)
                    continue;
                for (s = 0; s < samples; s++) /* of allele 10 there is one copy */
                    wanted[s] = s == place ? '1' : '0';
                must_be(&reader, variants(&reader) - 1, wanted);
            }
        close_reader(&reader);
    }
}
END_TEST

struct value {
    enum dp_mdr_field field;
    const char *alt, *format, *column;
    char call;
};

static const struct value values[] = {
    {DP_MDR_GT, "C", "DP:GT", "7:0|1", '1'},
    {DP_MDR_GT, "C", "DP:GT", "7", '3'}, /* left out */
    {DP_MDR_GT, "C", "GTX:GT", "0/0:1/1", '2'},
    {DP_MDR_DS, "C", "DS", "0", '0'},
    {DP_MDR_DS, "C", "DS", "1.1", '1'}, /* as sure as must be */
    {DP_MDR_DS, "C", "DS", "1.11", '3'},
    {DP_MDR_DS, "C", "DS", "2.1", '2'},
    {DP_MDR_DS, "C", "DS", "2.6", '3'},
    {DP_MDR_DS, "C", "DS", "-0.05", '0'},
    {DP_MDR_DS, "C", "DS", "-1", '3'},
    {DP_MDR_DS, "C", "DS", ".", '3'},
    {DP_MDR_DS, "C", "DS", ".95", '1'},
    {DP_MDR_DS, "C", "DS", "1.", '1'},
    {DP_MDR_DS, "C", "DS", "0.19e1", '2'},
    {DP_MDR_DS, "C", "DS", "+2", '2'},
    {DP_MDR_DS, "C", "DS", "nan", '3'},
    {DP_MDR_DS, "C", "DS", "inf", '3'},
    {DP_MDR_DS, "C", "DS", "1000000000000000000000000", '3'},
    {DP_MDR_DS, "C", "DS", "18446744073709551617", '3'}, /* 2^64 + 1 */
    {DP_MDR_DS, "C", "DS", "0.00000000000000000000000000001", '0'},
    {DP_MDR_DS, "C", "DS", "1.000000000000000000000000000001:4", '1'},
    {DP_MDR_DS, "*,C", "DS", "2,1", '1'}, /* of the allele that is counted */
    {DP_MDR_DS, "*,C", "DS", "2,.", '3'},
    {DP_MDR_GP, "C", "GP", "0.9,0.1,0", '0'},
    {DP_MDR_GP, "C", "GP", "0.05,0.9,0.05", '1'},
    {DP_MDR_GP, "C", "GP", "0,1e-3,0.999", '2'},
    {DP_MDR_GP, "C", "GP", "0.2,0.4,0.4", '3'},
    {DP_MDR_GP, "C", "GP", "0.1,0.9", '2'}, /* haploid */
    {DP_MDR_GP, "C", "GP", "0.9,.,0", '3'},
    {DP_MDR_GP, "C", "GP", ".", '3'},
    {DP_MDR_GP, "*,C", "GP", "0,0,0,0.5,0.5,0", '1'}, /* 0/2 and 1/2: one copy */
    {DP_MDR_GP, "*,C", "GP", "0.2,0.3,0.5,0,0,0", '0'},
};

START_TEST(fields)
{
    const struct value *value = &values[_i];
    struct reader reader;
    char line[300], calls[] = {value->call, value->call, 0};

    open_reader(2, value->field, false, &reader);
    snprintf(line, sizeof(line), "1\t9\t.\tA\t%s\t.\t.\t.\t%s\t%s\t%s", value->alt, value->format,
             value->column, value->column);
    must_read(&reader, line);
    ck_assert_uint_eq(variants(&reader), 1);
    ck_assert_uint_eq(reader.decode.counts.with_field, 1);
    must_be(&reader, 0, calls);
    close_reader(&reader);
}
END_TEST

START_TEST(places_and_filters)
{
    static const char *const filters[] = {"PASS", ".", "q10", "PASS;q10", ""};
    struct dp_mdr_variant variant;
    struct reader reader;
    char line[200];
    unsigned i;

    open_reader(1, DP_MDR_GT, false, &reader);
    for (i = 0; i < 5; i++) {
        snprintf(line, sizeof(line), "chr1\t%s\trs%u\tAC\tG\t.\t%s\t.\tGT\t0/1",
                 i % 2 ? "0" : "4611686018427387903", i, filters[i]);
        must_read(&reader, line);
        dp_mdr_genotypes_variant(reader.genotypes, i, &variant);
        ck_assert_str_eq(variant.chrom, "chr1");
        ck_assert_str_eq(variant.ref, "AC");
        ck_assert_str_eq(variant.alt, "G");
        ck_assert_int_eq(variant.id[2], (int)('0' + i));
        ck_assert_uint_eq(variant.position, i % 2 ? 0 : (UINT64_C(1) << 62) - 1);
        ck_assert_int_eq(variant.passed, i < 2);
    }
    close_reader(&reader);
}
END_TEST

/* What is not split, what has no allele, and what lacks the field. */
START_TEST(counts)
{
    struct reader reader;

    open_reader(1, DP_MDR_GT, false, &reader);
    must_read(&reader, "1\t9\t.\tA\tC,T\t.\t.\t.\tGT\t0/1");
    must_read(&reader, "1\t9\t.\tA\t.\t.\t.\t.\tGT\t0/0");
    must_read(&reader, "1\t9\t.\tA\t\t.\t.\t.\tGT\t0/0");
    must_read(&reader, "1\t9\t.\tA\t<*>,*,<NON_REF>\t.\t.\t.\tGT\t0/0");
    ck_assert_uint_eq(variants(&reader), 0);
    must_read(&reader, "1\t9\t.\tA\tC\t.\t.\t.\tDP\t0/1");
    ck_assert_uint_eq(variants(&reader), 1);
    must_be(&reader, 0, "3");
    ck_assert_uint_eq(reader.decode.counts.records, 5);
    ck_assert_uint_eq(reader.decode.counts.multiallelic, 1);
    ck_assert_uint_eq(reader.decode.counts.skipped, 4);
    ck_assert_uint_eq(reader.decode.counts.with_field, 0);
    close_reader(&reader);
}
END_TEST

/* 1000 alleles that can be had are read; one more is too many. */
START_TEST(many_alleles)
{
    struct dp_array line = {0};
    struct dp_error err = {0};
    struct dp_mdr_variant variant;
    struct reader reader;
    char alt[32];
    unsigned i, extra;

    open_reader(1, DP_MDR_GT, true, &reader);
    for (extra = 0; extra < 2; extra++) {
        line.length = 0;
        dp_array_append(&line, "1\t9\t.\tA\t*", 9, 1);
        for (i = 0; i < DP_MDR_ALT_MAX + extra; i++)
            dp_array_append(&line, alt, (size_t)sprintf(alt, ",<D%u>", i), 1);
        dp_array_append(&line, "\t.\t.\t.\tGT\t1/1001", 16, 1);
        ck_assert_int_eq(read_line(&reader, line.data, line.length, &err), extra ? DP_DATA : DP_OK);
        ck_assert_uint_eq(variants(&reader), DP_MDR_ALT_MAX);
    }
    ck_assert_str_eq(err.message, "x: record 5 (1:9): more than 1000 alternate alleles");
    dp_mdr_genotypes_variant(reader.genotypes, 999, &variant);
    ck_assert_str_eq(variant.alt, "<D999>");
    must_be(&reader, 0, "0");
    must_be(&reader, 999, "1"); /* allele 1 is the "*" */
    dp_array_free(&line);
    close_reader(&reader);
}
END_TEST

#define SITE "1\t9\t.\tA\tC\t.\t.\t.\tGT"
#define FEW  "x: record 5: the number of columns is not that of the header"
#define MANY "x: record 5 (1:9): the number of columns is not that of the header"

static const struct {
    const char *line;
    size_t length;
    const char *message;
} bads[] = {
#define BAD(line, message)                                                                         \
    {                                                                                              \
        line, sizeof(line) - 1, message                                                            \
    }
    BAD("", "x: record 5: the line is empty"),
    BAD("1\t9\t.\tA\tC\t.\t.\t.", FEW),
    BAD(SITE, MANY),
    BAD(SITE "\t0/1", MANY),
    BAD(SITE "\t0/1\t0/1\t0/1\t0/1", MANY),
    BAD(SITE "\t0/1\t0/1\t0/1\t", MANY),
    BAD("1\t9\t.\tA\tC,T\t.\t.\t.\tGT\t0/1\t0/1", MANY), /* also where it is skipped */
    BAD("1\t9\t.\tA\tC\t.\t.\t.\tDP\t1\t1\t1\t1", MANY),
    BAD("1\t9\t.\tA\tC\t.\t.\t.\tDP:GT\t1:0/1\t1:0/1", MANY),
    BAD("1\t\t.\tA\tC\t.\t.\t.\tGT\t0/1\t0/1\t0/1", "x: record 5: CHROM or POS makes no sense"),
    BAD("1\t-9\t.\tA\tC\t.\t.\t.\tGT\t0/1\t0/1\t0/1", "x: record 5: CHROM or POS makes no sense"),
    BAD("1\t4611686018427387904\t.\tA\tC\t.\t.\t.\tGT\t0/1\t0/1\t0/1",
        "x: record 5: CHROM or POS makes no sense"),
    BAD("1\t9\t.\tA\0\tC\t.\t.\t.\tGT\t0/1\t0/1\t0/1", FEW),
    BAD(SITE "\t0/1\t0\0001\t0/1", "x: record 5 (1:9): sample 's1': GT is not a genotype"),
    BAD(SITE "\t0/1\t0/1\t0/1 ", "x: record 5 (1:9): sample 's2': GT is not a genotype"),
    BAD(SITE "\t0/1\t0/1/1\t0/1", "x: record 5 (1:9): sample 's1': GT has more than two alleles"),
    BAD(SITE "\t\t0/1\t0/1", "x: record 5 (1:9): sample 's0': GT is not a genotype"),
    BAD(SITE "\t0/1\t0/2\t0/1",
        "x: record 5 (1:9): sample 's1': GT names an allele that the record does not have"),
};

START_TEST(bad_lines)
{
    struct dp_error err = {0};
    struct reader reader;

    open_reader(3, DP_MDR_GT, false, &reader);
    ck_assert_int_eq(read_line(&reader, bads[_i].line, bads[_i].length, &err), DP_DATA);
    ck_assert_str_eq(err.message, bads[_i].message);
    ck_assert_uint_eq(variants(&reader), 0);
    close_reader(&reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr_decode_text");
    TCase *tcase = tcase_create("decode_text");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, pairs_and_others);
    tcase_add_loop_test(tcase, fields, 0, sizeof(values) / sizeof(values[0]));
    tcase_add_test(tcase, places_and_filters);
    tcase_add_test(tcase, counts);
    tcase_add_test(tcase, many_alleles);
    tcase_add_loop_test(tcase, bad_lines, 0, sizeof(bads) / sizeof(bads[0]));
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
