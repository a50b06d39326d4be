/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/mates.h"
#include "tests/slicer_support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sample samples[2];
static struct place places[2];

/* Reads r0, r1, ... with these endings of their names; `odd` is called otherwise. */
static void make(struct sample *sample, size_t count, const char *ending, size_t odd)
{
    struct dp_array bytes = {0}, edges = {0};
    struct dp_edge edge = {0};
    char text[100];

    ck_assert(dp_array_append(&edges, &edge, 1, sizeof(edge)));
    while (edge.record < count) {
        int length =
            snprintf(text, sizeof(text), "@%s%llu%s some text\nACGT\n+\nIIII\n",
                     edge.record == odd ? "x" : "r", (unsigned long long)edge.record, ending);

        ck_assert(dp_array_append(&bytes, text, (size_t)length, 1));
        edge.record++;
        edge.bases += 4;
        edge.offset = bytes.length;
        ck_assert(dp_array_append(&edges, &edge, 1, sizeof(edge)));
    }
    *sample = (struct sample){FOUR_LINES, "fastq", bytes.data, bytes.length, count, edges.data};
}

static void place_both(void)
{
    place_make(&places[0], &samples[0], ONE_MEMBER, 16384, 1);
    place_make(&places[1], &samples[1], BLOCKS, 8192, 1);
}

static void drop(void)
{
    int i;

    for (i = 0; i < 2; i++) {
        place_free(&places[i]);
        sample_free(&samples[i]);
    }
}

static int check(struct dp_error *err)
{
    struct dp_plan_place first = {.index = places[0].index, .object = places[0].object};
    struct dp_plan_place second = {.index = places[1].index, .object = places[1].object};

    dp_error_clear(err);
    return dp_mates_check(&first, &second, err);
}

START_TEST(test_equal_names)
{
    struct dp_error err;

    make(&samples[0], 9000, "/1", SIZE_MAX);
    make(&samples[1], 9000, "/2", SIZE_MAX);
    place_both();
    ck_assert_msg(!check(&err), "%s", err.message);
    drop();
}
END_TEST

/* The first, the last, and those at the edges of groups. */
START_TEST(test_other_name)
{
    static const size_t odd[] = {0, 4095, 4096, 7000, 8999};
    struct dp_error err;
    char said[100];

    make(&samples[0], 9000, ".1", SIZE_MAX);
    make(&samples[1], 9000, ".2", odd[_i]);
    place_both();
    ck_assert_int_eq(check(&err), DP_DATA);
    snprintf(said, sizeof(said), ": record %zu is \"x%zu\", but its mate in ", odd[_i] + 1,
             odd[_i]);
    ck_assert_msg(strstr(err.message, said) != NULL, "%s", err.message);
    snprintf(said, sizeof(said), " is \"r%zu\"", odd[_i]);
    ck_assert_msg(strstr(err.message, said) != NULL, "%s", err.message);
    ck_assert_msg(strstr(err.message, places[1].object_path) != NULL, "%s", err.message);
    drop();
}
END_TEST

START_TEST(test_other_count)
{
    struct dp_error err;

    make(&samples[0], 5000, "", SIZE_MAX);
    make(&samples[1], 4999, "", SIZE_MAX);
    place_both();
    ck_assert_int_eq(check(&err), DP_DATA);
    ck_assert_msg(strstr(err.message, "4999 records") && strstr(err.message, "has 5000"), "%s",
                  err.message);
    drop();
}
END_TEST

/* Names that differ only far behind their begin: the group is named. */
START_TEST(test_long_names)
{
    struct dp_error err;
    size_t i;

    make(&samples[0], 10, "", SIZE_MAX);
    make(&samples[1], 10, "", SIZE_MAX);
    for (i = 0; i < 2; i++) {
        struct dp_array longer = {0};

        ck_assert(dp_array_append(&longer, "@", 1, 1));
        while (longer.length < 9000)
            ck_assert(dp_array_append(&longer, "n", 1, 1));
        ck_assert(dp_array_append(&longer, i ? "a" : "b", 1, 1));
        ck_assert(dp_array_append(&longer, samples[i].bytes + 3, samples[i].length - 3, 1));
        free(samples[i].bytes);
        samples[i].bytes = longer.data;
        samples[i].length = longer.length;
    }
    place_both();
    ck_assert_int_eq(check(&err), DP_DATA);
    ck_assert_msg(strstr(err.message, "records 1 to 10") != NULL, "%s", err.message);
    drop();
}
END_TEST

START_TEST(test_no_names)
{
    struct dp_error err;

    sample_make(&samples[0], LINES, 1000, 1);
    sample_make(&samples[1], LINES, 1000, 1);
    place_both();
    ck_assert_int_eq(check(&err), DP_UNSUPPORTED);
    drop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mates");
    TCase *tests = tcase_create("mates");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, test_equal_names);
    tcase_add_loop_test(tests, test_other_name, 0, 5);
    tcase_add_test(tests, test_other_count);
    tcase_add_test(tests, test_long_names);
    tcase_add_test(tests, test_no_names);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
