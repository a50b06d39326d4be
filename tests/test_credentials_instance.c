/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/credentialing.h"

#include <time.h>

#define DOCUMENT                                                                                   \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"a\",\"Token\":\"t\","       \
    "\"Expiration\":\"2026-11-22T10:00:00Z\"}"
#define TOKEN {.head = "HTTP/1.1 200 OK\r\nContent-Length: 7", .text = "session"}

static const char *begin(const struct scripted *server)
{
    const char *folder = credentialing_begin(NULL, NULL);

    unsetenv("AWS_EC2_METADATA_DISABLED");
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server->url, 1);
    setenv("AWS_METADATA_SERVICE_TIMEOUT", "60", 1); /* however busy the machine */
    return folder;
}

START_TEST(session_role_keys)
{
    struct scripted *server = scripted_start(
        SCRIPT(TOKEN, {.head = "HTTP/1.1 200 OK\r\nContent-Length: 8", .text = "my-role\n"},
               {.head = "HTTP/1.1 200 OK\r\nContent-Length: 106", .text = DOCUMENT}));
    const char *folder = begin(server);

    ck_assert_uint_eq(strlen(DOCUMENT), 106);
    credentialing_check(dp_credentials_instance_fetch, NULL, DP_OK, "A a t 1795341600");
    ck_assert_int_eq(strncmp(server->requests[0], "PUT /latest/api/token HTTP/1.1\r\n", 32), 0);
    ck_assert_ptr_nonnull(
        strstr(server->requests[0], "\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    ck_assert_int_eq(strncmp(server->requests[1],
                             "GET /latest/meta-data/iam/security-credentials/ HTTP", 52), 0);
    ck_assert_ptr_nonnull(strstr(server->requests[1], "\r\nX-aws-ec2-metadata-token: session\r\n"));
    ck_assert_int_eq(strncmp(server->requests[2],
                             "GET /latest/meta-data/iam/security-credentials/my-role HTTP", 59), 0);
    ck_assert_ptr_nonnull(strstr(server->requests[2], "\r\nX-aws-ec2-metadata-token: session\r\n"));
    setenv("AWS_EC2_METADATA_DISABLED", "TRUE", 1);
    credentialing_check(dp_credentials_instance_fetch, NULL, DP_NOT_FOUND, NULL);
    ck_assert_uint_eq(server->next, 3);
    scripted_stop(server);
    test_leave_folder(folder);
}
END_TEST

START_TEST(machines_without_a_role)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0", .close = true}, TOKEN,
               {.head = "HTTP/1.1 404 No\r\nContent-Length: 0", .close = true}, TOKEN,
               {.head = "HTTP/1.1 200 OK\r\nContent-Length: 6", .text = "<html>", .close = true}));
    const char *folder = begin(server);

    credentialing_check(dp_credentials_instance_fetch, NULL, DP_NOT_FOUND, NULL);
    ck_assert_uint_eq(server->next, 1);
    credentialing_check(dp_credentials_instance_fetch, NULL, DP_NOT_FOUND, NULL);
    credentialing_check(dp_credentials_instance_fetch, NULL, DP_DENIED, "not the name of a role");
    scripted_stop(server);
    test_leave_folder(folder);
}
END_TEST

/* Most machines have no such service, and some networks swallow what is sent to its address. */
START_TEST(silence_is_given_up_on)
{
    struct scripted *server = scripted_start(SCRIPT({.head = "HTTP/1.1 200 OK", .hang = true}));
    const char *folder = begin(server);
    struct timespec before, after;

    unsetenv("AWS_METADATA_SERVICE_TIMEOUT");
    clock_gettime(CLOCK_MONOTONIC, &before);
    credentialing_check(dp_credentials_instance_fetch, NULL, DP_NOT_FOUND, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    /* One second is the aim; the bound leaves room for a busy machine. */
    ck_assert_int_lt(after.tv_sec - before.tv_sec, 20);
    scripted_stop(server);
    test_leave_folder(folder);
}
END_TEST

/* Who has a slow one says so, here or in the profile. */
START_TEST(patience_can_be_asked_for)
{
    static const char *const wrong[] = {"0", "1001", "soon", "-1"};
    struct scripted *server =
        scripted_start(SCRIPT({.head = "HTTP/1.1 200 OK\r\nContent-Length: 1",
                               .offset = 13, .body_bytes = 1, .pause_ms = 1200},
                              {.head = "HTTP/1.1 200 OK\r\nContent-Length: 4", .text = "role"},
                              {.head = "HTTP/1.1 200 OK\r\nContent-Length: 106",
                               .text = DOCUMENT}));
    const char *folder = begin(server);
    size_t i;

    unsetenv("AWS_METADATA_SERVICE_TIMEOUT");
    test_write_file(".aws/config", "[profile slow]\nmetadata_service_timeout = 60\n", 46);
    ck_assert_int_eq(scripted_byte(13), '['); /* the token */
    credentialing_check(dp_credentials_instance_fetch, "slow", DP_OK, "A a t 1795341600");
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        setenv("AWS_METADATA_SERVICE_TIMEOUT", wrong[i], 1);
        credentialing_check(dp_credentials_instance_fetch, "slow", DP_INVALID, wrong[i]);
        credentialing_check(dp_credentials_instance_fetch, "slow", DP_INVALID,
                            "instance metadata: AWS_METADATA_SERVICE_TIMEOUT: '");
    }
    /* What is wrong in the profile is told of the profile. */
    unsetenv("AWS_METADATA_SERVICE_TIMEOUT");
    test_write_file(".aws/config", "[profile slow]\nmetadata_service_timeout = soon\n", 47);
    credentialing_check(dp_credentials_instance_fetch, "slow", DP_INVALID,
                        "/.aws/config: profile 'slow': metadata_service_timeout: 'soon' is not");
    scripted_stop(server);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("credentials_instance", session_role_keys, machines_without_a_role,
          silence_is_given_up_on, patience_can_be_asked_for)
