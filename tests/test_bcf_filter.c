/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/format/bcf_filter.h"
#include "tests/bcf_data.h"
#include "tests/scanning.h"

static const size_t pieces[] = {SIZE_MAX, 1, 7, 31, 32, 33, 100};

/* The filter of a text in which apostrophes stand for quotes. */
static int open_filter(const char *text, bool prologue, struct dp_filter **filter,
                       struct dp_error *err)
{
    char json[3000];
    json_t *spec;
    size_t i;
    int rc;

    MUST(strlen(text) < sizeof(json));
    snprintf(json, sizeof(json), "%s", text);
    for (i = 0; json[i]; i++)
        if (json[i] == '\'')
            json[i] = '"';
    spec = json_loads(json, 0, NULL);
    ck_assert_ptr_nonnull(spec);
    rc = dp_bcf_filter.open(spec, "object", prologue, filter, err);
    json_decref(spec);
    return rc;
}

static struct dp_array pass(const char *spec, bool prologue, const struct dp_array *in,
                            size_t piece, uint64_t *records)
{
    struct dp_filter *filter = NULL;
    struct dp_array out = {0};
    struct dp_error err = {0};
    size_t at, part;

    ck_assert_msg(open_filter(spec, prologue, &filter, &err) == 0, "%s", err.message);
    for (at = 0; at < in->length; at += part) {
        part = in->length - at < piece ? in->length - at : piece;
        ck_assert_int_eq(
            dp_bcf_filter.feed(filter, (uint8_t *)in->data + at, part, &out, &err), 0);
    }
    ck_assert_int_eq(dp_bcf_filter.finish(filter, &out, &err), 0);
    *records = dp_bcf_filter.record_count(filter);
    dp_bcf_filter.close(filter);
    return out;
}

/* Records of contigs 0 and 1 at positions 1, 11, 21, ...; every third one is 15 bases long. */
static void make_records(struct dp_array *all, struct dp_array *wanted, int32_t contig,
                         uint64_t begin, uint64_t end)
{
    int32_t i;

    for (i = 0; i < 60; i++) {
        struct bcf_record record = bcf_simple(i / 30, i % 30 * 10);
        uint64_t first = (uint64_t)record.position + 1;

        record.length = i % 3 ? 1 : 15;
        record.shared += (uint32_t)i;
        bcf_put_record(all, &record);
        if (record.contig == contig && first <= end &&
            first + (uint64_t)record.length - 1 >= begin)
            bcf_put_record(wanted, &record);
    }
}

START_TEST(records_of_a_region)
{
    static const char spec[] = "{'contig':'b','regions':[[45,101]],'after':0,'by':'overlap',"
                               "'end_is_number':false,'number':1}";
    struct dp_array all = {0}, wanted = {0}, out;
    uint64_t records;
    size_t i;

    make_records(&all, &wanted, 1, 45, 101);
    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        out = pass(spec, false, &all, pieces[i], &records);
        ck_assert_uint_eq(out.length, wanted.length);
        ck_assert_mem_eq(out.data, wanted.data, wanted.length);
        ck_assert_uint_eq(records, 7);
        dp_array_free(&out);
    }
    dp_array_free(&all);
    dp_array_free(&wanted);
}
END_TEST

START_TEST(headers_pass)
{
    static const char spec[] = "{'contig':'b','regions':[[45,101]],'after':0,'by':'overlap',"
                               "'end_is_number':false,'number':1}";
    struct dp_array header = {0}, out;
    uint64_t records;

    bcf_put_header(&header, BCF_TEXT);
    out = pass(spec, true, &header, 20, &records);
    ck_assert_uint_eq(out.length, header.length);
    ck_assert_mem_eq(out.data, header.data, header.length);
    ck_assert_uint_eq(records, 0);
    dp_array_free(&header);
    dp_array_free(&out);
}
END_TEST

START_TEST(odd_filters)
{
    static const struct {
        const char *spec;
        int code;
    } bad[] = {
        {"{}", DP_BAD_INDEX},
        {"{'columns':[[0,1]]}", DP_BAD_INDEX},
        {"{'samples':1}", DP_BAD_INDEX},
        {"{'columns':{},'samples':1}", DP_BAD_INDEX},
        {"{'columns':[[0,2]],'samples':1}", DP_BAD_INDEX},
        {"{'columns':[[0,1],[0,1]],'samples':1}", DP_BAD_INDEX},
        {"{'columns':[[0,1]],'samples':'1'}", DP_BAD_INDEX},
        {"{'columns':[[0,1]],'samples':16777216}", DP_BAD_INDEX},
        {"{'columns':[[0,1]],'samples':1,'regions':[[4,9]]}", DP_BAD_INDEX},
        {"{'contig':'b','regions':[[4,9]],'after':0,'by':'overlap','end_is_number':false}",
         DP_BAD_INDEX},
        {"{'contig':'b','regions':[[4,9]],'after':0,'by':'overlap','end_is_number':false,"
         "'number':-1}",
         DP_BAD_INDEX},
        {"{'contig':'b','regions':[[4,9]],'after':0,'by':'overlap','end_is_number':false,"
         "'number':'1'}",
         DP_BAD_INDEX},
        {"{'contig':'b','regions':[[9,4]],'after':0,'by':'overlap','end_is_number':false,"
         "'number':1}",
         DP_BAD_INDEX},
    };
    struct dp_filter *filter;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(open_filter(bad[i].spec, false, &filter, NULL) == bad[i].code, "%s",
                      bad[i].spec);
}
END_TEST

START_TEST(no_records)
{
    static const char spec[] = "{'contig':'b','regions':[[45,101]],'after':0,'by':'overlap',"
                               "'end_is_number':false,'number':1}";
    struct bcf_record record = bcf_simple(0, 1);
    static const uint8_t zeros[40];
    struct dp_array in = {0}, out = {0};
    struct dp_filter *filter;

    bcf_put_record(&in, &record);
    ck_assert_int_eq(open_filter(spec, false, &filter, NULL), 0);
    ck_assert_int_eq(dp_bcf_filter.feed(filter, in.data, in.length - 1, &out, NULL), 0);
    ck_assert_int_eq(dp_bcf_filter.finish(filter, &out, NULL), DP_DATA);
    dp_bcf_filter.close(filter);
    ck_assert_int_eq(open_filter(spec, false, &filter, NULL), 0);
    ck_assert_int_eq(dp_bcf_filter.feed(filter, zeros, sizeof(zeros), &out, NULL), DP_DATA);
    dp_bcf_filter.close(filter);
    dp_array_free(&in);
    dp_array_free(&out);
}
END_TEST

/* --------------------------------------------------------------------------------- samples */

#define SAMPLES 5

/* Appends a FORMAT field: its key, its type and the length of its vectors, and of each sample a
 * vector whose bytes tell the sample. A length of 15 or more is written behind the type. */
static void put_field(struct dp_array *out, int key, unsigned type, int32_t length,
                      size_t vector_bytes, const unsigned *samples, size_t count)
{
    uint8_t bytes[7] = {0x11, (uint8_t)key, (uint8_t)(length << 4 | type)};
    size_t i, k;

    if (length < 15) {
        bcf_put(out, bytes, 3);
    } else {
        bytes[2] = (uint8_t)(0xf0 | type);
        bytes[3] = length < 128 ? 0x11 : 0x12;
        dp_le16_store(bytes + 4, (uint16_t)length);
        bcf_put(out, bytes, length < 128 ? 5 : 6);
    }
    for (i = 0; i < count; i++)
        for (k = 0; k < vector_bytes; k++) {
            uint8_t byte = (uint8_t)(samples[i] * 40 + k % 30 + (unsigned)key);

            bcf_put(out, &byte, 1);
        }
}

/* Puts a record whose shared part ends in `mark`; of its fields there are these samples. Their
 * number is `count`, of every kind of type and length. */
static void put_calls(struct dp_array *out, unsigned mark, unsigned formats,
                      const unsigned *samples, size_t count)
{
    static const struct {
        unsigned type;
        int32_t length;
        unsigned value_bytes;
    } kinds[] = {{1, 2, 1}, {2, 1, 2}, {7, 300, 1}, {3, 3, 4}, {5, 20, 4}, {0, 0, 0}, {7, 14, 1}};
    struct bcf_record record = bcf_simple((int32_t)mark % 2, (int32_t)mark * 10);
    struct dp_array fields = {0};
    unsigned i;

    for (i = 0; i < formats; i++)
        put_field(&fields, (int)i, kinds[i % 7].type, kinds[i % 7].length,
                  (size_t)kinds[i % 7].length * kinds[i % 7].value_bytes, samples, count);
    record.shared += mark;
    record.samples = (uint32_t)count;
    record.formats = formats;
    record.indiv = 0;
    bcf_put_record(out, &record);
    dp_le32_store((uint8_t *)out->data + out->length - (record.shared + 8) + 4,
                  (uint32_t)fields.length);
    if (fields.length)
        bcf_put(out, fields.data, fields.length);
    dp_array_free(&fields);
}

static const unsigned everyone[SAMPLES] = {0, 1, 2, 3, 4};

static const struct {
    const char *columns;
    size_t count;
    unsigned samples[SAMPLES];
} choices[] = {
    {"[[0,5]]", 5, {0, 1, 2, 3, 4}}, {"[[2,3]]", 1, {2}},
    {"[[4,5],[0,2]]", 3, {4, 0, 1}}, {"[[3,4],[2,3],[1,2]]", 3, {3, 2, 1}},
};

/* Records of 0 to 8 FORMAT fields, and one without samples, which stays what it is. */
static void make_calls(struct dp_array *out, const unsigned *samples, size_t count, unsigned step)
{
    unsigned i;

    for (i = 0; i < 9; i += step)
        put_calls(out, i, i, samples, count);
    if (step == 1)
        put_calls(out, 9, 0, NULL, 0);
}

START_TEST(samples_in_the_order_asked)
{
    struct dp_array all = {0}, wanted = {0}, out;
    char spec[200];
    uint64_t records;
    size_t i;

    make_calls(&all, everyone, SAMPLES, 1);
    make_calls(&wanted, choices[_i].samples, choices[_i].count, 1);
    snprintf(spec, sizeof(spec), "{'columns':%s,'samples':5}", choices[_i].columns);
    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        out = pass(spec, false, &all, pieces[i], &records);
        ck_assert_uint_eq(out.length, wanted.length);
        ck_assert_mem_eq(out.data, wanted.data, wanted.length);
        ck_assert_uint_eq(records, 10);
        dp_array_free(&out);
    }
    dp_array_free(&all);
    dp_array_free(&wanted);
}
END_TEST

/* Those at even places are on contig 0. */
START_TEST(samples_of_a_region)
{
    static const char spec[] = "{'contig':'a','regions':[[1,1000]],'after':0,'by':'position',"
                               "'end_is_number':false,'number':0,'columns':[[4,5],[0,2]],"
                               "'samples':5}";
    static const unsigned chosen[] = {4, 0, 1};
    struct dp_array all = {0}, wanted = {0}, out;
    uint64_t records;
    size_t i;

    make_calls(&all, everyone, SAMPLES, 1);
    make_calls(&wanted, chosen, 3, 2);
    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        out = pass(spec, false, &all, pieces[i], &records);
        ck_assert_uint_eq(out.length, wanted.length);
        ck_assert_mem_eq(out.data, wanted.data, wanted.length);
        ck_assert_uint_eq(records, 5);
        dp_array_free(&out);
    }
    dp_array_free(&all);
    dp_array_free(&wanted);
}
END_TEST

#define META  "##fileformat=VCFv4.2\n##note=#CHROM\tPOS\n##contig=<ID=a>\n"
#define FIXED "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"

/* The length of the text changes; what stands behind #CHROM, NULs too, stays. */
START_TEST(names_of_samples)
{
    static const struct {
        const char *before, *after;
    } texts[] = {
        {META FIXED "\tA\tbb\tC\tD d\tE\n", META FIXED "\tE\tA\tbb\n"},
        {META FIXED "\tA\tbb\tC\tD d\tE", META FIXED "\tE\tA\tbb"},
        {META FIXED "\tA\tbb\tC\tD d\tE\r\n##more\n", META FIXED "\tE\tA\tbb\r\n##more\n"},
    };
    struct dp_array before = {0}, after = {0}, out;
    uint64_t records;
    size_t i, k;

    for (k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
        before.length = after.length = 0;
        bcf_put_header(&before, texts[k].before);
        bcf_put_header(&after, texts[k].after);
        for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
            out = pass("{'columns':[[4,5],[0,2]],'samples':5}", true, &before, pieces[i],
                       &records);
            ck_assert_uint_eq(out.length, after.length);
            ck_assert_mem_eq(out.data, after.data, after.length);
            ck_assert_uint_eq(records, 0);
            dp_array_free(&out);
        }
    }
    dp_array_free(&before);
    dp_array_free(&after);
}
END_TEST

START_TEST(choices_by_name)
{
    static const struct {
        const char *wanted, *keys; /* or what the error says */
        int code;
    } cases[] = {
        {"E\nA\nbb", "{\"columns\":[[4,5],[0,2]],\"samples\":5}", DP_OK},
        {"^D d", "{\"columns\":[[0,3],[4,5]],\"samples\":5}", DP_OK},
        {"b", "sample 'b' is not in the header", DP_INVALID},
        {"C\nC", "sample 'C' is named twice", DP_INVALID},
        {"", "no sample is left", DP_INVALID},
    };
    struct dp_array header = {0};
    size_t i;

    bcf_put_header(&header, META FIXED "\tA\tbb\tC\tD d\tE\n");
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dp_error err = {0};
        json_t *keys = NULL;
        char *text;
        int rc = dp_bcf_filter.choose(header.data, header.length, cases[i].wanted, "object", &keys,
                                      &err);

        ck_assert_int_eq(rc, cases[i].code);
        text = rc ? NULL : json_dumps(keys, JSON_COMPACT);
        ck_assert_msg(strstr(rc ? err.message : text, cases[i].keys), "%s",
                      rc ? err.message : text);
        free(text);
        json_decref(keys);
    }
    dp_array_free(&header);
}
END_TEST

/* Feeds all at once: fails so, says so, and nothing of the bad record has passed. */
static void must_refuse(const struct dp_array *in, bool prologue, size_t passed, const char *says)
{
    struct dp_filter *filter = NULL;
    struct dp_array out = {0};
    struct dp_error err = {0};
    int rc;

    MUST(open_filter("{'columns':[[4,5],[0,2]],'samples':5}", prologue, &filter, &err) == 0);
    rc = dp_bcf_filter.feed(filter, in->data, in->length, &out, &err);
    if (!rc)
        rc = dp_bcf_filter.finish(filter, &out, &err);
    ck_assert_msg(rc == DP_DATA && strstr(err.message, says), "'%s' is not in '%s'", says,
                  err.message);
    ck_assert_uint_eq(out.length, passed);
    dp_bcf_filter.close(filter);
    dp_array_free(&out);
}

/* The third record has two FORMAT fields; a byte of these is changed. */
START_TEST(odd_fields)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *says;
    } bad[] = {
        {0, 0x21, "record 3 of this slice: FORMAT field 1 of 2: its key is no integer"},
        {0, 0x17, "field 1 of 2: its key is no integer"},
        {2, 0x34, "field 1 of 2: its type is none of BCF"},
        {2, 0x20, "field 1 of 2: its type is none of BCF"},
        {2, 0x01, "field 2 of 2: its key is no integer"}, /* no values in the first */
        {2, 0xe5, "field 1 of 2: its vectors reach beyond the record"},
        {2, 0xf1, "field 1 of 2: the length of its vectors makes no sense"},
        {15, 0x22, "field 2 of 2: its vectors reach beyond the record"},
        {15, 0x11, "5 bytes behind the last of 2 FORMAT fields"},
    };
    struct dp_array all = {0};
    size_t i, fields;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dp_array before = {0};

        all.length = 0;
        make_calls(&before, choices[2].samples, 3, 9);
        put_calls(&before, 1, 1, choices[2].samples, 3);
        put_calls(&all, 0, 0, everyone, SAMPLES);
        put_calls(&all, 1, 1, everyone, SAMPLES);
        put_calls(&all, 2, 2, everyone, SAMPLES);
        fields = all.length - (3 + 10 + 3 + 10);
        ((uint8_t *)all.data)[fields + bad[i].at] = bad[i].value;
        must_refuse(&all, false, before.length, bad[i].says);
        dp_array_free(&before);
    }
    dp_array_free(&all);
}
END_TEST

/* What the record's head says does not fit. */
START_TEST(odd_counts)
{
    struct dp_array all = {0};
    uint8_t *bytes;

    put_calls(&all, 2, 2, everyone, SAMPLES);
    bytes = all.data;
    dp_le32_store(bytes + 28, 2u << 24 | 4);
    must_refuse(&all, false, 0, "record 1 of this slice: 4 samples, the header names 5");
    dp_le32_store(bytes + 28, 1u << 24 | 5);
    must_refuse(&all, false, 0, "13 bytes behind the last of 1 FORMAT fields");
    dp_le32_store(bytes + 28, 3u << 24 | 5);
    must_refuse(&all, false, 0, "FORMAT field 3 of 3: its key is no integer");
    dp_le32_store(bytes + 28, 2u << 24 | 5);
    dp_le32_store(bytes + 4, 25); /* one less: the next record begins a byte early */
    must_refuse(&all, false, 0, "FORMAT field 2 of 2: its vectors reach beyond the record");
    dp_le32_store(bytes + 4, 0);
    must_refuse(&all, false, 0, "FORMAT field 1 of 2: its key is no integer");
    dp_le32_store(bytes + 4, 26);
    all.length--;
    must_refuse(&all, false, 0, "the data end inside a record");
    dp_array_free(&all);
}
END_TEST

START_TEST(odd_prologues)
{
    struct dp_array header = {0};

    must_refuse(&header, true, 0, "this is no header of a BCF");
    bcf_put_header(&header, META FIXED "\tA\tB\tC\tD\tE\n");
    header.length--;
    must_refuse(&header, true, 0, "this is no header of a BCF");
    header.length = 0;
    bcf_put_header(&header, META);
    must_refuse(&header, true, 0, "the header has no line #CHROM");
    dp_array_free(&header);
}
END_TEST

START_TEST(names_that_are_missing)
{
    struct dp_filter *filter = NULL;
    struct dp_array header = {0}, out = {0};
    struct dp_error err = {0};

    bcf_put_header(&header, META FIXED "\tA\tB\n");
    MUST(open_filter("{'columns':[[4,5]],'samples':5}", true, &filter, &err) == 0);
    ck_assert_int_eq(dp_bcf_filter.feed(filter, header.data, header.length, &out, &err), 0);
    ck_assert_int_eq(dp_bcf_filter.finish(filter, &out, &err), DP_DATA);
    ck_assert_msg(strstr(err.message, "2 samples, sample number 5 is wanted"), "%s", err.message);
    dp_bcf_filter.close(filter);
    dp_array_free(&header);
    dp_array_free(&out);
}
END_TEST

/* A record that says it is huge is refused before anything of it is kept. */
START_TEST(huge_records)
{
    struct dp_filter *filter = NULL;
    struct dp_array in = {0}, out = {0};
    struct dp_error err = {0};

    put_calls(&in, 2, 2, everyone, SAMPLES);
    dp_le32_store((uint8_t *)in.data + 4, INT32_MAX);
    MUST(open_filter("{'columns':[[4,5]],'samples':5}", false, &filter, &err) == 0);
    ck_assert_int_eq(dp_bcf_filter.feed(filter, in.data, 40, &out, &err), DP_UNSUPPORTED);
    ck_assert_msg(strstr(err.message, "record 1 of this slice"), "%s", err.message);
    dp_bcf_filter.close(filter);
    dp_array_free(&in);
    dp_array_free(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bcf_filter");
    TCase *tcase = tcase_create("bcf_filter");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, records_of_a_region);
    tcase_add_test(tcase, headers_pass);
    tcase_add_test(tcase, odd_filters);
    tcase_add_test(tcase, no_records);
    tcase_add_loop_test(tcase, samples_in_the_order_asked, 0,
                        sizeof(choices) / sizeof(choices[0]));
    tcase_add_test(tcase, samples_of_a_region);
    tcase_add_test(tcase, names_of_samples);
    tcase_add_test(tcase, choices_by_name);
    tcase_add_test(tcase, odd_fields);
    tcase_add_test(tcase, odd_counts);
    tcase_add_test(tcase, odd_prologues);
    tcase_add_test(tcase, names_that_are_missing);
    tcase_add_test(tcase, huge_records);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
