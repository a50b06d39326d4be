/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Roles, assumed at AWS's Security Token Service or a relative of it: with the keys of another
 * profile, or with the token of a web identity, as Kubernetes gives its pods. */

#include "config.h"

#include "connectors/credentials_source.h"

#include "connectors/timestamp.h"
#include "connectors/uri.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum {
    LIMIT_MILLISECONDS = 10000,
    MOST_DEPTH = 5 /* of roles that stand on roles */
};

/* ---------------------------------------------------------------------------------- answer */

/* The elements of <Credentials>, wherever it stands; the first one counts. */
struct reader {
    struct dp_array texts[4];
    struct dp_array *field; /* where the text of the open element goes; or NULL */
    bool inside;
};

static const char *const fields[4] = {"AccessKeyId", "SecretAccessKey", "SessionToken",
                                      "Expiration"};

static void XMLCALL start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = user;
    size_t i;

    (void)attributes;
    reader->field = NULL;
    if (strcmp(name, "Credentials") == 0)
        reader->inside = true;
    for (i = 0; reader->inside && i < 4; i++)
        if (strcmp(name, fields[i]) == 0 && !reader->texts[i].length)
            reader->field = &reader->texts[i];
}

static void XMLCALL end(void *user, const XML_Char *name)
{
    struct reader *reader = user;

    reader->field = NULL;
    if (strcmp(name, "Credentials") == 0)
        reader->inside = false;
}

static void XMLCALL text(void *user, const XML_Char *bytes, int length)
{
    struct reader *reader = user;

    if (reader->field)
        (void)dp_array_append(reader->field, bytes, (size_t)length, 1);
}

/* The field as a string; NULL when it is not there or cannot stand in a header. */
static const char *finish_field(struct dp_array *field)
{
    const char *at;

    if (!field->length || !dp_array_append(field, "", 1, 1))
        return NULL;
    for (at = field->data; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return NULL;
    return field->data;
}

static int read_answer(const char *name, const char *body, struct dp_credentials *credentials,
                       struct dp_error *err)
{
    struct reader reader = {.field = NULL};
    XML_Parser parser = XML_ParserCreate(NULL);
    const char *values[4];
    int64_t expires = 0;
    bool ok;
    int rc;
    size_t i;

    if (!parser)
        return dp_error_no_memory(err);
    XML_SetUserData(parser, &reader);
    XML_SetElementHandler(parser, start, end);
    XML_SetCharacterDataHandler(parser, text);
    ok = XML_Parse(parser, body, (int)strlen(body), 1) == XML_STATUS_OK;
    XML_ParserFree(parser);
    for (i = 0; i < 4; i++)
        values[i] = finish_field(&reader.texts[i]);
    if (ok && values[0] && values[1] && (!values[3] || dp_timestamp_parse(values[3], &expires)))
        rc = dp_credentials_copy(credentials, values[0], values[1], values[2], expires, err);
    else
        rc = dp_error_set(err, DP_DENIED, "%s: the answer holds no credentials", name);
    for (i = 0; i < 4; i++) {
        if (reader.texts[i].data)
            explicit_bzero(reader.texts[i].data, reader.texts[i].capacity);
        dp_array_free(&reader.texts[i]);
    }
    return rc;
}

/* ----------------------------------------------------------------------------------- call */

/* Appends "&NAME=VALUE"; a NULL value is left out. */
static bool add(struct dp_array *form, const char *name, const char *value)
{
    return !value || (dp_array_append(form, "&", form->length ? 1 : 0, 1) &&
                      dp_array_append(form, name, strlen(name), 1) &&
                      dp_array_append(form, "=", 1, 1) &&
                      dp_uri_encode(form, value, strlen(value), ""));
}

/* The service's URL, to be freed; NULL: out of memory. An endpoint given for S3 alone is not asked
 * for roles. */
static char *find_service(const struct dp_credentials_asker *asker)
{
    const struct dp_profile *profile = &asker->profile;
    const char *url = NULL;
    char *made;

    if (!dp_profile_switch(profile, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                           "ignore_configured_endpoint_urls") &&
        !(url = dp_profile_variable("AWS_ENDPOINT_URL_STS")) &&
        !(url = dp_profile_variable("AWS_ENDPOINT_URL")) &&
        !(url = dp_profile_get_service(profile, "sts.endpoint_url")))
        url = dp_profile_get_config(profile, "endpoint_url");
    if (url)
        return strdup(url);
    if (asprintf(&made, "https://sts.%s.amazonaws.com%s/", asker->region,
                 strncmp(asker->region, "cn-", 3) == 0 ? ".cn" : "") < 0)
        return NULL;
    return made;
}

static int call_service(struct dp_credentials_asker *asker, const char *name,
                        struct dp_array *form, const struct dp_credentials *keys,
                        struct dp_credentials *credentials, struct dp_error *err)
{
    char *url = find_service(asker), *body = NULL;
    struct dp_credentials_call call = {.name = name,
                                       .method = "POST",
                                       .url = url,
                                       .form = form->data,
                                       .keys = keys,
                                       .region = asker->region,
                                       .limit_ms = LIMIT_MILLISECONDS};
    int status, rc;

    if (!url)
        return dp_error_no_memory(err);
    if ((strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0) ||
        strpbrk(url, "@?# "))
        rc = dp_error_set(err, DP_INVALID, "%s: the endpoint must be a plain https:// URL", name);
    else
        rc = dp_credentials_http_call(asker->context, &call, &body, &status, err);
    if (!rc)
        rc = read_answer(name, body, credentials, err);
    else if (rc == DP_NOT_FOUND)
        rc = dp_error_set(err, DP_DENIED, "%s: there is no such service (HTTP %d)", name, status);
    dp_credentials_http_free(body);
    free(url);
    return rc;
}

/* Fills in what both kinds of calls have in common; false: out of memory. */
static bool begin_form(struct dp_array *form, const char *action, const char *role,
                       const char *session)
{
    char name[64];

    snprintf(name, sizeof(name), "dataplug-%lld-%d", (long long)time(NULL), (int)getpid());
    return add(form, "Action", action) && add(form, "Version", "2011-06-15") &&
           add(form, "RoleArn", role) && add(form, "RoleSessionName", session ? session : name);
}

static void free_form(struct dp_array *form)
{
    if (form->data)
        explicit_bzero(form->data, form->capacity);
    dp_array_free(form);
}

/* --------------------------------------------------------------------------- web identity */

int dp_credentials_sts_web(struct dp_credentials_asker *asker,
                           struct dp_credentials *credentials, struct dp_error *err)
{
    static const char name[] = "AssumeRoleWithWebIdentity";
    const char *path = asker->profile_given ? NULL
                                            : dp_profile_variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *role, *session;
    struct dp_array form = {0};
    char *token = NULL;
    int rc;

    if (path) {
        role = dp_profile_variable("AWS_ROLE_ARN");
        session = dp_profile_variable("AWS_ROLE_SESSION_NAME");
    } else {
        path = dp_profile_get(&asker->profile, "web_identity_token_file");
        role = dp_profile_get(&asker->profile, "role_arn");
        session = dp_profile_get(&asker->profile, "role_session_name");
    }
    if (!path)
        return DP_NOT_FOUND;
    if (!role)
        return dp_error_set(err, DP_INVALID, "%s: there is a web identity token and no role: set "
                            "AWS_ROLE_ARN or role_arn", name);
    rc = dp_credentials_http_read_token(path, &token, err);
    if (!rc && !(begin_form(&form, name, role, session) && add(&form, "WebIdentityToken", token) &&
                 dp_array_append(&form, "", 1, 1)))
        rc = dp_error_no_memory(err);
    if (!rc)
        rc = call_service(asker, name, &form, NULL, credentials, err);
    dp_credentials_http_free(token);
    free_form(&form);
    return rc;
}

/* ------------------------------------------------------------------------------------ role */

/* The keys that `credential_source` names. */
static int ask_place(struct dp_credentials_asker *asker, const char *place,
                     struct dp_credentials *keys, struct dp_error *err)
{
    static const struct {
        const char *name;
        unsigned kind;
    } places[] = {{"Environment", DP_CREDENTIALS_ENVIRONMENT},
                  {"EcsContainer", DP_CREDENTIALS_CONTAINER},
                  {"Ec2InstanceMetadata", DP_CREDENTIALS_INSTANCE}};
    bool given = asker->profile_given;
    size_t i;
    int rc = DP_NOT_FOUND;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strcmp(places[i].name, place) == 0) {
            asker->profile_given = false; /* the profile itself sends us there */
            rc = dp_credentials_ask(asker, places[i].kind, keys, err);
            asker->profile_given = given;
        }
    return rc;
}

/* The keys of the profile `source_profile`, which may be the very one with keys of its own. */
static int ask_profile(const struct dp_credentials_asker *asker, const char *source,
                       struct dp_credentials *keys, struct dp_error *err)
{
    struct dp_credentials_asker other = *asker;
    int rc;

    if (asker->depth >= MOST_DEPTH)
        return dp_error_set(err, DP_INVALID, "profile '%s': its source_profile leads in a circle",
                            asker->profile.name);
    rc = dp_profile_open(&other.profile, source, err);
    if (rc)
        return rc;
    other.depth = asker->depth + 1;
    other.profile_given = true;
    if (strcmp(source, asker->profile.name) == 0) {
        rc = dp_credentials_keys_credentials(&other, keys, err);
        if (rc == DP_NOT_FOUND)
            rc = dp_credentials_keys_config(&other, keys, err);
    } else {
        rc = dp_credentials_ask(&other, DP_CREDENTIALS_PROFILE, keys, err);
    }
    dp_profile_close(&other.profile);
    return rc;
}

static int make_form(const struct dp_credentials_asker *asker, const char *role,
                     struct dp_array *form, struct dp_error *err)
{
    const struct dp_profile *profile = &asker->profile;

    if (begin_form(form, "AssumeRole", role, dp_profile_get(profile, "role_session_name")) &&
        add(form, "ExternalId", dp_profile_get(profile, "external_id")) &&
        add(form, "DurationSeconds", dp_profile_get(profile, "duration_seconds")) &&
        dp_array_append(form, "", 1, 1))
        return DP_OK;
    return dp_error_no_memory(err);
}

int dp_credentials_sts_role(struct dp_credentials_asker *asker,
                            struct dp_credentials *credentials, struct dp_error *err)
{
    static const char name[] = "AssumeRole";
    const struct dp_profile *profile = &asker->profile;
    const char *role = dp_profile_get(profile, "role_arn");
    const char *source = dp_profile_get(profile, "source_profile");
    const char *place = dp_profile_get(profile, "credential_source");
    struct dp_credentials keys = {0};
    struct dp_array form = {0};
    int rc;

    if (!role || (!source && !place))
        return DP_NOT_FOUND;
    if (dp_profile_get(profile, "mfa_serial"))
        return dp_error_set(err, DP_UNSUPPORTED,
                            "profile '%s' asks for a code (mfa_serial), which is left to the AWS "
                            "tools: use a profile with: credential_process = aws configure "
                            "export-credentials --profile %s --format process", profile->name,
                            profile->name);
    rc = source ? ask_profile(asker, source, &keys, err) : ask_place(asker, place, &keys, err);
    if (rc == DP_NOT_FOUND)
        return dp_error_set(err, DP_DENIED,
                            "profile '%s': '%s' has no keys to assume the role with", profile->name,
                            source ? source : place);
    if (!rc)
        rc = make_form(asker, role, &form, err);
    if (!rc)
        rc = call_service(asker, name, &form, &keys, credentials, err);
    dp_credentials_clear(&keys);
    free_form(&form);
    return rc;
}
