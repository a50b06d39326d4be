/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/http_pool.h"

#include "base/condition.h"
#include "connectors/curl_library.h"

#include <pthread.h>
#include <stdlib.h>

enum { WAIT_MILLISECONDS = 50 }; /* at most between two looks at the cancel callback */

/* Somebody who waits for a place, on his stack. */
struct waiter {
    struct waiter *next;
    pthread_cond_t called;
};

struct dp_http_pool {
    pthread_mutex_t mutex;
    struct waiter *waiters; /* the one that has waited longest first */
    CURLSH *share;
    pthread_mutex_t share_mutex[CURL_LOCK_DATA_LAST];
    struct dp_http_line *idle;
    unsigned idle_count;
    unsigned busy;  /* handed out, streams not counted */
    unsigned limit; /* of busy ones, and of idle ones that are kept */
};

/* Set before the first pool exists; everything below works on a pool. */
static const struct dp_curl_library *_Atomic curl;

/* ------------------------------------------------------------------------ making, ending */

static void lock_share(CURL *handle, curl_lock_data data, curl_lock_access access, void *user)
{
    struct dp_http_pool *pool = user;

    (void)handle;
    (void)access;
    pthread_mutex_lock(&pool->share_mutex[data]);
}

static void unlock_share(CURL *handle, curl_lock_data data, void *user)
{
    struct dp_http_pool *pool = user;

    (void)handle;
    pthread_mutex_unlock(&pool->share_mutex[data]);
}

static struct dp_http_pool *new_pool(unsigned limit, struct dp_error *err)
{
    const struct dp_curl_library *loaded = dp_curl_library_load(err);
    struct dp_http_pool *pool;
    int i;

    if (!loaded)
        return NULL;
    curl = loaded;
    pool = calloc(1, sizeof(*pool));
    if (!pool)
        goto fail;
    pool->limit = limit;
    pool->idle = calloc(limit, sizeof(*pool->idle));
    pool->share = curl->share_init();
    if (!pool->idle || !pool->share)
        goto fail;
    pthread_mutex_init(&pool->mutex, NULL);
    for (i = 0; i < CURL_LOCK_DATA_LAST; i++)
        pthread_mutex_init(&pool->share_mutex[i], NULL);
    curl->share_setopt(pool->share, CURLSHOPT_LOCKFUNC, lock_share);
    curl->share_setopt(pool->share, CURLSHOPT_UNLOCKFUNC, unlock_share);
    curl->share_setopt(pool->share, CURLSHOPT_USERDATA, pool);
    curl->share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl->share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return pool;

fail:
    if (pool) {
        if (pool->share)
            curl->share_cleanup(pool->share);
        free(pool->idle);
    }
    free(pool);
    dp_error_no_memory(err);
    return NULL;
}

static void close_line(struct dp_http_line line)
{
    if (line.curl)
        curl->easy_cleanup(line.curl);
    if (line.multi)
        curl->multi_cleanup(line.multi);
}

void dp_http_pool_free(struct dp_http_pool *pool)
{
    unsigned i;

    if (!pool)
        return;
    for (i = 0; i < pool->idle_count; i++)
        close_line(pool->idle[i]);
    curl->share_cleanup(pool->share);
    for (i = 0; i < CURL_LOCK_DATA_LAST; i++)
        pthread_mutex_destroy(&pool->share_mutex[i]);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->idle);
    free(pool);
}

/* Makes the pool of the context; of two threads that do so at once one wins. */
static struct dp_http_pool *need_pool(struct dp_context *context, struct dp_error *err)
{
    struct dp_http_pool *pool = atomic_load(&context->http), *expected = NULL;

    if (pool)
        return pool;
    pool = new_pool(context->options.connections, err);
    if (pool && !atomic_compare_exchange_strong(&context->http, &expected, pool)) {
        dp_http_pool_free(pool);
        pool = expected;
    }
    return pool;
}

/* ----------------------------------------------------------------------- taking, giving */

/* Joins the end of the row. Call with the mutex. */
static void queue_up(struct dp_http_pool *pool, struct waiter *waiter)
{
    struct waiter **end = &pool->waiters;

    while (*end)
        end = &(*end)->next;
    waiter->next = NULL;
    dp_condition_init(&waiter->called);
    *end = waiter;
}

/* Tells whoever has waited longest that there is a place. Call with the mutex. */
static void call_first(struct dp_http_pool *pool)
{
    if (pool->waiters && pool->busy < pool->limit)
        pthread_cond_signal(&pool->waiters->called);
}

/* Leaves the row, served or not. Call with the mutex. */
static void leave(struct dp_http_pool *pool, struct waiter *waiter)
{
    struct waiter **at = &pool->waiters;

    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    pthread_cond_destroy(&waiter->called);
}

/* Waits for a place in the limit: those who make one request after the other would else never let
 * in somebody who came later. Call with the mutex; it looks for a wish to stop meanwhile. */
static int wait_for_place(struct dp_context *context, const struct dp_http_request *request,
                          struct dp_http_pool *pool, struct dp_error *err)
{
    struct waiter self;
    int rc = DP_OK;

    if (!pool->waiters && pool->busy < pool->limit)
        return DP_OK;
    queue_up(pool, &self);
    while (!rc && (pool->waiters != &self || pool->busy >= pool->limit)) {
        dp_condition_wait(&self.called, &pool->mutex, WAIT_MILLISECONDS);
        pthread_mutex_unlock(&pool->mutex);
        rc = dp_http_check(context, request, err);
        pthread_mutex_lock(&pool->mutex);
    }
    leave(pool, &self);
    return rc;
}

/* A stream waits for its reader, what must happen does not wait for what may, and a request within
 * another one not for that. */
static bool takes_place(const struct dp_http_request *request)
{
    return !request->stream && !request->cleanup && !request->nested;
}

static int open_line(struct dp_http_line *line, struct dp_error *err)
{
    line->socket = -1;
    line->multi = curl->multi_init();
    line->curl = line->multi ? curl->easy_init() : NULL;
    if (line->curl)
        return DP_OK;
    close_line(*line);
    return dp_error_no_memory(err);
}

int dp_http_pool_take(struct dp_context *context, const struct dp_http_request *request,
                      struct dp_http_line *line, struct dp_error *err)
{
    struct dp_http_pool *pool = need_pool(context, err);
    bool place = takes_place(request);
    int rc = DP_OK;

    if (!pool)
        return DP_UNSUPPORTED;
    line->curl = NULL;
    pthread_mutex_lock(&pool->mutex);
    if (place)
        rc = wait_for_place(context, request, pool, err);
    if (!rc) {
        pool->busy += place;
        if (pool->idle_count)
            *line = pool->idle[--pool->idle_count];
    }
    call_first(pool); /* there may be one more place */
    pthread_mutex_unlock(&pool->mutex);
    if (rc || line->curl)
        return rc;
    rc = open_line(line, err);
    if (rc) {
        pthread_mutex_lock(&pool->mutex);
        pool->busy -= place;
        call_first(pool);
        pthread_mutex_unlock(&pool->mutex);
    }
    return rc;
}

void dp_http_pool_give(struct dp_context *context, const struct dp_http_request *request,
                       struct dp_http_line line)
{
    struct dp_http_pool *pool = atomic_load(&context->http);
    bool kept;

    curl->easy_reset(line.curl);
    pthread_mutex_lock(&pool->mutex);
    pool->busy -= takes_place(request);
    kept = pool->idle_count < pool->limit;
    if (kept)
        pool->idle[pool->idle_count++] = line;
    call_first(pool);
    pthread_mutex_unlock(&pool->mutex);
    if (!kept)
        close_line(line);
}

CURLSH *dp_http_pool_share(struct dp_context *context)
{
    return atomic_load(&context->http)->share;
}
