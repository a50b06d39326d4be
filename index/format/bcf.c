/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* BCF2: walks from record to record by their lengths and looks at what stands at a fixed place in
 * each; BCF.md beside this file says what is checked. Whatever a record holds beyond its first 32
 * bytes only passes by, so the memory of a scanner does not depend on the records. */

#include "config.h"

#include "index/format/bcf.h"

#include "base/crc32.h"
#include "base/le.h"
#include "index/format/bcf_filter.h"
#include "index/format/bcf_header.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_BYTES  5u  /* "BCF", major, minor version */
#define LENGTH_BYTES 8u  /* the two lengths, which do not count themselves */
#define SHARED_LEAST 24u /* bytes of the shared part at fixed places */

/* Longer ones do not fit the signed lengths that other readers use. */
#define RECORD_PART_MAX ((uint32_t)INT32_MAX)
#define TEXT_MAX        (UINT32_C(1) << 30)

enum place {
    IN_START, /* before the length of the text is known */
    IN_TEXT,
    AT_EDGE,  /* before a record, or behind the last one */
    IN_HEAD,
    IN_BODY
};

struct bcf {
    struct dp_scanner_base base;
    char *name;
    bool facts;
    bool whole; /* the header was read: contigs and samples are known */
    struct dp_bcf_header header;

    enum place place;
    uint8_t head[DP_BCF_HEAD_BYTES]; /* of the object or of a record, as far as it came */
    size_t head_bytes;
    uint64_t left;        /* bytes of the text or body that are still to come */
    uint64_t offset;      /* of the next byte */
    struct dp_edge next;  /* the last edge, which a next byte makes known */

    uint8_t minor;
    uint64_t header_bytes;
    uint32_t header_crc32;
    struct dp_loci_gatherer loci;
    struct dp_array numbers; /* int32_t: of the contigs that were seen, in their order */
};

static struct bcf *bcf_of(struct dp_scanner *scanner)
{
    return (struct bcf *)(void *)scanner;
}

/* ----------------------------------------------------------------------------------- faults */

DP_PRINTF(4, 5)
static int fault(const struct bcf *b, enum dp_detail detail, struct dp_error *err,
                 const char *format, ...)
{
    char what[256];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    if (b->place == IN_START || b->place == IN_TEXT)
        return dp_error_set_detail(err, DP_DATA, detail, "%s: offset %" PRIu64 ": %s", b->name,
                                   b->offset, what);
    return dp_error_set_detail(err, DP_DATA, detail,
                               "%s: record %" PRIu64 ", offset %" PRIu64 ": %s", b->name,
                               b->next.record + 1, b->next.offset, what);
}

/* ------------------------------------------------------------------------------- the header */

static int check_start(struct bcf *b, struct dp_error *err)
{
    uint32_t text_bytes = dp_le32_load(b->head + MAGIC_BYTES);

    if (memcmp(b->head, "BCF\2", 4) != 0 || b->head[4] < 1 || b->head[4] > 2)
        return fault(b, DP_DETAIL_RECORD, err,
                     memcmp(b->head, "BCF", 3) == 0 ? "BCF of a version other than 2.1 and 2.2"
                                                    : "this is not BCF");
    if (text_bytes > TEXT_MAX)
        return fault(b, DP_DETAIL_RECORD, err, "a header of %" PRIu32 " bytes", text_bytes);
    b->minor = b->head[4];
    b->left = text_bytes;
    b->header_bytes = DP_BCF_START_BYTES + (uint64_t)text_bytes;
    b->place = IN_TEXT;
    return DP_OK;
}

/* The first record begins here: that edge is met now. */
static int end_text(struct bcf *b, struct dp_error *err)
{
    int rc = dp_bcf_header_finish(&b->header, b->name, err);

    if (rc)
        return rc;
    b->whole = true;
    b->next.offset = b->offset;
    b->base.edge = b->base.previous = b->next;
    b->place = AT_EDGE;
    return DP_OK;
}

static size_t least(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

/* Fills `head` up to `wanted` bytes; true when it is full. */
static bool collect(struct bcf *b, const uint8_t **p, const uint8_t *end, size_t wanted)
{
    size_t part = least(wanted - b->head_bytes, (size_t)(end - *p));

    if (part)
        memcpy(b->head + b->head_bytes, *p, part);
    b->head_bytes += part;
    b->offset += part;
    *p += part;
    return b->head_bytes == wanted;
}

static int step_start(struct bcf *b, const uint8_t **p, const uint8_t *end, struct dp_error *err)
{
    int rc;

    if (!collect(b, p, end, DP_BCF_START_BYTES))
        return DP_OK;
    b->head_bytes = 0;
    b->header_crc32 = dp_crc32(0, b->head, DP_BCF_START_BYTES);
    rc = check_start(b, err);
    return !rc && b->left == 0 ? end_text(b, err) : rc;
}

static int step_text(struct bcf *b, const uint8_t **p, const uint8_t *end, struct dp_error *err)
{
    size_t part = least(b->left, (size_t)(end - *p));
    int rc = dp_bcf_header_feed(&b->header, b->name, *p, part, err);

    b->header_crc32 = dp_crc32(b->header_crc32, *p, part);
    *p += part;
    b->offset += part;
    b->left -= part;
    return !rc && b->left == 0 ? end_text(b, err) : rc;
}

/* ------------------------------------------------------------------------------- the records */

struct dp_bcf_head dp_bcf_head_read(const uint8_t at[DP_BCF_HEAD_BYTES])
{
    uint32_t alleles = dp_le32_load(at + 24), samples = dp_le32_load(at + 28);

    return (struct dp_bcf_head){
        .shared_bytes = dp_le32_load(at),
        .indiv_bytes = dp_le32_load(at + 4),
        .contig = (int32_t)dp_le32_load(at + 8),
        .position = (int32_t)dp_le32_load(at + 12),
        .length = (int32_t)dp_le32_load(at + 16),
        .allele_count = alleles >> 16,
        .info_count = alleles & 0xffffu,
        .sample_count = samples & 0xffffffu,
        .format_count = samples >> 24,
    };
}

/* An ID, each allele and the filter take a byte or
 * more, each INFO three: what it is, of what type, a value. Each FORMAT takes three, too, but some
 * writers leave their number behind when they drop all samples. */
bool dp_bcf_head_fits(const struct dp_bcf_head *head)
{
    uint64_t infos = UINT64_C(3) * head->info_count, formats = UINT64_C(3) * head->format_count;
    uint64_t shared = SHARED_LEAST + UINT64_C(2) + head->allele_count + infos;
    uint64_t indiv = head->sample_count && head->indiv_bytes ? formats : 0;

    return head->shared_bytes >= shared && head->indiv_bytes >= indiv &&
           head->shared_bytes <= RECORD_PART_MAX && head->indiv_bytes <= RECORD_PART_MAX;
}

uint64_t dp_bcf_head_rest(const struct dp_bcf_head *head)
{
    return (uint64_t)head->shared_bytes + head->indiv_bytes + LENGTH_BYTES - DP_BCF_HEAD_BYTES;
}

/* One that covers nothing, or less, stands for its position. */
struct dp_locus dp_bcf_head_locus(const struct dp_bcf_head *head)
{
    struct dp_locus locus = {.position = (uint64_t)((int64_t)head->position + 1)};

    locus.end = locus.position + (head->length > 1 ? (uint64_t)head->length - 1 : 0);
    return locus;
}

static int check_head(const struct bcf *b, const struct dp_bcf_head *head, struct dp_error *err)
{
    if (!dp_bcf_head_fits(head))
        return fault(b, DP_DETAIL_RECORD, err,
                     "lengths of %" PRIu32 " and %" PRIu32 " bytes do not fit %" PRIu32
                     " alleles, %" PRIu32 " INFO and %" PRIu32 " FORMAT fields",
                     head->shared_bytes, head->indiv_bytes, head->allele_count, head->info_count,
                     head->format_count);
    if (head->position < -1)
        return fault(b, DP_DETAIL_RECORD, err, "position %" PRId64 " is before the contig's begin",
                     (int64_t)head->position + 1);
    if (head->contig < 0 ||
        (b->whole && !dp_bcf_header_contig(&b->header, (size_t)head->contig)))
        return fault(b, DP_DETAIL_RECORD, err, "contig number %" PRId32 " is not in the header",
                     head->contig);
    if (b->whole && head->sample_count && head->sample_count != b->header.sample_count)
        return fault(b, DP_DETAIL_RECORD, err,
                     "%" PRIu32 " samples, the header names %" PRIu64, head->sample_count,
                     b->header.sample_count);
    return DP_OK;
}

/* Another byte (or the end) is there: the edge where it stands is passed. */
static void publish_edge(struct bcf *b)
{
    if (b->next.offset == b->base.edge.offset)
        return;
    dp_scanner_pass(&b->base, &b->next);
}

/* Keeps the number of the contig of the record at hand. One name stands for one number: else a
 * region of that name would miss the records of the other. */
static int note_number(struct bcf *b, int32_t number, struct dp_error *err)
{
    const int32_t *numbers = b->numbers.data;

    if (b->loci.current < b->numbers.length)
        return numbers[b->loci.current] == number
                   ? DP_OK
                   : fault(b, DP_DETAIL_RECORD, err, "two contigs of one name");
    return dp_array_append(&b->numbers, &number, 1, sizeof(number)) ? DP_OK
                                                                    : dp_error_no_memory(err);
}

/* Where lines are counted elsewhere, it is the records here. */
static int add_locus(struct bcf *b, const struct dp_bcf_head *head, struct dp_error *err)
{
    struct dp_edge edge = b->base.edge;
    struct dp_locus locus = dp_bcf_head_locus(head);
    int rc;

    locus.contig = dp_bcf_header_contig(&b->header, (size_t)head->contig);
    locus.contig_bytes = strlen(locus.contig);
    edge.line = edge.record;
    rc = dp_loci_add(&b->loci, &edge, &locus, err);
    return rc || b->loci.disorder == DP_LOCI_OVERFLOW ? rc : note_number(b, head->contig, err);
}

/* The 32 bytes in `at` are a record's first. */
static int begin_record(struct bcf *b, const uint8_t *at, struct dp_error *err)
{
    struct dp_bcf_head head = dp_bcf_head_read(at);
    int rc = check_head(b, &head, err);

    if (!rc && b->facts && b->whole)
        rc = add_locus(b, &head, err);
    if (rc)
        return rc;
    b->left = dp_bcf_head_rest(&head);
    b->place = IN_BODY;
    return DP_OK;
}

static int step_head(struct bcf *b, const uint8_t **p, const uint8_t *end, struct dp_error *err)
{
    const uint8_t *at = *p;

    if (b->head_bytes == 0 && end - at >= (ptrdiff_t)DP_BCF_HEAD_BYTES) {
        *p += DP_BCF_HEAD_BYTES;
        b->offset += DP_BCF_HEAD_BYTES;
        return begin_record(b, at, err);
    }
    if (!collect(b, p, end, DP_BCF_HEAD_BYTES))
        return DP_OK;
    b->head_bytes = 0;
    return begin_record(b, b->head, err);
}

static void step_body(struct bcf *b, const uint8_t **p, const uint8_t *end)
{
    size_t part = least(b->left, (size_t)(end - *p));

    *p += part;
    b->offset += part;
    b->left -= part;
    if (b->left)
        return;
    b->next.record++;
    b->next.offset = b->offset;
    b->place = AT_EDGE;
}

static int bcf_scan(struct dp_scanner *scanner, const uint8_t *bytes, size_t length,
                    const struct dp_stop *stop, size_t *used, struct dp_error *err)
{
    struct bcf *b = bcf_of(scanner);
    const uint8_t *p = bytes, *end = bytes + length;
    int rc = DP_OK;

    while (!rc && p < end) {
        switch (b->place) {
        case IN_START:
            rc = step_start(b, &p, end, err);
            break;
        case IN_TEXT:
            rc = step_text(b, &p, end, err);
            break;
        case AT_EDGE:
            publish_edge(b);
            if (dp_edge_key(&b->base.edge, stop->unit) >= stop->key) {
                dp_loci_end_run(&b->loci);
                *used = (size_t)(p - bytes);
                return 1;
            }
            b->place = IN_HEAD;
            break;
        case IN_HEAD:
            rc = step_head(b, &p, end, err);
            break;
        case IN_BODY:
            step_body(b, &p, end);
            break;
        }
    }
    *used = (size_t)(p - bytes);
    return rc;
}

static int bcf_finish(struct dp_scanner *scanner, struct dp_error *err)
{
    struct bcf *b = bcf_of(scanner);

    if (b->place != AT_EDGE)
        return fault(b, DP_DETAIL_UNEXPECTED_END, err,
                     b->place == IN_START || b->place == IN_TEXT
                         ? "the object ends inside the header"
                         : "the object ends inside this record");
    publish_edge(b);
    return DP_OK;
}

/* ------------------------------------------------------------------------------- the scanner */

static void bcf_close(struct dp_scanner *scanner)
{
    struct bcf *b = bcf_of(scanner);

    dp_bcf_header_free(&b->header);
    dp_loci_close(&b->loci);
    dp_array_free(&b->numbers);
    free(b->name);
    free(b);
}

static int bcf_open(const struct dp_scanner_config *config, struct dp_scanner **scanner,
                    struct dp_error *err)
{
    struct bcf *b = calloc(1, sizeof(*b));

    if (b)
        b->name = strdup(config->name);
    if (!b || !b->name) {
        free(b);
        return dp_error_no_memory(err);
    }
    b->base.format = &dp_bcf;
    b->base.edge = b->base.previous = b->next = config->start;
    b->offset = config->start.offset;
    b->facts = config->facts;
    b->header.loci = b->facts ? &b->loci : NULL;
    b->place = b->offset == 0 ? IN_START : AT_EDGE;
    *scanner = (struct dp_scanner *)(void *)b;
    return DP_OK;
}

/* "disorder_line" is the number of a record here. */
static int rename_disorder(json_t *facts)
{
    json_t *number = json_incref(json_object_get(facts, "disorder_line"));
    int failed;

    if (!number)
        return 0;
    failed = json_object_set_new(facts, "disorder_record", number);
    return failed | json_object_del(facts, "disorder_line");
}

/* What the filter of a region needs: records name their contigs by number only. */
static json_t *list_numbers(const struct bcf *b)
{
    const int32_t *numbers = b->numbers.data;
    json_t *list = json_array();
    size_t i;

    for (i = 0; list && b->loci.seen.contigs.length && i < b->numbers.length; i++)
        if (json_array_append_new(list, json_integer(numbers[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static int bcf_describe(const struct dp_scanner *scanner, json_t *facts, struct dp_error *err)
{
    const struct bcf *b = (const struct bcf *)(const void *)scanner;
    char version[8];
    int failed = 0, rc;

    snprintf(version, sizeof(version), "2.%u", b->minor);
    failed |= json_object_set_new(facts, "bcf_version", json_string(version));
    failed |= json_object_set_new(facts, "header_bytes", json_integer((json_int_t)b->header_bytes));
    failed |= json_object_set_new(facts, "contig_numbers", list_numbers(b));
    failed |= json_object_set_new(facts, "samples",
                                  json_integer((json_int_t)b->header.sample_count));
    if (failed)
        return dp_error_no_memory(err);
    rc = dp_loci_describe(&b->loci, facts, err);
    return !rc && rename_disorder(facts) ? dp_error_no_memory(err) : rc;
}

static uint64_t bcf_header(const struct dp_scanner *scanner, uint32_t *crc32)
{
    const struct bcf *b = (const struct bcf *)(const void *)scanner;

    *crc32 = b->header_crc32;
    return b->header_bytes;
}

static void bcf_loci(const struct dp_scanner *scanner, struct dp_loci *loci)
{
    const struct bcf *b = (const struct bcf *)(const void *)scanner;

    dp_loci_view(&b->loci, loci);
}

/* The magic is sure; other versions are refused with a reason later. */
static int bcf_sniff(const uint8_t *head, size_t length, bool whole)
{
    (void)whole;
    return length >= 4 && memcmp(head, "BCF", 3) == 0 && head[3] < ' ' ? 2 : 0;
}

static const char *const endings[] = {".bcf", NULL};

const struct dp_format dp_bcf = {
    .name = "bcf",
    .description = "BCF2, variants in binary",
    .has_bases = false,
    .sniff = bcf_sniff,
    .endings = endings,
    .open = bcf_open,
    .scan = bcf_scan,
    .finish = bcf_finish,
    .close = bcf_close,
    .describe = bcf_describe,
    .digests = NULL,
    .header = bcf_header,
    .loci = bcf_loci,
    .filter = &dp_bcf_filter,
};
