/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "tools/stats.h"

#include <sys/stat.h>

static const struct dp_run_stats sample = {.tool = "dp-test",
                                           .status = 3,
                                           .seconds = 1.5,
                                           .moved = {.requests = 12,
                                                     .retries = 2,
                                                     .connections = 4,
                                                     .received_bytes = 1048576,
                                                     .sent_bytes = 7,
                                                     .read_calls = 5,
                                                     .read_bytes = 600}};
static const char sample_text[] =
    "{\"tool\":\"dp-test\",\"status\":3,\"seconds\":1.500000,\"requests\":12,\"retries\":2,"
    "\"connections\":4,\"received_bytes\":1048576,\"sent_bytes\":7,\"read_calls\":5,"
    "\"read_bytes\":600}\n";

static void check_file(const char *path, const char *text)
{
    char have[1000] = "";
    FILE *file = fopen(path, "r");

    ck_assert_ptr_nonnull(file);
    have[fread(have, 1, sizeof(have) - 1, file)] = 0;
    fclose(file);
    ck_assert_str_eq(have, text);
}

START_TEST(a_file_is_made_and_replaced)
{
    const char *folder = test_enter_folder();
    struct dp_run_stats other = sample;

    other.tool = "dp-other-test";
    ck_assert_int_eq(dp_stats_check("counts", NULL), DP_OK);
    ck_assert_int_eq(dp_stats_write("counts", &other, NULL), DP_OK);
    ck_assert_int_eq(dp_stats_check("counts", NULL), DP_OK);
    ck_assert_int_eq(dp_stats_write("counts", &sample, NULL), DP_OK);
    check_file("counts", sample_text);
    test_write_file("empty", "", 0);
    ck_assert_int_eq(dp_stats_check("./empty", NULL), DP_OK);
    ck_assert_int_eq(dp_stats_check("/dev/null", NULL), DP_OK);
    ck_assert_int_eq(dp_stats_write("/dev/null", &sample, NULL), DP_OK);
    test_leave_folder(folder);
}
END_TEST

START_TEST(what_is_something_else_stays)
{
    const char *folder = test_enter_folder();
    struct dp_error err;

    test_write_file("reads.fastq", "@r\nA\n+\nI\n", 9);
    ck_assert_int_lt(dp_stats_check("reads.fastq", &err), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "reads.fastq: "));
    ck_assert_int_lt(dp_stats_check(".", &err), 0);
    ck_assert_int_lt(dp_stats_check("no-folder/counts", &err), 0);
    ck_assert_int_lt(dp_stats_write("no-folder/counts", &sample, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "no-folder/counts: "));
    ck_assert_int_lt(dp_stats_write("/dev/full", &sample, &err), 0);
    test_leave_folder(folder);
}
END_TEST

START_TEST(one_line_for_people)
{
    struct dp_run_stats silent = {.tool = "dp-test"};
    char line[256];

    ck_assert_str_eq(dp_stats_describe(&sample, line, sizeof(line)),
                     "12 requests, 2 of them repeated, over 4 connections: 1.0 MiB received, "
                     "7 B sent; 1.50 s");
    ck_assert_str_eq(dp_stats_describe(&silent, line, sizeof(line)), "");
}
END_TEST

TEST_MAIN("stats", a_file_is_made_and_replaced, what_is_something_else_stays, one_line_for_people)
