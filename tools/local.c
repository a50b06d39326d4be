/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/local.h"

#include "base/error.h"
#include "tools/signals.h"

#include <errno.h>
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

/* Waits for bytes; only the main thread's calls are interrupted by signals, so it looks up now and
 * then. */
static void wait_readable(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    while (!dp_signals_caught() && poll(&ready, 1, WAIT_MILLISECONDS) == 0)
        continue;
}

int64_t dp_local_read(void *user, void *buffer, size_t capacity, struct dp_error *err)
{
    int fd = *(const int *)user;
    ssize_t given;

    do {
        wait_readable(fd);
        if (dp_signals_caught())
            return dp_error_set(err, DP_CANCELLED, "stopped");
        given = read(fd, buffer, capacity);
    } while (given < 0 && (errno == EINTR || errno == EAGAIN));
    if (given >= 0)
        return given;
    dp_error_set_errno(err, errno, "read error");
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
