/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/decoder.h"

#include <check.h>

START_TEST(names)
{
    enum dp_codec codec;

    for (int i = DP_CODEC_NONE; i <= DP_CODEC_BGZF; i++) {
        ck_assert(dp_codec_parse(dp_codec_name((enum dp_codec)i), &codec));
        ck_assert_int_eq(codec, i);
    }
    ck_assert(!dp_codec_parse("GZIP", &codec));
    ck_assert(!dp_codec_parse("", &codec));
}
END_TEST

START_TEST(sniffing)
{
    uint8_t head[18] = {0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 'B', 'C', 2, 0, 27, 0};

    ck_assert_int_eq(dp_codec_sniff(head, 18), DP_CODEC_BGZF);
    ck_assert_int_eq(dp_codec_sniff(head, 17), DP_CODEC_GZIP);
    ck_assert_int_eq(dp_codec_sniff(head, 2), DP_CODEC_GZIP);
    ck_assert_int_eq(dp_codec_sniff(head, 1), DP_CODEC_NONE);
    ck_assert_int_eq(dp_codec_sniff(head, 0), DP_CODEC_NONE);
    head[3] |= 8; /* a name as well: not a BGZF block */
    ck_assert_int_eq(dp_codec_sniff(head, 18), DP_CODEC_GZIP);
    head[3] = 4;
    head[13] = 'D';
    ck_assert_int_eq(dp_codec_sniff(head, 18), DP_CODEC_GZIP);
    head[1] = 0x9e;
    ck_assert_int_eq(dp_codec_sniff(head, 18), DP_CODEC_GZIP);
    head[1] = 0x9d;
    ck_assert_int_eq(dp_codec_sniff(head, 18), DP_CODEC_NONE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("codec");
    TCase *tests = tcase_create("codec");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, names);
    tcase_add_test(tests, sniffing);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
