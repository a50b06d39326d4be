/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/credentialing.h"

#include "connectors/profile.h"

static const char config[] = "[default]\nregion = r\n[profile two]\nregion = s\nx = config\n"
                             "y = config\nempty =\nservices = mine\ns3 =\n  addressing_style = p\n"
                             "[services mine]\ns3 =\n  endpoint_url = http://s3\nsts =\n"
                             "  endpoint_url = http://sts\n";
static const char credentials[] = "[two]\nx = credentials\n[only]\nz = 1\n";

START_TEST(two_files_make_a_profile)
{
    const char *folder = credentialing_begin(credentials, config);
    struct dp_profile profile;

    ck_assert_int_eq(dp_profile_open(&profile, "two", NULL), DP_OK);
    ck_assert_str_eq(dp_profile_get(&profile, "x"), "credentials");
    ck_assert_str_eq(dp_profile_get_config(&profile, "x"), "config");
    ck_assert_str_eq(dp_profile_get_credentials(&profile, "x"), "credentials");
    ck_assert_str_eq(dp_profile_get(&profile, "y"), "config");
    ck_assert_ptr_null(dp_profile_get_credentials(&profile, "y"));
    ck_assert_ptr_null(dp_profile_get(&profile, "empty"));
    ck_assert_str_eq(dp_profile_get(&profile, "s3.addressing_style"), "p");
    ck_assert_str_eq(dp_profile_get_service(&profile, "s3.endpoint_url"), "http://s3");
    ck_assert_str_eq(dp_profile_get_service(&profile, "sts.endpoint_url"), "http://sts");
    ck_assert_ptr_null(dp_profile_get_service(&profile, "ec2.endpoint_url"));
    dp_profile_close(&profile);
    test_leave_folder(folder);
}
END_TEST

static void check_name(const char *given, const char *expected, bool exists)
{
    struct dp_profile profile;

    ck_assert_int_eq(dp_profile_open(&profile, given, NULL), DP_OK);
    ck_assert_str_eq(profile.name, expected);
    ck_assert_int_eq(dp_profile_exists(&profile), exists);
    dp_profile_close(&profile);
}

START_TEST(which_profile)
{
    const char *folder = credentialing_begin(credentials, config);

    check_name(NULL, "default", true);
    setenv("AWS_DEFAULT_PROFILE", "only", 1);
    check_name(NULL, "only", true);
    setenv("AWS_PROFILE", "two", 1);
    check_name(NULL, "two", true);
    check_name("", "two", true);
    check_name("three", "three", false);
    test_leave_folder(folder);
}
END_TEST

START_TEST(switches)
{
    const char *folder = credentialing_begin(NULL, "[default]\non = True\noff = no\n");
    struct dp_profile profile;

    ck_assert_int_eq(dp_profile_open(&profile, NULL, NULL), DP_OK);
    unsetenv("DP_TEST_SWITCH");
    ck_assert(dp_profile_switch(&profile, "DP_TEST_SWITCH", "on"));
    ck_assert(!dp_profile_switch(&profile, "DP_TEST_SWITCH", "off"));
    ck_assert(!dp_profile_switch(NULL, "DP_TEST_SWITCH", "on"));
    setenv("DP_TEST_SWITCH", "false", 1);
    ck_assert(!dp_profile_switch(&profile, "DP_TEST_SWITCH", "on"));
    setenv("DP_TEST_SWITCH", "TRUE", 1);
    ck_assert(dp_profile_switch(&profile, "DP_TEST_SWITCH", "off"));
    dp_profile_close(&profile);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("profile", two_files_make_a_profile, which_profile, switches)
