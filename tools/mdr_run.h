/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* dp-mdr from its options to its outputs, by all ranks of a team. */

#ifndef DP_TOOLS_MDR_RUN_H
#define DP_TOOLS_MDR_RUN_H

#include "mdr/team.h"
#include "tools/mdr_options.h"
#include "tools/tool.h"

/* Collective. Returns the exit status; rank 0 has said what failed. */
int dp_mdr_run(struct dp_tool *tool, struct dp_mdr_team *team,
               const struct dp_mdr_options *options);

#endif
