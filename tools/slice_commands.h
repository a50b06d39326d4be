/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The commands of dp-slice. Each takes the command's arguments (argv[0] is its name) and returns
 * the exit status. */

#ifndef DP_TOOLS_SLICE_COMMANDS_H
#define DP_TOOLS_SLICE_COMMANDS_H

#include "tools/tool.h"

int dp_slice_plan_run(struct dp_tool *tool, int argc, char **argv);
int dp_slice_fetch_run(struct dp_tool *tool, int argc, char **argv);
int dp_slice_check_run(struct dp_tool *tool, int argc, char **argv);

#endif
