/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The processes (ranks) that search together, behind one table of functions: dp-mdr is a team of
 * one, dp-mdr-mpi one of as many as mpirun starts. A program for a team works for either.
 *
 * All ranks run the same program with the same arguments. "Collective" functions must be called by
 * all ranks in the same order, from the main thread. A rank that fails goes on to the next
 * dp_mdr_team_agree with its error, and there all of them learn of it; so put one behind whatever
 * can fail in one rank alone (reading, writing, memory), and do not enter another collective
 * function with a failure in the hand. */

#ifndef DP_MDR_TEAM_H
#define DP_MDR_TEAM_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct dp_mdr_team;

/* Bytes that a rank sent. */
struct dp_mdr_team_part {
    void *bytes;
    size_t length;
};

/* A team of this process alone. */
int dp_mdr_team_alone(struct dp_mdr_team **team, struct dp_error *err);

/* Rank 0 speaks for all: it writes the outputs and the messages. */
unsigned dp_mdr_team_rank(const struct dp_mdr_team *team);
unsigned dp_mdr_team_size(const struct dp_mdr_team *team);
/* Of the ranks on this machine: which one this is, and how many there are. Rank numbers of one node
 * are ascending in both. */
unsigned dp_mdr_team_node_rank(const struct dp_mdr_team *team);
unsigned dp_mdr_team_node_size(const struct dp_mdr_team *team);

/* Collective. Every rank says how it went: `code` is 0 or a negative enum dp_result, with `err`
 * filled. 0 when all went well; else the code of the lowest rank that failed, and `err` is that
 * rank's in every rank. DP_CANCELLED gives way to any other failure. */
int dp_mdr_team_agree(struct dp_mdr_team *team, int code, struct dp_error *err);

/* Collective. `bytes` of memory, the same for all ranks of a node (all give the same number),
 * zeroed, aligned to 64; it lives as long as the team. */
int dp_mdr_team_memory(struct dp_mdr_team *team, size_t bytes, void **memory, struct dp_error *err);
/* Collective on a node: until all its ranks are here; what one has written to the node's memory is
 * then seen by all. */
void dp_mdr_team_node_wait(struct dp_mdr_team *team);
/* Collective on a node: values[r] is what rank r of the node gave. */
void dp_mdr_team_node_gather(struct dp_mdr_team *team, uint64_t value, uint64_t *values);

/* Collective. Begins to hand out the numbers 0 to count - 1. */
void dp_mdr_team_deal(struct dp_mdr_team *team, uint64_t count);
/* The next number, to one thread of one rank only; `count` or more when there is none left. From
 * any thread. */
uint64_t dp_mdr_team_next(struct dp_mdr_team *team);
/* No more numbers for anybody until the next deal: somebody failed, or is to end. From any thread,
 * but not from a signal handler. */
void dp_mdr_team_stop(struct dp_mdr_team *team);

/* Collective. The `length` bytes of rank 0 become those of all. */
void dp_mdr_team_broadcast(struct dp_mdr_team *team, void *bytes, size_t length);
/* Collective, and ends with an agreement: every rank gives bytes, rank 0 gets those of all, one
 * part a rank, to be freed with dp_mdr_team_parts_free. Other ranks get NULL. */
int dp_mdr_team_gather(struct dp_mdr_team *team, const void *bytes, size_t length,
                       struct dp_mdr_team_part **parts, struct dp_error *err);
void dp_mdr_team_parts_free(struct dp_mdr_team *team, struct dp_mdr_team_part *parts);

/* Collective. Frees its memory, too. */
void dp_mdr_team_free(struct dp_mdr_team *team);

#endif
