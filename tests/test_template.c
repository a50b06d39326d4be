/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tools/template.h"

#include <check.h>
#include <stdlib.h>

static const struct dp_slice_info slice = {
    .id = "c0ffee", .format = "fastq", .number = 7, .slice_count = 1234567};
static const struct dp_slice_info few = {
    .id = "c0ffee", .format = "text", .number = 12345, .slice_count = 20000};

static void expands(const char *template, const struct dp_slice_info *info, const char *want)
{
    char *name = dp_template_expand(template, info, "R2");

    ck_assert_str_eq(name, want);
    free(name);
}

static void default_expands(const char *format, bool compressed, bool many_outputs,
                            const struct dp_slice_info *info, const char *want)
{
    char *template = dp_template_default(format, compressed, many_outputs);

    expands(template, info, want);
    free(template);
}

START_TEST(placeholders_are_replaced)
{
    expands("{number}", &slice, "0000007");
    expands("{number}", &few, "12345");
    expands("a{id}b{format}c{number}{id}", &slice, "ac0ffeebfastqc0000007c0ffee");
    expands("{ number}{Number}{}{", &slice, "{ number}{Number}{}{");
    default_expands("fastq", false, false, &slice, "slice-0000007.fastq");
    default_expands("fastq", true, false, &slice, "slice-0000007.fastq.gz");
    default_expands("text", false, false, &few, "slice-12345.txt");
    default_expands("text", true, false, &few, "slice-12345.txt.gz");
    default_expands("fastq", true, true, &slice, "slice-0000007_R2.fastq.gz");
    expands("{output}/{number}", &few, "R2/12345");
}
END_TEST

START_TEST(templates_are_checked)
{
    static const char *const right[] = {"{number}", "{id}.x", "a-{number}-{format}",
                                        "{output}{id}"};
    static const char *const wrong[] = {"", "x", "{format}", "{number}{", "a/{id}", "{id}{x}"};
    const char *why = NULL;
    size_t i;

    for (i = 0; i < sizeof(right) / sizeof(right[0]); i++)
        ck_assert(dp_template_check(right[i], &why));
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        why = NULL;
        ck_assert_msg(!dp_template_check(wrong[i], &why), "'%s' was taken", wrong[i]);
        ck_assert_ptr_nonnull(why);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("template");
    TCase *tests = tcase_create("template");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, placeholders_are_replaced);
    tcase_add_test(tests, templates_are_checked);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
