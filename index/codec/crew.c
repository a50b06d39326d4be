/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/codec/crew.h"

#include "base/checked.h"
#include "base/pages.h"
#include "base/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum slot_state { FILLING, FILLED, WORKING, READY };

struct slot {
    enum slot_state state;
    struct dp_batch batch;
};

struct member {
    struct dp_crew *crew;
    struct dp_worker worker;
    pthread_t thread;
};

/* Batches are numbered in order; batch n stands in the slot order[n % slot_count]. The next one
 * takes the slot that became free last: its memory is at hand, and that of slots which are never
 * needed is never touched. Under the mutex: reading <= filling <= reading + slot_count. */
struct dp_crew {
    struct dp_pass *pass;
    struct slot *slots;
    unsigned slot_count;
    struct slot **order;
    struct slot **spare; /* of no batch */
    unsigned spare_count;
    uint8_t *rooms;   /* of all batches and workers; NULL when the pass needs none */
    uint64_t reading; /* the batch that the caller holds or wants next */
    bool holding;     /* it holds it */
    uint64_t filling; /* the next batch to fill, or the one being filled */
    bool busy;        /* somebody fills */
    struct slot *last; /* the one filled last */
    bool filled_all;  /* the last batch was filled */
    bool stop;
    struct member *members; /* the first is the caller */
    unsigned member_count;
    unsigned started; /* threads running */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

/* Where that of a batch stands, from reading to filling. */
static struct slot **place_of(struct dp_crew *crew, uint64_t number)
{
    return &crew->order[number % crew->slot_count];
}

static struct slot *slot_of(struct dp_crew *crew, uint64_t number)
{
    return *place_of(crew, number);
}

/* Fills the next batch, if that is what there is to do. Called and left with the mutex held. */
static bool try_fill(struct dp_crew *crew)
{
    const struct dp_pass_ops *ops = crew->pass->ops;
    struct slot *slot;

    if (crew->busy || crew->filled_all || crew->spare_count == 0)
        return false;
    crew->busy = true;
    slot = crew->spare[--crew->spare_count];
    slot->state = FILLING;
    *place_of(crew, crew->filling) = slot;
    pthread_mutex_unlock(&crew->mutex);
    /* Where the last batch was given back already, it is this very slot that held it. */
    dp_batch_clear(&slot->batch, crew->pass->flow.offset,
                   ops->needs_history && crew->last ? &crew->last->batch : NULL);
    ops->fill(crew->pass, &slot->batch);
    pthread_mutex_lock(&crew->mutex);
    crew->filled_all |= slot->batch.state != DP_BATCH_MORE;
    crew->filling++;
    crew->last = slot;
    crew->busy = false;
    slot->state = FILLED;
    pthread_cond_broadcast(&crew->changed);
    return true;
}

/* Works on the oldest filled batch. Called and left with the mutex held. */
static bool try_work(struct dp_crew *crew, struct dp_worker *worker)
{
    for (uint64_t number = crew->reading; number < crew->filling; number++) {
        struct slot *slot = slot_of(crew, number);

        if (slot->state != FILLED)
            continue;
        slot->state = WORKING;
        pthread_mutex_unlock(&crew->mutex);
        crew->pass->ops->work(crew->pass, worker, &slot->batch);
        pthread_mutex_lock(&crew->mutex);
        slot->state = READY;
        /* Nothing behind a batch that ends the stream is wanted. */
        if (slot->batch.state != DP_BATCH_MORE)
            crew->filled_all = true;
        pthread_cond_broadcast(&crew->changed);
        return true;
    }
    return false;
}

/* Nothing is left to be taken, and nothing will be. */
static bool is_over(struct dp_crew *crew)
{
    bool over = crew->filled_all && !crew->busy;

    for (uint64_t number = crew->reading; over && number < crew->filling; number++)
        over = slot_of(crew, number)->state != FILLED;
    return over;
}

/* It goes by itself when all is taken: to be woken for that, and waited for, takes longer. */
static void *serve(void *user)
{
    struct member *member = user;
    struct dp_crew *crew = member->crew;

    pthread_mutex_lock(&crew->mutex);
    while (!crew->stop && !is_over(crew))
        if (!try_fill(crew) && !try_work(crew, &member->worker))
            pthread_cond_wait(&crew->changed, &crew->mutex);
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

/* Whether the batch that the caller wants is there. */
static bool is_ready(struct dp_crew *crew)
{
    return crew->reading < crew->filling && slot_of(crew, crew->reading)->state == READY;
}

struct dp_batch *dp_crew_next(struct dp_crew *crew)
{
    struct dp_worker *worker = &crew->members[0].worker;
    struct slot *slot;

    pthread_mutex_lock(&crew->mutex);
    if (crew->holding) {
        crew->spare[crew->spare_count++] = slot_of(crew, crew->reading++);
        pthread_cond_broadcast(&crew->changed);
    }
    crew->holding = true;
    while (!is_ready(crew))
        if (!try_work(crew, worker) && !try_fill(crew))
            pthread_cond_wait(&crew->changed, &crew->mutex);
    slot = slot_of(crew, crew->reading);
    pthread_mutex_unlock(&crew->mutex);
    return &slot->batch;
}

/* Signals go to the program's own threads. Fewer threads than asked for will do. */
static void start_threads(struct dp_crew *crew)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (crew->started + 1 < crew->member_count) {
        struct member *member = &crew->members[crew->started + 1];

        if (dp_thread_start(&member->thread, serve, member))
            break;
        crew->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void end_threads(struct dp_crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    crew->stop = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->mutex);
    while (crew->started)
        pthread_join(crew->members[crew->started--].thread, NULL);
}

/* One piece of memory for the rooms of all batches and what the workers have at hand. */
static bool make_rooms(struct dp_crew *crew)
{
    size_t room_bytes = crew->pass->room_bytes ? DP_WINDOW_BYTES + crew->pass->room_bytes : 0;
    size_t packed_bytes = crew->pass->packed_bytes;
    uint64_t rooms, packed, total;

    if (!dp_checked_mul(room_bytes, crew->slot_count, &rooms) ||
        !dp_checked_mul(packed_bytes, crew->member_count, &packed) ||
        !dp_checked_add(rooms, packed, &total) || (size_t)total != total)
        return false;
    if (total) {
        crew->rooms = dp_pages_alloc((size_t)total);
        if (!crew->rooms)
            return false;
    }
    for (unsigned i = 0; i < crew->slot_count; i++)
        dp_batch_init(&crew->slots[i].batch, room_bytes ? crew->rooms + i * room_bytes : NULL);
    for (unsigned i = 0; i < crew->member_count && packed_bytes; i++)
        crew->members[i].worker.packed = crew->rooms + rooms + i * packed_bytes;
    return true;
}

int dp_crew_open(struct dp_pass *pass, unsigned threads, const char *backend,
                 struct dp_crew **crew, struct dp_error *err)
{
    struct dp_crew *self = calloc(1, sizeof(*self));
    bool ok;

    if (!self)
        return dp_error_no_memory(err);
    if (threads < 1 || pass->room_bytes == 0)
        threads = 1;
    self->pass = pass;
    self->member_count = threads;
    self->slot_count = threads == 1 ? 1 : threads + 2;
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->changed, NULL);
    self->members = calloc(threads, sizeof(*self->members));
    self->slots = calloc(self->slot_count, sizeof(*self->slots));
    self->order = calloc(self->slot_count, sizeof(struct slot *));
    self->spare = calloc(self->slot_count, sizeof(struct slot *));
    ok = self->members && self->slots && self->order && self->spare && make_rooms(self);
    /* The first slot is the first to be taken. */
    while (ok && self->spare_count < self->slot_count) {
        self->spare[self->spare_count] = &self->slots[self->slot_count - 1 - self->spare_count];
        self->spare_count++;
    }
    for (unsigned i = 0; ok && i < threads; i++) {
        self->members[i].crew = self;
        self->members[i].worker.backend = backend;
    }
    if (!ok) {
        dp_crew_free(self);
        return dp_error_no_memory(err);
    }
    start_threads(self);
    *crew = self;
    return DP_OK;
}

void dp_crew_free(struct dp_crew *crew)
{
    if (!crew)
        return;
    end_threads(crew);
    for (unsigned i = 0; crew->slots && i < crew->slot_count; i++)
        dp_batch_free(&crew->slots[i].batch);
    for (unsigned i = 0; crew->members && i < crew->member_count; i++)
        dp_worker_free(&crew->members[i].worker);
    free(crew->rooms);
    free(crew->slots);
    free(crew->order);
    free(crew->spare);
    free(crew->members);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->mutex);
    free(crew);
}

bool dp_crew_rest(struct dp_crew *crew, struct dp_array *bytes)
{
    const struct dp_array *rest = crew->pass->ops->rest(crew->pass);
    bool ok = true;

    end_threads(crew);
    for (uint64_t number = crew->reading; ok && number < crew->filling; number++) {
        const struct dp_batch *batch = &slot_of(crew, number)->batch;
        size_t from = number == crew->reading ? batch->retry : 0;

        ok = dp_array_append(bytes, (const uint8_t *)batch->packed.data + from,
                             batch->packed.length - from, 1);
    }
    return ok && dp_array_append(bytes, rest->data, rest->length, 1);
}
