/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/base16.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *folder(void)
{
    const char *path = getenv("TMPDIR");

    return path && *path ? path : "/tmp";
}

int dp_spool_open(struct dp_spool *spool, struct dp_error *err)
{
    char *path;

    if (asprintf(&path, "%s/dataplug-XXXXXX", folder()) < 0) {
        spool->fd = -1;
        return dp_error_no_memory(err);
    }
    spool->fd = mkostemp(path, O_CLOEXEC);
    if (spool->fd < 0)
        dp_error_set_errno(err, errno, "%s: a temporary file", folder());
    else
        unlink(path);
    free(path);
    spool->length_bytes = 0;
    sha256_init(&spool->hash);
    return spool->fd < 0 ? DP_IO : DP_OK;
}

int dp_spool_write(struct dp_spool *spool, const void *bytes, size_t length, struct dp_error *err)
{
    const char *from = bytes;
    size_t left = length;

    while (left) {
        ssize_t put = pwrite(spool->fd, from, left,
                             (off_t)(spool->length_bytes + (length - left)));

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return dp_error_set_errno(err, errno, "%s: a temporary file", folder());
        from += put;
        left -= (size_t)put;
    }
    sha256_update(&spool->hash, length, bytes);
    spool->length_bytes += length;
    return DP_OK;
}

void dp_spool_hash(struct dp_spool *spool, char hex[65])
{
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_digest(&spool->hash, sizeof(digest), digest);
    base16_encode_update(hex, sizeof(digest), digest);
    hex[64] = 0;
}

void dp_spool_close(struct dp_spool *spool)
{
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = -1;
}
