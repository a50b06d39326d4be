/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/credentials_source.h"

#include "connectors/timestamp.h"

#include <jansson.h>
#include <string.h>

static const char *text_of(const json_t *root, const char *key)
{
    return json_string_value(json_object_get(root, key));
}

/* What a value may look like to be put into a header or a message. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static int take(const json_t *root, const char *name, const char *token_name,
                struct dp_credentials *credentials, struct dp_error *err)
{
    const char *access_key = text_of(root, "AccessKeyId"), *token = text_of(root, token_name);
    const char *secret_key = text_of(root, "SecretAccessKey"), *code = text_of(root, "Code");
    const char *expiration = text_of(root, "Expiration");
    int64_t expires = 0;

    if (code && strcmp(code, "Success") != 0)
        return dp_error_set(err, DP_DENIED, "%s: it answers '%.100s'", name, code);
    if (!access_key || !secret_key)
        return dp_error_set(err, DP_DENIED, "%s: the answer has no %s", name,
                            access_key ? "SecretAccessKey" : "AccessKeyId");
    if (expiration && !dp_timestamp_parse(expiration, &expires))
        return dp_error_set(err, DP_DENIED, "%s: '%.40s' is no time of expiry", name, expiration);
    if (!is_plain(access_key) || (token && !is_plain(token)))
        return dp_error_set(err, DP_DENIED, "%s: keys with control characters", name);
    return dp_credentials_copy(credentials, access_key, secret_key, token, expires, err);
}

int dp_credentials_json_read(const char *name, const char *text, size_t length,
                             const char *token_name, bool with_version,
                             struct dp_credentials *credentials, struct dp_error *err)
{
    json_t *root = json_loadb(text, length, 0, NULL);
    const json_t *version = json_object_get(root, "Version");
    int rc;

    if (!json_is_object(root))
        rc = dp_error_set(err, DP_DENIED, "%s: the answer is no JSON object", name);
    else if (with_version && (!json_is_integer(version) || json_integer_value(version) != 1))
        rc = dp_error_set(err, DP_DENIED, "%s: the answer does not say \"Version\": 1", name);
    else
        rc = take(root, name, token_name, credentials, err);
    json_decref(root);
    return rc;
}
