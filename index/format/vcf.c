/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* VCF text; VCF.md beside this file says what is accepted. Only structure is judged: the columns of
 * every line, CHROM and POS. Of INFO, nothing but END is looked at, for the end of a record. */

#include "config.h"

#include "index/format/vcf.h"

#include "index/format/vcf_filter.h"
#include "index/format/vcf_header.h"
#include "index/format/vcf_line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct vcf {
    struct dp_scanner_base base;
    const struct dp_kernels *kernels;
    char *name;
    bool facts;
    bool judged;

    /* The piece being scanned. */
    const uint8_t *bytes;
    uint64_t bytes_offset;

    bool in_header;
    struct dp_vcf_header header;
    uint64_t columns;     /* that every line must have; 0: not known yet */
    bool end_is_number;

    bool edge_pending;    /* a record (or the header) is whole: `next` becomes the edge when another
                           * byte comes */
    struct dp_edge next;
    bool in_line;         /* a line has come in part: */
    struct dp_vcf_line line;
    bool carriage_return; /* its last byte is one */

    uint64_t crlf_lines; /* of records */
    bool final_newline;
    struct dp_loci_gatherer loci;
};

static struct vcf *vcf_of(struct dp_scanner *scanner)
{
    return (struct vcf *)(void *)scanner;
}

static uint64_t offset_of(const struct vcf *v, const uint8_t *at)
{
    return v->bytes_offset + (uint64_t)(at - v->bytes);
}

/* ------------------------------------------------------------------------------------- faults */

/* "NAME: record 3, line 10, offset 417: " and what is wrong with the line at the edge. */
DP_PRINTF(4, 5)
static int fault(const struct vcf *v, enum dp_detail detail, struct dp_error *err,
                 const char *format, ...)
{
    char what[256];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return dp_error_set_detail(
        err, DP_DATA, detail, "%s: record %" PRIu64 ", line %" PRIu64 ", offset %" PRIu64 ": %s",
        v->name, v->base.edge.record + 1, v->base.edge.line + 1, v->base.edge.offset, what);
}

static int header_fault(const struct vcf *v, enum dp_detail detail, struct dp_error *err)
{
    return dp_error_set_detail(err, DP_DATA, detail, "%s: line %" PRIu64 ": %s", v->name,
                               v->header.lines + 1, v->header.fault);
}

static int line_fault(const struct vcf *v, struct dp_error *err)
{
    static const char *const texts[] = {
        [DP_VCF_NO_CONTIG] = "CHROM is empty",
        [DP_VCF_LONG_CONTIG] = "CHROM is longer than 1,024 bytes",
        [DP_VCF_POSITION] = "POS is not an integer from 0 to 2^62",
    };

    return fault(v, DP_DETAIL_RECORD, err, "%s", texts[v->line.fault]);
}

/* ------------------------------------------------------------------------------------ records */

static void publish_edge(struct vcf *v)
{
    if (!v->edge_pending)
        return;
    if (v->next.record == 0) /* none stands before the first */
        v->base.edge = v->base.previous = v->next;
    else
        dp_scanner_pass(&v->base, &v->next);
    v->edge_pending = false;
}

static bool met(const struct vcf *v, const struct dp_stop *stop)
{
    return dp_edge_key(&v->base.edge, stop->unit) >= stop->key;
}

/* The record at the edge is whole; it ends before `offset`. */
static int end_record(struct vcf *v, const struct dp_locus *locus, uint64_t offset,
                      bool carriage_return, struct dp_error *err)
{
    v->next = (struct dp_edge){.record = v->base.edge.record + 1,
                               .offset = offset,
                               .line = v->base.edge.line + 1};
    v->edge_pending = true;
    v->in_line = false;
    v->crlf_lines += carriage_return;
    return v->facts ? dp_loci_add(&v->loci, &v->base.edge, locus, err) : 0;
}

/* The line that came in parts has ended. */
static int end_line(struct vcf *v, uint64_t offset, enum dp_detail detail, struct dp_error *err)
{
    uint64_t columns = v->line.tabs + 1;
    struct dp_locus locus;

    if (v->line.fault)
        return line_fault(v, err);
    if (v->columns == 0 && columns >= DP_VCF_SITE_COLUMNS)
        v->columns = columns;
    if (columns != v->columns)
        return fault(v, detail, err, "%s%" PRIu64 " columns, where the header has %" PRIu64,
                     detail == DP_DETAIL_UNEXPECTED_END ? "the data ends in a line of " : "",
                     columns, v->columns);
    dp_vcf_line_locus(&v->line, v->end_is_number, &locus);
    return end_record(v, &locus, offset, v->carriage_return, err);
}

/* The part [p, stop) of a line that does not lie whole in the piece, or that is not sound. */
static void take_part(struct vcf *v, const uint8_t *p, const uint8_t *stop)
{
    if (p == stop)
        return;
    dp_vcf_line_part(&v->line, v->kernels, p, stop);
    v->carriage_return = stop[-1] == '\r';
}

/* At the begin of a line: takes it, or the part of it that is there. */
static int scan_line(struct vcf *v, const uint8_t **p, const uint8_t *end, struct dp_error *err)
{
    uint64_t tabs = 0;
    const uint8_t *newline = v->kernels->count_tabs(*p, end, &tabs);
    const uint8_t *begin = *p;
    struct dp_locus locus;

    *p = newline < end ? newline + 1 : end;
    if (newline < end && tabs + 1 == v->columns &&
        dp_vcf_line_whole(begin, newline, v->end_is_number, &locus)) {
        return end_record(v, &locus, offset_of(v, *p), newline[-1] == '\r', err);
    }
    dp_vcf_line_begin(&v->line);
    v->in_line = true;
    v->carriage_return = false;
    take_part(v, begin, newline);
    if (newline == end)
        return 0;
    return end_line(v, offset_of(v, *p), DP_DETAIL_RECORD, err);
}

/* Inside a line. */
static int scan_rest(struct vcf *v, const uint8_t **p, const uint8_t *end, struct dp_error *err)
{
    const uint8_t *newline = memchr(*p, '\n', (size_t)(end - *p));

    take_part(v, *p, newline ? newline : end);
    *p = newline ? newline + 1 : end;
    if (!newline)
        return 0;
    return end_line(v, offset_of(v, *p), DP_DETAIL_RECORD, err);
}

/* Of a line that was judged before, all that counts is where it ends. */
static int pass_line(struct vcf *v, const uint8_t **p, const uint8_t *end, struct dp_error *err)
{
    const uint8_t *newline = memchr(*p, '\n', (size_t)(end - *p));

    *p = newline ? newline + 1 : end;
    v->in_line = !newline;
    return newline ? end_record(v, NULL, offset_of(v, *p), false, err) : 0;
}

/* ------------------------------------------------------------------------------------- header */

/* The header has ended before `offset`. */
static void leave_header(struct vcf *v, uint64_t offset)
{
    v->in_header = false;
    v->columns = v->header.columns;
    v->end_is_number = v->header.end_is_number;
    v->next = (struct dp_edge){.offset = offset, .line = v->header.lines};
    v->edge_pending = true;
}

static int scan_header(struct vcf *v, const uint8_t **p, const uint8_t *end, struct dp_error *err)
{
    size_t used = 0;
    int rc = dp_vcf_header_feed(&v->header, v->kernels, *p, (size_t)(end - *p), &used, &v->loci,
                                err);

    if (rc < 0)
        return rc;
    if (v->header.fault)
        return header_fault(v, DP_DETAIL_RECORD, err);
    *p += used;
    if (v->header.whole)
        leave_header(v, offset_of(v, *p));
    return 0;
}

/* ------------------------------------------------------------------------------------- vtable */

static void vcf_close(struct dp_scanner *scanner)
{
    struct vcf *v = vcf_of(scanner);

    if (!v)
        return;
    dp_vcf_header_close(&v->header);
    dp_loci_close(&v->loci);
    free(v->name);
    free(v);
}

static int vcf_open(const struct dp_scanner_config *config, struct dp_scanner **scanner,
                    struct dp_error *err)
{
    struct vcf *v = calloc(1, sizeof(*v));

    if (!v)
        return dp_error_no_memory(err);
    v->name = strdup(config->name);
    if (!v->name) {
        vcf_close((struct dp_scanner *)(void *)v);
        return dp_error_no_memory(err);
    }
    v->base.format = &dp_vcf;
    v->base.edge = v->base.previous = config->start;
    v->kernels = dp_kernels_best();
    v->facts = config->facts;
    v->judged = config->judged && !config->facts; /* facts are in the lines */
    v->bytes_offset = config->start.offset;
    v->in_header = config->start.offset == 0;
    v->final_newline = true;
    dp_vcf_header_open(&v->header);
    *scanner = (struct dp_scanner *)(void *)v;
    return 0;
}

/* 1: the scan stops here. */
static int step(struct vcf *v, const uint8_t **p, const uint8_t *end, const struct dp_stop *stop,
                struct dp_error *err)
{
    if (v->in_header)
        return scan_header(v, p, end, err);
    if (v->in_line)
        return v->judged ? pass_line(v, p, end, err) : scan_rest(v, p, end, err);
    publish_edge(v);
    if (met(v, stop)) {
        dp_loci_end_run(&v->loci);
        return 1;
    }
    return v->judged ? pass_line(v, p, end, err) : scan_line(v, p, end, err);
}

static int vcf_scan(struct dp_scanner *scanner, const uint8_t *bytes, size_t length,
                    const struct dp_stop *stop, size_t *used, struct dp_error *err)
{
    struct vcf *v = vcf_of(scanner);
    const uint8_t *p = bytes, *end = bytes + length;
    int rc = 0;

    v->bytes = bytes;
    while (p < end && rc == 0)
        rc = step(v, &p, end, stop, err);
    if (rc < 0)
        return rc;
    if (p > bytes)
        v->final_newline = p[-1] == '\n';
    v->bytes_offset = offset_of(v, p);
    *used = (size_t)(p - bytes);
    return rc;
}

static int vcf_finish(struct dp_scanner *scanner, struct dp_error *err)
{
    struct vcf *v = vcf_of(scanner);
    int rc = 0;

    if (v->in_header) {
        rc = dp_vcf_header_finish(&v->header, &v->loci, err);
        if (rc == 0 && v->header.fault)
            rc = header_fault(v, DP_DETAIL_UNEXPECTED_END, err);
        if (rc == 0)
            leave_header(v, v->bytes_offset);
    } else if (v->in_line) { /* the last line lacks its newline */
        rc = v->judged ? end_record(v, NULL, v->bytes_offset, false, err)
                       : end_line(v, v->bytes_offset, DP_DETAIL_UNEXPECTED_END, err);
    }
    if (rc == 0)
        publish_edge(v);
    return rc;
}

/* -------------------------------------------------------------------------------------- facts */

static int vcf_describe(const struct dp_scanner *scanner, json_t *facts, struct dp_error *err)
{
    const struct vcf *v = (const struct vcf *)(const void *)scanner;
    uint64_t crlf = v->crlf_lines + v->header.crlf_lines;
    uint64_t lines = v->base.edge.record + v->header.lines;
    int rc, failed = 0;

    failed |= json_object_set_new(facts, "line_ending",
                                  json_string(!crlf ? "lf" : crlf == lines ? "crlf" : "mixed"));
    failed |= json_object_set_new(facts, "final_newline", json_boolean(v->final_newline));
    if (failed)
        return dp_error_no_memory(err);
    rc = dp_vcf_header_describe(&v->header, facts, err);
    return rc < 0 ? rc : dp_loci_describe(&v->loci, facts, err);
}

static uint64_t vcf_header(const struct dp_scanner *scanner, uint32_t *crc32)
{
    const struct vcf *v = (const struct vcf *)(const void *)scanner;

    *crc32 = v->header.crc32;
    return v->header.bytes;
}

static void vcf_loci(const struct dp_scanner *scanner, struct dp_loci *loci)
{
    const struct vcf *v = (const struct vcf *)(const void *)scanner;

    dp_loci_view(&v->loci, loci);
}

/* A header tells VCF beyond doubt. */
static int vcf_sniff(const uint8_t *head, size_t length, bool whole)
{
    static const char first[] = "##fileformat=VCF";

    (void)whole;
    return length >= sizeof(first) - 1 && memcmp(head, first, sizeof(first) - 1) == 0 ? 2 : 0;
}

static const char *const vcf_endings[] = {".vcf", NULL};

const struct dp_format dp_vcf = {
    .name = "vcf",
    .description = "variants as text, with its header",
    .has_bases = false,
    .lines = true,
    .newline = true,
    .sniff = vcf_sniff,
    .endings = vcf_endings,
    .open = vcf_open,
    .scan = vcf_scan,
    .finish = vcf_finish,
    .close = vcf_close,
    .describe = vcf_describe,
    .digests = NULL,
    .header = vcf_header,
    .loci = vcf_loci,
    .filter = &dp_vcf_filter,
};
