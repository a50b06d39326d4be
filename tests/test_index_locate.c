/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/object.h"
#include "index/index_locate.h"

static struct dp_context *context;

static struct dp_object *named(const char *uri)
{
    static const struct dp_object_ops none = {.name = "none"};
    struct dp_object *object = dp_object_new(sizeof(*object), &none, context, uri);

    ck_assert_ptr_nonnull(object);
    return object;
}

static void expect(const char *uri, const char *directory, const char *place)
{
    struct dp_object *object = named(uri);
    char *found = NULL;

    ck_assert_int_eq(dp_index_locate(object, directory, &found, NULL), DP_OK);
    ck_assert_str_eq(found, place);
    dp_text_free(found);
    dp_object_free(object);
}

START_TEST(an_index_stands_beside_its_object)
{
    unsetenv("DP_INDEX_DIR");
    context = test_context();
    expect("file:///data/my%20reads.fastq.gz", NULL, "/data/my reads.fastq.gz.dpi");
    expect("file:///", NULL, "/.dpi");
    expect("https://host:81/a/b%2Fc.gz", NULL, "https://host:81/a/b%2Fc.gz.dpi");
    expect("https://host/a?version=3", NULL, "https://host/a.dpi?version=3");
    expect("s3://bucket/key/with%20blank", NULL, "s3://bucket/key/with%20blank.dpi");
    expect("s3://bucket/a%20b?versionId=x%2F.Y", NULL, "s3://bucket/a%20b%3FversionId=x%2F.Y.dpi");
    setenv("DP_INDEX_DIR", "", 1);
    expect("file:///data/x", NULL, "/data/x.dpi");
    dp_context_free(context);
}
END_TEST

START_TEST(a_folder_of_indexes_mirrors_the_places)
{
    context = test_context();
    expect("file:///data/my%20reads.gz", "/ix", "/ix/localhost/data/my%20reads.gz.dpi");
    expect("https://host:81/a/b.gz", "/ix/", "/ix/host:81/a/b.gz.dpi");
    expect("https://host/a?v=3/4", "ix", "ix/host/a%3Fv=3%2F4.dpi");
    expect("s3://bucket/dir/key", "s3://other/ix", "s3://other/ix/s3/bucket/dir/key.dpi");
    setenv("DP_INDEX_DIR", "/env", 1);
    expect("s3://bucket/key", NULL, "/env/s3/bucket/key.dpi");
    expect("s3://bucket/key", "/ix", "/ix/s3/bucket/key.dpi");
    unsetenv("DP_INDEX_DIR");
    dp_context_free(context);
}
END_TEST

START_TEST(endpoints_keep_their_buckets_apart)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options),
                                         .endpoint_url = "http://127.0.0.1:9000/"};

    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    expect("s3://bucket/key", "/ix", "/ix/127.0.0.1:9000/bucket/key.dpi");
    dp_context_free(context);
    /* The same endpoint, set elsewhere, is the same place. */
    setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000", 1);
    context = test_context();
    expect("s3://bucket/key", "/ix", "/ix/127.0.0.1:9000/bucket/key.dpi");
    dp_context_free(context);
    unsetenv("AWS_ENDPOINT_URL");
}
END_TEST

START_TEST(names_that_walk_the_tree_stay_inside)
{
    context = test_context();
    expect("s3://b/../../etc/passwd", "/ix", "/ix/s3/b/..~/..~/etc/passwd.dpi");
    expect("s3://b/./a", "/ix", "/ix/s3/b/.~/a.dpi");
    expect("s3://b/%2E%2E/a", "/ix", "/ix/s3/b/%2E%2E~/a.dpi");
    expect("s3://b//a", "/ix", "/ix/s3/b/~/a.dpi");
    expect("s3://b/a/", "/ix", "/ix/s3/b/a/~.dpi");
    expect("https://h/a\nb", "/ix", "/ix/h/a%0Ab.dpi");
    expect("s3://../a", "/ix", "/ix/s3/..~/a.dpi");
    dp_context_free(context);
}
END_TEST

/* Names that a file system takes, and that are too long when they are encoded. */
START_TEST(long_names_get_a_hash)
{
    char uri[2000] = "file:///d/", other[2000], expected[300] = "/ix/localhost/d/";
    struct dp_object object = {.uri = uri};
    char *place, *second;
    size_t i;

    context = test_context();
    /* 251 bytes are no reason, 252 are: with the ending that makes 256. */
    memset(uri + 10, 'a', 251);
    memset(expected + 16, 'a', 251);
    strcpy(expected + 16 + 251, ".dpi");
    expect(uri, "/ix", expected);
    uri[10 + 251] = 'a';
    object.context = context;
    ck_assert_int_eq(dp_index_locate(&object, "/ix", &place, NULL), DP_OK);
    ck_assert_uint_eq(strlen(place), 16 + 180 + 1 + 32 + 4);
    ck_assert_int_eq(place[16 + 180], '~');
    dp_text_free(place);

    /* 120 characters of two bytes, in the middle of the path and at its end, with another end. */
    for (i = 0; i < 240; i++)
        strcpy(uri + 10 + 6 * (i % 120) + 721 * (i / 120), "%C3%A9");
    uri[10 + 720] = '/';
    strcpy(other, uri);
    other[strlen(other) - 1] = '8';
    ck_assert_int_eq(dp_index_locate(&object, "/ix", &place, NULL), DP_OK);
    object.uri = other;
    ck_assert_int_eq(dp_index_locate(&object, "/ix", &second, NULL), DP_OK);
    ck_assert_uint_eq(strlen(place), 16 + 2 * (180 + 1 + 32) + 1 + 4);
    ck_assert_int_eq(strncmp(place, second, 16 + 213 + 1 + 181), 0);
    ck_assert_str_ne(place, second);
    ck_assert_int_eq(strncmp(place + 16 + 174, "%C3%A9~", 7), 0);
    dp_text_free(place);
    dp_text_free(second);
    dp_context_free(context);
}
END_TEST

START_TEST(one_file_has_one_place)
{
    char folder[] = "/tmp/dp-locate-XXXXXX", uri[128], place[128];

    context = test_context();
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(uri, sizeof(uri), "file://%s/../a%%20b", folder);
    expect(uri, "/ix", "/ix/localhost/tmp/a%20b.dpi");
    snprintf(place, sizeof(place), "%s/../a b.dpi", folder);
    expect(uri, NULL, place);
    rmdir(folder);
    expect("file:///no/such/../a", "/ix", "/ix/localhost/no/such/..~/a.dpi");
    dp_context_free(context);
}
END_TEST

START_TEST(memory_has_no_place)
{
    struct dp_object *object = NULL;
    char *found = NULL;

    context = test_context();
    ck_assert_int_eq(dp_object_open_memory(context, "x", 1, &object, NULL), DP_OK);
    ck_assert_int_eq(dp_index_locate(object, NULL, &found, NULL), DP_NOT_FOUND);
    ck_assert_int_eq(dp_index_locate(object, "/ix", &found, NULL), DP_NOT_FOUND);
    ck_assert_ptr_null(found);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("index locate", an_index_stands_beside_its_object,
          a_folder_of_indexes_mirrors_the_places, endpoints_keep_their_buckets_apart,
          names_that_walk_the_tree_stay_inside, long_names_get_a_hash, one_file_has_one_place,
          memory_has_no_place)
