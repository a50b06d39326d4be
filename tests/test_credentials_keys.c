/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/credentialing.h"

START_TEST(keys_of_one_place_only)
{
    const char *folder =
        credentialing_begin("[default]\naws_access_key_id = A\n[full]\naws_access_key_id = B\n"
                            "aws_secret_access_key = b\naws_session_token = t\n",
                            "[default]\naws_secret_access_key = x\n"
                            "[profile full]\naws_access_key_id = C\naws_secret_access_key = c\n");

    /* Half in this file, half in that one is no pair. */
    credentialing_check(dp_credentials_keys_credentials, NULL, DP_INVALID, "aws_secret_access_key");
    credentialing_check(dp_credentials_keys_config, NULL, DP_NOT_FOUND, NULL);
    credentialing_check(dp_credentials_keys_credentials, "full", DP_OK, "B b t 0");
    credentialing_check(dp_credentials_keys_config, "full", DP_OK, "C c - 0");
    credentialing_check(dp_credentials_keys_environment, NULL, DP_NOT_FOUND, NULL);
    setenv("AWS_ACCESS_KEY_ID", "E", 1);
    credentialing_check(dp_credentials_keys_environment, NULL, DP_INVALID, "AWS_SECRET");
    setenv("AWS_SECRET_ACCESS_KEY", "e", 1);
    credentialing_check(dp_credentials_keys_environment, NULL, DP_OK, "E e - 0");
    test_leave_folder(folder);
}
END_TEST

START_TEST(sso_names_the_way_out)
{
    const char *folder = credentialing_begin(NULL, "[profile new]\nsso_session = x\n"
                                                   "[profile old]\nsso_start_url = https://x\n"
                                                   "[profile none]\nregion = x\n");

    credentialing_check(dp_credentials_keys_sso, "new", DP_UNSUPPORTED,
                        "credential_process = aws configure export-credentials --profile new");
    credentialing_check(dp_credentials_keys_sso, "old", DP_UNSUPPORTED, "credential_process");
    credentialing_check(dp_credentials_keys_sso, "none", DP_NOT_FOUND, NULL);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("credentials_keys", keys_of_one_place_only, sso_names_the_way_out)
