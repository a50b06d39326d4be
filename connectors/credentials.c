/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The account of a context: whose keys they are, and until when.
 *
 * One thread at a time fetches keys, without holding the mutex. Others go on with the keys at hand
 * as long as these are valid, and wait for the new ones when they are not. */

#include "config.h"

#include "connectors/credentials.h"

#include "base/condition.h"
#include "connectors/credentials_settings.h"
#include "connectors/credentials_source.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    EARLY_SECONDS = 300,     /* before the expiry keys are renewed, or ... */
    EARLY_PART = 4,          /* ... a quarter of their life, when that is shorter */
    AGAIN_SECONDS = 30,      /* between two tries to renew keys that are still valid */
    JUST_NOW_SECONDS = 60,   /* so long ago renewed keys are not renewed once more */
    NAP_MILLISECONDS = 100   /* between two looks at the cancel callback */
};

struct dp_s3_account {
    struct dp_context *context;
    char *profile;      /* its name */
    bool profile_given; /* by the caller */
    struct dp_s3_settings settings;
    struct dp_s3_regions regions;

    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t fetched;
    bool fetching;                 /* some thread asks the sources */
    struct dp_credentials current; /* access_key NULL: not asked for yet */
    int64_t renew_at;              /* seconds since 1970; INT64_MAX: never */
    int64_t renewed_at;            /* by dp_credentials_renew; 0: never */
    struct dp_error failure;       /* of the last try; code 0: it went well */
};

/* In the order of the AWS tools; SSO stands behind what can help an SSO profile out. */
static const struct source {
    const char *name;
    unsigned kinds; /* of enum dp_credentials_kind */
    int (*fetch)(struct dp_credentials_asker *asker, struct dp_credentials *credentials,
                 struct dp_error *err);
} sources[] = {
    {"environment", DP_CREDENTIALS_ENVIRONMENT, dp_credentials_keys_environment},
    {"assumed role", DP_CREDENTIALS_PROFILE, dp_credentials_sts_role},
    {"web identity", DP_CREDENTIALS_PROFILE, dp_credentials_sts_web},
    {"credentials file", DP_CREDENTIALS_PROFILE, dp_credentials_keys_credentials},
    {"credential process", DP_CREDENTIALS_PROFILE, dp_credentials_process_fetch},
    {"config file", DP_CREDENTIALS_PROFILE, dp_credentials_keys_config},
    {"SSO", DP_CREDENTIALS_PROFILE, dp_credentials_keys_sso},
    {"container", DP_CREDENTIALS_CONTAINER, dp_credentials_container_fetch},
    {"instance metadata", DP_CREDENTIALS_INSTANCE, dp_credentials_instance_fetch},
};

/* ------------------------------------------------------------------------------------ keys */

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

int dp_credentials_copy(struct dp_credentials *credentials, const char *access_key,
                        const char *secret_key, const char *token, int64_t expires,
                        struct dp_error *err)
{
    struct dp_credentials copy = {.access_key = strdup(access_key),
                                  .secret_key = strdup(secret_key),
                                  .token = token && *token ? strdup(token) : NULL,
                                  .expires = expires};

    if (copy.access_key && copy.secret_key && (copy.token || !token || !*token)) {
        *credentials = copy;
        return DP_OK;
    }
    dp_credentials_clear(&copy);
    return dp_error_no_memory(err);
}

static bool are_equal(const struct dp_credentials *a, const struct dp_credentials *b)
{
    return strcmp(a->access_key, b->access_key) == 0 &&
           strcmp(a->secret_key, b->secret_key) == 0 &&
           strcmp(a->token ? a->token : "", b->token ? b->token : "") == 0;
}

/* --------------------------------------------------------------------------------- sources */

int dp_credentials_ask(struct dp_credentials_asker *asker, unsigned kinds,
                       struct dp_credentials *credentials, struct dp_error *err)
{
    struct dp_error failure = {0};
    size_t i;

    for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        int rc = DP_NOT_FOUND;

        if (sources[i].kinds & kinds)
            rc = sources[i].fetch(asker, credentials, &failure);
        if (rc == DP_NOT_FOUND)
            continue;
        if (!rc)
            dp_context_log(asker->context, DP_LOG_DEBUG, "S3 credentials: %s", sources[i].name);
        else if (err)
            *err = failure;
        return rc;
    }
    return DP_NOT_FOUND;
}

/* All sources, with the shared files as they are now. */
static int fetch(const struct dp_s3_account *account, struct dp_credentials *credentials,
                 struct dp_error *err)
{
    struct dp_credentials_asker asker = {.context = account->context,
                                         .profile_given = account->profile_given,
                                         .region = account->settings.region};
    int rc;

    if (account->context->options.no_sign_request) {
        rc = dp_credentials_copy(credentials, "", "", NULL, 0, err);
        credentials->anonymous = true;
        return rc;
    }
    rc = dp_profile_open(&asker.profile, account->profile, err);
    if (rc)
        return rc;
    rc = dp_credentials_ask(&asker, DP_CREDENTIALS_ANY, credentials, err);
    if (rc == DP_NOT_FOUND)
        rc = dp_error_set(err, DP_DENIED,
                          "no S3 credentials: not in the environment, not in profile '%s' of the "
                          "shared files, none from a container or instance (what is public can be "
                          "read with --no-sign-request)", account->profile);
    /* What can be tried again was. */
    if (rc && err)
        err->retryable = 0;
    dp_profile_close(&asker.profile);
    return rc;
}

/* -------------------------------------------------------------------------------- renewing */

static int64_t now(void)
{
    return (int64_t)time(NULL);
}

/* When keys fetched now are due. Those that have expired already are used all the same: the store
 * judges, and services that cannot renew keys for a while hand the old ones on. */
static int64_t choose_renewal(const struct dp_credentials *keys)
{
    int64_t life = keys->expires - now();

    if (!keys->expires)
        return INT64_MAX;
    if (life < AGAIN_SECONDS)
        return now() + AGAIN_SECONDS;
    return keys->expires - (life / EARLY_PART < EARLY_SECONDS ? life / EARLY_PART : EARLY_SECONDS);
}

static bool are_valid(const struct dp_credentials *keys)
{
    return keys->access_key && (!keys->expires || now() < keys->expires);
}

/* Asks the sources; call with the mutex, which is released meanwhile. */
static int update(struct dp_s3_account *account, struct dp_error *err)
{
    struct dp_credentials fresh = {0};
    struct dp_error failure = {0};
    int rc;

    account->fetching = true;
    pthread_mutex_unlock(&account->mutex);
    rc = fetch(account, &fresh, &failure);
    pthread_mutex_lock(&account->mutex);
    account->fetching = false;
    pthread_cond_broadcast(&account->fetched);
    account->failure.code = DP_OK;
    if (rc) {
        account->failure = failure;
        if (err)
            *err = failure;
        return rc;
    }
    dp_credentials_clear(&account->current);
    account->current = fresh;
    account->renew_at = choose_renewal(&fresh);
    return DP_OK;
}

/* Waits until no thread asks the sources any more; call with the mutex. */
static int wait_for_others(struct dp_s3_account *account, struct dp_error *err)
{
    int rc = DP_OK;

    while (!rc && account->fetching) {
        dp_condition_wait(&account->fetched, &account->mutex, NAP_MILLISECONDS);
        pthread_mutex_unlock(&account->mutex);
        rc = dp_context_check(account->context, err);
        pthread_mutex_lock(&account->mutex);
    }
    return rc;
}

/* Makes `current` usable; call with the mutex. */
static int ensure(struct dp_s3_account *account, struct dp_error *err)
{
    struct dp_error failure = {0};
    int rc;

    if (account->fetching && !are_valid(&account->current)) {
        rc = wait_for_others(account, err);
        /* What they could not get we would not get either. */
        if (!rc && account->failure.code && account->failure.code != DP_CANCELLED) {
            rc = account->failure.code;
            if (err)
                *err = account->failure;
        }
        if (rc)
            return rc;
    }
    if (account->fetching || (account->current.access_key && now() < account->renew_at))
        return DP_OK;
    rc = update(account, &failure);
    if (rc && rc != DP_CANCELLED && are_valid(&account->current)) {
        account->renew_at = now() + AGAIN_SECONDS;
        dp_context_log(account->context, DP_LOG_WARNING,
                       "the S3 credentials cannot be renewed yet: %s", failure.message);
        return DP_OK;
    }
    if (rc && err)
        *err = failure;
    return rc;
}

int dp_credentials_get(struct dp_s3_account *account, struct dp_credentials *credentials,
                       struct dp_error *err)
{
    const struct dp_credentials *current = &account->current;
    int rc;

    pthread_mutex_lock(&account->mutex);
    rc = ensure(account, err);
    if (!rc)
        rc = dp_credentials_copy(credentials, current->access_key, current->secret_key,
                                 current->token, current->expires, err);
    if (!rc)
        credentials->anonymous = current->anonymous;
    pthread_mutex_unlock(&account->mutex);
    return rc;
}

bool dp_credentials_renew(struct dp_s3_account *account)
{
    struct dp_credentials old = {0};
    bool differ;

    pthread_mutex_lock(&account->mutex);
    /* A request that another thread's renewal overtook carries the old keys: it needs no new ones
     * but those. */
    differ = wait_for_others(account, NULL) == DP_OK && account->current.access_key &&
             account->renewed_at && now() - account->renewed_at < JUST_NOW_SECONDS;
    if (!differ && account->current.access_key &&
        dp_credentials_copy(&old, account->current.access_key, account->current.secret_key,
                            account->current.token, 0, NULL) == DP_OK &&
        update(account, NULL) == DP_OK)
        differ = !are_equal(&account->current, &old);
    if (differ && old.access_key)
        account->renewed_at = now();
    pthread_mutex_unlock(&account->mutex);
    dp_credentials_clear(&old);
    return differ;
}

/* -------------------------------------------------------------------------------- account */

static int set_up(struct dp_s3_account *account, struct dp_error *err)
{
    const char *name = account->context->options.profile;
    struct dp_profile profile;
    int rc = dp_profile_open(&profile, name, err);

    if (rc)
        return rc;
    account->profile_given = name && *name;
    /* A profile that was asked for by name and stands nowhere is a slip of the pen. */
    if (!dp_profile_exists(&profile))
        rc = dp_error_set(err, DP_INVALID, "there is no profile '%s' in the shared files",
                          profile.name);
    if (!rc)
        rc = dp_credentials_settings_choose(account->context, &profile, &account->settings, err);
    if (!rc && !(account->profile = strdup(profile.name)))
        rc = dp_error_no_memory(err);
    dp_profile_close(&profile);
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
    dp_condition_init(&made->fetched);
    dp_s3_regions_init(&made->regions);
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

struct dp_s3_regions *dp_credentials_regions(struct dp_s3_account *account)
{
    return &account->regions;
}

void dp_credentials_free(struct dp_s3_account *account)
{
    if (!account)
        return;
    dp_credentials_clear(&account->current);
    dp_credentials_settings_free(&account->settings);
    dp_s3_regions_free(&account->regions);
    pthread_cond_destroy(&account->fetched);
    pthread_mutex_destroy(&account->mutex);
    free(account->profile);
    free(account);
}
