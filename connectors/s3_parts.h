/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The parts of an upload that are on their way, some at a time, while the next one is gathered. One
 * thread uses it; the sending is done by its own. */

#ifndef DP_CONNECTORS_S3_PARTS_H
#define DP_CONNECTORS_S3_PARTS_H

#include "connectors/s3_upload.h"

#include <pthread.h>
#include <stdatomic.h>

/* Under way at a time: so many spools of a part each lie in TMPDIR, besides one that is filled. */
#define DP_S3_PARTS_MOST 3

struct dp_s3_part {
    struct dp_s3_parts *parts;
    struct dp_spool spool; /* owned */
    size_t number;
    struct dp_s3_etag etag;
    struct dp_error why;
    atomic_bool failed; /* `why` tells */
    pthread_t thread;
};

/* Zero-initialise, then set the upload, which stays the caller's. Does not move in memory. */
struct dp_s3_parts {
    struct dp_s3_upload *upload;
    struct dp_s3_part part[DP_S3_PARTS_MOST]; /* a ring, the oldest at `first` */
    size_t first, count;
    atomic_bool stop; /* what is under way is not wanted any more */
};

/* Sends what stands in `spool` as the next part of the upload, which has begun: waits for a free
 * place, not for the end. The spool is empty then. A failure may be that of an earlier part; all
 * others have been given up then. */
int dp_s3_parts_send(struct dp_s3_parts *parts, struct dp_spool *spool, struct dp_error *err);
/* Waits for all of them. */
int dp_s3_parts_finish(struct dp_s3_parts *parts, struct dp_error *err);
/* Gives up what is under way. Before the upload is removed. */
void dp_s3_parts_stop(struct dp_s3_parts *parts);

#endif
