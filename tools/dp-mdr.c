/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/mdr_run.h"

int main(int argc, char **argv)
{
    struct dp_mdr_options options;
    struct dp_mdr_team *team = NULL;
    struct dp_error err;
    struct dp_tool tool;
    int status;

    dp_tool_start(&tool, "dp-mdr", dp_mdr_options_help);
    dp_mdr_options_read(&tool, argc, argv, &options);
    if (dp_mdr_team_alone(&team, &err) < 0)
        return dp_tool_finish(&tool, dp_tool_fail(&tool, &err));
    status = dp_mdr_run(&tool, team, &options);
    dp_mdr_team_free(team);
    return dp_tool_finish(&tool, status);
}
