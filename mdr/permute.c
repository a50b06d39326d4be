/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/permute.h"

#include "mdr/folds.h"
#include "mdr/random.h"

#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What the threads of a rank share. */
struct job {
    const struct dp_mdr_study *study;
    const struct dp_mdr_permute_options *options;
    struct dp_mdr_team *team;
    unsigned inner;                          /* threads of one permutation */
    struct dp_mdr_permutation *permutations; /* by number */

    pthread_mutex_t lock; /* of what follows */
    bool failed, cancelled;
    int code;
    struct dp_error err;
};

/* One permutation at a time. */
struct worker {
    struct job *job;
    struct dp_mdr_cohort cohort;
    void *memory; /* of the planes */
    size_t memory_bytes;
    struct dp_mdr_planes *planes;
    struct dp_mdr_referee referee; /* of these planes */
};

/* Spreads permutation numbers over all seeds; odd, so that no two numbers meet. */
#define SPREAD UINT64_C(0xd1342543de82ef95)

int dp_mdr_permute_cohort(const struct dp_mdr_study *study, uint64_t seed, uint64_t number,
                          struct dp_mdr_cohort *cohort, struct dp_error *err)
{
    size_t count = cohort->sample_count, i;
    uint32_t *order = malloc(count * sizeof(*order));
    struct dp_mdr_random random;
    int rc;

    if (!order)
        return dp_error_no_memory(err);
    /* Of the IDs' order, so that the order of samples in the file does not matter. */
    memcpy(order, study->by_id, count * sizeof(*order));
    dp_mdr_random_seed(&random, seed ^ number * SPREAD);
    dp_mdr_random_shuffle(&random, order, count);
    for (i = 0; i < count; i++)
        cohort->is_case[order[i]] = i < cohort->case_count;
    /* Folds of other sizes would have another best score by chance. */
    rc = dp_mdr_folds_deal_like(study->by_id, &study->cohort, cohort, dp_mdr_random_next(&random),
                                err);
    free(order);
    return rc;
}

static int copy_cohort(const struct dp_mdr_cohort *from, struct dp_mdr_cohort *to,
                       struct dp_error *err)
{
    size_t count = from->sample_count;

    *to = *from;
    to->column = malloc(count * sizeof(*to->column));
    to->is_case = malloc(count);
    to->fold = malloc(count);
    if (!to->column || !to->is_case || !to->fold)
        return dp_error_no_memory(err);
    memcpy(to->column, from->column, count * sizeof(*to->column));
    memcpy(to->is_case, from->is_case, count);
    memcpy(to->fold, from->fold, count);
    return DP_OK;
}

/* ------------------------------------------------------------------------- one permutation */

static bool is_cancelled(struct job *job)
{
    const struct dp_mdr_permute_options *options = job->options;

    if (!options->cancel || !options->cancel(options->user))
        return false;
    pthread_mutex_lock(&job->lock);
    job->cancelled = true;
    pthread_mutex_unlock(&job->lock);
    dp_mdr_team_stop(job->team);
    return true;
}

static int make_planes(struct worker *worker, struct dp_error *err)
{
    const struct dp_mdr_study *study = worker->job->study;
    size_t bytes = dp_mdr_planes_bytes(&worker->cohort, study->variant_count), i;
    int rc;

    dp_mdr_planes_free(worker->planes);
    worker->planes = NULL;
    if (bytes > worker->memory_bytes) {
        free(worker->memory);
        worker->memory_bytes = 0;
        worker->memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
        if (!worker->memory)
            return dp_error_no_memory(err);
        worker->memory_bytes = bytes;
    }
    memset(worker->memory, 0, bytes);
    rc = dp_mdr_planes_new(&worker->cohort, study->variant_count, worker->memory, &worker->planes,
                           err);
    if (rc < 0)
        return rc;
    dp_mdr_referee_make(worker->planes, study->incomplete_count == 0, &worker->referee);
#pragma omp parallel for schedule(static, 64) num_threads((int)worker->job->inner)
    for (i = 0; i < study->variant_count; i++)
        dp_mdr_planes_set(worker->planes, i, dp_mdr_study_row(study, i));
    return DP_OK;
}

/* No combination. */
static const struct dp_mdr_hit nothing = {-INFINITY, {0, 0, 0}};

/* Searches the units that `next` gives; *found is the best of them. */
static int search_units(struct worker *worker, _Atomic uint64_t *next, struct dp_mdr_hit *found,
                        struct dp_error *err)
{
    const struct dp_mdr_permute_options *options = worker->job->options;
    struct dp_mdr_unit_options unit = {
        .kernel = options->kernel, .prune = options->prune, .threshold = dp_mdr_threshold_none()};
    struct dp_mdr_searcher *searcher = NULL;
    struct dp_mdr_harvest harvest;
    struct dp_mdr_box box;
    uint64_t number;
    int rc = dp_mdr_best_new(1, &worker->referee, &harvest.best, err);

    if (rc < 0)
        return rc;
    dp_mdr_harvest_clear(&harvest);
    rc = dp_mdr_searcher_new(worker->planes, &unit, &searcher, err);
    while (rc == DP_OK && !is_cancelled(worker->job)) {
        number = atomic_fetch_add(next, 1);
        if (number >= options->schedule->unit_count)
            break;
        dp_mdr_schedule_box(options->schedule, number, &box);
        rc = dp_mdr_searcher_run(searcher, &box, &harvest, err);
    }
    *found = dp_mdr_best_count(harvest.best) ? dp_mdr_best_sorted(harvest.best)[0] : nothing;
    dp_mdr_searcher_free(searcher);
    dp_mdr_best_free(harvest.best);
    return rc;
}

static int run_permutation(struct worker *worker, uint64_t number, struct dp_mdr_hit *best,
                           struct dp_error *err)
{
    struct job *job = worker->job;
    _Atomic uint64_t next = 0;
    struct dp_mdr_hit highest = nothing;
    int code = DP_OK, rc;

    rc = dp_mdr_permute_cohort(job->study, job->options->seed, number, &worker->cohort, err);
    if (rc == DP_OK)
        rc = make_planes(worker, err);
    if (rc < 0)
        return rc;
#pragma omp parallel num_threads((int)job->inner)
    {
        struct dp_error own;
        struct dp_mdr_hit found = nothing;
        int own_code = search_units(worker, &next, &found, &own);

#pragma omp critical(dp_mdr_permute)
        {
            if (own_code < 0 && code == DP_OK) {
                code = own_code;
                if (err)
                    *err = own;
            }
            if (dp_mdr_hit_compare(&worker->referee, &found, &highest) < 0)
                highest = found;
        }
    }
    *best = highest;
    return code;
}

/* ------------------------------------------------------------------------------- all of them */

static int run_numbers(struct worker *worker, struct dp_error *err)
{
    struct job *job = worker->job;
    const struct dp_mdr_permute_options *options = job->options;
    uint64_t number;
    struct dp_mdr_hit best = nothing;
    int rc = DP_OK;

    while (rc == DP_OK && !is_cancelled(job)) {
        number = dp_mdr_team_next(job->team);
        if (number >= options->count)
            break;
        if (!isnan(job->permutations[number].best.score))
            continue; /* an earlier run did it */
        rc = run_permutation(worker, number + 1, &best, err);
        if (rc < 0 || is_cancelled(job))
            break; /* a search that was cut short says nothing */
        job->permutations[number].best = best;
        if (options->journal)
            rc = dp_mdr_journal_add_permutation(options->journal, number, &best, err);
        if (options->progress) {
            pthread_mutex_lock(&job->lock);
            options->progress(options->user, number + 1);
            pthread_mutex_unlock(&job->lock);
        }
    }
    return rc;
}

static void run_worker(struct job *job)
{
    struct worker worker = {.job = job};
    struct dp_error err;
    int rc;

    dp_error_clear(&err);
    rc = copy_cohort(&job->study->cohort, &worker.cohort, &err);
    if (rc == DP_OK)
        rc = run_numbers(&worker, &err);
    if (rc < 0) {
        pthread_mutex_lock(&job->lock);
        if (!job->failed) {
            job->failed = true;
            job->code = rc;
            job->err = err;
        }
        pthread_mutex_unlock(&job->lock);
        dp_mdr_team_stop(job->team);
    }
    dp_mdr_planes_free(worker.planes);
    dp_mdr_cohort_free(&worker.cohort);
    free(worker.memory);
}

/* One permutation a thread, as far as memory allows: then the threads need not wait for each other.
 * What is left of them helps within the permutations. */
static unsigned share_threads(const struct dp_mdr_study *study,
                              const struct dp_mdr_permute_options *options, unsigned *inner)
{
    size_t bytes = dp_mdr_planes_bytes(&study->cohort, study->variant_count);
    size_t most = bytes ? options->memory_bytes / bytes : 1;
    unsigned outer = options->threads;

    if (outer > most)
        outer = most ? (unsigned)most : 1;
    if (outer > options->count)
        outer = (unsigned)options->count;
    *inner = options->threads / outer;
    return outer;
}

static int compare_scores(const void *a, const void *b)
{
    const struct dp_mdr_permutation *x = a, *y = b;

    if (x->best.score != y->best.score)
        return x->best.score < y->best.score ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Rank 0 gets what all ranks have found. */
static int gather(struct dp_mdr_team *team, struct dp_mdr_permutation *permutations, uint64_t count,
                  struct dp_error *err)
{
    struct dp_mdr_team_part *parts = NULL;
    const struct dp_mdr_permutation *part;
    uint64_t k;
    unsigned i;
    int rc =
        dp_mdr_team_gather(team, permutations, (size_t)count * sizeof(*permutations), &parts, err);

    for (i = 1; rc == DP_OK && parts && i < dp_mdr_team_size(team); i++) {
        part = parts[i].bytes;
        for (k = 0; k < count; k++)
            if (!isnan(part[k].best.score))
                permutations[k] = part[k];
    }
    if (parts)
        dp_mdr_team_parts_free(team, parts);
    return rc;
}

/* None is known but those of the journal. */
static void begin(const struct dp_mdr_permute_options *options,
                  struct dp_mdr_permutation *permutations)
{
    uint64_t k;

    memset(permutations, 0, (size_t)options->count * sizeof(*permutations));
    for (k = 0; k < options->count; k++) {
        permutations[k].number = k + 1;
        permutations[k].best.score = NAN;
        if (options->journal)
            permutations[k].best = dp_mdr_journal_permutation(options->journal, k);
    }
}

int dp_mdr_permute_run(const struct dp_mdr_study *study,
                       const struct dp_mdr_permute_options *options, struct dp_mdr_team *team,
                       struct dp_mdr_permutation *permutations, struct dp_error *err)
{
    struct job job = {
        .study = study, .options = options, .team = team, .permutations = permutations};
    unsigned outer = share_threads(study, options, &job.inner);
    int rc;

    begin(options, permutations);
    pthread_mutex_init(&job.lock, NULL);
    dp_mdr_team_deal(team, options->count);
    omp_set_max_active_levels(2);
#pragma omp parallel num_threads((int)outer)
    run_worker(&job);
    pthread_mutex_destroy(&job.lock);
    rc = job.failed ? job.code : DP_OK;
    if (rc < 0 && err)
        *err = job.err;
    if (rc == DP_OK && job.cancelled)
        rc = dp_error_set(err, DP_CANCELLED, "the permutations were stopped");
    rc = dp_mdr_team_agree(team, rc, err);
    if (rc == DP_OK)
        rc = gather(team, permutations, options->count, err);
    /* The other ranks have only their own: what they did not do has no score to sort by. */
    if (rc == DP_OK && dp_mdr_team_rank(team) == 0)
        qsort(permutations, (size_t)options->count, sizeof(*permutations), compare_scores);
    return rc;
}

/* --------------------------------------------------------------------------------- p-values */

/* The terms of the best of a permutation, from planes of its variants alone. */
static int count_best(const struct dp_mdr_study *study, uint64_t seed,
                      const struct dp_mdr_permutation *permutation, struct dp_mdr_terms *terms,
                      struct dp_error *err)
{
    struct dp_mdr_hit alone = {permutation->best.score,
                               {0, 1, permutation->best.variant[2] ? 2 : 0}};
    const size_t count = alone.variant[2] ? 3 : 2;
    struct dp_mdr_planes *planes = NULL;
    struct dp_mdr_cohort cohort;
    size_t i;
    int rc = copy_cohort(&study->cohort, &cohort, err);

    if (rc == DP_OK)
        rc = dp_mdr_permute_cohort(study, seed, permutation->number, &cohort, err);
    if (rc == DP_OK)
        rc = dp_mdr_planes_new(&cohort, count, NULL, &planes, err);
    if (rc == DP_OK) {
        for (i = 0; i < count; i++)
            dp_mdr_planes_set(planes, i, dp_mdr_study_row(study, permutation->best.variant[i]));
        dp_mdr_hit_terms(planes, &alone, terms);
    }
    dp_mdr_planes_free(planes);
    dp_mdr_cohort_free(&cohort);
    return rc;
}

/* The first permutation whose rounded score is not below `score`. */
static uint64_t first_from(const struct dp_mdr_permutation *permutations, uint64_t count,
                           double score)
{
    uint64_t low = 0, high = count, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (permutations[middle].best.score < score)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int dp_mdr_permute_p(const struct dp_mdr_study *study, uint64_t seed,
                     const struct dp_mdr_permutation *permutations, uint64_t count, double score,
                     const struct dp_mdr_terms *terms, double *p, struct dp_error *err)
{
    uint64_t k = first_from(permutations, count, score), better = count - k;
    struct dp_mdr_referee referee;
    struct dp_mdr_terms other;
    int rc = DP_OK;

    /* What permutations may have of each class in each fold is what the study has. */
    dp_mdr_referee_make(study->planes, study->incomplete_count == 0, &referee);
    for (; rc == DP_OK && !referee.test_differs && k < count && permutations[k].best.score == score;
         k++) {
        rc = count_best(study, seed, &permutations[k], &other, err);
        better -= rc == DP_OK && dp_mdr_score_compare(&other, terms) < 0;
    }
    *p = (double)(1 + better) / (double)(count + 1);
    return rc;
}
