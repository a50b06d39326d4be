/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/s3_parts.h"

static struct dp_s3_part *part_at(struct dp_s3_parts *parts, size_t i)
{
    return &parts->part[(parts->first + i) % DP_S3_PARTS_MOST];
}

static void *send(void *user)
{
    struct dp_s3_part *part = user;

    if (dp_s3_upload_send(part->parts->upload, part->number, &part->spool, &part->parts->stop,
                          &part->etag, &part->why))
        atomic_store(&part->failed, true);
    return NULL;
}

/* Waits for the oldest part and notes it. */
static int take_oldest(struct dp_s3_parts *parts, struct dp_error *err)
{
    struct dp_s3_part *part = part_at(parts, 0);
    int rc = DP_OK;

    pthread_join(part->thread, NULL);
    parts->first = (parts->first + 1) % DP_S3_PARTS_MOST;
    parts->count--;
    if (atomic_load(&part->failed)) {
        rc = part->why.code;
        if (err)
            *err = part->why;
    } else {
        rc = dp_s3_upload_note(parts->upload, &part->etag, part->spool.length_bytes, err);
    }
    dp_spool_close(&part->spool);
    return rc;
}

void dp_s3_parts_stop(struct dp_s3_parts *parts)
{
    atomic_store(&parts->stop, true);
    while (parts->count)
        take_oldest(parts, NULL);
}

/* Has one failed already? Then nothing more is worth sending. */
static int look_for_failure(struct dp_s3_parts *parts, struct dp_error *err)
{
    size_t i;

    for (i = 0; i < parts->count; i++) {
        struct dp_s3_part *part = part_at(parts, i);

        if (!atomic_load(&part->failed))
            continue;
        if (err)
            *err = part->why;
        return part->why.code;
    }
    return DP_OK;
}

/* Takes the spool over. */
static int start(struct dp_s3_parts *parts, struct dp_spool *spool, struct dp_error *err)
{
    struct dp_s3_part *part = part_at(parts, parts->count);
    struct dp_spool fresh;
    int rc = dp_spool_open(&fresh, err);

    if (rc)
        return rc;
    part->parts = parts;
    part->number = parts->upload->etags.length + parts->count + 1;
    part->spool = *spool;
    part->why = (struct dp_error){0};
    atomic_init(&part->failed, false);
    rc = pthread_create(&part->thread, NULL, send, part);
    if (rc) {
        dp_spool_close(&fresh);
        return dp_error_set_errno(err, rc, "%s: starting a thread", parts->upload->place->uri);
    }
    parts->count++;
    *spool = fresh;
    return DP_OK;
}

int dp_s3_parts_send(struct dp_s3_parts *parts, struct dp_spool *spool, struct dp_error *err)
{
    int rc = look_for_failure(parts, err);

    if (!rc && parts->count == DP_S3_PARTS_MOST)
        rc = take_oldest(parts, err);
    if (!rc)
        rc = start(parts, spool, err);
    if (rc)
        dp_s3_parts_stop(parts);
    return rc;
}

int dp_s3_parts_finish(struct dp_s3_parts *parts, struct dp_error *err)
{
    int rc = look_for_failure(parts, err);

    while (!rc && parts->count)
        rc = take_oldest(parts, err);
    if (rc)
        dp_s3_parts_stop(parts);
    return rc;
}
