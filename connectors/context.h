/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The context: what all objects of one user of the library share. Thread-safe throughout. */

#ifndef DP_CONNECTORS_CONTEXT_H
#define DP_CONNECTORS_CONTEXT_H

#include "dataplug.h"

#include "base/error.h"
#include "connectors/signed_hosts.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct dp_http_pool; /* connectors/http_pool.c */
struct dp_s3_account; /* connectors/credentials.c */

struct dp_counters {
    atomic_uint_fast64_t requests, retries, received_bytes, sent_bytes, read_calls, read_bytes,
        connections;
};

struct dp_context {
    struct dp_context_options options; /* strings are copies owned by the context; no zeros left
                                          where the header names a default figure */
    bool attempts_given;               /* by the caller or the environment */
    pid_t pid;                         /* of the process that made it */
    struct dp_signed_hosts signed_hosts;
    struct dp_counters counters;
    atomic_uint_fast64_t ahead_bytes; /* of buffers for reading ahead (connectors/input.c) */
    _Atomic(struct dp_http_pool *) http;      /* made by the first HTTP object */
    _Atomic(struct dp_s3_account *) account;  /* made by the first signed request */
};

/* 0, or DP_INVALID in a child of the process that made the context, or DP_CANCELLED. Called at the
 * start of every open and between the chunks of every long loop. */
int dp_context_check(struct dp_context *context, struct dp_error *err);

/* The attempts of one of AWS's retry modes; false when `mode` is none. */
bool dp_context_retry_mode(const char *mode, unsigned *attempts);

/* Hands one line to the log callback when there is one. */
void dp_context_log(struct dp_context *context, enum dp_log_level level, const char *format, ...)
    DP_PRINTF(3, 4);

/* Hands progress to the callback when there is one. */
void dp_context_progress(struct dp_context *context, const char *what, const char *uri,
                         uint64_t done_bytes, uint64_t total_bytes);

#endif
