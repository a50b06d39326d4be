/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/sorter.h"

#include "base/array.h"
#include "base/scratch.h"

#include <stdlib.h>
#include <unistd.h>

#define LEAST_HITS 4096

/* A sorted part of the file. While it is read, a stretch of it lies in memory. */
struct run {
    uint64_t next, end;      /* hits of the file: not yet in memory */
    struct dp_mdr_hit *room; /* this run's part of the sorter's memory */
    size_t at, count;
};

struct dp_mdr_sorter {
    const struct dp_mdr_referee *referee;
    struct dp_mdr_hit *hits; /* being gathered; later shared out to the runs as their rooms */
    size_t capacity, count;
    int fd;               /* -1 while everything fits */
    uint64_t written;     /* hits in the file */
    struct dp_array runs; /* of struct run */
    size_t *heap;         /* numbers of the runs that are not exhausted, the best first */
    size_t heap_count;
    size_t at; /* without a file: the next hit to give */
    bool reading;
};

int dp_mdr_sorter_new(size_t memory_bytes, const struct dp_mdr_referee *referee,
                      struct dp_mdr_sorter **sorter, struct dp_error *err)
{
    struct dp_mdr_sorter *made = calloc(1, sizeof(*made));

    if (!made)
        return dp_error_no_memory(err);
    made->fd = -1;
    made->referee = referee;
    made->capacity = memory_bytes / sizeof(struct dp_mdr_hit);
    if (made->capacity < LEAST_HITS)
        made->capacity = LEAST_HITS;
    /* Pages that are not touched are not taken: few hits cost little. */
    made->hits = malloc(made->capacity * sizeof(*made->hits));
    if (!made->hits) {
        dp_mdr_sorter_free(made);
        return dp_error_no_memory(err);
    }
    *sorter = made;
    return DP_OK;
}

void dp_mdr_sorter_free(struct dp_mdr_sorter *sorter)
{
    if (!sorter)
        return;
    if (sorter->fd >= 0)
        close(sorter->fd);
    dp_array_free(&sorter->runs);
    free(sorter->heap);
    free(sorter->hits);
    free(sorter);
}

static int compare(const void *a, const void *b, void *sorter)
{
    return dp_mdr_hit_compare(((struct dp_mdr_sorter *)sorter)->referee, a, b);
}

/* Sorts what is gathered and makes it a run of the file. */
static int spill(struct dp_mdr_sorter *sorter, struct dp_error *err)
{
    struct run run = {.next = sorter->written, .end = sorter->written + sorter->count};
    int rc = sorter->fd < 0 ? dp_scratch_open(&sorter->fd, err) : DP_OK;

    if (rc < 0)
        return rc;
    qsort_r(sorter->hits, sorter->count, sizeof(*sorter->hits), compare, sorter);
    rc = dp_scratch_write(sorter->fd, DP_SCRATCH_NAME, sorter->written * sizeof(*sorter->hits),
                          sorter->hits, sorter->count * sizeof(*sorter->hits), err);
    if (rc < 0)
        return rc;
    if (!dp_array_append(&sorter->runs, &run, 1, sizeof(run)))
        return dp_error_no_memory(err);
    sorter->written += sorter->count;
    sorter->count = 0;
    return DP_OK;
}

int dp_mdr_sorter_add(struct dp_mdr_sorter *sorter, const struct dp_mdr_hit *hit,
                      struct dp_error *err)
{
    int rc = sorter->count == sorter->capacity ? spill(sorter, err) : DP_OK;

    if (rc == DP_OK)
        sorter->hits[sorter->count++] = *hit;
    return rc;
}

uint64_t dp_mdr_sorter_count(const struct dp_mdr_sorter *sorter)
{
    /* What was gathered last is a run of the file, too, once it is read from there. */
    return sorter->written + sorter->count;
}

/* Reads on in a run whose room is used up. */
static int fill(struct dp_mdr_sorter *sorter, struct run *run, size_t room, struct dp_error *err)
{
    uint64_t left = run->end - run->next;
    size_t want = (left < room ? (size_t)left : room) * sizeof(*run->room);
    int64_t got = dp_scratch_read(sorter->fd, DP_SCRATCH_NAME, run->next * sizeof(*run->room),
                                  run->room, want, err);

    if (got < 0)
        return (int)got;
    if ((size_t)got != want)
        return dp_error_set(err, DP_IO, DP_SCRATCH_NAME ": it has become shorter");
    run->at = 0;
    run->count = want / sizeof(*run->room);
    run->next += run->count;
    return DP_OK;
}

static bool is_better(const struct dp_mdr_sorter *sorter, size_t a, size_t b)
{
    const struct run *runs = sorter->runs.data;
    const struct run *x = &runs[sorter->heap[a]], *y = &runs[sorter->heap[b]];

    return dp_mdr_hit_compare(sorter->referee, &x->room[x->at], &y->room[y->at]) < 0;
}

static void sift_down(struct dp_mdr_sorter *sorter, size_t at)
{
    size_t best, moved;

    for (;;) {
        best = at;
        if (2 * at + 1 < sorter->heap_count && is_better(sorter, 2 * at + 1, best))
            best = 2 * at + 1;
        if (2 * at + 2 < sorter->heap_count && is_better(sorter, 2 * at + 2, best))
            best = 2 * at + 2;
        if (best == at)
            return;
        moved = sorter->heap[at];
        sorter->heap[at] = sorter->heap[best];
        sorter->heap[best] = moved;
        at = best;
    }
}

/* How many hits of a run lie in memory. */
static size_t room_of(const struct dp_mdr_sorter *sorter)
{
    return sorter->capacity / sorter->runs.length;
}

static int begin_merge(struct dp_mdr_sorter *sorter, struct dp_error *err)
{
    struct run *runs;
    size_t i, room;
    int rc = sorter->count ? spill(sorter, err) : DP_OK;

    if (rc < 0)
        return rc;
    runs = sorter->runs.data;
    room = room_of(sorter);
    sorter->heap = malloc(sorter->runs.length * sizeof(*sorter->heap));
    if (!sorter->heap || room == 0)
        return dp_error_no_memory(err);
    for (i = 0; rc == DP_OK && i < sorter->runs.length; i++) {
        runs[i].room = sorter->hits + i * room;
        rc = fill(sorter, &runs[i], room, err);
        sorter->heap[i] = i;
    }
    sorter->heap_count = sorter->runs.length;
    for (i = sorter->heap_count / 2; rc == DP_OK && i-- > 0;)
        sift_down(sorter, i);
    return rc;
}

static int begin_reading(struct dp_mdr_sorter *sorter, struct dp_error *err)
{
    sorter->reading = true;
    if (sorter->fd >= 0)
        return begin_merge(sorter, err);
    qsort_r(sorter->hits, sorter->count, sizeof(*sorter->hits), compare, sorter);
    return DP_OK;
}

static int next_of_runs(struct dp_mdr_sorter *sorter, struct dp_mdr_hit *hit, struct dp_error *err)
{
    struct run *run;
    int rc;

    if (sorter->heap_count == 0)
        return 0;
    run = (struct run *)sorter->runs.data + sorter->heap[0];
    *hit = run->room[run->at++];
    if (run->at == run->count) {
        rc = fill(sorter, run, room_of(sorter), err);
        if (rc < 0)
            return rc;
        if (run->count == 0)
            sorter->heap[0] = sorter->heap[--sorter->heap_count];
    }
    sift_down(sorter, 0);
    return 1;
}

int dp_mdr_sorter_next(struct dp_mdr_sorter *sorter, struct dp_mdr_hit *hit, struct dp_error *err)
{
    int rc = sorter->reading ? DP_OK : begin_reading(sorter, err);

    if (rc < 0)
        return rc;
    if (sorter->fd >= 0)
        return next_of_runs(sorter, hit, err);
    if (sorter->at == sorter->count)
        return 0;
    *hit = sorter->hits[sorter->at++];
    return 1;
}
