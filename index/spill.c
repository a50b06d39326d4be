/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/spill.h"

#include "base/checked.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What waits in memory before it is written. */
#define BUFFER_BYTES 262144u

struct dp_spill {
    int file;               /* -1 until the buffer was full once */
    uint64_t written_bytes; /* in the file; the buffer follows */
    size_t buffered_bytes;
    uint8_t buffer[BUFFER_BYTES];
};

int dp_spill_new(struct dp_spill **spill, struct dp_error *err)
{
    struct dp_spill *made = malloc(sizeof(*made));

    if (!made)
        return dp_error_no_memory(err);
    made->file = -1;
    made->written_bytes = 0;
    made->buffered_bytes = 0;
    *spill = made;
    return DP_OK;
}

void dp_spill_free(struct dp_spill *spill)
{
    if (!spill)
        return;
    if (spill->file >= 0)
        close(spill->file);
    free(spill);
}

/* A file without a name in `folder`; -1 and errno when that does not work. */
static int open_unnamed(const char *folder)
{
    char path[4096];
    int file, length;

    file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0)
        return file;
    /* Not every file system knows O_TMPFILE: there the name lives for a moment. */
    length = snprintf(path, sizeof(path), "%s/dataplug-XXXXXX", folder);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0)
        unlink(path);
    return file;
}

/* TMPDIR when it is set, and only that: who sets it knows where the room is. */
static int open_temporary(struct dp_spill *spill, struct dp_error *err)
{
    static const char *const folders[] = {"/var/tmp", "/tmp", "."};
    const char *chosen = getenv("TMPDIR");
    size_t i;

    if (chosen && *chosen) {
        spill->file = open_unnamed(chosen);
        if (spill->file < 0)
            return dp_error_set_errno(err, errno, "%s: cannot make a temporary file", chosen);
        return DP_OK;
    }
    for (i = 0; spill->file < 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
        spill->file = open_unnamed(folders[i]);
    if (spill->file < 0)
        return dp_error_set_errno(err, errno, "cannot make a temporary file");
    return DP_OK;
}

static int write_all(struct dp_spill *spill, const uint8_t *bytes, size_t length,
                     struct dp_error *err)
{
    ssize_t done;
    int result = DP_OK;

    if (spill->file < 0)
        result = open_temporary(spill, err);
    if (result)
        return result;
    while (length > 0) {
        done = pwrite(spill->file, bytes, length, (off_t)spill->written_bytes);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return dp_error_set_errno(err, done < 0 ? errno : ENOSPC,
                                      "cannot write a temporary file");
        bytes += done;
        length -= (size_t)done;
        spill->written_bytes += (uint64_t)done;
    }
    return DP_OK;
}

uint64_t dp_spill_bytes(const struct dp_spill *spill)
{
    return spill->written_bytes + spill->buffered_bytes;
}

int dp_spill_append(struct dp_spill *spill, const void *bytes, size_t length,
                    struct dp_error *err)
{
    int result;

    if (length > BUFFER_BYTES - spill->buffered_bytes) {
        result = write_all(spill, spill->buffer, spill->buffered_bytes, err);
        if (result)
            return result;
        spill->buffered_bytes = 0;
    }
    if (length > BUFFER_BYTES)
        return write_all(spill, bytes, length, err);
    memcpy(spill->buffer + spill->buffered_bytes, bytes, length);
    spill->buffered_bytes += length;
    return DP_OK;
}

static int read_file(const struct dp_spill *spill, uint64_t offset, uint8_t *buffer,
                     size_t length, struct dp_error *err)
{
    ssize_t done;

    while (length > 0) {
        done = pread(spill->file, buffer, length, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return dp_error_set_errno(err, done < 0 ? errno : EIO,
                                      "cannot read a temporary file");
        buffer += done;
        length -= (size_t)done;
        offset += (uint64_t)done;
    }
    return DP_OK;
}

int dp_spill_read(const struct dp_spill *spill, uint64_t offset, void *buffer, size_t length,
                  struct dp_error *err)
{
    size_t filed = 0; /* how much of the range the file holds */
    uint8_t *to = buffer;
    int result;

    if (!dp_checked_within(offset, length, dp_spill_bytes(spill)))
        return dp_error_set(err, DP_INVALID, "a range outside of the temporary file");
    if (offset < spill->written_bytes) {
        filed = length;
        if (filed > spill->written_bytes - offset)
            filed = (size_t)(spill->written_bytes - offset);
        result = read_file(spill, offset, to, filed, err);
        if (result)
            return result;
    }
    if (length > filed)
        memcpy(to + filed, spill->buffer + (offset + filed - spill->written_bytes),
               length - filed);
    return DP_OK;
}
