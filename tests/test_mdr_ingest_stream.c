/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/ingest_stream.c: the same genotypes and the same failure for any number of threads. What
 * records become: test_mdr_ingest_vcf.c. */

#include "tests/mdr_vcf.h"

#include "mdr/ingest_stream.h"

static struct dp_context *context;
static const char *folder;

static void setup(void)
{
    context = test_context();
    folder = test_enter_folder();
}

static void teardown(void)
{
    dp_context_free(context);
    test_leave_folder(folder);
}

static int ingest(const char *path, int threads, bool header_only,
                  struct dp_mdr_genotypes **genotypes, struct dp_mdr_ingest_counts *counts,
                  struct dp_error *err)
{
    struct dp_mdr_ingest_options options = {.threads = (unsigned)threads};
    struct dp_object *object = NULL;
    int rc;

    ck_assert_int_eq(dp_object_open(context, path, NULL, &object, NULL), DP_OK);
    rc = dp_mdr_ingest_stream(context, object, NULL, header_only, &options, genotypes, counts, err);
    dp_object_free(object);
    return rc;
}

START_TEST(all_of_it)
{
    static const unsigned records[] = {0, 1, VCF_RECORDS};
    struct dp_mdr_ingest_counts counts;
    struct dp_mdr_genotypes *genotypes;
    struct dp_error err = {0};
    size_t i;

    for (i = 0; i < 3; i++) {
        vcf_write("v.vcf", records[i], 0, 0);
        ck_assert_msg(ingest("v.vcf", _i, false, &genotypes, &counts, &err) == DP_OK, "%s",
                      err.message);
        ck_assert_uint_eq(vcf_must_be(genotypes, 0), records[i]);
        ck_assert_uint_eq(counts.records, records[i]);
        ck_assert_uint_eq(counts.with_field, records[i]);
        dp_mdr_genotypes_free(genotypes);
    }
}
END_TEST

START_TEST(the_header_only)
{
    struct dp_mdr_ingest_counts counts = {0};
    struct dp_mdr_genotypes *genotypes;

    vcf_write("v.vcf", 100, 1, 0); /* nobody sees that a record is bad */
    ck_assert_int_eq(ingest("v.vcf", _i, true, &genotypes, &counts, NULL), DP_OK);
    ck_assert_uint_eq(vcf_must_be(genotypes, 0), 0);
    ck_assert_uint_eq(counts.records, 0);
    dp_mdr_genotypes_free(genotypes);
}
END_TEST

/* Of two bad records the first one is named; and where the object ends
 * too early, that is told unless a record before was bad. */
START_TEST(the_first_failure)
{
    struct dp_mdr_ingest_counts counts = {.records = 9};
    struct dp_mdr_genotypes *genotypes = NULL;
    struct dp_error err = {0};

    vcf_write("v.vcf", VCF_RECORDS, 5000, VCF_RECORDS);
    ck_assert_int_eq(ingest("v.vcf", _i, false, &genotypes, &counts, &err), DP_DATA);
    ck_assert_msg(strstr(err.message, "record 5000 (1:5000): sample 's100'") != NULL, "%s",
                  err.message);
    vcf_write("v.vcf", VCF_RECORDS, 1, 0);
    ck_assert_int_eq(system("gzip -1 v.vcf && truncate -s -100 v.vcf.gz"), 0);
    ck_assert_int_eq(ingest("v.vcf.gz", _i, false, &genotypes, &counts, &err), DP_DATA);
    ck_assert_msg(strstr(err.message, "record 1 (1:1)") != NULL, "%s", err.message);
    vcf_write("w.vcf", VCF_RECORDS, 0, 0);
    ck_assert_int_eq(system("gzip -1 w.vcf && truncate -s -100 w.vcf.gz"), 0);
    ck_assert_int_eq(ingest("w.vcf.gz", _i, false, &genotypes, &counts, &err), DP_DATA);
    ck_assert_ptr_null(strstr(err.message, "record"));
    ck_assert_ptr_null(genotypes);
    ck_assert_uint_eq(counts.records, 9); /* untouched */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr_ingest_stream");
    TCase *tcase = tcase_create("ingest_stream");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, all_of_it, 0, 4);
    tcase_add_loop_test(tcase, the_header_only, 0, 3);
    tcase_add_loop_test(tcase, the_first_failure, 1, 3);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
