/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/mdr_judge.h"

#include <htslib/bgzf.h>
#include <sys/stat.h>

static const char header[] = "##fileformat=VCFv4.2\n"
                             "##FILTER=<ID=q10,Description=\"low\">\n"
                             "##contig=<ID=1>\n##contig=<ID=chrX>\n"
                             "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">\n"
                             "##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"d\">\n"
                             "##FORMAT=<ID=DS,Number=A,Type=Float,Description=\"s\">\n"
                             "##FORMAT=<ID=GP,Number=G,Type=Float,Description=\"p\">\n"
                             "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT";

static uint32_t state = 1;

/* 0 to n - 1 */
static unsigned pick(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % n;
}

/* ------------------------------------------------------------------------------ random files */

static void write_gt(FILE *file, unsigned alleles, bool plain)
{
    unsigned kind = plain ? 9 : pick(14);

    if (kind < 2)
        fprintf(file, "%s", kind ? "./." : ".");
    else if (kind == 2)
        fprintf(file, "./%u", pick(alleles));
    else if (kind == 3)
        fprintf(file, "%u|.", pick(alleles));
    else if (kind == 4)
        fprintf(file, "%u", pick(alleles));
    else
        fprintf(file, "%u%c%u", pick(alleles), pick(3) ? '/' : '|', pick(alleles));
}

static void write_ds(FILE *file, unsigned alleles)
{
    static const char *const values[] = {
        "0",   "1",    "2",      "0.1",  "1.9", "1.09999", "0.11",           "1.5",
        "0.9", "1e-2", "1.95e0", "2.05", ".",   "0.8999",  "1.999999999999", "0.10000000000000001"};
    unsigned i;

    if (pick(10) == 0) {
        fputc('.', file);
        return;
    }
    for (i = 1; i < alleles; i++)
        fprintf(file, "%s%s", i > 1 ? "," : "", values[pick(16)]);
}

static void write_gp(FILE *file, unsigned alleles)
{
    unsigned count = pick(8) ? alleles * (alleles + 1) / 2 : alleles, sure = pick(count), i;

    if (pick(10) == 0) {
        fputc('.', file);
        return;
    }
    for (i = 0; i < count; i++)
        if (pick(40) == 0)
            fprintf(file, "%s.", i ? "," : "");
        else
            fprintf(file, "%s%s", i ? "," : "", i == sure ? (pick(2) ? "0.9" : "0.85") : "0.05");
}

/* A line of `samples` columns; those with `plain` have nothing but diploid GTs. */
static void write_record(FILE *file, unsigned number, unsigned samples, bool plain, const char *end)
{
    static const char *const alts[] = {"C",   "C",   "C,T", "C,<*>",
                                       "*,G", "<*>", ".",   "AT,ATT,*,<DEL>"};
    static const char *const formats[] = {"GT", "GT:DP", "GT:DS:GP", "DP:GT:GP:DS", "DP"};
    static const char *const filters[] = {".", "PASS", "q10"};
    unsigned kind = plain ? pick(3) : pick(8), format = plain ? pick(2) * pick(2) : pick(5), i, s;
    unsigned alleles = 2;
    char field;

    for (i = 0; alts[kind][i]; i++)
        alleles += alts[kind][i] == ',';
    if (kind == 6)
        alleles = 1;
    fprintf(file, "%s\t%u\t", pick(2) ? "1" : "chrX", number * 10 + pick(10));
    if (pick(2))
        fprintf(file, "rs%u", number);
    else
        fputc('.', file);
    fprintf(file, "\tA\t%s\t.\t%s\t.\t%s", alts[kind], filters[pick(3)], formats[format]);
    for (s = 0; s < samples; s++) {
        unsigned fields = 1, shown;

        for (i = 0; formats[format][i]; i++)
            fields += formats[format][i] == ':';
        /* Trailing fields may be left out; of a GT that is not there htslib would write "-65". */
        shown = plain || pick(4) ? fields : 1 + pick(fields);
        if (format == 3 && shown < 2)
            shown = 2;
        fputc('\t', file);
        for (i = 0; i < shown; i++) {
            if (i)
                fputc(':', file);
            field = formats[format][3 * i];
            if (field == 'G' && formats[format][3 * i + 1] == 'T')
                write_gt(file, alleles, plain);
            else if (field == 'G')
                write_gp(file, alleles);
            else if (formats[format][3 * i + 1] == 'S' && alleles > 1)
                write_ds(file, alleles);
            else
                fputs(formats[format][3 * i + 1] == 'S' ? "." : "12", file);
        }
    }
    fputs(end, file);
}

static void write_vcf(const char *path, unsigned samples, unsigned records, bool plain,
                      const char *end)
{
    FILE *file = fopen(path, "w");
    unsigned i;

    ck_assert_ptr_nonnull(file);
    fputs(header, file);
    for (i = 0; i < samples; i++)
        fprintf(file, "\ts%u", i);
    fputs("\n", file);
    for (i = 0; i < records; i++)
        write_record(file, i + 1, samples, plain, end);
    fclose(file);
}

/* `from` through htslib, in `mode`; with `own_blocks` each record has a BGZF block of its own. */
static void convert_records(const char *from, const char *to, const char *mode, bool own_blocks)
{
    htsFile *in = hts_open(from, "r"), *out = hts_open(to, mode);
    bcf_hdr_t *head = bcf_hdr_read(in);
    bcf1_t *record = bcf_init();

    ck_assert_int_eq(bcf_hdr_write(out, head), 0);
    while (bcf_read(in, head, record) == 0) {
        ck_assert_int_eq(bcf_write(out, head, record), 0);
        if (own_blocks)
            ck_assert_int_eq(bgzf_flush(out->fp.bgzf), 0);
    }
    bcf_destroy(record);
    bcf_hdr_destroy(head);
    ck_assert_int_eq(hts_close(in), 0);
    ck_assert_int_eq(hts_close(out), 0);
}

static void convert(const char *from, const char *to, const char *mode)
{
    convert_records(from, to, mode, false);
}

static void build_index(struct dp_context *context, const char *path, uint64_t spacing)
{
    struct dp_index_options options = {.struct_bytes = sizeof(options), .spacing_bytes = spacing};
    struct dp_object *object = NULL;
    struct dp_index *index = NULL;
    struct dp_error err = {0};
    char to[300];

    snprintf(to, sizeof(to), "%s.dpi", path);
    ck_assert_int_eq(dp_object_open(context, path, NULL, &object, NULL), DP_OK);
    ck_assert_msg(dp_index_build(context, object, &options, &index, &err) == DP_OK, "%s",
                  err.message);
    ck_assert_int_eq(dp_index_save(index, to, NULL), DP_OK);
    dp_index_free(index);
    dp_object_free(object);
}

/* ----------------------------------------------------------------------------------- reading */

static struct dp_mdr_genotypes *ingest(struct dp_context *context, const char *path,
                                       const struct dp_mdr_ingest_options *options,
                                       struct dp_mdr_ingest_counts *counts)
{
    struct dp_mdr_genotypes *genotypes = NULL;
    struct dp_error err = {0};

    ck_assert_msg(dp_mdr_ingest_vcf(context, path, options, &genotypes, counts, &err) == DP_OK,
                  "%s", err.message);
    return genotypes;
}

static void must_be_as_htslib(struct dp_context *context, const char *path, unsigned threads,
                              bool plain)
{
    struct dp_mdr_ingest_options options = {.certainty = 0.9, .threads = threads};
    struct dp_mdr_ingest_counts counts;
    struct dp_mdr_genotypes *genotypes;
    int split;

    for (options.field = DP_MDR_GT; options.field <= (plain ? DP_MDR_GT : DP_MDR_GP);
         options.field++)
        for (split = 0; split < 2; split++) {
            options.split_multiallelic = split;
            genotypes = ingest(context, path, &options, &counts);
            judge_file(path, &options, genotypes, &counts);
            dp_mdr_genotypes_free(genotypes);
        }
}

START_TEST(test_random_records_are_as_htslib_reads_them)
{
    static const unsigned samples[] = {1, 3, 4, 6, 8, 61};
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    size_t i;

    for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        write_vcf("v.vcf", samples[i], 200, i == 4, i % 2 ? "\r\n" : "\n");
        convert("v.vcf", "v.bcf", "wb");
        convert("v.vcf", "u.bcf", "wbu");
        convert("v.vcf", "v.vcf.gz", "wz");
        must_be_as_htslib(context, "v.vcf", 1, i == 4);
        must_be_as_htslib(context, "v.vcf.gz", 2, i == 4);
        must_be_as_htslib(context, "v.bcf", 3, i == 4);
        must_be_as_htslib(context, "u.bcf", 1, i == 4);
    }
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

static void must_be_equal(const struct dp_mdr_genotypes *a, size_t offset,
                          const struct dp_mdr_genotypes *b)
{
    size_t i, bytes = dp_mdr_genotypes_row_bytes(dp_mdr_genotypes_sample_count(a));
    struct dp_mdr_variant x, y;

    ck_assert_uint_eq(dp_mdr_genotypes_sample_count(a), dp_mdr_genotypes_sample_count(b));
    for (i = 0; i < dp_mdr_genotypes_variant_count(b); i++) {
        dp_mdr_genotypes_variant(a, offset + i, &x);
        dp_mdr_genotypes_variant(b, i, &y);
        ck_assert_str_eq(x.id, y.id);
        ck_assert_uint_eq(x.position, y.position);
        ck_assert_mem_eq(dp_mdr_genotypes_row(a, offset + i), dp_mdr_genotypes_row(b, i), bytes);
    }
}

/* All shares of `path` one after the other are `whole`. */
static void must_be_shares(struct dp_context *context, const char *path, unsigned share_count,
                           unsigned threads, const struct dp_mdr_genotypes *whole,
                           uint64_t record_count)
{
    struct dp_mdr_ingest_options options = {
        .split_multiallelic = true, .threads = threads, .share_count = share_count};
    struct dp_mdr_ingest_counts counts;
    uint64_t records = 0;
    size_t offset = 0;

    for (options.share = 0; options.share < share_count; options.share++) {
        struct dp_mdr_genotypes *part = ingest(context, path, &options, &counts);

        must_be_equal(whole, offset, part);
        offset += dp_mdr_genotypes_variant_count(part);
        records += counts.records;
        dp_mdr_genotypes_free(part);
    }
    ck_assert_uint_eq(offset, dp_mdr_genotypes_variant_count(whole));
    ck_assert_uint_eq(records, record_count);
}

static void last_progress(void *user, uint64_t done, uint64_t all)
{
    uint64_t *last = user;

    ck_assert_uint_gt(done, last[0]);
    last[0] = done;
    last[1] = all;
    last[2]++;
}

START_TEST(test_slices_and_shares_are_the_whole)
{
    static const char *const paths[] = {"v.vcf", "v.vcf.gz", "v.bcf", "no-index.vcf"};
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    unsigned threads, shares;
    size_t i;

    write_vcf("v.vcf", 333, 1500, true, "\n");
    convert("v.vcf", "v.vcf.gz", "wz");
    convert("v.vcf", "v.bcf", "wb");
    ck_assert_int_eq(symlink("v.vcf", "no-index.vcf"), 0);
    for (i = 0; i < 3; i++)
        build_index(context, paths[i], 4096);
    for (i = 0; i < 4; i++)
        for (threads = 1; threads <= 4; threads += 3) {
            uint64_t progress[3] = {0};
            struct dp_mdr_ingest_options options = {.split_multiallelic = true,
                                                    .threads = threads,
                                                    .progress = last_progress,
                                                    .user = progress};
            struct dp_mdr_ingest_counts counts;
            struct dp_mdr_genotypes *whole = ingest(context, paths[i], &options, &counts);

            judge_file(paths[i], &options, whole, &counts);
            ck_assert_uint_eq(progress[0], 1500);
            ck_assert_uint_eq(progress[1], i < 3 ? 1500 : 0);
            ck_assert_uint_gt(progress[2], 1);
            for (shares = 1; shares <= 5; shares += 2)
                must_be_shares(context, paths[i], shares, threads, whole, 1500);
            dp_mdr_genotypes_free(whole);
        }
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* -------------------------------------------------------------------------------- bad objects */

#define SAMPLES   "\ta\tb\tc\n"
#define SITE(alt) "1\t7\t.\tA\t" alt "\t.\t.\t.\tGT:DS:GP"
#define GOOD      SITE("C") "\t0/1\t0/1\t1|1\n"

struct bad {
    enum dp_mdr_field field;
    const char *columns, *records, *message;
};

static const struct bad bads[] = {
    {DP_MDR_GT, "\n", GOOD, "there are no samples, only sites"},
    {DP_MDR_GT, "\ta\tb\ta\n", GOOD, "two samples have the ID 'a'"},
    {DP_MDR_GT, "\ta\t\tc\n", GOOD, "a sample has no ID"},
    {DP_MDR_GT, SAMPLES, GOOD SITE("C") "\t0/1\t0/1\n",
     "record 2 (1:7): the number of columns is not"},
    {DP_MDR_GT, SAMPLES, SITE("C") "\t0/1\t0/1\t0/1\t1/1\n",
     "record 1 (1:7): the number of columns"},
    {DP_MDR_GT, SAMPLES, SITE("C") "\t0/1:1\t0/1\t\n",
     "record 1 (1:7): sample 'c': GT is not a genotype"},
    {DP_MDR_GT, SAMPLES, SITE(".") "\t0/0\t0/0\n", "record 1 (1:7): the number of columns is not"},
    {DP_MDR_GT, SAMPLES, GOOD "\n" GOOD, "record 2: the line is empty"},
    {DP_MDR_GT, SAMPLES, "1\t7\tx\n", "record 1: the number of columns is not"},
    {DP_MDR_GT, SAMPLES, "1\t7x\t.\tA\tC\t.\t.\t.\tGT\t0\t0\t0\n",
     "record 1: CHROM or POS makes no sense"},
    {DP_MDR_GT, SAMPLES, "\t7\t.\tA\tC\t.\t.\t.\tGT\t0\t0\t0\n",
     "record 1: CHROM or POS makes no sense"},
    {DP_MDR_GT, SAMPLES, SITE("C") "\t0/1\t0/1/1\t0/1\n",
     "sample 'b': GT has more than two alleles"},
    {DP_MDR_GT, SAMPLES, SITE("C") "\t0/1\t0/2\t0/1\n",
     "sample 'b': GT names an allele that the record does not have"},
    {DP_MDR_GT, SAMPLES, SITE("C") "\t0/1\t99999999999999999999/1\t0/1\n",
     "sample 'b': GT names an allele"},
    {DP_MDR_GT, SAMPLES, SITE("C") "\t0/1\t/1\t0/1\n", "sample 'b': GT is not a genotype"},
    {DP_MDR_GT, SAMPLES, SITE("C") "\t0/1\t0/\t0/1\n", "sample 'b': GT is not a genotype"},
    {DP_MDR_GT, SAMPLES, SITE("C") "\t0/1\t0/1\t0-1\n", "sample 'c': GT is not a genotype"},
    {DP_MDR_GT, SAMPLES, "1\t7\t.\tA\tC\t.\t.\t.\tDP\t1\t2\t3\n", "no record has the field GT"},
    {DP_MDR_DS, SAMPLES, SITE("C") "\t0/1:1\t0/1:x\t0/1\n", "sample 'b': DS is not a number"},
    {DP_MDR_DS, SAMPLES, SITE("C") "\t0/1:1\t0/1:\t0/1\n", "sample 'b': DS is not a number"},
    {DP_MDR_DS, SAMPLES, SITE("C") "\t0/1:1\t0/1:1,1\t0/1\n",
     "sample 'b': DS has not one value for each"},
    {DP_MDR_GP, SAMPLES, SITE("C") "\t0/1:1:1,0,0\t0/1:1:0,0,30\t0/1\n",
     "sample 'b': GP is not a probability"},
    {DP_MDR_GP, SAMPLES, SITE("C") "\t0/1:1:1,0,0\t0/1:1:0,0,0,1\t0/1\n",
     "sample 'b': GP has another number of values than there are genotypes"},
};

static void must_fail(struct dp_context *context, const char *path, enum dp_mdr_field field,
                      int code, const char *message)
{
    struct dp_mdr_ingest_options options = {.field = field, .certainty = 0.9, .threads = 1};
    struct dp_mdr_genotypes *genotypes = NULL;
    struct dp_error err = {0};

    options.split_multiallelic = true;
    for (; options.threads <= 3; options.threads += 2) {
        ck_assert_int_eq(dp_mdr_ingest_vcf(context, path, &options, &genotypes, NULL, &err), code);
        ck_assert_ptr_null(genotypes);
        ck_assert_ptr_nonnull(strstr(err.message, path));
        ck_assert_msg(strstr(err.message, message) != NULL, "%s, but not: %s", err.message,
                      message);
    }
}

START_TEST(test_bad_records_are_named)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    const struct bad *bad = &bads[_i];
    FILE *file = fopen("bad.vcf", "w");

    fprintf(file, "%s%s%s", header, bad->columns, bad->records);
    fclose(file);
    must_fail(context, "bad.vcf", bad->field, DP_DATA, bad->message);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* The first `length` bytes of `from`. */
static void cut_file(const char *from, const char *to, size_t length)
{
    char *bytes = malloc(length);
    FILE *file = fopen(from, "r");

    ck_assert_uint_eq(fread(bytes, 1, length, file), length);
    fclose(file);
    test_write_file(to, bytes, length);
    free(bytes);
}

START_TEST(test_truncated_objects_are_refused)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct stat status;

    write_vcf("v.vcf", 50, 3000, true, "\n");
    convert("v.vcf", "v.bcf", "wb");
    convert("v.vcf", "u.bcf", "wbu");
    ck_assert_int_eq(system("gzip -1 -c v.vcf >v.vcf.gz"), 0);
    ck_assert_int_eq(stat("v.vcf.gz", &status), 0);
    cut_file("v.vcf.gz", "cut.vcf.gz", (size_t)status.st_size / 2);
    must_fail(context, "cut.vcf.gz", DP_MDR_GT, DP_DATA, "cut.vcf.gz");
    ck_assert_int_eq(stat("v.bcf", &status), 0);
    cut_file("v.bcf", "cut.bcf", (size_t)status.st_size / 2);
    must_fail(context, "cut.bcf", DP_MDR_GT, DP_DATA, "cut.bcf");
    ck_assert_int_eq(stat("u.bcf", &status), 0);
    cut_file("u.bcf", "cut.bcf", (size_t)status.st_size - 1);
    must_fail(context, "cut.bcf", DP_MDR_GT, DP_DATA, "ends within a record");
    cut_file("v.vcf", "cut.vcf", strlen(header) / 2);
    must_fail(context, "cut.vcf", DP_MDR_GT, DP_DATA, "ends within its header");
    cut_file("u.bcf", "cut.bcf", 100);
    must_fail(context, "cut.bcf", DP_MDR_GT, DP_DATA, "ends within its header");
    cut_file("v.vcf", "cut.vcf", 0);
    must_fail(context, "cut.vcf", DP_MDR_GT, DP_DATA, "the object is empty");
    test_write_file("text.vcf", "1\t2\t3\n", 6);
    must_fail(context, "text.vcf", DP_MDR_GT, DP_DATA, "neither VCF nor BCF");
    test_write_file("no.vcf", "##fileformat=VCFv4.2\n1\t2\t3\n", 27);
    must_fail(context, "no.vcf", DP_MDR_GT, DP_DATA, "the header has no #CHROM line");
    must_fail(context, "none.vcf", DP_MDR_GT, DP_NOT_FOUND, "none.vcf");
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Where the last BGZF block that is left begins, by the sizes that blocks have in front. */
static size_t last_block(const char *path)
{
    FILE *file = fopen(path, "r");
    unsigned char head[18];
    size_t at = 0, last = 0;

    while (fread(head, 1, sizeof(head), file) == sizeof(head)) {
        last = at;
        at += (size_t)head[16] + 256U * head[17] + 1;
        ck_assert_int_eq(fseek(file, (long)at, SEEK_SET), 0);
    }
    fclose(file);
    return last;
}

/* Cut where a block ends: no byte of what is left is wrong. */
START_TEST(test_bgzf_without_its_end_is_refused)
{
    static const char *const paths[] = {"v.vcf.gz", "v.bcf"}, *const modes[] = {"wz", "wb"};
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    size_t i, at, cut;
    char message[80];

    write_vcf("v.vcf", 333, 1500, true, "\n");
    for (i = 0; i < 2; i++) {
        convert_records("v.vcf", paths[i], modes[i], true);
        for (cut = 0; cut < 2; cut++) { /* the EOF block, then one of records */
            at = last_block(paths[i]);
            ck_assert_uint_gt(at, 0);
            ck_assert_int_eq(truncate(paths[i], (off_t)at), 0);
            snprintf(message, sizeof(message),
                     "offset %zu: no BGZF EOF block: the object may be truncated", at);
            must_fail(context, paths[i], DP_MDR_GT, DP_DATA, message);
            build_index(context, paths[i], 4096);
            must_fail(context, paths[i], DP_MDR_GT, DP_DATA, message);
            ck_assert_int_eq(unlink(i ? "v.bcf.dpi" : "v.vcf.gz.dpi"), 0);
        }
    }
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(test_a_stale_index_is_an_error)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();

    write_vcf("v.vcf", 5, 300, true, "\n");
    build_index(context, "v.vcf", 4096);
    write_vcf("v.vcf", 5, 301, true, "\n");
    must_fail(context, "v.vcf", DP_MDR_GT, DP_STALE_INDEX, "v.vcf");
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(test_no_record_is_no_failure)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct dp_mdr_ingest_options options = {.threads = 2};
    struct dp_mdr_ingest_counts counts;
    struct dp_mdr_genotypes *genotypes;

    write_vcf("v.vcf", 5, 0, true, "\n");
    genotypes = ingest(context, "v.vcf", &options, &counts);
    ck_assert_uint_eq(dp_mdr_genotypes_sample_count(genotypes), 5);
    ck_assert_uint_eq(dp_mdr_genotypes_variant_count(genotypes), 0);
    ck_assert_uint_eq(counts.records, 0);
    dp_mdr_genotypes_free(genotypes);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Damaged bytes of BCF are a failure or other calls, but nothing worse. */
START_TEST(test_damaged_bcf_does_no_harm)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct dp_mdr_ingest_options options = {.threads = 1, .split_multiallelic = true};
    unsigned char bytes[20000];
    size_t length, i, k;
    FILE *file;

    write_vcf("v.vcf", 7, 60, false, "\n");
    convert("v.vcf", "u.bcf", "wbu");
    file = fopen("u.bcf", "r");
    length = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    for (i = 0; i < 500; i++) {
        struct dp_mdr_genotypes *genotypes = NULL;
        unsigned char old[4];
        size_t at[4];
        struct dp_error err = {0};

        for (k = 0; k < 4; k++) {
            at[k] = 9 + pick((unsigned)length - 9);
            old[k] = bytes[at[k]];
            bytes[at[k]] = (unsigned char)pick(256);
        }
        test_write_file("bad.bcf", bytes, length);
        if (dp_mdr_ingest_vcf(context, "bad.bcf", &options, &genotypes, NULL, &err) == DP_OK)
            ck_assert_uint_eq(dp_mdr_genotypes_sample_count(genotypes), 7);
        else
            ck_assert_uint_gt(strlen(err.message), 10);
        dp_mdr_genotypes_free(genotypes);
        for (k = 4; k-- > 0;)
            bytes[at[k]] = old[k];
    }
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr ingest of VCF and BCF");
    TCase *tcase = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_random_records_are_as_htslib_reads_them);
    tcase_add_test(tcase, test_slices_and_shares_are_the_whole);
    tcase_add_loop_test(tcase, test_bad_records_are_named, 0, sizeof(bads) / sizeof(bads[0]));
    tcase_add_test(tcase, test_truncated_objects_are_refused);
    tcase_add_test(tcase, test_bgzf_without_its_end_is_refused);
    tcase_add_test(tcase, test_a_stale_index_is_an_error);
    tcase_add_test(tcase, test_no_record_is_no_failure);
    tcase_add_test(tcase, test_damaged_bcf_does_no_harm);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
