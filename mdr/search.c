/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/search.h"

#include "base/array.h"
#include "mdr/batch.h"

#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Hits a thread keeps before they go to the journal. */
#define HITS_KEPT 16384
/* Progress is told at most so often. */
#define PROGRESS_SECONDS 0.2
/* Units in a batch, whatever the time: small units are many. */
#define BATCH_UNITS 65536

/* What the threads of a rank share. */
struct job {
    const struct dp_mdr_planes *planes;
    const struct dp_mdr_search_options *options;
    struct dp_mdr_team *team;
    unsigned fold_count;
    double begin; /* seconds of the monotonic clock */

    pthread_mutex_t lock; /* of what follows */
    struct dp_mdr_harvest *harvest;
    double told;
    bool failed, cancelled;
    int code;
    struct dp_error err; /* of the first thread that failed */
};

/* One thread. */
struct worker {
    struct job *job;
    struct dp_mdr_searcher *searcher;
    struct dp_mdr_harvest harvest;
    struct dp_array units;            /* of uint64_t: finished since the last batch */
    uint64_t combinations;            /* counted when the last batch was added */
    struct dp_mdr_hit *known, *fresh; /* best hits that are in the journal; room for new ones */
    size_t known_count;
    uint64_t stream;
    struct dp_mdr_hit *hits; /* over the threshold, not yet in the journal */
    size_t hit_count;
    double added; /* when the last batch was added */
};

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int dp_mdr_search_begin(size_t top, const struct dp_mdr_referee *referee,
                        struct dp_mdr_harvest *harvest, struct dp_error *err)
{
    int rc = dp_mdr_best_new(top, referee, &harvest->best, err);

    if (rc == DP_OK)
        dp_mdr_harvest_clear(harvest);
    return rc;
}

void dp_mdr_search_end(struct dp_mdr_harvest *harvest)
{
    dp_mdr_best_free(harvest->best);
    harvest->best = NULL;
}

/* ---------------------------------------------------------------------------------- batches */

static int flush_hits(struct worker *worker, struct dp_error *err)
{
    struct dp_mdr_journal *journal = worker->job->options->journal;
    int rc = DP_OK;

    if (worker->hit_count)
        rc = dp_mdr_journal_add_hits(journal, worker->stream, worker->hits, worker->hit_count, err);
    worker->hit_count = 0;
    return rc;
}

static int keep_hit(void *user, const struct dp_mdr_hit *hit, struct dp_error *err)
{
    struct worker *worker = user;
    int rc = worker->hit_count == HITS_KEPT ? flush_hits(worker, err) : DP_OK;

    if (rc == DP_OK)
        worker->hits[worker->hit_count++] = *hit;
    return rc;
}

/* The best that are not in the journal, at worker->fresh. Both lists are sorted. */
static size_t find_fresh(struct worker *worker, const struct dp_mdr_hit *best, size_t count)
{
    const struct dp_mdr_referee *referee = dp_mdr_best_referee(worker->harvest.best);
    const struct dp_mdr_hit *known = worker->known, *end = known + worker->known_count;
    size_t i, fresh = 0;

    for (i = 0; i < count; i++) {
        while (known < end && dp_mdr_hit_compare(referee, known, &best[i]) < 0)
            known++;
        if (known == end || dp_mdr_hit_compare(referee, known, &best[i]) != 0)
            worker->fresh[fresh++] = best[i];
    }
    return fresh;
}

/* Adds what was finished since the last time to the journal. */
static int add_batch(struct worker *worker, struct dp_error *err)
{
    struct dp_mdr_harvest *harvest = &worker->harvest;
    size_t count = dp_mdr_best_count(harvest->best);
    const struct dp_mdr_hit *best = dp_mdr_best_sorted(harvest->best);
    struct dp_mdr_batch batch = {
        .stream = worker->stream,
        .units = worker->units.data,
        .unit_count = worker->units.length,
        .combination_count = harvest->combination_count - worker->combinations,
        .fold_best = harvest->fold_best,
        .best = worker->fresh,
    };
    int rc;

    if (batch.unit_count == 0)
        return DP_OK;
    batch.best_count = find_fresh(worker, best, count);
    rc = flush_hits(worker, err);
    if (rc == DP_OK)
        rc = dp_mdr_journal_add(worker->job->options->journal, &batch, err);
    if (rc < 0)
        return rc;
    memcpy(worker->known, best, count * sizeof(*best));
    worker->known_count = count;
    worker->combinations = harvest->combination_count;
    worker->units.length = 0;
    worker->stream = dp_mdr_journal_stream(worker->job->options->journal);
    worker->added = now_seconds();
    return DP_OK;
}

/* ---------------------------------------------------------------------------------- workers */

static void free_worker(struct worker *worker)
{
    dp_mdr_searcher_free(worker->searcher);
    dp_mdr_best_free(worker->harvest.best);
    dp_array_free(&worker->units);
    free(worker->known);
    free(worker->fresh);
    free(worker->hits);
}

static int start_worker(struct worker *worker, struct dp_error *err)
{
    const struct dp_mdr_search_options *options = worker->job->options;
    struct dp_mdr_unit_options unit = {
        .kernel = options->kernel,
        .consistency = options->consistency,
        .prune = options->prune,
        .threshold = options->threshold,
        .hit = keep_hit,
        .user = worker,
    };
    const struct dp_mdr_referee *referee = dp_mdr_best_referee(worker->job->harvest->best);
    int rc = dp_mdr_search_begin(options->top, referee, &worker->harvest, err);

    if (rc == DP_OK)
        rc = dp_mdr_searcher_new(worker->job->planes, &unit, &worker->searcher, err);
    if (rc < 0 || !options->journal)
        return rc;
    worker->known = malloc(options->top * sizeof(*worker->known));
    worker->fresh = malloc(options->top * sizeof(*worker->fresh));
    worker->hits =
        malloc((isnan(options->threshold.rounded) ? 1 : HITS_KEPT) * sizeof(*worker->hits));
    worker->stream = dp_mdr_journal_stream(options->journal);
    worker->added = now_seconds();
    return worker->known && worker->fresh && worker->hits ? DP_OK : dp_error_no_memory(err);
}

/* Called after each unit. */
static int note_unit(struct worker *worker, uint64_t unit, struct dp_error *err)
{
    const struct dp_mdr_search_options *options = worker->job->options;

    if (!options->journal)
        return DP_OK;
    if (!dp_array_append(&worker->units, &unit, 1, sizeof(unit)))
        return dp_error_no_memory(err);
    if (worker->units.length < BATCH_UNITS &&
        now_seconds() - worker->added < options->batch_seconds)
        return DP_OK;
    return add_batch(worker, err);
}

static void tell(struct job *job, uint64_t unit)
{
    double now = job->options->progress ? now_seconds() : 0;

    if (!job->options->progress || pthread_mutex_trylock(&job->lock) != 0)
        return;
    if (now - job->told >= PROGRESS_SECONDS) {
        job->told = now;
        job->options->progress(job->options->user, unit);
    }
    pthread_mutex_unlock(&job->lock);
}

static bool is_cancelled(struct job *job)
{
    const struct dp_mdr_search_options *options = job->options;

    if (!options->cancel || !options->cancel(options->user))
        return false;
    pthread_mutex_lock(&job->lock);
    job->cancelled = true;
    pthread_mutex_unlock(&job->lock);
    dp_mdr_team_stop(job->team);
    return true;
}

static int run_units(struct worker *worker, struct dp_error *err)
{
    struct job *job = worker->job;
    const struct dp_mdr_search_options *options = job->options;
    const struct dp_mdr_schedule *schedule = options->schedule;
    struct dp_mdr_box box;
    uint64_t unit;
    int rc = DP_OK;

    while (rc == DP_OK && !is_cancelled(job)) {
        unit = dp_mdr_team_next(job->team);
        if (unit >= schedule->unit_count)
            break;
        tell(job, unit);
        if (options->journal && dp_mdr_journal_is_done(options->journal, unit))
            continue;
        dp_mdr_schedule_box(schedule, unit, &box);
        rc = dp_mdr_searcher_run(worker->searcher, &box, &worker->harvest, err);
        if (rc == DP_OK)
            rc = note_unit(worker, unit, err);
    }
    return rc;
}

/* A search that took but moments and was not interrupted needs no journal, except for hits. */
static bool wants_last_batch(struct job *job)
{
    const struct dp_mdr_search_options *options = job->options;

    return options->journal &&
           (!isnan(options->threshold.rounded) || dp_mdr_journal_exists(options->journal) ||
            (options->cancel && options->cancel(options->user)) ||
            now_seconds() - job->begin >= options->batch_seconds);
}

static void run_worker(struct job *job)
{
    struct worker worker = {.job = job};
    struct dp_error err;
    int rc;

    dp_error_clear(&err);
    rc = start_worker(&worker, &err);
    if (rc == DP_OK)
        rc = run_units(&worker, &err);
    if (rc == DP_OK && wants_last_batch(job))
        rc = add_batch(&worker, &err);
    pthread_mutex_lock(&job->lock);
    if (rc == DP_OK) {
        dp_mdr_harvest_merge(job->harvest, &worker.harvest);
    } else if (!job->failed) {
        job->failed = true;
        job->code = rc;
        job->err = err;
    }
    pthread_mutex_unlock(&job->lock);
    if (rc < 0)
        dp_mdr_team_stop(job->team);
    free_worker(&worker);
}

int dp_mdr_search_run(const struct dp_mdr_planes *planes,
                      const struct dp_mdr_search_options *options, struct dp_mdr_team *team,
                      struct dp_mdr_harvest *harvest, struct dp_error *err)
{
    struct job job = {
        .planes = planes,
        .options = options,
        .team = team,
        .fold_count = dp_mdr_planes_cohort(planes)->fold_count,
        .begin = now_seconds(),
        .harvest = harvest,
    };
    int rc;

    pthread_mutex_init(&job.lock, NULL);
    dp_mdr_team_deal(team, options->schedule->unit_count);
#pragma omp parallel num_threads((int)options->threads)
    run_worker(&job);
    pthread_mutex_destroy(&job.lock);
    rc = job.failed ? job.code : DP_OK;
    if (rc < 0 && err)
        *err = job.err;
    if (rc == DP_OK && job.cancelled)
        rc = dp_error_set(err, DP_CANCELLED, "the search was stopped");
    return dp_mdr_team_agree(team, rc, err);
}

/* ------------------------------------------------------------------------------------ ranks */

static int merge_part(const struct dp_mdr_team_part *part, unsigned fold_count,
                      struct dp_mdr_harvest *harvest, struct dp_error *err)
{
    struct dp_mdr_batch_view batch;

    if (!dp_mdr_batch_decode(part->bytes, part->length, fold_count, &batch))
        return dp_error_set(err, DP_DATA, "what a rank found did not arrive as it was");
    dp_mdr_batch_merge(&batch, harvest);
    return DP_OK;
}

int dp_mdr_search_gather(struct dp_mdr_team *team, unsigned fold_count,
                         struct dp_mdr_harvest *harvest, struct dp_error *err)
{
    struct dp_mdr_batch batch = {
        .combination_count = harvest->combination_count,
        .best = dp_mdr_best_sorted(harvest->best),
        .best_count = dp_mdr_best_count(harvest->best),
        .fold_best = harvest->fold_best,
    };
    struct dp_mdr_team_part *parts = NULL;
    uint8_t *bytes = NULL;
    size_t length = 0;
    unsigned i;
    int rc = dp_mdr_batch_encode(&batch, fold_count, &bytes, &length, err);

    rc = dp_mdr_team_agree(team, rc, err);
    if (rc == DP_OK)
        rc = dp_mdr_team_gather(team, bytes, length, &parts, err);
    /* Rank 0 has its own already. */
    for (i = 1; rc == DP_OK && parts && i < dp_mdr_team_size(team); i++)
        rc = merge_part(&parts[i], fold_count, harvest, err);
    if (parts)
        dp_mdr_team_parts_free(team, parts);
    free(bytes);
    return dp_mdr_team_agree(team, rc, err);
}

/* Hits on their way from this rank to rank 0: they are sent in pieces that fit memory. */
struct sending {
    struct dp_mdr_team *team;
    struct dp_mdr_sorter *sorter;
    uint8_t *bytes;
    size_t length;
    bool ended; /* all ranks know that it failed */
};

#define PIECE_BYTES ((size_t)DP_MDR_HIT_BYTES << 20)

/* Rank 0: sorts in a piece of every rank. *full: one of them was as long as pieces get. */
static int sort_pieces(struct sending *sending, const struct dp_mdr_team_part *parts, uint8_t *full,
                       struct dp_error *err)
{
    struct dp_mdr_hit hit;
    size_t at;
    unsigned i;
    int rc = DP_OK;

    for (i = 0; parts && i < dp_mdr_team_size(sending->team); i++) {
        *full |= parts[i].length == PIECE_BYTES;
        for (at = 0; rc == DP_OK && at < parts[i].length; at += DP_MDR_HIT_BYTES) {
            dp_mdr_batch_get_hit((const uint8_t *)parts[i].bytes + at, &hit);
            rc = dp_mdr_sorter_add(sending->sorter, &hit, err);
        }
    }
    return rc;
}

/* Collective. Every rank sends a piece; `code` says how it went here since the last one. *more:
 * there may be others to come. */
static int send_piece(struct sending *sending, int code, bool *more, struct dp_error *err)
{
    struct dp_mdr_team_part *parts = NULL;
    uint8_t full = 0;
    int rc = dp_mdr_team_agree(sending->team, code, err);

    if (rc == DP_OK)
        rc = dp_mdr_team_gather(sending->team, sending->bytes, sending->length, &parts, err);
    if (rc == DP_OK) {
        rc = sort_pieces(sending, parts, &full, err);
        rc = dp_mdr_team_agree(sending->team, rc, err);
    }
    if (parts)
        dp_mdr_team_parts_free(sending->team, parts);
    if (rc == DP_OK)
        dp_mdr_team_broadcast(sending->team, &full, 1);
    sending->ended = rc < 0;
    sending->length = 0;
    *more = full;
    return rc;
}

static int send_hit(void *user, const struct dp_mdr_hit *hit, struct dp_error *err)
{
    struct sending *sending = user;
    bool more;
    int rc = DP_OK;

    if (sending->length == PIECE_BYTES)
        rc = send_piece(sending, DP_OK, &more, err);
    dp_mdr_batch_put_hit(sending->bytes + sending->length, hit);
    sending->length += DP_MDR_HIT_BYTES;
    return rc;
}

static int sort_hit(void *user, const struct dp_mdr_hit *hit, struct dp_error *err)
{
    return dp_mdr_sorter_add(user, hit, err);
}

int dp_mdr_search_gather_hits(struct dp_mdr_team *team, struct dp_mdr_journal *journal,
                              struct dp_mdr_sorter *sorter, struct dp_error *err)
{
    struct sending sending = {.team = team, .sorter = sorter};
    bool more = true;
    int rc;

    if (dp_mdr_team_size(team) == 1)
        return dp_mdr_journal_hits(journal, sort_hit, sorter, err);
    sending.bytes = malloc(PIECE_BYTES);
    rc = dp_mdr_team_agree(team, sending.bytes ? DP_OK : dp_error_no_memory(err), err);
    if (rc < 0) {
        free(sending.bytes);
        return rc;
    }
    rc = dp_mdr_journal_hits(journal, send_hit, &sending, err);
    while (more && !sending.ended)
        rc = send_piece(&sending, rc, &more, err);
    free(sending.bytes);
    return rc;
}
