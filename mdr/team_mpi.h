/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A team of the processes that mpirun or srun started; for dp-mdr-mpi only. */

#ifndef DP_MDR_TEAM_MPI_H
#define DP_MDR_TEAM_MPI_H

#include "mdr/team.h"

/* Starts MPI, once in a process, by its main thread and before other threads are. MPI is ended when
 * the process calls exit() or returns from main, so that all ranks may leave early together (a
 * usage error); a rank that alone ends in another way ends all. What MPI itself cannot do ends all
 * ranks with its message. */
int dp_mdr_team_mpi(int *argc, char ***argv, struct dp_mdr_team **team, struct dp_error *err);

/* "Open MPI v4.1.4, ...": what is used; static storage. */
const char *dp_mdr_team_mpi_library(void);

#endif
