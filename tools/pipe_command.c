/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A worker command that reads a slice from its standard input.
 *
 * It runs in a process group of its own: when a slice turns out to be bad, everything the command
 * started is told to stop before its input ends, so that it cannot take a part for the whole. */

#include "config.h"

#include "tools/pipe.h"

#include "base/error.h"
#include "tools/output.h"
#include "tools/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define OWN_VARIABLES 3

struct step {
    struct dp_pipe pipe;
    uint64_t number; /* of the slice, for messages */
    int fd;          /* its standard input; -1 when closed */
    pid_t pid;       /* also its process group; 0 when it was waited for */
    int *status;
};

static struct step *step_of(struct dp_pipe *pipe)
{
    return (struct step *)pipe;
}

static int write_step(struct dp_pipe *pipe, const void *bytes, size_t length, struct dp_error *err)
{
    struct dp_error why;
    int rc = dp_output_write(step_of(pipe)->fd, "command", bytes, length, &why);

    /* Like `head`: it has seen enough. Its exit status says whether that is well. */
    if (rc == DP_IO && errno == EPIPE)
        return DP_PIPE_ENOUGH;
    if (rc < 0 && err)
        *err = why;
    return rc;
}

static void close_input(struct step *step)
{
    if (step->fd >= 0)
        close(step->fd);
    step->fd = -1;
}

/* Waits for the command; its status as a shell says it. */
static int wait_for(struct step *step)
{
    int status = 0;
    pid_t got;

    do {
        got = waitpid(step->pid, &status, 0);
        if (got < 0 && errno == EINTR && dp_signals_caught())
            kill(-step->pid, dp_signals_caught());
    } while (got < 0 && errno == EINTR);
    step->pid = 0;
    if (got < 0)
        return 127;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int finish_step(struct dp_pipe *pipe, struct dp_error *err)
{
    struct step *step = step_of(pipe);
    int status;

    close_input(step);
    status = wait_for(step);
    if (status == 0)
        return DP_OK;
    *step->status = status;
    return dp_error_set(err, DP_IO, "slice %llu: the command failed with status %d",
                        (unsigned long long)step->number, status);
}

static void close_step(struct dp_pipe *pipe)
{
    struct step *step = step_of(pipe);

    if (step->pid > 0) {
        kill(-step->pid, SIGTERM);
        close_input(step);
        wait_for(step);
    }
    close_input(step);
    free(step);
}

/* -------------------------------------------------------------------------------- start */

static bool is_own(const char *variable)
{
    return strncmp(variable, "DP_SLICE_NUMBER=", 16) == 0 ||
           strncmp(variable, "DP_SLICE_COUNT=", 15) == 0 ||
           strncmp(variable, "DP_SLICE_ID=", 12) == 0;
}

/* Our environment with the slice's variables, which stand in `own`. To be freed with free(). */
static char **make_environment(const struct dp_slice_info *slice, char own[OWN_VARIABLES][128])
{
    size_t count = 0, used = 0, i;
    char **made;

    while (environ[count])
        count++;
    made = calloc(count + OWN_VARIABLES + 1, sizeof(*made));
    if (!made)
        return NULL;
    for (i = 0; i < count; i++)
        if (!is_own(environ[i]))
            made[used++] = environ[i];
    snprintf(own[0], 128, "DP_SLICE_NUMBER=%llu", (unsigned long long)slice->number);
    snprintf(own[1], 128, "DP_SLICE_COUNT=%llu", (unsigned long long)slice->slice_count);
    snprintf(own[2], 128, "DP_SLICE_ID=%s", slice->id);
    for (i = 0; i < OWN_VARIABLES; i++)
        made[used++] = own[i];
    return made;
}

/* Starts the shell with `input` as its standard input. Returns 0 or an errno. */
static int spawn(const char *command, int input, char **environment, pid_t *pid)
{
    char *arguments[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int rc;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    rc = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (!rc)
        rc = dp_signals_restore(&attributes);
    if (!rc)
        rc = posix_spawnattr_setsigmask(&attributes, &none);
    if (!rc)
        rc = posix_spawnattr_setpgroup(&attributes, 0);
    if (!rc)
        rc = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                                       POSIX_SPAWN_SETSIGMASK);
    if (!rc)
        rc = posix_spawn(pid, "/bin/sh", &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static int start(struct step *step, const char *command, const struct dp_slice_info *slice,
                 struct dp_error *err)
{
    char own[OWN_VARIABLES][128];
    char **environment = make_environment(slice, own);
    int ends[2], rc;

    if (!environment)
        return dp_error_no_memory(err);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        rc = errno;
    } else {
        rc = spawn(command, ends[0], environment, &step->pid);
        close(ends[0]);
        step->fd = ends[1];
    }
    free(environment);
    if (rc)
        return dp_error_set_errno(err, rc, "slice %llu: the command cannot be started",
                                  (unsigned long long)slice->number);
    dp_output_widen(step->fd);
    return DP_OK;
}

int dp_pipe_command_open(const char *command, const struct dp_slice_info *slice, int *status,
                         struct dp_pipe **pipe, struct dp_error *err)
{
    struct step *step = calloc(1, sizeof(*step));
    int rc;

    if (!step)
        return dp_error_no_memory(err);
    step->pipe = (struct dp_pipe){write_step, finish_step, close_step};
    step->fd = -1;
    step->number = slice->number;
    step->status = status;
    rc = start(step, command, slice, err);
    if (rc < 0)
        close_step(&step->pipe);
    else
        *pipe = &step->pipe;
    return rc;
}
