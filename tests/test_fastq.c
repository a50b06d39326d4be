/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "base/array.h"
#include "base/le.h"
#include "index/format/fastq.h"
#include "index/format/kernels.h"
#include "tests/scanning.h"

#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

static const size_t pieces[] = {SIZE_MAX, 1, 2, 3, 7, 64, 4096};
#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

/* -------------------------------------------------------------------------------- good data */

struct good {
    const char *kind, *text;
    uint64_t records, bases, lines;
    const char *facts; /* part of the JSON */
};

static const struct good goods[] = {
    {"four lines", "@a\nACGT\n+\nIIII\n@b\nAC\n+\nII\n", 2, 6, 8, "\"four_line\":true"},
    {"the longest read", "@a\nACGT\n+\nIIII\n@b\nAC\n+\nII\n", 2, 6, 8, "\"read_length_max\":4"},
    {"the mean read", "@a\nACGT\n+\nIIII\n@b\nAC\n+\nII\n", 2, 6, 8, "\"read_length_mean\":3.0"},
    {"the shortest read", "@a\nACGT\n+\nIIII\n@b\nAC\n+\nII\n", 2, 6, 8, "\"read_length_min\":2"},
    {"names", "@a x\nACGT\n+\nIIII\n@b\ty\nAC\n+\nII\n", 2, 6, 8,
     "\"first_name\":\"a\""},
    {"the last name", "@a x\nACGT\n+\nIIII\n@b\ty\nAC\n+\nII\n", 2, 6, 8, "\"last_name\":\"b\""},
    {"second header", "@a b\nACGT\n+a b\nIIII\n", 1, 4, 4, "\"four_line\":true"},
    {"second header, wrapped", "@a b\nAC\nGT\n+a b\nIIII\n", 1, 4, 5, "\"four_line\":false"},
    {"no final newline", "@a\nACGT\n+\nIIII", 1, 4, 4, "\"final_newline\":false"},
    {"final newline", "@a\nACGT\n+\nIIII\n", 1, 4, 4, "\"final_newline\":true"},
    {"CRLF", "@a\r\nACGT\r\n+a\r\nIIII\r\n@b\r\nA\r\n+\r\nI\r\n", 2, 5, 8,
     "\"line_ending\":\"crlf\""},
    {"CRLF, no final newline", "@a\r\nACGT\r\n+\r\nIIII", 1, 4, 4, "\"line_ending\":\"crlf\""},
    {"mixed line endings", "@a\nACGT\n+\nIIII\n@b\r\nACGT\n+\nIIII\n", 2, 8, 8,
     "\"line_ending\":\"mixed\""},
    {"carriage return in a name", "@a\rb\nA\n+a\rb\nI\n", 1, 1, 4, "\"line_ending\":\"lf\""},
    {"two carriage returns", "@a\r\r\nA\r\n+\r\nI\r\n", 1, 1, 4, "\"line_ending\":\"crlf\""},
    {"wrapped", "@a\nAC\nGT\nA\n+\nII\nIII\n", 1, 5, 7, "\"four_line\":false"},
    {"wrapped sequence only", "@a\nAC\nGT\n+\nIIII\n@b\nA\n+\nI\n", 2, 5, 9,
     "\"four_line\":false"},
    {"at and plus begin qualities", "@a\nACGTACGT\n+\n@+++\n+@@@\n@b\nAC\n+\n@@\n@c\nA\n+\n+\n", 3,
     11, 13, "\"last_name\":\"c\""},
    {"at and plus begin four-line qualities", "@a\nAC\n+\n@@\n@b\nAC\n+\n++\n", 2, 4, 8,
     "\"four_line\":true"},
    {"a sequence with at and plus inside", "@a\nA+@C\n+\nIIII\n", 1, 4, 4, "\"four_line\":true"},
    {"the whole range of qualities",
     "@a\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
     "AAAAAA\n+\n"
     "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz"
     "{|}~\n",
     1, 94, 4, "\"four_line\":true"},
    {"empty read", "@a\n\n+\n\n@b\nA\n+\nI\n", 2, 1, 8, "\"four_line\":true"},
    {"empty read, CRLF", "@a\r\n\r\n+\r\n\r\n@b\r\nA\r\n+\r\nI\r\n", 2, 1, 8,
     "\"line_ending\":\"crlf\""},
    {"empty read at the end", "@b\nA\n+\nI\n@a\n\n+\n\n", 2, 1, 8, "\"read_length_min\":0"},
    {"empty read at the end, no final newline", "@b\nA\n+\nI\n@a\n\n+\n", 2, 1, 8,
     "\"four_line\":true"},
    {"empty read without lines", "@a\n+\n@b\nA\n+\nI\n", 2, 1, 6, "\"four_line\":false"},
    {"empty read without a quality line", "@a\n\n+\n@b\nA\n+\nI\n", 2, 1, 7,
     "\"four_line\":false"},
    {"only empty reads", "@a\n\n+\n\n@b\n\n+\n\n", 2, 0, 8, "\"read_length_mean\":0.0"},
    {"empty lines at the end", "@a\nA\n+\nI\n\n\n", 1, 1, 4, "\"final_newline\":true"},
    {"empty lines at the end, CRLF", "@a\r\nA\r\n+\r\nI\r\n\r\n", 1, 1, 4,
     "\"line_ending\":\"crlf\""},
    {"empty name", "@\nA\n+\nI\n", 1, 1, 4, "\"first_name\":\"\""},
    {"name in UTF-8", "@\303\251\nA\n+\303\251\nI\n", 1, 1, 4, "\"first_name\":\"\?\?\""},
    {"slash names", "@a/1\nA\n+\nI\n@b/1\nA\n+\nI\n", 2, 2, 8, "\"name_scheme\":\"slash\""},
    {"slash names, interleaved", "@a/1\nA\n+\nI\n@a/2\nA\n+\nI\n", 2, 2, 8,
     "\"interleaved\":true"},
    {"interleaved but for the last", "@a/1\nA\n+\nI\n@a/2\nA\n+\nI\n@b/1\nA\n+\nI\n", 3, 3, 12,
     "\"interleaved\":false"},
    {"casava names", "@a:1 1:N:0:ACGT\nA\n+\nI\n@b:2 2:Y:18:\nA\n+\nI\n", 2, 2, 8,
     "\"name_scheme\":\"casava\""},
    {"casava names, interleaved", "@a 1:N:0:A\nA\n+\nI\n@a 2:N:0:A\nA\n+\nI\n", 2, 2, 8,
     "\"interleaved\":true"},
    {"sra names", "@SRR1.1 x\nA\n+\nI\n@SRR1.2 x\nA\n+\nI\n@SRR1.3\nA\n+\nI\n", 3, 3, 12,
     "\"name_scheme\":\"sra\""},
    {"sra names with mates", "@ERR1.7.1\nA\n+\nI\n@ERR1.7.2\nA\n+\nI\n", 2, 2, 8,
     "\"interleaved\":true"},
    {"plain names", "@a\nA\n+\nI\n@b/1\nA\n+\nI\n", 2, 2, 8, "\"name_scheme\":\"plain\""},
};

START_TEST(good_data)
{
    const struct good *good = &goods[_i];
    struct outcome outcome;
    size_t i;

    for (i = 0; i < PIECES; i++) {
        outcome = scan(&dp_fastq, good->text, strlen(good->text), pieces[i], &never);
        ck_assert_msg(outcome.rc == 0, "%s: %s", good->kind, outcome.err.message);
        ck_assert_msg(outcome.edge.record == good->records, "%s: %" PRIu64 " records",
                      good->kind, outcome.edge.record);
        ck_assert_msg(outcome.edge.bases == good->bases, "%s: %" PRIu64 " bases", good->kind,
                      outcome.edge.bases);
        ck_assert_msg(outcome.edge.line == good->lines, "%s: %" PRIu64 " lines", good->kind,
                      outcome.edge.line);
        ck_assert_msg(strstr(outcome.facts, good->facts) != NULL, "%s: %s", good->kind,
                      outcome.facts);
        outcome_free(&outcome);
    }
}
END_TEST

START_TEST(good_data_is_recognised)
{
    const struct good *good = &goods[_i];

    ck_assert_msg(dp_fastq.sniff((const uint8_t *)good->text, strlen(good->text), true) == 2,
                  "%s", good->kind);
}
END_TEST

/* ----------------------------------------------------------------------------- broken data */

struct bad {
    const char *kind, *text;
    unsigned record, line, offset;
    const char *message; /* part of it */
};

#define ONE "@a\nACGT\n+\nIIII\n" /* 15 bytes, 4 lines */

static const struct bad bads[] = {
    {"nothing at all", "", 1, 1, 0, "no record"},
    {"an empty line only", "\n", 1, 1, 0, "no '@'"},
    {"a blank", " \n", 1, 1, 0, "no '@'"},
    {"FASTA", ">a\nACGT\n", 1, 1, 0, "no '@'"},
    {"no at", ONE "a\nACGT\n+\nIIII\n", 2, 5, 15, "no '@'"},
    {"an empty line between records", ONE "\n" ONE, 2, 6, 16, "empty line"},
    {"an empty line before records", "\n" ONE, 1, 1, 0, "no '@'"},
    {"truncated in the title", ONE "@ab", 2, 5, 18, "ends in a title"},
    {"truncated after the title", ONE "@ab\n", 2, 6, 19, "ends before a sequence"},
    {"truncated in the sequence", ONE "@ab\nAC", 2, 6, 21, "ends in a sequence"},
    {"truncated after the sequence", ONE "@ab\nAC\n", 2, 7, 22, "ends in a sequence"},
    {"truncated after the sequence, empty line", ONE "@ab\nAC\n\n", 2, 7, 22, "empty line"},
    {"truncated in the plus line", ONE "@ab\nAC\n+", 2, 7, 23, "ends in a '+' line"},
    {"truncated in the second header", ONE "@ab\nAC\n+a", 2, 7, 24, "ends in a '+' line"},
    {"truncated in the second header, newline", ONE "@ab\nAC\n+a\n", 2, 7, 22, "differs"},
    {"truncated after the plus line", ONE "@ab\nAC\n+\n", 2, 8, 24, "ends before the qualities"},
    {"truncated after the plus line, empty line", ONE "@ab\nAC\n+\n\n", 2, 8, 24,
     "fewer qualities"},
    {"truncated in the qualities", ONE "@ab\nAC\n+\nI", 2, 8, 25, "ends in the qualities"},
    {"truncated in the qualities, newline", ONE "@ab\nAC\n+\nI\n", 2, 9, 26,
     "ends in the qualities"},
    {"truncated in a CRLF", "@a\r\nA\r\n+\r\nI\r", 1, 4, 12, "ends in the qualities"},
    {"truncated in an empty CRLF", "@a\r\n\r\n+\r\n\r", 1, 4, 10, "ends in the qualities"},
    {"truncated in a trailing CRLF", "@a\r\nA\r\n+\r\nI\r\n\r", 2, 5, 14, "ends in an empty line"},
    {"short qualities", "@a\nACGT\n+\nIII\n@b\nACGT\n+\nIIII\n", 1, 5, 15, "more qualities"},
    {"short qualities, then an empty line", "@a\nACGT\n+\nIII\n\n" ONE, 1, 5, 14,
     "fewer qualities"},
    {"long qualities", "@a\nACGT\n+\nIIIII\n" ONE, 1, 4, 14, "more qualities"},
    {"no qualities", "@a\nACGTACG\n+\n@b\nACGTACG\n+\n", 1, 5, 21, "more qualities"},
    {"doubled sequence", "@a\nACGT\nACGT\n+\nIIII\n" ONE, 1, 7, 25, "more qualities"},
    {"doubled qualities", "@a\nACGT\n+\nIIII\nIIII\n", 2, 5, 15, "no '@'"},
    {"qualities for an empty read", "@a\n\n+\nI\n", 1, 4, 6, "more qualities"},
    {"no plus line", "@a\nACGT\n@b\nACGT\n+\nIIII\n", 1, 3, 8, "'@' where sequence"},
    {"empty line in the sequence", "@a\nAC\n\nGT\n+\nIIII\n", 1, 3, 6, "empty line in the seq"},
    {"sequence behind an empty line", "@a\n\nGT\n+\nII\n", 1, 3, 4, "no '+'"},
    {"second header differs", ONE "@ab\nAC\n+ac\nII\n", 2, 7, 22, "differs"},
    {"second header is longer", ONE "@ab\nAC\n+abc\nII\n", 2, 7, 22, "differs"},
    {"second header is shorter", ONE "@ab\nAC\n+a\nII\n", 2, 7, 22, "differs"},
    {"second header lacks the comment", "@a b\nAC\n+a\nII\n", 1, 3, 8, "differs"},
    {"blank in the sequence", ONE "@a\nAC GT\n+\nIIIII\n", 2, 6, 20, "a blank in the sequence"},
    {"blank behind the sequence", "@a\nACGT \n+\nIIII\n", 1, 2, 7, "a blank in the sequence"},
    {"tab in the sequence", "@a\nAC\tGT\n+\nIIIII\n", 1, 2, 5, "a tab in the sequence"},
    {"delete in the sequence", "@a\nAC\177T\n+\nIIII\n", 1, 2, 5, "byte 0x7f in the sequence"},
    {"high byte in the sequence", "@a\nAC\377T\n+\nIIII\n", 1, 2, 5, "byte 0xff in the seq"},
    {"blank in the qualities", "@a\nACGT\n+\nII I\n", 1, 4, 12, "a blank in the qual"},
    {"tab in the qualities", "@a\nACGT\n+\nI\tII\n", 1, 4, 11, "a tab in the qual"},
    {"vertical tab in the qualities", "@a\nACGT\n+\nI\013II\n", 1, 4, 11, "byte 0x0b"},
    {"escape in the qualities", "@a\nACGT\n+\nI\033II\n", 1, 4, 11, "byte 0x1b"},
    {"unit separator in the qualities", "@a\nACGT\n+\nI\037II\n", 1, 4, 11, "byte 0x1f"},
    {"delete in the qualities", "@a\nACGT\n+\nI\177II\n", 1, 4, 11, "byte 0x7f"},
    {"high byte in the qualities", "@a\nACGT\n+\nI\200II\n", 1, 4, 11, "byte 0x80"},
    {"carriage return in the sequence", "@a\nAC\rGT\n+\nIIIII\n", 1, 2, 5, "carriage return"},
    {"carriage return in the qualities", "@a\nACGT\n+\nI\rII\n", 1, 4, 11, "carriage return"},
    {"two carriage returns in a line ending", "@a\nAC\r\r\n+\nII\n", 1, 2, 5, "carriage return"},
};

static void assert_fault(const struct bad *bad, const char *text, size_t length, size_t piece)
{
    struct outcome outcome = scan(&dp_fastq, text, length, piece, &never);
    char where[128];

    snprintf(where, sizeof(where), "object: record %u, line %u, offset %u: ", bad->record,
             bad->line, bad->offset);
    ck_assert_msg(outcome.rc == DP_DATA, "%s: %d", bad->kind, outcome.rc);
    ck_assert_int_eq(outcome.err.code, DP_DATA);
    ck_assert_msg(strncmp(outcome.err.message, where, strlen(where)) == 0, "%s: %s, not %s",
                  bad->kind, outcome.err.message, where);
    ck_assert_msg(strstr(outcome.err.message, bad->message) != NULL, "%s: %s", bad->kind,
                  outcome.err.message);
    outcome_free(&outcome);
}

START_TEST(broken_data)
{
    size_t i;

    for (i = 0; i < PIECES; i++)
        assert_fault(&bads[_i], bads[_i].text, strlen(bads[_i].text), pieces[i]);
}
END_TEST

START_TEST(null_in_the_qualities)
{
    static const char text[] = "@a\nACGT\n+\nI\0II\n";
    static const struct bad bad = {"null in the qualities", text, 1, 4, 11, "byte 0x00"};

    assert_fault(&bad, text, sizeof(text) - 1, SIZE_MAX);
    assert_fault(&bad, text, sizeof(text) - 1, 1);
}
END_TEST

START_TEST(truncation_is_told_apart)
{
    struct outcome outcome = scan(&dp_fastq, "@a\nACG", 6, 6, &never);

    ck_assert_int_eq(outcome.err.detail, DP_DETAIL_UNEXPECTED_END);
    outcome = scan(&dp_fastq, "@a\nACG\n+\nI I\n", 13, 13, &never);
    ck_assert_int_eq(outcome.err.detail, DP_DETAIL_RECORD);
}
END_TEST

/* ------------------------------------------------------------------------- generated data */

struct sample {
    struct dp_array text;   /* of char */
    struct dp_array edges;  /* of struct dp_edge, the end included */
    struct dp_array hashes; /* of uint64_t: of the normalised names */
};

static void sample_free(struct sample *sample)
{
    dp_array_free(&sample->text);
    dp_array_free(&sample->edges);
    dp_array_free(&sample->hashes);
}

static void put(struct sample *sample, const char *bytes, size_t length)
{
    MUST(dp_array_append(&sample->text, bytes, length, 1));
}

/* `length` bytes out of `letters`, wrapped into lines of `width`. */
static void put_lines(struct sample *sample, uint64_t *random, size_t length, size_t width,
                      const char *letters, const char *newline, struct dp_edge *edge)
{
    size_t i, count = strlen(letters);
    char letter;

    for (i = 0; i < length || i == 0; i++) {
        if (i && i % width == 0) {
            put(sample, newline, strlen(newline));
            edge->line++;
        }
        letter = letters[random_below(random, count)];
        if (length && i == 0 && *letters == 'A')
            letter = 'A'; /* a sequence must not begin with what ends it */
        if (length)
            put(sample, &letter, 1);
    }
    put(sample, newline, strlen(newline));
    edge->line++;
}

/* A name with its normal form's hash. */
static void put_title(struct sample *sample, uint64_t *random, uint64_t record, char *title,
                      size_t size)
{
    static const char *const suffixes[] = {"", "/1", "/2", ".1", ".2", "/3", "1"};
    static const char *const comments[] = {"", " 1:N:0:ACGT", "\tRG:Z:1", " ", "  x", "/1 y"};
    const char *suffix = suffixes[random_below(random, 7)];
    int normal = snprintf(title, size, "%.*s%" PRIu64, (int)random_below(random, 90),
                          "M:1:FLOWCELL-WITH-A-LONG-NAME:2:1101:1234:5678:AND-MORE-OF-THAT-SORT-"
                          "TO-CROSS-VECTORS:",
                          record + 10);
    const char *comment = comments[random_below(random, 5)];
    uint64_t hash;

    if (strcmp(suffix, "/3") == 0 || strcmp(suffix, "1") == 0)
        normal += snprintf(title + normal, size - (size_t)normal, "%s", suffix);
    hash = XXH3_64bits(title, (size_t)normal);
    if (strcmp(suffix, "/3") != 0 && strcmp(suffix, "1") != 0)
        snprintf(title + normal, size - (size_t)normal, "%s", suffix);
    strncat(title, comment, size - strlen(title) - 1);
    MUST(dp_array_append(&sample->hashes, &hash, 1, sizeof(hash)));
    put(sample, "@", 1);
    put(sample, title, strlen(title));
}

/* Half of the samples are plain four-line data, the others of all kinds, mixed. */
static struct sample make_sample(uint64_t seed, size_t records)
{
    struct sample sample = {{0}, {0}, {0}};
    struct dp_edge edge = {0};
    uint64_t random = seed;
    bool plain = seed % 2 == 0;
    char title[256];
    size_t i;

    for (i = 0; i < records; i++) {
        bool crlf = !plain && random_below(&random, 4) == 0;
        bool empty = !plain && random_below(&random, 8) == 0;
        const char *newline = crlf ? "\r\n" : "\n";
        size_t length = empty ? 0 : 1 + random_below(&random, 300);
        size_t width = plain || random_below(&random, 3) ? 1000 : 1 + random_below(&random, 70);
        uint64_t bases = edge.bases + length;

        MUST(dp_array_append(&sample.edges, &edge, 1, sizeof(edge)));
        put_title(&sample, &random, i, title, sizeof(title));
        put(&sample, newline, strlen(newline));
        put_lines(&sample, &random, length, width, "ACGTN", newline,
                  &edge);
        put(&sample, "+", 1);
        if (random_below(&random, 5) == 0)
            put(&sample, title, strlen(title));
        put(&sample, newline, strlen(newline));
        put_lines(&sample, &random, length, width, "@+!~IFJ:,#", newline, &edge);
        edge.record++;
        edge.line += 2;
        edge.bases = bases;
        edge.offset = sample.text.length;
    }
    MUST(dp_array_append(&sample.edges, &edge, 1, sizeof(edge)));
    return sample;
}

static const struct dp_edge *sample_edge(const struct sample *sample, size_t i)
{
    return (const struct dp_edge *)sample->edges.data + i;
}

/* The verdict does not depend on how bytes are cut into pieces, nor on the kernel, and is the
 * truth. */
START_TEST(pieces_and_kernels_agree)
{
    struct sample sample = make_sample((uint64_t)_i, 200);
    const struct dp_kernels *kernels;
    struct outcome whole, parts;
    size_t i, k;

    whole = scan(&dp_fastq, sample.text.data, sample.text.length, SIZE_MAX, &never);
    ck_assert_msg(whole.rc == 0, "%s", whole.err.message);
    assert_same_edge(&whole.edge, sample_edge(&sample, 200));
    assert_same_edge(&whole.previous, sample_edge(&sample, 199));
    for (k = 0; (kernels = dp_kernels_at(k)); k++) {
        dp_kernels_force(kernels);
        for (i = 0; i < PIECES; i++) {
            parts = scan(&dp_fastq, sample.text.data, sample.text.length, pieces[i], &never);
            assert_same_outcome(&whole, &parts);
            outcome_free(&parts);
        }
    }
    dp_kernels_force(NULL);
    outcome_free(&whole);
    sample_free(&sample);
}
END_TEST

/* The same for damaged data: the same fault in the same place. */
START_TEST(pieces_and_kernels_agree_on_damage)
{
    static const char interesting[] = "@+\n\r \tA!~\177\0\377/1";
    struct sample sample = make_sample((uint64_t)_i, 30);
    const struct dp_kernels *kernels;
    uint64_t random = (uint64_t)_i + 1000;
    struct outcome whole, parts;
    char *text = sample.text.data;
    size_t i, k, round, length = sample.text.length;

    for (round = 0; round < 40; round++) {
        size_t at = random_below(&random, length);
        char saved = text[at];

        text[at] = interesting[random_below(&random, sizeof(interesting) - 1)];
        if (round % 8 == 0)
            length -= random_below(&random, 40);
        whole = scan(&dp_fastq, text, length, SIZE_MAX, &never);
        for (k = 0; (kernels = dp_kernels_at(k)); k++) {
            dp_kernels_force(kernels);
            for (i = 0; i < PIECES; i++) {
                parts = scan(&dp_fastq, text, length, pieces[i], &never);
                assert_same_outcome(&whole, &parts);
                outcome_free(&parts);
            }
        }
        dp_kernels_force(NULL);
        outcome_free(&whole);
        if (at < length && round % 3)
            text[at] = saved;
    }
    sample_free(&sample);
}
END_TEST

/* A scan stops before the first record whose key is reached, in every unit, and can go on. */
START_TEST(stops_at_the_first_edge)
{
    struct sample sample = make_sample((uint64_t)_i, 60);
    const struct dp_edge *end = sample_edge(&sample, 60), *wanted;
    uint64_t random = (uint64_t)_i;
    struct outcome outcome;
    size_t round, i;

    for (round = 0; round < 120; round++) {
        struct dp_stop stop = {.unit = (enum dp_plan_unit)(round % 3)};
        size_t piece = pieces[random_below(&random, PIECES)];

        stop.key = random_below(&random, dp_edge_key(end, stop.unit) + 3);
        for (i = 0; i < 60; i++)
            if (dp_edge_key(sample_edge(&sample, i), stop.unit) >= stop.key)
                break;
        wanted = sample_edge(&sample, i);
        outcome = scan(&dp_fastq, sample.text.data, sample.text.length, piece, &stop);
        MUST(outcome.rc == (i < 60));
        MUST(outcome.used == wanted->offset);
        assert_same_edge(&outcome.edge, wanted);
        assert_same_edge(&outcome.previous, sample_edge(&sample, i ? i - 1 : 0));
        outcome_free(&outcome);
    }
    sample_free(&sample);
}
END_TEST

/* From an edge in the middle to one further on, as a reader does it. */
START_TEST(starts_in_the_middle)
{
    struct sample sample = make_sample((uint64_t)_i, 60);
    uint64_t random = (uint64_t)_i;
    struct outcome outcome;
    size_t round, from, to;

    for (round = 0; round < 60; round++) {
        struct dp_stop stop = {.unit = DP_UNIT_RECORDS};
        struct dp_scanner_config config = {.name = "object"};
        const char *text = sample.text.data;

        from = random_below(&random, 60);
        to = from + random_below(&random, 61 - from);
        stop.key = to;
        config.start = *sample_edge(&sample, from);
        outcome = scan_from(&dp_fastq, &config, (const uint8_t *)text + config.start.offset,
                            sample.text.length - config.start.offset, pieces[round % PIECES],
                            &stop);
        MUST(outcome.rc == (to < 60));
        assert_same_edge(&outcome.edge, sample_edge(&sample, to));
        MUST(outcome.used == outcome.edge.offset - config.start.offset);
        outcome_free(&outcome);
    }
    sample_free(&sample);
}
END_TEST

/* An edge at the end of a piece is met when the next byte comes. */
START_TEST(an_edge_is_met_by_its_first_byte)
{
    struct dp_scanner_config config = {.name = "object"};
    struct dp_stop stop = {.unit = DP_UNIT_RECORDS, .key = 1};
    struct dp_scanner *scanner = NULL;
    size_t used = 77;

    ck_assert_int_eq(dp_fastq.open(&config, &scanner, NULL), 0);
    ck_assert_int_eq(dp_fastq.scan(scanner, (const uint8_t *)ONE, 15, &stop, &used, NULL), 0);
    ck_assert_uint_eq(used, 15);
    ck_assert_uint_eq(dp_scanner_base(scanner)->edge.record, 0);
    ck_assert_int_eq(dp_fastq.scan(scanner, (const uint8_t *)ONE, 15, &stop, &used, NULL), 1);
    ck_assert_uint_eq(used, 0);
    ck_assert_uint_eq(dp_scanner_base(scanner)->edge.record, 1);
    ck_assert_int_eq(dp_fastq.scan(scanner, (const uint8_t *)ONE, 15, &stop, &used, NULL), 1);
    ck_assert_uint_eq(used, 0); /* still there */
    stop.key = 2;
    ck_assert_int_eq(dp_fastq.scan(scanner, (const uint8_t *)ONE, 15, &stop, &used, NULL), 0);
    ck_assert_int_eq(dp_fastq.finish(scanner, NULL), 0);
    ck_assert_uint_eq(dp_scanner_base(scanner)->edge.record, 2);
    ck_assert_uint_eq(dp_scanner_base(scanner)->edge.offset, 30);
    ck_assert_uint_eq(dp_scanner_base(scanner)->previous.offset, 15);
    dp_fastq.close(scanner);
}
END_TEST

/* As FASTQ.md defines them, computed the slow way. */
START_TEST(digests_of_names)
{
    const size_t records = 2 * DP_DIGEST_RECORDS + 100;
    struct sample sample = make_sample((uint64_t)_i, records);
    const uint64_t *hashes = sample.hashes.data;
    struct outcome outcome;
    uint64_t digest = 0;
    uint8_t word[8];
    size_t i;

    outcome = scan(&dp_fastq, sample.text.data, sample.text.length, 100000, &never);
    ck_assert_msg(outcome.rc == 0, "%s", outcome.err.message);
    ck_assert_uint_eq(outcome.digest_count, 3);
    for (i = 0; i < records; i++) {
        if (i % DP_DIGEST_RECORDS == 0)
            digest = 0;
        dp_le64_store(word, hashes[i]);
        digest = XXH3_64bits_withSeed(word, 8, digest);
        if ((i + 1) % DP_DIGEST_RECORDS == 0 || i + 1 == records) {
            ck_assert_uint_eq(outcome.digests[i / DP_DIGEST_RECORDS].digest, digest);
            ck_assert_uint_eq(outcome.digests[i / DP_DIGEST_RECORDS].bases,
                              sample_edge(&sample, i + 1)->bases);
        }
    }
    outcome_free(&outcome);
    sample_free(&sample);
}
END_TEST

/* One name in two objects; everything behind a blank and the mate's number do not count. */
START_TEST(mates_have_equal_digests)
{
    static const char *const titles[] = {"r:1", "r:1/1", "r:1/2", "r:1.1", "r:1.2",
                                         "r:1 1:N:0:A", "r:1/2 length=7", "r:1\tRG:Z:x"};
    static const char *const others[] = {"r:2", "r:11", "r:1/3", "r:1/", "r:1.", "r:1/1/2", "R:1"};
    struct outcome outcome;
    uint64_t expected = 0;
    char text[64];
    size_t i;

    for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        snprintf(text, sizeof(text), "@%s\nA\n+\nI\n", titles[i]);
        outcome = scan(&dp_fastq, text, strlen(text), i % 2 ? 1 : SIZE_MAX, &never);
        if (i == 0)
            expected = outcome.digests[0].digest;
        ck_assert_uint_eq(outcome.digests[0].digest, expected);
        outcome_free(&outcome);
    }
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(text, sizeof(text), "@%s\nA\n+\nI\n", others[i]);
        outcome = scan(&dp_fastq, text, strlen(text), i % 2 ? 1 : SIZE_MAX, &never);
        ck_assert_uint_ne(outcome.digests[0].digest, expected);
        outcome_free(&outcome);
    }
}
END_TEST

/* Names, comments and reads far longer than any piece. */
START_TEST(giant_lines)
{
    struct sample sample = {{0}, {0}, {0}};
    struct outcome whole, parts;
    static char stretch[100000];
    size_t i;

    memset(stretch, 'A', sizeof(stretch));
    put(&sample, "@", 1);
    put(&sample, stretch, sizeof(stretch));
    put(&sample, "/2 ", 3);
    put(&sample, stretch, sizeof(stretch));
    put(&sample, "\n", 1);
    for (i = 0; i < 30; i++)
        put(&sample, stretch, sizeof(stretch));
    put(&sample, "\n+", 2);
    put(&sample, stretch, sizeof(stretch));
    put(&sample, "/2 ", 3);
    put(&sample, stretch, sizeof(stretch));
    put(&sample, "\n", 1);
    for (i = 0; i < 30; i++)
        put(&sample, stretch, sizeof(stretch));
    whole = scan(&dp_fastq, sample.text.data, sample.text.length, SIZE_MAX, &never);
    ck_assert_msg(whole.rc == 0, "%s", whole.err.message);
    ck_assert_uint_eq(whole.edge.bases, 30 * sizeof(stretch));
    ck_assert(strstr(whole.facts, "\"name_scheme\":\"slash\"") != NULL);
    parts = scan(&dp_fastq, sample.text.data, sample.text.length, 4096, &never);
    assert_same_outcome(&whole, &parts);
    outcome_free(&parts);
    outcome_free(&whole);
    sample_free(&sample);
}
END_TEST

/* ------------------------------------------------------------------------------ recognition */

START_TEST(other_text_is_not_fastq)
{
    static const char *const texts[] = {
        "", "x\n", "@HD\tVN:1.6\n@SQ\tSN:1\tLN:4\n", "@CO\tA\n+\nI\n", ">a\nACGT\n",
        "@media print {\n  body { color: black }\n}\n", "@relation iris\n\n@attribute x real\n",
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(dp_fastq.sniff((const uint8_t *)texts[i], strlen(texts[i]), true) == 0,
                      "%s", texts[i]);
}
END_TEST

START_TEST(broken_fastq_is_still_fastq)
{
    static const char *const texts[] = {
        "@a\nAC GT\n+\nIIIII\n", "@a\nACGT\n+b\nIIII\n", "@a\nACGT\n+\nIII\n", ONE "@b\nAC",
        ONE "x",
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(dp_fastq.sniff((const uint8_t *)texts[i], strlen(texts[i]), true) > 0,
                      "%s", texts[i]);
}
END_TEST

START_TEST(head_of_a_long_read_may_be_fastq)
{
    ck_assert_int_eq(dp_fastq.sniff((const uint8_t *)"@a\nACGTACGT", 11, false), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fastq");
    TCase *tcase = tcase_create("fastq");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, good_data, 0, (int)(sizeof(goods) / sizeof(goods[0])));
    tcase_add_loop_test(tcase, good_data_is_recognised, 0,
                        (int)(sizeof(goods) / sizeof(goods[0])));
    tcase_add_loop_test(tcase, broken_data, 0, (int)(sizeof(bads) / sizeof(bads[0])));
    tcase_add_test(tcase, null_in_the_qualities);
    tcase_add_test(tcase, truncation_is_told_apart);
    tcase_add_loop_test(tcase, pieces_and_kernels_agree, 0, 20);
    tcase_add_loop_test(tcase, pieces_and_kernels_agree_on_damage, 0, 10);
    tcase_add_loop_test(tcase, stops_at_the_first_edge, 0, 10);
    tcase_add_loop_test(tcase, starts_in_the_middle, 0, 10);
    tcase_add_test(tcase, an_edge_is_met_by_its_first_byte);
    tcase_add_loop_test(tcase, digests_of_names, 0, 2);
    tcase_add_test(tcase, mates_have_equal_digests);
    tcase_add_test(tcase, giant_lines);
    tcase_add_test(tcase, other_text_is_not_fastq);
    tcase_add_test(tcase, broken_fastq_is_still_fastq);
    tcase_add_test(tcase, head_of_a_long_read_may_be_fastq);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
