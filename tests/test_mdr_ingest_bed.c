/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "mdr/ingest.h"

static const char fam[] =
    "f1 a 0 0 1 2\nf1 b 0 0 2 1\nf2\tc\t0\t0\t1\t-9\r\nf2 d 0 0 1 1\nf3 e 0 0 0 2";
static const char bim[] = "1\trs1\t0\t100\tG\tA\n1 . 0.5 200 T C\r\nX\trs3\t0\t0\tACG\tA\n";
/* Written by hand: of five samples, calls 2, -, 1, 0, 2; then 0 0 0 0 -; then 1 1 2 2 1. The bits
 * behind the fifth are junk. */
static const unsigned char bed[] = {0x6c, 0x1b, 0x01, 0xe4, 0xfc, 0xff, 0x01, 0x0a, 0xfe};
static const uint8_t calls[3][5] = {{2, 3, 1, 0, 2}, {0, 0, 0, 0, 3}, {1, 1, 2, 2, 1}};

static void write_files(const char *the_fam, const char *the_bim, const void *the_bed,
                        size_t length)
{
    test_write_file("p.fam", the_fam, strlen(the_fam));
    test_write_file("p.bim", the_bim, strlen(the_bim));
    test_write_file("p.bed", the_bed, length);
}

static void must_be(const struct dp_mdr_genotypes *genotypes, size_t first)
{
    static const char *const ids[] = {"rs1", "1:200:C:T", "rs3"}, *const refs[] = {"A", "C", "A"};
    static const char *const alts[] = {"G", "T", "ACG"}, *const chroms[] = {"1", "1", "X"};
    static const uint64_t positions[] = {100, 200, 0};
    struct dp_mdr_variant variant;
    size_t i, s;

    ck_assert_uint_eq(dp_mdr_genotypes_sample_count(genotypes), 5);
    for (s = 0; s < 5; s++)
        ck_assert_int_eq(dp_mdr_genotypes_sample(genotypes, s)[0], (int)('a' + s));
    for (i = 0; i < dp_mdr_genotypes_variant_count(genotypes); i++) {
        const uint8_t *row = dp_mdr_genotypes_row(genotypes, i);

        dp_mdr_genotypes_variant(genotypes, i, &variant);
        ck_assert_str_eq(variant.id, ids[first + i]);
        ck_assert_str_eq(variant.chrom, chroms[first + i]);
        ck_assert_str_eq(variant.ref, refs[first + i]);
        ck_assert_str_eq(variant.alt, alts[first + i]);
        ck_assert_uint_eq(variant.position, positions[first + i]);
        ck_assert(variant.passed);
        for (s = 0; s < 8; s++)
            ck_assert_uint_eq(row[s / 4] >> 2 * (s % 4) & 3, s < 5 ? calls[first + i][s] : 0);
    }
}

START_TEST(test_a_bed_is_read)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct dp_mdr_ingest_options options = {.threads = 1};
    struct dp_mdr_ingest_counts counts;
    struct dp_mdr_genotypes *genotypes = NULL;
    struct dp_error err = {0};
    size_t first = 0;
    char *text = NULL;

    write_files(fam, bim, bed, sizeof(bed));
    ck_assert_msg(dp_mdr_ingest_bed(context, "p", &options, &genotypes, &text, &counts, &err) ==
                      DP_OK,
                  "%s", err.message);
    ck_assert_uint_eq(dp_mdr_genotypes_variant_count(genotypes), 3);
    ck_assert_uint_eq(counts.records, 3);
    ck_assert_str_eq(text, fam);
    must_be(genotypes, 0);
    dp_mdr_genotypes_free(genotypes);
    free(text);
    for (options.share_count = 2; options.share_count <= 5; options.share_count++)
        for (options.share = 0, first = 0; options.share < options.share_count; options.share++) {
            ck_assert_int_eq(
                dp_mdr_ingest_bed(context, "p", &options, &genotypes, NULL, NULL, NULL), DP_OK);
            must_be(genotypes, first);
            first += dp_mdr_genotypes_variant_count(genotypes);
            dp_mdr_genotypes_free(genotypes);
            ck_assert(options.share + 1 < options.share_count || first == 3);
        }
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

struct bad {
    const char *fam, *bim;
    unsigned char magic, order;
    size_t bed_bytes;
    int code;
    const char *message;
};

static const struct bad bads[] = {
    {"f a 0 0 1 2\nf a 0 0 2 1\n", NULL, 0x6c, 1, 9, DP_DATA, "p.fam: two samples have the ID 'a'"},
    {"f a 0 0 1 2\nf b 0 0 2\n", NULL, 0x6c, 1, 9, DP_DATA, "p.fam: line 2 has not 6 columns"},
    {"", NULL, 0x6c, 1, 9, DP_DATA, "p.fam: there are no samples"},
    {NULL, "1 a 0 1 A C\n1 b 0 A C\n1 a 0 1 A C\n", 0x6c, 1, 9, DP_DATA,
     "p.bim: line 2 has not 6 columns"},
    {NULL, "1 a 0 1 A C\n1 b 0 -2 A C\n1 a 0 1 A C\n", 0x6c, 1, 9, DP_DATA,
     "p.bim: line 2: the position is no number"},
    {NULL, NULL, 0x6c, 1, 8, DP_DATA, "p.bed: 8 bytes, but 3 variants of 5 samples take 9"},
    {NULL, "1 a 0 1 A C\n1 b 0 2 A C\n", 0x6c, 1, 9, DP_DATA, "take 7"},
    {NULL, NULL, 0x6d, 1, 9, DP_DATA, "p.bed: this is no .bed file"},
    {NULL, NULL, 0x6c, 1, 2, DP_DATA, "p.bed: this is no .bed file"},
    {NULL, NULL, 0x6c, 0, 9, DP_UNSUPPORTED, "p.bed: the file goes sample by sample"},
};

START_TEST(test_bad_files_are_refused)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct dp_mdr_ingest_options options = {.threads = 1};
    struct dp_mdr_genotypes *genotypes = NULL;
    unsigned char bytes[sizeof(bed)];
    struct dp_error err = {0};
    char *text = NULL;
    size_t i;

    for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        memcpy(bytes, bed, sizeof(bed));
        bytes[0] = bads[i].magic;
        bytes[2] = bads[i].order;
        write_files(bads[i].fam ? bads[i].fam : fam, bads[i].bim ? bads[i].bim : bim, bytes,
                    bads[i].bed_bytes);
        ck_assert_int_eq(dp_mdr_ingest_bed(context, "p", &options, &genotypes, &text, NULL, &err),
                         bads[i].code);
        ck_assert_msg(strstr(err.message, bads[i].message) != NULL, "%s, but not: %s", err.message,
                      bads[i].message);
        ck_assert_ptr_null(genotypes);
        ck_assert_ptr_null(text);
    }
    ck_assert_int_eq(unlink("p.bim"), 0);
    write_files(fam, bim, bed, sizeof(bed));
    ck_assert_int_eq(unlink("p.bim"), 0);
    ck_assert_int_eq(dp_mdr_ingest_bed(context, "p", &options, &genotypes, NULL, NULL, &err),
                     DP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "p.bim"));
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("mdr ingest of .bed", test_a_bed_is_read, test_bad_files_are_refused)
