/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/study.c: from files to what is searched, the same from whichever kind of file. */

#include "config.h"

#include "mdr/saved_planes.h"
#include "mdr/study.h"
#include "tests/connectors.h"

#define HEADER                                                                                     \
    "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"                \
    "a\tb\tc\td\te\n"
#define SITE(place, id, filter) "1\t" place "\t" id "\tA\tG\t.\t" filter "\t.\tGT"

/* Samples b and e are cases, a and d controls; nothing is known of c. */
static const char classes[] = "d\t1\ne\t2\na\t1\nb\t2\nc\t-9\nz\t2\n";
static const char *const records[] = {
    SITE("10", "v0", "PASS") "\t0/1\t1/1\t0/0\t0/0\t0/1\n",
    SITE("20", "v1", ".") "\t0/1\t0/1\t0/0\t0/1\t0/1\n",   /* constant, but for c */
    SITE("30", "v2", ".") "\t1/1\t./.\t0/0\t0/0\t0/1\n",   /* a call is missing */
    SITE("40", "v3", ".") "\t0/0\t0/1\t./.\t0/1\t0/0\n",   /* one of c, who does not count */
    SITE("50", "v4", "q10") "\t0/1\t1/1\t0/0\t0/0\t0/1\n", /* did not pass */
};
/* All calls of those that stay: v0, v2, v3. */
static const uint8_t calls[3][5] = {{1, 2, 0, 0, 1}, {2, 3, 0, 0, 1}, {0, 1, 3, 1, 0}};

static struct dp_context *context;
static struct dp_mdr_team *team;
static const char *folder;

/* v.vcf, with `other` in place of record `number`. */
static void write_vcf(unsigned number, const char *other)
{
    FILE *file = fopen("v.vcf", "w");
    unsigned i;

    fputs(HEADER, file);
    for (i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        fputs(i == number ? other : records[i], file);
    ck_assert_int_eq(fclose(file), 0);
}

static void setup(void)
{
    context = test_context();
    folder = test_enter_folder();
    ck_assert_int_eq(dp_mdr_team_alone(&team, NULL), DP_OK);
    test_write_file("p", classes, strlen(classes));
    write_vcf(99, NULL);
}

static void teardown(void)
{
    dp_mdr_team_free(team);
    dp_context_free(context);
    test_leave_folder(folder);
}

static struct dp_mdr_study_options options_of(const char *vcf, const char *planes)
{
    return (struct dp_mdr_study_options){
        .vcf = vcf,
        .planes = planes,
        .ingest = {.threads = 1},
        .phenotypes = "p",
        .fold_count = 2,
        .filter = {.passed_only = true, .max_missing = 1, .order = 2},
        .keep_rows = true};
}

static void open_study(const struct dp_mdr_study_options *options, struct dp_mdr_study *study)
{
    struct dp_error err = {0};

    ck_assert_msg(dp_mdr_study_open(context, options, team, study, &err) == DP_OK, "%s",
                  err.message);
}

static void must_fail(const struct dp_mdr_study_options *options, int code, const char *message)
{
    struct dp_mdr_study study;
    struct dp_error err = {0};

    ck_assert_int_eq(dp_mdr_study_open(context, options, team, &study, &err), code);
    ck_assert_msg(strstr(err.message, message) != NULL, "%s", err.message);
    dp_mdr_study_close(&study);
}

/* Samples, variants, calls and planes are those of the records above. */
static void must_be_whole(const struct dp_mdr_study *study)
{
    static const char *const ids[] = {"v0", "v2", "v3"};
    static const uint64_t positions[] = {10, 30, 40};
    static const uint32_t columns[] = {0, 1, 3, 4};
    struct dp_mdr_planes *planes = NULL;
    struct dp_mdr_variant variant;
    const uint8_t *row;
    uint32_t v, s;

    ck_assert_uint_eq(study->cohort.sample_count, 4);
    ck_assert_mem_eq(study->cohort.column, columns, sizeof(columns));
    ck_assert_mem_eq(study->cohort.is_case, "\0\1\0\1", 4);
    ck_assert_uint_eq(study->variant_count, 3);
    ck_assert_int_eq(dp_mdr_planes_new(&study->cohort, 3, NULL, &planes, NULL), DP_OK);
    for (v = 0; v < 3; v++) {
        dp_mdr_study_variant(study, v, &variant);
        ck_assert_str_eq(variant.id, ids[v]);
        ck_assert_str_eq(variant.chrom, "1");
        ck_assert_str_eq(variant.alt, "G");
        ck_assert_uint_eq(variant.position, positions[v]);
        row = dp_mdr_study_row(study, v);
        for (s = 0; s < 5; s++)
            ck_assert_uint_eq(row[s / 4] >> 2 * (s % 4) & 3, calls[v][s]);
        dp_mdr_planes_set(planes, v, row);
        ck_assert_mem_eq(dp_mdr_planes_row(study->planes, v), dp_mdr_planes_row(planes, v),
                         4 * dp_mdr_planes_layout(planes)->word_count);
    }
    ck_assert_uint_eq(study->incomplete_count, 1);
    dp_mdr_planes_free(planes);
}

START_TEST(of_a_vcf)
{
    struct dp_mdr_study_options options = options_of("v.vcf", NULL);
    struct dp_mdr_study study;
    unsigned threads;

    for (threads = 0; threads < 3; threads++) {
        options.ingest.threads = options.filter.threads = threads;
        open_study(&options, &study);
        must_be_whole(&study);
        ck_assert_uint_eq(study.ingest_counts.records, 5);
        ck_assert_uint_eq(study.cohort_counts.analysed, 4);
        ck_assert_uint_eq(study.cohort_counts.missing, 1);
        ck_assert_uint_eq(study.cohort_counts.phenotypes_only, 1);
        ck_assert_uint_eq(study.filter_counts.variants, 5);
        ck_assert_uint_eq(study.filter_counts.not_passed, 1);
        ck_assert_uint_eq(study.filter_counts.constant, 1);
        ck_assert_uint_eq(study.filter_counts.kept, 3);
        ck_assert_uint_eq(study.origin.object_count, 1);
        ck_assert_uint_eq(study.cohort.fold_count, 2);
        dp_mdr_study_close(&study);
        ck_assert_ptr_null(study.planes);
        dp_mdr_study_close(&study); /* of nothing */
    }
}
END_TEST

/* What is searched has the digest, and nothing else has. */
START_TEST(digests)
{
    static const struct {
        unsigned number;
        const char *record;
        bool same;
    } changes[] = {
        {0, SITE("10", "v0", ".") "\t0|1\t1/1\t0/0\t0/0\t1/0\n", true}, /* the same calls */
        {1, SITE("21", "vx", ".") "\t1/1\t1/1\t0/0\t1/1\t1/1\n", true}, /* still constant */
        {0, SITE("10", "v0", ".") "\t0/1\t1/1\t0/0\t0/0\t0/0\n", false},
        {0, SITE("10", "v0", ".") "\t0/1\t1/1\t0/1\t0/0\t0/1\n", false}, /* of c */
        {0, SITE("10", "vx", ".") "\t0/1\t1/1\t0/0\t0/0\t0/1\n", false},
        {0, SITE("11", "v0", ".") "\t0/1\t1/1\t0/0\t0/0\t0/1\n", false},
        {0, "2\t10\tv0\tA\tG\t.\t.\t.\tGT\t0/1\t1/1\t0/0\t0/0\t0/1\n", false},
        {0, "1\t10\tv0\tA\tC\t.\t.\t.\tGT\t0/1\t1/1\t0/0\t0/0\t0/1\n", false},
        {0, "1\t10\tv0\tT\tG\t.\t.\t.\tGT\t0/1\t1/1\t0/0\t0/0\t0/1\n", false},
        {3, SITE("40", "v3", ".") "\t0/0\t0/1\t./.\t0/1\t0/1\n", false},
        {2, "", false},
    };
    struct dp_mdr_study_options options = options_of("v.vcf", NULL);
    struct dp_mdr_study first, other;
    size_t i;

    open_study(&options, &first);
    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        write_vcf(changes[i].number, changes[i].record);
        open_study(&options, &other);
        ck_assert_msg((memcmp(first.digest, other.digest, sizeof(first.digest)) == 0) ==
                          changes[i].same,
                      "change %zu", i);
        dp_mdr_study_close(&other);
    }
    dp_mdr_study_close(&first);
}
END_TEST

START_TEST(of_saved_planes)
{
    struct dp_mdr_study_options options = options_of("v.vcf", NULL);
    struct dp_mdr_study study;
    uint8_t digest[DP_MDR_DIGEST_BYTES];
    unsigned i;

    open_study(&options, &study);
    memcpy(digest, study.digest, sizeof(digest));
    ck_assert_int_eq(dp_mdr_saved_planes_write(context, "v.dpg", study.genotypes, &study.origin,
                                               &study.ingest_counts, NULL),
                     DP_OK);
    dp_mdr_study_close(&study);
    for (i = 0; i < 2; i++) { /* compared with the VCF, and without one */
        options = options_of(i ? NULL : "v.vcf", "v.dpg");
        open_study(&options, &study);
        must_be_whole(&study);
        ck_assert_mem_eq(study.digest, digest, sizeof(digest));
        ck_assert_uint_eq(study.ingest_counts.records, 5);
        ck_assert_uint_eq(study.filter_counts.variants, 5);
        ck_assert_uint_eq(study.origin.object_count, 1);
        ck_assert_ptr_nonnull(strstr(study.origin.object[0].uri, "v.vcf"));
        dp_mdr_study_close(&study);
    }
    write_vcf(0, "");
    options = options_of("v.vcf", "v.dpg");
    must_fail(&options, DP_STALE_INDEX, "v.dpg: made of other bytes than those of ");
}
END_TEST

/* The same as PLINK has it: the classes are in its .fam. */
START_TEST(of_a_bed)
{
    static const char fam[] = "f a 0 0 1 1\nf b 0 0 1 2\nf c 0 0 1 -9\nf d 0 0 1 1\nf e 0 0 1 2\n";
    static const char bim[] = "1 v0 0 10 G A\n1 v2 0 30 G A\n1 v3 0 40 G A\n";
    static const uint8_t codes[] = {3, 2, 0, 1}; /* of 0, 1, 2 and missing */
    uint8_t bed[3 + 3 * 2] = {0x6c, 0x1b, 0x01}, digest[DP_MDR_DIGEST_BYTES];
    struct dp_mdr_study_options options = options_of("v.vcf", NULL);
    struct dp_mdr_study study;
    unsigned v, s;

    for (v = 0; v < 3; v++)
        for (s = 0; s < 5; s++)
            bed[3 + 2 * v + s / 4] |= (uint8_t)(codes[calls[v][s]] << 2 * (s % 4));
    test_write_file("b.bed", bed, sizeof(bed));
    test_write_file("b.bim", bim, strlen(bim));
    test_write_file("b.fam", fam, strlen(fam));
    open_study(&options, &study);
    memcpy(digest, study.digest, sizeof(digest));
    dp_mdr_study_close(&study);
    options = options_of(NULL, NULL);
    options.bfile = "b";
    options.phenotypes = NULL;
    open_study(&options, &study);
    must_be_whole(&study);
    ck_assert_mem_eq(study.digest, digest, sizeof(digest));
    ck_assert_uint_eq(study.origin.object_count, 3);
    ck_assert_int_eq(dp_mdr_saved_planes_write(context, "b.dpg", study.genotypes, &study.origin,
                                               &study.ingest_counts, NULL),
                     DP_OK);
    dp_mdr_study_close(&study);
    options.planes = "b.dpg"; /* the .fam is read for the classes alone */
    open_study(&options, &study);
    must_be_whole(&study);
    dp_mdr_study_close(&study);
}
END_TEST

START_TEST(folds_of_a_file)
{
    static const char folds[] = "a\t2\nb\t2\nd\t1\ne\t1\nnobody\t1\n";
    struct dp_mdr_study_options options = options_of("v.vcf", NULL);
    struct dp_mdr_study study;

    test_write_file("f", folds, strlen(folds));
    options.fold_file = "f";
    options.fold_count = 20; /* not looked at */
    open_study(&options, &study);
    must_be_whole(&study);
    ck_assert_uint_eq(study.cohort.fold_count, 2);
    ck_assert_mem_eq(study.cohort.fold, "\1\1\0\0", 4);
    ck_assert_uint_eq(study.unknown_folds, 1);
    dp_mdr_study_close(&study);
}
END_TEST

START_TEST(failures)
{
    struct dp_mdr_study_options options = options_of("none.vcf", NULL);

    must_fail(&options, DP_NOT_FOUND, "none.vcf");
    options = options_of("v.vcf", NULL);
    options.phenotypes = "none.txt";
    must_fail(&options, DP_NOT_FOUND, "none.txt");
    options = options_of("v.vcf", NULL);
    options.fold_count = 3;
    must_fail(&options, DP_DATA, "");
    options = options_of("v.vcf", NULL);
    options.fold_file = "none.folds";
    must_fail(&options, DP_NOT_FOUND, "none.folds");
    options = options_of("v.vcf", NULL);
    options.ingest.field = DP_MDR_DS;
    options.ingest.certainty = 0.9;
    must_fail(&options, DP_DATA, "no record has the field DS");
    options = options_of("v.vcf", "none.dpg");
    must_fail(&options, DP_NOT_FOUND, "none.dpg");
    options = options_of("v.vcf", NULL);
    options.filter.max_missing = 0;
    options.filter.order = 3; /* v0 and v3 are left */
    must_fail(&options, DP_DATA, "");
    options.filter.order = 2;
    write_vcf(3, "");
    must_fail(&options, DP_DATA, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr_study");
    TCase *tcase = tcase_create("study");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, of_a_vcf);
    tcase_add_test(tcase, digests);
    tcase_add_test(tcase, of_saved_planes);
    tcase_add_test(tcase, of_a_bed);
    tcase_add_test(tcase, folds_of_a_file);
    tcase_add_test(tcase, failures);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
