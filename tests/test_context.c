/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/context.h"

#include <sys/wait.h>

START_TEST(defaults_are_filled_in)
{
    struct dp_context *context;

    unsetenv("AWS_MAX_ATTEMPTS");
    context = test_context();
    ck_assert_uint_eq(context->options.attempts, 8);
    ck_assert_uint_eq(context->options.timeout_seconds, 30);
    ck_assert_uint_eq(context->options.connections, 8);
    ck_assert_uint_eq(context->options.part_bytes, 8 << 20);
    dp_context_free(context);
}
END_TEST

START_TEST(attempts_come_from_the_environment)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options), .attempts = 2};
    struct dp_context *context;
    struct dp_error err;

    setenv("AWS_MAX_ATTEMPTS", "7", 1);
    context = test_context();
    ck_assert_uint_eq(context->options.attempts, 7);
    dp_context_free(context);
    ck_assert_int_eq(dp_context_new(&options, &context, &err), DP_OK);
    ck_assert_uint_eq(context->options.attempts, 2);
    dp_context_free(context);

    setenv("AWS_MAX_ATTEMPTS", "many", 1);
    context = NULL;
    ck_assert_int_eq(dp_context_new(NULL, &context, &err), DP_INVALID);
    ck_assert_ptr_null(context);
    ck_assert_ptr_nonnull(strstr(err.message, "AWS_MAX_ATTEMPTS"));
}
END_TEST

START_TEST(strings_are_copied)
{
    char profile[] = "science";
    struct dp_context_options options = {.struct_bytes = sizeof(options), .profile = profile};
    struct dp_context *context;

    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    profile[0] = 'x';
    ck_assert_str_eq(context->options.profile, "science");
    dp_context_free(context);
}
END_TEST

/* A program compiled against an older header hands in a shorter struct. */
START_TEST(a_shorter_struct_is_taken_as_far_as_it_goes)
{
    struct dp_context_options options = {.profile = "p", .region = "not to be read"};
    struct dp_context *context;

    options.struct_bytes = offsetof(struct dp_context_options, region);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    ck_assert_str_eq(context->options.profile, "p");
    ck_assert_ptr_null(context->options.region);
    dp_context_free(context);
    options.struct_bytes = 0;
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_INVALID);
}
END_TEST

static int yes(void *user)
{
    return *(int *)user;
}

static void keep_message(void *user, enum dp_log_level level, const char *message)
{
    (void)level;
    snprintf(user, 64, "%s", message);
}

static void keep_progress(void *user, const struct dp_progress *progress)
{
    *(struct dp_progress *)user = *progress;
}

START_TEST(cancel_is_asked)
{
    int stop = 0;
    struct dp_context_options options = {
        .struct_bytes = sizeof(options), .cancel = yes, .user = &stop};
    struct dp_context *context;
    struct dp_error err;

    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    ck_assert_int_eq(dp_context_check(context, &err), DP_OK);
    stop = 1;
    ck_assert_int_eq(dp_context_check(context, &err), DP_CANCELLED);
    ck_assert_int_eq(err.code, DP_CANCELLED);
    dp_context_free(context);
}
END_TEST

START_TEST(callbacks_are_called)
{
    char message[64] = "";
    struct dp_progress progress = {0};
    struct dp_context_options options = {
        .struct_bytes = sizeof(options), .log = keep_message, .user = message};
    struct dp_context *context;

    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    dp_context_log(context, DP_LOG_INFO, "%d things", 3);
    ck_assert_str_eq(message, "3 things");
    dp_context_free(context);

    options = (struct dp_context_options){
        .struct_bytes = sizeof(options), .progress = keep_progress, .user = &progress};
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    dp_context_progress(context, "index", "file:///x", 5, 10);
    ck_assert_uint_eq(progress.done_bytes, 5);
    ck_assert_uint_eq(progress.total_bytes, 10);
    dp_context_free(context);
}
END_TEST

START_TEST(a_child_process_is_refused)
{
    struct dp_context *context = test_context();
    pid_t child = fork();
    int status;

    if (child == 0) {
        int rc = dp_context_check(context, NULL);

        dp_context_free(context);
        _exit(rc == DP_INVALID ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(dp_context_check(context, NULL), DP_OK);
    dp_context_free(context);
}
END_TEST

START_TEST(stats_fill_what_the_caller_knows)
{
    struct dp_context *context = test_context();
    struct dp_stats stats;

    memset(&stats, 0xff, sizeof(stats));
    stats.struct_bytes = offsetof(struct dp_stats, retries);
    atomic_store(&context->counters.requests, 3);
    dp_context_stats(context, &stats);
    ck_assert_uint_eq(stats.requests, 3);
    ck_assert_uint_eq(stats.retries, UINT64_MAX);
    ck_assert_uint_eq(stats.struct_bytes, offsetof(struct dp_stats, retries));
    dp_context_free(context);
}
END_TEST

TEST_MAIN("context", defaults_are_filled_in, attempts_come_from_the_environment,
          strings_are_copied, a_shorter_struct_is_taken_as_far_as_it_goes, cancel_is_asked,
          callbacks_are_called, a_child_process_is_refused, stats_fill_what_the_caller_knows)
