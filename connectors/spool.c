/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/spool.h"

#include "base/scratch.h"

#include <nettle/base16.h>
#include <unistd.h>

int dp_spool_open(struct dp_spool *spool, struct dp_error *err)
{
    spool->fd = -1;
    spool->length_bytes = 0;
    sha256_init(&spool->hash);
    return dp_scratch_open(&spool->fd, err);
}

int dp_spool_write(struct dp_spool *spool, const void *bytes, size_t length, struct dp_error *err)
{
    int rc = dp_scratch_write(spool->fd, DP_SCRATCH_NAME, spool->length_bytes, bytes, length, err);

    if (rc)
        return rc;
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
