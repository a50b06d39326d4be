/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* dp-mdr by all processes that mpirun or srun started. */

#include "config.h"

#include "mdr/team_mpi.h"
#include "tools/mdr_run.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Reads the command line, or ends the process. All ranks have the same one: what there is to say
 * about it, rank 0 says. */
static void read_options(struct dp_tool *tool, bool speak, int argc, char **argv,
                         struct dp_mdr_options *options)
{
    int output, error, nowhere;

    if (speak) {
        dp_mdr_options_read(tool, argc, argv, options);
        return;
    }
    output = dup(STDOUT_FILENO);
    error = dup(STDERR_FILENO);
    nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        close(nowhere);
    }
    dp_mdr_options_read(tool, argc, argv, options);
    if (output >= 0 && dup2(output, STDOUT_FILENO) >= 0)
        close(output);
    if (error >= 0 && dup2(error, STDERR_FILENO) >= 0)
        close(error);
}

/* Without -@ a rank takes the processors that it may use; where ranks may use the same ones, its
 * share of them. Collective. */
static int choose_threads(struct dp_tool *tool, struct dp_mdr_team *team, struct dp_error *err)
{
    unsigned ranks = dp_mdr_team_node_size(team), i;
    uint64_t *usable = calloc(ranks, sizeof(*usable)), sum = 0, mine, online;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;
    int rc = dp_mdr_team_agree(team, usable ? DP_OK : dp_error_no_memory(err), err);

    if (rc == DP_OK && !tool->threads) {
        mine = sched_getaffinity(0, sizeof(set), &set) == 0 ? (uint64_t)CPU_COUNT(&set) : 1;
        online = processors > 0 ? (uint64_t)processors : 1;
        dp_mdr_team_node_gather(team, mine, usable);
        for (i = 0; i < ranks; i++)
            sum += usable[i];
        if (sum > online)
            mine = mine * online / sum;
        tool->threads = mine ? (unsigned)mine : 1;
    }
    free(usable);
    return rc;
}

/* Only rank 0 talks; what the others moved goes into files of their own. */
static int quieten(struct dp_tool *tool, unsigned rank, char **stats_path, struct dp_error *err)
{
    if (rank == 0)
        return DP_OK;
    tool->quiet = true;
    tool->verbose = 0;
    if (tool->stats_path && asprintf(stats_path, "%s.%u", tool->stats_path, rank) < 0)
        return dp_error_no_memory(err);
    if (tool->stats_path)
        tool->stats_path = *stats_path;
    return DP_OK;
}

int main(int argc, char **argv)
{
    struct dp_mdr_options options;
    struct dp_mdr_team *team = NULL;
    char *stats_path = NULL;
    struct dp_error err;
    struct dp_tool tool;
    unsigned rank;
    int rc, status;

    dp_error_clear(&err);
    dp_tool_start(&tool, "dp-mdr-mpi", dp_mdr_options_help);
    if (dp_mdr_team_mpi(&argc, &argv, &team, &err) < 0)
        return dp_tool_finish(&tool, dp_tool_fail(&tool, &err));
    rank = dp_mdr_team_rank(team);
    read_options(&tool, rank == 0, argc, argv, &options);
    rc = quieten(&tool, rank, &stats_path, &err);
    rc = dp_mdr_team_agree(team, rc, &err);
    if (rc == DP_OK)
        rc = choose_threads(&tool, team, &err);
    if (rc == DP_OK)
        status = dp_mdr_run(&tool, team, &options);
    else
        status = rank == 0 ? dp_tool_fail(&tool, &err) : dp_tool_status_of(rc);
    dp_mdr_team_free(team);
    status = dp_tool_finish(&tool, status);
    free(stats_path);
    return status;
}
