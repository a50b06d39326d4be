/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/credentials.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dp_s3_account {
    struct dp_context *context;
    char *profile;
    bool profile_given; /* by the caller, who then does not mean keys in the environment */
    char *region, *endpoint;
    struct dp_s3_settings settings;
    pthread_mutex_t mutex;
    struct dp_credentials current; /* under the mutex; access_key NULL: not asked for yet */
};

/* Where keys can come from. DP_NOT_FOUND: not from here, ask the next one. */
struct source {
    const char *name;
    int (*fetch)(struct dp_s3_account *account, struct dp_credentials *credentials,
                 struct dp_error *err);
};

/* A variable that is set and not empty, or NULL. */
static const char *variable(const char *name)
{
    const char *text = getenv(name);

    return text && *text ? text : NULL;
}

static int copy_keys(struct dp_credentials *credentials, const char *access_key,
                     const char *secret_key, const char *token, struct dp_error *err)
{
    credentials->access_key = strdup(access_key);
    credentials->secret_key = strdup(secret_key);
    credentials->token = token && *token ? strdup(token) : NULL;
    if (credentials->access_key && credentials->secret_key &&
        (credentials->token || !token || !*token))
        return DP_OK;
    dp_credentials_clear(credentials);
    return dp_error_no_memory(err);
}

void dp_credentials_clear(struct dp_credentials *credentials)
{
    if (credentials->secret_key)
        explicit_bzero(credentials->secret_key, strlen(credentials->secret_key));
    if (credentials->token)
        explicit_bzero(credentials->token, strlen(credentials->token));
    free(credentials->access_key);
    free(credentials->secret_key);
    free(credentials->token);
    memset(credentials, 0, sizeof(*credentials));
}

/* -------------------------------------------------------------------------------- sources */

static int fetch_nothing(struct dp_s3_account *account, struct dp_credentials *credentials,
                         struct dp_error *err)
{
    int rc;

    if (!account->context->options.no_sign_request)
        return DP_NOT_FOUND;
    rc = copy_keys(credentials, "", "", NULL, err);
    credentials->anonymous = true;
    return rc;
}

static int fetch_environment(struct dp_s3_account *account, struct dp_credentials *credentials,
                             struct dp_error *err)
{
    const char *access_key = variable("AWS_ACCESS_KEY_ID");
    const char *secret_key = variable("AWS_SECRET_ACCESS_KEY");

    if (!access_key || account->profile_given)
        return DP_NOT_FOUND;
    if (!secret_key)
        return dp_error_set(err, DP_INVALID,
                            "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
    return copy_keys(credentials, access_key, secret_key, variable("AWS_SESSION_TOKEN"), err);
}

/* The path in `name`, or ~/.aws/`file`. NULL when out of memory. */
static char *shared_path(const char *name, const char *file)
{
    const char *given = variable(name), *home = variable("HOME");
    bool in_home = given && strncmp(given, "~/", 2) == 0;
    char *path;

    if (given && !in_home)
        return strdup(given);
    if (!home)
        home = "/nonexistent";
    if (asprintf(&path, "%s/%s%s", home, in_home ? "" : ".aws/", in_home ? given + 2 : file) < 0)
        return NULL;
    return path;
}

static int read_shared(const char *name, const char *file, struct dp_ini *ini,
                       struct dp_error *err)
{
    char *path = shared_path(name, file);
    struct dp_error failure = {0};
    int rc = path ? dp_ini_read(ini, path, &failure) : dp_error_no_memory(&failure);

    free(path);
    /* Another user's home that is still in HOME is no reason to stop. */
    if (rc == DP_DENIED && !variable(name))
        return dp_ini_read(ini, "/nonexistent", err);
    if (rc && err)
        *err = failure;
    return rc;
}

/* In the config file a profile stands as "profile NAME", "default" also alone. */
static const char *config_get(const struct dp_ini *config, const char *profile, const char *key)
{
    const char *text;
    char section[256];

    snprintf(section, sizeof(section), "profile %s", profile);
    text = dp_ini_get(config, section, key);
    if (!text && strcmp(profile, "default") == 0)
        text = dp_ini_get(config, "default", key);
    return text && *text ? text : NULL;
}

static bool config_has(const struct dp_ini *config, const char *profile)
{
    char section[256];

    snprintf(section, sizeof(section), "profile %s", profile);
    return dp_ini_has_section(config, section) || strcmp(profile, "default") == 0;
}

static int fetch_credentials_file(struct dp_s3_account *account,
                                  struct dp_credentials *credentials, struct dp_error *err)
{
    const char *access_key, *secret_key;
    struct dp_ini ini;
    int rc = read_shared("AWS_SHARED_CREDENTIALS_FILE", "credentials", &ini, err);

    if (rc)
        return rc;
    access_key = dp_ini_get(&ini, account->profile, "aws_access_key_id");
    secret_key = dp_ini_get(&ini, account->profile, "aws_secret_access_key");
    rc = access_key && secret_key
             ? copy_keys(credentials, access_key, secret_key,
                         dp_ini_get(&ini, account->profile, "aws_session_token"), err)
             : DP_NOT_FOUND;
    dp_ini_free(&ini);
    return rc;
}

static int fetch_config_file(struct dp_s3_account *account, struct dp_credentials *credentials,
                             struct dp_error *err)
{
    const char *access_key, *secret_key;
    struct dp_ini ini;
    int rc = read_shared("AWS_CONFIG_FILE", "config", &ini, err);

    if (rc)
        return rc;
    access_key = config_get(&ini, account->profile, "aws_access_key_id");
    secret_key = config_get(&ini, account->profile, "aws_secret_access_key");
    rc = access_key && secret_key
             ? copy_keys(credentials, access_key, secret_key,
                         config_get(&ini, account->profile, "aws_session_token"), err)
             : DP_NOT_FOUND;
    dp_ini_free(&ini);
    return rc;
}

/* In the order in which the AWS tools ask. */
static const struct source sources[] = {
    {"no signing", fetch_nothing},
    {"environment", fetch_environment},
    {"credentials file", fetch_credentials_file},
    {"config file", fetch_config_file},
};

static int ask_sources(struct dp_s3_account *account, struct dp_credentials *credentials,
                       struct dp_error *err)
{
    size_t i;

    for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        int rc = sources[i].fetch(account, credentials, err);

        if (!rc)
            dp_context_log(account->context, DP_LOG_DEBUG, "S3 credentials: %s", sources[i].name);
        if (rc != DP_NOT_FOUND)
            return rc;
    }
    return dp_error_set(err, DP_DENIED,
                        "no S3 credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                        "are set nor does profile '%s' have keys in the shared files",
                        account->profile);
}

/* ------------------------------------------------------------------------------- settings */

static char *copy_endpoint(const char *text)
{
    size_t n = strlen(text);

    while (n && text[n - 1] == '/')
        n--;
    return strndup(text, n);
}

/* The endpoint in the config file: `endpoint_url` of the services section's s3 that the profile
 * names, else of the profile. */
static const char *config_endpoint(const struct dp_ini *config, const char *profile)
{
    const char *services = config_get(config, profile, "services"), *text = NULL;
    char section[256];

    if (services) {
        snprintf(section, sizeof(section), "services %s", services);
        text = dp_ini_get(config, section, "s3.endpoint_url");
    }
    return text && *text ? text : config_get(config, profile, "endpoint_url");
}

static const char *choose_endpoint(const struct dp_s3_account *account,
                                   const struct dp_ini *config)
{
    const char *ignore = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    const char *text = account->context->options.endpoint_url;

    if (text && *text)
        return text;
    if (ignore && strcasecmp(ignore, "true") == 0)
        return NULL;
    if ((text = variable("AWS_ENDPOINT_URL_S3")) || (text = variable("AWS_ENDPOINT_URL")))
        return text;
    return config_endpoint(config, account->profile);
}

static const char *choose_region(const struct dp_s3_account *account,
                                 const struct dp_ini *config)
{
    const char *text = account->context->options.region;

    if ((text && *text) || (text = variable("AWS_REGION")) ||
        (text = variable("AWS_DEFAULT_REGION")) ||
        (text = config_get(config, account->profile, "region")))
        return text;
    return "us-east-1";
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

static int choose_settings(struct dp_s3_account *account, const struct dp_ini *config,
                           struct dp_error *err)
{
    const char *endpoint = choose_endpoint(account, config);
    const char *style = config_get(config, account->profile, "s3.addressing_style");
    int rc = endpoint ? check_endpoint(endpoint, err) : DP_OK;

    if (rc)
        return rc;
    account->region = strdup(choose_region(account, config));
    account->endpoint = endpoint ? copy_endpoint(endpoint) : NULL;
    if (!account->region || (endpoint && !account->endpoint))
        return dp_error_no_memory(err);
    account->settings.region = account->region;
    account->settings.endpoint = account->endpoint;
    account->settings.force_path_style = style && strcmp(style, "path") == 0;
    account->settings.force_virtual_style = style && strcmp(style, "virtual") == 0;
    return DP_OK;
}

/* A profile that was asked for by name and stands nowhere is a slip of the pen. */
static int check_profile(const struct dp_s3_account *account, const struct dp_ini *config,
                         struct dp_error *err)
{
    struct dp_ini ini;
    bool found = config_has(config, account->profile);
    int rc;

    if (found)
        return DP_OK;
    rc = read_shared("AWS_SHARED_CREDENTIALS_FILE", "credentials", &ini, err);
    if (rc)
        return rc;
    found = dp_ini_has_section(&ini, account->profile);
    dp_ini_free(&ini);
    return found ? DP_OK
                 : dp_error_set(err, DP_INVALID, "there is no profile '%s' in the shared files",
                                account->profile);
}

/* -------------------------------------------------------------------------------- account */

static int set_up(struct dp_s3_account *account, struct dp_error *err)
{
    const char *profile = account->context->options.profile;
    struct dp_ini config;
    int rc;

    account->profile_given = profile && *profile;
    if (!account->profile_given)
        profile = variable("AWS_PROFILE");
    if (!profile)
        profile = variable("AWS_DEFAULT_PROFILE");
    account->profile = strdup(profile ? profile : "default");
    if (!account->profile)
        return dp_error_no_memory(err);
    rc = read_shared("AWS_CONFIG_FILE", "config", &config, err);
    if (rc)
        return rc;
    rc = check_profile(account, &config, err);
    if (!rc)
        rc = choose_settings(account, &config, err);
    dp_ini_free(&config);
    return rc;
}

int dp_credentials_account(struct dp_context *context, struct dp_s3_account **account,
                           struct dp_error *err)
{
    struct dp_s3_account *made = atomic_load(&context->account), *expected = NULL;
    int rc;

    if (made) {
        *account = made;
        return DP_OK;
    }
    made = calloc(1, sizeof(*made));
    if (!made)
        return dp_error_no_memory(err);
    made->context = context;
    pthread_mutex_init(&made->mutex, NULL);
    rc = set_up(made, err);
    if (rc) {
        dp_credentials_free(made);
        return rc;
    }
    /* Of two threads that make it at once one wins. */
    if (!atomic_compare_exchange_strong(&context->account, &expected, made)) {
        dp_credentials_free(made);
        made = expected;
    }
    *account = made;
    return DP_OK;
}

const struct dp_s3_settings *dp_credentials_settings(const struct dp_s3_account *account)
{
    return &account->settings;
}

int dp_credentials_get(struct dp_s3_account *account, struct dp_credentials *credentials,
                       struct dp_error *err)
{
    int rc = DP_OK;

    pthread_mutex_lock(&account->mutex);
    if (!account->current.access_key)
        rc = ask_sources(account, &account->current, err);
    if (!rc)
        rc = copy_keys(credentials, account->current.access_key, account->current.secret_key,
                       account->current.token, err);
    if (!rc) {
        credentials->expires = account->current.expires;
        credentials->anonymous = account->current.anonymous;
    }
    pthread_mutex_unlock(&account->mutex);
    return rc;
}

static bool are_equal(const struct dp_credentials *a, const struct dp_credentials *b)
{
    return strcmp(a->access_key, b->access_key) == 0 &&
           strcmp(a->secret_key, b->secret_key) == 0 &&
           strcmp(a->token ? a->token : "", b->token ? b->token : "") == 0;
}

bool dp_credentials_refresh(struct dp_s3_account *account, const struct dp_credentials *used)
{
    struct dp_credentials fresh = {0};
    bool differ;

    pthread_mutex_lock(&account->mutex);
    /* Another thread may have been here first. */
    differ = account->current.access_key && !are_equal(&account->current, used);
    if (!differ && ask_sources(account, &fresh, NULL) == DP_OK) {
        differ = !are_equal(&fresh, used);
        dp_credentials_clear(&account->current);
        account->current = fresh;
    }
    pthread_mutex_unlock(&account->mutex);
    return differ;
}

void dp_credentials_free(struct dp_s3_account *account)
{
    if (!account)
        return;
    dp_credentials_clear(&account->current);
    pthread_mutex_destroy(&account->mutex);
    free(account->profile);
    free(account->region);
    free(account->endpoint);
    free(account);
}
