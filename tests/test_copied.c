/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "codec_data.h"

#include "index/codec/copied.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BEHIND_BYTES 50000u

static struct dp_copied *copied;
static struct dp_array text, following;

/* Text, and what of it lies behind the point, packed with what lies before at hand; the first `bit`
 * bits belong to somebody else. */
static void pack_behind(unsigned bit)
{
    uint8_t *point = (uint8_t *)text.data + DP_WINDOW_BYTES;
    z_stream z = {0};

    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflatePrime(&z, (int)bit, 0x55), Z_OK);
    ck_assert_int_eq(deflateSetDictionary(&z, text.data, DP_WINDOW_BYTES), Z_OK);
    ck_assert(dp_array_reserve(&following, BEHIND_BYTES + 1000, 1));
    z.next_in = point;
    z.avail_in = BEHIND_BYTES;
    z.next_out = following.data;
    z.avail_out = BEHIND_BYTES + 1000;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    following.length = BEHIND_BYTES + 1000 - z.avail_out;
    deflateEnd(&z);
}

static void set_up(void)
{
    ck_assert_int_eq(dp_copied_open(&copied, NULL), DP_OK);
    data_reads(&text, DP_WINDOW_BYTES + BEHIND_BYTES, 17);
}

static void tear_down(void)
{
    dp_copied_free(copied);
    dp_array_free(&text);
    dp_array_free(&following);
}

/* By zlib: does the output change with the byte at this place of the window? */
static bool matters(const uint8_t *expected, unsigned bit, size_t place)
{
    uint8_t window[DP_WINDOW_BYTES], out[DP_WINDOW_BYTES];
    const uint8_t *in = following.data;
    z_stream z = {0};

    memcpy(window, text.data, sizeof(window));
    window[place] ^= 0x80;
    ck_assert_int_eq(inflateInit2(&z, -15), Z_OK);
    if (bit)
        ck_assert_int_eq(inflatePrime(&z, 8 - (int)bit, *in++ >> bit), Z_OK);
    ck_assert_int_eq(inflateSetDictionary(&z, window, sizeof(window)), Z_OK);
    z.next_in = (z_const Bytef *)in;
    z.avail_in = (uInt)((uint8_t *)following.data + following.length - in);
    z.next_out = out;
    z.avail_out = sizeof(out);
    inflate(&z, Z_SYNC_FLUSH);
    ck_assert_uint_eq(z.avail_out, 0);
    inflateEnd(&z);
    return memcmp(out, expected, sizeof(out)) != 0;
}

/* The flags are right at many places, with every backend and at every bit. */
START_TEST(what_matters_is_found)
{
    const uint8_t *expected = (uint8_t *)text.data + DP_WINDOW_BYTES;
    size_t counts[2] = {0, 0};

    pack_behind((unsigned)_i);
    for (size_t b = 0; dp_inflate_name(b); b++) {
        struct dp_inflate *inflate;
        const bool *used;

        ck_assert_int_eq(dp_inflate_open(dp_inflate_name(b), &inflate, NULL), DP_OK);
        used = dp_copied_find(copied, inflate, following.data, following.length, (unsigned)_i);
        ck_assert_ptr_nonnull(used);
        for (size_t place = 0; place < DP_WINDOW_BYTES; place += 97) {
            ck_assert_int_eq(used[place], matters(expected, (unsigned)_i, place));
            counts[used[place]]++;
        }
        dp_inflate_free(inflate);
    }
    ck_assert(counts[0] && counts[1]);
}
END_TEST

/* Fewer bytes say the same or nothing; the last word is the same with every backend. */
START_TEST(lengths)
{
    bool all[DP_WINDOW_BYTES];
    const bool *used;
    struct dp_inflate *inflate;

    pack_behind(3);
    ck_assert_int_eq(dp_inflate_open(dp_inflate_name((size_t)_i), &inflate, NULL), DP_OK);
    ck_assert_int_eq(dp_copied_judge(copied, inflate, following.data, following.length, 3, &used,
                                     NULL), DP_OK);
    memcpy(all, used, sizeof(all));
    ck_assert_ptr_null(dp_copied_find(copied, inflate, following.data, 0, 0));
    for (size_t length = 1, least = 0; length <= following.length; length += 131) {
        used = dp_copied_find(copied, inflate, following.data, length, 3);
        if (used)
            ck_assert_mem_eq(used, all, sizeof(all));
        ck_assert_int_eq(dp_copied_judge(copied, inflate, following.data, length, 3, &used, NULL),
                         DP_OK);
        least = used && !least ? length : least;
        ck_assert_int_eq(used != NULL, least != 0);
    }
    dp_inflate_free(inflate);
}
END_TEST

/* The end of a member is as good as 32 KiB; what stands behind it does not matter. */
START_TEST(member_that_ends)
{
    static const uint8_t empty[] = {3, 0, 0xff, 0xff};
    struct dp_inflate *inflate;
    const bool *used;

    ck_assert_int_eq(dp_inflate_open(dp_inflate_name((size_t)_i), &inflate, NULL), DP_OK);
    ck_assert_int_eq(dp_copied_judge(copied, inflate, empty, sizeof(empty), 0, &used, NULL), DP_OK);
    ck_assert_ptr_nonnull(used);
    ck_assert_ptr_null(memchr(used, true, DP_WINDOW_BYTES));
    ck_assert_int_eq(dp_copied_judge(copied, inflate, empty, 1, 0, &used, NULL), DP_OK);
    ck_assert_ptr_null(used);
    dp_inflate_free(inflate);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copied");
    TCase *tests = tcase_create("copied");
    SRunner *runner;
    int backends = 0, failed;

    while (dp_inflate_name((size_t)backends))
        backends++;
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, what_matters_is_found, 0, 8);
    tcase_add_loop_test(tests, lengths, 0, backends);
    tcase_add_loop_test(tests, member_that_ends, 0, backends);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
