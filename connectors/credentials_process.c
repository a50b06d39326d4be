/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* `credential_process`: a command whose standard output is a JSON document with keys. It runs in a
 * process group of its own with none of our descriptors, reads nothing, and is ended when it takes
 * too long. What it says on standard error reaches the user. */

#include "config.h"

#include "connectors/credentials_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum {
    MOST_BYTES = 64 << 10,
    LIMIT_SECONDS = 60,
    NAP_MILLISECONDS = 100,      /* between two looks at the cancel callback */
    PATIENCE_MILLISECONDS = 2000, /* from the end of its output to its own */
    KILL_MILLISECONDS = 300       /* from a kind request to end to an unkind one */
};

static const char name[] = "credential_process";

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

/* The usual signals, whatever this process does with them, in a group of its own. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, usual;

    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGHUP);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGCHLD);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &usual);
    posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static int set_descriptors(posix_spawn_file_actions_t *actions, int output)
{
    int rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (!rc)
        rc = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
    /* Ours are closed on exec anyway; those of a program that uses the library may not be. */
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
#endif
    return rc;
}

/* Starts the shell with `output` as its standard output. Returns 0 or an errno. */
static int spawn(const char *command, int output, pid_t *pid)
{
    char *const argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (!rc) {
        rc = set_attributes(&attributes);
        if (!rc)
            rc = set_descriptors(&actions, output);
        if (!rc)
            rc = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Reads to the end of the output; `buffer` has room for MOST_BYTES. */
static int read_output(struct dp_context *context, int fd, char *buffer, size_t *length,
                       struct dp_error *err)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    double end = now() + LIMIT_SECONDS;
    int rc = DP_OK;

    for (*length = 0; !rc; rc = dp_context_check(context, err)) {
        ssize_t n;

        if (now() > end)
            return dp_error_set(err, DP_IO, "%s: it took more than %d seconds", name,
                                (int)LIMIT_SECONDS);
        if (poll(&ready, 1, NAP_MILLISECONDS) <= 0)
            continue;
        n = read(fd, buffer + *length, MOST_BYTES - *length);
        if (n == 0)
            return DP_OK;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return dp_error_set_errno(err, errno, "%s", name);
        *length += n > 0 ? (size_t)n : 0;
        if (*length == MOST_BYTES)
            return dp_error_set(err, DP_DENIED, "%s: its output is too long", name);
    }
    return rc;
}

/* Waits for so long; true when the command has ended. */
static bool has_ended(pid_t pid, unsigned milliseconds, int *status)
{
    unsigned waited;
    pid_t got;

    for (waited = 0;; waited += 10) {
        got = waitpid(pid, status, WNOHANG);
        /* Where SIGCHLD is ignored nothing can be waited for: the output speaks for itself. */
        if (got > 0 || (got < 0 && errno != EINTR))
            return true;
        if (waited >= milliseconds)
            return false;
        poll(NULL, 0, 10);
    }
}

/* How the command ended; one that does not is ended, with everything it started. */
static int wait_for(pid_t pid, unsigned patience_milliseconds)
{
    int status = 0;

    if (has_ended(pid, patience_milliseconds, &status))
        return status;
    kill(-pid, SIGTERM);
    if (has_ended(pid, KILL_MILLISECONDS, &status))
        return status;
    kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static int check_status(int status, struct dp_error *err)
{
    if (WIFSIGNALED(status))
        return dp_error_set(err, DP_DENIED, "%s: it was ended by signal %d", name,
                            WTERMSIG(status));
    if (WEXITSTATUS(status) == 127)
        return dp_error_set(err, DP_DENIED, "%s: the command cannot be run", name);
    if (WEXITSTATUS(status))
        return dp_error_set(err, DP_DENIED, "%s: it failed with status %d", name,
                            WEXITSTATUS(status));
    return DP_OK;
}

static int run(struct dp_context *context, const char *command, char *buffer, size_t *length,
               struct dp_error *err)
{
    int ends[2], rc, status;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return dp_error_set_errno(err, errno, "%s", name);
    rc = spawn(command, ends[1], &pid);
    close(ends[1]);
    if (rc) {
        close(ends[0]);
        return dp_error_set_errno(err, rc, "%s", name);
    }
    rc = read_output(context, ends[0], buffer, length, err);
    close(ends[0]);
    status = wait_for(pid, rc ? 0 : PATIENCE_MILLISECONDS);
    return rc ? rc : check_status(status, err);
}

int dp_credentials_process_fetch(struct dp_credentials_asker *asker,
                                 struct dp_credentials *credentials, struct dp_error *err)
{
    const char *command = dp_profile_get(&asker->profile, name);
    size_t length = 0;
    char *buffer;
    int rc;

    if (!command)
        return DP_NOT_FOUND;
    buffer = malloc(MOST_BYTES);
    if (!buffer)
        return dp_error_no_memory(err);
    rc = run(asker->context, command, buffer, &length, err);
    if (!rc)
        rc = dp_credentials_json_read(name, buffer, length, "SessionToken", true, credentials, err);
    explicit_bzero(buffer, length);
    free(buffer);
    return rc;
}
