/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* One profile of the two files that the AWS tools share: ~/.aws/config and ~/.aws/credentials, or
 * where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say. Read-only, belongs to one thread. */

#ifndef DP_CONNECTORS_PROFILE_H
#define DP_CONNECTORS_PROFILE_H

#include "connectors/ini.h"

struct dp_profile {
    char *name;
    struct dp_ini config, credentials;
};

/* Reads both files, of which none need exist. `name` NULL: AWS_PROFILE, AWS_DEFAULT_PROFILE,
 * "default". */
int dp_profile_open(struct dp_profile *profile, const char *name, struct dp_error *err);
/* Whether one of the files knows it; "default" always is there. */
bool dp_profile_exists(const struct dp_profile *profile);
void dp_profile_close(struct dp_profile *profile);

/* A value of either file, the credentials file first, or of one. NULL: not there or empty. It
 * lives with the profile. Keys below another one are "s3.addressing_style". */
const char *dp_profile_get(const struct dp_profile *profile, const char *key);
const char *dp_profile_get_config(const struct dp_profile *profile, const char *key);
const char *dp_profile_get_credentials(const struct dp_profile *profile, const char *key);
/* A value of the `services` section that the profile names: key "s3.endpoint_url". */
const char *dp_profile_get_service(const struct dp_profile *profile, const char *key);

/* A variable of the environment that is set and not empty, or NULL. */
const char *dp_profile_variable(const char *name);
/* Whether a switch is on, by a variable or, when that is not set, by a key of the profile (which
 * may be NULL): "true" in any case, or 1. */
bool dp_profile_switch(const struct dp_profile *profile, const char *variable, const char *key);

#endif
