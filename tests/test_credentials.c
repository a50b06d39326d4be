/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/credentials.h"

/* A folder with both shared files, and nothing of the caller's environment. */
static const char *begin(const char *credentials, const char *config)
{
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID",   "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE", "AWS_REGION",            "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3", "AWS_CONFIG_FILE",       "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"};
    const char *folder = test_enter_folder();
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    setenv("HOME", folder, 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    ck_assert_int_eq(system("mkdir .aws"), 0);
    if (credentials)
        test_write_file(".aws/credentials", credentials, strlen(credentials));
    if (config)
        test_write_file(".aws/config", config, strlen(config));
    return folder;
}

/* The keys that a context with `options` finds, "KEY SECRET TOKEN", or the code of the failure. */
static void check(const struct dp_context_options *options, const char *expected, int expected_rc)
{
    struct dp_credentials keys = {0};
    struct dp_s3_account *account;
    struct dp_context *context;
    struct dp_error err = {0};
    char text[200];
    int rc;

    ck_assert_int_eq(dp_context_new(options, &context, NULL), DP_OK);
    rc = dp_credentials_account(context, &account, &err);
    if (!rc)
        rc = dp_credentials_get(account, &keys, &err);
    ck_assert_msg(rc == expected_rc, "%s", err.message);
    if (!rc) {
        snprintf(text, sizeof(text), "%s %s %s", keys.access_key, keys.secret_key,
                 keys.token ? keys.token : "-");
        ck_assert_str_eq(text, expected);
    }
    dp_credentials_clear(&keys);
    dp_context_free(context);
}

START_TEST(sources_in_their_order)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options)};
    const char *folder =
        begin("[default]\naws_access_key_id = A\naws_secret_access_key = a\n"
              "[two]\naws_access_key_id=B\naws_secret_access_key=b\naws_session_token=t\n",
              "[default]\naws_access_key_id = X\naws_secret_access_key = x\n"
              "[profile three]\naws_access_key_id = C\naws_secret_access_key = c\n");

    check(NULL, "A a -", DP_OK);
    setenv("AWS_PROFILE", "two", 1);
    check(NULL, "B b t", DP_OK);
    setenv("AWS_PROFILE", "three", 1);
    check(NULL, "C c -", DP_OK);
    setenv("AWS_ACCESS_KEY_ID", "E", 1);
    check(NULL, NULL, DP_INVALID);
    setenv("AWS_SECRET_ACCESS_KEY", "e", 1);
    check(NULL, "E e -", DP_OK);
    setenv("AWS_SESSION_TOKEN", "f", 1);
    check(NULL, "E e f", DP_OK);
    /* Named by the caller, a profile goes before the environment. */
    options.profile = "two";
    check(&options, "B b t", DP_OK);
    options.profile = "none";
    check(&options, NULL, DP_INVALID);
    options.profile = NULL;
    options.no_sign_request = 1;
    check(&options, "  -", DP_OK);
    test_leave_folder(folder);
}
END_TEST

START_TEST(other_files)
{
    const char *folder = begin(NULL, NULL);

    check(NULL, NULL, DP_DENIED);
    test_write_file("keys", "[default]\naws_access_key_id=A\naws_secret_access_key=a\n", 54);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "~/keys", 1);
    check(NULL, "A a -", DP_OK);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "keys", 1);
    check(NULL, "A a -", DP_OK);
    test_leave_folder(folder);
}
END_TEST

static void check_settings(const struct dp_context_options *options, const char *region,
                           const char *endpoint)
{
    const struct dp_s3_settings *settings;
    struct dp_s3_account *account, *again;
    struct dp_context *context;

    ck_assert_int_eq(dp_context_new(options, &context, NULL), DP_OK);
    ck_assert_int_eq(dp_credentials_account(context, &account, NULL), DP_OK);
    settings = dp_credentials_settings(account);
    ck_assert_str_eq(settings->region, region);
    ck_assert_str_eq(settings->endpoint ? settings->endpoint : "-", endpoint);
    ck_assert_int_eq(dp_credentials_account(context, &again, NULL), DP_OK);
    ck_assert_ptr_eq(account, again);
    dp_context_free(context);
}

START_TEST(region_and_endpoint)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options)};
    const char *folder = begin(NULL, "[profile lab]\nregion = eu-north-1\nservices = inside\n"
                                     "endpoint_url = http://general\n"
                                     "[services inside]\ns3 =\n  endpoint_url = http://own:1//\n"
                                     "[profile other]\nendpoint_url = http://general\n");
    struct dp_s3_account *account = NULL;
    struct dp_context *context;

    check_settings(NULL, "us-east-1", "-");
    setenv("AWS_PROFILE", "lab", 1);
    check_settings(NULL, "eu-north-1", "http://own:1");
    setenv("AWS_PROFILE", "other", 1);
    check_settings(NULL, "us-east-1", "http://general");
    setenv("AWS_DEFAULT_REGION", "d", 1);
    setenv("AWS_ENDPOINT_URL", "http://two", 1);
    check_settings(NULL, "d", "http://two");
    setenv("AWS_REGION", "r", 1);
    setenv("AWS_ENDPOINT_URL_S3", "https://three", 1);
    check_settings(NULL, "r", "https://three");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    check_settings(NULL, "r", "-");
    options.region = "o";
    options.endpoint_url = "http://four/";
    check_settings(&options, "o", "http://four");
    options.endpoint_url = "four";
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    ck_assert_int_eq(dp_credentials_account(context, &account, NULL), DP_INVALID);
    ck_assert_ptr_null(account);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(keys_can_be_renewed)
{
    const char *folder =
        begin("[default]\naws_access_key_id = A\naws_secret_access_key = a\n", NULL);
    static const char text[] = "[default]\naws_access_key_id = B\naws_secret_access_key = b\n";
    struct dp_credentials old = {0}, new = {0};
    struct dp_context *context = test_context();
    struct dp_s3_account *account;

    ck_assert_int_eq(dp_credentials_account(context, &account, NULL), DP_OK);
    ck_assert_int_eq(dp_credentials_get(account, &old, NULL), DP_OK);
    ck_assert(!dp_credentials_renew(account));
    test_write_file(".aws/credentials", text, sizeof(text) - 1);
    ck_assert(dp_credentials_renew(account));
    ck_assert_int_eq(dp_credentials_get(account, &new, NULL), DP_OK);
    ck_assert_str_eq(new.access_key, "B");
    /* Another thread comes, refused with the old ones: they are renewed already. */
    ck_assert(dp_credentials_renew(account));
    dp_credentials_clear(&old);
    dp_credentials_clear(&new);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("credentials", sources_in_their_order, other_files, region_and_endpoint,
          keys_can_be_renewed)
