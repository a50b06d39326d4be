/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/sink.h"

static int calls;

static int write_badly(struct dp_sink *sink, const void *bytes, size_t length,
                       struct dp_error *err)
{
    (void)bytes;
    calls++;
    return length == 3 ? DP_OK : dp_error_set(err, DP_IO, "%s: three bytes only", sink->uri);
}

static int commit_nothing(struct dp_sink *sink, struct dp_error *err)
{
    (void)sink;
    (void)err;
    calls += 100;
    return DP_OK;
}

static void close_nothing(struct dp_sink *sink)
{
    (void)sink;
    calls += 1000;
}

static const struct dp_sink_ops ops = {
    .name = "bad", .write = write_badly, .commit = commit_nothing, .close = close_nothing};

/* What lies behind a hole must not become an object. */
START_TEST(after_a_failed_write_there_is_only_free)
{
    struct dp_context *context = test_context();
    struct dp_sink *sink = dp_sink_new(sizeof(*sink), &ops, context, "bad:x");
    struct dp_error err;

    calls = 0;
    ck_assert_int_eq(dp_sink_write(sink, "abc", 3, &err), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "", 0, &err), DP_OK);
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(dp_sink_write(sink, "abcd", 4, &err), DP_IO);
    ck_assert_str_eq(err.message, "bad:x: three bytes only");
    ck_assert_int_eq(dp_sink_write(sink, "abc", 3, &err), DP_INVALID);
    ck_assert_int_eq(dp_sink_commit(sink, &err), DP_INVALID);
    ck_assert_int_eq(calls, 2);
    dp_sink_free(sink);
    ck_assert_int_eq(calls, 1002);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("sink", after_a_failed_write_there_is_only_free)
