/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What the tests of the sources of credentials share: an environment with nothing of the caller's,
 * the two shared files, and asking one source. */

#ifndef DP_TESTS_CREDENTIALING_H
#define DP_TESTS_CREDENTIALING_H

#include "tests/scripted.h"

#include "connectors/credentials_source.h"

/* A folder with both shared files, and nothing of the caller's environment. */
static inline const char *credentialing_begin(const char *credentials, const char *config)
{
    const char *folder = test_enter_folder();

    test_forget_environment();
    setenv("HOME", folder, 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    ck_assert_int_eq(system("mkdir .aws"), 0);
    if (credentials)
        test_write_file(".aws/credentials", credentials, strlen(credentials));
    if (config)
        test_write_file(".aws/config", config, strlen(config));
    return folder;
}

static inline struct dp_context *credentialing_context(unsigned timeout_seconds)
{
    struct dp_context_options options = {
        .struct_bytes = sizeof(options), .attempts = 2, .timeout_seconds = timeout_seconds};
    struct dp_context *context = NULL;

    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    return context;
}

/* Asks `fetch` for profile `profile` (NULL: the default one): "KEY SECRET TOKEN EXPIRES", or a code
 * and, but for DP_NOT_FOUND, the beginning of a message. */
static inline void credentialing_check(int (*fetch)(struct dp_credentials_asker *,
                                                    struct dp_credentials *, struct dp_error *),
                                       const char *profile, int expected_rc, const char *expected)
{
    struct dp_context *context = credentialing_context(30);
    struct dp_credentials_asker asker = {.context = context, .region = "us-east-1"};
    struct dp_credentials keys = {0};
    struct dp_error err = {0};
    char text[1024];
    int rc;

    ck_assert_int_eq(dp_profile_open(&asker.profile, profile, NULL), DP_OK);
    rc = fetch(&asker, &keys, &err);
    ck_assert_msg(rc == expected_rc, "%d: %s", rc, err.message);
    if (rc == DP_OK) {
        snprintf(text, sizeof(text), "%s %s %s %lld", keys.access_key, keys.secret_key,
                 keys.token ? keys.token : "-", (long long)keys.expires);
        ck_assert_str_eq(text, expected);
    } else {
        ck_assert_ptr_null(keys.access_key);
        if (expected)
            ck_assert_msg(strstr(err.message, expected), "'%s' says nothing of '%s'", err.message,
                          expected);
    }
    dp_credentials_clear(&keys);
    dp_profile_close(&asker.profile);
    dp_context_free(context);
}

#endif
