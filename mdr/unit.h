/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* One unit of work: all combinations inside a box of variants, searched by one thread. */

#ifndef DP_MDR_UNIT_H
#define DP_MDR_UNIT_H

#include "mdr/best.h"

#include <stdbool.h>

struct dp_mdr_kernel; /* mdr/kernel.h */

/* Combinations i < j (< k) with begin[n] <= the n-th of them < end[n]. Boxes may meet the diagonal.
 */
struct dp_mdr_box {
    unsigned order;
    uint32_t begin[DP_MDR_MAX_ORDER], end[DP_MDR_MAX_ORDER];
};

/* How many combinations a box has. */
uint64_t dp_mdr_box_count(const struct dp_mdr_box *box);

struct dp_mdr_unit_options {
    const struct dp_mdr_kernel *kernel;
    bool consistency; /* find the best of each fold, for CVC */
    bool prune;       /* skip what provably cannot enter; only has an effect without consistency */
    /* Every combination that reaches it is handed out. */
    struct dp_mdr_threshold threshold;
    int (*hit)(void *user, const struct dp_mdr_hit *hit, struct dp_error *err);
    void *user;
};

/* What came out of units so far. `best` may be the list of many units of a thread. */
struct dp_mdr_harvest {
    struct dp_mdr_best *best;
    struct dp_mdr_hit fold_best[DP_MDR_MAX_FOLDS]; /* score: training balanced accuracy */
    uint64_t combination_count;
};

/* Before the first unit: no best of any fold (score -INFINITY), nothing counted. `best` is left
 * alone. */
void dp_mdr_harvest_clear(struct dp_mdr_harvest *harvest);
/* Of different units: no combination is in both. */
void dp_mdr_harvest_merge(struct dp_mdr_harvest *harvest, const struct dp_mdr_harvest *other);

/* Rooms of one thread, for any box of these planes. */
struct dp_mdr_searcher;
int dp_mdr_searcher_new(const struct dp_mdr_planes *planes,
                        const struct dp_mdr_unit_options *options,
                        struct dp_mdr_searcher **searcher, struct dp_error *err);
/* Adds what the box holds to `harvest`, whose `best` is not NULL. Fails only when `hit` does; then
 * the harvest is of no use. */
int dp_mdr_searcher_run(struct dp_mdr_searcher *searcher, const struct dp_mdr_box *box,
                        struct dp_mdr_harvest *harvest, struct dp_error *err);
void dp_mdr_searcher_free(struct dp_mdr_searcher *searcher);

#endif
