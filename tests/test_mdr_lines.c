/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/lines.c: every field of every line, whatever ends and parts them. */

#include "config.h"

#include "mdr/lines.h"
#include "tests/connectors.h"

/* All of it, as "field|field;" for each line, the numbers of the lines in front: "1:a|b;". */
static void show(struct dp_mdr_lines *lines, char *to, size_t room)
{
    size_t used = 0, i;
    int rc;

    to[0] = 0;
    while ((rc = dp_mdr_lines_next(lines, NULL)) > 0) {
        used += (size_t)snprintf(to + used, room - used, "%d:", (int)lines->line);
        for (i = 0; i < dp_mdr_lines_count(lines); i++)
            used += (size_t)snprintf(to + used, room - used, "%s%s", i ? "|" : "",
                                     dp_mdr_lines_field(lines, i));
        used += (size_t)snprintf(to + used, room - used, ";");
    }
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(dp_mdr_lines_next(lines, NULL), 0); /* stays at the end */
}

static const struct {
    const char *text, *shown;
} texts[] = {
    {"", ""},
    {"\n", ""},
    {" \t \n\r\n  ", ""},
    {"\xEF\xBB\xBF", ""},
    {"a", "1:a;"},
    {"\xEF\xBB\xBF"
     "a b\n",
     "1:a|b;"},
    {"a\n\n b  c \nd", "1:a;3:b|c;4:d;"},
    {"a b\r\n\r\nc d\r", "1:a|b;3:c|d;"},
    {"a\tb c\n\td\t\n\t\ne f\n", "1:a|b c;2:|d|;4:e f;"}, /* by TABs: fields may be empty */
    {"a b\nc\td\n", "1:a|b;2:c|d;"},                      /* by blanks, of which a TAB is one */
    {"\n\na\tb\n", "3:a|b;"},
    {"a\rb\n", "1:a\rb;"},
};

START_TEST(fields)
{
    const char *text = texts[_i].text;
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct dp_mdr_lines lines;
    char shown[200];

    ck_assert_int_eq(dp_mdr_lines_copy(text, strlen(text), "x", &lines, NULL), DP_OK);
    show(&lines, shown, sizeof(shown));
    ck_assert_str_eq(shown, texts[_i].shown);
    dp_mdr_lines_free(&lines);

    test_write_file("t", text, strlen(text));
    ck_assert_int_eq(dp_mdr_lines_read(context, "t", &lines, NULL), DP_OK);
    show(&lines, shown, sizeof(shown));
    ck_assert_str_eq(shown, texts[_i].shown);
    dp_mdr_lines_free(&lines);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Only so many bytes are looked at, and the text given stays as it is. */
START_TEST(a_part_of_a_text)
{
    static const char text[] = "a b\nc d";
    struct dp_mdr_lines lines;
    char shown[100];

    ck_assert_int_eq(dp_mdr_lines_copy(text, 5, "x", &lines, NULL), DP_OK);
    show(&lines, shown, sizeof(shown));
    ck_assert_str_eq(shown, "1:a|b;2:c;");
    ck_assert_str_eq(text, "a b\nc d");
    dp_mdr_lines_free(&lines);
    dp_mdr_lines_free(&lines); /* of nothing */
}
END_TEST

START_TEST(messages)
{
    struct dp_mdr_lines lines;
    struct dp_error err = {0};

    ck_assert_int_eq(dp_mdr_lines_copy("a\n\nb\0c\nd\n", 9, "x", &lines, NULL), DP_OK);
    ck_assert_int_eq(dp_mdr_lines_next(&lines, &err), 1);
    ck_assert_int_eq(dp_mdr_lines_next(&lines, &err), DP_DATA);
    ck_assert_str_eq(err.message, "x:3: a NUL byte: this is no text");
    ck_assert_int_eq(dp_mdr_lines_fail(&lines, &err, "%s %d", "so", 7), DP_DATA);
    ck_assert_str_eq(err.message, "x:3: so 7");
    dp_mdr_lines_free(&lines);
}
END_TEST

/* As many lines as several blocks of a stream hold, and the same compressed. */
START_TEST(a_long_text)
{
    static const char *const paths[] = {"t", "t.gz"};
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    FILE *file = fopen("t", "w");
    struct dp_mdr_lines lines;
    struct dp_error err = {0};
    unsigned i, n;

    for (n = 0; n < 100000; n++)
        fprintf(file, "sample%u %u\n", n, n % 7);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(system("gzip -1 -c t >t.gz"), 0);
    for (i = 0; i < 2; i++) {
        ck_assert_int_eq(dp_mdr_lines_read(context, paths[i], &lines, &err), DP_OK);
        for (n = 0; dp_mdr_lines_next(&lines, &err) > 0; n++)
            if (lines.line != n + 1 || dp_mdr_lines_count(&lines) != 2 || /* cheap */
                strtoul(dp_mdr_lines_field(&lines, 0) + 6, NULL, 10) != n ||
                strtoul(dp_mdr_lines_field(&lines, 1), NULL, 10) != n % 7)
                ck_abort_msg("%s: line %u", paths[i], n);
        ck_assert_uint_eq(n, 100000);
        dp_mdr_lines_free(&lines);
    }
    ck_assert_int_eq(truncate("t.gz", 1000), 0);
    ck_assert_int_eq(dp_mdr_lines_read(context, "t.gz", &lines, &err), DP_DATA);
    ck_assert_int_eq(dp_mdr_lines_read(context, "none", &lines, &err), DP_NOT_FOUND);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr_lines");
    TCase *tcase = tcase_create("lines");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, fields, 0, sizeof(texts) / sizeof(texts[0]));
    tcase_add_test(tcase, a_part_of_a_text);
    tcase_add_test(tcase, messages);
    tcase_add_test(tcase, a_long_text);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
