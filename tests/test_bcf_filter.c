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
    char json[500];
    json_t *spec;
    size_t i;
    int rc;

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
        {"{'columns':[[0,1]]}", DP_UNSUPPORTED},
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
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
