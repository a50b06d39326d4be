/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/local.h"

#include "base/error.h"
#include "tools/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MILLISECONDS 100

bool dp_local_is_uri(const char *name)
{
    size_t letters = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789+.-");

    return letters > 0 && strncmp(name + letters, "://", 3) == 0;
}

const char *dp_local_display(const char *name, const struct dp_object *object)
{
    return dp_local_is_uri(name) ? dp_object_uri(object) : name;
}

static bool is_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && !(flags & O_NONBLOCK);
}

/* Waits for bytes; only the main thread's calls are interrupted by signals, so it looks up now and
 * then. Of a FIFO that never had a writer only reading tells that there is no more; where that
 * cannot block, it is tried after a while. */
static void wait_readable(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    while (!dp_signals_caught() && poll(&ready, 1, WAIT_MILLISECONDS) == 0 && is_blocking(fd))
        continue;
}

int64_t dp_local_read(void *user, void *buffer, size_t capacity, struct dp_error *err)
{
    const struct dp_local_input *input = user;
    ssize_t given;

    do {
        wait_readable(input->fd);
        if (dp_signals_caught())
            return dp_error_set(err, DP_CANCELLED, "%s: stopped", input->name);
        given = read(input->fd, buffer, capacity);
    } while (given < 0 && (errno == EINTR || errno == EAGAIN));
    if (given >= 0)
        return given;
    dp_error_set_errno(err, errno, "%s", input->name);
    return err ? err->code = DP_IO : DP_IO;
}

int dp_local_make_parents(const char *path, struct dp_error *err)
{
    char *copy, *slash;
    int rc = DP_OK;

    if (dp_local_is_uri(path))
        return DP_OK;
    copy = strdup(path);
    if (!copy)
        return dp_error_no_memory(err);
    for (slash = strchr(copy + 1, '/'); slash && rc == DP_OK; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            rc = dp_error_set_errno(err, errno, "%s", copy);
        *slash = '/';
    }
    free(copy);
    return rc;
}

/* An index begins so: index/INDEX.md */
static const char magic[8] = "\x89" "DPI\r\n\x1a\n";

/* Does something lie at `place` that is no index? */
static bool is_foreign(struct dp_context *context, const char *place)
{
    struct dp_range range = {0, sizeof(magic)};
    struct dp_object *object;
    char begin[sizeof(magic)] = "";
    struct stat about;
    uint64_t size;
    bool read;

    if (!dp_local_is_uri(place) && stat(place, &about) == 0 && !S_ISREG(about.st_mode))
        return false;
    if (dp_object_open(context, place, NULL, &object, NULL) < 0)
        return false;
    size = dp_object_size(object);
    if (size < range.end)
        range.end = size;
    read = dp_object_read_at(object, range, begin, NULL) == DP_OK;
    dp_object_free(object);
    return size > 0 && read && memcmp(begin, magic, sizeof(magic)) != 0;
}

int dp_local_check_place(struct dp_context *context, const char *place, struct dp_error *err)
{
    return is_foreign(context, place)
               ? dp_error_set(err, DP_INVALID, "%s: this is no index, it is not overwritten", place)
               : DP_OK;
}

/* Does the file system take no such name? */
static bool is_too_long(const char *place)
{
    struct stat about;

    return !dp_local_is_uri(place) && lstat(place, &about) != 0 && errno == ENAMETOOLONG;
}

int dp_local_try_index_place(struct dp_context *context, const char *place, struct dp_error *err)
{
    struct dp_sink *sink;
    int rc = dp_local_make_parents(place, err);

    if (rc == DP_OK)
        rc = dp_local_check_place(context, place, err);
    if (rc == DP_OK)
        rc = dp_sink_open(context, place, &sink, err);
    if (rc == DP_OK)
        dp_sink_free(sink);
    else if (is_too_long(place))
        return dp_error_set(err, DP_INVALID,
                            "%s: this name is too long for an index: --output gives it another, "
                            "DP_INDEX_DIR a folder where it is shortened", place);
    return rc;
}

/* The value of a hexadecimal digit, -1 for others. */
static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32; /* the small letter */
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The path that a path or a file: URI as the library writes them names; NULL for others and when
 * out of memory. The caller frees it. */
static char *path_of(const char *name)
{
    char *path, *to;

    if (!dp_local_is_uri(name))
        return strdup(name);
    if (strncmp(name, "file:///", 8) != 0)
        return NULL;
    to = path = strdup(name + 7);
    for (const char *at = path; at && *at; at++, to++) {
        *to = *at;
        if (*at == '%' && digit(at[1]) >= 0 && digit(at[2]) >= 0) {
            *to = (char)(digit(at[1]) * 16 + digit(at[2]));
            at += 2;
        }
    }
    if (to)
        *to = '\0';
    return path;
}

bool dp_local_is_stream(const char *name)
{
    char *path = path_of(name);
    struct stat about;
    bool stream = path && stat(path, &about) == 0 && !S_ISREG(about.st_mode) &&
                  !S_ISDIR(about.st_mode);

    free(path);
    return stream;
}

bool dp_local_is_folder(const char *name)
{
    char *path = path_of(name);
    struct stat about;
    bool folder = path && stat(path, &about) == 0 && S_ISDIR(about.st_mode);

    free(path);
    return folder;
}

/* One file, by whatever links it is reached. Only plain files lose what was in them. */
static bool is_same_file(const char *a, const char *b)
{
    char *path_a = path_of(a), *path_b = path_of(b);
    struct stat about_a, about_b;
    bool same = path_a && path_b && stat(path_a, &about_a) == 0 && stat(path_b, &about_b) == 0 &&
                S_ISREG(about_a.st_mode) && about_a.st_dev == about_b.st_dev &&
                about_a.st_ino == about_b.st_ino;

    free(path_a);
    free(path_b);
    return same;
}

/* `path` without links, "." and double slashes as far as it exists; the rest may be made later.
 * NULL: out of memory. The caller frees it. */
static char *canonical(const char *path)
{
    char *real = realpath(path, NULL), *copy, *folder, *made = NULL;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    if (real || !*path)
        return real ? real : strdup(".");
    copy = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!copy)
        return NULL;
    folder = strcmp(copy, path) != 0 ? canonical(copy) : strdup(path);
    free(copy);
    if (folder && (!*name || strcmp(name, ".") == 0))
        return folder;
    if (folder && asprintf(&made, "%s/%s", strcmp(folder, "/") != 0 ? folder : "", name) < 0)
        made = NULL;
    free(folder);
    return made;
}

bool dp_local_is_same_place(const char *a, const char *b)
{
    char *path_a = path_of(a), *path_b = path_of(b);
    char *real_a = path_a ? canonical(path_a) : NULL, *real_b = path_b ? canonical(path_b) : NULL;
    bool same = strcmp(a, b) == 0;

    if (!same && real_a && real_b && !dp_local_is_stream(a) && !dp_local_is_stream(b))
        same = strcmp(real_a, real_b) == 0 || is_same_file(a, b);
    free(real_a);
    free(real_b);
    free(path_a);
    free(path_b);
    return same;
}

/* Is there a local file at `name` that is an index? */
static bool is_index(const char *name)
{
    char *path = path_of(name), begin[sizeof(magic)];
    struct stat about;
    bool is = false;
    int fd = -1;

    if (path && stat(path, &about) == 0 && S_ISREG(about.st_mode))
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        is = read(fd, begin, sizeof(begin)) == (ssize_t)sizeof(begin) &&
             memcmp(begin, magic, sizeof(magic)) == 0;
        close(fd);
    }
    free(path);
    return is;
}

int dp_local_check_output(const char *output, const char *input, struct dp_error *err)
{
    if (is_same_file(output, input) || (dp_local_is_uri(output) && strcmp(output, input) == 0))
        return dp_error_set(err, DP_INVALID, "%s: it is read from too, it is not overwritten",
                            output);
    if (is_index(output))
        return dp_error_set(err, DP_INVALID, "%s: it is an index, it is not overwritten", output);
    return DP_OK;
}

char *dp_local_rescue_name(const char *object)
{
    size_t length = dp_local_is_uri(object) ? strcspn(object, "?#") : strlen(object);
    size_t begin = length;
    char *name;

    while (begin > 0 && object[begin - 1] != '/')
        begin--;
    length -= begin;
    if (length == 0)
        return strdup("./object.dpi");
    name = malloc(length + sizeof("./.dpi"));
    if (name)
        sprintf(name, "./%.*s.dpi", (int)length, object + begin);
    return name;
}
