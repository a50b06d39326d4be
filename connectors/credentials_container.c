/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The service that containers get their role's keys from: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
 * (ECS) or _FULL_URI (EKS, and others that speak the same). The token that goes with it may change
 * at any time, so its file is read for every call. */

#include "config.h"

#include "connectors/credentials_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME "container credentials"

enum { LIMIT_MILLISECONDS = 5000 };

/* The host of a URL: its first byte and its length, without port and brackets. */
static const char *host_of(const char *url, size_t *length)
{
    const char *from = strstr(url, "://") + 3;

    if (*from == '[') {
        *length = strcspn(++from, "]");
        return from;
    }
    *length = strcspn(from, ":/?");
    return from;
}

/* Keys over plain HTTP only from this very host, or from the addresses that ECS and EKS use. */
static bool is_safe(const char *url)
{
    static const char *const hosts[] = {"localhost", "::1", "169.254.170.2", "169.254.170.23",
                                        "fd00:ec2::23"};
    size_t length, i;
    unsigned last[3];
    const char *host;
    char text[64];

    if (strpbrk(url, "@# \r\n"))
        return false;
    if (strncasecmp(url, "https://", 8) == 0)
        return true;
    if (strncasecmp(url, "http://", 7) != 0)
        return false;
    host = host_of(url, &length);
    for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (strlen(hosts[i]) == length && strncasecmp(host, hosts[i], length) == 0)
            return true;
    snprintf(text, sizeof(text), "%.*s|", (int)length, host);
    return sscanf(text, "127.%3u.%3u.%3u|", &last[0], &last[1], &last[2]) == 3 &&
           text[strspn(text, "0123456789.")] == '|';
}

static int make_url(char **url, struct dp_error *err)
{
    const char *relative = dp_profile_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = dp_profile_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    int n;

    if (relative && (*relative != '/' || strpbrk(relative, "\r\n ")))
        return dp_error_set(err, DP_INVALID,
                            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with '/'");
    if (!relative && !is_safe(full))
        return dp_error_set(err, DP_INVALID,
                            "AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https:// URL, or name "
                            "this host or the credentials service of ECS or EKS");
    n = relative ? asprintf(url, "http://169.254.170.2%s", relative) : asprintf(url, "%s", full);
    return n < 0 ? dp_error_no_memory(err) : DP_OK;
}

/* "Authorization: TOKEN", to be freed with dp_credentials_http_free; NULL when none is wanted. */
static int make_header(char **header, struct dp_error *err)
{
    const char *path = dp_profile_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = dp_profile_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    char *read = NULL;
    int rc = path ? dp_credentials_http_read_token(path, &read, err) : DP_OK;

    *header = NULL;
    if (rc)
        return rc;
    if (read)
        token = read;
    if (token && strpbrk(token, "\r\n"))
        rc = dp_error_set(err, DP_INVALID, "AWS_CONTAINER_AUTHORIZATION_TOKEN has several lines");
    else if (token && asprintf(header, "Authorization: %s", token) < 0)
        rc = dp_error_no_memory(err);
    dp_credentials_http_free(read);
    return rc;
}

int dp_credentials_container_fetch(struct dp_credentials_asker *asker,
                                   struct dp_credentials *credentials, struct dp_error *err)
{
    struct dp_credentials_call call = {
        .name = NAME, .method = "GET", .local = true, .limit_ms = LIMIT_MILLISECONDS};
    const char *headers[2] = {NULL, NULL};
    char *url = NULL, *header = NULL, *text = NULL;
    int status, rc;

    if (!dp_profile_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") &&
        !dp_profile_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
        return DP_NOT_FOUND;
    rc = make_url(&url, err);
    if (!rc)
        rc = make_header(&header, err);
    if (rc)
        goto out;
    headers[0] = header;
    call.url = url;
    call.headers = headers;
    rc = dp_credentials_http_call(asker->context, &call, &text, &status, err);
    if (!rc)
        rc = dp_credentials_json_read(NAME, text, strlen(text), "Token", false, credentials, err);
    /* It was configured, so that nothing is there is a failure. */
    if (rc == DP_NOT_FOUND)
        rc = dp_error_set(err, DP_DENIED, NAME ": there are none (HTTP %d)", status);
out:
    dp_credentials_http_free(text);
    dp_credentials_http_free(header);
    free(url);
    return rc;
}
