/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/credentialing.h"

#include <fcntl.h>
#include <time.h>

#define GOOD                                                                                       \
    "echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"a\", "                  \
    "\"SessionToken\": \"t\", \"Expiration\": \"2026-11-22T10:00:00Z\"}'"

static const char *begin(const char *command)
{
    char config[4096];

    snprintf(config, sizeof(config), "[default]\ncredential_process = %s\n", command);
    return credentialing_begin(NULL, config);
}

static void check(const char *command, int rc, const char *expected)
{
    const char *folder = begin(command);

    credentialing_check(dp_credentials_process_fetch, NULL, rc, expected);
    test_leave_folder(folder);
}

START_TEST(what_commands_print)
{
    const char *folder = credentialing_begin(NULL, "[default]\nregion = x\n");

    credentialing_check(dp_credentials_process_fetch, NULL, DP_NOT_FOUND, NULL);
    test_leave_folder(folder);
    check(GOOD, DP_OK, "A a t 1795341600");
    check("printf '{\"Version\": 1, \"AccessKeyId\": \"A\", \"Secret'; sleep 0.3; "
          "printf 'AccessKey\": \"a\"}'", DP_OK, "A a - 0");
    check("true", DP_DENIED, "no JSON object");
    check(GOOD " && exit 7", DP_DENIED, "status 7");
    check(GOOD " && kill -9 $$", DP_DENIED, "signal 9");
    check("/no/such/command", DP_DENIED, "cannot be run");
    check("head -c 100000 /dev/zero", DP_DENIED, "too long");
}
END_TEST

/* Neither our descriptors nor our standard input are the command's business. */
START_TEST(nothing_is_inherited)
{
    int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    char command[1024];

    ck_assert_int_ge(fd, 3);
    snprintf(command, sizeof(command), "cat; test -e /proc/$$/fd/2 && test ! -e /proc/$$/fd/%d && "
             GOOD, fd);
    check(command, DP_OK, "A a t 1795341600");
    close(fd);
}
END_TEST

static int stop(void *user)
{
    struct timespec now, *end = user;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec > end->tv_nsec);
}

/* A command that does not end is ended, with what it started. */
START_TEST(commands_are_ended)
{
    const char *folder = begin("sleep 100 & echo $! >pid; wait");
    struct timespec end;
    struct dp_context_options options = {
        .struct_bytes = sizeof(options), .cancel = stop, .user = &end};
    struct dp_credentials_asker asker = {.region = "us-east-1"};
    struct dp_credentials keys = {0};

    ck_assert_int_eq(dp_context_new(&options, &asker.context, NULL), DP_OK);
    ck_assert_int_eq(dp_profile_open(&asker.profile, NULL, NULL), DP_OK);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += 1;
    ck_assert_int_eq(dp_credentials_process_fetch(&asker, &keys, NULL), DP_CANCELLED);
    ck_assert_int_eq(
        system("for i in $(seq 100); do kill -0 $(cat pid) 2>/dev/null || exit 0; "
               "grep -q 'State:.Z' /proc/$(cat pid)/status && exit 0; sleep 0.1; done; exit 1"), 0);
    dp_profile_close(&asker.profile);
    dp_context_free(asker.context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("credentials_process", what_commands_print, nothing_is_inherited, commands_are_ended)
