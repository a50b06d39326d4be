/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Permutations: the search again and again with classes shuffled among the samples, to see how good
 * the best combination gets by chance. */

#ifndef DP_MDR_PERMUTE_H
#define DP_MDR_PERMUTE_H

#include "mdr/journal.h"
#include "mdr/schedule.h"
#include "mdr/study.h"
#include "mdr/team.h"

struct dp_mdr_permutation {
    struct dp_mdr_hit best; /* of all combinations; score NAN: not known */
    uint64_t number;        /* from 1 */
};

struct dp_mdr_permute_options {
    const struct dp_mdr_kernel *kernel;
    const struct dp_mdr_schedule *schedule;
    unsigned threads;
    uint64_t count; /* permutations 1 to `count` */
    uint64_t seed;
    bool prune;
    size_t memory_bytes; /* planes of permutations may take about so much in this rank: as many are
                          * searched side by side */
    struct dp_mdr_journal *journal; /* may be NULL */
    /* How many are done, of those given out. From one thread at a time. May be NULL. */
    void (*progress)(void *user, uint64_t done);
    int (*cancel)(void *user); /* may be NULL */
    void *user;
};

/* Collective. There is room for `count` permutations: rank 0 gets all of them, by ascending rounded
 * score. The study must have kept its rows. DP_CANCELLED as dp_mdr_search_run. */
int dp_mdr_permute_run(const struct dp_mdr_study *study,
                       const struct dp_mdr_permute_options *options, struct dp_mdr_team *team,
                       struct dp_mdr_permutation *permutations, struct dp_error *err);

/* (1 + how many of the permutations have a best score that is at least this one) / (count + 1), for
 * a combination of the study and its terms. Exact: where rounded scores are equal and do not tell,
 * the permutation (of `seed`) is made and its best counted once more. */
int dp_mdr_permute_p(const struct dp_mdr_study *study, uint64_t seed,
                     const struct dp_mdr_permutation *permutations, uint64_t count, double score,
                     const struct dp_mdr_terms *terms, double *p, struct dp_error *err);

/* Gives `cohort` (a copy of the study's) the classes and folds of permutation `number` (from 1).
 * Each fold keeps its numbers of cases and controls. */
int dp_mdr_permute_cohort(const struct dp_mdr_study *study, uint64_t seed, uint64_t number,
                          struct dp_mdr_cohort *cohort, struct dp_error *err);

#endif
