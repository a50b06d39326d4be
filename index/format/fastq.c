/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* FASTQ, strictly; FASTQ.md beside this file says what is accepted.
 *
 * Two ways lead through a record and give the same answers: records of the common shape that lie
 * whole in a piece are split off in batches by a kernel; everything else (the record that a piece's
 * end cuts, CRLF, wrapped lines, empty reads, gigabyte reads, faults) is walked by a small machine
 * that takes a stretch of bytes at a time and remembers a fixed amount. */

#include "config.h"

#include "index/format/fastq.h"

#include "index/format/fastq_names.h"
#include "index/format/kernels.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define BATCH  64 /* records split off at once */
#define MISSES 16 /* this many batches of none in a row: the common shape is not so common here */

/* Where in a record the next byte stands. */
enum place {
    AT_EDGE,     /* before a record, or behind the last one */
    IN_TITLE,    /* behind '@' */
    AT_SEQUENCE, /* at the begin of a line: sequence, or the '+' line */
    IN_SEQUENCE,
    IN_PLUS,     /* behind '+' */
    AT_QUALITY,  /* at the begin of a line of qualities, some of which are still missing */
    IN_QUALITY,
    AT_NOTHING,  /* at the begin of the line where an empty read has its empty qualities */
    AT_BLANK     /* at the begin of a line behind the last record: only empty ones may follow */
};

struct fastq {
    struct dp_scanner_base base;
    const struct dp_kernels *kernels;
    char *name;
    bool facts;
    unsigned misses; /* batches of none in a row */

    /* The piece being scanned. */
    const uint8_t *bytes;
    uint64_t bytes_offset;

    /* The record being read. */
    enum place place;
    bool carriage_return; /* the last byte was one, and its newline must follow */
    bool edge_pending;    /* a record is whole: `next` becomes the edge when another byte comes */
    struct dp_edge next;
    uint64_t line;        /* of the next byte */
    uint64_t title_bytes;
    XXH128_hash_t title_hash;
    uint64_t plus_bytes;
    uint64_t plus_offset;
    uint64_t sequence_bytes;
    uint64_t quality_bytes;
    uint64_t sequence_lines;
    uint64_t quality_lines;
    uint64_t quality_line; /* number of the first */
    XXH3_state_t *line_hash; /* of a title or '+' line in pieces */

    /* Facts of all records. */
    bool not_four_line;
    uint64_t lf_lines, crlf_lines;
    uint64_t shortest, longest;
    bool ends_in_newline;
    struct dp_fastq_names names;
};

static struct fastq *fastq_of(struct dp_scanner *scanner)
{
    return (struct fastq *)(void *)scanner;
}

static uint64_t offset_of(const struct fastq *f, const uint8_t *at)
{
    return f->bytes_offset + (uint64_t)(at - f->bytes);
}

/* ------------------------------------------------------------------------------------ faults */

/* "NAME: record 3, line 10, offset 417: " and what is wrong. */
DP_PRINTF(5, 6)
static int fault(const struct fastq *f, uint64_t offset, enum dp_detail detail,
                 struct dp_error *err, const char *format, ...)
{
    char what[256];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return dp_error_set_detail(
        err, DP_DATA, detail,
        "%s: record %" PRIu64 ", line %" PRIu64 ", offset %" PRIu64 ": %s", f->name,
        f->base.edge.record + 1, f->line + 1, offset, what);
}

static int odd_byte(const struct fastq *f, const uint8_t *at, const char *where,
                    struct dp_error *err)
{
    if (*at == ' ' || *at == '\t')
        return fault(f, offset_of(f, at), DP_DETAIL_RECORD, err, "a %s in the %s",
                     *at == ' ' ? "blank" : "tab", where);
    return fault(f, offset_of(f, at), DP_DETAIL_RECORD, err,
                 "byte 0x%02x in the %s (only 33 to 126 may stand there)", *at, where);
}

static int stray_return(const struct fastq *f, const uint8_t *at, struct dp_error *err)
{
    return fault(f, offset_of(f, at) - 1, DP_DETAIL_RECORD, err,
                 "a carriage return that no newline follows");
}

static int lengths_differ(const struct fastq *f, uint64_t offset, const char *how,
                          struct dp_error *err)
{
    return fault(f, offset, DP_DETAIL_RECORD, err,
                 "%s qualities than bases: %" PRIu64 " bases, qualities from line %" PRIu64 " on",
                 how, f->sequence_bytes, f->quality_line + 1);
}

/* ------------------------------------------------------------------------------ lines, edges */

static void end_line(struct fastq *f)
{
    if (f->carriage_return)
        f->crlf_lines++;
    else
        f->lf_lines++;
    f->carriage_return = false;
    f->line++;
}

/* Another byte (or the end) is there: the edge behind the last whole record is passed. */
static inline void publish_edge(struct fastq *f)
{
    if (!f->edge_pending)
        return;
    dp_scanner_pass(&f->base, &f->next);
    f->edge_pending = false;
}

static inline void count_length(struct fastq *f, uint64_t bases)
{
    if (bases < f->shortest)
        f->shortest = bases;
    if (bases > f->longest)
        f->longest = bases;
}

/* The record ends before `offset`. */
static int end_record(struct fastq *f, uint64_t offset, struct dp_error *err)
{
    f->next.record = f->base.edge.record + 1;
    f->next.offset = offset;
    f->next.bases = f->base.edge.bases + f->sequence_bytes;
    f->next.line = f->line;
    f->edge_pending = true;
    f->place = AT_EDGE;
    count_length(f, f->sequence_bytes);
    if (f->sequence_lines != 1 || f->quality_lines != 1)
        f->not_four_line = true;
    return f->facts ? dp_fastq_names_record(&f->names, &f->next, err) : 0;
}

/* ------------------------------------------------------------- the machine, one per place
 * Each takes a stretch of [p, end), which is not empty, and moves *p behind it. */

static int step_edge(struct fastq *f, const uint8_t **p, struct dp_error *err)
{
    if (**p != '@') {
        if (f->base.edge.record == 0)
            return fault(f, offset_of(f, *p), DP_DETAIL_RECORD, err,
                         "no '@': this is not FASTQ");
        if (**p == '\n' || **p == '\r') {
            f->place = AT_BLANK;
            return 0;
        }
        return fault(f, offset_of(f, *p), DP_DETAIL_RECORD, err,
                     "no '@' where a record should begin");
    }
    ++*p;
    f->place = IN_TITLE;
    f->title_bytes = 0;
    f->sequence_bytes = f->quality_bytes = 0;
    f->sequence_lines = f->quality_lines = 0;
    XXH3_128bits_reset(f->line_hash);
    if (f->facts)
        dp_fastq_names_begin(&f->names);
    return 0;
}

static void take_title(struct fastq *f, const uint8_t *part, size_t length)
{
    f->title_bytes += length;
    XXH3_128bits_update(f->line_hash, part, length);
    if (f->facts)
        dp_fastq_names_part(&f->names, part, length);
}

static void take_plus(struct fastq *f, const uint8_t *part, size_t length)
{
    f->plus_bytes += length;
    XXH3_128bits_update(f->line_hash, part, length);
}

/* Title and '+' lines may hold anything. A carriage return is held back: it belongs to the line
 * ending if a newline follows. True when the line has ended. */
static bool free_line(struct fastq *f, const uint8_t **p, const uint8_t *end,
                      void (*take)(struct fastq *f, const uint8_t *part, size_t length))
{
    static const uint8_t held = '\r';
    const uint8_t *newline = memchr(*p, '\n', (size_t)(end - *p));
    const uint8_t *stop = newline ? newline : end;

    if (stop > *p) {
        if (f->carriage_return)
            take(f, &held, 1);
        f->carriage_return = stop[-1] == '\r';
        take(f, *p, (size_t)(stop - *p) - f->carriage_return);
    }
    *p = stop;
    if (!newline)
        return false;
    ++*p;
    end_line(f);
    return true;
}

static int step_title(struct fastq *f, const uint8_t **p, const uint8_t *end)
{
    if (free_line(f, p, end, take_title)) {
        f->title_hash = XXH3_128bits_digest(f->line_hash);
        if (f->facts)
            dp_fastq_names_end(&f->names);
        f->place = AT_SEQUENCE;
    }
    return 0;
}

static int step_sequence_line(struct fastq *f, const uint8_t **p, struct dp_error *err)
{
    bool empty = **p == '\n' || **p == '\r';
    uint64_t offset = offset_of(f, *p);

    if (**p == '+') {
        f->place = IN_PLUS;
        f->plus_bytes = 0;
        f->plus_offset = offset;
        XXH3_128bits_reset(f->line_hash);
        ++*p;
        return 0;
    }
    if (**p == '@')
        return fault(f, offset, DP_DETAIL_RECORD, err, "a '@' where sequence or '+' should stand");
    if (f->sequence_lines > 0 && empty)
        return fault(f, offset, DP_DETAIL_RECORD, err, "an empty line in the sequence");
    if (f->sequence_lines > 0 && f->sequence_bytes == 0)
        return fault(f, offset, DP_DETAIL_RECORD, err, "no '+' behind an empty sequence");
    f->sequence_lines++;
    f->place = IN_SEQUENCE;
    return 0;
}

/* The end of a line of printable characters at *p, which is not one itself. True when the line has
 * ended, false when its carriage return was taken; an error otherwise. */
static int graph_line_end(struct fastq *f, const uint8_t **p, const char *where, bool *ended,
                          struct dp_error *err)
{
    *ended = **p == '\n';
    if (!*ended && **p != '\r')
        return odd_byte(f, *p, where, err);
    ++*p;
    if (*ended)
        end_line(f);
    else
        f->carriage_return = true;
    return 0;
}

static int step_sequence(struct fastq *f, const uint8_t **p, const uint8_t *end,
                         struct dp_error *err)
{
    const uint8_t *stop = f->kernels->skip_graph(*p, end);
    bool ended;
    int rc;

    if (f->carriage_return && **p != '\n')
        return stray_return(f, *p, err);
    f->sequence_bytes += (uint64_t)(stop - *p);
    *p = stop;
    if (stop == end)
        return 0;
    rc = graph_line_end(f, p, "sequence", &ended, err);
    if (rc == 0 && ended)
        f->place = AT_SEQUENCE;
    return rc;
}

static int step_plus(struct fastq *f, const uint8_t **p, const uint8_t *end, struct dp_error *err)
{
    uint64_t line = f->line;

    if (!free_line(f, p, end, take_plus))
        return 0;
    f->place = f->sequence_bytes ? AT_QUALITY : AT_NOTHING;
    f->quality_line = f->line;
    if (f->plus_bytes == 0)
        return 0;
    if (f->plus_bytes == f->title_bytes &&
        XXH128_isEqual(XXH3_128bits_digest(f->line_hash), f->title_hash))
        return 0;
    f->line = line;
    return fault(f, f->plus_offset, DP_DETAIL_RECORD, err, "the '+' line differs from the title");
}

static int step_quality_line(struct fastq *f, const uint8_t **p, struct dp_error *err)
{
    if (**p == '\n' || **p == '\r')
        return lengths_differ(f, offset_of(f, *p), "fewer", err);
    f->quality_lines++;
    f->place = IN_QUALITY;
    return 0;
}

static int step_quality(struct fastq *f, const uint8_t **p, const uint8_t *end,
                        struct dp_error *err)
{
    const uint8_t *stop = f->kernels->skip_graph(*p, end);
    uint64_t missing = f->sequence_bytes - f->quality_bytes;
    bool ended;
    int rc;

    if (f->carriage_return && **p != '\n')
        return stray_return(f, *p, err);
    if ((uint64_t)(stop - *p) > missing)
        return lengths_differ(f, offset_of(f, *p) + missing, "more", err);
    f->quality_bytes += (uint64_t)(stop - *p);
    *p = stop;
    if (stop == end)
        return 0;
    rc = graph_line_end(f, p, "qualities", &ended, err);
    if (rc < 0 || !ended)
        return rc;
    if (f->quality_bytes == f->sequence_bytes)
        return end_record(f, offset_of(f, *p), err);
    f->place = AT_QUALITY;
    return 0;
}

/* Behind the '+' line of an empty read: an empty line is its qualities; else it ends here. */
static int step_nothing(struct fastq *f, const uint8_t **p, struct dp_error *err)
{
    if (**p == '\n') {
        ++*p;
        end_line(f);
        f->quality_lines = 1;
        return end_record(f, offset_of(f, *p), err);
    }
    if (f->carriage_return)
        return stray_return(f, *p, err);
    if (**p == '\r') {
        ++*p;
        f->carriage_return = true;
        return 0;
    }
    if (**p != '@')
        return lengths_differ(f, offset_of(f, *p), "more", err);
    return end_record(f, offset_of(f, *p), err);
}

static int step_blank(struct fastq *f, const uint8_t **p, struct dp_error *err)
{
    if (**p == '\n') {
        end_line(f);
    } else if (f->carriage_return) {
        return stray_return(f, *p, err);
    } else if (**p == '\r') {
        f->carriage_return = true;
    } else {
        return fault(f, offset_of(f, *p), DP_DETAIL_RECORD, err,
                     "an empty line between records");
    }
    ++*p;
    return 0;
}

static int step(struct fastq *f, const uint8_t **p, const uint8_t *end, struct dp_error *err)
{
    switch (f->place) {
    case AT_EDGE: /* scan_edge's business */
        break;
    case IN_TITLE:
        return step_title(f, p, end);
    case AT_SEQUENCE:
        return step_sequence_line(f, p, err);
    case IN_SEQUENCE:
        return step_sequence(f, p, end, err);
    case IN_PLUS:
        return step_plus(f, p, end, err);
    case AT_QUALITY:
        return step_quality_line(f, p, err);
    case IN_QUALITY:
        return step_quality(f, p, end, err);
    case AT_NOTHING:
        return step_nothing(f, p, err);
    case AT_BLANK:
        break;
    }
    return step_blank(f, p, err);
}

/* ------------------------------------------------------------------------- the common shape */

/* Counts a record of the common shape that begins at `record`, an edge that is already passed. */
static inline int take_record(struct fastq *f, const uint8_t *record,
                              const struct dp_fastq_shape *shape, struct dp_error *err)
{
    f->line += 4;
    f->lf_lines += 4;
    f->next.record = f->base.edge.record + 1;
    f->next.offset = f->base.edge.offset + shape->record_bytes;
    f->next.bases = f->base.edge.bases + shape->sequence_bytes;
    f->next.line = f->line;
    f->edge_pending = true;
    if (!f->facts)
        return 0;
    count_length(f, shape->sequence_bytes);
    dp_fastq_names_title(&f->names, record + 1, shape->title_bytes, shape->name_bytes);
    return dp_fastq_names_record(&f->names, &f->next, err);
}

static bool met(const struct fastq *f, const struct dp_stop *stop)
{
    return dp_edge_key(&f->base.edge, stop->unit) >= stop->key;
}

/* Takes a batch of records of the common shape at *p, an edge. How many it took, at most BATCH;
 * a negative code on failure. It may end early: before the record where the scan must stop. */
static int take_batch(struct fastq *f, const uint8_t **p, const uint8_t *end,
                      const struct dp_stop *stop, struct dp_error *err)
{
    struct dp_fastq_shape shapes[BATCH];
    size_t length = (size_t)(end - *p), count, i;
    const uint8_t *record = *p;
    int rc;

    count = f->kernels->split_records(record, length < DP_SPLIT_BYTES ? length : DP_SPLIT_BYTES,
                                      shapes, BATCH);
    for (i = 0; i < count; i++) {
        publish_edge(f);
        if (met(f, stop))
            break;
        rc = take_record(f, record, &shapes[i], err);
        if (rc < 0)
            return rc;
        *p = record;
        record += shapes[i].record_bytes;
    }
    if (i > 0 && f->facts)
        dp_fastq_names_keep(&f->names, *p + 1, shapes[i - 1].name_bytes);
    *p = record;
    return (int)i;
}

/* Records that are not of the common shape would be looked at twice: when they are the rule, the
 * kernel is asked only now and then. */
static bool worth_trying(struct fastq *f)
{
    if (f->misses < MISSES)
        return true;
    if (++f->misses == MISSES + 64)
        f->misses = MISSES - 1;
    return f->misses < MISSES;
}

/* ---------------------------------------------------------------------------------- vtable */

static void fastq_close(struct dp_scanner *scanner)
{
    struct fastq *f = fastq_of(scanner);

    if (!f)
        return;
    dp_fastq_names_close(&f->names);
    XXH3_freeState(f->line_hash);
    free(f->name);
    free(f);
}

static int fastq_open(const struct dp_scanner_config *config, struct dp_scanner **scanner,
                      struct dp_error *err)
{
    struct fastq *f = calloc(1, sizeof(*f));
    int rc;

    if (!f)
        return dp_error_no_memory(err);
    rc = dp_fastq_names_open(&f->names, err);
    f->name = strdup(config->name);
    f->line_hash = XXH3_createState();
    if (rc == 0 && (!f->name || !f->line_hash))
        rc = dp_error_no_memory(err);
    if (rc < 0) {
        fastq_close((struct dp_scanner *)(void *)f);
        return rc;
    }
    f->base.format = &dp_fastq;
    f->base.edge = f->base.previous = config->start;
    f->kernels = dp_kernels_best();
    f->facts = config->facts;
    f->bytes_offset = config->start.offset;
    f->line = config->start.line;
    f->shortest = UINT64_MAX;
    *scanner = (struct dp_scanner *)(void *)f;
    return 0;
}

/* At an edge, with a byte behind it: takes what it can in batches, then enters the next record. 1:
 * the scan stops here. */
static int scan_edge(struct fastq *f, const uint8_t **p, const uint8_t *end,
                     const struct dp_stop *stop, struct dp_error *err)
{
    int taken = BATCH;

    while (taken == BATCH && *p < end && worth_trying(f)) {
        taken = take_batch(f, p, end, stop, err);
        if (taken < 0)
            return taken;
        f->misses = taken ? 0 : f->misses + 1;
    }
    if (*p == end)
        return 0;
    publish_edge(f);
    if (met(f, stop))
        return 1;
    return step_edge(f, p, err);
}

static int fastq_scan(struct dp_scanner *scanner, const uint8_t *bytes, size_t length,
                      const struct dp_stop *stop, size_t *used, struct dp_error *err)
{
    struct fastq *f = fastq_of(scanner);
    const uint8_t *p = bytes, *end = bytes + length;
    int rc = 0;

    f->bytes = bytes;
    while (p < end && rc == 0)
        rc = f->place == AT_EDGE ? scan_edge(f, &p, end, stop, err) : step(f, &p, end, err);
    if (rc < 0)
        return rc;
    if (p > bytes)
        f->ends_in_newline = p[-1] == '\n';
    f->bytes_offset = offset_of(f, p);
    *used = (size_t)(p - bytes);
    return rc;
}

static int truncated(const struct fastq *f, const char *where, struct dp_error *err)
{
    return fault(f, f->bytes_offset, DP_DETAIL_UNEXPECTED_END, err, "the data ends %s", where);
}

static int finish_record(struct fastq *f, struct dp_error *err)
{
    switch (f->place) {
    case IN_TITLE:
        return truncated(f, "in a title", err);
    case AT_SEQUENCE:
    case IN_SEQUENCE:
        return truncated(f, f->sequence_lines ? "in a sequence, before its '+' line"
                                              : "before a sequence", err);
    case IN_PLUS:
        return truncated(f, "in a '+' line", err);
    case AT_QUALITY:
        return truncated(f, f->quality_bytes ? "in the qualities" : "before the qualities", err);
    case IN_QUALITY:
        if (f->carriage_return || f->quality_bytes != f->sequence_bytes)
            return truncated(f, "in the qualities", err);
        f->line++; /* the last line lacks its newline */
        return end_record(f, f->bytes_offset, err);
    case AT_NOTHING:
        if (f->carriage_return)
            return truncated(f, "in the qualities", err);
        f->line++; /* an empty line without its newline */
        f->quality_lines = 1;
        return end_record(f, f->bytes_offset, err);
    case AT_EDGE:
    case AT_BLANK:
        return f->carriage_return ? truncated(f, "in an empty line", err) : 0;
    }
    return 0;
}

static int fastq_finish(struct dp_scanner *scanner, struct dp_error *err)
{
    struct fastq *f = fastq_of(scanner);
    int rc = finish_record(f, err);

    if (rc < 0)
        return rc;
    publish_edge(f);
    if (f->base.edge.record == 0)
        return fault(f, f->bytes_offset, DP_DETAIL_RECORD, err, "no record: the data is empty");
    return f->facts ? dp_fastq_names_finish(&f->names, &f->base.edge, err) : 0;
}

/* ---------------------------------------------------------------------------------- facts */

/* Names are foreign bytes, JSON wants UTF-8: what is not printable ASCII becomes '?'. */
static json_t *json_name(const struct dp_kept_text *name)
{
    char text[DP_NAME_KEPT_BYTES];
    size_t i, length = name->length < sizeof(text) ? name->length : sizeof(text);

    for (i = 0; i < length; i++)
        text[i] = name->bytes[i] >= 32 && name->bytes[i] < 127 ? (char)name->bytes[i] : '?';
    return json_stringn(text, length);
}

static int fastq_describe(const struct dp_scanner *scanner, json_t *facts, struct dp_error *err)
{
    const struct fastq *f = (const struct fastq *)(const void *)scanner;
    uint64_t records = f->names.count;
    int failed = 0;

    failed |= json_object_set_new(facts, "four_line", json_boolean(!f->not_four_line));
    failed |= json_object_set_new(facts, "line_ending",
                                  json_string(!f->crlf_lines ? "lf"
                                              : f->lf_lines  ? "mixed"
                                                             : "crlf"));
    failed |= json_object_set_new(facts, "final_newline", json_boolean(f->ends_in_newline));
    failed |= json_object_set_new(facts, "name_scheme",
                                  json_string(dp_fastq_names_scheme(&f->names)));
    failed |= json_object_set_new(facts, "interleaved",
                                  json_boolean(dp_fastq_names_interleaved(&f->names)));
    failed |= json_object_set_new(facts, "read_length_min",
                                  json_integer((json_int_t)(records ? f->shortest : 0)));
    failed |= json_object_set_new(facts, "read_length_max", json_integer((json_int_t)f->longest));
    failed |= json_object_set_new(
        facts, "read_length_mean",
        json_real(records ? (double)f->base.edge.bases / (double)records : 0));
    failed |= json_object_set_new(facts, "first_name", json_name(&f->names.first));
    failed |= json_object_set_new(facts, "last_name", json_name(&f->names.last));
    return failed ? dp_error_no_memory(err) : 0;
}

static const struct dp_name_digest *fastq_digests(const struct dp_scanner *scanner, size_t *count)
{
    const struct fastq *f = (const struct fastq *)(const void *)scanner;

    *count = f->names.digests.length;
    return f->facts ? f->names.digests.data : NULL;
}

/* ----------------------------------------------------------------------------------- sniff */

/* SAM is text whose header lines begin with '@', two capitals and a tab. */
static bool is_sam(const uint8_t *head, size_t length)
{
    return length >= 4 && head[3] == '\t' && head[1] >= 'A' && head[1] <= 'Z' &&
           head[2] >= 'A' && head[2] <= 'Z';
}

/* Does the third line begin with '+'? Then a record was meant, whatever is wrong with it. */
static bool third_line_is_plus(const uint8_t *head, size_t length)
{
    const uint8_t *p = head, *end = head + length;
    unsigned line;

    for (line = 0; line < 2; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (!p || ++p == end)
            return false;
    }
    return *p == '+';
}

/* Sure when a first record is whole and sound. Possible when one was meant, or when the head ends
 * inside of what may be a long read. */
static int fastq_sniff(const uint8_t *head, size_t length, bool whole)
{
    struct dp_scanner_config config = {.name = ""};
    struct dp_stop stop = {.unit = DP_UNIT_RECORDS, .key = 1};
    struct dp_scanner *scanner;
    size_t used;
    int rc, verdict = 0;

    if (length == 0 || head[0] != '@' || is_sam(head, length) ||
        fastq_open(&config, &scanner, NULL) < 0)
        return 0;
    rc = fastq_scan(scanner, head, length, &stop, &used, NULL);
    if (rc == 1 || (rc == 0 && (fastq_of(scanner)->edge_pending ||
                                (whole && fastq_finish(scanner, NULL) == 0))))
        verdict = 2;
    else if ((rc == 0 && fastq_of(scanner)->sequence_bytes > 0) ||
             third_line_is_plus(head, length))
        verdict = 1;
    fastq_close(scanner);
    return verdict;
}

static const char *const fastq_endings[] = {".fastq", ".fq", ".fx", NULL};

const struct dp_format dp_fastq = {
    .name = "fastq",
    .description = "reads with qualities, 4-line or multi-line",
    .has_bases = true,
    .newline = true,
    .sniff = fastq_sniff,
    .endings = fastq_endings,
    .open = fastq_open,
    .scan = fastq_scan,
    .finish = fastq_finish,
    .close = fastq_close,
    .describe = fastq_describe,
    .digests = fastq_digests,
    .name_of = dp_fastq_names_of,
};
