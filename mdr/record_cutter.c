/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/record_cutter.h"

#include "base/le.h"
#include "mdr/decode.h"

#include <inttypes.h>
#include <string.h>

enum {
    BATCH_BYTES = 1 << 20,      /* decoded in a millisecond or so */
    HEADER_BYTES_MAX = 1 << 30, /* of headers only lines are looked for: bound what is kept */
    BCF_HEAD_BYTES = 9,         /* magic, version, length of the text */
    BCF_SITE_BYTES_MIN = 24     /* the fixed part of a record */
};

void dp_mdr_cutter_begin(struct dp_mdr_cutter *cutter, dp_mdr_pull pull, void *user,
                         const char *name, bool is_bcf)
{
    *cutter = (struct dp_mdr_cutter){.pull = pull, .user = user, .name = name, .is_bcf = is_bcf};
}

void dp_mdr_cutter_end(struct dp_mdr_cutter *cutter)
{
    dp_array_free(&cutter->rest);
}

/* Appends what comes next, and sets cutter->ended at the end. */
static int pull_more(struct dp_mdr_cutter *cutter, struct dp_array *to, struct dp_error *err)
{
    const void *bytes = NULL;
    int64_t length = cutter->pull(cutter->user, &bytes, err);

    if (length < 0)
        return (int)length;
    cutter->ended = length == 0;
    if (!dp_array_append(to, bytes, (size_t)length, 1))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* ---------------------------------------------------------------------------------- header */

static int refuse(const struct dp_mdr_cutter *cutter, struct dp_error *err)
{
    return dp_error_set(err, DP_DATA, "%s: this is neither VCF nor BCF", cutter->name);
}

static int cut_in_header(const struct dp_mdr_cutter *cutter, struct dp_error *err)
{
    return dp_error_set_detail(err, DP_DATA, DP_DETAIL_UNEXPECTED_END,
                               "%s: the object ends within its header", cutter->name);
}

/* The length of the lines up to the one that names the columns, or 0 when that is not there yet.
 * *seen is what was looked at before: the begin of a line. */
static size_t text_header_bytes(const struct dp_array *bytes, size_t *seen, bool ended)
{
    const char *data = bytes->data, *line, *newline;

    while (*seen < bytes->length && data[*seen] == '#') {
        line = data + *seen;
        newline = memchr(line, '\n', bytes->length - *seen);
        if (!newline)
            return ended && bytes->length - *seen >= 6 && memcmp(line, "#CHROM", 6) == 0
                       ? bytes->length
                       : 0;
        *seen = (size_t)(newline - data) + 1;
        if (line[1] != '#')
            return *seen;
    }
    return 0;
}

static int pull_text_header(struct dp_mdr_cutter *cutter, size_t *length, struct dp_error *err)
{
    struct dp_array *rest = &cutter->rest;
    size_t seen = 0;
    int rc = DP_OK;

    while (!rc) {
        *length = text_header_bytes(rest, &seen, cutter->ended);
        if (*length > 0)
            return DP_OK;
        if (seen < rest->length && ((char *)rest->data)[seen] != '#')
            return dp_error_set(err, DP_DATA, "%s: the header has no #CHROM line", cutter->name);
        if (cutter->ended || rest->length > HEADER_BYTES_MAX)
            return cut_in_header(cutter, err);
        rc = pull_more(cutter, rest, err);
    }
    return rc;
}

static int pull_bcf_header(struct dp_mdr_cutter *cutter, size_t *length, struct dp_error *err)
{
    struct dp_array *rest = &cutter->rest;
    uint64_t wanted = BCF_HEAD_BYTES;
    int rc = DP_OK;

    while (!rc) {
        if (rest->length >= BCF_HEAD_BYTES)
            wanted = BCF_HEAD_BYTES + (uint64_t)dp_le32_load((char *)rest->data + 5);
        if (wanted > HEADER_BYTES_MAX)
            return dp_error_set(err, DP_DATA, "%s: the header is too long", cutter->name);
        *length = (size_t)wanted;
        if (rest->length >= BCF_HEAD_BYTES && rest->length >= wanted)
            return DP_OK;
        if (cutter->ended)
            return cut_in_header(cutter, err);
        rc = pull_more(cutter, rest, err);
    }
    return rc;
}

static int take_front(struct dp_array *from, size_t length, struct dp_array *to)
{
    to->length = 0;
    if (!dp_array_append(to, from->data, length, 1))
        return DP_NO_MEMORY;
    memmove(from->data, (char *)from->data + length, from->length - length);
    from->length -= length;
    return DP_OK;
}

int dp_mdr_cutter_header(struct dp_mdr_cutter *cutter, struct dp_array *header,
                         struct dp_error *err)
{
    struct dp_array *rest = &cutter->rest;
    size_t length = 0;
    int rc = DP_OK;

    while (!rc && !cutter->ended && rest->length < BCF_HEAD_BYTES)
        rc = pull_more(cutter, rest, err);
    if (rc)
        return rc;
    if (rest->length == 0)
        return dp_error_set(err, DP_DATA, "%s: the object is empty", cutter->name);
    if (rest->length > 4 && memcmp(rest->data, "BCF\2", 4) == 0)
        cutter->is_bcf = true;
    else if (rest->length < 9 || memcmp(rest->data, "##filefor", 9) != 0)
        return refuse(cutter, err);
    rc = cutter->is_bcf ? pull_bcf_header(cutter, &length, err)
                        : pull_text_header(cutter, &length, err);
    if (!rc && take_front(rest, length, header))
        rc = dp_error_no_memory(err);
    return rc;
}

/* --------------------------------------------------------------------------------- records */

/* How far whole records go in `bytes`, from `*edge`, which is one's begin. Counts them. */
static int walk_bcf(const struct dp_mdr_cutter *cutter, const struct dp_array *bytes, size_t *edge,
                    uint64_t *records, struct dp_error *err)
{
    const char *data = bytes->data;
    uint64_t length;

    while (bytes->length - *edge >= 8) {
        length = dp_le32_load(data + *edge);
        if (length < BCF_SITE_BYTES_MIN || length >= UINT64_C(1) << 31)
            return dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD,
                                       "%s: a record has a length that makes no sense",
                                       cutter->name);
        length += 8 + (uint64_t)dp_le32_load(data + *edge + 4);
        if (bytes->length - *edge < length)
            break;
        *edge += (size_t)length;
        ++*records;
    }
    return DP_OK;
}

/* The same for lines. `from` was looked at before. */
static void walk_text(const struct dp_mdr_cutter *cutter, const struct dp_array *bytes, size_t from,
                      size_t *edge, uint64_t *records)
{
    const char *data = bytes->data, *p = data + from, *stop = data + bytes->length, *newline;

    while (p < stop && (newline = memchr(p, '\n', (size_t)(stop - p)))) {
        p = newline + 1;
        *edge = (size_t)(p - data);
        ++*records;
    }
    if (cutter->ended && *edge < bytes->length) { /* the last line of an object needs no newline */
        *edge = bytes->length;
        ++*records;
    }
}

static int gather(struct dp_mdr_cutter *cutter, struct dp_array *batch, size_t *edge,
                  uint64_t *records, struct dp_error *err)
{
    size_t seen = 0;
    int rc = DP_OK;

    for (;;) {
        if (cutter->is_bcf)
            rc = walk_bcf(cutter, batch, edge, records, err);
        else
            walk_text(cutter, batch, seen, edge, records);
        if (rc || cutter->ended || (*edge > 0 && batch->length >= BATCH_BYTES))
            return rc;
        seen = batch->length;
        rc = pull_more(cutter, batch, err);
        if (rc)
            return rc;
    }
}

int dp_mdr_cutter_batch(struct dp_mdr_cutter *cutter, struct dp_array *batch, uint64_t *records,
                        struct dp_error *err)
{
    uint64_t count = 0;
    size_t edge = 0;
    int rc;

    batch->length = 0;
    if (!dp_array_reserve(batch, DP_MDR_BATCH_SLACK, 1) ||
        !dp_array_append(batch, cutter->rest.data, cutter->rest.length, 1))
        return dp_error_no_memory(err);
    cutter->rest.length = 0;
    rc = gather(cutter, batch, &edge, &count, err);
    if (rc)
        return rc;
    if (cutter->ended && edge < batch->length)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_UNEXPECTED_END,
                                   "%s: the object ends within a record", cutter->name);
    if (!dp_array_append(&cutter->rest, (char *)batch->data + edge, batch->length - edge, 1) ||
        !dp_array_reserve(batch, DP_MDR_BATCH_SLACK, 1))
        return dp_error_no_memory(err);
    batch->length = edge;
    memset((char *)batch->data + edge, 0,
           batch->capacity - edge < DP_MDR_BATCH_SLACK ? batch->capacity - edge
                                                       : DP_MDR_BATCH_SLACK);
    *records = count;
    return DP_OK;
}
