/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/credentialing.h"

#define DOCUMENT                                                                                   \
    "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"a\",\"Token\":\"t\","                            \
    "\"Expiration\":\"2026-11-22T10:00:00Z\"}"
#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: 89"

static void point_at(const struct scripted *server, const char *path)
{
    char url[200];

    snprintf(url, sizeof(url), "%s%s", server->url, path);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
}

START_TEST(tokens_go_with_the_request)
{
    const char *folder = credentialing_begin(NULL, NULL);
    struct scripted *server = scripted_start(
        SCRIPT({.head = HEAD, .text = DOCUMENT, .close = true},
               {.head = HEAD, .text = DOCUMENT, .close = true},
               {.head = HEAD, .text = DOCUMENT, .close = true},
               {.head = "HTTP/1.1 404 No\r\nContent-Length: 0", .close = true}));

    ck_assert_uint_eq(strlen(DOCUMENT), 89);
    credentialing_check(dp_credentials_container_fetch, NULL, DP_NOT_FOUND, NULL);
    point_at(server, "/v1/credentials?x=1");
    credentialing_check(dp_credentials_container_fetch, NULL, DP_OK, "A a t 1795341600");
    ck_assert_int_eq(strncmp(server->requests[0], "GET /v1/credentials?x=1 HTTP/1.1\r\n", 34), 0);
    ck_assert_ptr_null(strstr(server->requests[0], "Authorization"));
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic x", 1);
    credentialing_check(dp_credentials_container_fetch, NULL, DP_OK, "A a t 1795341600");
    ck_assert_ptr_nonnull(strstr(server->requests[1], "\r\nAuthorization: Basic x\r\n"));
    /* The file, as it is now, goes first. */
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token", 1);
    test_write_file("token", "Bearer y\n", 9);
    credentialing_check(dp_credentials_container_fetch, NULL, DP_OK, "A a t 1795341600");
    ck_assert_ptr_nonnull(strstr(server->requests[2], "\r\nAuthorization: Bearer y\r\n"));
    credentialing_check(dp_credentials_container_fetch, NULL, DP_DENIED, "there are none");
    test_write_file("token", "two\nlines", 9);
    credentialing_check(dp_credentials_container_fetch, NULL, DP_DENIED, "this is no token");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "no-token", 1);
    credentialing_check(dp_credentials_container_fetch, NULL, DP_DENIED, "no-token: the token");
    scripted_stop(server);
    test_leave_folder(folder);
}
END_TEST

/* Keys do not travel in plain text to just anybody. */
START_TEST(hosts_that_are_refused)
{
    static const char *const urls[] = {
        "http://example.org/", "http://10.0.0.1/", "http://169.254.170.3/", "ftp://localhost/",
        "http://127.0.0.1.example.org/", "http://127.example.org/", "http://localhost.example.org/",
        "http://me@localhost/", "localhost", "http://localhost\r\nX: y"};
    const char *folder = credentialing_begin(NULL, NULL);
    size_t i;

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i], 1);
        credentialing_check(dp_credentials_container_fetch, NULL, DP_INVALID, "FULL_URI must be");
    }
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.org/", 1);
    credentialing_check(dp_credentials_container_fetch, NULL, DP_INVALID, "RELATIVE_URI must");
    test_leave_folder(folder);
}
END_TEST

START_TEST(redirects_are_not_followed)
{
    const char *folder = credentialing_begin(NULL, NULL);
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0",
                .close = true},
               {.head = HEAD, .text = DOCUMENT}));

    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2", 1);
    point_at(server, "/");
    credentialing_check(dp_credentials_container_fetch, NULL, DP_IO, "redirect");
    ck_assert_uint_eq(server->next, 1);
    scripted_stop(server);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("credentials_container", tokens_go_with_the_request, hosts_that_are_refused,
          redirects_are_not_followed)
