/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Bytes on their way to a place that wants to know length and hash first: an unlinked file in
 * the folder for temporary files, so that memory stays small and nothing is left behind. */

#ifndef DP_CONNECTORS_SPOOL_H
#define DP_CONNECTORS_SPOOL_H

#include "base/error.h"

#include <nettle/sha2.h>

struct dp_spool {
    int fd;
    uint64_t length_bytes;
    struct sha256_ctx hash;
};

int dp_spool_open(struct dp_spool *spool, struct dp_error *err);
int dp_spool_write(struct dp_spool *spool, const void *bytes, size_t length, struct dp_error *err);
/* SHA-256 of everything written, 64 hex digits and a NUL. Once only. */
void dp_spool_hash(struct dp_spool *spool, char hex[65]);
void dp_spool_close(struct dp_spool *spool);

#endif
