/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A team of one: nothing to agree on, nobody to wait for. */

#include "mdr/team.h"

#include "base/array.h"
#include "mdr/team_kind.h"

#include <stdlib.h>
#include <string.h>

struct alone {
    struct dp_mdr_team team;
    struct dp_array memories; /* of void * */
    uint64_t counter;
};

static int agree(struct dp_mdr_team *team, int code, struct dp_error *err)
{
    (void)team;
    (void)err;
    return code;
}

static int memory(struct dp_mdr_team *team, size_t bytes, void **given, struct dp_error *err)
{
    struct alone *alone = (struct alone *)team;
    void *room;

    if (bytes > SIZE_MAX - 64 || !dp_array_reserve(&alone->memories, 1, sizeof(room)))
        return dp_error_no_memory(err);
    room = aligned_alloc(64, (bytes + 63) / 64 * 64 + (bytes == 0) * 64);
    if (!room)
        return dp_error_no_memory(err);
    memset(room, 0, bytes);
    dp_array_append(&alone->memories, &room, 1, sizeof(room));
    *given = room;
    return DP_OK;
}

static void node_wait(struct dp_mdr_team *team)
{
    (void)team;
}

static void node_gather(struct dp_mdr_team *team, uint64_t value, uint64_t *values)
{
    (void)team;
    values[0] = value;
}

static void reset(struct dp_mdr_team *team)
{
    ((struct alone *)team)->counter = 0;
}

static uint64_t take(struct dp_mdr_team *team, uint64_t count)
{
    struct alone *alone = (struct alone *)team;
    uint64_t was = alone->counter;

    alone->counter += count;
    return was;
}

static void poke(struct dp_mdr_team *team)
{
    (void)team;
}

static void broadcast(struct dp_mdr_team *team, void *bytes, size_t length)
{
    (void)team;
    (void)bytes;
    (void)length;
}

static int gather(struct dp_mdr_team *team, const void *bytes, size_t length,
                  struct dp_mdr_team_part **parts, struct dp_error *err)
{
    struct dp_mdr_team_part *part = calloc(1, sizeof(*part));

    (void)team;
    if (part)
        part->bytes = malloc(length + 1);
    if (!part || !part->bytes) {
        free(part);
        return dp_error_no_memory(err);
    }
    if (length)
        memcpy(part->bytes, bytes, length);
    part->length = length;
    *parts = part;
    return DP_OK;
}

static void free_alone(struct dp_mdr_team *team)
{
    struct alone *alone = (struct alone *)team;
    void **rooms = alone->memories.data;
    size_t i;

    for (i = 0; i < alone->memories.length; i++)
        free(rooms[i]);
    dp_array_free(&alone->memories);
    free(alone);
}

static const struct dp_mdr_team_ops ops = {
    agree, memory, node_wait, node_gather, reset, take, poke, broadcast, gather, free_alone,
};

int dp_mdr_team_alone(struct dp_mdr_team **team, struct dp_error *err)
{
    struct alone *alone = calloc(1, sizeof(*alone));

    if (!alone)
        return dp_error_no_memory(err);
    alone->team.ops = &ops;
    alone->team.size = alone->team.node_size = 1;
    pthread_mutex_init(&alone->team.lock, NULL);
    *team = &alone->team;
    return DP_OK;
}
