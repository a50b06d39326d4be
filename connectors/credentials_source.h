/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Where keys can come from: one function for each source, all of one shape. They answer DP_OK,
 * DP_NOT_FOUND (not configured here: ask the next one), or a failure that ends the search. */

#ifndef DP_CONNECTORS_CREDENTIALS_SOURCE_H
#define DP_CONNECTORS_CREDENTIALS_SOURCE_H

#include "connectors/credentials.h"
#include "connectors/profile.h"

/* For whom keys are looked for. */
struct dp_credentials_asker {
    struct dp_context *context;
    struct dp_profile profile;
    bool profile_given; /* by the caller, who then does not mean keys in the environment */
    const char *region;
    unsigned depth; /* of roles that are assumed by other roles */
};

/* Which sources to ask. */
enum dp_credentials_kind {
    DP_CREDENTIALS_ENVIRONMENT = 1, /* variables */
    DP_CREDENTIALS_PROFILE = 2,     /* the shared files */
    DP_CREDENTIALS_CONTAINER = 4,   /* the service of a container's host */
    DP_CREDENTIALS_INSTANCE = 8,    /* the service of a virtual machine's host */
    DP_CREDENTIALS_ANY = 15
};

/* credentials.c: asks all sources of `kinds` in their order. DP_NOT_FOUND when none has any. */
int dp_credentials_ask(struct dp_credentials_asker *asker, unsigned kinds,
                       struct dp_credentials *credentials, struct dp_error *err);
/* Copies; `token` may be NULL or empty, `expires` 0. */
int dp_credentials_copy(struct dp_credentials *credentials, const char *access_key,
                        const char *secret_key, const char *token, int64_t expires,
                        struct dp_error *err);

/* credentials_keys.c: keys that stand somewhere as they are. */
int dp_credentials_keys_environment(struct dp_credentials_asker *asker,
                                    struct dp_credentials *credentials, struct dp_error *err);
int dp_credentials_keys_credentials(struct dp_credentials_asker *asker,
                                    struct dp_credentials *credentials, struct dp_error *err);
int dp_credentials_keys_config(struct dp_credentials_asker *asker,
                               struct dp_credentials *credentials, struct dp_error *err);
/* An SSO profile, whose keys only the AWS tools can get. */
int dp_credentials_keys_sso(struct dp_credentials_asker *asker,
                            struct dp_credentials *credentials, struct dp_error *err);

/* credentials_process.c: `credential_process` of the profile. */
int dp_credentials_process_fetch(struct dp_credentials_asker *asker,
                                 struct dp_credentials *credentials, struct dp_error *err);

/* credentials_sts.c: a role, assumed with other keys or with the token of a web identity. */
int dp_credentials_sts_role(struct dp_credentials_asker *asker,
                            struct dp_credentials *credentials, struct dp_error *err);
int dp_credentials_sts_web(struct dp_credentials_asker *asker,
                           struct dp_credentials *credentials, struct dp_error *err);

/* credentials_container.c: the credentials service of ECS, EKS and their relatives. */
int dp_credentials_container_fetch(struct dp_credentials_asker *asker,
                                   struct dp_credentials *credentials, struct dp_error *err);

/* credentials_instance.c: the metadata service of EC2, version 2. */
int dp_credentials_instance_fetch(struct dp_credentials_asker *asker,
                                  struct dp_credentials *credentials, struct dp_error *err);

/* credentials_json.c: reads {"AccessKeyId", "SecretAccessKey", `token_name`, "Expiration"}; `name`
 * stands in messages, which tell nothing of the document but its own "Code". */
int dp_credentials_json_read(const char *name, const char *text, size_t length,
                             const char *token_name, bool with_version,
                             struct dp_credentials *credentials, struct dp_error *err);

/* One request to a service that gives credentials (credentials_http.c). */
struct dp_credentials_call {
    const char *name; /* of the service, for messages */
    const char *method, *url;
    const char *const *headers; /* ends with NULL; or NULL */
    const char *form;           /* body of a POST, NULL: none */
    const struct dp_credentials *keys; /* that sign it for `region` and STS; NULL: not signed */
    const char *region;
    bool local;        /* a service of this host: no proxy */
    bool once;         /* one attempt only */
    unsigned limit_ms; /* of an attempt */
};

/* Makes the call; *text (to be freed with dp_credentials_http_free) is the answer of a success,
 * NUL-terminated, at most 64 KiB. *status (0: no answer) is set in any case. */
int dp_credentials_http_call(struct dp_context *context, const struct dp_credentials_call *call,
                             char **text, int *status, struct dp_error *err);
/* Wipes and frees; NULL is allowed. */
void dp_credentials_http_free(char *text);
/* The contents of a token file without white space at its ends, to be freed likewise. */
int dp_credentials_http_read_token(const char *path, char **token, struct dp_error *err);

#endif
