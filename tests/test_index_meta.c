/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/indexing.h"

#include "index/index_meta.h"

/* An index with odd facts and no tables. */
static struct dp_index *make_index(void)
{
    struct dp_index *index = NULL;
    size_t i;

    ck_assert_int_eq(dp_index_new(NULL, &index, NULL), DP_OK);
    index->codec = DP_CODEC_BGZF;
    index->format = dp_format_find("fastq");
    index->asked_spacing_bytes = 1;
    index->spacing_bytes = 4096;
    index->identity.bytes = INT64_MAX;
    index->identity.uncompressed_bytes = 12345678901234;
    index->identity.crc32 = 0x00abcdef;
    index->identity.complete = true;
    for (i = 0; i < DP_SHA256_BYTES; i++) {
        index->identity.first[i] = (uint8_t)(i * 9);
        index->identity.last[i] = (uint8_t)(255 - i);
    }
    index->totals = (struct dp_edge){.record = 1, .offset = 2, .bases = 3, .line = 4};
    index->longest_record_bytes = 7;
    index->member_count = 5;
    index->garbage_bytes = 6;
    index->bgzf_eof_missing = true;
    index->facts = json_pack("{s:s, s:f}", "z", "\xc3\xa4", "a", 0.1);
    return index;
}

static int parse(const char *text, struct dp_index **index)
{
    int result;

    ck_assert_int_eq(dp_index_new(NULL, index, NULL), DP_OK);
    result = dp_index_meta_parse(text, strlen(text), "x", *index, NULL);
    if (result) {
        dp_index_free(*index);
        *index = NULL;
    }
    return result;
}

START_TEST(facts_come_back)
{
    struct dp_index *index = make_index(), *back;
    char *text = NULL, *again = NULL;

    ck_assert_int_eq(dp_index_meta_format(index, &text, NULL), DP_OK);
    ck_assert_int_eq(parse(text, &back), DP_OK);
    ck_assert_int_eq(back->codec, DP_CODEC_BGZF);
    ck_assert_ptr_eq(back->format, index->format);
    ck_assert_mem_eq(back->identity.first, index->identity.first, DP_SHA256_BYTES);
    ck_assert_mem_eq(back->identity.last, index->identity.last, DP_SHA256_BYTES);
    ck_assert_uint_eq(back->identity.bytes, INT64_MAX);
    ck_assert_uint_eq(back->identity.crc32, 0x00abcdef);
    ck_assert_mem_eq(&back->totals, &index->totals, sizeof(back->totals));
    ck_assert_uint_eq(back->longest_record_bytes, 7);
    ck_assert_uint_eq(back->member_count, 5);
    ck_assert_uint_eq(back->garbage_bytes, 6);
    ck_assert(back->bgzf_eof_missing);
    ck_assert_int_eq(dp_index_meta_format(back, &again, NULL), DP_OK);
    ck_assert_str_eq(text, again);
    free(text);
    free(again);
    dp_index_free(back);
    dp_index_free(index);
}
END_TEST

START_TEST(keys_stand_in_order)
{
    struct dp_index *index = make_index();
    const char *const keys[] = {"\"bgzf_eof_missing\"", "\"codec\"",  "\"facts\"",
                                "\"a\"",                "\"z\"",      "\"format\"",
                                "\"members\"",          "\"source\"", "\"spacing_asked_bytes\"",
                                "\"spacing_bytes\"",    "\"totals\"", "\"trailing_garbage_bytes\""};
    char *text = NULL, *at;
    size_t i;

    ck_assert_int_eq(dp_index_meta_format(index, &text, NULL), DP_OK);
    ck_assert_ptr_null(strpbrk(text, " \n\t"));
    for (i = 0, at = text; i < sizeof(keys) / sizeof(keys[0]); i++) {
        at = strstr(at, keys[i]);
        ck_assert_msg(at != NULL, "%s", keys[i]);
    }
    free(text);
    dp_index_free(index);
}
END_TEST

START_TEST(keys_of_later_versions_are_ignored)
{
    struct dp_index *index = make_index(), *back;
    char *text = NULL, *longer;

    ck_assert_int_eq(dp_index_meta_format(index, &text, NULL), DP_OK);
    longer = malloc(strlen(text) + 100);
    sprintf(longer, "{\"new\":[1,{\"x\":null}],%s", text + 1);
    ck_assert_int_eq(parse(longer, &back), DP_OK);
    dp_index_free(back);
    free(longer);
    free(text);
    dp_index_free(index);
}
END_TEST

START_TEST(the_longest_record_need_not_be_known)
{
    static const char key[] = "\"longest_record_bytes\":7,";
    struct dp_index *index = make_index(), *back;
    char *text = NULL, *at;

    ck_assert_int_eq(dp_index_meta_format(index, &text, NULL), DP_OK);
    at = strstr(text, key);
    ck_assert_ptr_nonnull(at);
    at[strlen(key) - 2] = 'x';
    ck_assert_int_eq(parse(text, &back), DP_BAD_INDEX);
    memmove(at, at + strlen(key), strlen(at + strlen(key)) + 1);
    ck_assert_int_eq(parse(text, &back), DP_OK);
    ck_assert_uint_eq(back->longest_record_bytes, 0);
    dp_index_free(back);
    free(text);
    dp_index_free(index);
}
END_TEST

START_TEST(text_that_is_no_meta_is_refused)
{
    static const char *const texts[] = {"", "{}", "[]", "null", "{\"codec\":\"gzip\"}",
                                        "{\"codec\":\"gzip\",\"format\":\"fastq\"}",
                                        "{\"codec\":3,\"format\":\"fastq\"}"};
    struct dp_index *index = make_index(), *back;
    char *text = NULL, *cut;
    size_t i, length;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_int_eq(parse(texts[i], &back), DP_BAD_INDEX);
    ck_assert_int_eq(dp_index_meta_format(index, &text, NULL), DP_OK);
    length = strlen(text);
    for (i = 0; i < length; i++) {
        cut = strndup(text, i);
        ck_assert_int_eq(parse(cut, &back), DP_BAD_INDEX);
        free(cut);
    }
    free(text);
    dp_index_free(index);
}
END_TEST

TEST_MAIN("index meta", facts_come_back, keys_stand_in_order, keys_of_later_versions_are_ignored,
          the_longest_record_need_not_be_known,
          text_that_is_no_meta_is_refused)
