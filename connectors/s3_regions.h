/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* In which region a bucket turned out to be: learnt from one redirect, known to all objects of the
 * bucket. Thread-safe. */

#ifndef DP_CONNECTORS_S3_REGIONS_H
#define DP_CONNECTORS_S3_REGIONS_H

#include "base/array.h"

#include <pthread.h>

#define DP_S3_REGION_BYTES 64

struct dp_s3_regions {
    pthread_mutex_t mutex;
    struct dp_array rows; /* private */
};

void dp_s3_regions_init(struct dp_s3_regions *regions);
void dp_s3_regions_free(struct dp_s3_regions *regions);

/* Copies the region of `bucket` to `region`; false, and nothing copied, when none was learnt. */
bool dp_s3_regions_find(struct dp_s3_regions *regions, const char *bucket,
                        char region[DP_S3_REGION_BYTES]);
/* Remembers; without memory it is learnt anew next time. */
void dp_s3_regions_learn(struct dp_s3_regions *regions, const char *bucket, const char *region);

#endif
