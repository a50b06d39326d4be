/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/destination.h"

#include "base/error.h"
#include "tools/each.h"
#include "tools/local.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN 1 /* no dp_result */

struct dp_destination {
    struct dp_context *context;
    char *place;
    struct dp_sink *sink; /* far away: opened by the trial and kept for the index */
    pthread_t thread;
    bool running;
    atomic_int verdict;    /* UNKNOWN, then a dp_result */
    struct dp_error why[2]; /* of each question of the trial; the first failure counts */
};

/* Two questions that do not depend on each other: is something else there, and may we write? */
static bool ask(void *user, size_t question)
{
    struct dp_destination *destination = user;
    struct dp_error *why = &destination->why[question];

    if (question == 0)
        dp_local_check_place(destination->context, destination->place, why);
    else
        dp_sink_open(destination->context, destination->place, &destination->sink, why);
    return true;
}

static void *try_place(void *user)
{
    struct dp_destination *destination = user;

    dp_each_run(2, 2, ask, destination);
    atomic_store(&destination->verdict, destination->why[0].code ? destination->why[0].code
                                                                 : destination->why[1].code);
    return NULL;
}

int dp_destination_open(struct dp_context *context, const char *place,
                        struct dp_destination **destination, struct dp_error *err)
{
    struct dp_destination *made = calloc(1, sizeof(*made));
    int rc = DP_OK;

    if (made)
        made->place = strdup(place);
    if (!made || !made->place) {
        free(made);
        return dp_error_no_memory(err);
    }
    made->context = context;
    atomic_init(&made->verdict, UNKNOWN);
    if (!dp_local_is_uri(place)) {
        rc = dp_local_try_index_place(context, place, err);
        atomic_store(&made->verdict, rc);
    } else if (pthread_create(&made->thread, NULL, try_place, made) == 0) {
        made->running = true;
    } else {
        try_place(made);
        rc = dp_destination_check(made, err);
    }
    if (rc < 0)
        dp_destination_free(made);
    else
        *destination = made;
    return rc;
}

int dp_destination_check(void *user, struct dp_error *err)
{
    const struct dp_destination *destination = user;
    int verdict = atomic_load(&destination->verdict);

    if (verdict >= 0)
        return DP_OK;
    if (err)
        *err = destination->why[destination->why[0].code ? 0 : 1];
    return verdict;
}

static void join(struct dp_destination *destination)
{
    if (destination->running)
        pthread_join(destination->thread, NULL);
    destination->running = false;
}

int dp_destination_wait(struct dp_destination *destination, struct dp_error *err)
{
    join(destination);
    return dp_destination_check(destination, err);
}

int dp_destination_save(struct dp_destination *destination, struct dp_index *index,
                        struct dp_error *err)
{
    return destination->sink ? dp_index_write(index, destination->sink, err)
                             : dp_index_save(index, destination->place, err);
}

void dp_destination_free(struct dp_destination *destination)
{
    if (!destination)
        return;
    join(destination);
    dp_sink_free(destination->sink);
    free(destination->place);
    free(destination);
}
