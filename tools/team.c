/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/team.h"

#include "base/error.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>

struct run {
    struct dp_team *team;
    pthread_mutex_t lock;     /* for all that follows and the manifest */
    struct dp_slice **ahead;  /* read before it was known how many workers pay */
    size_t ahead_count;
    size_t ahead_used;
    bool over;
    int rc; /* of reading the manifest */
    struct dp_error err;
};

/* The next slice of the manifest; NULL at its end or when it cannot be read. */
static struct dp_slice *read_slice(struct run *run)
{
    struct dp_slice *slice;

    if (!run->over) {
        run->rc = dp_manifest_next(run->team->manifest, &slice, &run->err);
        if (run->rc > 0) {
            run->rc = DP_OK;
            return slice;
        }
    }
    run->over = true;
    return NULL;
}

static struct dp_slice *take_slice(struct run *run, uint64_t *order)
{
    struct dp_slice *slice = NULL;

    pthread_mutex_lock(&run->lock);
    if (run->ahead_used < run->ahead_count)
        slice = run->ahead[run->ahead_used++];
    else
        slice = read_slice(run);
    if (slice)
        *order = run->team->taken++;
    pthread_mutex_unlock(&run->lock);
    return slice;
}

static void call_off(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    run->over = true;
    while (run->ahead_used < run->ahead_count)
        dp_slice_free(run->ahead[run->ahead_used++]);
    pthread_mutex_unlock(&run->lock);
}

static void *labour(void *user)
{
    struct run *run = user;
    struct dp_slice *slice;
    uint64_t order;

    while ((slice = take_slice(run, &order))) {
        if (!run->team->work(run->team->user, order, slice))
            call_off(run);
        dp_slice_free(slice);
    }
    return NULL;
}

/* One worker for each slice as far as threads allow; the threads left over go to the readers. */
static void look_ahead(struct run *run)
{
    struct dp_team *team = run->team;
    struct dp_slice *slice;

    while (run->ahead_count < team->threads && (slice = read_slice(run)))
        run->ahead[run->ahead_count++] = slice;
    team->workers = run->ahead_count ? (unsigned)run->ahead_count : 1;
    team->reader_threads = team->threads / team->workers;
}

int dp_team_run(struct dp_team *team, struct dp_error *err)
{
    struct run run = {.team = team};
    pthread_t *ids;
    unsigned i, started = 0;

    team->taken = 0;
    run.ahead = calloc(team->threads, sizeof(struct dp_slice *));
    ids = calloc(team->threads, sizeof(*ids));
    if (!run.ahead || !ids) {
        free(run.ahead);
        free(ids);
        return dp_error_no_memory(err);
    }
    pthread_mutex_init(&run.lock, NULL);
    look_ahead(&run);
    for (i = 1; i < team->workers; i++)
        if (dp_thread_start(&ids[started], labour, &run) == 0)
            started++;
    labour(&run); /* whatever could not be started, this thread does alone */
    for (i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
    pthread_mutex_destroy(&run.lock);
    free(run.ahead);
    free(ids);
    if (run.rc < 0 && err)
        *err = run.err;
    return run.rc < 0 ? run.rc : DP_OK;
}
