/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Text whose records are lines; TEXT.md beside this file says what a line is. */

#include "config.h"

#include "index/format/text.h"

#include "index/format/kernels.h"

#include <stdlib.h>
#include <string.h>

/* Lines are counted in blocks of this size when a stop at a line number may lie ahead. */
#define BLOCK_BYTES 32768u

struct text {
    struct dp_scanner_base base;
    const struct dp_kernels *kernels;
    struct dp_edge end;      /* where the next byte stands; a record begins there if at_edge */
    bool at_edge;            /* the last byte was a newline, or this is the start */
    struct dp_line_tally tally;
};

static struct text *text_of(struct dp_scanner *scanner)
{
    return (struct text *)(void *)scanner;
}

static int text_open(const struct dp_scanner_config *config, struct dp_scanner **scanner,
                     struct dp_error *err)
{
    struct text *t = calloc(1, sizeof(*t));

    if (!t)
        return dp_error_no_memory(err);
    t->base.format = &dp_text;
    t->base.edge = t->base.previous = t->end = config->start;
    t->kernels = dp_kernels_best();
    t->at_edge = true;
    *scanner = (struct dp_scanner *)(void *)t;
    return 0;
}

static void text_close(struct dp_scanner *scanner)
{
    free(text_of(scanner));
}

/* A byte came (or the end): the edge before it is passed. */
static void publish_edge(struct text *t)
{
    if (!t->at_edge || t->base.edge.offset == t->end.offset)
        return;
    dp_scanner_pass(&t->base, &t->end);
}

/* The edge at `offset`, which `lines_after` lines lie behind. */
static struct dp_edge edge_of(const struct text *t, uint64_t lines_after, uint64_t offset)
{
    struct dp_edge edge = t->end;

    edge.record -= lines_after;
    edge.line -= lines_after;
    edge.offset = offset;
    return edge;
}

/* The last newline of [p, end), NULL when there is none. */
static const uint8_t *last_newline(const uint8_t *p, const uint8_t *end)
{
    return end > p ? memrchr(p, '\n', (size_t)(end - p)) : NULL;
}

/* Counts [p, end), none of whose inner edges is asked for. */
static void take(struct text *t, const uint8_t *p, const uint8_t *end)
{
    uint64_t before = t->tally.newlines, offset = t->end.offset, lines, behind;
    const uint8_t *last, *other;

    if (p == end)
        return;
    publish_edge(t);
    t->kernels->tally_lines(p, (size_t)(end - p), &t->tally);
    lines = t->tally.newlines - before;
    t->end.offset += (uint64_t)(end - p);
    t->end.record += lines;
    t->end.line += lines;
    t->at_edge = end[-1] == '\n';
    if (lines == 0)
        return;
    t->base.longest = t->tally.longest + 1;

    /* The edges that were passed: behind each newline, but not at the very end. */
    behind = t->at_edge ? 1 : 0;
    last = last_newline(p, end - behind);
    if (!last)
        return;
    other = last_newline(p, last);
    t->base.previous = other ? edge_of(t, behind + 1, offset + (uint64_t)(other + 1 - p))
                             : t->base.edge;
    t->base.edge = edge_of(t, behind, offset + (uint64_t)(last + 1 - p));
}

/* Behind the first newline of [p, end), or `end`. */
static const uint8_t *next_line(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *newline = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;

    return newline ? newline + 1 : end;
}

/* Behind the `lines`-th newline of [p, end), or `end`. Whole blocks are counted, one searched. */
static const uint8_t *skip_lines(const struct text *t, const uint8_t *p, const uint8_t *end,
                                 uint64_t lines)
{
    size_t block;

    while (p < end && lines > 0) {
        struct dp_line_tally tally = {0};

        block = (size_t)(end - p) < BLOCK_BYTES ? (size_t)(end - p) : BLOCK_BYTES;
        t->kernels->tally_lines(p, block, &tally);
        if (tally.newlines >= lines)
            break;
        lines -= tally.newlines;
        p += block;
    }
    for (; p < end && lines > 0; lines--)
        p = next_line(p, end);
    return p;
}

/* The first edge in [p, end) whose key is reached, or `end`. */
static const uint8_t *find_stop(const struct text *t, const uint8_t *p, const uint8_t *end,
                                const struct dp_stop *stop)
{
    uint64_t key = stop->key;
    uint64_t gap;

    if (key == UINT64_MAX)
        return end;
    if (t->at_edge && dp_edge_key(&t->end, stop->unit) >= key)
        return p;
    switch (stop->unit) {
    case DP_UNIT_RECORDS:
        return skip_lines(t, p, end, key > t->end.record ? key - t->end.record : 1);
    case DP_UNIT_BYTES:
        /* An edge at `key` lies behind a newline at key - 1. */
        gap = key > t->end.offset + 1 ? key - t->end.offset - 1 : 0;
        return gap < (uint64_t)(end - p) ? next_line(p + gap, end) : end;
    case DP_UNIT_BASES:
    case DP_UNIT_REGIONS:
        break;
    }
    return t->end.bases >= key ? next_line(p, end) : end; /* lines have no bases */
}

static int text_scan(struct dp_scanner *scanner, const uint8_t *bytes, size_t length,
                     const struct dp_stop *stop, size_t *used, struct dp_error *err)
{
    struct text *t = text_of(scanner);
    const uint8_t *end = bytes + length, *at = find_stop(t, bytes, end, stop);

    (void)err;
    take(t, bytes, at);
    *used = (size_t)(at - bytes);
    if (at == end)
        return 0;
    publish_edge(t);
    return 1;
}

static int text_finish(struct dp_scanner *scanner, struct dp_error *err)
{
    struct text *t = text_of(scanner);

    (void)err;
    if (!t->at_edge) { /* the last line lacks its newline */
        t->end.record++;
        t->end.line++;
        t->at_edge = true;
        if (t->tally.open_bytes > t->tally.longest)
            t->tally.longest = t->tally.open_bytes;
    }
    publish_edge(t);
    return 0;
}

static const char *line_ending(const struct dp_line_tally *tally)
{
    if (tally->newlines == 0)
        return "none";
    if (tally->crlf == 0)
        return "lf";
    return tally->crlf == tally->newlines ? "crlf" : "mixed";
}

static int text_describe(const struct dp_scanner *scanner, json_t *facts, struct dp_error *err)
{
    const struct text *t = (const struct text *)(const void *)scanner;
    bool final_newline = t->tally.newlines > 0 && t->tally.open_bytes == 0;
    int failed = 0;

    failed |= json_object_set_new(facts, "line_ending", json_string(line_ending(&t->tally)));
    failed |= json_object_set_new(facts, "final_newline", json_boolean(final_newline));
    failed |= json_object_set_new(facts, "longest_line_bytes",
                                  json_integer((json_int_t)t->tally.longest));
    return failed ? dp_error_no_memory(err) : 0;
}

/* Anything without a NUL may be text, but no content makes it sure. */
static int text_sniff(const uint8_t *head, size_t length, bool whole)
{
    (void)whole;
    return length == 0 || !memchr(head, '\0', length);
}

const struct dp_format dp_text = {
    .name = "text",
    .description = "lines, ended by LF or CRLF",
    .has_bases = false,
    .lines = true,
    .newline = true,
    .sniff = text_sniff,
    .endings = NULL,
    .open = text_open,
    .scan = text_scan,
    .finish = text_finish,
    .close = text_close,
    .describe = text_describe,
    .digests = NULL,
};
