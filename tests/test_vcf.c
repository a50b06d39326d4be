/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "base/array.h"
#include "index/format/kernels.h"
#include "index/format/vcf.h"
#include "tests/scanning.h"

#include <inttypes.h>
#include <stdio.h>

static const size_t pieces[] = {SIZE_MAX, 1, 2, 3, 7, 64, 4096};
#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

#define COLUMNS "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
#define FIRST "##fileformat=VCFv4.2\n"
#define HEAD FIRST COLUMNS "\n"                   /* 59 bytes, 2 lines */
#define SITE(chrom, pos) chrom "\t" pos "\t.\tA\tC\t.\t.\t." /* 14 bytes + both */

/* -------------------------------------------------------------------------------- good data */

struct good {
    const char *kind, *text;
    uint64_t records, lines;
    const char *facts; /* part of the JSON */
};

static const struct good goods[] = {
    {"a record", HEAD SITE("1", "5") "\n", 1, 3, "\"samples\":0"},
    {"the version", HEAD SITE("1", "5") "\n", 1, 3, "\"fileformat\":\"VCFv4.2\""},
    {"header only", HEAD, 0, 2, "\"header_bytes\":60"},
    {"header only, no final newline", FIRST COLUMNS, 0, 2, "\"final_newline\":false"},
    {"header lines", HEAD, 0, 2, "\"header_lines\":2"},
    {"a header's hash", HEAD, 0, 2,
     "\"header_sha256\":\"8960b21239fe3528b424057b54b3e2752d2802f52c14032512eca1f744595595\""},
    {"samples", FIRST COLUMNS "\tFORMAT\tx\ty\n" SITE("1", "5") "\tGT\t0\t1\n", 1, 3,
     "\"samples\":2"},
    {"FORMAT without samples", FIRST COLUMNS "\tFORMAT\n" SITE("1", "5") "\tGT\n", 1, 3,
     "\"samples\":0"},
    {"no final newline", HEAD SITE("1", "5") "\n" SITE("1", "6"), 2, 4,
     "\"final_newline\":false"},
    {"CRLF", "##fileformat=VCFv4.1\r\n" COLUMNS "\r\n" SITE("1", "5") "\r\n", 1, 3,
     "\"line_ending\":\"crlf\""},
    {"CRLF, the version", "##fileformat=VCFv4.1\r\n" COLUMNS "\r\n", 0, 2,
     "\"fileformat\":\"VCFv4.1\""},
    {"mixed line endings", HEAD SITE("1", "5") "\r\n", 1, 3, "\"line_ending\":\"mixed\""},
    {"the telomere", HEAD SITE("1", "0") "\n", 1, 3, "\"sorted\":true"},
    {"a large position", HEAD SITE("1", "4611686018427387903") "\n", 1, 3, "\"sorted\":true"},
    {"the same position", HEAD SITE("1", "5") "\n" SITE("1", "5") "\n", 2, 4,
     "\"sorted\":true"},
    {"unsorted", HEAD SITE("1", "5") "\n" SITE("1", "4") "\n" SITE("1", "3") "\n", 3, 5,
     "\"disorder\":\"unsorted\",\"disorder_line\":4"},
    {"unsorted is no fault", HEAD SITE("1", "5") "\n" SITE("1", "4") "\n", 2, 4,
     "\"sorted\":false"},
    {"scattered", HEAD SITE("1", "5") "\n" SITE("2", "4") "\n" SITE("1", "6") "\n", 3, 5,
     "\"disorder\":\"scattered\",\"disorder_line\":5"},
    {"scattered is no fault", HEAD SITE("1", "5") "\n" SITE("2", "4") "\n" SITE("1", "6") "\n", 3,
     5, "\"contiguous\":false"},
    {"INFO and FORMAT mean nothing",
     FIRST COLUMNS "\tFORMAT\tx\n1\t1\t\t\t\t\t\t;;=;END=\t\t:::\n", 1, 3, "\"samples\":1"},
    {"END is a number", FIRST "##INFO=<ID=END,Number=1,Type=Integer,Description=\"a, b\">\n"
     COLUMNS "\n", 0, 3, "\"end_is_number\":true"},
    {"END is text", FIRST "##INFO=<ID=END,Number=1,Type=String,Description=\"a, b\">\n" COLUMNS
     "\n", 0, 3, "\"end_is_number\":false"},
    {"a quoted comma", FIRST "##INFO=<Description=\"ID=x,\\\"\",ID=END,Type=Integer>\n" COLUMNS
     "\n", 0, 3, "\"end_is_number\":true"},
};

START_TEST(good_data)
{
    const struct good *good = &goods[_i];
    struct outcome outcome;
    size_t i;

    for (i = 0; i < PIECES; i++) {
        outcome = scan(&dp_vcf, good->text, strlen(good->text), pieces[i], &never);
        ck_assert_msg(outcome.rc == 0, "%s: %s", good->kind, outcome.err.message);
        ck_assert_msg(outcome.edge.record == good->records, "%s: %" PRIu64 " records",
                      good->kind, outcome.edge.record);
        ck_assert_msg(outcome.edge.line == good->lines, "%s: %" PRIu64 " lines", good->kind,
                      outcome.edge.line);
        ck_assert_msg(outcome.edge.offset == strlen(good->text), "%s", good->kind);
        ck_assert_msg(strstr(outcome.facts, good->facts) != NULL, "%s: %s", good->kind,
                      outcome.facts);
        outcome_free(&outcome);
    }
}
END_TEST

START_TEST(good_data_is_recognised)
{
    const char *text = goods[_i].text;

    ck_assert_int_eq(dp_vcf.sniff((const uint8_t *)text, strlen(text), true), 2);
}
END_TEST

/* ------------------------------------------------------------------------------ broken data */

struct bad {
    const char *kind, *text;
    const char *message; /* from behind "object: " on */
};

static const struct bad bads[] = {
    {"nothing", "", "line 1: no ##fileformat= in the first line: the data is empty"},
    {"no version", COLUMNS "\n", "line 1: no ##fileformat="},
    {"only a record", SITE("1", "5") "\n", "line 1: no ##fileformat="},
    {"an empty line first", "\n" HEAD, "line 1: no ##fileformat="},
    {"no #CHROM line", FIRST "##x=1\n", "line 3: the data ends without a #CHROM line"},
    {"a record before #CHROM", FIRST SITE("1", "5") "\n", "line 2: a record before the #CHROM"},
    {"an empty line before #CHROM", FIRST "\n" COLUMNS "\n", "line 2: a record before"},
    {"cut in the header", FIRST "##conti", "line 3: the data ends without"},
    {"cut in the #CHROM line", FIRST "#CHROM\tPOS\tID", "line 2: the #CHROM line does not name"},
    {"another # line", FIRST "#x\n" COLUMNS "\n", "line 2: a line of the header that begins"},
    {"blanks in #CHROM", FIRST "#CHROM POS ID REF ALT QUAL FILTER INFO\n", "line 2: the #CHROM"},
    {"a longer name", FIRST COLUMNS "X\n", "line 2: the #CHROM line does not name"},
    {"no FORMAT", FIRST COLUMNS "\tsample\n", "line 2: the ninth column"},
    {"too few columns", HEAD SITE("1", "5") "\n1\t6\t.\tA\n",
     "record 2, line 4, offset 76: 4 columns, where the header has 8"},
    {"too many columns", HEAD SITE("1", "5") "\tGT\n", "record 1, line 3, offset 60: 9 columns"},
    {"a blank for a tab", HEAD "1 5\t.\tA\tC\t.\t.\t.\n", "record 1, line 3, offset 60: POS is"},
    {"an empty line", HEAD SITE("1", "5") "\n\n" SITE("1", "6") "\n",
     "record 2, line 4, offset 76: 1 columns"},
    {"an empty line at the end", HEAD SITE("1", "5") "\n\n", "record 2, line 4, offset 76: 1 col"},
    {"a header line among records", HEAD SITE("1", "5") "\n" COLUMNS "\n",
     "record 2, line 4, offset 76: POS is not an integer"},
    {"no CHROM", HEAD SITE("", "5") "\n", "record 1, line 3, offset 60: CHROM is empty"},
    {"no POS", HEAD SITE("1", "") "\n", "record 1, line 3, offset 60: POS is not an integer"},
    {"POS is a word", HEAD SITE("1", "x") "\n", "record 1, line 3, offset 60: POS is not"},
    {"POS ends in a word", HEAD SITE("1", "5x") "\n", "record 1, line 3, offset 60: POS is not"},
    {"POS is negative", HEAD SITE("1", "-5") "\n", "record 1, line 3, offset 60: POS is not"},
    {"POS is too large", HEAD SITE("1", "4611686018427387904") "\n",
     "record 1, line 3, offset 60: POS is not"},
    {"POS is far too large", HEAD SITE("1", "99999999999999999999999") "\n",
     "record 1, line 3, offset 60: POS is not"},
    {"cut in a line", HEAD SITE("1", "5") "\n1\t6\t.\tA\tC",
     "record 2, line 4, offset 76: the data ends in a line of 5 columns, where the header has 8"},
};

static void assert_fault(const struct bad *bad, size_t piece)
{
    struct outcome outcome = scan(&dp_vcf, bad->text, strlen(bad->text), piece, &never);
    char expected[200];

    snprintf(expected, sizeof(expected), "object: %s", bad->message);
    ck_assert_msg(outcome.rc == DP_DATA, "%s: %d", bad->kind, outcome.rc);
    ck_assert_msg(strncmp(outcome.err.message, expected, strlen(expected)) == 0, "%s: %s",
                  bad->kind, outcome.err.message);
    outcome_free(&outcome);
}

START_TEST(broken_data)
{
    size_t i;

    for (i = 0; i < PIECES; i++)
        assert_fault(&bads[_i], pieces[i]);
}
END_TEST

START_TEST(a_long_contig)
{
    static char text[4096];
    size_t i, length, begin = strlen(HEAD);

    for (length = 1024; length <= 1025; length++) {
        strcpy(text, HEAD);
        memset(text + begin, 'c', length);
        strcpy(text + begin + length, "\t5\t.\tA\tC\t.\t.\t.\n");
        for (i = 0; i < PIECES; i++) {
            struct outcome outcome = scan(&dp_vcf, text, strlen(text), pieces[i], &never);

            ck_assert_int_eq(outcome.rc, length == 1024 ? 0 : DP_DATA);
            outcome_free(&outcome);
        }
    }
}
END_TEST

/* ------------------------------------------------------------------------------ ends, contigs */

struct end {
    const char *reference, *info;
    uint64_t number, text; /* the end of a record at 100: END is a number in the header, or not */
};

static const struct end ends[] = {
    {"A", ".", 100, 100},
    {"ACGT", "DP=3", 103, 103},
    {"", ".", 100, 100},
    {"A", "END=120", 120, 100},
    {"ACGT", "END=101", 101, 101},
    {"ACGT", "DP=3;END=120;X", 120, 103},
    {"ACGT", "END=120;END=130", 120, 103},
    {"ACGT", "DP=3;END=99", 103, 103},
    {"ACGT", "END=100", 100, 100},
    {"ACGT", "END=0", 103, 103},
    {"ACGT", "END=-5", 103, 103},
    {"ACGT", "END=.", 103, 103},
    {"ACGT", "END=", 103, 103},
    {"ACGT", "END=;END=120", 120, 103},
    {"ACGT", "END=x", 103, 103},
    {"ACGT", "END=120x", 103, 103},
    {"ACGT", "END=120,130", 103, 103},
    {"ACGT", "XEND=120", 103, 103},
    {"ACGT", "XEND=120;END=130", 130, 103},
    {"ACGT", "end=120", 103, 103},
    {"ACGT", "END", 103, 103},
    {"ACGT", "ENDX=3;END=120", 120, 103},
    {"A", "END=4611686018427387903", UINT64_C(4611686018427387903), 100},
    {"A", "END=99999999999999999999999999", UINT64_C(1) << 62, 100},
};

/* The end of the only record. */
static uint64_t end_of(const char *text, size_t piece)
{
    struct dp_scanner_config config = {.name = "object", .facts = true};
    struct dp_scanner *scanner = NULL;
    struct dp_loci loci;
    size_t at, length = strlen(text), used;
    uint64_t end;

    MUST(dp_vcf.open(&config, &scanner, NULL) == 0);
    for (at = 0; at < length; at += used)
        MUST(scan_piece(&dp_vcf, scanner, (const uint8_t *)text + at,
                        length - at < piece ? length - at : piece, &never, &used, NULL) == 0);
    MUST(dp_vcf.finish(scanner, NULL) == 0);
    dp_vcf.loci(scanner, &loci);
    MUST(loci.contig_count == 1 && loci.run_count == 1);
    MUST(loci.contigs[0].end == loci.runs[0].end);
    end = loci.runs[0].end;
    dp_vcf.close(scanner);
    return end;
}

START_TEST(ends_of_records)
{
    static const char *const types[] = {"Integer", "String"};
    static const char *const endings[] = {"\n", "\r\n", "\tGT\n", ""};
    const struct end *end = &ends[_i];
    unsigned type, ending;
    char text[400];
    size_t i;

    for (type = 0; type < 2; type++)
        for (ending = 0; ending < 4; ending++)
            for (i = 0; i < PIECES; i++) {
                snprintf(text, sizeof(text),
                         FIRST "##INFO=<ID=END,Number=1,Type=%s,Description=\"\">\n" COLUMNS
                               "%s\n1\t100\t.\t%s\t<DEL>\t.\t.\t%s%s",
                         types[type], ending == 2 ? "\tFORMAT" : "", end->reference, end->info,
                         endings[ending]);
                ck_assert_msg(end_of(text, pieces[i]) == (type ? end->text : end->number),
                              "%s %s %s: %" PRIu64, end->reference, end->info, types[type],
                              end_of(text, pieces[i]));
            }
}
END_TEST

/* Records along three contigs, with what is true of them. */
#define RECORDS 300u
struct truth {
    struct dp_array text;
    uint64_t offset[RECORDS + 1], position[RECORDS], end[RECORDS];
    unsigned contig[RECORDS];
};

static void make_truth(struct truth *truth, uint64_t seed)
{
    static const char head[] = FIRST "##contig=<ID=c1,length=1000>\n##contig=<ID=c0,species=\"a,"
                                     "b\",length=77>\n"
                                     "##INFO=<ID=END,Number=1,Type=Integer,Description=\"\">\n"
                                     COLUMNS "\tFORMAT\ts\n";
    uint64_t random = seed, position = 1;
    unsigned contig = 0, i, reference;
    char line[600], extra[24], sample[300];

    truth->text.length = 0;
    MUST(dp_array_append(&truth->text, head, strlen(head), 1));
    for (i = 0; i < RECORDS; i++) {
        if (i % 100 == 0 && i) {
            contig++;
            position = 0;
        }
        position += random_below(&random, 50);
        reference = 1 + (unsigned)random_below(&random, 4);
        truth->offset[i] = truth->text.length;
        truth->contig[i] = contig;
        truth->position[i] = position;
        truth->end[i] = position + reference - 1;
        extra[0] = '\0';
        if (random_below(&random, 5) == 0) {
            truth->end[i] = position + random_below(&random, 300);
            snprintf(extra, sizeof(extra), "END=%" PRIu64 ";", truth->end[i]);
        }
        memset(sample, '0', sizeof(sample));
        snprintf(line, sizeof(line),
                 "c%u\t%" PRIu64 "\t.\t%.*s\tT\t.\t.\t%sDP=1\tGT:X\t0/0:%.*s\n", contig, position,
                 (int)reference, "ACGT", extra, (int)random_below(&random, 300), sample);
        MUST(dp_array_append(&truth->text, line, strlen(line), 1));
    }
    truth->offset[RECORDS] = truth->text.length;
}

static void check_runs(const struct truth *truth, const struct dp_loci *loci,
                       const struct dp_array *stops)
{
    const uint64_t *stop = stops->data;
    size_t run = 0, next_stop = 0;
    unsigned i;

    for (i = 0; i < RECORDS; i++) {
        bool begins = i == 0 || truth->contig[i] != truth->contig[i - 1];

        if (next_stop < stops->length && stop[next_stop] == i) {
            begins = true;
            next_stop++;
        }
        if (begins) {
            run += i > 0;
            MUST(run < loci->run_count);
            MUST(loci->runs[run].record == i && loci->runs[run].offset == truth->offset[i]);
            MUST(loci->runs[run].position == truth->position[i]);
            MUST(loci->runs[run].contig == truth->contig[i]);
        }
        MUST(loci->runs[run].end >= truth->end[i]);
    }
    MUST(run + 1 == loci->run_count);
}

static void check_contigs(const struct truth *truth, const struct dp_loci *loci)
{
    static const uint64_t lengths[] = {77, 1000, DP_CONTIG_NO_LENGTH};
    unsigned i;

    MUST(loci->contig_count == 3 && loci->names_bytes == 6);
    MUST(memcmp(loci->names, "c0c1c2", 6) == 0);
    for (i = 0; i < 3; i++) {
        const struct dp_contig *contig = &loci->contigs[i];

        MUST(contig->name_at == 2 * i && contig->name_bytes == 2);
        MUST(contig->length == lengths[i] && contig->record_count == 100);
        MUST(contig->first_record == i * 100 && contig->last_record == i * 100 + 99);
        MUST(contig->first_position == truth->position[i * 100]);
        MUST(contig->last_position == truth->position[i * 100 + 99]);
        MUST(contig->flags == (DP_CONTIG_SORTED | DP_CONTIG_CONTIGUOUS));
    }
}

/* Runs begin where the scan was stopped and at contigs, whatever the pieces and the kernel. */
START_TEST(runs_and_contigs)
{
    static struct truth truth;
    const struct dp_kernels *kernels;
    struct dp_scanner_config config = {.name = "object", .facts = true};
    uint64_t random = (uint64_t)_i;
    size_t k, p;

    make_truth(&truth, (uint64_t)_i + 1);
    for (k = 0; (kernels = dp_kernels_at(k)); k++)
        for (p = 0; p < PIECES; p++) {
            struct dp_scanner *scanner = NULL;
            struct dp_array stops = {0};
            struct dp_stop stop = {DP_UNIT_BYTES, 1};
            const uint8_t *bytes = truth.text.data;
            struct dp_loci loci;
            size_t at = 0, used, rest, piece = pieces[p];

            dp_kernels_force(kernels);
            MUST(dp_vcf.open(&config, &scanner, NULL) == 0);
            while (at < truth.text.length) {
                rest = truth.text.length - at;
                if (scan_piece(&dp_vcf, scanner, bytes + at, rest < piece ? rest : piece, &stop,
                               &used, NULL) == 1) {
                    const struct dp_edge *edge = &dp_scanner_base(scanner)->edge;

                    MUST(edge->offset == truth.offset[edge->record]);
                    MUST(edge->offset == at + used);
                    MUST(dp_array_append(&stops, &edge->record, 1, sizeof(edge->record)));
                    stop.key = edge->offset + 1 + random_below(&random, 9000);
                }
                at += used;
            }
            MUST(dp_vcf.finish(scanner, NULL) == 0);
            dp_vcf.loci(scanner, &loci);
            check_runs(&truth, &loci, &stops);
            check_contigs(&truth, &loci);
            dp_vcf.close(scanner);
            dp_array_free(&stops);
        }
    dp_kernels_force(NULL);
    dp_array_free(&truth.text);
}
END_TEST

/* Of lines that were judged before only the ends are looked for: the edges are the same, whatever
 * the pieces, and whatever the lines hold. */
START_TEST(judged_lines)
{
    static const char broken[] = "\n\t\n" SITE("1", "x") "\tGT\nno newline";
    struct dp_scanner_config config = {.name = "object", .start = {7, 700, 0, 9}, .judged = true};
    struct dp_stop stop = {DP_UNIT_RECORDS, 10};
    struct dp_scanner_config from_begin = {.name = "object", .judged = true};
    struct outcome outcome;
    size_t i, g;

    for (i = 0; i < PIECES; i++) {
        outcome = scan_from(&dp_vcf, &config, (const uint8_t *)broken, strlen(broken), pieces[i],
                            &stop);
        ck_assert_int_eq(outcome.rc, 1);
        ck_assert_uint_eq(outcome.edge.offset, 700 + strlen(broken) - strlen("no newline"));
        ck_assert_uint_eq(outcome.edge.line, 12);
        outcome_free(&outcome);
        outcome = scan_from(&dp_vcf, &config, (const uint8_t *)broken, strlen(broken), pieces[i],
                            &never);
        ck_assert_int_eq(outcome.rc, 0);
        ck_assert_uint_eq(outcome.edge.record, 11);
        ck_assert_uint_eq(outcome.edge.offset, 700 + strlen(broken));
        outcome_free(&outcome);
        for (g = 0; g < sizeof(goods) / sizeof(*goods); g++) {
            const char *text = goods[g].text;

            outcome = scan_from(&dp_vcf, &from_begin, (const uint8_t *)text, strlen(text),
                                pieces[i], &never);
            ck_assert_msg(outcome.rc == 0, "%s: %s", goods[g].kind, outcome.err.message);
            ck_assert_uint_eq(outcome.edge.record, goods[g].records);
            ck_assert_uint_eq(outcome.edge.line, goods[g].lines);
            outcome_free(&outcome);
        }
    }
}
END_TEST

/* A scan that begins at a record takes its columns as they are, and all must be alike. */
START_TEST(begin_at_a_record)
{
    static const char text[] = SITE("1", "5") "\tGT\n" SITE("1", "6") "\tGT\n" SITE("1", "7") "\n";
    struct dp_scanner_config config = {.name = "object", .start = {7, 700, 0, 9}};
    struct dp_stop stop = {DP_UNIT_RECORDS, 8};
    struct outcome outcome;
    size_t i;

    for (i = 0; i < PIECES; i++) {
        outcome = scan_from(&dp_vcf, &config, (const uint8_t *)text, strlen(text), pieces[i],
                            &stop);
        ck_assert_int_eq(outcome.rc, 1);
        ck_assert_uint_eq(outcome.used, 19);
        ck_assert_uint_eq(outcome.edge.offset, 719);
        ck_assert_uint_eq(outcome.edge.line, 10);
        outcome = scan_from(&dp_vcf, &config, (const uint8_t *)text, strlen(text), pieces[i],
                            &never);
        ck_assert_int_eq(outcome.rc, DP_DATA);
        ck_assert_ptr_nonnull(strstr(outcome.err.message,
                                     "record 10, line 12, offset 738: 8 columns, where"));
    }
}
END_TEST

/* No stop is met before the header has ended, and then the first record's edge. */
START_TEST(stops_in_the_header)
{
    static const char text[] = HEAD SITE("1", "5") "\n";
    static const enum dp_plan_unit units[] = {DP_UNIT_RECORDS, DP_UNIT_BYTES};
    struct outcome outcome;
    uint64_t key;
    size_t i, u;

    for (i = 0; i < PIECES; i++)
        for (u = 0; u < 2; u++)
            for (key = 0; key <= (u ? 60 : 0); key++) {
                struct dp_stop stop = {units[u], key};

                outcome = scan(&dp_vcf, text, strlen(text), pieces[i], &stop);
                MUST(outcome.rc == 1 && outcome.used == 60);
                MUST(outcome.edge.record == 0 && outcome.edge.offset == 60);
                MUST(outcome.edge.line == 2 && outcome.previous.offset == 60);
            }
}
END_TEST

START_TEST(other_formats)
{
    static const char *const others[] = {"", "@a\nA\n+\nI\n", "lines\n", "##gff-version 3\n",
                                         "##fileformat=GVF\n", "BCF\2\2"};
    struct dp_error err;
    size_t i;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_int_eq(dp_vcf.sniff((const uint8_t *)others[i], strlen(others[i]), true), 0);
    /* A name makes it VCF: then it says what is wrong rather than passing for text. */
    ck_assert_ptr_eq(dp_format_detect("x.vcf.gz", (const uint8_t *)COLUMNS, 20, false, &err),
                     &dp_vcf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vcf");
    TCase *tcase = tcase_create("vcf");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, good_data, 0, sizeof(goods) / sizeof(goods[0]));
    tcase_add_loop_test(tcase, good_data_is_recognised, 0, sizeof(goods) / sizeof(goods[0]));
    tcase_add_loop_test(tcase, broken_data, 0, sizeof(bads) / sizeof(bads[0]));
    tcase_add_test(tcase, a_long_contig);
    tcase_add_loop_test(tcase, ends_of_records, 0, sizeof(ends) / sizeof(ends[0]));
    tcase_add_loop_test(tcase, runs_and_contigs, 0, 6);
    tcase_add_test(tcase, judged_lines);
    tcase_add_test(tcase, begin_at_a_record);
    tcase_add_test(tcase, stops_in_the_header);
    tcase_add_test(tcase, other_formats);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
