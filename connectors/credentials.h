/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Who we are to S3: keys, region and endpoint, from the environment and the files that the AWS
 * tools share. One account per context, made when the first S3 object is opened. Thread-safe. */

#ifndef DP_CONNECTORS_CREDENTIALS_H
#define DP_CONNECTORS_CREDENTIALS_H

#include "connectors/context.h"
#include "connectors/ini.h"

/* Copies that the holder owns. */
struct dp_credentials {
    char *access_key, *secret_key;
    char *token;     /* of a session; NULL: none */
    int64_t expires; /* seconds since 1970; 0: not known to */
    bool anonymous;  /* requests are not signed */
};

/* What does not change while the context lives. */
struct dp_s3_settings {
    const char *region;
    const char *endpoint;   /* without a slash at the end; NULL: AWS's own */
    bool force_path_style;  /* the configuration says so */
    bool force_virtual_style;
};

/* The account of the context; reads environment and files the first time. */
int dp_credentials_account(struct dp_context *context, struct dp_s3_account **account,
                           struct dp_error *err);
const struct dp_s3_settings *dp_credentials_settings(const struct dp_s3_account *account);

/* The keys in force. DP_DENIED when no source has any. */
int dp_credentials_get(struct dp_s3_account *account, struct dp_credentials *credentials,
                       struct dp_error *err);
/* Asks the sources anew, when `used` are still the ones in force. True when there are other keys
 * now. */
bool dp_credentials_refresh(struct dp_s3_account *account, const struct dp_credentials *used);
/* Wipes and frees what dp_credentials_get gave. */
void dp_credentials_clear(struct dp_credentials *credentials);

/* For dp_context_free. NULL is allowed. */
void dp_credentials_free(struct dp_s3_account *account);

#endif
