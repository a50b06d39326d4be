/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/indexing.h"

#include "index/index_file.h"
#include "tests/index_recheck.h"

#define SPACING 20000u

static struct dp_context *context;

static int verify(struct dp_index *index, const struct dp_array *bytes, int deep)
{
    struct dp_object *object = open_bytes(context, bytes);
    struct dp_error err = {0};
    int result = dp_index_verify(context, index, object, deep, 1, &err);

    ck_assert_int_eq(result, err.code);
    dp_object_free(object);
    return result;
}

START_TEST(sound_indexes_pass)
{
    const char *folder = test_enter_folder();
    struct sample sample = make_fastq(4200, 60, 61);
    struct dp_index *index, *opened = NULL;
    struct dp_array object;
    int p;

    context = test_context();
    for (p = 0; p < PACKINGS; p++) {
        object = pack(&sample, (enum packing)p);
        index = build_bytes(context, &object, SPACING);
        ck_assert_int_eq(verify(index, &object, 0), DP_OK);
        ck_assert_int_eq(verify(index, &object, 1), DP_OK);
        ck_assert_int_eq(dp_index_save(index, "x.dpi", NULL), DP_OK);
        ck_assert_int_eq(dp_index_open(context, "x.dpi", &opened, NULL), DP_OK);
        ck_assert_int_eq(verify(opened, &object, 0), DP_OK);
        ck_assert_int_eq(verify(opened, &object, 1), DP_OK);
        dp_index_free(opened);
        dp_index_free(index);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(a_prefix_is_verified_in_what_has_grown)
{
    struct dp_index_options options = {
        .struct_bytes = sizeof(options), .allow_truncated = 1, .spacing_bytes = SPACING};
    struct sample sample = make_fastq(2000, 60, 62);
    struct dp_array bytes, part;
    struct dp_object *object;
    struct dp_index *index = NULL;
    int p;

    context = test_context();
    for (p = 0; p < PACKINGS; p++) {
        bytes = pack(&sample, (enum packing)p);
        part = (struct dp_array){.data = bytes.data, .length = bytes.length - 5000};
        object = open_bytes(context, &part);
        ck_assert_int_eq(dp_index_build(context, object, &options, &index, NULL), DP_OK);
        dp_object_free(object);
        ck_assert_int_eq(index->identity.complete, 0);
        ck_assert_int_eq(verify(index, &part, 1), DP_OK);
        ck_assert_int_eq(verify(index, &bytes, 1), DP_OK);
        dp_index_free(index);
        dp_array_free(&bytes);
    }
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

START_TEST(objects_that_changed_in_the_middle_are_found)
{
    struct sample sample = make_fastq(4000, 60, 63);
    struct dp_edge *edges = sample.edges.data;
    struct dp_array object;
    struct dp_index *index;
    int p;

    context = test_context();
    for (p = 0; p < PACKINGS; p++) {
        object = pack(&sample, (enum packing)p);
        index = build_bytes(context, &object, SPACING);
        /* Another lane number in a title: as good FASTQ as before. */
        ((uint8_t *)object.data)[p == PLAIN ? edges[2000].offset + 13 : object.length / 2] ^= 1;
        if (object.length > 140000)
            ck_assert_int_eq(verify(index, &object, 0), DP_OK);
        ck_assert_int_lt(verify(index, &object, 1), 0);
        if (p == PLAIN)
            ck_assert_int_eq(verify(index, &object, 1), DP_STALE_INDEX);
        dp_index_free(index);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

/* Saves `index`, changes a 64-bit number in a row, mends the checksums and verifies the result. */
static int verify_changed(struct dp_index *index, const struct dp_array *object, uint32_t id,
                          size_t row, size_t field, uint64_t delta, int deep)
{
    struct dp_array file = save_bytes(index, "x.dpi");
    struct dp_file_header header;
    struct dp_index *opened = NULL;
    uint8_t *at;
    int result;

    ck_assert_int_eq(dp_index_file_decode(file.data, file.length, "x", &header, NULL), DP_OK);
    at = (uint8_t *)file.data + dp_index_file_section(&header, id)->offset +
         row * dp_index_file_section(&header, id)->row_bytes + field;
    dp_le64_store(at, dp_le64_load(at) + delta);
    index_recheck(file.data, file.length);
    test_write_file("y.dpi", file.data, file.length);
    result = dp_index_open(context, "y.dpi", &opened, NULL);
    if (!result)
        result = verify(opened, object, deep);
    dp_index_free(opened);
    dp_array_free(&file);
    return result;
}

START_TEST(lies_that_fit_together_are_found_by_decoding)
{
    const char *folder = test_enter_folder();
    struct sample sample = make_fastq(4200, 60, 64);
    struct dp_array object = pack(&sample, ONE_MEMBER), blocks = pack(&sample, BLOCKS);
    struct dp_index *index, *of_blocks;

    context = test_context();
    index = build_bytes(context, &object, SPACING);
    of_blocks = build_bytes(context, &blocks, SPACING);
#define FOUND(of, bytes, id, row, field, delta)                                                    \
    ck_assert_int_eq(verify_changed(of, &bytes, id, row, field, delta, 0), DP_OK);                 \
    ck_assert_int_lt(verify_changed(of, &bytes, id, row, field, delta, 1), 0)
    FOUND(index, object, DP_FILE_ROWS, 2, 0, 1);
    FOUND(index, object, DP_FILE_ROWS, 2, 8, 1);
    FOUND(index, object, DP_FILE_ROWS, 2, 16, 1);
    FOUND(index, object, DP_FILE_ROWS, 2, 24, 1);
    FOUND(index, object, DP_FILE_ROWS, 2, 32, 1);
    FOUND(index, object, DP_FILE_ROWS, 2, 40, 1);
    FOUND(index, object, DP_FILE_SUMS, 2, 8, 1);
    FOUND(index, object, DP_FILE_POINTS, 2, 8, 1);
    FOUND(index, object, DP_FILE_DIGESTS, 0, 0, 1);
    FOUND(index, object, DP_FILE_DIGESTS, 0, 8, 1);
    FOUND(of_blocks, blocks, DP_FILE_POINTS, 2, 16, 1);
    FOUND(of_blocks, blocks, DP_FILE_BLOCKS, 5, 0, (uint64_t)-1);
    FOUND(of_blocks, blocks, DP_FILE_BLOCKS, 5, 4, 1);
#undef FOUND
    dp_index_free(index);
    dp_index_free(of_blocks);
    dp_array_free(&object);
    dp_array_free(&blocks);
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Removes row `i` of the checksums. */
static void drop_sum(struct dp_index *index, size_t i)
{
    struct dp_sum_row *sums = index->sums.data;

    memmove(&sums[i], &sums[i + 1], (index->sums.length - i - 1) * sizeof(*sums));
    index->sums.length--;
}

/* As builders before or after this one may write them. */
START_TEST(checksums_that_lie_farther_apart_are_no_damage)
{
    struct sample sample = make_fastq(9000, 60, 68);
    struct dp_array object = pack(&sample, ONE_MEMBER);
    struct dp_index *index;
    struct dp_sum_row *sums;

    context = test_context();
    index = build_bytes(context, &object, 512u << 10);
    ck_assert_uint_gt(index->sums.length, 4 * (index->points.length - 1));
    ck_assert_uint_gt(index->points.length, 1);
    drop_sum(index, 0);
    drop_sum(index, index->sums.length - 2);
    ck_assert_int_eq(verify(index, &object, 1), DP_OK);
    sums = index->sums.data;
    sums[0].offset++; /* where no other builder can have an edge while it lacks this one */
    ck_assert_int_eq(verify(index, &object, 1), DP_BAD_INDEX);
    sums[0].offset--;
    sums[0].crc32++;
    ck_assert_int_eq(verify(index, &object, 1), DP_STALE_INDEX);
    sums[0].crc32--;
    drop_sum(index, index->sums.length - 1); /* the end */
    ck_assert_int_eq(verify(index, &object, 1), DP_BAD_INDEX);
    dp_index_free(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

START_TEST(damaged_windows_and_pages_are_found_without_decoding)
{
    const char *folder = test_enter_folder();
    struct sample sample = make_fastq(2000, 60, 65);
    struct dp_array object, file;
    struct dp_file_header header;
    struct dp_index *index, *opened = NULL;
    uint32_t id;
    int p;

    context = test_context();
    for (p = ONE_MEMBER; p <= BLOCKS; p += BLOCKS - ONE_MEMBER) {
        object = pack(&sample, (enum packing)p);
        index = build_bytes(context, &object, SPACING);
        file = save_bytes(index, "x.dpi");
        id = p == BLOCKS ? DP_FILE_BLOCKS : DP_FILE_WINDOWS;
        ck_assert_int_eq(dp_index_file_decode(file.data, file.length, "x", &header, NULL), DP_OK);
        ((uint8_t *)file.data)[dp_index_file_section(&header, id)->offset + 50] ^= 1;
        test_write_file("y.dpi", file.data, file.length);
        ck_assert_int_eq(dp_index_open(context, "y.dpi", &opened, NULL), DP_OK);
        ck_assert_int_eq(verify(opened, &object, 0), DP_BAD_INDEX);
        dp_index_free(opened);
        dp_index_free(index);
        dp_array_free(&file);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(an_index_of_other_bytes_is_stale)
{
    struct sample samples[2] = {make_fastq(500, 60, 66), make_fastq(500, 60, 67)};
    struct dp_index *index;

    context = test_context();
    index = build_bytes(context, &samples[0].bytes, 0);
    ck_assert_int_eq(verify(index, &samples[1].bytes, 0), DP_STALE_INDEX);
    dp_index_free(index);
    sample_free(&samples[0]);
    sample_free(&samples[1]);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("index verify", sound_indexes_pass, a_prefix_is_verified_in_what_has_grown,
          objects_that_changed_in_the_middle_are_found,
          lies_that_fit_together_are_found_by_decoding,
          checksums_that_lie_farther_apart_are_no_damage,
          damaged_windows_and_pages_are_found_without_decoding, an_index_of_other_bytes_is_stale)
