/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Records of BCF on their way out of a slice. The first 32 bytes of one tell whether it is wanted;
 * the rest passes or is dropped as it comes, so nothing else is kept. Only where samples are chosen
 * a record that is wanted, and the header, must be whole before anything of it passes. */

#include "config.h"

#include "index/format/bcf_filter.h"

#include "index/format/bcf.h"
#include "index/format/bcf_columns.h"
#include "index/format/region_filter.h"

#include <stdlib.h>
#include <string.h>

struct dp_filter {
    char *name;
    bool prologue; /* what is fed is the header */
    bool by_region;
    struct dp_region_filter regions;
    int32_t contig;                 /* its number: records know no names */
    struct dp_bcf_columns *columns; /* NULL: all samples */
    struct dp_array kept; /* with columns: the header; or what came of the record behind its head */

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
    dp_bcf_columns_close(filter->columns);
    dp_array_free(&filter->kept);
    free(filter->name);
    free(filter);
}

/* Every key is known, and there are those of a region, or of columns, or both. */
static bool keys_fit(const json_t *spec, bool by_region, bool by_column)
{
    return json_is_object(spec) && (by_region || by_column) &&
           json_object_size(spec) == (size_t)((by_region ? 6 : 0) + (by_column ? 2 : 0));
}

/* The five keys that all formats share, and the contig's number. */
static int read_region(struct dp_filter *filter, const json_t *spec, struct dp_error *err)
{
    const json_t *number = json_object_get(spec, "number");

    if (!json_is_integer(number) || json_integer_value(number) < 0 ||
        json_integer_value(number) > INT32_MAX)
        return dp_error_set(err, DP_BAD_INDEX, "%s: the filter makes no sense", filter->name);
    filter->by_region = true;
    filter->contig = (int32_t)json_integer_value(number);
    return dp_region_filter_open(spec, filter->name, &filter->regions, err);
}

static int read_spec(struct dp_filter *filter, const json_t *spec, struct dp_error *err)
{
    bool by_region = json_object_get(spec, "regions"), by_column = json_object_get(spec, "columns");
    int rc = DP_OK;

    if (!keys_fit(spec, by_region, by_column))
        return dp_error_set(err, DP_BAD_INDEX, "%s: the filter makes no sense", filter->name);
    if (by_region)
        rc = read_region(filter, spec, err);
    return !rc && by_column ? dp_bcf_columns_open(spec, filter->name, &filter->columns, err) : rc;
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

static int append(struct dp_array *array, const uint8_t *bytes, size_t length, struct dp_error *err)
{
    return dp_array_append(array, bytes, length, 1) ? DP_OK : dp_error_no_memory(err);
}

static bool is_wanted(const struct dp_filter *filter, const struct dp_bcf_head *head)
{
    struct dp_locus locus = dp_bcf_head_locus(head);

    if (!filter->by_region)
        return true;
    locus.contig = filter->regions.contig;
    locus.contig_bytes = filter->regions.contig_bytes;
    return head->contig == filter->contig && dp_region_filter_passes(&filter->regions, &locus);
}

/* The head is whole: does its record pass? */
static int judge(struct dp_filter *filter, struct dp_array *out, struct dp_error *err)
{
    struct dp_bcf_head head = dp_bcf_head_read(filter->head);

    if (!dp_bcf_head_fits(&head))
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD,
                                   "%s: what is no record, behind %llu that were wanted",
                                   filter->name, (unsigned long long)filter->record_count);
    filter->wanted = is_wanted(filter, &head);
    filter->left = dp_bcf_head_rest(&head);
    filter->head_bytes = 0;
    if (!filter->wanted)
        return DP_OK;
    filter->record_count++;
    if (!filter->columns)
        return append(out, filter->head, sizeof(filter->head), err);
    if (filter->left > DP_BCF_COLUMNS_RECORD_MAX)
        return dp_error_set(err, DP_UNSUPPORTED,
                            "%s: record %llu of this slice: samples cannot be chosen in more than"
                            " 1 GiB",
                            filter->name, (unsigned long long)filter->record_count);
    return DP_OK;
}

/* Part of what lies behind the head of the record at hand. */
static int take_rest(struct dp_filter *filter, const uint8_t *bytes, size_t length,
                     struct dp_array *out, struct dp_error *err)
{
    int rc = DP_OK;

    filter->left -= length;
    if (!filter->wanted)
        return DP_OK;
    if (!filter->columns)
        return append(out, bytes, length, err);
    if (filter->left || filter->kept.length) {
        rc = append(&filter->kept, bytes, length, err);
        bytes = filter->kept.data;
    }
    if (rc || filter->left)
        return rc;
    filter->kept.length = 0;
    return dp_bcf_columns_cut_record(filter->columns, filter->head, bytes, out, err);
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
        return append(filter->columns ? &filter->kept : out, bytes, length, err);
    while (!rc && length) {
        part = least(filter->left, length);
        if (part == 0) {
            part = least(sizeof(filter->head) - filter->head_bytes, length);
            memcpy(filter->head + filter->head_bytes, bytes, part);
            filter->head_bytes += part;
            if (filter->head_bytes == sizeof(filter->head))
                rc = judge(filter, out, err);
        } else {
            rc = take_rest(filter, bytes, part, out, err);
        }
        bytes += part;
        length -= part;
    }
    return rc;
}

static int filter_finish(struct dp_filter *filter, struct dp_array *out, struct dp_error *err)
{
    if (filter->head_bytes || filter->left)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_UNEXPECTED_END,
                                   "%s: the data end inside a record", filter->name);
    if (filter->prologue && filter->columns)
        return dp_bcf_columns_cut_header(filter->columns, filter->kept.data, filter->kept.length,
                                         out, err);
    return DP_OK;
}

static uint64_t filter_record_count(const struct dp_filter *filter)
{
    return filter->record_count;
}

const struct dp_filter_type dp_bcf_filter = {
    .choose = dp_bcf_columns_choose,
    .open = filter_open,
    .feed = filter_feed,
    .finish = filter_finish,
    .record_count = filter_record_count,
    .close = filter_close,
};
