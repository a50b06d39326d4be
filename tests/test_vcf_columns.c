/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/format/vcf_columns.h"
#include "tests/scanning.h"

#define FIXED(line) line "\tp\ti\tr\ta\tq\tf\tn\tGT"
#define HEADER      FIXED("#CHROM") "\tA\tB\tC\tD"
#define META        "##any\tthing\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\n"

static const size_t pieces[] = {SIZE_MAX, 1, 2, 7, 40};

static json_t *choose(const char *header, const char *wanted)
{
    json_t *spec = NULL;
    struct dp_error err = {0};
    int rc = dp_vcf_columns_choose(header, strlen(header), wanted, "object", &spec, &err);

    ck_assert_msg(rc == 0, "%s", err.message);
    return spec;
}

/* `text` through the filter in pieces; the result ends in a NUL. Gives what feed or finish did. */
static int cut(const json_t *spec, const char *text, size_t piece, struct dp_array *out,
               struct dp_error *err)
{
    struct dp_vcf_columns *columns = NULL;
    size_t length = strlen(text), at, part;
    int rc = dp_vcf_columns_open(spec, "object", &columns, err);

    out->length = 0;
    for (at = 0; !rc && at < length; at += part) {
        uint8_t *copy;

        part = length - at < piece ? length - at : piece;
        copy = malloc(part);
        memcpy(copy, text + at, part);
        rc = dp_vcf_columns_feed(columns, copy, part, out, err);
        free(copy);
    }
    if (!rc)
        rc = dp_vcf_columns_finish(columns, out, err);
    dp_vcf_columns_close(columns);
    MUST(dp_array_append(out, "", 1, 1));
    return rc;
}

static void must_become(const char *wanted, const char *text, const char *expected)
{
    json_t *spec = choose(HEADER, wanted);
    struct dp_array out = {0};
    size_t i;

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        ck_assert_int_eq(cut(spec, text, pieces[i], &out, NULL), 0);
        ck_assert_str_eq(out.data, expected);
    }
    dp_array_free(&out);
    json_decref(spec);
}

START_TEST(columns_in_the_order_asked)
{
    static const char text[] = META HEADER "\n" FIXED("c") "\t0/0:1\t\t./.\t1\n" FIXED(
        "d") "\ta\tb\tc\td\n";

    must_become("A\nB\nC\nD", text, text);
    must_become("B", text, META FIXED("#CHROM") "\tB\n" FIXED("c") "\t\n" FIXED("d") "\tb\n");
    must_become("D\nA\n", text,
                META FIXED("#CHROM") "\tD\tA\n" FIXED("c") "\t1\t0/0:1\n" FIXED("d") "\td\ta\n");
    must_become("^B", FIXED("c") "\t1\t2\t3\t4\n", FIXED("c") "\t1\t3\t4\n");
    must_become("^D\nA\nC", FIXED("c") "\t1\t2\t3\t4\n", FIXED("c") "\t2\n");
}
END_TEST

/* Line endings stay what they are, also one that is not there. */
START_TEST(line_endings)
{
    must_become("A", FIXED("c") "\t1\t2\t3\t4\r\n" FIXED("d") "\t1\t2\t3\t4\n",
                FIXED("c") "\t1\r\n" FIXED("d") "\t1\n");
    must_become("D", FIXED("c") "\t1\t2\t3\t4\r\n" FIXED("d") "\t1\t2\t3\t4",
                FIXED("c") "\t4\r\n" FIXED("d") "\t4");
    must_become("A", "", "");
}
END_TEST

START_TEST(ranges_are_joined)
{
    static const struct {
        const char *wanted, *spec;
    } cases[] = {
        {"A\nB\nC\nD", "[[0,4]]"}, {"A\nB\nD", "[[0,2],[3,4]]"}, {"D\nC", "[[3,4],[2,3]]"},
        {"^A", "[[1,4]]"},         {"^B\nA", "[[2,4]]"},         {"C\nD\nA\nB", "[[2,4],[0,2]]"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *spec = choose(HEADER "\r\n", cases[i].wanted);
        char *text = json_dumps(spec, JSON_COMPACT);

        ck_assert_str_eq(text, cases[i].spec);
        free(text);
        json_decref(spec);
    }
}
END_TEST

static void must_not_choose(const char *header, const char *wanted, const char *says)
{
    json_t *spec = NULL;
    struct dp_error err = {0};

    ck_assert_int_eq(
        dp_vcf_columns_choose(header, strlen(header), wanted, "object", &spec, &err), DP_INVALID);
    ck_assert_msg(strstr(err.message, says), "%s", err.message);
}

START_TEST(impossible_choices)
{
    must_not_choose(HEADER, "E", "sample 'E' is not in the header");
    must_not_choose(HEADER, "A\nAB", "sample 'AB' is not");
    must_not_choose(HEADER, "^E", "'E'");
    must_not_choose(HEADER, "A\nB\nA", "sample 'A' is named twice");
    must_not_choose(HEADER, "", "no sample");
    must_not_choose(HEADER, "^A\nB\nC\nD", "no sample");
    must_not_choose("#CHROM\tPOS", "A", "'A'");
    must_not_choose("#CHROM\tPOS", "^", "no sample");
}
END_TEST

START_TEST(lines_without_the_columns)
{
    json_t *spec = choose(HEADER, "C\nA");
    struct dp_array out = {0};
    struct dp_error err = {0};

    static const char good[] = FIXED("c") "\t1\t2\t3\n";
    static const char bad[] = FIXED("c") "\t1\t2\t3\n" FIXED("c") "\t1\t2\n";

    ck_assert_int_eq(cut(spec, good, 9, &out, NULL), 0);
    ck_assert_int_eq(cut(spec, bad, 9, &out, &err), DP_DATA);
    ck_assert_msg(strstr(err.message, "line 2 of this slice: 2 samples"), "%s", err.message);
    ck_assert_int_eq(cut(spec, "#c\n", 9, &out, &err), DP_DATA);
    dp_array_free(&out);
    json_decref(spec);
}
END_TEST

/* Slices come from anywhere. */
START_TEST(odd_lists)
{
    static const char *const bad[] = {
        "{}",       "[]",        "[[]]",    "[[0]]",         "[[1,1]]",
        "[[2,1]]",  "[[-1,1]]",  "[[0,1,2]]", "[[0,16777217]]", "[[\"0\",1]]",
        "[[0,1],1]", "[[0,16777216],[0,1]]",
    };
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        json_t *spec = json_loads(bad[i], 0, NULL);
        struct dp_vcf_columns *columns = NULL;

        ck_assert_ptr_nonnull(spec);
        ck_assert_msg(dp_vcf_columns_open(spec, "object", &columns, NULL) == DP_BAD_INDEX, "%s",
                      bad[i]);
        json_decref(spec);
    }
}
END_TEST

/* Against the obvious way to do it. */
START_TEST(many_samples)
{
    char text[20000], header[20000] = FIXED("#CHROM"), line[20000] = FIXED("c");
    char expected[20000] = FIXED("c");
    struct dp_array wanted = {0}, out = {0};
    uint64_t random = (uint64_t)_i, order[500], i, k, count = 500;
    json_t *spec;

    for (i = 0; i < count; i++) {
        sprintf(header + strlen(header), "\ts%u", (unsigned)i);
        sprintf(line + strlen(line), "\t%u:x", (unsigned)i * 7);
        order[i] = i;
    }
    for (i = count; i-- > 1;) {
        uint64_t kept = order[i];

        k = _i % 2 ? i : random_below(&random, i + 1);
        order[i] = order[k];
        order[k] = kept;
    }
    for (i = 0; i < count; i += 1 + random_below(&random, 3)) {
        sprintf(text, "s%u\n", (unsigned)order[i]);
        MUST(dp_array_append(&wanted, text, strlen(text), 1));
        sprintf(expected + strlen(expected), "\t%u:x", (unsigned)order[i] * 7);
    }
    MUST(dp_array_append(&wanted, "", 1, 1));
    strcat(line, "\n");
    strcat(expected, "\n");
    spec = choose(header, wanted.data);
    ck_assert_int_eq(cut(spec, line, pieces[_i % 5], &out, NULL), 0);
    ck_assert_str_eq(out.data, expected);
    json_decref(spec);
    dp_array_free(&wanted);
    dp_array_free(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vcf_columns");
    TCase *tcase = tcase_create("vcf_columns");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, columns_in_the_order_asked);
    tcase_add_test(tcase, line_endings);
    tcase_add_test(tcase, ranges_are_joined);
    tcase_add_test(tcase, impossible_choices);
    tcase_add_test(tcase, lines_without_the_columns);
    tcase_add_test(tcase, odd_lists);
    tcase_add_loop_test(tcase, many_samples, 0, 10);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
