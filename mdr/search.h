/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The search: all units of a schedule, by the threads of all ranks of a team. */

#ifndef DP_MDR_SEARCH_H
#define DP_MDR_SEARCH_H

#include "mdr/journal.h"
#include "mdr/sorter.h"
#include "mdr/team.h"

struct dp_mdr_search_options {
    const struct dp_mdr_kernel *kernel;
    const struct dp_mdr_schedule *schedule;
    unsigned threads;                  /* of this rank; at least 1 */
    size_t top;                        /* so many of the best are kept; at least 1 */
    bool consistency;                  /* the best of each fold are looked for */
    bool prune;                        /* what cannot be among the best may be skipped */
    struct dp_mdr_threshold threshold; /* every combination that reaches it is kept. Needs a
                                        * journal, through which hits go */
    struct dp_mdr_journal *journal;    /* NULL: nothing outlives the process */
    double batch_seconds;              /* a thread adds to the journal about so often */
    /* How many units were given out so far, in all ranks. From one thread at a time. May be NULL.
     */
    void (*progress)(void *user, uint64_t done_units);
    int (*cancel)(void *user); /* non-zero: stop soon; from any thread. May be NULL */
    void *user;
};

/* Makes an empty harvest that keeps the `top` best. The referee (NULL: none) outlives it. */
int dp_mdr_search_begin(size_t top, const struct dp_mdr_referee *referee,
                        struct dp_mdr_harvest *harvest, struct dp_error *err);
void dp_mdr_search_end(struct dp_mdr_harvest *harvest);

/* Adds to `harvest` what this rank finds. Collective. DP_CANCELLED after `cancel` said so, or
 * another rank's did: what is finished is then in the journals. */
int dp_mdr_search_run(const struct dp_mdr_planes *planes,
                      const struct dp_mdr_search_options *options, struct dp_mdr_team *team,
                      struct dp_mdr_harvest *harvest, struct dp_error *err);

/* Collective. Adds the harvests of all ranks to that of rank 0. */
int dp_mdr_search_gather(struct dp_mdr_team *team, unsigned fold_count,
                         struct dp_mdr_harvest *harvest, struct dp_error *err);

/* Collective. Brings the hits that went into the journals of all ranks to rank 0's `sorter` (NULL
 * elsewhere). */
int dp_mdr_search_gather_hits(struct dp_mdr_team *team, struct dp_mdr_journal *journal,
                              struct dp_mdr_sorter *sorter, struct dp_error *err);

#endif
