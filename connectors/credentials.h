/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Who we are to S3: keys, region and endpoint, from where the AWS tools have them. One account per
 * context, made when the first S3 object is opened. Keys are fetched when the first request needs
 * them, kept, and renewed before they expire. Thread-safe. */

#ifndef DP_CONNECTORS_CREDENTIALS_H
#define DP_CONNECTORS_CREDENTIALS_H

#include "connectors/context.h"
#include "connectors/s3_regions.h"

/* Copies that the holder owns. */
struct dp_credentials {
    char *access_key, *secret_key;
    char *token;     /* of a session; NULL: none */
    int64_t expires; /* seconds since 1970; 0: not known to */
    bool anonymous;  /* requests are not signed */
};

/* What does not change while the context lives. Strings belong to the account. */
struct dp_s3_settings {
    char *region;
    char *endpoint;         /* without a slash at the end; NULL: AWS's own */
    char *ca_bundle;        /* of the profile; NULL: none */
    unsigned attempts;      /* of the profile; 0: the context's */
    bool force_path_style;  /* the user says so */
    bool force_virtual_style;
    bool fips, dual_stack;  /* which of AWS's own endpoints */
};

/* The account of the context; reads environment and files the first time. */
int dp_credentials_account(struct dp_context *context, struct dp_s3_account **account,
                           struct dp_error *err);
const struct dp_s3_settings *dp_credentials_settings(const struct dp_s3_account *account);
struct dp_s3_regions *dp_credentials_regions(struct dp_s3_account *account);

/* The keys in force. DP_DENIED when no source has any. */
int dp_credentials_get(struct dp_s3_account *account, struct dp_credentials *credentials,
                       struct dp_error *err);
/* The store says that the keys have expired: asks the sources anew, unless another thread did so
 * just now. True when there are other keys, so that the request is worth a second try. */
bool dp_credentials_renew(struct dp_s3_account *account);
/* Wipes and frees what dp_credentials_get gave. */
void dp_credentials_clear(struct dp_credentials *credentials);

/* For dp_context_free. NULL is allowed. */
void dp_credentials_free(struct dp_s3_account *account);

#endif
