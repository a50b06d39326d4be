/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SECTION_BYTES = 512 };

const char *dp_profile_variable(const char *name)
{
    const char *text = getenv(name);

    return text && *text ? text : NULL;
}

bool dp_profile_switch(const struct dp_profile *profile, const char *variable, const char *key)
{
    const char *text = dp_profile_variable(variable);

    if (!text && profile)
        text = dp_profile_get_config(profile, key);
    return text && (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

/* ----------------------------------------------------------------------------------- files */

/* The path in `variable`, or ~/.aws/`file`. NULL when out of memory. */
static char *shared_path(const char *variable, const char *file)
{
    const char *given = dp_profile_variable(variable), *home = dp_profile_variable("HOME");
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

static int read_shared(const char *variable, const char *file, struct dp_ini *ini,
                       struct dp_error *err)
{
    char *path = shared_path(variable, file);
    struct dp_error failure = {0};
    int rc = path ? dp_ini_read(ini, path, &failure) : dp_error_no_memory(&failure);

    free(path);
    /* Another user's home that is still in HOME is no reason to stop. */
    if (rc == DP_DENIED && !dp_profile_variable(variable))
        return dp_ini_read(ini, "/nonexistent", err);
    if (rc && err)
        *err = failure;
    return rc;
}

int dp_profile_open(struct dp_profile *profile, const char *name, struct dp_error *err)
{
    int rc;

    memset(profile, 0, sizeof(*profile));
    if (!name || !*name)
        name = dp_profile_variable("AWS_PROFILE");
    if (!name)
        name = dp_profile_variable("AWS_DEFAULT_PROFILE");
    profile->name = strdup(name ? name : "default");
    rc = profile->name ? DP_OK : dp_error_no_memory(err);
    if (!rc)
        rc = read_shared("AWS_CONFIG_FILE", "config", &profile->config, err);
    if (!rc)
        rc = read_shared("AWS_SHARED_CREDENTIALS_FILE", "credentials", &profile->credentials, err);
    if (rc)
        dp_profile_close(profile);
    return rc;
}

void dp_profile_close(struct dp_profile *profile)
{
    dp_ini_free(&profile->config);
    dp_ini_free(&profile->credentials);
    free(profile->name);
    profile->name = NULL;
}

/* ---------------------------------------------------------------------------------- values */

static const char *not_empty(const char *text)
{
    return text && *text ? text : NULL;
}

/* In the config file a profile stands as "profile NAME", "default" also alone. */
const char *dp_profile_get_config(const struct dp_profile *profile, const char *key)
{
    char section[SECTION_BYTES];
    const char *text;

    snprintf(section, sizeof(section), "profile %s", profile->name);
    text = dp_ini_get(&profile->config, section, key);
    if (!text && strcmp(profile->name, "default") == 0)
        text = dp_ini_get(&profile->config, "default", key);
    return not_empty(text);
}

const char *dp_profile_get_credentials(const struct dp_profile *profile, const char *key)
{
    return not_empty(dp_ini_get(&profile->credentials, profile->name, key));
}

const char *dp_profile_get(const struct dp_profile *profile, const char *key)
{
    const char *text = dp_profile_get_credentials(profile, key);

    return text ? text : dp_profile_get_config(profile, key);
}

const char *dp_profile_get_service(const struct dp_profile *profile, const char *key)
{
    const char *services = dp_profile_get_config(profile, "services");
    char section[SECTION_BYTES];

    if (!services)
        return NULL;
    snprintf(section, sizeof(section), "services %s", services);
    return not_empty(dp_ini_get(&profile->config, section, key));
}

bool dp_profile_exists(const struct dp_profile *profile)
{
    char section[SECTION_BYTES];

    snprintf(section, sizeof(section), "profile %s", profile->name);
    return strcmp(profile->name, "default") == 0 ||
           dp_ini_has_section(&profile->config, section) ||
           dp_ini_has_section(&profile->credentials, profile->name);
}
