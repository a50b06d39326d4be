/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/ingest_slices.c: all shares are the whole, and the first failure counts, for any number of
 * threads. What records become: test_mdr_ingest_vcf.c. */

#include "tests/mdr_vcf.h"

#include "mdr/ingest_slices.h"

struct indexed {
    struct dp_context *context;
    const char *folder;
    struct dp_object *object;
    struct dp_index *index;
};

static void open_indexed(unsigned records, unsigned bad, unsigned other_bad,
                         struct indexed *indexed)
{
    struct dp_index_options options = {.struct_bytes = sizeof(options), .spacing_bytes = 4096};
    struct dp_error err = {0};

    memset(indexed, 0, sizeof(*indexed));
    indexed->context = test_context();
    indexed->folder = test_enter_folder();
    vcf_write("v.vcf", records, bad, other_bad);
    ck_assert_int_eq(dp_object_open(indexed->context, "v.vcf", NULL, &indexed->object, NULL),
                     DP_OK);
    ck_assert_msg(
        dp_index_build(indexed->context, indexed->object, &options, &indexed->index, &err) == DP_OK,
        "%s", err.message);
    ck_assert_int_eq(dp_index_save(indexed->index, "v.vcf.dpi", NULL), DP_OK);
}

static void close_indexed(struct indexed *indexed)
{
    dp_index_free(indexed->index);
    dp_object_free(indexed->object);
    dp_context_free(indexed->context);
    test_leave_folder(indexed->folder);
}

/* One share after the other; more shares than there are records leave some of them empty. */
static void must_be_whole(struct indexed *indexed, unsigned records)
{
    static const unsigned shares[] = {0, 1, 3, 10};
    struct dp_mdr_ingest_options options = {0};
    struct dp_mdr_ingest_counts counts;
    struct dp_mdr_genotypes *genotypes;
    struct dp_error err = {0};
    uint64_t each, counted;
    size_t at, i;

    for (options.threads = 0; options.threads < 4; options.threads += 3)
        for (i = 0; i < 4; i++) {
            options.share_count = shares[i];
            each = dp_mdr_ingest_slices_each(indexed->index, &options);
            ck_assert_uint_ge(each, 1);
            if (records == VCF_RECORDS && shares[i] < 2)
                ck_assert_uint_gt(each, options.threads);
            at = counted = 0;
            for (options.share = 0; options.share < (shares[i] ? shares[i] : 1); options.share++) {
                ck_assert_msg(dp_mdr_ingest_slices(indexed->context, indexed->object,
                                                   indexed->index, &options, &genotypes, &counts,
                                                   &err) == DP_OK,
                              "%s", err.message);
                at += vcf_must_be(genotypes, at);
                counted += counts.records;
                dp_mdr_genotypes_free(genotypes);
            }
            ck_assert_uint_eq(at, records);
            ck_assert_uint_eq(counted, records);
        }
}

START_TEST(shares)
{
    static const unsigned records[] = {1, 7, VCF_RECORDS};
    struct indexed indexed;

    open_indexed(records[_i], 0, 0, &indexed);
    must_be_whole(&indexed, records[_i]);
    close_indexed(&indexed);
}
END_TEST

START_TEST(the_first_failure)
{
    struct dp_mdr_ingest_options options = {0};
    struct dp_mdr_ingest_counts counts = {.records = 9};
    struct dp_mdr_genotypes *genotypes = NULL;
    struct dp_error err = {0};
    struct indexed indexed;

    open_indexed(VCF_RECORDS, 2500, 5500, &indexed);
    for (options.threads = 1; options.threads < 5; options.threads++) {
        ck_assert_int_eq(dp_mdr_ingest_slices(indexed.context, indexed.object, indexed.index,
                                              &options, &genotypes, &counts, &err),
                         DP_DATA);
        ck_assert_msg(strstr(err.message, "record 2500 (1:2500): sample 's100'") != NULL, "%s",
                      err.message);
    }
    ck_assert_ptr_null(genotypes);
    ck_assert_uint_eq(counts.records, 9); /* untouched */
    options.share_count = 2; /* the second share knows nothing of the first one's failure */
    options.share = 1;
    ck_assert_int_eq(dp_mdr_ingest_slices(indexed.context, indexed.object, indexed.index, &options,
                                          &genotypes, &counts, &err),
                     DP_DATA);
    ck_assert_msg(strstr(err.message, "record 5500 (1:5500): sample 's100'") != NULL, "%s",
                  err.message);
    close_indexed(&indexed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr_ingest_slices");
    TCase *tcase = tcase_create("ingest_slices");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, shares, 0, 3);
    tcase_add_test(tcase, the_first_failure);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
