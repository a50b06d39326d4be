/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/credentials_settings.h"

#include "base/size.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_ATTEMPTS = 100 };

static const char *not_empty(const char *text)
{
    return text && *text ? text : NULL;
}

static const char *find_endpoint(const struct dp_context *context,
                                 const struct dp_profile *profile)
{
    const char *text = not_empty(context->options.endpoint_url);

    if (text)
        return text;
    if (dp_profile_switch(profile, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                          "ignore_configured_endpoint_urls"))
        return NULL;
    if ((text = dp_profile_variable("AWS_ENDPOINT_URL_S3")) ||
        (text = dp_profile_variable("AWS_ENDPOINT_URL")) ||
        (text = dp_profile_get_service(profile, "s3.endpoint_url")))
        return text;
    return dp_profile_get_config(profile, "endpoint_url");
}

static const char *find_region(const struct dp_context *context, const struct dp_profile *profile)
{
    const char *text = not_empty(context->options.region);

    if (text || (text = dp_profile_variable("AWS_REGION")) ||
        (text = dp_profile_variable("AWS_DEFAULT_REGION")) ||
        (text = dp_profile_get(profile, "region")))
        return text;
    return "us-east-1";
}

/* It becomes a part of a host's name. */
static int check_region(const char *region, struct dp_error *err)
{
    size_t n = 0;

    while (isalnum((unsigned char)region[n]) || region[n] == '-')
        n++;
    if (region[n] || n >= DP_S3_REGION_BYTES)
        return dp_error_set(err, DP_INVALID, "'%.100s' is not the name of a region", region);
    return DP_OK;
}

static int check_endpoint(const char *endpoint, struct dp_error *err)
{
    if (strncasecmp(endpoint, "http://", 7) == 0 || strncasecmp(endpoint, "https://", 8) == 0) {
        if (!strpbrk(endpoint, "@?# "))
            return DP_OK;
    }
    return dp_error_set(err, DP_INVALID,
                        "the S3 endpoint must be a plain http:// or https:// URL");
}

static char *copy_endpoint(const char *text)
{
    size_t n = strlen(text);

    while (n && text[n - 1] == '/')
        n--;
    return strndup(text, n);
}

static int choose_style(const struct dp_context *context, const struct dp_profile *profile,
                        struct dp_s3_settings *settings, struct dp_error *err)
{
    const char *style = not_empty(context->options.addressing_style);

    if (!style)
        style = dp_profile_get_config(profile, "s3.addressing_style");
    settings->force_path_style = style && strcmp(style, "path") == 0;
    settings->force_virtual_style = style && strcmp(style, "virtual") == 0;
    if (!style || settings->force_path_style || settings->force_virtual_style ||
        strcmp(style, "auto") == 0)
        return DP_OK;
    return dp_error_set(err, DP_INVALID,
                        "the addressing style '%.40s' is not path, virtual or auto", style);
}

/* The profile's figure counts only when neither the caller nor the environment gave one. */
static int choose_attempts(const struct dp_context *context, const struct dp_profile *profile,
                           struct dp_s3_settings *settings, struct dp_error *err)
{
    const char *text = dp_profile_get_config(profile, "max_attempts");
    const char *mode = dp_profile_get_config(profile, "retry_mode");
    uint64_t count = 0;

    if (context->attempts_given || (!text && !mode))
        return DP_OK;
    if (text && (!dp_count_parse(text, &count) || count < 1 || count > MOST_ATTEMPTS))
        return dp_error_set(err, DP_INVALID, "profile '%s': max_attempts: '%.40s' is not a number "
                            "from 1 to %d", profile->name, text, (int)MOST_ATTEMPTS);
    if (!text && !dp_context_retry_mode(mode, &settings->attempts))
        return dp_error_set(err, DP_INVALID, "profile '%s': retry_mode: '%.40s' is not legacy, "
                            "standard or adaptive", profile->name, mode);
    if (text)
        settings->attempts = (unsigned)count;
    return DP_OK;
}

int dp_credentials_settings_choose(const struct dp_context *context,
                                   const struct dp_profile *profile,
                                   struct dp_s3_settings *settings, struct dp_error *err)
{
    const char *endpoint = find_endpoint(context, profile);
    const char *region = find_region(context, profile);
    const char *bundle = dp_profile_get_config(profile, "ca_bundle");
    int rc = endpoint ? check_endpoint(endpoint, err) : DP_OK;

    if (!rc)
        rc = check_region(region, err);
    if (!rc)
        rc = choose_style(context, profile, settings, err);
    if (!rc)
        rc = choose_attempts(context, profile, settings, err);
    if (rc)
        return rc;
    settings->fips = dp_profile_switch(profile, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    settings->dual_stack =
        dp_profile_switch(profile, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    settings->region = strdup(region);
    settings->endpoint = endpoint ? copy_endpoint(endpoint) : NULL;
    settings->ca_bundle = bundle ? strdup(bundle) : NULL;
    if (!settings->region || (endpoint && !settings->endpoint) || (bundle && !settings->ca_bundle))
        return dp_error_no_memory(err);
    return DP_OK;
}

void dp_credentials_settings_free(struct dp_s3_settings *settings)
{
    free(settings->region);
    free(settings->endpoint);
    free(settings->ca_bundle);
    memset(settings, 0, sizeof(*settings));
}
