/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What was searched, as JSON: parameters, inputs, counts. Nothing in it depends on how the search
 * was done: by how many threads, where, with how many interruptions. */

#ifndef DP_TOOLS_MDR_SUMMARY_H
#define DP_TOOLS_MDR_SUMMARY_H

#include "mdr/schedule.h"
#include "mdr/study.h"
#include "tools/mdr_options.h"

/* The caller frees *text. `rows` is how many combinations are listed. */
int dp_mdr_summary_make(const struct dp_mdr_options *options, const struct dp_mdr_study *study,
                        const struct dp_mdr_schedule *schedule, uint64_t rows, char **text,
                        struct dp_error *err);

#endif
