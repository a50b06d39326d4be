/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "base/crc32.h"
#include "index/format/bcf.h"
#include "index/format/bcf_header.h"
#include "tests/bcf_data.h"
#include "tests/scanning.h"

static const size_t pieces[] = {SIZE_MAX, 1, 2, 3, 31, 33, 500, 4096};
#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

/* Scans in every size of pieces; they must agree. */
static struct outcome scan_all_ways(const struct dp_array *object)
{
    struct outcome whole = scan(&dp_bcf, object->data, object->length, SIZE_MAX, &never), parts;
    size_t i;

    for (i = 1; i < PIECES; i++) {
        parts = scan(&dp_bcf, object->data, object->length, pieces[i], &never);
        assert_same_outcome(&whole, &parts);
        outcome_free(&parts);
    }
    return whole;
}

/* Records of all sizes, and where they begin; the end is the last edge. */
static void make_object(uint64_t seed, size_t count, struct dp_array *object,
                        struct dp_array *edges)
{
    static const unsigned sizes[] = {1, 40, 700, 20000};
    uint64_t random = seed;
    struct dp_edge edge = {0};
    size_t i;

    bcf_put_header(object, BCF_TEXT);
    edge.offset = object->length;
    MUST(dp_array_append(edges, &edge, 1, sizeof(edge)));
    for (i = 0; i < count; i++) {
        struct bcf_record record = bcf_simple((int32_t)(i >= count / 2), (int32_t)(i % 900));

        record.shared += (uint32_t)random_below(&random, sizes[seed % 4]);
        record.indiv += (uint32_t)random_below(&random, sizes[(seed + i) % 4]);
        bcf_put_record(object, &record);
        edge.record++;
        edge.offset = object->length;
        MUST(dp_array_append(edges, &edge, 1, sizeof(edge)));
    }
}

START_TEST(pieces_agree)
{
    struct dp_array object = {0}, edges = {0};
    struct outcome outcome;
    const struct dp_edge *edge;
    uint64_t longest = 0;

    make_object((uint64_t)_i, 60, &object, &edges);
    edge = edges.data;
    outcome = scan_all_ways(&object);
    ck_assert_msg(outcome.rc == 0, "%s", outcome.err.message);
    assert_same_edge(&outcome.edge, &edge[60]);
    assert_same_edge(&outcome.previous, &edge[59]);
    for (size_t i = 0; i < 60; i++)
        if (edge[i + 1].offset - edge[i].offset > longest)
            longest = edge[i + 1].offset - edge[i].offset;
    ck_assert_uint_eq(outcome.longest, longest);
    outcome_free(&outcome);
    dp_array_free(&object);
    dp_array_free(&edges);
}
END_TEST

START_TEST(stops_at_the_first_edge)
{
    struct dp_array object = {0}, edges = {0};
    uint64_t random = (uint64_t)_i;
    const struct dp_edge *edge;
    struct outcome outcome;
    size_t round, i, last = 50;

    make_object((uint64_t)_i, last, &object, &edges);
    edge = edges.data;
    for (round = 0; round < 200; round++) {
        struct dp_stop stop = {.unit = round % 2 ? DP_UNIT_BYTES : DP_UNIT_RECORDS};

        stop.key = random_below(&random, dp_edge_key(&edge[last], stop.unit) + 3);
        for (i = 0; i < last && dp_edge_key(&edge[i], stop.unit) < stop.key;)
            i++;
        outcome = scan(&dp_bcf, object.data, object.length, pieces[round % PIECES], &stop);
        MUST(outcome.rc == (i < last));
        MUST(outcome.used == edge[i].offset);
        assert_same_edge(&outcome.edge, &edge[i]);
        assert_same_edge(&outcome.previous, &edge[i ? i - 1 : 0]);
        outcome_free(&outcome);
    }
    dp_array_free(&object);
    dp_array_free(&edges);
}
END_TEST

START_TEST(starts_in_the_middle)
{
    struct dp_array object = {0}, edges = {0};
    uint64_t random = (uint64_t)_i;
    const struct dp_edge *edge;
    struct outcome outcome;
    size_t round, from, to, last = 50;

    make_object((uint64_t)_i, last, &object, &edges);
    edge = edges.data;
    for (round = 0; round < 100; round++) {
        struct dp_stop stop = {.unit = DP_UNIT_RECORDS};
        struct dp_scanner_config config = {.name = "object"};

        from = random_below(&random, last);
        to = from + random_below(&random, last - from + 1);
        stop.key = to;
        config.start = edge[from];
        outcome = scan_from(&dp_bcf, &config, (uint8_t *)object.data + edge[from].offset,
                            object.length - edge[from].offset, pieces[round % PIECES], &stop);
        MUST(outcome.rc == (to < last));
        assert_same_edge(&outcome.edge, &edge[to]);
        assert_same_edge(&outcome.previous, &edge[to > from ? to - 1 : from]);
        outcome_free(&outcome);
    }
    dp_array_free(&object);
    dp_array_free(&edges);
}
END_TEST

/* --------------------------------------------------------------------------------- refusals */

/* The object is refused, and the message says this. */
static void must_refuse(struct dp_array *object, const char *says)
{
    struct outcome outcome = scan_all_ways(object);

    ck_assert_int_eq(outcome.rc, DP_DATA);
    ck_assert_msg(strstr(outcome.err.message, says), "'%s' is not in '%s'", says,
                  outcome.err.message);
    outcome_free(&outcome);
    dp_array_free(object);
}

START_TEST(odd_headers)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "no line #CHROM"},
        {"#CHROM\tPOS\n", "line 1 of the header: it does not begin with ##fileformat"},
        {"##fileformat=VCFv4.2\n##contig=<ID=a>\n", "no line #CHROM"},
        {"##fileformat=VCFv4.2\n##contig=<length=4>\n", "line 2 of the header: a contig without"},
        {"##fileformat=VCFv4.2\n##contig=<ID=a,IDX=x>\n", "IDX that is no number"},
        {"##fileformat=VCFv4.2\n##contig=<ID=a,IDX=4194304>\n", "too large"},
        {"##fileformat=VCFv4.2\n##contig=<ID=a,IDX=1>\n##contig=<ID=b,IDX=1>\n", "same IDX"},
    };
    struct dp_array object = {0};
    uint8_t *bytes;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bcf_put_header(&object, bad[i].text);
        must_refuse(&object, bad[i].says);
    }
    bcf_put(&object, "BCF\4\1aaaaaaaaaaaa", 14);
    must_refuse(&object, "a version other than");
    bcf_put(&object, "##fileformat", 12);
    must_refuse(&object, "this is not BCF");
    bcf_put_header(&object, BCF_TEXT);
    bytes = object.data;
    dp_le32_store(bytes + 5, UINT32_MAX);
    must_refuse(&object, "a header of 4294967295 bytes");
    must_refuse(&object, "ends inside the header"); /* of no bytes at all */
}
END_TEST

/* A change of one field of the second record, and what is said then. */
START_TEST(odd_records)
{
    static const struct {
        size_t at;
        uint32_t value;
        const char *says;
    } bad[] = {
        {0, 23, "record 2, offset 203: lengths of 23"},
        {0, UINT32_MAX, "record 2, offset 203: lengths of 4294967295"},
        {4, UINT32_MAX, "do not fit"},
        {4, 2, "do not fit"},
        {8, 2, "contig number 2 is not in the header"},
        {8, UINT32_MAX, "contig number -1"},
        {12, 0x80000000u, "before the contig's begin"},
        {24, 1000u << 16, "1000 alleles"},
        {24, 2u << 16 | 1000, "1000 INFO"},
        {28, 1u << 24 | 3, "3 samples, the header names 2"},
    };
    struct bcf_record record = bcf_simple(0, 5);
    struct dp_array object = {0};
    size_t i, second;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bcf_put_header(&object, BCF_TEXT);
        bcf_put_record(&object, &record);
        second = object.length;
        bcf_put_record(&object, &record);
        dp_le32_store((uint8_t *)object.data + second + bad[i].at, bad[i].value);
        must_refuse(&object, bad[i].says);
    }
}
END_TEST

/* What other tools read must be read here: no samples, a position of 0 (-1 inside), a negative
 * length, FORMAT fields whose samples were dropped, minor version 1. */
START_TEST(odd_but_good)
{
    struct bcf_record record = bcf_simple(1, -1);
    struct dp_array object = {0};
    struct outcome outcome;

    bcf_put_header(&object, BCF_TEXT);
    ((uint8_t *)object.data)[4] = 1;
    record.length = -5;
    bcf_put_record(&object, &record);
    record.samples = record.indiv = 0;
    record.formats = 9;
    bcf_put_record(&object, &record);
    outcome = scan_all_ways(&object);
    ck_assert_msg(outcome.rc == 0, "%s", outcome.err.message);
    ck_assert_uint_eq(outcome.edge.record, 2);
    outcome_free(&outcome);
    dp_array_free(&object);
}
END_TEST

/* Other readers stop at the line #CHROM. */
START_TEST(text_behind_the_columns)
{
    struct bcf_record record = bcf_simple(1, 7);
    struct dp_array object = {0};
    struct outcome outcome;

    bcf_put_header(&object, BCF_TEXT "##contig=<length=4>\n#CHROM\tPOS\n");
    bcf_put_record(&object, &record);
    outcome = scan_all_ways(&object);
    ck_assert_msg(outcome.rc == 0, "%s", outcome.err.message);
    ck_assert_ptr_nonnull(strstr(outcome.facts, "\"samples\":2"));
    outcome_free(&outcome);
    dp_array_free(&object);
}
END_TEST

START_TEST(truncated_anywhere)
{
    struct dp_array object = {0}, edges = {0};
    const struct dp_edge *edge;
    struct outcome outcome;
    size_t length, i = 0;

    make_object(0, 5, &object, &edges);
    edge = edges.data;
    for (length = 0; length <= object.length; length++) {
        while (edge[i].offset < length && i + 1 < edges.length)
            i++;
        outcome = scan(&dp_bcf, object.data, length, 50, &never);
        ck_assert_int_eq(outcome.rc, edge[i].offset == length ? 0 : DP_DATA);
        if (outcome.rc)
            ck_assert_int_eq(outcome.err.detail, DP_DETAIL_UNEXPECTED_END);
        outcome_free(&outcome);
    }
    dp_array_free(&object);
    dp_array_free(&edges);
}
END_TEST

/* ----------------------------------------------------------------------------------- contigs */

static void read_header(struct dp_bcf_header *header, const char *text, size_t piece)
{
    size_t length = strlen(text), at, part;

    memset(header, 0, sizeof(*header));
    for (at = 0; at < length; at += part) {
        part = length - at < piece ? length - at : piece;
        ck_assert_int_eq(
            dp_bcf_header_feed(header, "object", (const uint8_t *)text + at, part, NULL), 0);
    }
    ck_assert_int_eq(dp_bcf_header_finish(header, "object", NULL), 0);
}

/* IDX decides, the order of lines where it is missing; quotes hide commas and brackets. */
START_TEST(contigs_have_numbers)
{
    static const char text[] = "##fileformat=VCFv4.2\n"
                               "##contig=<ID=a>\n"
                               "##INFO=<ID=END,Number=1,IDX=7>\n"
                               "##contig=<Note=\"x,IDX=9>,\\\"\",ID=b,IDX=3,length=5>\n"
                               "##contig=<ID=c>\n"
                               "##contig=<IDX=1,ID=d>\n"
                               "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    static const char *const names[] = {"a", "d", NULL, "b", "c", NULL};
    struct dp_bcf_header header;
    size_t piece, i;

    for (piece = 1; piece < 50; piece += 12) {
        read_header(&header, text, piece);
        ck_assert_uint_eq(dp_bcf_header_contig_count(&header), 5);
        ck_assert_uint_eq(header.sample_count, 0);
        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            const char *name = dp_bcf_header_contig(&header, i);

            ck_assert_int_eq(!name, !names[i]);
            if (name)
                ck_assert_str_eq(name, names[i]);
        }
        dp_bcf_header_free(&header);
    }
}
END_TEST

START_TEST(samples_are_counted)
{
    struct dp_bcf_header header;

    read_header(&header, BCF_TEXT, 10);
    ck_assert_uint_eq(header.sample_count, 2);
    dp_bcf_header_free(&header);
}
END_TEST

/* Long lines pass by; only one about a contig may not be longer than any is. */
START_TEST(long_lines)
{
    struct dp_array text = {0};
    struct dp_bcf_header header = {0};
    size_t i;
    int rc;

    bcf_put(&text, "##fileformat=VCFv4.2\n", 21);
    bcf_put(&text, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT", 45);
    for (i = 0; i < 50000; i++)
        bcf_put(&text, "\tsample", 7);
    bcf_put(&text, "\n", 2);
    read_header(&header, text.data, 4096);
    ck_assert_uint_eq(header.sample_count, 50000);
    dp_bcf_header_free(&header);
    text.length = 21;
    bcf_put(&text, "##contig=<ID=", 13);
    for (i = 0; i < 70000; i++)
        bcf_put(&text, "a", 1);
    bcf_put(&text, ">\n", 2);
    memset(&header, 0, sizeof(header));
    rc = dp_bcf_header_feed(&header, "object", text.data, text.length, NULL);
    ck_assert_int_eq(rc, DP_DATA);
    dp_bcf_header_free(&header);
    dp_array_free(&text);
}
END_TEST

/* ----------------------------------------------------------------------------------- positions */

/* A scanner with facts that has seen the object, and is not closed yet. */
static struct dp_scanner *walk(const struct dp_array *object, struct dp_loci *loci)
{
    struct dp_scanner_config config = {.name = "object", .facts = true};
    struct dp_scanner *scanner;
    size_t used;

    ck_assert_int_eq(dp_bcf.open(&config, &scanner, NULL), 0);
    ck_assert_int_eq(
        dp_bcf.scan(scanner, object->data, object->length, &never, &used, NULL), 0);
    ck_assert_int_eq(dp_bcf.finish(scanner, NULL), 0);
    dp_bcf.loci(scanner, loci);
    return scanner;
}

/* Positions count from 1; a record covers `rlen` bases, and one at least. */
START_TEST(positions_of_records)
{
    struct bcf_record record = bcf_simple(1, 99);
    struct dp_array object = {0};
    struct dp_scanner *scanner;
    struct dp_loci loci;

    bcf_put_header(&object, BCF_TEXT);
    bcf_put_record(&object, &record);
    record.length = 50;
    bcf_put_record(&object, &record);
    record.position = 120;
    record.length = -7;
    bcf_put_record(&object, &record);
    record.contig = 0;
    record.position = -1;
    bcf_put_record(&object, &record);
    scanner = walk(&object, &loci);
    ck_assert_uint_eq(loci.contig_count, 2);
    ck_assert_mem_eq(loci.names, "chr2chr1", 8);
    ck_assert_uint_eq(loci.contigs[0].record_count, 3);
    ck_assert_uint_eq(loci.contigs[0].length, 2000);
    ck_assert_uint_eq(loci.contigs[0].first_position, 100);
    ck_assert_uint_eq(loci.contigs[0].last_position, 121);
    ck_assert_uint_eq(loci.contigs[0].end, 149);
    ck_assert_uint_eq(loci.contigs[1].first_position, 0);
    ck_assert_uint_eq(loci.contigs[1].end, 0);
    ck_assert_uint_eq(loci.run_count, 2);
    ck_assert_uint_eq(loci.runs[1].record, 3);
    dp_bcf.close(scanner);
    dp_array_free(&object);
}
END_TEST

START_TEST(disorder_is_told_by_record)
{
    struct bcf_record record = bcf_simple(0, 99);
    struct dp_array object = {0};
    struct dp_scanner *scanner;
    struct dp_loci loci;
    json_t *facts = json_object();

    bcf_put_header(&object, BCF_TEXT);
    bcf_put_record(&object, &record);
    record.position = 98;
    bcf_put_record(&object, &record);
    scanner = walk(&object, &loci);
    ck_assert_uint_eq(loci.run_count, 0);
    ck_assert_int_eq(dp_bcf.describe(scanner, facts, NULL), 0);
    ck_assert_str_eq(json_string_value(json_object_get(facts, "disorder")), "unsorted");
    ck_assert_int_eq(json_integer_value(json_object_get(facts, "disorder_record")), 2);
    ck_assert_ptr_null(json_object_get(facts, "disorder_line"));
    json_decref(facts);
    dp_bcf.close(scanner);
    dp_array_free(&object);
}
END_TEST

/* Records know contigs by number, plans by name: neither may be mistaken. */
START_TEST(two_contigs_of_one_name)
{
    static const char text[] = "##fileformat=VCFv4.2\n##contig=<ID=a>\n##contig=<ID=a>\n"
                               "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    struct bcf_record record = bcf_simple(1, 99);
    struct dp_array object = {0};
    struct outcome outcome;

    record.samples = record.formats = record.indiv = 0;
    bcf_put_header(&object, text);
    bcf_put_record(&object, &record);
    outcome = scan_all_ways(&object);
    ck_assert_int_eq(outcome.rc, 0);
    ck_assert_msg(strstr(outcome.facts, "\"contig_numbers\":[1]"), "%s", outcome.facts);
    outcome_free(&outcome);
    record.contig = 0;
    bcf_put_record(&object, &record);
    must_refuse(&object, "record 2, offset 141: two contigs of one name");
}
END_TEST

/* The header alone can be read with its checksum. */
START_TEST(header_and_checksum)
{
    struct bcf_record record = bcf_simple(0, 99);
    struct dp_array object = {0};
    struct dp_scanner *scanner;
    struct dp_loci loci;
    uint32_t crc32;
    size_t length;

    bcf_put_header(&object, BCF_TEXT);
    length = object.length;
    bcf_put_record(&object, &record);
    scanner = walk(&object, &loci);
    ck_assert_uint_eq(dp_bcf.header(scanner, &crc32), length);
    ck_assert_uint_eq(crc32, dp_crc32(0, object.data, length));
    dp_bcf.close(scanner);
    dp_array_free(&object);
}
END_TEST

START_TEST(sniffs_itself)
{
    ck_assert_int_eq(dp_bcf.sniff((const uint8_t *)"BCF\2\2", 5, false), 2);
    ck_assert_int_eq(dp_bcf.sniff((const uint8_t *)"BCF\4", 4, false), 2);
    ck_assert_int_eq(dp_bcf.sniff((const uint8_t *)"BCF is a format\n", 16, true), 0);
    ck_assert_int_eq(dp_bcf.sniff((const uint8_t *)"BC", 2, true), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bcf");
    TCase *tcase = tcase_create("bcf");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, pieces_agree, 0, 12);
    tcase_add_loop_test(tcase, stops_at_the_first_edge, 0, 4);
    tcase_add_loop_test(tcase, starts_in_the_middle, 0, 4);
    tcase_add_test(tcase, odd_headers);
    tcase_add_test(tcase, odd_records);
    tcase_add_test(tcase, odd_but_good);
    tcase_add_test(tcase, text_behind_the_columns);
    tcase_add_test(tcase, truncated_anywhere);
    tcase_add_test(tcase, contigs_have_numbers);
    tcase_add_test(tcase, samples_are_counted);
    tcase_add_test(tcase, long_lines);
    tcase_add_test(tcase, positions_of_records);
    tcase_add_test(tcase, disorder_is_told_by_record);
    tcase_add_test(tcase, two_contigs_of_one_name);
    tcase_add_test(tcase, header_and_checksum);
    tcase_add_test(tcase, sniffs_itself);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
