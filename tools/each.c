/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/each.h"

#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>

struct queue {
    pthread_mutex_t lock; /* for `next` and `over` */
    size_t count;
    size_t next;
    bool over;
    bool (*work)(void *user, size_t i);
    void *user;
};

static bool take(struct queue *queue, size_t *i)
{
    bool taken;

    pthread_mutex_lock(&queue->lock);
    taken = !queue->over && queue->next < queue->count;
    if (taken)
        *i = queue->next++;
    pthread_mutex_unlock(&queue->lock);
    return taken;
}

static void *labour(void *user)
{
    struct queue *queue = user;
    size_t i;

    while (take(queue, &i)) {
        if (queue->work(queue->user, i))
            continue;
        pthread_mutex_lock(&queue->lock);
        queue->over = true;
        pthread_mutex_unlock(&queue->lock);
    }
    return NULL;
}

size_t dp_each_run(size_t count, unsigned workers, bool (*work)(void *user, size_t i), void *user)
{
    struct queue queue = {.count = count, .work = work, .user = user};
    unsigned wanted = workers > count ? (unsigned)count : workers, started = 0, i;
    pthread_t *ids = calloc(wanted ? wanted : 1, sizeof(*ids));

    pthread_mutex_init(&queue.lock, NULL);
    for (i = 1; ids && i < wanted; i++)
        if (dp_thread_start(&ids[started], labour, &queue) == 0)
            started++;
    labour(&queue); /* whatever could not be started, this thread does alone */
    for (i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
    free(ids);
    pthread_mutex_destroy(&queue.lock);
    return queue.next;
}
