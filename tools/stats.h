/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a run moved: --stats FILE, and the line of -v. Counts only, no names: nothing secret. */

#ifndef DP_TOOLS_STATS_H
#define DP_TOOLS_STATS_H

#include "dataplug.h"

struct dp_run_stats {
    const char *tool;     /* name of the program */
    int status;           /* its exit status */
    double seconds;       /* from start to end */
    struct dp_stats moved;
};

/* May `path` become the file of --stats? Asked before the work: a file that is there must be one of
 * these, or nothing that can be lost (empty, a device, a pipe), and its folder must be writable. */
int dp_stats_check(const char *path, struct dp_error *err);

/* Writes one JSON object on one line. A file appears under its name when it is complete. */
int dp_stats_write(const char *path, const struct dp_run_stats *stats, struct dp_error *err);

/* One line for people, into `line`; "" when there was no request. Returns `line`. */
const char *dp_stats_describe(const struct dp_run_stats *stats, char *line, size_t capacity);

#endif
