/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/format/fastq.h"
#include "index/format/text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define GOOD "@a\nACGT\n+\nIIII\n"

static const struct dp_format *detect(const char *name, const char *text)
{
    return dp_format_detect(name, (const uint8_t *)text, strlen(text), true, NULL);
}

START_TEST(formats_are_found_by_name)
{
    ck_assert_ptr_eq(dp_format_find("fastq"), &dp_fastq);
    ck_assert_ptr_eq(dp_format_find("text"), &dp_text);
    ck_assert_ptr_null(dp_format_find("FASTQ"));
    ck_assert_ptr_null(dp_format_find(""));
}
END_TEST

START_TEST(the_table_is_whole)
{
    const struct dp_format *format;
    size_t i;

    for (i = 0; (format = dp_format_at(i)); i++) {
        ck_assert_ptr_eq(dp_format_find(format->name), format);
        ck_assert_str_eq(dp_format_name(i), format->name);
        ck_assert(format->description && format->sniff && format->open && format->scan);
        ck_assert(format->finish && format->close);
    }
    ck_assert_uint_ge(i, 2);
    ck_assert_ptr_null(dp_format_at(i + 1));
    ck_assert_ptr_null(dp_format_name(i));
}
END_TEST

START_TEST(content_decides)
{
    ck_assert_ptr_eq(detect("x", GOOD), &dp_fastq);
    ck_assert_ptr_eq(detect("x.txt", GOOD), &dp_fastq);
    ck_assert_ptr_eq(detect("x", "some lines\nof text"), &dp_text);
    ck_assert_ptr_eq(detect("x", ""), &dp_text);
}
END_TEST

START_TEST(sam_is_text)
{
    ck_assert_ptr_eq(detect("x.sam", "@HD\tVN:1.6\n@SQ\tSN:1\tLN:9\n"), &dp_text);
    ck_assert_ptr_eq(detect("x", "@CO\tA\n+\nI\n"), &dp_text);
}
END_TEST

/* The name says FASTQ: its scanner shall say what is wrong, no one shall take it for text. */
START_TEST(the_name_decides_where_content_is_not_sure)
{
    static const char *const names[] = {
        "x.fastq", "x.fq", "dir/x.fx", "X.FASTQ", "x.fastq.gz", "x.fq.bgz", "s3://b/x.fq.gz",
        "https://h/x.fastq.gz?versionId=7&x=.txt", "https://h/x.fq#part",
    };
    static const char *const texts[] = {"", " \n", "ACGT\n", "@a\nAC", ">a\nACGT\n",
                                        "@HD\tVN:1.6\n"};
    size_t i, j;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (j = 0; j < sizeof(texts) / sizeof(texts[0]); j++)
            ck_assert_msg(detect(names[i], texts[j]) == &dp_fastq, "%s: %s", names[i], texts[j]);
    ck_assert_ptr_eq(detect("fastq", "ACGT\n"), &dp_text);
    ck_assert_ptr_eq(detect("x.fastq.txt", "ACGT\n"), &dp_text);
    ck_assert_ptr_eq(detect("x?.fq", "ACGT\n"), &dp_fastq);
}
END_TEST

/* Even without a helpful name, what was meant as FASTQ is not taken for lines. */
START_TEST(broken_fastq_is_not_text)
{
    ck_assert_ptr_eq(detect("-", "@a\nAC GT\n+\nIIIII\n"), &dp_fastq);
    ck_assert_ptr_eq(detect("-", "@a\nACGT\n+\nIII\n"), &dp_fastq);
    ck_assert_ptr_eq(detect("-", GOOD "@b\nA"), &dp_fastq);
}
END_TEST

START_TEST(binary_is_neither)
{
    static const uint8_t bytes[] = {'P', 'K', 3, 4, 0, 0, 1, 2};
    struct dp_error err = {0};

    ck_assert_ptr_null(dp_format_detect("x.zip", bytes, sizeof(bytes), true, &err));
    ck_assert_int_eq(err.code, DP_UNSUPPORTED);
    ck_assert_msg(strncmp(err.message, "x.zip: ", 7) == 0, "%s", err.message);
    ck_assert_ptr_eq(dp_format_detect("x.fq", bytes, sizeof(bytes), true, NULL), &dp_fastq);
}
END_TEST

/* gzip over BGZF: no name makes that something else. */
START_TEST(packed_twice)
{
    static const uint8_t bytes[] = {0x1f, 0x8b, 8, 4, 0, 0, 0, 0};
    struct dp_error err = {0};

    ck_assert_ptr_null(dp_format_detect("x.bcf.gz", bytes, sizeof(bytes), true, &err));
    ck_assert_int_eq(err.code, DP_UNSUPPORTED);
    ck_assert_msg(strstr(err.message, "packed twice"), "%s", err.message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format");
    TCase *tcase = tcase_create("format");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, formats_are_found_by_name);
    tcase_add_test(tcase, the_table_is_whole);
    tcase_add_test(tcase, content_decides);
    tcase_add_test(tcase, sam_is_text);
    tcase_add_test(tcase, the_name_decides_where_content_is_not_sure);
    tcase_add_test(tcase, broken_fastq_is_not_text);
    tcase_add_test(tcase, binary_is_neither);
    tcase_add_test(tcase, packed_twice);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
