/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "base/crc32.h"
#include "base/le.h"
#include "mdr/saved_planes.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { SAMPLES = 37, VARIANTS = 500, HEADER_BYTES = 144, CRC_AT = 44 };

static const struct dp_mdr_ingest_counts counts = {7, 2, 1, 6};

static struct dp_mdr_genotypes *make(void)
{
    struct dp_mdr_genotypes *genotypes = NULL;
    char names[SAMPLES][12], id[30];
    const char *samples[SAMPLES];
    uint8_t calls[SAMPLES];
    size_t i, s;

    for (s = 0; s < SAMPLES; s++) {
        sprintf(names[s], "sample %zu", s);
        samples[s] = names[s];
    }
    ck_assert_int_eq(dp_mdr_genotypes_new(samples, SAMPLES, "x", &genotypes, NULL), DP_OK);
    for (i = 0; i < VARIANTS; i++) {
        struct dp_mdr_variant variant = {.id = i % 2 ? id : NULL,
                                         .chrom = "chr1",
                                         .ref = "A",
                                         .alt = "<DEL>",
                                         .position = i << 30,
                                         .passed = i % 3 == 0};

        sprintf(id, "rs%zu", i);
        for (s = 0; s < SAMPLES; s++)
            calls[s] = (uint8_t)((i * 3 + s * 7 + i * s) % 4);
        ck_assert_int_eq(dp_mdr_genotypes_add(genotypes, &variant, calls, NULL), DP_OK);
    }
    return genotypes;
}

static void must_be_equal(const struct dp_mdr_genotypes *a, const struct dp_mdr_genotypes *b)
{
    struct dp_mdr_variant x, y;
    size_t i;

    ck_assert_uint_eq(dp_mdr_genotypes_sample_count(a), dp_mdr_genotypes_sample_count(b));
    ck_assert_uint_eq(dp_mdr_genotypes_variant_count(a), dp_mdr_genotypes_variant_count(b));
    for (i = 0; i < dp_mdr_genotypes_sample_count(a); i++)
        ck_assert_str_eq(dp_mdr_genotypes_sample(a, i), dp_mdr_genotypes_sample(b, i));
    for (i = 0; i < dp_mdr_genotypes_variant_count(a); i++) {
        dp_mdr_genotypes_variant(a, i, &x);
        dp_mdr_genotypes_variant(b, i, &y);
        ck_assert_str_eq(x.id, y.id);
        ck_assert_str_eq(x.chrom, y.chrom);
        ck_assert_str_eq(x.ref, y.ref);
        ck_assert_str_eq(x.alt, y.alt);
        ck_assert_uint_eq(x.position, y.position);
        ck_assert_int_eq(x.passed, y.passed);
        ck_assert_mem_eq(dp_mdr_genotypes_row(a, i), dp_mdr_genotypes_row(b, i),
                         dp_mdr_genotypes_row_bytes(dp_mdr_genotypes_sample_count(a)));
    }
}

static struct dp_mdr_origin find(struct dp_context *context, const char *vcf, const char *bed,
                                 enum dp_mdr_field field, double certainty, bool split)
{
    struct dp_mdr_ingest_options options = {
        .field = field, .certainty = certainty, .split_multiallelic = split};
    struct dp_mdr_origin origin = {0};
    struct dp_error err = {0};

    ck_assert_msg(dp_mdr_origin_find(context, vcf, bed, &options, &origin, &err) == DP_OK, "%s",
                  err.message);
    return origin;
}

/* An object of `length` bytes. */
static void write_object(const char *path, size_t length, size_t changed)
{
    char *bytes = calloc(1, length + 1);

    memset(bytes, 'x', length);
    if (changed < length)
        bytes[changed] = 'y';
    test_write_file(path, bytes, length);
    free(bytes);
}

/* A date that no file written now has. */
static void set_date(const char *path)
{
    const struct timespec dates[2] = {{1700000000, 5}, {1700000000, 5}};

    ck_assert_int_eq(utimensat(AT_FDCWD, path, dates, 0), 0);
}

START_TEST(test_what_was_saved_is_read)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct dp_mdr_genotypes *genotypes = make(), *read = NULL;
    struct dp_mdr_origin origin, saved = {0};
    struct dp_mdr_ingest_counts got;
    struct dp_error err = {0};

    write_object("v.vcf", 200000, SIZE_MAX);
    origin = find(context, "v.vcf", NULL, DP_MDR_DS, 0.9, true);
    ck_assert_int_eq(dp_mdr_saved_planes_write(context, "g.dpg", genotypes, &origin, &counts, &err),
                     DP_OK);
    ck_assert_msg(dp_mdr_saved_planes_read(context, "g.dpg", &origin, &read, &got, &saved, &err) ==
                      DP_OK,
                  "%s", err.message);
    must_be_equal(genotypes, read);
    ck_assert_uint_eq(got.records, 7);
    ck_assert_uint_eq(got.multiallelic, 2);
    ck_assert_uint_eq(got.skipped, 1);
    ck_assert_uint_eq(got.with_field, 6);
    ck_assert_str_eq(saved.object[0].uri, origin.object[0].uri);
    ck_assert_str_eq(saved.object[0].validator, origin.object[0].validator);
    ck_assert_ptr_nonnull(strstr(saved.object[0].validator, "mtime:"));
    ck_assert_uint_eq(saved.object[0].size_bytes, 200000);
    dp_mdr_genotypes_free(read);
    ck_assert_int_eq(dp_mdr_saved_planes_read(context, "g.dpg", NULL, &read, NULL, NULL, NULL),
                     DP_OK);
    must_be_equal(genotypes, read);
    dp_mdr_genotypes_free(read);
    dp_mdr_genotypes_free(genotypes);
    dp_mdr_origin_free(&origin);
    dp_mdr_origin_free(&saved);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

static void must_be_stale(struct dp_context *context, struct dp_mdr_origin now, const char *what)
{
    struct dp_mdr_genotypes *read = NULL;
    struct dp_error err = {0};
    int rc = dp_mdr_saved_planes_read(context, "g.dpg", &now, &read, NULL, NULL, &err);

    if (what) {
        ck_assert_int_eq(rc, DP_STALE_INDEX);
        ck_assert_msg(strstr(err.message, what) && strstr(err.message, "g.dpg"), "%s", err.message);
        ck_assert_ptr_null(read);
    } else {
        ck_assert_int_eq(rc, DP_OK);
        dp_mdr_genotypes_free(read);
    }
    dp_mdr_origin_free(&now);
}

START_TEST(test_a_stale_file_is_told_from_a_good_one)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct dp_mdr_genotypes *genotypes = make();
    struct dp_mdr_origin origin;

    write_object("v.vcf", 200000, SIZE_MAX);
    write_object("copy.vcf", 200000, SIZE_MAX);
    write_object("short.vcf", 100, SIZE_MAX);
    write_object("p.bed", 70000, SIZE_MAX);
    write_object("p.bim", 70000, SIZE_MAX);
    write_object("p.fam", 0, SIZE_MAX);
    origin = find(context, "v.vcf", NULL, DP_MDR_DS, 0.9, true);
    ck_assert_int_eq(dp_mdr_saved_planes_write(context, "g.dpg", genotypes, &origin, &counts, NULL),
                     DP_OK);
    dp_mdr_origin_free(&origin);
    must_be_stale(context, find(context, "v.vcf", NULL, DP_MDR_DS, 0.9, true), NULL);
    must_be_stale(context, find(context, "copy.vcf", NULL, DP_MDR_DS, 0.9, true), "cannot be told");
    must_be_stale(context, find(context, "short.vcf", NULL, DP_MDR_DS, 0.9, true), "other bytes");
    must_be_stale(context, find(context, "v.vcf", NULL, DP_MDR_GP, 0.9, true), "another field");
    must_be_stale(context, find(context, "v.vcf", NULL, DP_MDR_DS, 0.8, true), "another field");
    must_be_stale(context, find(context, "v.vcf", NULL, DP_MDR_DS, 0.9, false), "multiallelic");
    must_be_stale(context, find(context, NULL, "p", DP_MDR_DS, 0.9, true), "another kind of input");
    write_object("v.vcf", 200000, 100000); /* where nothing is hashed */
    set_date("v.vcf");
    must_be_stale(context, find(context, "v.vcf", NULL, DP_MDR_DS, 0.9, true), "another version");
    write_object("v.vcf", 200000, 65535);
    must_be_stale(context, find(context, "v.vcf", NULL, DP_MDR_DS, 0.9, true), "other bytes");
    write_object("v.vcf", 200000, 199999);
    must_be_stale(context, find(context, "v.vcf", NULL, DP_MDR_DS, 0.9, true), "other bytes");
    origin = find(context, NULL, "p", DP_MDR_DS, 0.8, false);
    ck_assert_int_eq(dp_mdr_saved_planes_write(context, "g.dpg", genotypes, &origin, &counts, NULL),
                     DP_OK);
    dp_mdr_origin_free(&origin);
    must_be_stale(context, find(context, NULL, "p", DP_MDR_GT, 0.9, true), NULL);
    write_object("p.bed", 70000, 65536); /* in the part that is neither wholly first nor last */
    must_be_stale(context, find(context, NULL, "p", DP_MDR_GT, 0.9, true), "p.bed");
    dp_mdr_genotypes_free(genotypes);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

static size_t read_file(const char *path, unsigned char **bytes)
{
    struct stat status;
    FILE *file = fopen(path, "r");

    ck_assert_int_eq(stat(path, &status), 0);
    *bytes = malloc((size_t)status.st_size + 1);
    ck_assert_uint_eq(fread(*bytes, 1, (size_t)status.st_size, file), (size_t)status.st_size);
    fclose(file);
    return (size_t)status.st_size;
}

static int read_bytes(struct dp_context *context, const unsigned char *bytes, size_t length,
                      struct dp_error *err)
{
    struct dp_mdr_genotypes *read = NULL;
    int rc;

    test_write_file("bad.dpg", bytes, length);
    rc = dp_mdr_saved_planes_read(context, "bad.dpg", NULL, &read, NULL, NULL, err);
    dp_mdr_genotypes_free(read);
    return rc;
}

/* Every byte matters: header and sections have checksums. */
START_TEST(test_any_damage_is_noticed)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct dp_mdr_genotypes *genotypes = make();
    struct dp_mdr_origin origin;
    struct dp_error err = {0};
    unsigned char *bytes;
    size_t length, i;
    int rc;

    write_object("v.vcf", 10, SIZE_MAX);
    origin = find(context, "v.vcf", NULL, DP_MDR_GT, 0.9, true);
    ck_assert_int_eq(dp_mdr_saved_planes_write(context, "g.dpg", genotypes, &origin, &counts, NULL),
                     DP_OK);
    length = read_file("g.dpg", &bytes);
    ck_assert_int_eq(read_bytes(context, bytes, length, &err), DP_OK);
    for (i = 0; i < length; i += i < 500 ? 1 : 37) {
        bytes[i] ^= 0x41;
        rc = read_bytes(context, bytes, length, &err);
        ck_assert_msg(rc == DP_BAD_INDEX || (rc == DP_UNSUPPORTED && i >= 8 && i < 12),
                      "byte %zu: %d", i, rc);
        ck_assert_ptr_nonnull(strstr(err.message, "bad.dpg"));
        bytes[i] ^= 0x41;
    }
    for (i = 0; i < length; i += i < 200 ? 1 : 101)
        ck_assert_int_eq(read_bytes(context, bytes, i, &err), DP_BAD_INDEX);
    bytes[length] = 0;
    ck_assert_int_eq(read_bytes(context, bytes, length + 1, &err), DP_BAD_INDEX);
    free(bytes);
    dp_mdr_genotypes_free(genotypes);
    dp_mdr_origin_free(&origin);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* What lies, but with right checksums: counts beyond what is there, sections without an end. */
START_TEST(test_lies_are_refused)
{
    static const struct {
        size_t at;
        uint64_t value;
    } lies[] = {{24, 0},   {24, 38},         {24, UINT64_MAX}, {24, UINT32_MAX},
                {32, 499}, {32, 501},        {32, UINT64_MAX}, {32, UINT64_C(1) << 62},
                {56, 145}, {64, UINT64_MAX}, {64, 0},          {136, UINT64_MAX - 100},
                {128, 0},  {16, 1},          {40, 3}};
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct dp_mdr_genotypes *genotypes = make();
    struct dp_mdr_origin origin;
    struct dp_error err = {0};
    unsigned char *bytes, header[HEADER_BYTES];
    size_t length, i;

    write_object("v.vcf", 10, SIZE_MAX);
    origin = find(context, "v.vcf", NULL, DP_MDR_GT, 0.9, true);
    ck_assert_int_eq(dp_mdr_saved_planes_write(context, "g.dpg", genotypes, &origin, &counts, NULL),
                     DP_OK);
    length = read_file("g.dpg", &bytes);
    memcpy(header, bytes, HEADER_BYTES);
    for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        memcpy(bytes, header, HEADER_BYTES);
        dp_le64_store(bytes + lies[i].at, lies[i].value);
        dp_le32_store(bytes + CRC_AT, 0);
        dp_le32_store(bytes + CRC_AT, dp_crc32(0, bytes, HEADER_BYTES));
        ck_assert_int_eq(read_bytes(context, bytes, length, &err), DP_BAD_INDEX);
    }
    free(bytes);
    dp_mdr_genotypes_free(genotypes);
    dp_mdr_origin_free(&origin);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(test_a_failure_leaves_what_was_there)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    struct dp_mdr_genotypes *genotypes = make();
    struct dp_mdr_origin origin;

    write_object("v.vcf", 10, SIZE_MAX);
    origin = find(context, "v.vcf", NULL, DP_MDR_GT, 0.9, true);
    ck_assert_int_eq(
        dp_mdr_saved_planes_write(context, "none/g.dpg", genotypes, &origin, &counts, NULL),
        DP_NOT_FOUND);
    dp_mdr_genotypes_free(genotypes);
    dp_mdr_origin_free(&origin);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("mdr saved planes", test_what_was_saved_is_read,
          test_a_stale_file_is_told_from_a_good_one, test_any_damage_is_noticed,
          test_lies_are_refused, test_a_failure_leaves_what_was_there)
