/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/best.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A heap with the worst on top, or, when somebody has looked at it, a list with the best first. */
struct dp_mdr_best {
    size_t capacity, count;
    bool sorted;
    const struct dp_mdr_referee *referee;
    struct dp_mdr_hit *hits;
};

static int compare(const void *a, const void *b, void *best)
{
    return dp_mdr_hit_compare(((struct dp_mdr_best *)best)->referee, a, b);
}

int dp_mdr_best_new(size_t capacity, const struct dp_mdr_referee *referee,
                    struct dp_mdr_best **best, struct dp_error *err)
{
    struct dp_mdr_best *made = calloc(1, sizeof(*made));

    if (made && capacity <= SIZE_MAX / sizeof(struct dp_mdr_hit))
        made->hits = malloc((capacity ? capacity : 1) * sizeof(struct dp_mdr_hit));
    if (!made || !made->hits) {
        free(made);
        return dp_error_no_memory(err);
    }
    made->capacity = capacity;
    made->referee = referee;
    *best = made;
    return 0;
}

const struct dp_mdr_referee *dp_mdr_best_referee(const struct dp_mdr_best *best)
{
    return best ? best->referee : NULL;
}

static void swap(struct dp_mdr_hit *a, struct dp_mdr_hit *b)
{
    struct dp_mdr_hit kept = *a;

    *a = *b;
    *b = kept;
}

static void sift_up(const struct dp_mdr_best *best)
{
    struct dp_mdr_hit *hits = best->hits;
    size_t at = best->count - 1;

    for (; at && dp_mdr_hit_compare(best->referee, &hits[at], &hits[(at - 1) / 2]) > 0;
         at = (at - 1) / 2)
        swap(&hits[at], &hits[(at - 1) / 2]);
}

static void sift_down(const struct dp_mdr_best *best)
{
    const struct dp_mdr_referee *referee = best->referee;
    struct dp_mdr_hit *hits = best->hits;
    size_t at = 0, child;

    for (child = 1; child < best->count; at = child, child = 2 * at + 1) {
        if (child + 1 < best->count &&
            dp_mdr_hit_compare(referee, &hits[child + 1], &hits[child]) > 0)
            child++;
        if (dp_mdr_hit_compare(referee, &hits[child], &hits[at]) <= 0)
            return;
        swap(&hits[at], &hits[child]);
    }
}

/* The worst first is a heap with the worst on top. */
static void make_heap(struct dp_mdr_best *best)
{
    size_t i;

    for (i = 0; i < best->count / 2; i++)
        swap(&best->hits[i], &best->hits[best->count - 1 - i]);
    best->sorted = false;
}

void dp_mdr_best_add(struct dp_mdr_best *best, const struct dp_mdr_hit *hit)
{
    if (!best->capacity)
        return;
    if (best->sorted)
        make_heap(best);
    if (best->count < best->capacity) {
        best->hits[best->count++] = *hit;
        sift_up(best);
    } else if (dp_mdr_hit_compare(best->referee, hit, &best->hits[0]) < 0) {
        best->hits[0] = *hit;
        sift_down(best);
    }
}

void dp_mdr_best_merge(struct dp_mdr_best *best, const struct dp_mdr_best *other)
{
    size_t i;

    for (i = 0; best != other && i < other->count; i++)
        dp_mdr_best_add(best, &other->hits[i]);
}

void dp_mdr_best_clear(struct dp_mdr_best *best)
{
    best->count = 0;
    best->sorted = false;
}

size_t dp_mdr_best_count(const struct dp_mdr_best *best)
{
    return best->count;
}

double dp_mdr_best_floor(const struct dp_mdr_best *best)
{
    if (!best->capacity)
        return INFINITY;
    if (best->count < best->capacity)
        return -INFINITY;
    return best->hits[best->sorted ? best->count - 1 : 0].score;
}

const struct dp_mdr_hit *dp_mdr_best_sorted(struct dp_mdr_best *best)
{
    if (!best->sorted) {
        qsort_r(best->hits, best->count, sizeof(*best->hits), compare, best);
        best->sorted = true;
    }
    return best->hits;
}

void dp_mdr_best_free(struct dp_mdr_best *best)
{
    if (!best)
        return;
    free(best->hits);
    free(best);
}
