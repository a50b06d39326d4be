/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Records of BCF on their way out of a slice. The first 32 bytes of one tell whether it is wanted;
 * the rest passes or is dropped as it comes, so nothing else is kept. */

#include "config.h"

#include "index/format/bcf_filter.h"

#include "index/format/bcf.h"
#include "index/format/region_filter.h"

#include <stdlib.h>
#include <string.h>

struct dp_filter {
    char *name;
    bool prologue; /* the header passes as it is */
    struct dp_region_filter regions;
    int32_t contig; /* its number: records know no names */

    uint8_t head[DP_BCF_HEAD_BYTES];
    size_t head_bytes;
    uint64_t left; /* bytes of the record at hand that are still to come */
    bool wanted;   /* and whether they pass */
    uint64_t record_count;
};

static void filter_close(struct dp_filter *filter)
{
    if (!filter)
        return;
    dp_region_filter_close(&filter->regions);
    free(filter->name);
    free(filter);
}

/* The five keys that all formats share, and the contig's number. */
static int read_spec(struct dp_filter *filter, const json_t *spec, struct dp_error *err)
{
    const json_t *number = json_object_get(spec, "number");

    if (json_object_get(spec, "columns"))
        return dp_error_set(err, DP_UNSUPPORTED, "%s: samples cannot be chosen in BCF",
                            filter->name);
    if (json_object_size(spec) != 6 || !json_is_integer(number) ||
        json_integer_value(number) < 0 || json_integer_value(number) > INT32_MAX)
        return dp_error_set(err, DP_BAD_INDEX, "%s: the filter makes no sense", filter->name);
    filter->contig = (int32_t)json_integer_value(number);
    return dp_region_filter_open(spec, filter->name, &filter->regions, err);
}

static int filter_open(const json_t *spec, const char *name, bool prologue,
                       struct dp_filter **filter, struct dp_error *err)
{
    struct dp_filter *made = calloc(1, sizeof(*made));
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    made->prologue = prologue;
    made->name = strdup(name);
    rc = made->name ? read_spec(made, spec, err) : dp_error_no_memory(err);
    if (rc) {
        filter_close(made);
        return rc;
    }
    *filter = made;
    return DP_OK;
}

/* The head is whole: does its record pass? */
static int judge(struct dp_filter *filter, struct dp_array *out, struct dp_error *err)
{
    struct dp_bcf_head head = dp_bcf_head_read(filter->head);
    struct dp_locus locus = dp_bcf_head_locus(&head);

    if (!dp_bcf_head_fits(&head))
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD,
                                   "%s: what is no record, behind %llu that were wanted",
                                   filter->name, (unsigned long long)filter->record_count);
    locus.contig = filter->regions.contig;
    locus.contig_bytes = filter->regions.contig_bytes;
    filter->wanted =
        head.contig == filter->contig && dp_region_filter_passes(&filter->regions, &locus);
    filter->left = dp_bcf_head_rest(&head);
    filter->head_bytes = 0;
    if (!filter->wanted)
        return DP_OK;
    filter->record_count++;
    return dp_array_append(out, filter->head, sizeof(filter->head), 1) ? DP_OK
                                                                       : dp_error_no_memory(err);
}

static size_t least(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

static int filter_feed(struct dp_filter *filter, const uint8_t *bytes, size_t length,
                       struct dp_array *out, struct dp_error *err)
{
    size_t part;
    int rc = DP_OK;

    if (filter->prologue)
        return dp_array_append(out, bytes, length, 1) ? DP_OK : dp_error_no_memory(err);
    while (!rc && length) {
        part = least(filter->left, length);
        if (part == 0) {
            part = least(sizeof(filter->head) - filter->head_bytes, length);
            memcpy(filter->head + filter->head_bytes, bytes, part);
            filter->head_bytes += part;
            if (filter->head_bytes == sizeof(filter->head))
                rc = judge(filter, out, err);
        } else {
            if (filter->wanted && !dp_array_append(out, bytes, part, 1))
                rc = dp_error_no_memory(err);
            filter->left -= part;
        }
        bytes += part;
        length -= part;
    }
    return rc;
}

static int filter_finish(struct dp_filter *filter, struct dp_array *out, struct dp_error *err)
{
    (void)out;
    if (filter->head_bytes || filter->left)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_UNEXPECTED_END,
                                   "%s: the data end inside a record", filter->name);
    return DP_OK;
}

static uint64_t filter_record_count(const struct dp_filter *filter)
{
    return filter->record_count;
}

const struct dp_filter_type dp_bcf_filter = {
    .open = filter_open,
    .feed = filter_feed,
    .finish = filter_finish,
    .record_count = filter_record_count,
    .close = filter_close,
};
