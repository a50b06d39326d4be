/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Region, endpoint and the like: the caller's, then variables, then the profile. */

#ifndef DP_CONNECTORS_CREDENTIALS_SETTINGS_H
#define DP_CONNECTORS_CREDENTIALS_SETTINGS_H

#include "connectors/credentials.h"
#include "connectors/profile.h"

/* Fills `settings`, which dp_credentials_settings_free takes also after a failure. */
int dp_credentials_settings_choose(const struct dp_context *context,
                                   const struct dp_profile *profile,
                                   struct dp_s3_settings *settings, struct dp_error *err);
void dp_credentials_settings_free(struct dp_s3_settings *settings);

#endif
