/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/format/vcf_columns.h"

#include "index/format/sample_ranges.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct dp_vcf_columns {
    char *name;
    struct dp_sample_ranges wanted;
    struct dp_array line; /* char: the begin of a line that is not whole yet */
    struct dp_array tabs; /* size_t: of a line, the tab before each sample, and the end */
    uint64_t line_number; /* of those fed, from 1, for messages */
};

/* ------------------------------------------------------------------------------------- open */

int dp_vcf_columns_open(const json_t *spec, const char *name, struct dp_vcf_columns **columns,
                        struct dp_error *err)
{
    struct dp_vcf_columns *made = calloc(1, sizeof(*made));
    int rc;

    if (!made || !(made->name = strdup(name))) {
        free(made);
        return dp_error_no_memory(err);
    }
    rc = dp_sample_ranges_read(spec, name, &made->wanted, err);
    if (rc)
        dp_vcf_columns_close(made);
    else
        *columns = made;
    return rc;
}

void dp_vcf_columns_close(struct dp_vcf_columns *columns)
{
    if (!columns)
        return;
    dp_sample_ranges_free(&columns->wanted);
    dp_array_free(&columns->line);
    dp_array_free(&columns->tabs);
    free(columns->name);
    free(columns);
}

/* ------------------------------------------------------------------------------------- lines */

/* Finds where the samples of a line of `length` bytes stand: *count of them, and one more in
 * `tabs`. */
static int find_samples(struct dp_array *tabs, const char *line, size_t length, uint64_t *count,
                        struct dp_error *err)
{
    const char *at = line, *end = line + length;
    size_t place, seen = 0;

    tabs->length = 0;
    while ((at = memchr(at, '\t', (size_t)(end - at)))) {
        place = (size_t)(at++ - line);
        if (++seen >= DP_VCF_FIXED_COLUMNS && !dp_array_append(tabs, &place, 1, sizeof(place)))
            return dp_error_no_memory(err);
    }
    *count = tabs->length;
    if (!dp_array_append(tabs, &length, 1, sizeof(length)))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* The columns that are wanted, without the line's ending. */
static int cut_line(struct dp_vcf_columns *columns, const char *line, size_t length,
                    struct dp_array *out, struct dp_error *err)
{
    const struct dp_range *ranges = columns->wanted.ranges.data;
    const size_t *tabs;
    uint64_t count = 0;
    size_t i;
    int rc = find_samples(&columns->tabs, line, length, &count, err);

    if (rc)
        return rc;
    if (count < columns->wanted.needed)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD,
                                   "%s: line %" PRIu64 " of this slice: %" PRIu64
                                   " samples, sample number %" PRIu64 " is wanted",
                                   columns->name, columns->line_number, count,
                                   columns->wanted.needed);
    tabs = columns->tabs.data;
    if (!dp_array_append(out, line, tabs[0], 1))
        return dp_error_no_memory(err);
    for (i = 0; i < columns->wanted.ranges.length; i++)
        if (!dp_array_append(out, line + tabs[ranges[i].begin],
                             tabs[ranges[i].end] - tabs[ranges[i].begin], 1))
            return dp_error_no_memory(err);
    return DP_OK;
}

/* A whole line; `ending` of its last bytes are no text. */
static int take_line(struct dp_vcf_columns *columns, const char *line, size_t length,
                     size_t ending, struct dp_array *out, struct dp_error *err)
{
    size_t text = length - ending;
    int rc = DP_OK;

    columns->line_number++;
    if (text && line[text - 1] == '\r')
        text--;
    if (text >= 2 && memcmp(line, "##", 2) == 0)
        text = 0; /* all of it is copied below */
    else
        rc = cut_line(columns, line, text, out, err);
    if (!rc && !dp_array_append(out, line + text, length - text, 1))
        return dp_error_no_memory(err);
    return rc;
}

/* Keeps the begin of a line. */
static int keep(struct dp_vcf_columns *columns, const uint8_t *bytes, size_t length,
                struct dp_error *err)
{
    if (length > DP_VCF_COLUMNS_LINE_MAX - columns->line.length)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: a line longer than %" PRIu64 " bytes",
                            columns->name, (uint64_t)DP_VCF_COLUMNS_LINE_MAX);
    return dp_array_append(&columns->line, bytes, length, 1) ? DP_OK : dp_error_no_memory(err);
}

int dp_vcf_columns_feed(struct dp_vcf_columns *columns, const uint8_t *bytes, size_t length,
                        struct dp_array *out, struct dp_error *err)
{
    const uint8_t *newline;
    size_t part;
    int rc = DP_OK;

    while (!rc && length && (newline = memchr(bytes, '\n', length))) {
        part = (size_t)(newline + 1 - bytes);
        if (columns->line.length) {
            rc = keep(columns, bytes, part, err);
            if (!rc)
                rc = take_line(columns, columns->line.data, columns->line.length, 1, out, err);
            columns->line.length = 0;
        } else {
            rc = take_line(columns, (const char *)bytes, part, 1, out, err);
        }
        bytes += part;
        length -= part;
    }
    return !rc && length ? keep(columns, bytes, length, err) : rc;
}

int dp_vcf_columns_finish(struct dp_vcf_columns *columns, struct dp_array *out,
                          struct dp_error *err)
{
    int rc = DP_OK;

    if (columns->line.length)
        rc = take_line(columns, columns->line.data, columns->line.length, 0, out, err);
    columns->line.length = 0;
    return rc;
}

/* ------------------------------------------------------------------------------------ choice */

struct sample {
    const char *name;
    size_t length;
    uint64_t number;
};

/* The samples of a header, and which of them a user named. */
struct choice {
    struct sample *sorted; /* by name */
    uint64_t count;
    bool *named;      /* by number */
    const char *name; /* of the object */
};

static int compare_samples(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;
    int order = memcmp(x->name, y->name, x->length < y->length ? x->length : y->length);

    return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* `tabs` are those that find_samples found in `line`. */
static int sort_samples(struct choice *choice, const char *line, const size_t *tabs,
                        struct dp_error *err)
{
    uint64_t i;

    choice->sorted = calloc(choice->count + 1, sizeof(*choice->sorted));
    choice->named = calloc(choice->count + 1, sizeof(*choice->named));
    if (!choice->sorted || !choice->named)
        return dp_error_no_memory(err);
    for (i = 0; i < choice->count; i++)
        choice->sorted[i] = (struct sample){line + tabs[i] + 1, tabs[i + 1] - tabs[i] - 1, i};
    qsort(choice->sorted, choice->count, sizeof(*choice->sorted), compare_samples);
    return DP_OK;
}

/* Adds sample `i` at the end of the list: to the last range where that fits. */
static bool add_sample(json_t *spec, uint64_t i)
{
    json_t *last = json_array_get(spec, json_array_size(spec) - 1), *pair;

    if (last && json_integer_value(json_array_get(last, 1)) == (json_int_t)i)
        return json_array_set_new(last, 1, json_integer((json_int_t)i + 1)) == 0;
    pair = json_pack("[I, I]", (json_int_t)i, (json_int_t)i + 1);
    return pair && json_array_append_new(spec, pair) == 0;
}

/* Goes through the names that are wanted, or not. */
static int take_names(struct choice *choice, const char *wanted, json_t *spec,
                      struct dp_error *err)
{
    const struct sample *found;
    size_t length;

    for (; *wanted; wanted += length + (wanted[length] == '\n')) {
        struct sample key = {.name = wanted, .length = strcspn(wanted, "\n")};

        length = key.length;
        found = bsearch(&key, choice->sorted, choice->count, sizeof(key), compare_samples);
        if (!found || choice->named[found->number])
            return dp_error_set(err, DP_INVALID, "%s: sample '%.*s' is %s", choice->name,
                                (int)(length < 200 ? length : 200), wanted,
                                found ? "named twice" : "not in the header");
        choice->named[found->number] = true;
        if (spec && !add_sample(spec, found->number))
            return dp_error_no_memory(err);
    }
    return DP_OK;
}

static int take_others(struct choice *choice, const char *unwanted, json_t *spec,
                       struct dp_error *err)
{
    uint64_t i;
    int rc = take_names(choice, unwanted, NULL, err);

    for (i = 0; !rc && i < choice->count; i++)
        if (!choice->named[i] && !add_sample(spec, i))
            rc = dp_error_no_memory(err);
    return rc;
}

int dp_vcf_columns_choose(const char *header, size_t header_bytes, const char *wanted,
                          const char *name, json_t **spec, struct dp_error *err)
{
    struct choice choice = {.name = name};
    struct dp_array tabs = {0};
    json_t *made = json_array();
    int rc;

    if (header_bytes && header[header_bytes - 1] == '\n')
        header_bytes--;
    if (header_bytes && header[header_bytes - 1] == '\r')
        header_bytes--;
    rc = made ? find_samples(&tabs, header, header_bytes, &choice.count, err)
              : dp_error_no_memory(err);
    if (!rc)
        rc = sort_samples(&choice, header, tabs.data, err);
    if (!rc)
        rc = *wanted == '^' ? take_others(&choice, wanted + 1, made, err)
                            : take_names(&choice, wanted, made, err);
    if (!rc && json_array_size(made) == 0)
        rc = dp_error_set(err, DP_INVALID, "%s: no sample is left", name);
    free(choice.sorted);
    free(choice.named);
    dp_array_free(&tabs);
    if (rc)
        json_decref(made);
    else
        *spec = made;
    return rc;
}
