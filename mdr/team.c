/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/team.h"

#include "mdr/team_kind.h"

#include <stdlib.h>
#include <string.h>

/* A rank takes a share of what is left, so that it asks seldom at the beginning and nobody waits
 * long for another one's last share at the end. */
enum { SHARES_PER_RANK = 8, MOST_AT_ONCE = 16 };

unsigned dp_mdr_team_rank(const struct dp_mdr_team *team)
{
    return team->rank;
}

unsigned dp_mdr_team_size(const struct dp_mdr_team *team)
{
    return team->size;
}

unsigned dp_mdr_team_node_rank(const struct dp_mdr_team *team)
{
    return team->node_rank;
}

unsigned dp_mdr_team_node_size(const struct dp_mdr_team *team)
{
    return team->node_size;
}

int dp_mdr_team_agree(struct dp_mdr_team *team, int code, struct dp_error *err)
{
    return team->ops->agree(team, code, err);
}

int dp_mdr_team_memory(struct dp_mdr_team *team, size_t bytes, void **memory, struct dp_error *err)
{
    return team->ops->memory(team, bytes, memory, err);
}

void dp_mdr_team_node_wait(struct dp_mdr_team *team)
{
    team->ops->node_wait(team);
}

void dp_mdr_team_node_gather(struct dp_mdr_team *team, uint64_t value, uint64_t *values)
{
    team->ops->node_gather(team, value, values);
}

void dp_mdr_team_deal(struct dp_mdr_team *team, uint64_t count)
{
    team->count = count;
    team->begin = team->end = 0;
    team->ops->reset(team);
}

/* How many numbers to take, when `seen` of them are known to be gone. */
static uint64_t share(const struct dp_mdr_team *team, uint64_t seen)
{
    uint64_t part = seen < team->count ? (team->count - seen) / team->size / SHARES_PER_RANK : 0;

    if (part > MOST_AT_ONCE)
        part = MOST_AT_ONCE;
    return part ? part : 1;
}

uint64_t dp_mdr_team_next(struct dp_mdr_team *team)
{
    uint64_t number, taken;

    pthread_mutex_lock(&team->lock);
    team->ops->poke(team);
    /* Once the numbers are used up, nobody need ask the others any more. */
    if (team->begin == team->end && team->end < team->count) {
        taken = share(team, team->end);
        team->begin = team->ops->take(team, taken);
        team->end = team->begin + taken;
    }
    number = team->begin;
    if (team->begin < team->end)
        team->begin++;
    pthread_mutex_unlock(&team->lock);
    return number < team->count ? number : team->count;
}

void dp_mdr_team_stop(struct dp_mdr_team *team)
{
    pthread_mutex_lock(&team->lock);
    if (team->end < team->count)
        team->ops->take(team, team->count);
    team->begin = team->end = team->count;
    pthread_mutex_unlock(&team->lock);
}

void dp_mdr_team_broadcast(struct dp_mdr_team *team, void *bytes, size_t length)
{
    team->ops->broadcast(team, bytes, length);
}

int dp_mdr_team_gather(struct dp_mdr_team *team, const void *bytes, size_t length,
                       struct dp_mdr_team_part **parts, struct dp_error *err)
{
    return team->ops->gather(team, bytes, length, parts, err);
}

void dp_mdr_team_parts_free(struct dp_mdr_team *team, struct dp_mdr_team_part *parts)
{
    unsigned rank;

    if (!parts)
        return;
    for (rank = 0; rank < team->size; rank++)
        free(parts[rank].bytes);
    free(parts);
}

void dp_mdr_team_free(struct dp_mdr_team *team)
{
    if (!team)
        return;
    pthread_mutex_destroy(&team->lock);
    team->ops->free(team);
}
