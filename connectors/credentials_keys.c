/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/credentials_source.h"

int dp_credentials_keys_environment(struct dp_credentials_asker *asker,
                                    struct dp_credentials *credentials, struct dp_error *err)
{
    const char *access_key = dp_profile_variable("AWS_ACCESS_KEY_ID");
    const char *secret_key = dp_profile_variable("AWS_SECRET_ACCESS_KEY");

    if (!access_key || asker->profile_given)
        return DP_NOT_FOUND;
    if (!secret_key)
        return dp_error_set(err, DP_INVALID,
                            "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
    return dp_credentials_copy(credentials, access_key, secret_key,
                               dp_profile_variable("AWS_SESSION_TOKEN"), 0, err);
}

/* Keys of one file: half of them in the other one would be a mixture of two accounts. */
static int take_keys(const struct dp_credentials_asker *asker, const char *file,
                     const char *(*get)(const struct dp_profile *profile, const char *key),
                     struct dp_credentials *credentials, struct dp_error *err)
{
    const char *access_key = get(&asker->profile, "aws_access_key_id");
    const char *secret_key = get(&asker->profile, "aws_secret_access_key");

    if (!access_key)
        return DP_NOT_FOUND;
    if (!secret_key)
        return dp_error_set(err, DP_INVALID,
                            "profile '%s' of the %s file has an aws_access_key_id and no "
                            "aws_secret_access_key", asker->profile.name, file);
    return dp_credentials_copy(credentials, access_key, secret_key,
                               get(&asker->profile, "aws_session_token"), 0, err);
}

int dp_credentials_keys_credentials(struct dp_credentials_asker *asker,
                                    struct dp_credentials *credentials, struct dp_error *err)
{
    return take_keys(asker, "credentials", dp_profile_get_credentials, credentials, err);
}

int dp_credentials_keys_config(struct dp_credentials_asker *asker,
                               struct dp_credentials *credentials, struct dp_error *err)
{
    return take_keys(asker, "config", dp_profile_get_config, credentials, err);
}

int dp_credentials_keys_sso(struct dp_credentials_asker *asker,
                            struct dp_credentials *credentials, struct dp_error *err)
{
    const char *name = asker->profile.name;

    (void)credentials;
    if (!dp_profile_get(&asker->profile, "sso_session") &&
        !dp_profile_get(&asker->profile, "sso_start_url"))
        return DP_NOT_FOUND;
    return dp_error_set(err, DP_UNSUPPORTED,
                        "profile '%s' signs in by SSO, which is left to the AWS tools: log in with "
                        "'aws sso login' and add to the profile: credential_process = aws "
                        "configure export-credentials --profile %s --format process", name, name);
}
