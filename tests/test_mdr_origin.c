/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/origin.c: what the ends of objects, their sizes and versions tell apart. */

#include "config.h"

#include "mdr/origin.h"
#include "tests/connectors.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <sys/stat.h>

enum { END = 65536 };

static struct dp_mdr_origin find(struct dp_context *context, const char *vcf, const char *bed,
                                 const struct dp_mdr_ingest_options *options)
{
    struct dp_mdr_origin origin;
    struct dp_error err = {0};

    ck_assert_msg(dp_mdr_origin_find(context, vcf, bed, options, &origin, &err) == DP_OK, "%s",
                  err.message);
    return origin;
}

/* `length` bytes that are hardly ever the same. */
static uint8_t *make_bytes(size_t length)
{
    uint8_t *bytes = malloc(length + 1);
    size_t i;

    for (i = 0; i < length; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    return bytes;
}

static void hash(const uint8_t *first, size_t first_length, const uint8_t *last, size_t last_length,
                 uint8_t *sha256)
{
    struct sha256_ctx context;

    sha256_init(&context);
    sha256_update(&context, first_length, first);
    sha256_update(&context, last_length, last);
    sha256_digest(&context, DP_MDR_HASH_BYTES, sha256);
}

/* Around the sizes where both ends begin to be less than all: no byte counts twice. */
START_TEST(sizes)
{
    static const size_t lengths[] = {0,           1,       END - 1,     END,        END + 1,
                                     2 * END - 1, 2 * END, 2 * END + 1, 3 * END + 7};
    const size_t length = lengths[_i], front = length < END ? length : END;
    const size_t back = length - front < END ? length - front : END;
    struct dp_context *context = test_context();
    struct dp_mdr_ingest_options options = {.certainty = 0.7};
    const char *folder = test_enter_folder();
    uint8_t *bytes = make_bytes(length), wanted[DP_MDR_HASH_BYTES];
    struct dp_mdr_origin origin;

    test_write_file("v.vcf", bytes, length);
    origin = find(context, "v.vcf", NULL, &options);
    hash(bytes, front, bytes + length - back, back, wanted);
    ck_assert_uint_eq(origin.object_count, 1);
    ck_assert_uint_eq(origin.object[0].size_bytes, length);
    ck_assert_mem_eq(origin.object[0].sha256, wanted, sizeof(wanted));
    ck_assert_ptr_nonnull(strstr(origin.object[0].uri, "v.vcf"));
    ck_assert(origin.certainty == 1 && origin.field == DP_MDR_GT); /* of GT there is no doubt */
    dp_mdr_origin_free(&origin);
    ck_assert_ptr_null(origin.object[0].uri);
    free(bytes);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

static void must_differ(const struct dp_mdr_origin *saved, const struct dp_mdr_origin *now,
                        const char *message)
{
    struct dp_error err = {0};

    ck_assert_int_eq(dp_mdr_origin_compare(saved, now, "x", &err), DP_STALE_INDEX);
    ck_assert_msg(strncmp(err.message, message, strlen(message)) == 0, "%s", err.message);
}

START_TEST(bytes_that_differ)
{
    static const size_t places[] = {0, END - 1, 2 * END, 3 * END - 1};
    struct dp_context *context = test_context();
    struct dp_mdr_ingest_options options = {0};
    const char *folder = test_enter_folder();
    uint8_t *bytes = make_bytes(3 * END);
    struct dp_mdr_origin first, now;
    size_t i;

    test_write_file("v", bytes, 3 * END);
    first = find(context, "v", NULL, &options);
    now = find(context, "v", NULL, &options);
    ck_assert_int_eq(dp_mdr_origin_compare(&first, &now, "x", NULL), DP_OK);
    dp_mdr_origin_free(&now);
    for (i = 0; i < 4; i++) {
        bytes[places[i]] ^= 1;
        test_write_file("v", bytes, 3 * END);
        bytes[places[i]] ^= 1;
        now = find(context, "v", NULL, &options);
        must_differ(&first, &now, "x: made of other bytes than those of ");
        dp_mdr_origin_free(&now);
    }
    memmove(bytes + 2 * END - 1, bytes + 2 * END, END); /* both ends as they were */
    test_write_file("v", bytes, 3 * END - 1);
    now = find(context, "v", NULL, &options);
    must_differ(&first, &now, "x: made of other bytes than those of ");
    dp_mdr_origin_free(&now);
    dp_mdr_origin_free(&first);
    free(bytes);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Sets the date of a file; the nanoseconds tell versions apart that lie within a second. */
static void set_date(const char *path, long nanoseconds)
{
    const struct timespec dates[2] = {{1700000000, nanoseconds}, {1700000000, nanoseconds}};

    ck_assert_int_eq(utimensat(AT_FDCWD, path, dates, 0), 0);
}

/* Both ends and the size are as they were: what was between is told by the date of the file. */
START_TEST(versions_that_differ)
{
    static const size_t whole = 2 * END; /* of so much the hash is that of everything */
    struct dp_context *context = test_context();
    struct dp_mdr_ingest_options options = {0};
    const char *folder = test_enter_folder();
    uint8_t *bytes = make_bytes(whole + 1);
    struct dp_mdr_origin first, now;

    test_write_file("v", bytes, whole + 1);
    set_date("v", 5);
    first = find(context, "v", NULL, &options);
    ck_assert_str_eq(first.object[0].validator, "mtime:1700000000.000000005");
    bytes[END] ^= 1;
    test_write_file("v", bytes, whole + 1);
    set_date("v", 6);
    now = find(context, "v", NULL, &options);
    ck_assert_mem_eq(first.object[0].sha256, now.object[0].sha256, DP_MDR_HASH_BYTES);
    must_differ(&first, &now, "x: the planes were made of another version of file:///");
    dp_mdr_origin_free(&now);
    test_write_file("w", bytes, whole + 1); /* elsewhere the date says nothing */
    set_date("w", 5);
    now = find(context, "w", NULL, &options);
    must_differ(&first, &now, "x: the planes were made of file:///");
    dp_mdr_origin_free(&now);
    dp_mdr_origin_free(&first);

    test_write_file("v", bytes, whole);
    first = find(context, "v", NULL, &options);
    test_write_file("w", bytes, whole);
    set_date("w", 7);
    now = find(context, "w", NULL, &options);
    ck_assert_int_eq(dp_mdr_origin_compare(&first, &now, "x", NULL), DP_OK);
    dp_mdr_origin_free(&now);
    dp_mdr_origin_free(&first);
    free(bytes);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Which validators tell that an object is the same, at which places. */
START_TEST(places_and_validators)
{
    static const struct {
        const char *uri, *validator, *other_uri, *other_validator, *message;
    } cases[] = {
        {"http://h/v", "etag:\"1\"", "http://h/v", "etag:\"1\"", NULL},
        {"http://h/v", "etag:\"1\"", "http://h/v", "etag:\"2\"", "another version"},
        {"http://h/v", "etag:\"1\"", "http://h/v", "modified:x", "another version"},
        {"http://h/v", "etag:\"1\"", "http://i/v", "etag:\"1\"", "cannot be told"},
        {"http://h/v", "", "http://h/v", "", "cannot be told"},
        {"http://h/v", "", "http://h/v", "etag:\"1\"", "cannot be told"},
        {"s3://b/v", "etag:\"1\"", "s3://c/w", "etag:\"1\"", NULL},
        {"s3://b/v", "etag:\"1\"", "s3://c/w", "etag:\"2\"", "cannot be told"},
        {"s3://b/v", "version:1", "s3://c/w", "version:1", "cannot be told"},
        {"s3://b/v", "etag:\"1\"", "http://h/v", "etag:\"1\"", "cannot be told"},
    };
    struct dp_mdr_origin saved = {.object_count = 1, .certainty = 1}, now = saved;
    struct dp_error err = {0};
    int rc;

    saved.object[0].size_bytes = now.object[0].size_bytes = 3 * END;
    saved.object[0].uri = strdup(cases[_i].uri);
    saved.object[0].validator = strdup(cases[_i].validator);
    now.object[0].uri = strdup(cases[_i].other_uri);
    now.object[0].validator = strdup(cases[_i].other_validator);
    rc = dp_mdr_origin_compare(&saved, &now, "x", &err);
    ck_assert_int_eq(rc, cases[_i].message ? DP_STALE_INDEX : DP_OK);
    if (cases[_i].message)
        ck_assert_msg(strstr(err.message, cases[_i].message) != NULL, "%s", err.message);
    dp_mdr_origin_free(&saved);
    dp_mdr_origin_free(&now);
}
END_TEST

START_TEST(options_that_differ)
{
    struct dp_context *context = test_context();
    struct dp_mdr_ingest_options options = {.field = DP_MDR_DS, .certainty = 0.9};
    const char *folder = test_enter_folder();
    struct dp_mdr_origin first, now;

    test_write_file("v", "abc", 3);
    first = find(context, "v", NULL, &options);
    options.threads = 7; /* how, but not what */
    now = find(context, "v", NULL, &options);
    ck_assert_int_eq(dp_mdr_origin_compare(&first, &now, "x", NULL), DP_OK);
    now.certainty = 0.8;
    must_differ(&first, &now, "x: made of another field or certainty");
    now.certainty = 0.9;
    now.field = DP_MDR_GP;
    must_differ(&first, &now, "x: made of another field or certainty");
    now.field = DP_MDR_DS;
    now.split_multiallelic = true;
    must_differ(&first, &now, "x: made with another treatment of multiallelic records");
    now.object_count = 3;
    must_differ(&first, &now, "x: made of another kind of input");
    dp_mdr_origin_free(&now);
    dp_mdr_origin_free(&first);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(three_objects)
{
    static const char *const names[] = {"p.bed", "p.bim", "p.fam"};
    struct dp_context *context = test_context();
    struct dp_mdr_ingest_options options = {.field = DP_MDR_DS, .certainty = 0.9};
    const char *folder = test_enter_folder();
    struct dp_mdr_origin first, now = {.object_count = 77};
    struct dp_error err = {0};
    unsigned i;

    for (i = 0; i < 3; i++)
        test_write_file(names[i], "1234", i + 1);
    first = find(context, NULL, "p", &options);
    ck_assert_uint_eq(first.object_count, 3);
    ck_assert(first.field == DP_MDR_GT && first.certainty == 1 && first.split_multiallelic);
    for (i = 0; i < 3; i++) {
        ck_assert_uint_eq(first.object[i].size_bytes, i + 1);
        ck_assert_ptr_nonnull(strstr(first.object[i].uri, names[i]));
    }
    test_write_file("p.fam", "12x", 3);
    now = find(context, NULL, "p", &options);
    must_differ(&first, &now, "x: made of other bytes than those of ");
    dp_mdr_origin_free(&now);
    dp_mdr_origin_free(&first);
    unlink("p.fam");
    now.object_count = 77;
    ck_assert_int_eq(dp_mdr_origin_find(context, NULL, "p", &options, &now, &err), DP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "p.fam"));
    ck_assert_uint_eq(now.object_count, 77); /* untouched */
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mdr_origin");
    TCase *tcase = tcase_create("origin");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, sizes, 0, 9);
    tcase_add_test(tcase, bytes_that_differ);
    tcase_add_test(tcase, versions_that_differ);
    tcase_add_loop_test(tcase, places_and_validators, 0, 10);
    tcase_add_test(tcase, options_that_differ);
    tcase_add_test(tcase, three_objects);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
