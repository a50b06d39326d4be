/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "codec_data.h"

#include "index/codec/source.h"

#include <check.h>
#include <string.h>

enum { LENGTH = 300 };

static uint8_t bytes[LENGTH];

static void set_up(void)
{
    for (int i = 0; i < LENGTH; i++)
        bytes[i] = (uint8_t)(i * 7);
}

static const size_t chunks[] = {1, 2, 7, 16, 17, 299, 300};

/* Taking some and giving some of them back, in every pattern of chunks. */
START_TEST(giving_back)
{
    uint64_t state = (uint64_t)_i;
    struct dp_source source;
    struct data_feed feed;
    size_t at = 0, highest = 0, back;
    uint8_t byte;
    int rc;

    data_feed_open(&feed, bytes, LENGTH, chunks[_i]);
    dp_source_init(&source, feed.input);
    for (int round = 0; round < 5000 && at < LENGTH; round++) {
        ck_assert_uint_eq(dp_source_offset(&source), at);
        for (unsigned i = data_noise(&state) % 20; i && at < LENGTH; i--) {
            ck_assert_int_eq(dp_source_byte(&source, &byte, NULL), 1);
            ck_assert_uint_eq(byte, bytes[at++]);
        }
        highest = at > highest ? at : highest;
        back = data_noise(&state) % (DP_SOURCE_BACK + 1);
        /* Never further back than 16 bytes in all, nor twice before these were taken again. */
        if (back <= at && at - back + DP_SOURCE_BACK >= highest && at == highest) {
            dp_source_back(&source, back);
            at -= back;
        }
    }
    while ((rc = dp_source_byte(&source, &byte, NULL)) == 1)
        ck_assert_uint_eq(byte, bytes[at++]);
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_eq(at, LENGTH);
    dp_source_free(&source);
    dp_input_free(feed.input);
}
END_TEST

START_TEST(recording)
{
    struct dp_source source;
    struct data_feed feed;
    uint8_t byte;

    data_feed_open(&feed, bytes, LENGTH, chunks[_i]);
    dp_source_init(&source, feed.input);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(dp_source_byte(&source, &byte, NULL), 1);
    ck_assert(dp_source_record(&source, 8));
    ck_assert_uint_eq(source.record_offset, 42);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(dp_source_byte(&source, &byte, NULL), 1);
    ck_assert(dp_source_flush(&source));
    ck_assert_uint_eq(source.record.length, 108);
    ck_assert_mem_eq(source.record.data, bytes + 42, 108);
    dp_source_trim(&source, 45); /* not worth it */
    ck_assert_uint_eq(source.record.length, 108);
    dp_source_trim(&source, 120);
    ck_assert_uint_eq(source.record_offset, 120);
    ck_assert_int_eq(dp_source_byte(&source, &byte, NULL), 1);
    ck_assert(dp_source_flush(&source));
    ck_assert_uint_eq(source.record.length, 31);
    ck_assert_mem_eq(source.record.data, bytes + 120, 31);
    dp_source_free(&source);
    dp_input_free(feed.input);
}
END_TEST

/* A point found where the view ends: nothing is recorded yet, and there is no memory for it. */
START_TEST(trimming_an_empty_record)
{
    struct dp_source source;

    dp_source_init_bytes(&source, bytes, LENGTH, 0);
    ck_assert(dp_source_record(&source, 0));
    ck_assert_ptr_null(source.record.data);
    dp_source_trim(&source, 0);
    ck_assert_uint_eq(source.record.length, 0);
    ck_assert_uint_eq(source.record_offset, 0);
    dp_source_free(&source);
}
END_TEST

START_TEST(prepending)
{
    struct dp_source source;
    struct data_feed feed;
    size_t at = 60;
    uint8_t byte;

    data_feed_open(&feed, bytes, LENGTH, chunks[_i]);
    dp_source_init(&source, feed.input);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(dp_source_byte(&source, &byte, NULL), 1);
    ck_assert(dp_source_prepend(&source, bytes + 60, 40));
    ck_assert_uint_eq(dp_source_offset(&source), 60);
    while (dp_source_byte(&source, &byte, NULL) == 1)
        ck_assert_uint_eq(byte, bytes[at++]);
    ck_assert_uint_eq(at, LENGTH);
    dp_source_free(&source);
    dp_input_free(feed.input);
}
END_TEST

START_TEST(over_bytes)
{
    struct dp_source source;
    uint8_t byte;

    dp_source_init_bytes(&source, bytes + 10, 2, 10);
    ck_assert_int_eq(dp_source_byte(&source, &byte, NULL), 1);
    ck_assert_int_eq(dp_source_byte(&source, &byte, NULL), 1);
    ck_assert_uint_eq(byte, bytes[11]);
    ck_assert_uint_eq(dp_source_offset(&source), 12);
    ck_assert_int_eq(dp_source_byte(&source, &byte, NULL), 0);
    dp_source_back(&source, 2);
    ck_assert_int_eq(dp_source_byte(&source, &byte, NULL), 1);
    ck_assert_uint_eq(byte, bytes[10]);
    dp_source_free(&source);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source");
    TCase *tests = tcase_create("source");
    SRunner *runner;
    int failed;

    tcase_add_unchecked_fixture(tests, set_up, NULL);
    tcase_add_loop_test(tests, giving_back, 0, sizeof(chunks) / sizeof(chunks[0]));
    tcase_add_loop_test(tests, recording, 0, sizeof(chunks) / sizeof(chunks[0]));
    tcase_add_test(tests, trimming_an_empty_record);
    tcase_add_loop_test(tests, prepending, 0, sizeof(chunks) / sizeof(chunks[0]));
    tcase_add_test(tests, over_bytes);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
