/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/indexing.h"

#include "connectors/object.h"

static struct dp_context *context;

/* What checking `index` against the first `length` of these bytes says. */
static int check(const struct dp_index *index, const struct dp_array *bytes, size_t length)
{
    struct dp_array part = {.data = bytes->data, .length = length};
    struct dp_object *object = open_bytes(context, &part);
    struct dp_error err = {0};
    int result = dp_index_check_source(index, object, &err);

    if (result)
        ck_assert_ptr_nonnull(strstr(err.message, "is the index of other bytes"));
    dp_object_free(object);
    return result;
}

START_TEST(other_bytes_are_noticed)
{
    static const size_t lengths[] = {1, 5000, 65535, 65536, 65537, 131072, 131073, 300000};
    struct sample sample = make_text(20000, 40, 51);
    uint8_t *bytes = sample.bytes.data;
    size_t i, length, ends;
    struct dp_index *index;

    context = test_context();
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        length = lengths[i];
        sample.bytes.length = length;
        index = build_bytes(context, &sample.bytes, 0);
        ck_assert_int_eq(check(index, &sample.bytes, length), DP_OK);
        ck_assert_int_eq(check(index, &sample.bytes, length - 1), DP_STALE_INDEX);
        ck_assert_int_eq(check(index, &sample.bytes, length + 1), DP_STALE_INDEX);
        ends = length < 65536 ? length : 65536;
        bytes[ends - 1] ^= 1;
        ck_assert_int_eq(check(index, &sample.bytes, length), DP_STALE_INDEX);
        bytes[ends - 1] ^= 1;
        bytes[length - ends] ^= 1;
        ck_assert_int_eq(check(index, &sample.bytes, length), DP_STALE_INDEX);
        bytes[length - ends] ^= 1;
        ck_assert_int_eq(check(index, &sample.bytes, length), DP_OK);
        dp_index_free(index);
    }
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

START_TEST(an_unfinished_object_may_grow)
{
    struct sample sample = make_fastq(3000, 100, 52);
    struct dp_index_options options = {.struct_bytes = sizeof(options), .allow_truncated = 1};
    struct dp_array bytes = pack(&sample, ONE_MEMBER), part;
    struct dp_index *index = NULL;
    struct dp_object *object;
    size_t length = bytes.length - 20000;

    context = test_context();
    part = (struct dp_array){.data = bytes.data, .length = length};
    object = open_bytes(context, &part);
    ck_assert_int_eq(dp_index_build(context, object, &options, &index, NULL), DP_OK);
    dp_object_free(object);
    ck_assert_int_eq(check(index, &bytes, length), DP_OK);
    ck_assert_int_eq(check(index, &bytes, bytes.length), DP_OK);
    ck_assert_int_eq(check(index, &bytes, length - 1), DP_STALE_INDEX);
    ((uint8_t *)bytes.data)[length - 1] ^= 1;
    ck_assert_int_eq(check(index, &bytes, bytes.length), DP_STALE_INDEX);
    dp_index_free(index);
    dp_array_free(&bytes);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

START_TEST(two_small_reads_are_enough)
{
    struct sample sample = make_text(20000, 40, 53);
    struct dp_object *object, *counting = NULL;
    struct dp_index *index;
    uint64_t calls = 0, bytes = 0;

    context = test_context();
    index = build_bytes(context, &sample.bytes, 0);
    object = open_bytes(context, &sample.bytes);
    ck_assert_int_eq(dp_object_open_counting(object, &calls, &bytes, &counting, NULL), DP_OK);
    ck_assert_int_eq(dp_index_check_source(index, counting, NULL), DP_OK);
    ck_assert_uint_eq(calls, 2);
    ck_assert_uint_eq(bytes, 131072);
    dp_object_free(counting);
    dp_object_free(object);
    dp_index_free(index);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("index check", other_bytes_are_noticed, an_unfinished_object_may_grow,
          two_small_reads_are_enough)
