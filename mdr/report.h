/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The table of results: a line for each hit, tab-separated, as dp-mdr(1) describes its columns. */

#ifndef DP_MDR_REPORT_H
#define DP_MDR_REPORT_H

#include "base/error.h"
#include "mdr/permute.h"
#include "mdr/study.h"

struct dp_mdr_report {
    const struct dp_mdr_study *study;
    unsigned order;
    const struct dp_mdr_hit *fold_best; /* the best of each fold; NULL: CVC was not asked for */
    /* As dp_mdr_permute_run() gives them; NULL: none. */
    const struct dp_mdr_permutation *permutations;
    uint64_t permutation_count, seed;
    unsigned threads;
    int (*cancel)(void *user); /* non-zero: stop; may be NULL */
    void *user;
};

/* Writes the header and a line for each hit that `next` gives (1: a hit, 0: the end, < 0: enum
 * dp_result), in that order. *rows (may be NULL) is how many there were. */
int dp_mdr_report_write(const struct dp_mdr_report *report,
                        int (*next)(void *user, struct dp_mdr_hit *hit, struct dp_error *err),
                        void *next_user, dp_write_fn write, void *write_user, uint64_t *rows,
                        struct dp_error *err);

#endif
