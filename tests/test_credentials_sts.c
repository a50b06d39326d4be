/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/credentialing.h"

#define DOCUMENT                                                                                   \
    "<R xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Result><Credentials>"                \
    "<SessionToken>t/+&amp;</SessionToken><SecretAccessKey>a</SecretAccessKey>"                   \
    "<Expiration>2026-11-22T10:00:00Z</Expiration><AccessKeyId>A</AccessKeyId></Credentials>"     \
    "<AssumedRoleUser><AccessKeyId>no</AccessKeyId></AssumedRoleUser></Result></R>"
#define GOOD {.head = "HTTP/1.1 200 OK\r\nConnection: close", .text = DOCUMENT, .close = true}

START_TEST(a_web_identity)
{
    struct scripted *server = scripted_start(
        SCRIPT(GOOD, GOOD,
               {.head = "HTTP/1.1 400 No\r\nConnection: close", .close = true,
                .text = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredTokenException"
                        "</Code><Message>Token expired</Message></Error></ErrorResponse>"}));
    const char *folder =
        credentialing_begin(NULL, "[profile pod]\nweb_identity_token_file = token\n"
                                  "role_arn = arn:x\nrole_session_name = s\n");
    const char *body = server->bodies[0];

    setenv("AWS_ENDPOINT_URL_STS", server->url, 1);
    setenv("AWS_ENDPOINT_URL", "http://nobody.invalid", 1);
    credentialing_check(dp_credentials_sts_web, NULL, DP_NOT_FOUND, NULL);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "token", 1);
    credentialing_check(dp_credentials_sts_web, NULL, DP_INVALID, "AWS_ROLE_ARN");
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/x", 1);
    credentialing_check(dp_credentials_sts_web, NULL, DP_DENIED, "token: the token: No such file");
    test_write_file("token", "e.y-j\n", 6);
    credentialing_check(dp_credentials_sts_web, NULL, DP_OK, "A a t/+& 1795341600");
    ck_assert_int_eq(strncmp(server->requests[0], "POST / HTTP/1.1\r\n", 17), 0);
    ck_assert_ptr_nonnull(
        strstr(server->requests[0], "\r\nContent-Type: application/x-www-form-urlencoded;"));
    ck_assert_ptr_null(strstr(server->requests[0], "Authorization"));
    ck_assert_int_eq(strncmp(body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
                                   "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&"
                                   "RoleSessionName=dataplug-", 118), 0);
    ck_assert_ptr_nonnull(strstr(body, "&WebIdentityToken=e.y-j"));
    unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
    credentialing_check(dp_credentials_sts_web, "pod", DP_OK, "A a t/+& 1795341600");
    ck_assert_ptr_nonnull(strstr(server->bodies[1], "&RoleArn=arn%3Ax&RoleSessionName=s&"));
    credentialing_check(dp_credentials_sts_web, "pod", DP_DENIED,
                        "AssumeRoleWithWebIdentity: the token of the web identity has expired");
    scripted_stop(server);
    test_leave_folder(folder);
}
END_TEST

START_TEST(a_role_by_other_keys)
{
    struct scripted *server = scripted_start(SCRIPT(GOOD, GOOD, GOOD));
    const char *folder = credentialing_begin(
        "[base]\naws_access_key_id = B\naws_secret_access_key = hunter2\naws_session_token = u\n",
        "[profile one]\nrole_arn = arn:one\nsource_profile = base\nexternal_id = a&b\n"
        "duration_seconds = 900\n"
        "[profile two]\nrole_arn = arn:two\nsource_profile = one\n"
        "[profile loop]\nrole_arn = arn:loop\nsource_profile = knot\n"
        "[profile knot]\nrole_arn = arn:knot\nsource_profile = loop\n"
        "[profile none]\nrole_arn = arn:none\nsource_profile = nobody\n"
        "[profile environment]\nrole_arn = arn:e\ncredential_source = Environment\n"
        "[profile code]\nrole_arn = arn:code\nsource_profile = base\nmfa_serial = arn:m\n");

    setenv("AWS_ENDPOINT_URL_STS", server->url, 1);
    credentialing_check(dp_credentials_sts_role, NULL, DP_NOT_FOUND, NULL);
    credentialing_check(dp_credentials_sts_role, "one", DP_OK, "A a t/+& 1795341600");
    ck_assert_ptr_nonnull(strstr(server->requests[0], "\r\nx-amz-security-token: u\r\n"));
    ck_assert_ptr_nonnull(strstr(server->requests[0], "\r\nAuthorization: AWS4-HMAC-SHA256 "
                                                      "Credential=B/20"));
    ck_assert_ptr_nonnull(strstr(server->requests[0], "/us-east-1/sts/aws4_request, SignedHeaders="
                                                      "host;x-amz-date;x-amz-security-token, "));
    ck_assert_int_eq(strncmp(server->bodies[0], "Action=AssumeRole&Version=", 26), 0);
    ck_assert_ptr_nonnull(strstr(server->bodies[0], "&ExternalId=a%26b&DurationSeconds=900"));
    /* A role that stands on a role: two calls, the second with the keys of the first. */
    credentialing_check(dp_credentials_sts_role, "two", DP_OK, "A a t/+& 1795341600");
    ck_assert_ptr_nonnull(strstr(server->requests[2], "Credential=A/20"));
    ck_assert_ptr_nonnull(strstr(server->requests[2], "\r\nx-amz-security-token: t/+&\r\n"));
    credentialing_check(dp_credentials_sts_role, "loop", DP_INVALID, "in a circle");
    credentialing_check(dp_credentials_sts_role, "none", DP_DENIED, "'nobody' has no keys");
    credentialing_check(dp_credentials_sts_role, "environment", DP_DENIED, "'Environment' has no");
    credentialing_check(dp_credentials_sts_role, "code", DP_UNSUPPORTED, "credential_process");
    ck_assert_uint_eq(server->next, 3);
    scripted_stop(server);
    test_leave_folder(folder);
}
END_TEST

START_TEST(answers_without_keys)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 200 OK\r\nConnection: close", .text = "<html/>", .close = true},
               {.head = "HTTP/1.1 200 OK\r\nConnection: close", .text = "{", .close = true},
               {.head = "HTTP/1.1 404 No\r\nContent-Length: 0", .close = true}));
    const char *folder = credentialing_begin(NULL, NULL);
    int i;

    test_write_file("token", "t", 1);
    setenv("AWS_ENDPOINT_URL", server->url, 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "token", 1);
    setenv("AWS_ROLE_ARN", "arn", 1);
    for (i = 0; i < 2; i++)
        credentialing_check(dp_credentials_sts_web, NULL, DP_DENIED, "holds no credentials");
    credentialing_check(dp_credentials_sts_web, NULL, DP_DENIED, "there is no such service");
    setenv("AWS_ENDPOINT_URL_STS", "sts", 1);
    credentialing_check(dp_credentials_sts_web, NULL, DP_INVALID, "endpoint");
    scripted_stop(server);
    test_leave_folder(folder);
}
END_TEST

/* Where AWS's own service is asked for: seen by a proxy, which refuses. */
START_TEST(the_service_of_the_region)
{
    static const char *const regions[] = {"eu-west-1", "cn-north-1"};
    static const char *const wanted[] = {"CONNECT sts.eu-west-1.amazonaws.com:443 ",
                                         "CONNECT sts.cn-north-1.amazonaws.com.cn:443 "};
    static const char no[] = "HTTP/1.1 403 No\r\nContent-Length: 0";
    const char *folder = credentialing_begin(NULL, NULL);
    size_t i;

    test_write_file("token", "t", 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "token", 1);
    setenv("AWS_ROLE_ARN", "arn", 1);
    for (i = 0; i < 2; i++) {
        struct scripted *server =
            scripted_start(SCRIPT({.head = no, .close = true}, {.head = no, .close = true}));
        struct dp_credentials_asker asker = {.region = regions[i]};
        struct dp_credentials keys = {0};

        setenv("https_proxy", server->url, 1);
        asker.context = credentialing_context(30);
        ck_assert_int_eq(dp_profile_open(&asker.profile, NULL, NULL), DP_OK);
        ck_assert_int_lt(dp_credentials_sts_web(&asker, &keys, NULL), 0);
        ck_assert_int_eq(strncmp(server->requests[0], wanted[i], strlen(wanted[i])), 0);
        dp_profile_close(&asker.profile);
        dp_context_free(asker.context);
        scripted_stop(server);
    }
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("credentials_sts", a_web_identity, a_role_by_other_keys, answers_without_keys,
          the_service_of_the_region)
