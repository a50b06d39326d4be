/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a kind of team has to bring along; for mdr/team.c and the kinds only. */

#ifndef DP_MDR_TEAM_KIND_H
#define DP_MDR_TEAM_KIND_H

#include "mdr/team.h"

#include <pthread.h>

/* Each is what the function of that name in mdr/team.h says, but for those with a comment. */
struct dp_mdr_team_ops {
    int (*agree)(struct dp_mdr_team *team, int code, struct dp_error *err);
    int (*memory)(struct dp_mdr_team *team, size_t bytes, void **memory, struct dp_error *err);
    void (*node_wait)(struct dp_mdr_team *team);
    void (*node_gather)(struct dp_mdr_team *team, uint64_t value, uint64_t *values);
    /* Sets the counter that all ranks share to 0; collective. */
    void (*reset)(struct dp_mdr_team *team);
    /* Adds `count` to it and returns what it was. One thread of a rank at a time. */
    uint64_t (*take)(struct dp_mdr_team *team, uint64_t count);
    /* Lets others get at the counter; called with each number, under the lock of `take`. */
    void (*poke)(struct dp_mdr_team *team);
    void (*broadcast)(struct dp_mdr_team *team, void *bytes, size_t length);
    int (*gather)(struct dp_mdr_team *team, const void *bytes, size_t length,
                  struct dp_mdr_team_part **parts, struct dp_error *err);
    /* Frees the whole struct. */
    void (*free)(struct dp_mdr_team *team);
};

/* The beginning of each kind's own struct. */
struct dp_mdr_team {
    const struct dp_mdr_team_ops *ops;
    unsigned rank, size, node_rank, node_size;
    pthread_mutex_t lock; /* of what follows, and of `take` */
    uint64_t count;       /* numbers that are handed out */
    uint64_t begin, end;  /* taken by this rank, not yet given to a thread */
};

#endif
