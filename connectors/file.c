/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/file.h"

#include "connectors/uri.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PIPE_BYTES = 256 << 10,     /* per read of a pipe */
    PIPE_WAIT_MILLISECONDS = 100 /* between two looks whether the reader gave up */
};

struct file {
    struct dp_object object;
    int fd;
    struct timespec modified; /* when it was opened */
};

static struct file *file_of(struct dp_object *object)
{
    return (struct file *)object;
}

/* A file that changes while it is read gives a mixture of two versions: that is never right. */
static int check_unchanged(struct file *file, struct dp_error *err)
{
    struct stat now;

    if (fstat(file->fd, &now) != 0)
        return dp_error_set_errno(err, errno, "%s", file->object.uri);
    if (now.st_mtim.tv_sec != file->modified.tv_sec ||
        now.st_mtim.tv_nsec != file->modified.tv_nsec ||
        (uint64_t)now.st_size != file->object.size_bytes)
        return dp_error_set(err, DP_CHANGED, "%s: the file was changed while it was in use",
                            file->object.uri);
    return DP_OK;
}

static int read_file(struct dp_object *object, struct dp_range range, void *buffer,
                     struct dp_error *err)
{
    struct file *file = file_of(object);
    char *to = buffer;
    uint64_t at = range.begin;

    while (at < range.end) {
        /* The kernel gives at most 2 GiB at once. */
        uint64_t left = range.end - at;
        ssize_t got = pread(file->fd, to, left > 1 << 30 ? 1 << 30 : (size_t)left, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dp_error_set_errno(err, errno, "%s: offset %" PRIu64, object->uri, at);
        if (got == 0)
            return dp_error_set(err, DP_CHANGED,
                                "%s: the file ends at offset %" PRIu64
                                " now, it had %" PRIu64 " bytes",
                                object->uri, at, object->size_bytes);
        to += got;
        at += (uint64_t)got;
    }
    return check_unchanged(file, err);
}

/* Waits until something can be read; 0 when the time is over, < 0 with errno. */
static int wait_readable(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    int rc = poll(&ready, 1, PIPE_WAIT_MILLISECONDS);

    return rc < 0 && errno == EINTR ? 0 : rc;
}

static int read_pipe(struct dp_object *object, dp_write_fn write, void *user,
                     struct dp_error *err)
{
    struct file *file = file_of(object);
    char *buffer = malloc(PIPE_BYTES);
    int rc = buffer ? DP_OK : dp_error_no_memory(err);

    while (!rc) {
        int ready = wait_readable(file->fd);
        ssize_t got = ready > 0 ? read(file->fd, buffer, PIPE_BYTES) : ready;

        if (got < 0 && errno != EINTR && errno != EAGAIN)
            rc = dp_error_set_errno(err, errno, "%s", object->uri);
        else if (ready > 0 && got == 0)
            break;
        else
            rc = dp_context_check(object->context, err);
        if (!rc)
            rc = write(user, buffer, got > 0 ? (size_t)got : 0, err);
    }
    free(buffer);
    return rc;
}

static void close_file(struct dp_object *object)
{
    if (file_of(object)->fd >= 0)
        close(file_of(object)->fd);
}

static const struct dp_object_ops file_ops = {
    .name = "file", .read_at = read_file, .read_all = read_pipe, .close = close_file};

/* Files under /proc and the like say that they are empty and are not. */
static bool has_honest_size(int fd, const struct stat *about)
{
    char byte;

    return S_ISREG(about->st_mode) && (about->st_size > 0 || pread(fd, &byte, 1, 0) == 0);
}

static int examine(struct file *file, struct dp_error *err)
{
    struct dp_object *object = &file->object;
    struct stat about;
    char modified[48];

    if (fstat(file->fd, &about) != 0)
        return dp_error_set_errno(err, errno, "%s", object->uri);
    if (S_ISDIR(about.st_mode))
        return dp_error_set(err, DP_INVALID, "%s: is a directory", object->uri);
    object->ranges = has_honest_size(file->fd, &about);
    if (!object->ranges)
        return DP_OK;
    file->modified = about.st_mtim;
    object->size_bytes = (uint64_t)about.st_size;
    snprintf(modified, sizeof(modified), "%lld.%09ld", (long long)about.st_mtim.tv_sec,
             about.st_mtim.tv_nsec);
    return dp_object_set_validator(object, "mtime", modified, err);
}

int dp_file_open(struct dp_context *context, const char *uri,
                 const struct dp_object_options *options, struct dp_object **object,
                 struct dp_error *err)
{
    struct dp_object *made = NULL;
    char *path = NULL, *canonical = NULL;
    int rc = dp_uri_to_path(uri, &path, err);

    if (!rc)
        rc = dp_uri_from_path(path, &canonical, err);
    if (rc)
        goto out;
    made = dp_object_new(sizeof(struct file), &file_ops, context, canonical);
    if (!made) {
        rc = dp_error_no_memory(err);
        goto out;
    }
    file_of(made)->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (file_of(made)->fd < 0)
        rc = dp_error_set_errno(err, errno, "%s", path);
    else
        rc = examine(file_of(made), err);
    if (!rc)
        rc = dp_object_check_identity(made, options, err);
    if (rc)
        dp_object_free(made);
    else
        *object = made;
out:
    free(path);
    free(canonical);
    return rc;
}
