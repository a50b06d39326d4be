/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/mapper.h"

#include "base/crc32.h"

#include <stdlib.h>
#include <string.h>

/* How much of the data a format may look at before it says whether it is its own. */
#define HEAD_BYTES 65536u

struct dp_mapper {
    struct dp_mapper_config config;
    const struct dp_format *format; /* NULL while it is not known */
    struct dp_scanner *scanner;     /* NULL while the format is not known */
    struct dp_stop stop;            /* the oldest mark without a row, or never */
    uint64_t fed_bytes;             /* given to the scanner */
    uint8_t last_byte;              /* of these */
    struct dp_array rows;           /* struct dp_index_row */

    /* Until the format is known: the bytes and where marks lie in them. */
    uint8_t *head;
    size_t head_bytes;
    struct dp_array head_marks; /* size_t */

    /* keep_prefix: CRC-32 of everything fed, and of everything before the last record edge. */
    uint32_t fed_crc32;
    uint32_t edge_crc32;
    bool broken; /* the scanner has refused bytes: it is only good for what it counted before */
};

int dp_mapper_open(const struct dp_mapper_config *config, struct dp_mapper **mapper,
                   struct dp_error *err)
{
    struct dp_mapper *made = calloc(1, sizeof(*made));

    if (!made)
        return dp_error_no_memory(err);
    made->config = *config;
    made->stop.unit = DP_UNIT_BYTES;
    made->stop.key = UINT64_MAX;
    if (!config->format) {
        made->head = malloc(HEAD_BYTES);
        if (!made->head) {
            free(made);
            return dp_error_no_memory(err);
        }
    }
    *mapper = made;
    return DP_OK;
}

void dp_mapper_free(struct dp_mapper *mapper)
{
    if (!mapper)
        return;
    if (mapper->scanner)
        mapper->format->close(mapper->scanner);
    dp_array_free(&mapper->rows);
    dp_array_free(&mapper->head_marks);
    free(mapper->head);
    free(mapper);
}

/* ------------------------------------------------------------------------------------- rows */

/* A row for the edge where the scanner stands. */
static int add_row(struct dp_mapper *mapper, struct dp_error *err)
{
    const struct dp_scanner_base *base = dp_scanner_base(mapper->scanner);
    struct dp_index_row row = {.edge = base->edge,
                               .previous_offset = base->previous.offset,
                               .previous_bases = base->previous.bases};

    if (!dp_array_append(&mapper->rows, &row, 1, sizeof(row)))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int open_scanner(struct dp_mapper *mapper, struct dp_error *err)
{
    struct dp_scanner_config config = {.name = mapper->config.name, .facts = true};
    int result;

    result = mapper->format->open(&config, &mapper->scanner, err);
    if (result)
        return result;
    if (!mapper->format->header)
        return add_row(mapper, err);
    mapper->stop.key = 1; /* the first edge lies behind the header */
    return DP_OK;
}

/* The scanner has just taken `length` bytes: keeps both checksums up to date. */
static void sum_prefix(struct dp_mapper *mapper, const uint8_t *bytes, size_t length)
{
    uint64_t edge = dp_scanner_base(mapper->scanner)->edge.offset;

    if (edge >= mapper->fed_bytes && edge - mapper->fed_bytes <= length)
        mapper->edge_crc32 =
            dp_crc32(mapper->fed_crc32, bytes, (size_t)(edge - mapper->fed_bytes));
    mapper->fed_crc32 = dp_crc32(mapper->fed_crc32, bytes, length);
}

/* Feeds the scanner and keeps a row wherever it stops. */
static int scan(struct dp_mapper *mapper, const uint8_t *bytes, size_t length,
                struct dp_error *err)
{
    size_t used;
    int result;

    while (length > 0) {
        used = 0;
        result = mapper->format->scan(mapper->scanner, bytes, length, &mapper->stop, &used, err);
        if (mapper->config.keep_prefix)
            sum_prefix(mapper, bytes, result < 0 ? length : used);
        if (result < 0) {
            mapper->broken = true;
            return result;
        }
        mapper->fed_bytes += used;
        if (used > 0)
            mapper->last_byte = bytes[used - 1];
        bytes += used;
        length -= used;
        if (result == 0)
            continue;
        mapper->stop.key = UINT64_MAX;
        result = add_row(mapper, err);
        if (result)
            return result;
    }
    return DP_OK;
}

/* The first record at or after this offset gets a row. An older mark that still waits is served by
 * the same one: no record began since. */
static void mark_at(struct dp_mapper *mapper, uint64_t offset)
{
    const struct dp_index_row *rows = mapper->rows.data;

    if (mapper->stop.key != UINT64_MAX || rows[mapper->rows.length - 1].edge.offset >= offset)
        return;
    mapper->stop.key = offset;
}

/* ------------------------------------------------------------------------------------- head */

/* Scans what was held back, mark by mark. */
static int scan_head(struct dp_mapper *mapper, struct dp_error *err)
{
    const size_t *marks = mapper->head_marks.data;
    size_t i, at = 0;
    int result = DP_OK;

    if (!mapper->head) /* the format was given: nothing was held back */
        return DP_OK;
    for (i = 0; !result && i < mapper->head_marks.length; i++) {
        result = scan(mapper, mapper->head + at, marks[i] - at, err);
        at = marks[i];
        mark_at(mapper, at);
    }
    if (result || at == mapper->head_bytes)
        return result;
    return scan(mapper, mapper->head + at, mapper->head_bytes - at, err);
}

/* Chooses the format by the head and goes on from there. */
static int leave_head(struct dp_mapper *mapper, bool whole, struct dp_error *err)
{
    int result;

    mapper->format = mapper->config.format;
    if (!mapper->format && whole && mapper->head_bytes == 0 && mapper->config.allow_empty)
        mapper->format = dp_format_find("text");
    if (!mapper->format)
        mapper->format = dp_format_detect(mapper->config.name, mapper->head, mapper->head_bytes,
                                          whole, err);
    if (!mapper->format)
        return err->code;
    result = open_scanner(mapper, err);
    if (!result)
        result = scan_head(mapper, err);
    free(mapper->head);
    mapper->head = NULL;
    mapper->head_bytes = 0;
    return result;
}

int dp_mapper_feed(struct dp_mapper *mapper, const uint8_t *bytes, size_t length,
                   struct dp_error *err)
{
    size_t room, taken = 0;
    int result;

    if (!mapper->scanner && mapper->head) {
        room = HEAD_BYTES - mapper->head_bytes;
        taken = length < room ? length : room;
        memcpy(mapper->head + mapper->head_bytes, bytes, taken);
        mapper->head_bytes += taken;
        if (mapper->head_bytes < HEAD_BYTES)
            return DP_OK;
    }
    if (!mapper->scanner) {
        result = leave_head(mapper, false, err);
        if (result)
            return result;
    }
    return scan(mapper, bytes + taken, length - taken, err);
}

int dp_mapper_mark(struct dp_mapper *mapper, struct dp_error *err)
{
    if (mapper->scanner)
        mark_at(mapper, mapper->fed_bytes);
    else if (!dp_array_append(&mapper->head_marks, &mapper->head_bytes, 1,
                              sizeof(mapper->head_bytes)))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* -------------------------------------------------------------------------------------- end */

/* Does the edge where the scanner stands lie behind the last row? */
static bool is_new(const struct dp_mapper *mapper, const struct dp_edge *edge)
{
    const struct dp_index_row *rows = mapper->rows.data;

    return mapper->rows.length == 0 || rows[mapper->rows.length - 1].edge.offset < edge->offset;
}

/* The end of sound data: it must fit the format. */
static int finish_whole(struct dp_mapper *mapper, struct dp_mapper_result *result,
                        struct dp_error *err)
{
    const struct dp_scanner_base *base = dp_scanner_base(mapper->scanner);
    int failed;

    failed = mapper->format->finish(mapper->scanner, err);
    if (failed)
        return failed;
    result->totals = base->edge;
    if (is_new(mapper, &base->edge))
        return add_row(mapper, err);
    return DP_OK;
}

/* The end came too early. A record that ends exactly here is only known to the scanner's finish
 * (unless it has been asked already); but one that does not end with a line feed may have lost its
 * rest, whatever finish thinks. */
static int finish_cut(struct dp_mapper *mapper, bool finished, struct dp_mapper_result *result,
                      struct dp_error *err)
{
    const struct dp_scanner_base *base = dp_scanner_base(mapper->scanner);
    struct dp_index_row row = {.edge = base->edge,
                               .previous_offset = base->previous.offset,
                               .previous_bases = base->previous.bases};

    if (!finished && !mapper->broken && mapper->last_byte == '\n' &&
        mapper->format->finish(mapper->scanner, NULL) == DP_OK) {
        row.edge = base->edge;
        row.previous_offset = base->previous.offset;
        row.previous_bases = base->previous.bases;
    }
    if (mapper->format->header && row.edge.offset == 0)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_UNEXPECTED_END,
                                   "%s: the data are cut or damaged within their header",
                                   mapper->config.name);
    result->totals = row.edge;
    result->cut = true;
    result->totals_crc32 = !mapper->broken && row.edge.offset == mapper->fed_bytes
                               ? mapper->fed_crc32
                               : mapper->edge_crc32;
    if (is_new(mapper, &row.edge) &&
        !dp_array_append(&mapper->rows, &row, 1, sizeof(row)))
        return dp_error_no_memory(err);
    return DP_OK;
}

int dp_mapper_finish(struct dp_mapper *mapper, bool truncated, struct dp_mapper_result *result,
                     struct dp_error *err)
{
    struct dp_mapper_result made = {0};
    bool finished = false;
    int failed = DP_OK;

    if (!mapper->scanner)
        failed = leave_head(mapper, true, err);
    if (!failed && !truncated) {
        failed = finish_whole(mapper, &made, err);
        finished = true;
    }
    /* Data that the scanner refuses are damage too, now or in what was held back. */
    if (failed == DP_DATA && mapper->scanner && mapper->config.keep_prefix) {
        dp_error_clear(err);
        truncated = true;
        failed = DP_OK;
    }
    if (!failed && truncated)
        failed = finish_cut(mapper, finished, &made, err);
    if (failed)
        return failed;
    made.format = mapper->format;
    made.longest_record_bytes = dp_scanner_base(mapper->scanner)->longest;
    if (made.format->header)
        made.header_bytes = made.format->header(mapper->scanner, &made.header_crc32);
    *result = made;
    return DP_OK;
}

void dp_mapper_take_rows(struct dp_mapper *mapper, struct dp_array *rows)
{
    *rows = mapper->rows;
    memset(&mapper->rows, 0, sizeof(mapper->rows));
}

int dp_mapper_copy_digests(const struct dp_mapper *mapper, uint64_t record_count,
                           struct dp_array *digests, struct dp_error *err)
{
    const struct dp_name_digest *found;
    size_t count = 0;
    uint64_t groups = record_count / DP_DIGEST_RECORDS;

    if (!mapper->format->digests)
        return DP_OK;
    found = mapper->format->digests(mapper->scanner, &count);
    if (record_count % DP_DIGEST_RECORDS)
        groups++;
    if (count > groups)
        count = (size_t)groups;
    if (!dp_array_append(digests, found, count, sizeof(*found)))
        return dp_error_no_memory(err);
    return DP_OK;
}

int dp_mapper_copy_loci(const struct dp_mapper *mapper, struct dp_array *contigs,
                        struct dp_array *names, struct dp_array *runs, struct dp_error *err)
{
    struct dp_loci loci;

    if (!mapper->format->loci)
        return DP_OK;
    mapper->format->loci(mapper->scanner, &loci);
    if (!dp_array_append(contigs, loci.contigs, loci.contig_count, sizeof(*loci.contigs)) ||
        !dp_array_append(names, loci.names, loci.names_bytes, 1) ||
        !dp_array_append(runs, loci.runs, loci.run_count, sizeof(*loci.runs)))
        return dp_error_no_memory(err);
    return DP_OK;
}

int dp_mapper_describe(const struct dp_mapper *mapper, json_t **facts, struct dp_error *err)
{
    json_t *made = json_object();
    int result = DP_OK;

    if (!made)
        return dp_error_no_memory(err);
    if (mapper->format->describe)
        result = mapper->format->describe(mapper->scanner, made, err);
    if (result)
        json_decref(made);
    else
        *facts = made;
    return result;
}
