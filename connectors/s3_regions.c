/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/s3_regions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whoever opens so many buckets of other regions pays for a redirect each time. */
enum { MOST_ROWS = 1024 };

struct row {
    char *bucket;
    char region[DP_S3_REGION_BYTES];
};

void dp_s3_regions_init(struct dp_s3_regions *regions)
{
    memset(regions, 0, sizeof(*regions));
    pthread_mutex_init(&regions->mutex, NULL);
}

void dp_s3_regions_free(struct dp_s3_regions *regions)
{
    struct row *row = regions->rows.data;
    size_t i;

    for (i = 0; i < regions->rows.length; i++)
        free(row[i].bucket);
    dp_array_free(&regions->rows);
    pthread_mutex_destroy(&regions->mutex);
}

static struct row *find(const struct dp_s3_regions *regions, const char *bucket)
{
    struct row *row = regions->rows.data;
    size_t i;

    for (i = 0; i < regions->rows.length; i++)
        if (strcmp(row[i].bucket, bucket) == 0)
            return &row[i];
    return NULL;
}

bool dp_s3_regions_find(struct dp_s3_regions *regions, const char *bucket,
                        char region[DP_S3_REGION_BYTES])
{
    struct row *row;

    pthread_mutex_lock(&regions->mutex);
    row = find(regions, bucket);
    if (row)
        memcpy(region, row->region, sizeof(row->region));
    pthread_mutex_unlock(&regions->mutex);
    return row != NULL;
}

void dp_s3_regions_learn(struct dp_s3_regions *regions, const char *bucket, const char *region)
{
    struct row *row, fresh;

    pthread_mutex_lock(&regions->mutex);
    row = find(regions, bucket);
    if (!row && regions->rows.length < MOST_ROWS && (fresh.bucket = strdup(bucket))) {
        row = &fresh;
        snprintf(fresh.region, sizeof(fresh.region), "%s", region);
        if (!dp_array_append(&regions->rows, &fresh, 1, sizeof(fresh)))
            free(fresh.bucket);
    } else if (row) {
        snprintf(row->region, sizeof(row->region), "%s", region);
    }
    pthread_mutex_unlock(&regions->mutex);
}
