/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/decode_bcf.c: records of BCF made byte by byte, so that every width, padding and number of
 * values that the format allows occurs; and some that it does not. */

#include "config.h"

#include "mdr/decode.h"
#include "tests/bcf_data.h"
#include "tests/connectors.h"

/* Numbers of the texts in the header's dictionary. */
enum { PASS, GT, DS, GP, Q10 };

/* Types of values. */
enum { INT8 = 1, INT16, INT32, FLOAT = 5, CHAR = 7 };

#define HEADER                                                                                     \
    "##fileformat=VCFv4.2\n"                                                                       \
    "##FILTER=<ID=PASS,Description=\"x\",IDX=0>\n"                                                 \
    "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\",IDX=1>\n"                              \
    "##FORMAT=<ID=DS,Number=A,Type=Float,Description=\"x\",IDX=2>\n"                               \
    "##FORMAT=<ID=GP,Number=G,Type=Float,Description=\"x\",IDX=3>\n"                               \
    "##FILTER=<ID=q10,Description=\"x\",IDX=4>\n"                                                  \
    "##contig=<ID=7,IDX=0>\n"                                                                      \
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\td\te\n"

enum { SAMPLES = 5 };

struct reader {
    struct dp_mdr_decoder decoder;
    struct dp_mdr_decode decode;
    struct dp_mdr_genotypes *genotypes;
};

static void open_reader(enum dp_mdr_field field, struct reader *reader)
{
    struct dp_mdr_ingest_options options = {
        .field = field, .certainty = 0.9, .split_multiallelic = true};
    struct dp_array header = {0};

    bcf_put_header(&header, HEADER);
    ck_assert_int_eq(dp_mdr_decoder_open(&header, true, &options, "x", &reader->decoder,
                                         &reader->genotypes, NULL),
                     DP_OK);
    ck_assert_int_eq(dp_mdr_decode_open(&reader->decoder, &reader->decode, NULL), DP_OK);
    dp_array_free(&header);
}

static void close_reader(struct reader *reader)
{
    dp_mdr_decode_close(&reader->decode);
    dp_mdr_decoder_close(&reader->decoder);
    dp_mdr_genotypes_free(reader->genotypes);
}

/* ------------------------------------------------------------------------------- making records */

struct record {
    unsigned alleles, samples;
    unsigned filters[2], filter_count;
    unsigned field, type, per_sample;
};

static void put_byte(struct dp_array *out, unsigned byte)
{
    uint8_t one = (uint8_t)byte;

    bcf_put(out, &one, 1);
}

static void put_value(struct dp_array *out, unsigned type, uint32_t bits)
{
    uint8_t bytes[4];

    dp_le32_store(bytes, bits);
    bcf_put(out, bytes, type == INT8 ? 1 : type == INT16 ? 2 : 4);
}

/* Everything in front of the samples. */
static void put_site(struct dp_array *out, const struct record *record)
{
    unsigned i;

    bcf_put_u32(out, 0); /* contig */
    bcf_put_u32(out, 41);
    bcf_put_u32(out, 1);
    bcf_put_u32(out, 0x7f800001u);
    bcf_put_u32(out, record->alleles << 16);
    bcf_put_u32(out, 1u << 24 | record->samples);
    bcf_put(out, "\x27rs", 3); /* the ID, two characters */
    for (i = 0; i < record->alleles; i++) {
        put_byte(out, 1 << 4 | CHAR);
        put_byte(out, i ? 'C' : 'A');
    }
    put_byte(out, record->filter_count << 4 | (record->filter_count ? INT8 : 0));
    for (i = 0; i < record->filter_count; i++)
        put_byte(out, record->filters[i]);
}

/* The whole record; `bits` are its values as they stand, those of a sample after each other. */
static void put_record(struct dp_array *out, const struct record *record, const uint32_t *bits)
{
    struct dp_array site = {0}, samples = {0};
    unsigned i;

    put_site(&site, record);
    put_byte(&samples, 1 << 4 | INT8);
    put_byte(&samples, record->field);
    put_byte(&samples, record->per_sample << 4 | record->type);
    for (i = 0; i < record->samples * record->per_sample; i++)
        put_value(&samples, record->type, bits[i]);
    bcf_put_u32(out, (uint32_t)site.length);
    bcf_put_u32(out, (uint32_t)samples.length);
    bcf_put(out, site.data, site.length);
    bcf_put(out, samples.data, samples.length);
    dp_array_free(&site);
    dp_array_free(&samples);
}

static int read_record(struct reader *reader, const struct record *record, const uint32_t *bits,
                       struct dp_error *err)
{
    struct dp_array batch = {0};
    int rc;

    put_record(&batch, record, bits);
    ck_assert(dp_array_reserve(&batch, DP_MDR_BATCH_SLACK, 1));
    rc = dp_mdr_decode_batch(&reader->decode, &batch, 9, reader->genotypes, err);
    dp_array_free(&batch);
    return rc;
}

/* The calls of the variant `back` before the last one are these digits. */
static void must_be(const struct reader *reader, size_t back, const char *calls)
{
    size_t count = dp_mdr_genotypes_variant_count(reader->genotypes), s;
    const uint8_t *row = dp_mdr_genotypes_row(reader->genotypes, count - 1 - back);

    for (s = 0; s < SAMPLES; s++)
        if ((row[s / 4] >> 2 * (s % 4) & 3) != calls[s] - '0')
            ck_abort_msg("sample %zu: %d, not %c", s, row[s / 4] >> 2 * (s % 4) & 3, calls[s]);
}

static void must_read(struct reader *reader, const struct record *record, const uint32_t *bits,
                      const char *calls)
{
    struct dp_error err = {0};

    ck_assert_msg(read_record(reader, record, bits, &err) == DP_OK, "%s", err.message);
    must_be(reader, 0, calls);
}

static void must_fail(struct reader *reader, const struct record *record, const uint32_t *bits,
                      const char *message)
{
    struct dp_error err = {0};

    ck_assert_int_eq(read_record(reader, record, bits, &err), DP_DATA);
    ck_assert_str_eq(err.message, message);
}

/* --------------------------------------------------------------------------------------- GT */

/* As it stands in a genotype: allele number `n`, behind a '/' or '|'. */
#define ALLELE(n) (((n) + 1) << 1)
#define PHASED(n) (ALLELE(n) | 1)
#define NONE      0u
#define END(type) ((type) == INT8 ? 0x81u : (type) == INT16 ? 0x8001u : 0x80000001u)

START_TEST(genotypes_of_all_widths)
{
    unsigned type = (unsigned)_i;
    const uint32_t two[] = {ALLELE(0), PHASED(1), ALLELE(1), ALLELE(1), NONE,
                            ALLELE(1), ALLELE(1), END(type), ALLELE(0), ALLELE(0)};
    const uint32_t one[] = {ALLELE(0), ALLELE(1), NONE, ALLELE(1), ALLELE(0)};
    const uint32_t three[] = {ALLELE(1), PHASED(0), END(type), ALLELE(1), END(type),
                              END(type), NONE,      NONE,      END(type), END(type),
                              END(type), END(type), ALLELE(0), ALLELE(0), END(type)};
    const uint32_t triploid[] = {ALLELE(0), ALLELE(0), ALLELE(0), ALLELE(0), ALLELE(0),
                                 ALLELE(0), ALLELE(0), ALLELE(0), ALLELE(0), ALLELE(0),
                                 ALLELE(0), ALLELE(0), ALLELE(0), ALLELE(0), ALLELE(0)};
    struct record record = {.alleles = 2, .samples = SAMPLES, .field = GT, .type = type};
    struct reader reader;

    open_reader(DP_MDR_GT, &reader);
    record.per_sample = 2;
    must_read(&reader, &record, two, "12320");
    record.per_sample = 1;
    must_read(&reader, &record, one, "02320");
    record.per_sample = 3;
    must_read(&reader, &record, three, "12330");
    must_fail(&reader, &record, triploid,
              "x: record 9 (7:42): sample 'a': GT has more than two alleles");
    close_reader(&reader);
}
END_TEST

/* Of more alleles than the quick way knows, the last that fits a byte; and one that is not there.
 */
START_TEST(genotypes_of_many_alleles)
{
    static const uint32_t bits[] = {ALLELE(0),  ALLELE(62), PHASED(62), PHASED(62), ALLELE(1),
                                    ALLELE(59), ALLELE(60), PHASED(1),  NONE,       ALLELE(62)};
    static const uint32_t beyond[] = {ALLELE(0), ALLELE(1), ALLELE(0), ALLELE(1), ALLELE(0),
                                      ALLELE(1), ALLELE(0), ALLELE(1), ALLELE(0), ALLELE(2)};
    struct record record = {
        .alleles = 63, .samples = SAMPLES, .field = GT, .type = INT8, .per_sample = 2};
    struct reader reader;

    open_reader(DP_MDR_GT, &reader);
    must_read(&reader, &record, bits, "12003"); /* of allele 62 */
    ck_assert_uint_eq(dp_mdr_genotypes_variant_count(reader.genotypes), 62);
    must_be(&reader, 2, "00013");  /* of allele 60 */
    must_be(&reader, 3, "00103");  /* of allele 59 */
    must_be(&reader, 61, "00113"); /* of allele 1 */
    record.alleles = 2;
    must_fail(&reader, &record, beyond,
              "x: record 9 (7:42): sample 'e': GT names an allele that the record does not have");
    close_reader(&reader);
}
END_TEST

/* --------------------------------------------------------------------------- numbers and sites */

#define MISSING_FLOAT 0x7f800001u
#define END_FLOAT     0x7f800002u

static uint32_t bits_of(double number)
{
    float value = (float)number;
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

START_TEST(dosages_and_probabilities)
{
    const uint32_t dosages[] = {bits_of(0.1), bits_of(1.09), bits_of(1.5), MISSING_FLOAT,
                                bits_of(2)};
    const uint32_t whole[] = {0, 1, 2, 0x80, 1};
    const uint32_t split[] = {bits_of(1), bits_of(0.05), bits_of(0), MISSING_FLOAT, MISSING_FLOAT,
                              END_FLOAT,  bits_of(0),    bits_of(2), bits_of(1),    bits_of(0.5)};
    const uint32_t genotypes[] = {bits_of(0.95), bits_of(0.05), bits_of(0),
                                  bits_of(0.1),  bits_of(0.9),  END_FLOAT /* haploid */,
                                  bits_of(0.05), bits_of(0.05), MISSING_FLOAT,
                                  MISSING_FLOAT, END_FLOAT,     END_FLOAT,
                                  bits_of(0.4),  bits_of(0.3),  bits_of(0.3)};
    struct record record = {
        .alleles = 2, .samples = SAMPLES, .field = DS, .type = FLOAT, .per_sample = 1};
    struct reader reader;

    open_reader(DP_MDR_DS, &reader);
    must_read(&reader, &record, dosages, "01332");
    record.type = INT8;
    must_read(&reader, &record, whole, "01231");
    record.type = FLOAT;
    must_fail(&reader, &(struct record){3, SAMPLES, {0}, 0, DS, FLOAT, 1}, dosages,
              "x: record 9 (7:42): sample 'a': DS has not one value for each alternate allele");
    record.alleles = 3;
    record.per_sample = 2;
    must_read(&reader, &record, split, "03323"); /* of allele 2 */
    must_be(&reader, 1, "10301");
    close_reader(&reader);
    open_reader(DP_MDR_GP, &reader);
    record = (struct record){
        .alleles = 2, .samples = SAMPLES, .field = GP, .type = FLOAT, .per_sample = 3};
    must_read(&reader, &record, genotypes, "02333");
    close_reader(&reader);
}
END_TEST

START_TEST(filters_and_faults)
{
    static const uint32_t bits[] = {4, 4, 2, 4, 2, 2, 2, 4, 4, 4, 2, 2};
    static const struct {
        unsigned filters[2], count;
        bool passed;
    } sites[] = {{{0}, 0, true}, {{PASS}, 1, true}, {{Q10}, 1, false}, {{PASS, Q10}, 2, false}};
    struct record record = {
        .alleles = 2, .samples = SAMPLES, .field = GT, .type = INT8, .per_sample = 2};
    struct dp_mdr_variant variant;
    struct reader reader;
    size_t i;

    open_reader(DP_MDR_GT, &reader);
    for (i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        memcpy(record.filters, sites[i].filters, sizeof(record.filters));
        record.filter_count = sites[i].count;
        must_read(&reader, &record, bits, "21012");
        dp_mdr_genotypes_variant(reader.genotypes, i, &variant);
        ck_assert_int_eq(variant.passed, sites[i].passed);
        ck_assert_str_eq(variant.chrom, "7");
        ck_assert_str_eq(variant.id, "rs");
        ck_assert_uint_eq(variant.position, 42);
    }
    record.filter_count = 0;
    record.field = DS; /* a record without the field */
    record.type = INT8;
    must_read(&reader, &record, bits, "33333");
    record.field = GT;
    record.type = FLOAT;
    must_fail(&reader, &record, bits,
              "x: record 9 (7:42): its samples are not those of the header");
    record.type = INT8;
    record.samples = SAMPLES + 1;
    must_fail(&reader, &record, bits,
              "x: record 9 (7:42): its samples are not those of the header");
    close_reader(&reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr_decode_bcf");
    TCase *tcase = tcase_create("decode_bcf");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, genotypes_of_all_widths, INT8, INT32 + 1);
    tcase_add_test(tcase, genotypes_of_many_alleles);
    tcase_add_test(tcase, dosages_and_probabilities);
    tcase_add_test(tcase, filters_and_faults);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
