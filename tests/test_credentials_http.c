/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/credentialing.h"

static int call(struct scripted *server, bool once, unsigned limit_ms, char **text, int *status)
{
    struct dp_credentials_call call = {.name = "the service",
                                       .method = "GET",
                                       .url = server->url,
                                       .local = true,
                                       .once = once,
                                       .limit_ms = limit_ms};
    struct dp_context *context = credentialing_context(30);
    int rc = dp_credentials_http_call(context, &call, text, status, NULL);

    dp_context_free(context);
    return rc;
}

START_TEST(short_answers_and_long_ones)
{
    const char *folder = credentialing_begin(NULL, NULL);
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 200 OK\r\nContent-Length: 2", .text = "ok", .close = true},
               {.head = "HTTP/1.1 200 OK\r\nContent-Length: 70000", .body_bytes = 70000,
                .close = true},
               {.head = "HTTP/1.1 500 No\r\nContent-Length: 0", .close = true},
               {.head = "HTTP/1.1 200 OK\r\nContent-Length: 2", .text = "ok", .close = true},
               {.head = "HTTP/1.1 500 No\r\nContent-Length: 0", .close = true},
               {.head = "HTTP/1.1 200 OK\r\nContent-Length: 5", .hang = true}));
    char *text = NULL;
    int status;

    /* Services of this host are not asked through a proxy. */
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    unsetenv("no_proxy");
    ck_assert_int_eq(call(server, true, 60000, &text, &status), DP_OK);
    ck_assert_str_eq(text, "ok");
    dp_credentials_http_free(text);
    text = NULL;
    ck_assert_int_eq(call(server, true, 60000, &text, &status), DP_DENIED);
    ck_assert_ptr_null(text);
    ck_assert_int_eq(call(server, false, 60000, &text, &status), DP_OK);
    dp_credentials_http_free(text);
    text = NULL;
    ck_assert_int_eq(call(server, true, 60000, &text, &status), DP_IO);
    ck_assert_int_eq(status, 500);
    /* The limit is one of the whole answer. */
    ck_assert_int_eq(call(server, true, 1000, &text, &status), DP_IO);
    ck_assert_ptr_null(text);
    scripted_stop(server);
    test_leave_folder(folder);
}
END_TEST

START_TEST(files_with_tokens)
{
    const char *folder = credentialing_begin(NULL, NULL);
    struct dp_error err;
    char *token = NULL;

    test_write_file("token", " \n abc.def \n\n", 13);
    ck_assert_int_eq(dp_credentials_http_read_token("token", &token, NULL), DP_OK);
    ck_assert_str_eq(token, "abc.def");
    dp_credentials_http_free(token);
    token = NULL;
    test_write_file("token", "", 0);
    ck_assert_int_eq(dp_credentials_http_read_token("token", &token, NULL), DP_DENIED);
    test_write_file("token", "a\0b", 3);
    ck_assert_int_eq(dp_credentials_http_read_token("token", &token, NULL), DP_DENIED);
    test_write_file("token", "hunter2\nX: y", 12);
    ck_assert_int_eq(dp_credentials_http_read_token("token", &token, &err), DP_DENIED);
    ck_assert_ptr_null(strstr(err.message, "hunter2"));
    ck_assert_int_eq(dp_credentials_http_read_token("none", &token, &err), DP_DENIED);
    ck_assert_ptr_null(token);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("credentials_http", short_answers_and_long_ones, files_with_tokens)
