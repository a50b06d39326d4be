/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/joiner.h"

#include <string.h>

int dp_mdr_joiner_open(struct dp_mdr_joiner *joiner, struct dp_mdr_genotypes *whole,
                       const struct dp_mdr_ingest_options *options, uint64_t all,
                       struct dp_error *err)
{
    *joiner = (struct dp_mdr_joiner){
        .whole = whole, .options = options, .all = all, .failed = UINT64_MAX};
    if (pthread_mutex_init(&joiner->mutex, NULL) != 0)
        return dp_error_no_memory(err);
    return DP_OK;
}

static void fail(struct dp_mdr_joiner *joiner, uint64_t number, const struct dp_error *error)
{
    if (number < joiner->failed) {
        joiner->failed = number;
        joiner->error = *error;
    }
}

/* Where the part `number` waits; NULL when out of memory. */
static struct dp_mdr_genotypes **place_of(struct dp_mdr_joiner *joiner, uint64_t number)
{
    struct dp_mdr_genotypes *none = NULL;

    while (joiner->waiting.length <= number)
        if (!dp_array_append(&joiner->waiting, &none, 1, sizeof(none)))
            return NULL;
    return (struct dp_mdr_genotypes **)joiner->waiting.data + number;
}

/* Joins all parts that are next. */
static void join(struct dp_mdr_joiner *joiner)
{
    struct dp_mdr_genotypes **parts = joiner->waiting.data;
    struct dp_error error = {0};

    for (; joiner->next < joiner->waiting.length && parts[joiner->next]; joiner->next++) {
        if (joiner->failed == UINT64_MAX &&
            dp_mdr_genotypes_join(joiner->whole, parts[joiner->next], &error) != DP_OK)
            fail(joiner, joiner->next, &error);
        dp_mdr_genotypes_free(parts[joiner->next]);
        parts[joiner->next] = NULL;
    }
}

void dp_mdr_joiner_put(struct dp_mdr_joiner *joiner, uint64_t number, struct dp_mdr_genotypes *part,
                       const struct dp_mdr_ingest_counts *counts)
{
    struct dp_mdr_genotypes **place;
    struct dp_error error = {0};

    pthread_mutex_lock(&joiner->mutex);
    place = place_of(joiner, number);
    if (place) {
        *place = part;
        join(joiner);
    } else {
        dp_error_no_memory(&error);
        fail(joiner, number, &error);
        dp_mdr_genotypes_free(part);
    }
    joiner->counts.records += counts->records;
    joiner->counts.multiallelic += counts->multiallelic;
    joiner->counts.skipped += counts->skipped;
    joiner->counts.with_field += counts->with_field;
    if (joiner->options->progress && joiner->failed == UINT64_MAX)
        joiner->options->progress(joiner->options->user, joiner->counts.records, joiner->all);
    pthread_mutex_unlock(&joiner->mutex);
}

void dp_mdr_joiner_fail(struct dp_mdr_joiner *joiner, uint64_t number, const struct dp_error *error)
{
    pthread_mutex_lock(&joiner->mutex);
    fail(joiner, number, error);
    pthread_mutex_unlock(&joiner->mutex);
}

bool dp_mdr_joiner_failed(struct dp_mdr_joiner *joiner)
{
    bool failed;

    pthread_mutex_lock(&joiner->mutex);
    failed = joiner->failed != UINT64_MAX;
    pthread_mutex_unlock(&joiner->mutex);
    return failed;
}

int dp_mdr_joiner_close(struct dp_mdr_joiner *joiner, struct dp_mdr_ingest_counts *counts,
                        struct dp_error *err)
{
    struct dp_mdr_genotypes **parts = joiner->waiting.data;
    uint64_t i;

    for (i = joiner->next; i < joiner->waiting.length; i++)
        dp_mdr_genotypes_free(parts[i]);
    dp_array_free(&joiner->waiting);
    pthread_mutex_destroy(&joiner->mutex);
    if (joiner->failed == UINT64_MAX) {
        *counts = joiner->counts;
        return DP_OK;
    }
    if (err)
        *err = joiner->error;
    return joiner->error.code;
}
