/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Where the outputs of dp-mdr go must be nowhere that matters. */

#ifndef DP_TOOLS_MDR_NAMES_H
#define DP_TOOLS_MDR_NAMES_H

#include "tools/mdr_options.h"

/* Places that are not in the options as they are given; NULL: there is none. */
struct dp_mdr_names {
    const char *summary, *journal, *stats;
    bool many_ranks; /* each leaves counts of its own in STATS.N */
};

/* DP_INVALID when an output would be written over an input, an index of one, or another output,
 * those that are named JOURNAL.N and STATS.N among them. *stats_are_safe: the counts, which are
 * written even when the run fails, may be. */
int dp_mdr_names_check(const struct dp_mdr_options *options, const struct dp_mdr_names *names,
                       bool *stats_are_safe, struct dp_error *err);

#endif
