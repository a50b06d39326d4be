/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/indexing.h"

#include <sys/stat.h>

static const char *folder;
static struct dp_context *context;
static struct dp_object *object; /* reads.fq in the folder */
static struct dp_index *index_of; /* its index, not saved */
static struct sample sample;

static void setup(void)
{
    unsetenv("DP_INDEX_DIR");
    folder = test_enter_folder();
    context = test_context();
    sample = make_fastq(1000, 100, 41);
    test_write_file("reads.fq", sample.bytes.data, sample.bytes.length);
    ck_assert_int_eq(dp_object_open(context, "reads.fq", NULL, &object, NULL), DP_OK);
    index_of = build_bytes(context, &sample.bytes, 0);
}

static void teardown(void)
{
    dp_index_free(index_of);
    dp_object_free(object);
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}

/* What looking for the index gives; its URI is compared with the end `place`. */
static int find(const char *uri, const char *place)
{
    struct dp_index *found = NULL;
    struct dp_error err = {0};
    int result = dp_index_find(context, object, uri, &found, &err);
    const char *at;

    if (result) {
        ck_assert_int_eq(result, err.code);
        ck_assert_ptr_null(found);
        return result;
    }
    at = dp_index_uri(found);
    ck_assert_uint_ge(strlen(at), strlen(place));
    ck_assert_str_eq(at + strlen(at) - strlen(place), place);
    dp_index_free(found);
    return result;
}

START_TEST(the_index_is_found_where_it_belongs)
{
    setup();
    ck_assert_int_eq(find(NULL, ""), DP_NOT_FOUND);
    ck_assert_int_eq(find("reads.fq.dpi", ""), DP_NOT_FOUND);
    ck_assert_int_eq(dp_index_save(index_of, "reads.fq.dpi", NULL), DP_OK);
    ck_assert_int_eq(find(NULL, "/reads.fq.dpi"), DP_OK);
    ck_assert_int_eq(find("reads.fq.dpi", "/reads.fq.dpi"), DP_OK);
    ck_assert_int_eq(find("other.dpi", ""), DP_NOT_FOUND);
    teardown();
}
END_TEST

START_TEST(a_folder_of_indexes_comes_before_the_object)
{
    char *place = NULL;

    setup();
    setenv("DP_INDEX_DIR", "ix", 1);
    ck_assert_int_eq(find(NULL, ""), DP_NOT_FOUND);
    ck_assert_int_eq(dp_index_save(index_of, "reads.fq.dpi", NULL), DP_OK);
    ck_assert_int_eq(find(NULL, "/reads.fq.dpi"), DP_OK);
    ck_assert_int_eq(dp_index_locate(object, NULL, &place, NULL), DP_OK);
    ck_assert_int_eq(strncmp(place, "ix/localhost/", 13), 0);
    ck_assert_int_eq(dp_index_save(index_of, place, NULL), DP_OK); /* makes the folders */
    ck_assert_int_eq(find(NULL, place + 2), DP_OK);
    dp_text_free(place);
    teardown();
}
END_TEST

START_TEST(a_place_that_may_not_be_read_counts_as_none)
{
    setup();
    ck_assert_int_eq(mkdir("locked", 0), 0);
    setenv("DP_INDEX_DIR", "locked", 1);
    ck_assert_int_eq(find(NULL, ""), DP_NOT_FOUND);
    ck_assert_int_eq(dp_index_save(index_of, "reads.fq.dpi", NULL), DP_OK);
    ck_assert_int_eq(find(NULL, "/reads.fq.dpi"), DP_OK);
    ck_assert_int_eq(chmod("reads.fq.dpi", 0), 0);
    if (geteuid() != 0) { /* root reads everything */
        ck_assert_int_eq(find(NULL, ""), DP_NOT_FOUND);
        ck_assert_int_eq(find("reads.fq.dpi", ""), DP_DENIED);
    }
    teardown();
}
END_TEST

START_TEST(stale_and_damaged_indexes_are_told_apart_from_none)
{
    struct sample other = make_fastq(1000, 100, 42);
    struct dp_index *foreign;

    setup();
    foreign = build_bytes(context, &other.bytes, 0);
    ck_assert_int_eq(dp_index_save(foreign, "reads.fq.dpi", NULL), DP_OK);
    ck_assert_int_eq(find(NULL, ""), DP_STALE_INDEX);
    ck_assert_int_eq(find("reads.fq.dpi", ""), DP_STALE_INDEX);
    test_write_file("reads.fq.dpi", "not an index", 12);
    ck_assert_int_eq(find(NULL, ""), DP_BAD_INDEX);
    dp_index_free(foreign);
    sample_free(&other);
    teardown();
}
END_TEST

START_TEST(a_saved_index_serves_the_same_bytes_elsewhere)
{
    struct dp_object *memory;
    struct dp_index *found = NULL;

    setup();
    ck_assert_int_eq(dp_index_save(index_of, "reads.fq.dpi", NULL), DP_OK);
    memory = open_bytes(context, &sample.bytes);
    ck_assert_int_eq(dp_index_find(context, memory, "reads.fq.dpi", &found, NULL), DP_OK);
    dp_index_free(found);
    ck_assert_int_eq(dp_index_find(context, memory, NULL, &found, NULL), DP_NOT_FOUND);
    dp_object_free(memory);
    teardown();
}
END_TEST

TEST_MAIN("index find", the_index_is_found_where_it_belongs,
          a_folder_of_indexes_comes_before_the_object,
          a_place_that_may_not_be_read_counts_as_none,
          stale_and_damaged_indexes_are_told_apart_from_none,
          a_saved_index_serves_the_same_bytes_elsewhere)
