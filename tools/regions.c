/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/regions.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* Lists are held in memory. */
#define BED_BYTES_MAX ((size_t)1 << 30)

static bool has_contig(const struct dp_index *index, const char *name, size_t length)
{
    struct dp_contig_info info = {.struct_bytes = sizeof(info)};
    size_t i, count = index ? dp_index_contig_count(index) : 0;

    for (i = 0; i < count; i++) {
        dp_index_contig(index, i, &info);
        if (info.name_bytes == length && memcmp(info.name, name, length) == 0)
            return true;
    }
    return false;
}

static int add(struct dp_regions *regions, const char *name, size_t length, uint64_t begin,
               uint64_t end, struct dp_error *err)
{
    struct dp_region region = {.begin = begin, .end = end};
    char **names = regions->names.data, *kept;
    size_t count = regions->names.length;

    /* Lists mostly go contig by contig. */
    if (count && strncmp(names[count - 1], name, length) == 0 && !names[count - 1][length]) {
        region.contig = names[count - 1];
    } else {
        kept = strndup(name, length);
        if (!kept || !dp_array_append(&regions->names, &kept, 1, sizeof(kept))) {
            free(kept);
            return dp_error_no_memory(err);
        }
        region.contig = kept;
    }
    if (!dp_array_append(&regions->list, &region, 1, sizeof(region)))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* Digits at *p; false when there are none or too many. */
static bool read_number(const char **p, const char *end, uint64_t *number)
{
    const char *begin = *p;

    for (*number = 0; *p < end && **p >= '0' && **p <= '9'; ++*p)
        *number = 10 * *number + (uint64_t)(**p - '0');
    return *p > begin && *p - begin <= 18;
}

/* What stands behind the colon. */
static bool read_range(const char *p, const char *end, uint64_t *first, uint64_t *last)
{
    if (!read_number(&p, end, first))
        return false;
    *last = *first ? *first : 1;
    if (p == end)
        return true;
    if (*p++ != '-')
        return false;
    *last = 0;
    return p == end || (read_number(&p, end, last) && p == end && *last >= *first && *last);
}

static int add_one(struct dp_regions *regions, const struct dp_index *index, const char *text,
                   size_t length, struct dp_error *err)
{
    const char *colon = memrchr(text, ':', length), *end = text + length;
    uint64_t first = 1, last = 0;

    if (!colon || has_contig(index, text, length))
        return add(regions, text, length, 1, 0, err);
    if (colon == text || !read_range(colon + 1, end, &first, &last))
        return dp_error_set(err, DP_INVALID, "'%.*s' is no region such as chr1:1000-2000",
                            (int)(length < 200 ? length : 200), text);
    return add(regions, text, (size_t)(colon - text), first, last, err);
}

int dp_regions_add(struct dp_regions *regions, const struct dp_index *index, const char *text,
                   struct dp_error *err)
{
    size_t length;
    int rc = DP_OK;

    for (; rc == DP_OK && *text; text += length + (text[length] == ',')) {
        length = strcspn(text, ",");
        rc = add_one(regions, index, text, length, err);
    }
    return rc;
}

/* -------------------------------------------------------------------------------------- BED */

static int read_all(struct dp_context *context, const char *uri, struct dp_array *bytes,
                    struct dp_error *err)
{
    struct dp_stream_options options = {.struct_bytes = sizeof(options), .pass_through = 1};
    struct dp_object *object = NULL;
    struct dp_stream *stream = NULL;
    const void *part;
    int64_t got = 0;
    int rc = dp_object_open(context, uri, NULL, &object, err);

    if (rc == DP_OK)
        rc = dp_stream_open(context, object, NULL, &options, &stream, err);
    while (rc == DP_OK && (got = dp_stream_next(stream, &part, err)) > 0)
        if (bytes->length + (size_t)got > BED_BYTES_MAX)
            rc = dp_error_set(err, DP_UNSUPPORTED, "%s: a list of more than 1 GiB", uri);
        else if (!dp_array_append(bytes, part, (size_t)got, 1))
            rc = dp_error_no_memory(err);
    dp_stream_free(stream);
    dp_object_free(object);
    return rc < 0 ? rc : (int)got;
}

static bool is_comment(const char *line, size_t length)
{
    return length == 0 || *line == '#' || (length >= 5 && memcmp(line, "track", 5) == 0) ||
           (length >= 7 && memcmp(line, "browser", 7) == 0);
}

/* Skips the blanks at *p; false when there are none. */
static bool skip_blanks(const char **p, const char *end)
{
    const char *begin = *p;

    while (*p < end && (**p == '\t' || **p == ' '))
        ++*p;
    return *p > begin;
}

static int add_line(struct dp_regions *regions, const char *uri, uint64_t number,
                    const char *line, size_t length, struct dp_error *err)
{
    const char *p = line, *end = line + length;
    uint64_t first, last;
    size_t name;

    if (length && end[-1] == '\r')
        end--;
    if (is_comment(line, (size_t)(end - line)))
        return DP_OK;
    while (p < end && *p != '\t' && *p != ' ')
        p++;
    name = (size_t)(p - line);
    if (!name || !skip_blanks(&p, end) || !read_number(&p, end, &first) ||
        !skip_blanks(&p, end) || !read_number(&p, end, &last) || last < first ||
        (p < end && *p != '\t' && *p != ' '))
        return dp_error_set(err, DP_DATA, "%s: line %llu: no BED: contig, begin and end are "
                            "expected", uri, (unsigned long long)number);
    /* A place between two bases overlaps nothing. */
    return first == last ? DP_OK : add(regions, line, name, first + 1, last, err);
}

int dp_regions_add_bed(struct dp_regions *regions, struct dp_context *context, const char *uri,
                       struct dp_error *err)
{
    struct dp_array bytes = {0};
    const char *p, *end, *newline;
    uint64_t number = 0;
    int rc = read_all(context, uri, &bytes, err);

    for (p = bytes.data, end = p + bytes.length; rc == DP_OK && p < end; p = newline + 1) {
        newline = memchr(p, '\n', (size_t)(end - p));
        if (!newline)
            newline = end;
        rc = add_line(regions, uri, ++number, p, (size_t)(newline - p), err);
    }
    dp_array_free(&bytes);
    return rc;
}

/* -------------------------------------------------------------------------------------- list */

const char *dp_regions_unknown(const struct dp_regions *regions, const struct dp_index *index)
{
    char *const *names = regions->names.data;
    size_t i;

    for (i = 0; i < regions->names.length; i++)
        if (!has_contig(index, names[i], strlen(names[i])))
            return names[i];
    return NULL;
}

void dp_regions_free(struct dp_regions *regions)
{
    char **names = regions->names.data;
    size_t i;

    for (i = 0; i < regions->names.length; i++)
        free(names[i]);
    dp_array_free(&regions->names);
    dp_array_free(&regions->list);
}
