/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/credentialing.h"

#include "connectors/credentials_settings.h"

/* What a context with `options` settles on for profile `name`: "REGION ENDPOINT CA ATTEMPTS STYLE",
 * or the code of the failure. */
static void check(struct dp_context_options options, const char *name, int expected_rc,
                  const char *expected)
{
    struct dp_s3_settings settings = {0};
    struct dp_profile profile;
    struct dp_context *context;
    struct dp_error err = {0};
    char text[400];
    int rc;

    options.struct_bytes = sizeof(options);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    ck_assert_int_eq(dp_profile_open(&profile, name, NULL), DP_OK);
    rc = dp_credentials_settings_choose(context, &profile, &settings, &err);
    ck_assert_msg(rc == expected_rc, "%d: %s", rc, err.message);
    if (!rc) {
        snprintf(text, sizeof(text), "%s %s %s %u %s", settings.region,
                 settings.endpoint ? settings.endpoint : "-",
                 settings.ca_bundle ? settings.ca_bundle : "-", settings.attempts,
                 settings.force_path_style      ? "path"
                 : settings.force_virtual_style ? "virtual"
                                                : "auto");
        ck_assert_str_eq(text, expected);
    } else {
        ck_assert_msg(strstr(err.message, expected), "%s", err.message);
    }
    dp_credentials_settings_free(&settings);
    dp_profile_close(&profile);
    dp_context_free(context);
}

static const struct dp_context_options none;

START_TEST(what_profiles_say)
{
    const char *folder = credentialing_begin(
        NULL, "[profile full]\nregion = eu-north-1\nca_bundle = /ca\nmax_attempts = 7\n"
              "endpoint_url = http://e/\ns3 =\n  addressing_style = virtual\n"
              "[profile mode]\nretry_mode = standard\ns3 =\n  addressing_style = path\n"
              "[profile own]\nservices = x\nendpoint_url = http://e\n"
              "[services x]\ns3 =\n  endpoint_url = http://s3\n"
              "[profile off]\nendpoint_url = http://e\nignore_configured_endpoint_urls = true\n"
              "[profile a]\nregion = a/b\n[profile b]\nmax_attempts = many\n"
              "[profile c]\nretry_mode = hard\n[profile d]\ns3 =\n  addressing_style = host\n"
              "[profile e]\nendpoint_url = e\n");
    struct dp_context_options given = {.region = "r", .endpoint_url = "http://g", .attempts = 4,
                                       .addressing_style = "auto"};

    check(none, NULL, DP_OK, "us-east-1 - - 0 auto");
    check(none, "full", DP_OK, "eu-north-1 http://e /ca 7 virtual");
    check(given, "full", DP_OK, "r http://g /ca 0 auto");
    check(none, "mode", DP_OK, "us-east-1 - - 3 path");
    check(none, "own", DP_OK, "us-east-1 http://s3 - 0 auto");
    check(none, "off", DP_OK, "us-east-1 - - 0 auto");
    check(none, "a", DP_INVALID, "'a/b' is not the name of a region");
    check(none, "b", DP_INVALID, "max_attempts: 'many'");
    check(none, "c", DP_INVALID, "retry_mode: 'hard'");
    check(none, "d", DP_INVALID, "addressing style 'host'");
    check(none, "e", DP_INVALID, "endpoint");
    setenv("AWS_REGION", "two", 1);
    setenv("AWS_DEFAULT_REGION", "three", 1);
    setenv("AWS_MAX_ATTEMPTS", "9", 1);
    check(none, "full", DP_OK, "two http://e /ca 0 virtual");
    unsetenv("AWS_REGION");
    setenv("AWS_ENDPOINT_URL", "http://v", 1);
    check(none, "own", DP_OK, "three http://v - 0 auto");
    setenv("AWS_ENDPOINT_URL_S3", "http://w", 1);
    check(none, "own", DP_OK, "three http://w - 0 auto");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    check(none, "own", DP_OK, "three - - 0 auto");
    check(given, "own", DP_OK, "r http://g - 0 auto");
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("credentials_settings", what_profiles_say)
