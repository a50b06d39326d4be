/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/indexing.h"

/* The description as JSON; the caller decrefs it. */
static json_t *describe(const struct dp_index *index)
{
    char *text = NULL;
    json_t *json;

    ck_assert_int_eq(dp_index_describe(index, &text, NULL), DP_OK);
    ck_assert_ptr_null(strchr(text, '\n'));
    json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(json);
    dp_text_free(text);
    return json;
}

static json_int_t number(const json_t *json, const char *key)
{
    json_t *value = json_object_get(json, key);

    ck_assert_msg(json_is_integer(value), "%s", key);
    return json_integer_value(value);
}

START_TEST(a_description_has_what_people_ask_for)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(1000, 60, 71);
    const struct dp_edge *end = (struct dp_edge *)sample.edges.data + 1000;
    struct dp_array object = pack(&sample, MANY_MEMBERS), file;
    struct dp_index *index = build_bytes(context, &object, 20000);
    json_t *json = describe(index), *source;

    ck_assert(json_is_null(json_object_get(json, "index")));
    ck_assert_int_eq(number(json, "index_bytes"), 0);
    json_decref(json);
    file = save_bytes(index, "x.dpi");
    json = describe(index);
    ck_assert_str_eq(json_string_value(json_object_get(json, "format")), "fastq");
    ck_assert_str_eq(json_string_value(json_object_get(json, "codec")), "gzip");
    ck_assert_str_eq(json_string_value(json_object_get(json, "index")), dp_index_uri(index));
    ck_assert(json_is_true(json_object_get(json, "complete")));
    ck_assert_int_eq(number(json, "records"), 1000);
    ck_assert_int_eq(number(json, "bases"), (json_int_t)end->bases);
    ck_assert_int_eq(number(json, "lines"), 4000);
    ck_assert_int_eq(number(json, "compressed_bytes"), (json_int_t)object.length);
    ck_assert_int_eq(number(json, "uncompressed_bytes"), (json_int_t)sample.bytes.length);
    ck_assert_int_eq(number(json, "members"), (json_int_t)(sample.bytes.length + 7776) / 7777);
    ck_assert_int_eq(number(json, "seek_points"), (json_int_t)dp_index_point_count(index));
    ck_assert_int_eq(number(json, "spacing_bytes"), 20000);
    ck_assert_int_eq(number(json, "index_bytes"), (json_int_t)file.length);
    ck_assert_int_eq(number(json, "trailing_garbage_bytes"), 0);
    source = json_object_get(json, "source");
    ck_assert_int_eq(number(source, "bytes"), (json_int_t)object.length);
    ck_assert_ptr_nonnull(json_object_get(json, "line_ending")); /* the format's word */
    json_decref(json);
    dp_array_free(&file);
    dp_index_free(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(the_format_cannot_speak_for_the_index)
{
    struct dp_context *context = test_context();
    struct sample sample = make_text(100, 60, 72);
    struct dp_index *index = build_bytes(context, &sample.bytes, 0);
    json_t *json;

    json_object_set_new(index->facts, "records", json_integer(7));
    json_object_set_new(index->facts, "something", json_integer(8));
    json = describe(index);
    ck_assert_int_eq(number(json, "records"), 100);
    ck_assert_int_eq(number(json, "something"), 8);
    json_decref(json);
    dp_index_free(index);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("index describe", a_description_has_what_people_ask_for,
          the_format_cannot_speak_for_the_index)
