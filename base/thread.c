/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "base/thread.h"

#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#ifdef HAVE_PTHREAD_ATTR_SETAFFINITY_NP

struct placed {
    void *(*run)(void *);
    void *user;
    cpu_set_t allowed; /* the processors of its maker */
};

static void *run_placed(void *given)
{
    struct placed placed = *(struct placed *)given;

    free(given);
    /* What it may not do, it does not need: it runs where it is. */
    sched_setaffinity(0, sizeof(placed.allowed), &placed.allowed);
    return placed.run(placed.user);
}

/* Where the calling thread may run, but not where it runs now. */
static bool find_others(cpu_set_t *allowed, cpu_set_t *others)
{
    int here = sched_getcpu();

    if (here < 0 || here >= CPU_SETSIZE || sched_getaffinity(0, sizeof(*allowed), allowed))
        return false;
    *others = *allowed;
    CPU_CLR(here, others);
    return CPU_COUNT(others) > 0;
}

static bool start_elsewhere(pthread_t *thread, void *(*run)(void *), void *user)
{
    struct placed *placed = malloc(sizeof(*placed));
    pthread_attr_t attributes;
    cpu_set_t others;
    bool done = false;

    if (!placed)
        return false;
    placed->run = run;
    placed->user = user;
    if (find_others(&placed->allowed, &others) && pthread_attr_init(&attributes) == 0) {
        done = pthread_attr_setaffinity_np(&attributes, sizeof(others), &others) == 0 &&
               pthread_create(thread, &attributes, run_placed, placed) == 0;
        pthread_attr_destroy(&attributes);
    }
    if (!done)
        free(placed);
    return done;
}

#else

static bool start_elsewhere(pthread_t *thread, void *(*run)(void *), void *user)
{
    (void)thread;
    (void)run;
    (void)user;
    return false;
}

#endif

int dp_thread_start(pthread_t *thread, void *(*run)(void *), void *user)
{
    return start_elsewhere(thread, run, user) ? 0 : pthread_create(thread, NULL, run, user);
}
