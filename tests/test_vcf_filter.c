/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "base/array.h"
#include "index/format/vcf_filter.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char records[] = "1\t0\t.\tACG\tT\t.\t.\t.\tGT\ta\tb\n"
                              "1\t5\t.\tA\tT\t.\t.\tEND=30\tGT\tc\td\n"
                              "1\t10\t.\tAC\tT\t.\t.\t.\tGT\te\tf\r\n"
                              "1\t20\t.\tA\tT\t.\t.\t.\tGT\tg\th\n"
                              "2\t10\t.\tA\tT\t.\t.\t.\tGT\ti\tj";

#define OVERLAP "\"contig\":\"1\",\"after\":0,\"by\":\"overlap\",\"end_is_number\":true"
#define POSITION "\"contig\":\"1\",\"after\":0,\"by\":\"position\",\"end_is_number\":true"

/* Filters `text` in parts of `step` bytes; what passed, with a NUL behind it, or NULL. */
static char *filter(const char *spec_text, const char *text, size_t step, bool prologue,
                    uint64_t *count, struct dp_error *err)
{
    json_t *spec = json_loads(spec_text, JSON_DECODE_ANY, NULL);
    struct dp_filter *made = NULL;
    struct dp_array out = {0};
    size_t at, part, length = strlen(text);
    int rc;

    ck_assert_msg(spec != NULL, "%s", spec_text);
    rc = dp_vcf_filter.open(spec, "object", prologue, &made, err);
    json_decref(spec);
    for (at = 0; !rc && at < length; at += part) {
        char *copy;

        part = length - at < step ? length - at : step;
        copy = malloc(part);
        memcpy(copy, text + at, part);
        rc = dp_vcf_filter.feed(made, (const uint8_t *)copy, part, &out, err);
        free(copy);
    }
    if (!rc)
        rc = dp_vcf_filter.finish(made, &out, err);
    if (!rc)
        *count = dp_vcf_filter.record_count(made);
    dp_vcf_filter.close(made);
    ck_assert(dp_array_append(&out, "", 1, 1));
    if (rc) {
        dp_array_free(&out);
        ck_assert_int_eq(err->code, rc);
    }
    return out.data;
}

struct choice {
    const char *spec;
    unsigned passed; /* bit i: record i passes */
};

static const struct choice choices[] = {
    {"{\"regions\":[[1,100]]," OVERLAP "}", 0xe}, /* not position 0 */
    {"{\"regions\":[[0,100]]," OVERLAP "}", 0xe},
    {"{\"regions\":[[11,11]]," OVERLAP "}", 0x6},
    {"{\"regions\":[[12,12]]," OVERLAP "}", 0x2},
    {"{\"regions\":[[30,30]]," OVERLAP "}", 0x2},
    {"{\"regions\":[[31,90]]," OVERLAP "}", 0x0},
    {"{\"regions\":[[1,4],[6,9],[20,20]]," OVERLAP "}", 0xa},
    {"{\"regions\":[]," OVERLAP "}", 0x0},
    {"{\"regions\":[[12,12]],\"contig\":\"1\",\"after\":0,\"by\":\"overlap\","
     "\"end_is_number\":false}", 0x0},
    {"{\"regions\":[[11,40]],\"contig\":\"1\",\"after\":5,\"by\":\"overlap\","
     "\"end_is_number\":true}", 0xc},
    {"{\"regions\":[[1,40]],\"contig\":\"2\",\"after\":0,\"by\":\"overlap\","
     "\"end_is_number\":true}", 0x10},
    {"{\"regions\":[[1,40]],\"contig\":\"3\",\"after\":0,\"by\":\"overlap\","
     "\"end_is_number\":true}", 0x0},
    {"{\"regions\":[[0,9]]," POSITION "}", 0x3},
    {"{\"regions\":[[1,10]]," POSITION "}", 0x6},
    {"{\"regions\":[[11,40]]," POSITION "}", 0x8},
    {"{\"columns\":[[0,2]]}", 0x1f},
};

static void expect(unsigned passed, char *expected, uint64_t *count)
{
    const char *p = records, *end;
    unsigned i;

    *count = 0;
    for (i = 0; i < 5; i++, p = end) {
        end = strchr(p, '\n');
        end = end ? end + 1 : p + strlen(p);
        if (!(passed >> i & 1))
            continue;
        ++*count;
        memcpy(expected, p, (size_t)(end - p));
        expected += end - p;
    }
    *expected = '\0';
}

START_TEST(test_choices)
{
    const struct choice *choice = &choices[_i];
    char expected[sizeof(records)];
    uint64_t wanted, count = 0;
    size_t step;

    expect(choice->passed, expected, &wanted);
    for (step = 1; step <= sizeof(records); step++) {
        struct dp_error err = {0};
        char *passed = filter(choice->spec, records, step, false, &count, &err);

        ck_assert_msg(passed != NULL, "%s: %s", choice->spec, err.message);
        ck_assert_msg(strcmp(passed, expected) == 0, "%s: %s", choice->spec, passed);
        ck_assert_msg(count == wanted, "%s: %d", choice->spec, (int)count);
        free(passed);
    }
}
END_TEST

START_TEST(test_regions_and_columns)
{
    static const char spec[] = "{\"regions\":[[10,20]],\"columns\":[[1,2]]," OVERLAP "}";
    struct dp_error err = {0};
    uint64_t count = 0;
    size_t step;

    for (step = 1; step < 60; step++) {
        char *passed = filter(spec, records, step, false, &count, &err);

        ck_assert_str_eq(passed, "1\t5\t.\tA\tT\t.\t.\tEND=30\tGT\td\n"
                                 "1\t10\t.\tAC\tT\t.\t.\t.\tGT\tf\r\n"
                                 "1\t20\t.\tA\tT\t.\t.\t.\tGT\th\n");
        ck_assert_uint_eq(count, 3);
        free(passed);
    }
}
END_TEST

/* Of a header no line is dropped, and its lines are no records. */
START_TEST(test_prologue)
{
    static const char header[] = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\t"
                                 "INFO\tFORMAT\tx\ty\n";
    struct dp_error err = {0};
    uint64_t count = 9;
    char *passed;

    passed = filter("{\"regions\":[[10,20]]," OVERLAP "}", header, 7, true, &count, &err);
    ck_assert_str_eq(passed, header);
    ck_assert_uint_eq(count, 0);
    free(passed);
    passed = filter("{\"columns\":[[1,2]]}", header, 7, true, &count, &err);
    ck_assert_str_eq(passed, "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\t"
                             "INFO\tFORMAT\ty\n");
    ck_assert_uint_eq(count, 0);
    free(passed);
}
END_TEST

static const char *const senseless[] = {
    "{}", "[]", "3",
    "{\"regions\":[[1,2]]}",
    "{\"regions\":[[2,1]]," OVERLAP "}",
    "{\"regions\":[[-1,1]]," OVERLAP "}",
    "{\"regions\":[[1,5],[5,6]]," OVERLAP "}",
    "{\"regions\":[[7,9],[5,6]]," OVERLAP "}",
    "{\"regions\":[[1]]," OVERLAP "}",
    "{\"regions\":[[1,2,3]]," OVERLAP "}",
    "{\"regions\":[[1.5,2]]," OVERLAP "}",
    "{\"regions\":[[\"1\",2]]," OVERLAP "}",
    "{\"regions\":{}," OVERLAP "}",
    "{\"regions\":[[1,2]],\"other\":1," OVERLAP "}",
    "{\"columns\":[[1,2]],\"other\":1}",
    "{\"regions\":[],\"contig\":1,\"after\":0,\"by\":\"overlap\",\"end_is_number\":true}",
    "{\"regions\":[],\"contig\":\"1\",\"after\":-1,\"by\":\"overlap\",\"end_is_number\":true}",
    "{\"regions\":[],\"contig\":\"1\",\"after\":0,\"by\":\"chance\",\"end_is_number\":true}",
    "{\"regions\":[],\"contig\":\"1\",\"after\":0,\"by\":\"overlap\",\"end_is_number\":1}",
};

START_TEST(test_senseless)
{
    struct dp_error err = {0};
    uint64_t count;

    ck_assert_msg(filter(senseless[_i], "", 1, false, &count, &err) == NULL, "%s", senseless[_i]);
    ck_assert_int_eq(err.code, DP_BAD_INDEX);
    ck_assert_ptr_nonnull(strstr(err.message, "object: the filter"));
}
END_TEST

START_TEST(test_no_record)
{
    struct dp_error err = {0};
    uint64_t count;

    ck_assert_ptr_null(filter("{\"regions\":[[1,2]]," OVERLAP "}", "1\t2\t3\n", 2, false, &count,
                              &err));
    ck_assert_int_eq(err.code, DP_DATA);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vcf_filter");
    TCase *tests = tcase_create("vcf_filter");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, test_choices, 0, sizeof(choices) / sizeof(choices[0]));
    tcase_add_test(tests, test_regions_and_columns);
    tcase_add_test(tests, test_prologue);
    tcase_add_loop_test(tests, test_senseless, 0, sizeof(senseless) / sizeof(senseless[0]));
    tcase_add_test(tests, test_no_record);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
