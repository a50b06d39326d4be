/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Lines of VCF text on their way out of a slice: whole lines are dropped by region, then columns
 * are left out of those that remain. Of the header only columns are left out. */

#include "config.h"

#include "index/format/vcf_filter.h"

#include "index/format/region_filter.h"
#include "index/format/vcf_columns.h"
#include "index/format/vcf_line.h"

#include <stdlib.h>
#include <string.h>

/* The samples are named in the last line. */
static int filter_choose(const uint8_t *header, size_t header_bytes, const char *wanted,
                         const char *name, json_t **keys, struct dp_error *err)
{
    size_t length = header_bytes;
    const uint8_t *line = header, *newline;
    json_t *list;
    int rc;

    if (length && header[length - 1] == '\n')
        length--;
    newline = length ? memrchr(header, '\n', length) : NULL;
    if (newline)
        line = newline + 1;
    rc = dp_vcf_columns_choose((const char *)line, header_bytes - (size_t)(line - header), wanted,
                               name, &list, err);
    if (rc)
        return rc;
    *keys = json_pack("{s:o}", "columns", list);
    return *keys ? DP_OK : dp_error_no_memory(err);
}

struct dp_filter {
    char *name;
    bool prologue; /* these lines are the header */
    bool by_region;
    struct dp_region_filter regions;
    struct dp_vcf_columns *columns; /* NULL: all of them */
    struct dp_array line;           /* the begin of a line whose end has not come yet */
    struct dp_array passed;         /* lines of one call, before columns are left out */
    bool open_line;                 /* without regions: the last byte was no newline */
    uint64_t record_count;
};

static void filter_close(struct dp_filter *filter)
{
    if (!filter)
        return;
    dp_region_filter_close(&filter->regions);
    dp_vcf_columns_close(filter->columns);
    dp_array_free(&filter->line);
    dp_array_free(&filter->passed);
    free(filter->name);
    free(filter);
}

/* Every key is known, and there is one of the two that ask for something. */
static bool keys_fit(const json_t *spec, bool by_region)
{
    bool columns = json_object_get(spec, "columns") != NULL;

    return json_is_object(spec) && (by_region || columns) &&
           json_object_size(spec) == (size_t)((by_region ? 5 : 0) + columns);
}

static int filter_open(const json_t *spec, const char *name, bool prologue,
                       struct dp_filter **filter, struct dp_error *err)
{
    bool by_region = json_object_get(spec, "regions") != NULL;
    struct dp_filter *made;
    int rc = DP_OK;

    if (!keys_fit(spec, by_region))
        return dp_error_set(err, DP_BAD_INDEX, "%s: the filter makes no sense", name);
    made = calloc(1, sizeof(*made));
    if (!made)
        return dp_error_no_memory(err);
    made->name = strdup(name);
    made->prologue = prologue;
    made->by_region = by_region && !prologue;
    if (!made->name)
        rc = dp_error_no_memory(err);
    if (!rc && by_region)
        rc = dp_region_filter_open(spec, name, &made->regions, err);
    if (!rc && json_object_get(spec, "columns"))
        rc = dp_vcf_columns_open(json_object_get(spec, "columns"), name, &made->columns, err);
    if (rc) {
        filter_close(made);
        return rc;
    }
    *filter = made;
    return DP_OK;
}

/* A whole line, [begin, newline), which lies in one piece; `end` is behind its newline if it has
 * one. */
static int take_line(struct dp_filter *filter, const uint8_t *begin, const uint8_t *newline,
                     const uint8_t *end, struct dp_error *err)
{
    struct dp_locus locus;

    if (!dp_vcf_line_whole(begin, newline, filter->regions.end_is_number, &locus))
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD,
                                   "%s: a line that is no record, behind %llu that were wanted",
                                   filter->name, (unsigned long long)filter->record_count);
    if (!dp_region_filter_passes(&filter->regions, &locus))
        return DP_OK;
    filter->record_count++;
    if (!dp_array_append(&filter->passed, begin, (size_t)(end - begin), 1))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* The end of the line that came in parts: up to `newline`, which may be the end of the data. */
static int end_line(struct dp_filter *filter, const uint8_t *bytes, const uint8_t *newline,
                    bool ended, struct dp_error *err)
{
    const uint8_t *line;
    size_t length;
    int rc;

    if (!dp_array_append(&filter->line, bytes, (size_t)(newline - bytes) + ended, 1))
        return dp_error_no_memory(err);
    line = filter->line.data;
    length = filter->line.length;
    rc = take_line(filter, line, line + length - ended, line + length, err);
    filter->line.length = 0;
    return rc;
}

/* Puts the lines that are wanted into `passed`. */
static int choose_lines(struct dp_filter *filter, const uint8_t *bytes, size_t length,
                        struct dp_error *err)
{
    const uint8_t *p = bytes, *end = bytes + length, *newline;
    int rc = DP_OK;

    while (!rc && p < end) {
        newline = memchr(p, '\n', (size_t)(end - p));
        if (!newline) {
            if (filter->line.length + (size_t)(end - p) > DP_VCF_COLUMNS_LINE_MAX)
                return dp_error_set(err, DP_DATA, "%s: a line of more than 1 GiB", filter->name);
            return dp_array_append(&filter->line, p, (size_t)(end - p), 1)
                       ? DP_OK
                       : dp_error_no_memory(err);
        }
        rc = filter->line.length ? end_line(filter, p, newline, true, err)
                                 : take_line(filter, p, newline, newline + 1, err);
        p = newline + 1;
    }
    return rc;
}

/* All lines are wanted: counts them. */
static void count_lines(struct dp_filter *filter, const uint8_t *bytes, size_t length)
{
    const uint8_t *p = bytes, *end = bytes + length, *newline;

    while ((newline = memchr(p, '\n', (size_t)(end - p)))) {
        filter->record_count++;
        p = newline + 1;
        if (p == end)
            break;
    }
    filter->open_line = p < end;
}

static int filter_feed(struct dp_filter *filter, const uint8_t *bytes, size_t length,
                       struct dp_array *out, struct dp_error *err)
{
    int rc;

    if (!filter->by_region) {
        if (length && !filter->prologue)
            count_lines(filter, bytes, length);
    } else {
        filter->passed.length = 0;
        rc = choose_lines(filter, bytes, length, err);
        if (rc)
            return rc;
        bytes = filter->passed.data;
        length = filter->passed.length;
    }
    if (!length)
        return DP_OK;
    if (filter->columns)
        return dp_vcf_columns_feed(filter->columns, bytes, length, out, err);
    return dp_array_append(out, bytes, length, 1) ? DP_OK : dp_error_no_memory(err);
}

static int filter_finish(struct dp_filter *filter, struct dp_array *out, struct dp_error *err)
{
    int rc = DP_OK;

    filter->passed.length = 0;
    if (filter->line.length)
        rc = end_line(filter, filter->line.data, filter->line.data, false, err);
    filter->record_count += filter->open_line;
    filter->open_line = false;
    if (rc)
        return rc;
    if (!filter->columns)
        return !filter->passed.length ||
                       dp_array_append(out, filter->passed.data, filter->passed.length, 1)
                   ? DP_OK
                   : dp_error_no_memory(err);
    if (filter->passed.length)
        rc = dp_vcf_columns_feed(filter->columns, filter->passed.data, filter->passed.length, out,
                                 err);
    return rc ? rc : dp_vcf_columns_finish(filter->columns, out, err);
}

static uint64_t filter_record_count(const struct dp_filter *filter)
{
    return filter->record_count;
}

const struct dp_filter_type dp_vcf_filter = {
    .choose = filter_choose,
    .open = filter_open,
    .feed = filter_feed,
    .finish = filter_finish,
    .record_count = filter_record_count,
    .close = filter_close,
};
