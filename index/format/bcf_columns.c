/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/format/bcf_columns.h"

#include "base/le.h"
#include "index/format/sample_ranges.h"
#include "index/format/vcf_columns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Where the numbers stand that change: the bytes of FORMAT and samples, and how many samples. */
#define INDIV_AT   4u
#define SAMPLES_AT 28u
/* Their number has 24 bits. */
#define SAMPLE_MAX UINT32_C(0xffffff)

/* Of the header: behind "BCF" and the version comes the length of the text. */
#define TEXT_BYTES_AT 5u

struct dp_bcf_columns {
    char *name;
    json_t *list; /* as it came: for the header */
    struct dp_sample_ranges wanted;
    uint32_t sample_count;  /* of each record before */
    uint64_t record_number; /* of those that were cut, from 1, for messages */
};

/* ------------------------------------------------------------------------------------- open */

void dp_bcf_columns_close(struct dp_bcf_columns *columns)
{
    if (!columns)
        return;
    json_decref(columns->list);
    dp_sample_ranges_free(&columns->wanted);
    free(columns->name);
    free(columns);
}

/* No more samples are wanted than there are, so that no record grows. */
static int read_keys(struct dp_bcf_columns *columns, const json_t *spec, struct dp_error *err)
{
    const json_t *samples = json_object_get(spec, "samples");
    json_int_t count = json_integer_value(samples);
    int rc;

    columns->list = json_deep_copy(json_object_get(spec, "columns"));
    if (!columns->list)
        return dp_error_no_memory(err);
    rc = dp_sample_ranges_read(columns->list, columns->name, &columns->wanted, err);
    if (rc)
        return rc;
    if (!json_is_integer(samples) || count > (json_int_t)SAMPLE_MAX ||
        count < (json_int_t)columns->wanted.needed || count < (json_int_t)columns->wanted.count)
        return dp_error_set(err, DP_BAD_INDEX, "%s: the filter makes no sense", columns->name);
    columns->sample_count = (uint32_t)count;
    return DP_OK;
}

int dp_bcf_columns_open(const json_t *spec, const char *name, struct dp_bcf_columns **columns,
                        struct dp_error *err)
{
    struct dp_bcf_columns *made = calloc(1, sizeof(*made));
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    made->name = strdup(name);
    rc = made->name ? read_keys(made, spec, err) : dp_error_no_memory(err);
    if (rc)
        dp_bcf_columns_close(made);
    else
        *columns = made;
    return rc;
}

/* ----------------------------------------------------------------------------------- header */

/* A part of the header: offsets of its bytes. */
struct line {
    size_t begin, end; /* `end` is behind the newline, if there is one */
};

/* The first line of the text that begins with #CHROM; a NUL ends the text. */
static int find_names(const uint8_t *header, size_t length, const char *name, struct line *line,
                      struct dp_error *err)
{
    static const char chrom[] = "#CHROM\t";
    const uint8_t *p, *end, *newline;

    if (length < DP_BCF_START_BYTES ||
        dp_le32_load(header + TEXT_BYTES_AT) != length - DP_BCF_START_BYTES)
        return dp_error_set(err, DP_DATA, "%s: this is no header of a BCF", name);
    p = header + DP_BCF_START_BYTES;
    end = memchr(p, '\0', length - DP_BCF_START_BYTES);
    end = end ? end : header + length;
    for (; p < end; p = newline) {
        newline = memchr(p, '\n', (size_t)(end - p));
        newline = newline ? newline + 1 : end;
        if ((size_t)(newline - p) < sizeof(chrom) - 1 || memcmp(p, chrom, sizeof(chrom) - 1) != 0)
            continue;
        *line = (struct line){(size_t)(p - header), (size_t)(newline - header)};
        return DP_OK;
    }
    return dp_error_set(err, DP_DATA, "%s: the header has no line #CHROM", name);
}

/* Appends what remains of the line #CHROM. */
static int cut_names(const struct dp_bcf_columns *columns, const uint8_t *line, size_t length,
                     struct dp_array *out, struct dp_error *err)
{
    struct dp_vcf_columns *text = NULL;
    int rc = dp_vcf_columns_open(columns->list, columns->name, &text, err);

    if (!rc)
        rc = dp_vcf_columns_feed(text, line, length, out, err);
    if (!rc)
        rc = dp_vcf_columns_finish(text, out, err);
    dp_vcf_columns_close(text);
    return rc;
}

int dp_bcf_columns_cut_header(const struct dp_bcf_columns *columns, const uint8_t *header,
                              size_t length, struct dp_array *out, struct dp_error *err)
{
    size_t start = out->length;
    struct line line;
    int rc = find_names(header, length, columns->name, &line, err);

    if (rc)
        return rc;
    if (!dp_array_append(out, header, line.begin, 1))
        return dp_error_no_memory(err);
    rc = cut_names(columns, header + line.begin, line.end - line.begin, out, err);
    if (rc)
        return rc;
    if (line.end < length && !dp_array_append(out, header + line.end, length - line.end, 1))
        return dp_error_no_memory(err);
    dp_le32_store((uint8_t *)out->data + start + TEXT_BYTES_AT,
                  (uint32_t)(out->length - start - DP_BCF_START_BYTES));
    return DP_OK;
}

int dp_bcf_columns_choose(const uint8_t *header, size_t header_bytes, const char *wanted,
                          const char *name, json_t **keys, struct dp_error *err)
{
    json_t *list = NULL;
    struct line line;
    size_t tabs = 0, i;
    int rc = find_names(header, header_bytes, name, &line, err);

    if (rc)
        return rc;
    rc = dp_vcf_columns_choose((const char *)header + line.begin, line.end - line.begin, wanted,
                               name, &list, err);
    if (rc)
        return rc;
    for (i = line.begin; i < line.end; i++)
        tabs += header[i] == '\t';
    *keys = json_pack("{s:o, s:I}", "columns", list, "samples",
                      (json_int_t)(tabs + 1 - DP_VCF_FIXED_COLUMNS));
    return *keys ? DP_OK : dp_error_no_memory(err);
}

/* ---------------------------------------------------------------------------------- records */

/* A FORMAT field: what it is and of what type, then a vector for each sample. */
struct field {
    const uint8_t *begin, *vectors;
    uint64_t vector_bytes; /* of each; below 2^33 */
};

/* Bytes of one value by its type, the low four bits of a descriptor; 0: there is no such type, or
 * it has no values. */
static unsigned value_bytes(unsigned type)
{
    static const uint8_t bytes[16] = {[1] = 1, [2] = 2, [3] = 4, [5] = 4, [7] = 1};

    return bytes[type & 15u];
}

/* One integer with its descriptor, which says that it is one; NULL when that is not so. */
static const uint8_t *read_integer(const uint8_t *p, const uint8_t *end, int32_t *value)
{
    unsigned descriptor = p < end ? *p++ : 0, bytes = value_bytes(descriptor);

    if (descriptor < 0x11 || descriptor > 0x13 || (size_t)(end - p) < bytes)
        return NULL;
    if (bytes == 1)
        *value = (int8_t)p[0];
    else
        *value = bytes == 2 ? (int16_t)dp_le16_load(p) : (int32_t)dp_le32_load(p);
    return p + bytes;
}

/* What is wrong with the field that begins at `p`; NULL: nothing, and *field is what it is. */
static const char *read_field(const uint8_t *p, const uint8_t *end, uint32_t sample_count,
                              struct field *field)
{
    int32_t key, count;
    unsigned type;

    field->begin = p;
    p = read_integer(p, end, &key);
    if (!p || p == end)
        return p ? "it has no type" : "its key is no integer";
    type = *p & 15u;
    count = *p++ >> 4;
    if (count == 15)
        p = read_integer(p, end, &count);
    if (!p || count < 0)
        return "the length of its vectors makes no sense";
    if (count && !value_bytes(type))
        return "its type is none of BCF";
    field->vectors = p;
    field->vector_bytes = (uint64_t)count * value_bytes(type);
    if (field->vector_bytes * sample_count > (uint64_t)(end - p))
        return "its vectors reach beyond the record";
    return NULL;
}

/* Copies the field to `to`, with the samples that are wanted; what comes behind. */
static uint8_t *cut_field(const struct dp_sample_ranges *wanted, const struct field *field,
                          uint8_t *to)
{
    const struct dp_range *ranges = wanted->ranges.data;
    size_t i, bytes = (size_t)(field->vectors - field->begin);

    memcpy(to, field->begin, bytes);
    to += bytes;
    for (i = 0; i < wanted->ranges.length; i++) {
        bytes = (size_t)((ranges[i].end - ranges[i].begin) * field->vector_bytes);
        memcpy(to, field->vectors + ranges[i].begin * field->vector_bytes, bytes);
        to += bytes;
    }
    return to;
}

DP_PRINTF(3, 4)
static int fault(const struct dp_bcf_columns *columns, struct dp_error *err, const char *format,
                 ...)
{
    char what[200];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD,
                               "%s: record %" PRIu64 " of this slice: %s", columns->name,
                               columns->record_number, what);
}

/* The FORMAT fields of [p, end) to *to, which has room for all of them as they are. */
static int cut_fields(const struct dp_bcf_columns *columns, uint32_t count, const uint8_t *p,
                      const uint8_t *end, uint8_t **to, struct dp_error *err)
{
    struct field field;
    const char *wrong;
    uint32_t i;

    for (i = 0; i < count; i++) {
        wrong = read_field(p, end, columns->sample_count, &field);
        if (wrong)
            return fault(columns, err, "FORMAT field %" PRIu32 " of %" PRIu32 ": %s", i + 1, count,
                         wrong);
        *to = cut_field(&columns->wanted, &field, *to);
        p = field.vectors + field.vector_bytes * columns->sample_count;
    }
    if (p < end)
        return fault(columns, err, "%zu bytes behind the last of %" PRIu32 " FORMAT fields",
                     (size_t)(end - p), count);
    return DP_OK;
}

int dp_bcf_columns_cut_record(struct dp_bcf_columns *columns, const uint8_t head[DP_BCF_HEAD_BYTES],
                              const uint8_t *rest, struct dp_array *out, struct dp_error *err)
{
    struct dp_bcf_head facts = dp_bcf_head_read(head);
    size_t length = (size_t)dp_bcf_head_rest(&facts), site = length - facts.indiv_bytes;
    uint8_t *to, *indiv, *end;
    int rc;

    columns->record_number++;
    if (facts.sample_count && facts.sample_count != columns->sample_count)
        return fault(columns, err, "%" PRIu32 " samples, the header names %" PRIu32,
                     facts.sample_count, columns->sample_count);
    if (!dp_array_reserve(out, DP_BCF_HEAD_BYTES + length, 1))
        return dp_error_no_memory(err);
    to = (uint8_t *)out->data + out->length;
    memcpy(to, head, DP_BCF_HEAD_BYTES);
    memcpy(to + DP_BCF_HEAD_BYTES, rest, facts.sample_count ? site : length);
    end = to + DP_BCF_HEAD_BYTES + length;
    if (facts.sample_count) {
        end = indiv = to + DP_BCF_HEAD_BYTES + site;
        rc = cut_fields(columns, facts.format_count, rest + site, rest + length, &end, err);
        if (rc)
            return rc;
        dp_le32_store(to + INDIV_AT, (uint32_t)(end - indiv));
        dp_le32_store(to + SAMPLES_AT, facts.format_count << 24 | (uint32_t)columns->wanted.count);
    }
    out->length += (size_t)(end - to);
    return DP_OK;
}
