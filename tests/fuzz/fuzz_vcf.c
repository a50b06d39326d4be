/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* VCF: the scanner accepts exactly what a plain judge accepts, however the bytes are cut; its runs
 * and contigs add up; and a filter lets through the same lines, however they are cut. */

#include "index/format/vcf.h"
#include "index/format/vcf_filter.h"
#include "tests/fuzz/pieces.h"

#include "base/array.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---------------------------------------------------------------------------------- the judge */

struct line {
    const char *at, *end; /* without its newline and a carriage return before that */
    bool last;            /* the data ended, not the line */
};

static struct line next_line(const char **p, const char *end)
{
    const char *newline = memchr(*p, '\n', (size_t)(end - *p));
    struct line line = {*p, newline ? newline : end, !newline};

    *p = newline ? newline + 1 : end;
    if (newline && line.end > line.at && line.end[-1] == '\r')
        line.end--;
    return line;
}

static bool begins(const struct line *line, const char *with)
{
    return (size_t)(line->end - line->at) >= strlen(with) &&
           memcmp(line->at, with, strlen(with)) == 0;
}

static uint64_t count_columns(const struct line *line)
{
    uint64_t columns = 1;
    const char *p;

    for (p = line->at; p < line->end; p++)
        columns += *p == '\t';
    return columns;
}

static bool judge_columns(const struct line *line)
{
    static const char sites[] = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";
    struct line rest = {line->at + strlen(sites), line->end, false};

    /* A carriage return ends a line also where its newline is missing. */
    if (line->last && rest.end > line->at && rest.end[-1] == '\r')
        rest.end--;
    if (!begins(line, sites))
        return false;
    if (rest.at >= rest.end)
        return rest.at == rest.end;
    return begins(&rest, "\tFORMAT\t") ||
           (begins(&rest, "\tFORMAT") && rest.end - rest.at == 7);
}

static bool judge_record(const struct line *line, uint64_t columns)
{
    const char *tab = memchr(line->at, '\t', (size_t)(line->end - line->at)), *p;
    unsigned __int128 wide = 0;

    if (!tab || tab == line->at || tab - line->at > 1024 || count_columns(line) != columns)
        return false;
    for (p = tab + 1; p < line->end && *p >= '0' && *p <= '9'; p++)
        if (wide < (unsigned __int128)1 << 100)
            wide = 10 * wide + (unsigned)(*p - '0');
    return p > tab + 1 && p < line->end && *p == '\t' && wide < (unsigned __int128)1 << 62;
}

static bool judge(const char *p, const char *end, uint64_t *records)
{
    struct line line = next_line(&p, end);
    uint64_t columns;

    *records = 0;
    if (!begins(&line, "##fileformat="))
        return false;
    do {
        if (p == end)
            return false;
        line = next_line(&p, end);
    } while (begins(&line, "##"));
    columns = count_columns(&line);
    if (!judge_columns(&line))
        return false;
    while (p < end) {
        line = next_line(&p, end);
        if (!judge_record(&line, columns))
            return false;
        ++*records;
    }
    return true;
}

/* ---------------------------------------------------------------------------- runs, contigs */

static void check_loci(const uint8_t *bytes, size_t length, uint64_t key)
{
    struct dp_scanner_config config = {.name = "object", .facts = true};
    struct dp_stop stop = {.unit = DP_UNIT_BYTES, .key = key};
    struct dp_scanner *scanner = NULL;
    struct dp_loci loci;
    size_t at = 0, used, i;
    uint64_t records = 0;
    int rc = 0;

    demand(dp_vcf.open(&config, &scanner, NULL) == 0);
    while (at < length && rc >= 0) {
        rc = dp_vcf.scan(scanner, bytes + at, length - at, &stop, &used, NULL);
        at += rc < 0 ? 0 : used;
        stop.key = dp_scanner_base(scanner)->edge.offset + key + 1;
    }
    if (rc >= 0 && dp_vcf.finish(scanner, NULL) == 0) {
        dp_vcf.loci(scanner, &loci);
        for (i = 0; i < loci.contig_count; i++) {
            records += loci.contigs[i].record_count;
            demand(loci.contigs[i].end >= loci.contigs[i].last_position);
        }
        demand(records == dp_scanner_base(scanner)->edge.record);
        for (i = 1; i < loci.run_count; i++)
            demand(loci.runs[i].record > loci.runs[i - 1].record &&
                   loci.runs[i].offset > loci.runs[i - 1].offset &&
                   loci.runs[i].contig >= loci.runs[i - 1].contig &&
                   (loci.runs[i].contig > loci.runs[i - 1].contig ||
                    loci.runs[i].position >= loci.runs[i - 1].position));
    }
    dp_vcf.close(scanner);
}

/* ----------------------------------------------------------------------------------- filters */

/* What passes of the bytes, fed in parts of `step` bytes; the result. */
static int filter(const json_t *spec, const uint8_t *bytes, size_t length, size_t step,
                  struct dp_array *out)
{
    struct dp_filter *made = NULL;
    size_t at, part;
    int rc = dp_vcf_filter.open(spec, "object", false, &made, NULL);

    if (rc)
        return rc;
    for (at = 0; at < length && !rc; at += part) {
        part = length - at < step ? length - at : step;
        rc = dp_vcf_filter.feed(made, bytes + at, part, out, NULL);
    }
    if (!rc)
        rc = dp_vcf_filter.finish(made, out, NULL);
    dp_vcf_filter.close(made);
    return rc;
}

static void check_filter(const uint8_t *bytes, size_t length, const uint8_t dice[2])
{
    json_t *spec = json_pack("{s:s, s:[[i, i], [i, i]], s:i, s:s, s:b}", "contig", "1", "regions",
                             dice[0] % 16, dice[0] % 16 + dice[1] % 8, 40, 60 + dice[0], "after",
                             dice[1] % 3, "by", dice[0] & 1 ? "overlap" : "position",
                             "end_is_number", dice[1] & 1);
    struct dp_array whole = {0}, parts = {0};
    int rc = filter(spec, bytes, length, SIZE_MAX, &whole);

    demand(filter(spec, bytes, length, 1 + dice[1] % 50, &parts) == rc);
    if (!rc)
        demand(whole.length == parts.length &&
               (!whole.length || memcmp(whole.data, parts.data, whole.length) == 0));
    dp_array_free(&whole);
    dp_array_free(&parts);
    json_decref(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ending ending;
    uint64_t records;
    bool good;

    if (size < 2)
        return 0;
    dp_vcf.sniff(data + 2, size - 2, true);
    ending = demand_pieces_agree(&dp_vcf, data, size);
    good = judge((const char *)data + 2, (const char *)data + size, &records);
    demand((ending.rc == 0) == good);
    if (good)
        demand(ending.edge.record == records && ending.edge.offset == size - 2);
    free(ending.facts);
    check_loci(data + 2, size - 2, data[1]);
    check_filter(data + 2, size - 2, data);
    return 0;
}
