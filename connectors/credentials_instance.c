/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The metadata service of EC2, version 2: a session token by PUT, the name of the role, its keys.
 * Whether there is such a service is found out within a second, unless the user gives it more: most
 * machines have none. */

#include "config.h"

#include "connectors/credentials_source.h"

#include "base/size.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME      "instance metadata"
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

enum {
    PROBE_MILLISECONDS = 900,
    LIMIT_MILLISECONDS = 5000,
    MOST_SECONDS = 1000
};

/* The service's address without a slash at its end; NULL: out of memory. */
static char *find_service(const struct dp_profile *profile)
{
    const char *url = dp_profile_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = dp_profile_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    size_t n;

    if (!url)
        url = dp_profile_get_config(profile, "ec2_metadata_service_endpoint");
    if (!mode)
        mode = dp_profile_get_config(profile, "ec2_metadata_service_endpoint_mode");
    if (!url)
        url = mode && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]"
                                                    : "http://169.254.169.254";
    n = strlen(url);
    while (n && url[n - 1] == '/')
        n--;
    return strndup(url, n);
}

/* Says where the wrong text stands: in the variable, or in the profile. */
static int refuse_timeout(const struct dp_profile *profile, const char *variable, const char *key,
                          const char *text, struct dp_error *err)
{
    if (dp_profile_variable(variable))
        return dp_error_set(err, DP_INVALID, NAME ": %s: '%.40s' is not a number from 1 to %d",
                            variable, text, MOST_SECONDS);
    return dp_error_set(err, DP_INVALID,
                        NAME ": %s: profile '%s': %s: '%.40s' is not a number from 1 to %d",
                        profile->config.path, profile->name, key, text, MOST_SECONDS);
}

/* How long the first answer may take. */
static int choose_probe(const struct dp_profile *profile, unsigned *milliseconds,
                        struct dp_error *err)
{
    static const char variable[] = "AWS_METADATA_SERVICE_TIMEOUT",
                      key[] = "metadata_service_timeout";
    const char *text = dp_profile_variable(variable);
    uint64_t seconds;

    *milliseconds = PROBE_MILLISECONDS;
    if (!text)
        text = dp_profile_get_config(profile, key);
    if (!text)
        return DP_OK;
    if (!dp_count_parse(text, &seconds) || seconds < 1 || seconds > MOST_SECONDS)
        return refuse_timeout(profile, variable, key, text, err);
    *milliseconds = (unsigned)seconds * 1000;
    return DP_OK;
}

static int call_service(struct dp_context *context, struct dp_credentials_call *call,
                        const char *service, const char *path, const char *role, char **text,
                        int *status, struct dp_error *err)
{
    char *url;
    int rc;

    if (asprintf(&url, "%s%s%s", service, path, role) < 0)
        return dp_error_no_memory(err);
    call->name = NAME;
    call->url = url;
    call->local = true;
    rc = dp_credentials_http_call(context, call, text, status, err);
    free(url);
    return rc;
}

/* Asks for a session. Whatever comes instead of one means that there is no such service. */
static int begin_session(struct dp_context *context, const char *service, unsigned limit_ms,
                         char **token, struct dp_error *err)
{
    static const char *const headers[] = {"X-aws-ec2-metadata-token-ttl-seconds: 21600",
                                          "Content-Length: 0", NULL};
    struct dp_credentials_call call = {
        .method = "PUT", .headers = headers, .once = true, .limit_ms = limit_ms};
    struct dp_error failure = {0};
    int status, rc;

    rc = call_service(context, &call, service, "/latest/api/token", "", token, &status, &failure);
    if (!rc && **token && !strpbrk(*token, "\r\n"))
        return DP_OK;
    if (!rc) {
        dp_credentials_http_free(*token);
        *token = NULL;
        dp_error_set(&failure, DP_IO, NAME ": it gives no session token");
    }
    if (rc == DP_CANCELLED || rc == DP_NO_MEMORY) {
        if (err)
            *err = failure;
        return rc;
    }
    dp_context_log(context, DP_LOG_DEBUG, "no credentials from there: %s", failure.message);
    return DP_NOT_FOUND;
}

/* The first line of the answer, when it can stand in a path. */
static bool cut_role(char *text)
{
    char *end = text;

    while (isalnum((unsigned char)*end) || (*end && strchr("+=,.@_-", *end)))
        end++;
    if (*end && *end != '\r' && *end != '\n')
        return false;
    *end = 0;
    return end > text;
}

static int fetch_role(struct dp_context *context, const char *service, unsigned probe_ms,
                      const char *const *headers, struct dp_credentials *credentials,
                      struct dp_error *err)
{
    struct dp_credentials_call call = {
        .method = "GET",
        .headers = headers,
        .limit_ms = probe_ms > LIMIT_MILLISECONDS ? probe_ms : LIMIT_MILLISECONDS};
    char *role = NULL, *text = NULL;
    int status;
    int rc = call_service(context, &call, service, ROLE_PATH, "", &role, &status, err);

    if (rc == DP_NOT_FOUND)
        dp_context_log(context, DP_LOG_DEBUG, NAME ": this machine has no role");
    if (rc)
        return rc;
    if (cut_role(role))
        rc = call_service(context, &call, service, ROLE_PATH, role, &text, &status, err);
    else
        rc = dp_error_set(err, DP_DENIED, NAME ": the answer is not the name of a role");
    if (!rc)
        rc = dp_credentials_json_read(NAME, text, strlen(text), "Token", false, credentials, err);
    dp_credentials_http_free(role);
    dp_credentials_http_free(text);
    return rc;
}

int dp_credentials_instance_fetch(struct dp_credentials_asker *asker,
                                  struct dp_credentials *credentials, struct dp_error *err)
{
    const char *headers[2] = {NULL, NULL};
    char *service, *token = NULL, *header = NULL;
    unsigned probe_ms;
    int rc;

    if (dp_profile_switch(NULL, "AWS_EC2_METADATA_DISABLED", ""))
        return DP_NOT_FOUND;
    rc = choose_probe(&asker->profile, &probe_ms, err);
    if (rc)
        return rc;
    service = find_service(&asker->profile);
    if (!service)
        return dp_error_no_memory(err);
    rc = begin_session(asker->context, service, probe_ms, &token, err);
    if (!rc && asprintf(&header, "X-aws-ec2-metadata-token: %s", token) < 0) {
        header = NULL;
        rc = dp_error_no_memory(err);
    }
    headers[0] = header;
    if (!rc)
        rc = fetch_role(asker->context, service, probe_ms, headers, credentials, err);
    dp_credentials_http_free(token);
    dp_credentials_http_free(header);
    free(service);
    return rc;
}
