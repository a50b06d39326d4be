/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/format/bcf_header.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* No line about a contig is longer; of other lines only the begin matters. */
#define LINE_MAX_BYTES 65536u
/* Numbers of contigs may have gaps, where a header was thinned out, but not without end. */
#define CONTIG_MAX (UINT64_C(1) << 22)
/* Columns of #CHROM that are not samples, when there are samples. */
#define FIXED_COLUMNS 9u

static int fault(const struct dp_bcf_header *header, const char *object, const char *what,
                 struct dp_error *err)
{
    return dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD,
                               "%s: line %" PRIu64 " of the header: %s", object,
                               header->line_number + 1, what);
}

static bool begins_with(const struct dp_bcf_header *header, const char *text)
{
    size_t length = strlen(text);

    return header->line.length >= length && memcmp(header->line.data, text, length) == 0;
}

/* ------------------------------------------------------------------------------- one contig */

/* A value inside <...>: behind it, at ',' or '>' or the end. Quotes protect both. */
static const char *skip_value(const char *p, const char *end)
{
    bool quoted = false;

    for (; p < end; p++) {
        if (*p == '\\' && quoted && p + 1 < end)
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && (*p == ',' || *p == '>'))
            break;
    }
    return p;
}

struct field {
    const char *value;
    size_t length; /* 0: there is none */
};

/* The value of `key` among the "key=value" of [p, end). */
static struct field find_field(const char *p, const char *end, const char *key)
{
    size_t key_bytes = strlen(key);
    const char *value_end;

    while (p < end && *p != '>') {
        value_end = skip_value(p, end);
        if ((size_t)(value_end - p) > key_bytes && memcmp(p, key, key_bytes) == 0 &&
            p[key_bytes] == '=')
            return (struct field){p + key_bytes + 1, (size_t)(value_end - p) - key_bytes - 1};
        p = value_end < end && *value_end == ',' ? value_end + 1 : value_end;
    }
    return (struct field){NULL, 0};
}

/* A number below CONTIG_MAX. */
static bool parse_number(const struct field *field, uint64_t *number)
{
    uint64_t value = 0;
    size_t i;

    for (i = 0; i < field->length; i++) {
        if (field->value[i] < '0' || field->value[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(field->value[i] - '0');
        if (value >= CONTIG_MAX)
            return false;
    }
    *number = value;
    return field->length > 0;
}

/* The length of a contig, where the header says it. */
static uint64_t parse_length(const struct field *field)
{
    uint64_t value = 0;
    size_t i;

    for (i = 0; i < field->length; i++) {
        if (field->value[i] < '0' || field->value[i] > '9' || value > INT64_MAX / 10 - 1)
            return DP_CONTIG_NO_LENGTH;
        value = value * 10 + (uint64_t)(field->value[i] - '0');
    }
    return field->length ? value : DP_CONTIG_NO_LENGTH;
}

/* Gives the contig of this name this number. */
static int add_contig(struct dp_bcf_header *header, const char *object, const struct field *name,
                      uint64_t number, struct dp_error *err)
{
    static const uint64_t none = 0;
    uint64_t place = header->names.length + 1;

    if (number < header->contigs.length && ((uint64_t *)header->contigs.data)[number] != 0)
        return fault(header, object, "two contigs have the same IDX", err);
    if (!dp_array_append(&header->names, name->value, name->length, 1) ||
        !dp_array_append(&header->names, "", 1, 1))
        return dp_error_no_memory(err);
    while (header->contigs.length <= number)
        if (!dp_array_append(&header->contigs, &none, 1, sizeof(none)))
            return dp_error_no_memory(err);
    ((uint64_t *)header->contigs.data)[number] = place;
    return DP_OK;
}

/* "##contig=<ID=name,length=...,IDX=number>"; without IDX the next number. */
static int take_contig(struct dp_bcf_header *header, const char *object, struct dp_error *err)
{
    const char *line = header->line.data, *end = line + header->line.length;
    const char *fields = line + strlen("##contig=<");
    struct field name = find_field(fields, end, "ID"), idx = find_field(fields, end, "IDX");
    struct field length = find_field(fields, end, "length");
    uint64_t number = header->contigs.length;
    int rc = DP_OK;

    if (header->line.length >= LINE_MAX_BYTES)
        return fault(header, object, "too long for a contig", err);
    if (name.length == 0 || memchr(name.value, '\0', name.length))
        return fault(header, object, "a contig without an ID", err);
    if (idx.value && !parse_number(&idx, &number))
        return fault(header, object, "an IDX that is no number, or too large", err);
    if (number >= CONTIG_MAX)
        return fault(header, object, "too many contigs", err);
    if (header->loci)
        rc = dp_loci_declare(header->loci, name.value, name.length, parse_length(&length), err);
    return rc ? rc : add_contig(header, object, &name, number, err);
}

/* ------------------------------------------------------------------------------------ lines */

static int end_line(struct dp_bcf_header *header, const char *object, struct dp_error *err)
{
    int rc = DP_OK;

    if (header->line_number == 0 && !begins_with(header, "##fileformat="))
        rc = fault(header, object, "it does not begin with ##fileformat", err);
    else if (begins_with(header, "##contig=<"))
        rc = take_contig(header, object, err);
    else if (begins_with(header, "#CHROM\t")) {
        header->columns_seen = true;
        header->sample_count = header->tabs >= FIXED_COLUMNS ? header->tabs + 1 - FIXED_COLUMNS : 0;
        header->over = true;
    }
    header->line.length = 0;
    header->tabs = 0;
    header->line_number++;
    return rc;
}

/* Part of a line: of its bytes only as many are kept as any line needs that is looked at. */
static int take_part(struct dp_bcf_header *header, const uint8_t *bytes, size_t length,
                     struct dp_error *err)
{
    size_t room = LINE_MAX_BYTES - header->line.length, i;

    for (i = 0; i < length; i++)
        header->tabs += bytes[i] == '\t';
    if (!dp_array_append(&header->line, bytes, length < room ? length : room, 1))
        return dp_error_no_memory(err);
    return DP_OK;
}

int dp_bcf_header_feed(struct dp_bcf_header *header, const char *object, const uint8_t *bytes,
                       size_t length, struct dp_error *err)
{
    const uint8_t *newline, *nul = length ? memchr(bytes, '\0', length) : NULL;
    size_t part;
    int rc = DP_OK;

    if (header->over)
        return DP_OK;
    if (nul) {
        header->over = true;
        length = (size_t)(nul - bytes);
    }
    while (!rc && length && !header->columns_seen) {
        newline = memchr(bytes, '\n', length);
        part = newline ? (size_t)(newline - bytes) : length;
        rc = take_part(header, bytes, part, err);
        if (!rc && newline)
            rc = end_line(header, object, err);
        part += newline != NULL;
        bytes += part;
        length -= part;
    }
    return rc;
}

int dp_bcf_header_finish(struct dp_bcf_header *header, const char *object, struct dp_error *err)
{
    int rc = DP_OK;

    if (header->line.length)
        rc = end_line(header, object, err);
    if (!rc && !header->columns_seen)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD,
                                   "%s: the header has no line #CHROM", object);
    return rc;
}

void dp_bcf_header_free(struct dp_bcf_header *header)
{
    dp_array_free(&header->line);
    dp_array_free(&header->names);
    dp_array_free(&header->contigs);
}

const char *dp_bcf_header_contig(const struct dp_bcf_header *header, size_t i)
{
    uint64_t place = i < header->contigs.length ? ((const uint64_t *)header->contigs.data)[i] : 0;

    return place ? (const char *)header->names.data + place - 1 : NULL;
}
