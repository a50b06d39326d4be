/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "slicer/mates.h"

#include "connectors/object.h"
#include "slicer/piece_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As much of a record is looked at for its name. */
#define HEAD_BYTES 4096u

/* The records of one group in one object. */
struct side {
    struct dp_slice *slice;
    struct dp_piece_reader *reader;
    uint8_t head[HEAD_BYTES]; /* of the last record read */
    size_t head_bytes;
};

static void close_side(struct side *side)
{
    dp_piece_reader_free(side->reader);
    dp_slice_free(side->slice);
}

static int open_side(const struct dp_plan_place *place, uint64_t begin, uint64_t end,
                     struct side *side, struct dp_error *err)
{
    /* This slice does not leave the process. */
    struct dp_plan_place here = {
        .index = place->index, .object = place->object, .inline_parts = true, .allow_signed = true};
    struct dp_interval records = {DP_UNIT_RECORDS, begin, end, false};
    struct dp_reader_options options = {.struct_bytes = sizeof(options)};
    int rc;

    side->slice = calloc(1, sizeof(*side->slice));
    if (!side->slice)
        return dp_error_no_memory(err);
    rc = dp_plan_piece_source(&here, side->slice, err);
    if (!rc)
        rc = dp_plan_piece_interval(&here, &records, 0, 0, side->slice, err);
    if (!rc)
        rc = dp_piece_reader_open(place->object->context, side->slice, &side->slice->pieces[0],
                                  &options, &side->reader, err);
    return rc;
}

/* Reads the record before record `limit`. */
static int read_record(struct side *side, uint64_t limit, struct dp_error *err)
{
    const uint8_t *bytes;
    int64_t got;

    side->head_bytes = 0;
    while ((got = dp_piece_reader_next(side->reader, limit, &bytes, err)) > 0) {
        size_t room = HEAD_BYTES - side->head_bytes;
        size_t taken = (size_t)got < room ? (size_t)got : room;

        memcpy(side->head + side->head_bytes, bytes, taken);
        side->head_bytes += taken;
    }
    return (int)got;
}

/* A name for people; foreign bytes must not reach a terminal. */
static void show(const uint8_t *name, size_t length, char text[64])
{
    size_t i;

    for (i = 0; i < length && i < 60; i++)
        text[i] = name[i] > 32 && name[i] < 127 ? (char)name[i] : '?';
    snprintf(text + i, 4, "%s", i < length ? "..." : "");
}

/* Do both records have one name? When not, says so. */
static int compare(const struct dp_plan_place *first, const struct dp_plan_place *second,
                   const struct side sides[2], uint64_t record, struct dp_error *err)
{
    const struct dp_format *format = dp_index_format(first->index);
    const uint8_t *names[2];
    size_t lengths[2];
    char shown[2][64];
    int i;

    for (i = 0; i < 2; i++)
        lengths[i] = format->name_of(sides[i].head, sides[i].head_bytes, &names[i]);
    if (lengths[0] == lengths[1] && memcmp(names[0], names[1], lengths[0]) == 0)
        return DP_OK;
    for (i = 0; i < 2; i++)
        show(names[i], lengths[i], shown[i]);
    return dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD,
                               "%s: record %llu is \"%s\", but its mate in %s is \"%s\"",
                               dp_object_uri(second->object), (unsigned long long)record + 1,
                               shown[1], dp_object_uri(first->object), shown[0]);
}

/* The first difference in the records [begin, end). */
static int find_difference(const struct dp_plan_place *first, const struct dp_plan_place *second,
                           uint64_t begin, uint64_t end, struct dp_error *err)
{
    struct side *sides = calloc(2, sizeof(*sides));
    uint64_t record;
    int rc;

    if (!sides)
        return dp_error_no_memory(err);
    rc = open_side(first, begin, end, &sides[0], err);
    if (!rc)
        rc = open_side(second, begin, end, &sides[1], err);
    for (record = begin; record < end && !rc; record++) {
        rc = read_record(&sides[0], record + 1, err);
        if (!rc)
            rc = read_record(&sides[1], record + 1, err);
        if (!rc)
            rc = compare(first, second, sides, record, err);
    }
    if (!rc) /* names that differ far behind their begin */
        rc = dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD,
                                 "%s: among the records %llu to %llu there are other names than in "
                                 "%s",
                                 dp_object_uri(second->object), (unsigned long long)begin + 1,
                                 (unsigned long long)end, dp_object_uri(first->object));
    close_side(&sides[0]);
    close_side(&sides[1]);
    free(sides);
    return rc;
}

int dp_mates_check(const struct dp_plan_place *first, const struct dp_plan_place *second,
                   struct dp_error *err)
{
    size_t counts[2], i;
    const struct dp_name_digest *a = dp_index_digests(first->index, &counts[0]);
    const struct dp_name_digest *b = dp_index_digests(second->index, &counts[1]);
    const struct dp_format *format = dp_index_format(first->index);
    struct dp_edge totals[2];
    uint64_t begin;

    dp_index_totals(first->index, &totals[0]);
    dp_index_totals(second->index, &totals[1]);
    if (format != dp_index_format(second->index) || !format->name_of)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: format %s: no mates of the %s records of %s",
                            dp_object_uri(second->object), dp_index_format(second->index)->name,
                            format->name, dp_object_uri(first->object));
    if (totals[0].record != totals[1].record)
        return dp_error_set(err, DP_DATA, "%s: it has %llu records, but its mate %s has %llu",
                            dp_object_uri(second->object), (unsigned long long)totals[1].record,
                            dp_object_uri(first->object), (unsigned long long)totals[0].record);
    for (i = 0; i < counts[0] && i < counts[1]; i++)
        if (a[i].digest != b[i].digest)
            break;
    begin = (uint64_t)i * DP_DIGEST_RECORDS;
    if (begin >= totals[0].record)
        return DP_OK;
    return find_difference(first, second, begin,
                           begin + DP_DIGEST_RECORDS < totals[0].record ? begin + DP_DIGEST_RECORDS
                                                                        : totals[0].record,
                           err);
}
