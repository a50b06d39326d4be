/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Threads that take the slices of a manifest in order and work on them at the same time. */

#ifndef DP_TOOLS_TEAM_H
#define DP_TOOLS_TEAM_H

#include "tools/manifest.h"

#include <stdbool.h>

struct dp_team {
    struct dp_manifest *manifest;
    unsigned threads; /* in all */
    /* Works on one slice; `order` counts from 0. Called from several threads at once. False: the
     * rest of the manifest is not wanted any more. */
    bool (*work)(void *user, uint64_t order, const struct dp_slice *slice);
    void *user;

    /* Set by dp_team_run before the first call of `work`. */
    unsigned workers;         /* how many calls of `work` run at once, at most */
    unsigned reader_threads;  /* the share of each */
    uint64_t taken;           /* slices handed out; valid after the run */
};

/* Runs until the manifest's end or a `false`. Returns 0, or what kept it from reading the manifest;
 * slices before that place were worked on. */
int dp_team_run(struct dp_team *team, struct dp_error *err);

#endif
