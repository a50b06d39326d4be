/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/log.h"

#include "base/crc32.h"
#include "base/le.h"
#include "base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC        "DPMDRLOG"
#define LOG_VERSION  2
#define HEADER_BYTES 32 /* magic, version, identity, CRC */
#define FRAME_BYTES  12 /* type and length in front of a record, CRC behind it */

struct dp_mdr_log {
    char *path; /* NULL: a temporary file */
    uint8_t identity[DP_MDR_IDENTITY_BYTES];
    int fd;            /* -1 while there is no file */
    bool replace;      /* the file that is there is to go */
    uint64_t end;      /* of the last whole record */
    bool end_is_known; /* walked, or made by us */
    bool torn;         /* something that is no whole record follows */
    uint8_t *room;     /* of one record with its frame */
    size_t room_bytes;
};

const char *dp_mdr_log_name(const struct dp_mdr_log *log)
{
    return log->path ? log->path : DP_SCRATCH_NAME;
}

bool dp_mdr_log_exists(const struct dp_mdr_log *log)
{
    return log->fd >= 0;
}

void dp_mdr_log_free(struct dp_mdr_log *log)
{
    if (!log)
        return;
    if (log->fd >= 0)
        close(log->fd);
    free(log->path);
    free(log->room);
    free(log);
}

static void make_header(const struct dp_mdr_log *log, uint8_t *header)
{
    memcpy(header, MAGIC, 8);
    dp_le32_store(header + 8, LOG_VERSION);
    memcpy(header + 12, log->identity, DP_MDR_IDENTITY_BYTES);
    dp_le32_store(header + 28, dp_crc32(0, header, 28));
}

static int refuse(const struct dp_mdr_log *log, const char *why, struct dp_error *err)
{
    return dp_error_set(err, DP_INVALID, "%s: %s", log->path, why);
}

/* Is the file that is there ours to go on with? One whose header did not get whole is empty. */
static int check_header(struct dp_mdr_log *log, bool force, struct dp_error *err)
{
    uint8_t header[HEADER_BYTES], want[HEADER_BYTES];
    int64_t have = dp_scratch_read(log->fd, log->path, 0, header, sizeof(header), err);

    if (have < 0)
        return (int)have;
    make_header(log, want);
    if (memcmp(header, MAGIC, have < 8 ? (size_t)have : 8) != 0)
        return refuse(log, "it is no journal, it is not overwritten", err);
    if (have < HEADER_BYTES || dp_le32_load(header + 28) != dp_crc32(0, header, 28)) {
        log->replace = true;
        return DP_OK;
    }
    if (memcmp(header, want, sizeof(want)) == 0)
        return DP_OK;
    if (!force)
        return refuse(log,
                      "the journal of another run (other data, options or version): remove "
                      "it, or replace it with --force",
                      err);
    log->replace = true;
    return DP_OK;
}

static int open_file(struct dp_mdr_log *log, enum dp_mdr_log_mode mode, bool force,
                     struct dp_error *err)
{
    struct stat found;
    int flags = mode == DP_MDR_LOG_APPEND ? O_RDWR : O_RDONLY;

    log->fd = open(log->path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (log->fd < 0)
        return errno == ENOENT ? DP_OK : dp_error_set_errno(err, errno, "%s", log->path);
    if (fstat(log->fd, &found) != 0 || !S_ISREG(found.st_mode))
        return refuse(log, "it is no file, a journal cannot be there", err);
    /* Where locks are not known, at least what is written has checksums. */
    if (mode == DP_MDR_LOG_APPEND && flock(log->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return refuse(log, "another process is writing this journal", err);
    return check_header(log, force, err);
}

int dp_mdr_log_open(const char *path, const uint8_t *identity, enum dp_mdr_log_mode mode,
                    bool force, struct dp_mdr_log **log, struct dp_error *err)
{
    struct dp_mdr_log *made = calloc(1, sizeof(*made));
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    made->fd = -1;
    memcpy(made->identity, identity, DP_MDR_IDENTITY_BYTES);
    if (path) {
        made->path = strdup(path);
        rc = made->path ? open_file(made, mode, force, err) : dp_error_no_memory(err);
    } else {
        rc = dp_scratch_open(&made->fd, err);
        made->replace = true;
    }
    if (rc < 0)
        dp_mdr_log_free(made);
    else
        *log = made;
    return rc;
}

static int make_room(struct dp_mdr_log *log, size_t bytes, struct dp_error *err)
{
    uint8_t *room;

    if (bytes <= log->room_bytes)
        return DP_OK;
    room = realloc(log->room, bytes);
    if (!room)
        return dp_error_no_memory(err);
    log->room = room;
    log->room_bytes = bytes;
    return DP_OK;
}

/* ----------------------------------------------------------------------------------- reading */

/* Reads the record at log->end. 1: it is whole, `*length` bytes at log->room + 8; 0: it is not. */
static int read_record(struct dp_mdr_log *log, uint64_t file_bytes, uint32_t *type, size_t *length,
                       struct dp_error *err)
{
    const char *name = dp_mdr_log_name(log);
    uint64_t left = file_bytes - log->end;
    uint8_t front[8];
    int64_t got;
    int rc;

    if (left < FRAME_BYTES)
        return 0;
    got = dp_scratch_read(log->fd, name, log->end, front, sizeof(front), err);
    if (got < 0)
        return (int)got;
    *type = dp_le32_load(front);
    *length = dp_le32_load(front + 4);
    if (got < (int64_t)sizeof(front) || *length > left - FRAME_BYTES)
        return 0;
    rc = make_room(log, *length + FRAME_BYTES, err);
    if (rc < 0)
        return rc;
    got = dp_scratch_read(log->fd, name, log->end, log->room, *length + FRAME_BYTES, err);
    if (got < 0)
        return (int)got;
    return (size_t)got == *length + FRAME_BYTES &&
           dp_le32_load(log->room + 8 + *length) == dp_crc32(0, log->room, 8 + *length);
}

int dp_mdr_log_walk(struct dp_mdr_log *log,
                    int (*take)(void *user, uint32_t type, const uint8_t *bytes, size_t length,
                                struct dp_error *err),
                    void *user, uint64_t *torn, struct dp_error *err)
{
    struct stat about;
    uint32_t type = 0;
    size_t length = 0;
    int rc = 0;

    if (torn)
        *torn = 0;
    if (log->fd < 0 || log->replace)
        return DP_OK;
    if (fstat(log->fd, &about) != 0)
        return dp_error_set_errno(err, errno, "%s", dp_mdr_log_name(log));
    log->end = HEADER_BYTES;
    while ((rc = read_record(log, (uint64_t)about.st_size, &type, &length, err)) > 0) {
        rc = take(user, type, log->room + 8, length, err);
        if (rc < 0)
            return rc;
        log->end += FRAME_BYTES + length;
    }
    log->torn = log->end < (uint64_t)about.st_size;
    log->end_is_known = rc == 0;
    if (torn)
        *torn = (uint64_t)about.st_size - log->end;
    return rc;
}

/* ----------------------------------------------------------------------------------- writing */

/* The file is made now; somebody else may have done so since we looked. */
static int create(struct dp_mdr_log *log, struct dp_error *err)
{
    log->fd = open(log->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (log->fd < 0 && errno == EEXIST)
        return refuse(log, "another process is writing this journal", err);
    if (log->fd < 0)
        return dp_error_set_errno(err, errno, "%s", log->path);
    (void)flock(log->fd, LOCK_EX | LOCK_NB);
    log->replace = true;
    return DP_OK;
}

/* Makes sure that log->end is the end of the file and that there is a header. */
static int prepare(struct dp_mdr_log *log, struct dp_error *err)
{
    uint8_t header[HEADER_BYTES];
    int rc = log->fd < 0 ? create(log, err) : DP_OK;

    if (rc < 0)
        return rc;
    if (log->replace) {
        make_header(log, header);
        log->end = 0;
        if (ftruncate(log->fd, 0) != 0)
            return dp_error_set_errno(err, errno, "%s", dp_mdr_log_name(log));
        rc = dp_scratch_write(log->fd, dp_mdr_log_name(log), 0, header, sizeof(header), err);
        if (rc < 0)
            return rc;
        log->end = HEADER_BYTES;
        log->replace = false;
        log->end_is_known = true;
    } else if (!log->end_is_known) {
        return dp_error_set(err, DP_INVALID, "%s: its end was not looked for",
                            dp_mdr_log_name(log));
    }
    if (log->torn && ftruncate(log->fd, (off_t)log->end) != 0)
        return dp_error_set_errno(err, errno, "%s", dp_mdr_log_name(log));
    log->torn = false;
    return DP_OK;
}

int dp_mdr_log_append(struct dp_mdr_log *log, uint32_t type, const uint8_t *bytes, size_t length,
                      struct dp_error *err)
{
    int rc = prepare(log, err);

    if (rc == DP_OK && length > UINT32_MAX - FRAME_BYTES)
        rc = dp_error_set(err, DP_INVALID, "%s: a record is too long", dp_mdr_log_name(log));
    if (rc == DP_OK)
        rc = make_room(log, length + FRAME_BYTES, err);
    if (rc < 0)
        return rc;
    dp_le32_store(log->room, type);
    dp_le32_store(log->room + 4, (uint32_t)length);
    if (length)
        memcpy(log->room + 8, bytes, length);
    dp_le32_store(log->room + 8 + length, dp_crc32(0, log->room, 8 + length));
    rc = dp_scratch_write(log->fd, dp_mdr_log_name(log), log->end, log->room, length + FRAME_BYTES,
                          err);
    if (rc == DP_OK)
        log->end += length + FRAME_BYTES;
    else
        log->torn = true;
    return rc;
}

int dp_mdr_log_sync(struct dp_mdr_log *log, struct dp_error *err)
{
    if (log->fd >= 0 && log->path && fdatasync(log->fd) != 0 && errno != EINVAL && errno != ENOSYS)
        return dp_error_set_errno(err, errno, "%s", dp_mdr_log_name(log));
    return DP_OK;
}
