/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A file appears under its name when it is whole, or not at all. Where the file system can, it has
 * no name until then, so that even a killed process leaves nothing behind; elsewhere it is
 * `.NAME.XXXXXXXX.tmp` in the same folder. */

#include "config.h"

#include "connectors/file.h"

#include "base/printed.h"
#include "connectors/uri.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 256 << 10, /* small writes are gathered */
    NAME_ATTEMPTS = 100
};

struct file_sink {
    struct dp_sink sink;
    char *path;      /* where the file shall appear; symbolic links are followed */
    char *temporary; /* its name until then; while it has none: NULL */
    bool direct;     /* `path` is a device, a pipe or where this process prints anyway: written to
                        at once */
    int fd;
    mode_t mode;     /* of the file that is replaced; 0: there is none */
    size_t used;     /* bytes in `buffer` */
    char buffer[BUFFER_BYTES];
};

static struct file_sink *sink_of(struct dp_sink *sink)
{
    return (struct file_sink *)sink;
}

static int write_out(struct file_sink *file, const char *bytes, size_t length,
                     struct dp_error *err)
{
    while (length) {
        ssize_t put = write(file->fd, bytes, length > 1 << 30 ? 1 << 30 : length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return dp_error_set_errno(err, errno, "%s", file->path);
        bytes += put;
        length -= (size_t)put;
    }
    return DP_OK;
}

static int flush(struct file_sink *file, struct dp_error *err)
{
    size_t used = file->used;

    file->used = 0;
    return write_out(file, file->buffer, used, err);
}

static int write_file(struct dp_sink *sink, const void *bytes, size_t length,
                      struct dp_error *err)
{
    struct file_sink *file = sink_of(sink);
    int rc = DP_OK;

    if (length > sizeof(file->buffer) - file->used)
        rc = flush(file, err);
    if (rc)
        return rc;
    if (length >= sizeof(file->buffer))
        return write_out(file, bytes, length, err);
    memcpy(file->buffer + file->used, bytes, length);
    file->used += length;
    return DP_OK;
}

/* The folder of `path` as text to free; "." when the path has no slash. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* A new name beside `path`; NULL when out of memory. Long names are cut: a component has at most
 * 255 bytes. */
static char *temporary_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    uint32_t noise = 0;
    char *made;

    if (getrandom(&noise, sizeof(noise), GRND_NONBLOCK) < 0)
        noise = (uint32_t)getpid() * 2654435761u ^ (uint32_t)(uintptr_t)&noise;
    if (asprintf(&made, "%.*s.%.200s.%08x.tmp", (int)(name - path), path, name, noise) < 0)
        return NULL;
    return made;
}

/* Gives the nameless file a name that nothing has. errno says why not. */
static bool link_as(const struct file_sink *file, const char *name)
{
    char self[40];

    snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
    return linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}

/* Gives the nameless file a temporary name. errno says why not. */
static bool give_name(struct file_sink *file)
{
    int i;

    for (i = 0; i < NAME_ATTEMPTS; i++) {
        file->temporary = temporary_name(file->path);
        if (!file->temporary) {
            errno = ENOMEM;
            return false;
        }
        if (link_as(file, file->temporary))
            return true;
        free(file->temporary);
        file->temporary = NULL;
        if (errno != EEXIST)
            return false;
    }
    return false;
}

/* The new name must survive a crash too. Not every file system can sync a folder. */
static void sync_folder(const char *path)
{
    char *folder = folder_of(path);
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        (void)!fsync(fd);
        close(fd);
    }
    free(folder);
}

/* Gives the file its final name; errno says why not. A nameless one gets it at once where nothing
 * has it, so that a kill at any moment leaves no other name; to replace a file it needs one. */
static bool take_place(struct file_sink *file)
{
    if (!file->temporary && link_as(file, file->path))
        return true;
    if (!file->temporary && !give_name(file))
        return false;
    if (rename(file->temporary, file->path) != 0)
        return false;
    free(file->temporary);
    file->temporary = NULL;
    return true;
}

static int commit_file(struct dp_sink *sink, struct dp_error *err)
{
    struct file_sink *file = sink_of(sink);
    int rc = flush(file, err);

    if (rc || file->direct)
        return rc;
    if (file->mode && fchmod(file->fd, file->mode) != 0)
        return dp_error_set_errno(err, errno, "%s", file->path);
    if (fsync(file->fd) != 0)
        return dp_error_set_errno(err, errno, "%s", file->path);
    if (!take_place(file))
        return dp_error_set_errno(err, errno, "%s", file->path);
    sync_folder(file->path);
    return DP_OK;
}

static void close_file(struct dp_sink *sink)
{
    struct file_sink *file = sink_of(sink);

    if (file->fd >= 0)
        close(file->fd);
    if (file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
}

static const struct dp_sink_ops file_sink_ops = {
    .name = "file", .write = write_file, .commit = commit_file, .close = close_file};

/* A file without a name, when it can be given one later (that needs /proc). */
static int open_nameless(const char *folder)
{
#ifdef O_TMPFILE
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    char self[40];

    if (fd < 0)
        return -1;
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    if (access(self, F_OK) == 0)
        return fd;
    close(fd);
#else
    (void)folder;
#endif
    return -1;
}

static int open_temporary(struct file_sink *file, struct dp_error *err)
{
    char *folder = folder_of(file->path);
    int i;

    if (!folder)
        return dp_error_no_memory(err);
    file->fd = open_nameless(folder);
    free(folder);
    for (i = 0; file->fd < 0 && i < NAME_ATTEMPTS; i++) {
        free(file->temporary);
        file->temporary = temporary_name(file->path);
        if (!file->temporary)
            return dp_error_no_memory(err);
        file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file->fd < 0 && errno != EEXIST) {
            free(file->temporary);
            file->temporary = NULL;
            return dp_error_set_errno(err, errno, "%s", file->path);
        }
    }
    return file->fd >= 0 ? DP_OK : dp_error_set_errno(err, EEXIST, "%s", file->path);
}

/* Looks at what stands at the destination and decides how to write there. */
static int examine(struct file_sink *file, struct dp_error *err)
{
    struct stat about;
    char *real;
    int printed;

    if (stat(file->path, &about) != 0)
        return errno == ENOENT ? DP_OK : dp_error_set_errno(err, errno, "%s", file->path);
    if (S_ISDIR(about.st_mode))
        return dp_error_set(err, DP_INVALID, "%s: is a directory", file->path);
    if (access(file->path, W_OK) != 0)
        return dp_error_set_errno(err, errno, "%s", file->path);
    printed = S_ISREG(about.st_mode) ? dp_printed_find(&about) : -1;
    if (printed >= 0) {
        file->fd = fcntl(printed, F_DUPFD_CLOEXEC, 0);
        if (file->fd < 0) /* without a descriptor, it must not be replaced either */
            return dp_error_set_errno(err, errno, "%s", file->path);
    }
    file->direct = !S_ISREG(about.st_mode) || printed >= 0;
    if (file->direct)
        return DP_OK;
    file->mode = about.st_mode & 0777;
    /* A link stays a link: what it points to is replaced. */
    real = realpath(file->path, NULL);
    if (!real)
        return dp_error_set_errno(err, errno, "%s", file->path);
    free(file->path);
    file->path = real;
    return DP_OK;
}

int dp_file_sink_open(struct dp_context *context, const char *uri, bool probe,
                      struct dp_sink **sink, struct dp_error *err)
{
    struct file_sink *file =
        (struct file_sink *)dp_sink_new(sizeof(*file), &file_sink_ops, context, uri);
    int rc;

    (void)probe; /* opening the file tells */
    if (!file)
        return dp_error_no_memory(err);
    file->fd = -1;
    rc = dp_uri_to_path(uri, &file->path, err);
    if (!rc)
        rc = examine(file, err);
    if (!rc && file->direct && file->fd < 0) {
        file->fd = open(file->path, O_WRONLY | O_CLOEXEC);
        if (file->fd < 0)
            rc = dp_error_set_errno(err, errno, "%s", file->path);
    } else if (!rc && !file->direct) {
        rc = open_temporary(file, err);
    }
    if (rc)
        dp_sink_free(&file->sink);
    else
        *sink = &file->sink;
    return rc;
}

/* mkdir -p, one component after the other. */
static int make_folders(char *path, struct dp_error *err)
{
    char *slash;

    for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        /* An existing folder can answer EROFS or EACCES too. */
        if (mkdir(path, 0777) != 0 && access(path, F_OK) != 0)
            return dp_error_set_errno(err, errno, "%s", path);
        *slash = '/';
    }
    return DP_OK;
}

int dp_file_sink_make_folders(const char *uri, struct dp_error *err)
{
    char *path;
    int rc;

    if (!dp_uri_is_local(uri))
        return DP_OK;
    rc = dp_uri_to_path(uri, &path, err);
    if (rc)
        return rc;
    rc = *path ? make_folders(path, err) : dp_error_set(err, DP_INVALID, "an empty path");
    free(path);
    return rc;
}
