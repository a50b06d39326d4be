/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* -1 and errno when it does not work. */
static int open_unnamed(const char *folder)
{
    char path[4096];
    int fd, length;

    fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    /* Not every file system knows O_TMPFILE: there the name lives for a moment. */
    length = snprintf(path, sizeof(path), "%s/dataplug-XXXXXX", folder);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int dp_scratch_open(int *fd, struct dp_error *err)
{
    static const char *const folders[] = {"/var/tmp", "/tmp", "."};
    const char *chosen = getenv("TMPDIR");
    int made = -1;
    size_t i;

    if (chosen && *chosen) {
        made = open_unnamed(chosen);
        if (made < 0)
            return dp_error_set_errno(err, errno, "%s: cannot make a temporary file", chosen);
    }
    for (i = 0; made < 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
        made = open_unnamed(folders[i]);
    if (made < 0)
        return dp_error_set_errno(err, errno, "cannot make a temporary file");
    *fd = made;
    return DP_OK;
}

int dp_scratch_write(int fd, const char *name, uint64_t offset, const void *bytes, size_t length,
                     struct dp_error *err)
{
    const char *at = bytes;

    while (length > 0) {
        ssize_t put = pwrite(fd, at, length, (off_t)offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return dp_error_set_errno(err, put < 0 ? errno : ENOSPC, "%s: cannot write", name);
        at += put;
        offset += (uint64_t)put;
        length -= (size_t)put;
    }
    return DP_OK;
}

int64_t dp_scratch_read(int fd, const char *name, uint64_t offset, void *bytes, size_t length,
                        struct dp_error *err)
{
    char *at = bytes;
    size_t have = 0;

    while (have < length) {
        ssize_t got = pread(fd, at + have, length - have, (off_t)(offset + have));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dp_error_set_errno(err, errno, "%s: cannot read", name);
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (int64_t)have;
}
