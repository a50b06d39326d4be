/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/pipe.h"

#include "base/array.h"
#include "base/error.h"

#include <pthread.h>
#include <stdlib.h>

struct dp_pipe_order {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t turn;    /* whose bytes go out now */
    uint64_t stop_at; /* the first one that failed: nothing from there on goes out */
    size_t limit_bytes;
    dp_write_fn write; /* called by the one whose turn it is, without the lock */
    void *user;
};

struct step {
    struct dp_pipe pipe;
    struct dp_pipe_order *order;
    uint64_t turn;
    struct dp_array kept; /* bytes that wait for their turn */
    bool finished;
};

static struct step *step_of(struct dp_pipe *pipe)
{
    return (struct step *)pipe;
}

/* Is it our turn? With `wait` only the answer yes or a failure comes back. */
static int look(struct step *step, bool wait, bool *ours, struct dp_error *err)
{
    struct dp_pipe_order *order = step->order;
    bool stopped;

    pthread_mutex_lock(&order->lock);
    while (wait && order->turn != step->turn && order->stop_at > step->turn)
        pthread_cond_wait(&order->moved, &order->lock);
    *ours = order->turn == step->turn;
    stopped = order->stop_at <= step->turn;
    pthread_mutex_unlock(&order->lock);
    if (stopped)
        return dp_error_set(err, DP_CANCELLED, "an earlier slice failed");
    return DP_OK;
}

/* Writes what was kept; it is our turn. */
static int flush(struct step *step, struct dp_error *err)
{
    int rc = DP_OK;

    if (step->kept.length)
        rc = step->order->write(step->order->user, step->kept.data, step->kept.length, err);
    dp_array_free(&step->kept);
    return rc;
}

static int write_step(struct dp_pipe *pipe, const void *bytes, size_t length, struct dp_error *err)
{
    struct step *step = step_of(pipe);
    bool ours, full = length > step->order->limit_bytes - step->kept.length;
    int rc = look(step, full, &ours, err);

    if (rc == DP_OK && ours)
        rc = flush(step, err);
    if (rc < 0)
        return rc;
    if (ours)
        return step->order->write(step->order->user, bytes, length, err);
    if (!dp_array_append(&step->kept, bytes, length, 1))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int finish_step(struct dp_pipe *pipe, struct dp_error *err)
{
    struct step *step = step_of(pipe);
    struct dp_pipe_order *order = step->order;
    bool ours;
    int rc = look(step, true, &ours, err);

    if (rc == DP_OK)
        rc = flush(step, err);
    if (rc < 0)
        return rc;
    step->finished = true;
    pthread_mutex_lock(&order->lock);
    order->turn++;
    pthread_cond_broadcast(&order->moved);
    pthread_mutex_unlock(&order->lock);
    return DP_OK;
}

static void close_step(struct dp_pipe *pipe)
{
    struct step *step = step_of(pipe);
    struct dp_pipe_order *order = step->order;

    if (!step->finished) {
        pthread_mutex_lock(&order->lock);
        if (step->turn < order->stop_at)
            order->stop_at = step->turn;
        pthread_cond_broadcast(&order->moved);
        pthread_mutex_unlock(&order->lock);
    }
    dp_array_free(&step->kept);
    free(step);
}

int dp_pipe_order_open(struct dp_pipe_order *order, uint64_t turn, struct dp_pipe **pipe,
                       struct dp_error *err)
{
    struct step *step = calloc(1, sizeof(*step));

    if (!step)
        return dp_error_no_memory(err);
    step->pipe = (struct dp_pipe){write_step, finish_step, close_step};
    step->order = order;
    step->turn = turn;
    *pipe = &step->pipe;
    return DP_OK;
}

int dp_pipe_order_new(dp_write_fn write, void *user, size_t limit_bytes,
                      struct dp_pipe_order **order, struct dp_error *err)
{
    struct dp_pipe_order *made = calloc(1, sizeof(*made));

    if (!made)
        return dp_error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->moved, NULL);
    made->stop_at = UINT64_MAX;
    made->limit_bytes = limit_bytes;
    made->write = write;
    made->user = user;
    *order = made;
    return DP_OK;
}

void dp_pipe_order_free(struct dp_pipe_order *order)
{
    if (!order)
        return;
    pthread_cond_destroy(&order->moved);
    pthread_mutex_destroy(&order->lock);
    free(order);
}
