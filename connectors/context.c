/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/context.h"

#include "base/options.h"
#include "base/size.h"
#include "connectors/credentials.h"
#include "connectors/http_pool.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DEFAULT_ATTEMPTS = 8, /* where a fifth of all requests fails, one of 400,000 is lost */
    LEGACY_ATTEMPTS = 5,   /* what AWS's modes of these names do */
    STANDARD_ATTEMPTS = 3,
    DEFAULT_TIMEOUT_SECONDS = 30,
    DEFAULT_CONNECTIONS = 8,
    DEFAULT_PART_BYTES = 8 << 20,
    MOST_ATTEMPTS = 100,
    MOST_CONNECTIONS = 256
};

/* The strings of the options, which the context keeps copies of. */
static const size_t text_fields[] = {offsetof(struct dp_context_options, profile),
                                     offsetof(struct dp_context_options, region),
                                     offsetof(struct dp_context_options, endpoint_url),
                                     offsetof(struct dp_context_options, ca_bundle),
                                     offsetof(struct dp_context_options, addressing_style)};

static const char **text_field(struct dp_context_options *options, size_t i)
{
    return (const char **)(void *)((char *)options + text_fields[i]);
}

#define TEXT_FIELDS (sizeof(text_fields) / sizeof(text_fields[0]))

static int copy_texts(struct dp_context_options *options, struct dp_error *err)
{
    size_t i, k;

    for (i = 0; i < TEXT_FIELDS; i++) {
        const char **field = text_field(options, i);

        if (!*field)
            continue;
        *field = strdup(*field);
        if (!*field) {
            /* What follows still belongs to the caller. */
            for (k = i; k < TEXT_FIELDS; k++)
                *text_field(options, k) = NULL;
            return dp_error_no_memory(err);
        }
    }
    return DP_OK;
}

bool dp_context_retry_mode(const char *mode, unsigned *attempts)
{
    if (strcmp(mode, "legacy") == 0)
        *attempts = LEGACY_ATTEMPTS;
    else if (strcmp(mode, "standard") == 0 || strcmp(mode, "adaptive") == 0)
        *attempts = STANDARD_ATTEMPTS;
    else
        return false;
    return true;
}

static int set_attempts(struct dp_context *context, struct dp_error *err)
{
    const char *text = getenv("AWS_MAX_ATTEMPTS"), *mode = getenv("AWS_RETRY_MODE");
    unsigned *attempts = &context->options.attempts;
    uint64_t count;

    context->attempts_given = *attempts || (text && *text) || (mode && *mode);
    if (*attempts)
        return DP_OK;
    *attempts = DEFAULT_ATTEMPTS;
    if (mode && *mode && !dp_context_retry_mode(mode, attempts))
        return dp_error_set(err, DP_INVALID,
                            "AWS_RETRY_MODE: '%s' is not legacy, standard or adaptive", mode);
    if (!text || !*text)
        return DP_OK;
    if (!dp_count_parse(text, &count) || count < 1 || count > MOST_ATTEMPTS)
        return dp_error_set(err, DP_INVALID, "AWS_MAX_ATTEMPTS: '%s' is not a number from 1 to %d",
                            text, MOST_ATTEMPTS);
    *attempts = (unsigned)count;
    return DP_OK;
}

static int set_defaults(struct dp_context *context, struct dp_error *err)
{
    struct dp_context_options *options = &context->options;

    if (!options->timeout_seconds)
        options->timeout_seconds = DEFAULT_TIMEOUT_SECONDS;
    if (!options->connections)
        options->connections = DEFAULT_CONNECTIONS;
    if (options->connections > MOST_CONNECTIONS)
        options->connections = MOST_CONNECTIONS;
    if (!options->part_bytes)
        options->part_bytes = DEFAULT_PART_BYTES;
    return set_attempts(context, err);
}

int dp_context_new(const struct dp_context_options *options, struct dp_context **context,
                   struct dp_error *err)
{
    struct dp_context *made = calloc(1, sizeof(*made));
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    rc = dp_options_take(&made->options, sizeof(made->options), options, "context", err);
    if (rc) {
        free(made);
        return rc;
    }
    dp_signed_hosts_init(&made->signed_hosts);
    rc = copy_texts(&made->options, err);
    if (!rc)
        rc = set_defaults(made, err);
    if (rc) {
        dp_context_free(made);
        return rc;
    }
    made->pid = getpid();
    *context = made;
    return DP_OK;
}

void dp_context_free(struct dp_context *context)
{
    size_t i;

    if (!context)
        return;
    /* In a child the connections are the parent's: closing them would end its TLS sessions. */
    if (context->pid == getpid())
        dp_http_pool_free(atomic_load(&context->http));
    dp_credentials_free(atomic_load(&context->account));
    dp_signed_hosts_free(&context->signed_hosts);
    for (i = 0; i < TEXT_FIELDS; i++)
        free((char *)*text_field(&context->options, i));
    free(context);
}

void dp_context_stats(struct dp_context *context, struct dp_stats *stats)
{
    struct dp_counters *counters = &context->counters;
    struct dp_stats all = {.struct_bytes = stats->struct_bytes};
    size_t bytes = stats->struct_bytes < sizeof(all) ? stats->struct_bytes : sizeof(all);

    all.requests = atomic_load(&counters->requests);
    all.retries = atomic_load(&counters->retries);
    all.received_bytes = atomic_load(&counters->received_bytes);
    all.sent_bytes = atomic_load(&counters->sent_bytes);
    all.read_calls = atomic_load(&counters->read_calls);
    all.read_bytes = atomic_load(&counters->read_bytes);
    all.connections = atomic_load(&counters->connections);
    memcpy(stats, &all, bytes);
}

int dp_context_check(struct dp_context *context, struct dp_error *err)
{
    if (context->pid != getpid())
        return dp_error_set(err, DP_INVALID,
                            "a context must not be used in a child of the process that made it");
    if (context->options.cancel && context->options.cancel(context->options.user))
        return dp_error_set(err, DP_CANCELLED, "cancelled");
    return DP_OK;
}

void dp_context_log(struct dp_context *context, enum dp_log_level level, const char *format, ...)
{
    char message[1024];
    va_list args;

    if (!context || !context->options.log)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    context->options.log(context->options.user, level, message);
}

void dp_context_progress(struct dp_context *context, const char *what, const char *uri,
                         uint64_t done_bytes, uint64_t total_bytes)
{
    struct dp_progress progress = {
        .what = what, .uri = uri, .done_bytes = done_bytes, .total_bytes = total_bytes};

    if (context && context->options.progress)
        context->options.progress(context->options.user, &progress);
}
