/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The commands of dp-index. Each takes the command's arguments (argv[0] is its name) and returns
 * the exit status. */

#ifndef DP_TOOLS_INDEX_COMMANDS_H
#define DP_TOOLS_INDEX_COMMANDS_H

#include "tools/tool.h"

int dp_index_build_run(struct dp_tool *tool, int argc, char **argv);
int dp_index_show_run(struct dp_tool *tool, int argc, char **argv);
int dp_index_check_run(struct dp_tool *tool, int argc, char **argv);

#endif
