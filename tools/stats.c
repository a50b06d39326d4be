/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/stats.h"

#include "base/error.h"
#include "base/printed.h"
#include "base/size.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEGIN "{\"tool\":\"dp-"

/* Does a regular file hold what an earlier run left, or nothing? */
static bool is_replaceable(const char *path, const struct stat *found)
{
    char begin[sizeof(BEGIN)] = "";
    FILE *file;
    bool own;

    if (!S_ISREG(found->st_mode) || found->st_size == 0 || dp_printed_find(found) >= 0)
        return !S_ISDIR(found->st_mode);
    file = fopen(path, "re");
    own = file && fgets(begin, sizeof(begin), file) && strcmp(begin, BEGIN) == 0;
    if (file)
        fclose(file);
    return own;
}

/* The length of the folder's part of `path`, without the slash. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) : 0;
}

int dp_stats_check(const char *path, struct dp_error *err)
{
    size_t length = folder_length(path);
    struct stat found;
    char *folder;
    int rc = DP_OK;

    if (stat(path, &found) == 0)
        return is_replaceable(path, &found)
                   ? DP_OK
                   : dp_error_set(err, DP_INVALID, "%s: it holds something else than the counts of "
                                                   "an earlier run, it is not overwritten", path);
    folder = length ? strndup(path, length) : strdup(path[0] == '/' ? "/" : ".");
    if (!folder)
        return dp_error_no_memory(err);
    if (access(folder, W_OK | X_OK) != 0)
        rc = dp_error_set_errno(err, errno, "%s", path);
    free(folder);
    return rc;
}

static bool print(FILE *file, const struct dp_run_stats *stats)
{
    const struct dp_stats *moved = &stats->moved;

    return fprintf(file,
                   "{\"tool\":\"%s\",\"status\":%d,\"seconds\":%.6f,\"requests\":%llu,"
                   "\"retries\":%llu,\"connections\":%llu,\"received_bytes\":%llu,"
                   "\"sent_bytes\":%llu,\"read_calls\":%llu,\"read_bytes\":%llu}\n",
                   stats->tool, stats->status, stats->seconds,
                   (unsigned long long)moved->requests, (unsigned long long)moved->retries,
                   (unsigned long long)moved->connections,
                   (unsigned long long)moved->received_bytes,
                   (unsigned long long)moved->sent_bytes, (unsigned long long)moved->read_calls,
                   (unsigned long long)moved->read_bytes) > 0 &&
           fflush(file) == 0;
}

/* Prints to `fd`, which it closes. */
static int print_to(int fd, const char *path, const struct dp_run_stats *stats,
                    struct dp_error *err)
{
    FILE *file = fdopen(fd, "w");
    bool printed = file && print(file, stats);
    int reason = errno;

    if (file ? fclose(file) != 0 : close(fd) != 0) {
        reason = printed ? errno : reason;
        printed = false;
    }
    return printed ? DP_OK : dp_error_set_errno(err, reason, "%s", path);
}

/* Through a temporary name in the same folder. */
static int replace(const char *path, const struct dp_run_stats *stats, struct dp_error *err)
{
    mode_t mask = umask(0);
    char *name;
    int fd, rc;

    umask(mask);
    if (asprintf(&name, "%s.XXXXXX", path) < 0)
        return dp_error_no_memory(err);
    fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) {
        rc = dp_error_set_errno(err, errno, "%s", path);
        goto out;
    }
    (void)!fchmod(fd, 0666 & ~mask);
    rc = print_to(fd, path, stats, err);
    if (!rc && rename(name, path) != 0)
        rc = dp_error_set_errno(err, errno, "%s", path);
    if (rc)
        unlink(name);
out:
    free(name);
    return rc;
}

/* What a link points to is replaced, and not the link. */
static int replace_behind(const char *path, const struct dp_run_stats *stats, struct dp_error *err)
{
    char *real = realpath(path, NULL);
    int rc = real ? replace(real, stats, err) : dp_error_set_errno(err, errno, "%s", path);

    free(real);
    return rc;
}

int dp_stats_write(const char *path, const struct dp_run_stats *stats, struct dp_error *err)
{
    struct stat found;
    int fd;

    if (stat(path, &found) != 0)
        return replace(path, stats, err);
    fd = dp_printed_find(&found);
    if (fd < 0 && S_ISREG(found.st_mode))
        return replace_behind(path, stats, err);
    fd = fd < 0 ? open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? dp_error_set_errno(err, errno, "%s", path) : print_to(fd, path, stats, err);
}

const char *dp_stats_describe(const struct dp_run_stats *stats, char *line, size_t capacity)
{
    const struct dp_stats *moved = &stats->moved;
    char received[32], sent[32];

    line[0] = 0;
    if (moved->requests)
        snprintf(line, capacity,
                 "%llu requests, %llu of them repeated, over %llu connections: %s received, "
                 "%s sent; %.2f s",
                 (unsigned long long)moved->requests, (unsigned long long)moved->retries,
                 (unsigned long long)moved->connections,
                 dp_size_format(moved->received_bytes, received, sizeof(received)),
                 dp_size_format(moved->sent_bytes, sent, sizeof(sent)), stats->seconds);
    return line;
}
