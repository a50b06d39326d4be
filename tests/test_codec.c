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

START_TEST(foreign)
{
    static const struct {
        const char *head, *words;
        size_t length;
        bool by_gzip;
    } cases[] = {
        {"\x1f\x9d\x90", "compress (.Z) format is not supported; use uncompress", 3, true},
        {"\x1f\x1e", "pack (.z) format is not supported; use gzip -dc", 2, true},
        {"\x1f\xa0", "lzh (.z) format is not supported; use gzip -dc", 2, true},
        {"PK\3\4", "zip format is not supported; use unzip -p", 4, true},
        {"BZh91AY", "bzip2 format is not supported; use bzip2 -dc", 7, false},
        {"\xfd" "7zXZ", "xz format is not supported; use xz -dc", 6, false},
        {"\x28\xb5\x2f\xfd", "zstd format is not supported; use zstd -dc", 4, false},
        {"\x1f\x8b\x08", NULL, 3, true},
        {"\x1f", NULL, 1, true},
        {"PK\3", NULL, 3, true},
        {"@read", NULL, 5, false},
    };
    const uint8_t *head = (const uint8_t *)cases[_i].head;
    const char *said = dp_codec_foreign(head, cases[_i].length, false);

    if (cases[_i].words)
        ck_assert_str_eq(said, cases[_i].words);
    else
        ck_assert_ptr_null(said);
    said = dp_codec_foreign(head, cases[_i].length, true);
    ck_assert_int_eq(said != NULL, cases[_i].by_gzip && cases[_i].words);
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
    tcase_add_loop_test(tests, foreign, 0, 11);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
