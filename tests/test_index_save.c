/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* An index that is written says the same when it is read, or it is not there at all. */

#include "tests/indexing.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SPACING 20000u

/* Tables, windows and blocks of both are the same. */
static void check_same(const struct dp_index *a, const struct dp_index *b)
{
    struct dp_window window[2];
    struct dp_seek_point points[2];
    struct dp_block blocks[2];
    size_t i;

    ck_assert_str_eq(dp_index_identity(a), dp_index_identity(b));
    ck_assert_uint_eq(dp_index_point_count(a), dp_index_point_count(b));
    for (i = 0; i < dp_index_point_count(a); i++) {
        dp_index_point(a, i, &points[0]);
        dp_index_point(b, i, &points[1]);
        ck_assert_uint_eq(points[0].uncompressed_offset, points[1].uncompressed_offset);
        ck_assert_uint_eq(points[0].compressed_bit, points[1].compressed_bit);
        ck_assert_int_eq(points[0].mid_member, points[1].mid_member);
        ck_assert_int_eq(dp_index_window(a, i, &window[0], NULL), DP_OK);
        ck_assert_int_eq(dp_index_window(b, i, &window[1], NULL), DP_OK);
        ck_assert_uint_eq(window[0].raw_bytes, window[1].raw_bytes);
        if (window[0].raw_bytes) {
            ck_assert(window[0].placed && window[1].placed);
            ck_assert_mem_eq(window[0].bytes, window[1].bytes, window[0].raw_bytes);
        }
    }
    ck_assert_uint_eq(a->sums.length, b->sums.length);
    for (i = 0; i < a->sums.length; i++) {
        ck_assert_uint_eq(dp_tables_sums(a)[i].offset, dp_tables_sums(b)[i].offset);
        ck_assert_uint_eq(dp_tables_sums(a)[i].crc32, dp_tables_sums(b)[i].crc32);
    }
    ck_assert_uint_eq(a->rows.length, b->rows.length);
    ck_assert_int_eq(memcmp(a->rows.data, b->rows.data, a->rows.length * 48), 0);
    ck_assert_uint_eq(a->digests.length, b->digests.length);
    if (a->digests.length)
        ck_assert_int_eq(memcmp(a->digests.data, b->digests.data, a->digests.length * 16), 0);
    ck_assert_uint_eq(a->block_count, b->block_count);
    for (i = 0; i < a->block_count; i++) {
        ck_assert_int_eq(dp_index_blocks(a, i, 1, &blocks[0], NULL), DP_OK);
        ck_assert_int_eq(dp_index_blocks(b, i, 1, &blocks[1], NULL), DP_OK);
        ck_assert_int_eq(memcmp(&blocks[0], &blocks[1], sizeof(blocks[0])), 0);
    }
    ck_assert(json_equal(a->facts, b->facts));
}

START_TEST(what_is_saved_comes_back)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(9000, 100, 21);
    struct dp_index *index, *opened = NULL;
    struct dp_array object, file, again;
    struct dp_error err = {0};
    int p;

    for (p = 0; p < PACKINGS; p++) {
        object = pack(&sample, (enum packing)p);
        index = build_bytes(context, &object, SPACING);
        ck_assert_ptr_null(dp_index_uri(index));
        file = save_bytes(index, "x.dpi");
        ck_assert_uint_eq(index->file_bytes, file.length);
        ck_assert_msg(dp_index_open(context, "x.dpi", &opened, &err) == DP_OK, "%s",
                      err.message);
        check_same(index, opened);
        ck_assert_str_eq(dp_index_uri(index), dp_index_uri(opened));
        /* What was opened can be saved elsewhere, the same bytes. */
        again = save_bytes(opened, "deep/in folders/y.dpi");
        ck_assert(same_bytes(&file, &again));
        ck_assert_ptr_nonnull(strstr(dp_index_uri(opened), "/deep/in%20folders/y.dpi"));
        check_same(index, opened);
        dp_array_free(&file);
        dp_array_free(&again);
        dp_index_free(opened);
        dp_index_free(index);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(a_sink_that_is_open_takes_it)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(500, 100, 24);
    struct dp_array object = pack(&sample, ONE_MEMBER), saved, written;
    struct dp_index *index = build_bytes(context, &object, SPACING), *opened = NULL;
    struct dp_sink *sink = NULL;

    saved = save_bytes(index, "x.dpi");
    ck_assert_int_eq(dp_sink_open(context, "y.dpi", &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_index_write(index, sink, NULL), DP_OK);
    ck_assert_ptr_nonnull(strstr(dp_index_uri(index), "/y.dpi"));
    ck_assert_int_eq(dp_index_open(context, "y.dpi", &opened, NULL), DP_OK);
    check_same(index, opened);
    written = save_bytes(opened, "z.dpi");
    ck_assert(same_bytes(&saved, &written));
    /* It has been committed. */
    ck_assert_int_eq(dp_index_write(index, sink, NULL), DP_INVALID);
    dp_sink_free(sink);
    dp_index_free(opened);
    dp_array_free(&saved);
    dp_array_free(&written);
    dp_index_free(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(references_name_the_packed_windows_in_the_file)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(5000, 100, 22);
    struct dp_array object = pack(&sample, ONE_MEMBER), file;
    struct dp_index *index = build_bytes(context, &object, SPACING);
    struct dp_window_reference reference;
    uint8_t *packed;
    size_t i, packed_bytes, found = 0;

    ck_assert(!dp_index_window_reference(index, 1, &reference));
    file = save_bytes(index, "x.dpi");
    ck_assert(!dp_index_window_reference(index, 0, &reference));
    for (i = 0; i < dp_index_point_count(index); i++) {
        if (!dp_index_window_reference(index, i, &reference))
            continue;
        found++;
        ck_assert_int_eq(dp_index_window_packed(index, i, &packed, &packed_bytes, NULL), DP_OK);
        ck_assert_uint_eq(reference.range.end - reference.range.begin, packed_bytes);
        ck_assert_uint_le(reference.range.end, file.length);
        ck_assert_mem_eq((char *)file.data + reference.range.begin, packed, packed_bytes);
        ck_assert_uint_eq(reference.crc32, crc32(0, packed, (uInt)packed_bytes));
        free(packed);
    }
    ck_assert_uint_gt(found, 5);
    dp_array_free(&file);
    dp_index_free(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(no_place_and_no_time_is_in_the_file)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(500, 100, 23);
    struct dp_index_options options = {.struct_bytes = sizeof(options)};
    struct dp_array bytes = pack(&sample, ONE_MEMBER), files[2];
    struct dp_object *object = NULL;
    struct dp_index *index = NULL;

    index = build_bytes(context, &bytes, 0);
    files[0] = save_bytes(index, "a.dpi");
    dp_index_free(index);
    index = NULL;
    test_write_file("reads.fastq.gz", bytes.data, bytes.length);
    ck_assert_int_eq(dp_object_open(context, "reads.fastq.gz", NULL, &object, NULL), DP_OK);
    ck_assert_int_eq(dp_index_build(context, object, &options, &index, NULL), DP_OK);
    files[1] = save_bytes(index, "b.dpi");
    ck_assert(same_bytes(&files[0], &files[1]));
    dp_index_free(index);
    dp_object_free(object);
    dp_array_free(&files[0]);
    dp_array_free(&files[1]);
    dp_array_free(&bytes);
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* How many names there are in the current folder. */
static size_t name_count(void)
{
    DIR *listing = opendir(".");
    size_t count = 0;

    ck_assert_ptr_nonnull(listing);
    while (readdir(listing))
        count++;
    closedir(listing);
    return count - 2;
}

START_TEST(a_full_disk_leaves_nothing)
{
    const char *folder = test_enter_folder();
    struct rlimit limit = {3000, 3000};
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(5000, 100, 24);
    struct dp_array object = pack(&sample, ONE_MEMBER);
    struct dp_index *index = build_bytes(context, &object, SPACING);
    struct dp_error err = {0};

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(dp_index_save(index, "x.dpi", &err), DP_IO);
    ck_assert_str_ne(err.message, "");
    ck_assert_ptr_null(dp_index_uri(index));
    ck_assert_uint_eq(name_count(), 0);
    ck_assert_int_eq(dp_index_save(index, "/dev/full", &err), DP_IO);
    ck_assert_ptr_null(dp_index_uri(index));
    dp_index_free(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(an_older_index_stays_when_saving_fails)
{
    const char *folder = test_enter_folder();
    struct rlimit limit = {3000, 3000};
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(5000, 100, 25);
    struct dp_array object = pack(&sample, ONE_MEMBER);
    struct dp_index *index = build_bytes(context, &object, SPACING), *opened = NULL;
    struct stat before, after;

    ck_assert_int_eq(dp_index_save(index, "x.dpi", NULL), DP_OK);
    ck_assert_int_eq(stat("x.dpi", &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_lt(dp_index_save(index, "x.dpi", NULL), 0);
    ck_assert_int_eq(stat("x.dpi", &after), 0);
    ck_assert_int_eq(before.st_ino, after.st_ino);
    ck_assert_int_eq(dp_index_open(context, "x.dpi", &opened, NULL), DP_OK);
    dp_index_free(opened);
    dp_index_free(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("index save", what_is_saved_comes_back,
          a_sink_that_is_open_takes_it, references_name_the_packed_windows_in_the_file,
          no_place_and_no_time_is_in_the_file, a_full_disk_leaves_nothing,
          an_older_index_stays_when_saving_fails)
