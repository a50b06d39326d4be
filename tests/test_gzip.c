/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Verdicts on damaged and odd gzip objects: those of GNU gzip. The expected ones were written down
 * from gzip 1.12; where a gzip is installed, every truncation and every single flipped bit of small
 * members is also shown to it. */

#include "config.h"

#include "codec_data.h"

#include "base/le.h"
#include "index/codec/inflate.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

enum { GOOD = 0, GARBAGE = -1 }; /* else enum dp_detail */

static struct data_pass decode(const struct dp_array *object, const char *backend,
                               unsigned threads, size_t chunk_bytes)
{
    struct dp_decoder_config config = {.codec = dp_codec_sniff(object->data, object->length),
                                       .end_offset = UINT64_MAX,
                                       .threads = threads,
                                       .backend = backend};
    struct data_pass pass;

    if (config.codec == DP_CODEC_NONE)
        config.codec = DP_CODEC_GZIP;
    data_decode(&pass, &config, object->data, object->length, chunk_bytes);
    return pass;
}

/* What is said of an object: GOOD, GARBAGE or a detail. */
static int verdict_of(const struct dp_array *object, const char *backend, unsigned threads,
                      size_t chunk_bytes)
{
    struct data_pass pass = decode(object, backend, threads, chunk_bytes);
    int verdict = pass.rc ? pass.error.detail : pass.result.garbage_bytes ? GARBAGE : GOOD;

    if (pass.rc &&
        (pass.rc != DP_DATA || strncmp(pass.error.message, "thing.gz: offset ", 17) != 0))
        ck_abort_msg("%d: %s", pass.rc, pass.error.message);
    data_pass_free(&pass);
    return verdict;
}

static void append(struct dp_array *object, const char *bytes, size_t length)
{
    ck_assert(dp_array_append(object, bytes, length, 1));
}

/* A header of RFC 1952 with everything in it, then "hello\n" in a stored block and its trailer. */
static void append_full_header(struct dp_array *object, bool right)
{
    size_t begin = object->length;
    uint8_t crc[2];

    append(object, "\x1f\x8b\x08\x1f\0\0\0\0\2\3", 10);
    append(object, "\5\0extra", 7);
    append(object, "name", 5);
    append(object, "a comment", 10);
    dp_le16_store(crc, (uint16_t)crc32(0, (uint8_t *)object->data + begin,
                                       (uInt)(object->length - begin)));
    crc[0] ^= !right;
    append(object, (char *)crc, 2);
    append(object, "\1\6\0\xf9\xffhello\n", 11);
    append(object, "\x20\x30\x3a\x36\6\0\0\0", 8);
}

static void append_hello(struct dp_array *object)
{
    struct data_member how = {6, Z_DEFAULT_STRATEGY, 0, 0};

    data_member(object, (const uint8_t *)"hello\n", 6, &how);
}

START_TEST(whole_objects)
{
    static const struct {
        const char *before; /* a good member */
        const char *bytes;
        size_t length;
        int verdict;
    } cases[] = {
        {"", "", 0, DP_DETAIL_UNEXPECTED_END},
        {"", "\0", 1, DP_DETAIL_NOT_GZIP},
        {"", "\0\0\0", 3, DP_DETAIL_NOT_GZIP},
        {"", "h", 1, DP_DETAIL_UNEXPECTED_END},
        {"", "hello", 5, DP_DETAIL_NOT_GZIP},
        {"", "\x1f", 1, DP_DETAIL_UNEXPECTED_END},
        {"", "\x1f\x8b", 2, DP_DETAIL_UNEXPECTED_END},
        {"", "\x1f\x8b\7", 3, DP_DETAIL_GZIP_METHOD},
        {"", "\x1f\x8b\x08\x20", 4, DP_DETAIL_GZIP_FLAGS},
        {"", "\x1f\x8b\x08\x40", 4, DP_DETAIL_GZIP_FLAGS},
        {"", "\x1f\x8b\x08\x80", 4, DP_DETAIL_GZIP_FLAGS},
        {"", "\x1f\x8b\x08\4\0\0\0\0\0\0\xff\xff", 12, DP_DETAIL_UNEXPECTED_END},
        {"", "\x1f\x8b\x08\x08\0\0\0\0\0\0name", 14, DP_DETAIL_UNEXPECTED_END},
        {"member", "", 0, GOOD},
        {"member", "\0", 1, GOOD},
        {"member", "\0\0\0\0\0\0\0\0\0", 9, GOOD},
        {"member", "\0\0\0x", 4, GARBAGE},
        {"member", "\0x", 2, GARBAGE},
        {"member", "x", 1, DP_DETAIL_UNEXPECTED_END},
        {"member", "xy", 2, GARBAGE},
        {"member", "x\0", 2, GARBAGE},
        {"member", "\x1f", 1, DP_DETAIL_UNEXPECTED_END},
        {"member", "\x1f\x8b", 2, DP_DETAIL_UNEXPECTED_END},
        {"member", "\x1f\x8c", 2, GARBAGE},
        {"member", "\x1f\x8b\x09", 3, DP_DETAIL_GZIP_METHOD},
    };
    struct dp_array object = {0};

    if (*cases[_i].before)
        append_hello(&object);
    append(&object, cases[_i].bytes, cases[_i].length);
    for (size_t i = 0; dp_inflate_name(i); i++)
        ck_assert_int_eq(verdict_of(&object, dp_inflate_name(i), 1 + _i % 3, 1 + _i % 7),
                         cases[_i].verdict);
    dp_array_free(&object);
}
END_TEST

START_TEST(header_fields)
{
    struct dp_array object = {0};
    struct data_pass pass;

    append_full_header(&object, true);
    append_full_header(&object, true);
    pass = decode(&object, NULL, 1, 3);
    ck_assert_int_eq(pass.rc, 0);
    ck_assert_uint_eq(pass.bytes.length, 12);
    ck_assert_mem_eq(pass.bytes.data, "hello\nhello\n", 12);
    ck_assert_uint_eq(pass.result.member_count, 2);
    data_pass_free(&pass);
    append_full_header(&object, false);
    ck_assert_int_eq(verdict_of(&object, NULL, 1, 100), DP_DETAIL_GZIP_HEADER);
    dp_array_free(&object);
}
END_TEST

/* Members from before 1993 begin otherwise. */
START_TEST(old_magic)
{
    struct dp_array object = {0};

    append_hello(&object);
    append_hello(&object);
    ((uint8_t *)object.data)[1] = 0x9e;
    ck_assert_int_eq(verdict_of(&object, NULL, 1, 100), GOOD);
    dp_array_free(&object);
}
END_TEST

START_TEST(garbage_is_counted)
{
    struct dp_array object = {0};
    struct data_pass pass;

    append_hello(&object);
    append(&object, "\0\0garbage", 9);
    pass = decode(&object, NULL, 1, (size_t)_i + 1);
    ck_assert_int_eq(pass.rc, 0);
    ck_assert_uint_eq(pass.result.garbage_bytes, 9);
    ck_assert_uint_eq(pass.bytes.length, 6);
    data_pass_free(&pass);
    dp_array_free(&object);
}
END_TEST

/* What follows the last member is given as it is; where gzip would read it, its verdict stays. */
START_TEST(rest_is_passed)
{
    static const struct {
        const char *bytes;
        size_t length;
        int detail;
    } rests[] = {{"garbage", 7, 0},  {"g", 1, 0},      {"\0", 1, 0},
                 {"\0\0\0x", 4, 0}, {"\x1f", 1, 0},   {"PK\3\4", 4, 0},
                 {"\x1f\x8b", 2, DP_DETAIL_UNEXPECTED_END},
                 {"\x1f\x9d\x90", 3, DP_DETAIL_NOT_GZIP}};
    size_t chunk_bytes = (size_t)_i % 4 + 1, number = (size_t)_i / 4 % 8;
    size_t length = rests[number].length;
    struct dp_decoder_config config = {.codec = DP_CODEC_GZIP,
                                       .end_offset = UINT64_MAX,
                                       .threads = (unsigned)_i / 32 + 1,
                                       .pass_rest = true};
    struct dp_array object = {0};
    struct data_pass pass;

    append_hello(&object);
    append(&object, rests[number].bytes, length);
    data_decode(&pass, &config, object.data, object.length, chunk_bytes);
    ck_assert_int_eq(pass.rc, rests[number].detail ? DP_DATA : 0);
    if (pass.rc) {
        ck_assert_int_eq(pass.error.detail, (int)rests[number].detail);
    } else {
        ck_assert_uint_eq(pass.bytes.length, 6 + length);
        ck_assert_mem_eq((uint8_t *)pass.bytes.data + 6, rests[number].bytes, length);
        ck_assert_uint_eq(pass.result.garbage_bytes + pass.result.zero_bytes, 0);
        ck_assert_uint_eq(pass.result.last_member_bytes, 6);
    }
    data_pass_free(&pass);
    dp_array_free(&object);
}
END_TEST

START_TEST(trailers)
{
    struct dp_array object = {0};
    uint8_t *trailer;

    append_hello(&object);
    append_hello(&object);
    trailer = (uint8_t *)object.data + object.length - 8;
    trailer[5] ^= 1;
    ck_assert_int_eq(verdict_of(&object, NULL, 1, 100), DP_DETAIL_GZIP_LENGTH);
    trailer[0] ^= 1;
    ck_assert_int_eq(verdict_of(&object, NULL, 1, 100), DP_DETAIL_GZIP_TRAILER);
    trailer[5] ^= 1;
    ck_assert_int_eq(verdict_of(&object, NULL, 1, 100), DP_DETAIL_GZIP_CRC);
    dp_array_free(&object);
}
END_TEST

/* ------------------------------------------------------------------------ beside the real gzip */

static bool have_gzip(void)
{
    return system("gzip --version 2>/dev/null | head -n 1 | grep -q '^gzip 1\\.1'") == 0;
}

/* Shows the object to `gzip -t`. */
static int verdict_of_gzip(const char *path, const struct dp_array *object)
{
    static const struct {
        const char *text;
        int verdict;
    } messages[] = {{"not in gzip", DP_DETAIL_NOT_GZIP},
                    {"unexpected end", DP_DETAIL_UNEXPECTED_END},
                    {"crc error", DP_DETAIL_GZIP_CRC},
                    {"length error", DP_DETAIL_GZIP_LENGTH},
                    {"format violated", DP_DETAIL_DEFLATE},
                    {"unknown method", DP_DETAIL_GZIP_METHOD},
                    {"encrypted", DP_DETAIL_GZIP_FLAGS},
                    {"has flags", DP_DETAIL_GZIP_FLAGS},
                    {"header checksum", DP_DETAIL_GZIP_HEADER}};
    char command[512], answer[4096];
    FILE *file = fopen(path, "wb");
    size_t length;
    int status;

    ck_assert_uint_eq(fwrite(object->data, 1, object->length, file), object->length);
    fclose(file);
    snprintf(command, sizeof(command), "LC_ALL=C exec gzip -t <%s 2>&1", path);
    file = popen(command, "r");
    length = fread(answer, 1, sizeof(answer) - 1, file);
    answer[length] = 0;
    status = WEXITSTATUS(pclose(file));
    if (status != 1)
        return status == 2 ? GARBAGE : GOOD;
    if (strstr(answer, "crc error") && strstr(answer, "length error"))
        return DP_DETAIL_GZIP_TRAILER;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        if (strstr(answer, messages[i].text))
            return messages[i].verdict;
    ck_abort_msg("gzip says: %s", answer);
}

static void make_small(struct dp_array *object, int kind)
{
    struct data_member how = {kind == 1 ? 0 : 9, kind == 2 ? Z_FIXED : Z_DEFAULT_STRATEGY, 0, 0};
    struct dp_array text = {0};

    data_reads(&text, kind == 0 ? 110 : 20, 3);
    if (kind == 3) {
        data_bgzf(object, text.data, text.length, 13, true);
    } else if (kind == 4) {
        append_full_header(object, true);
    } else {
        data_member(object, text.data, text.length, &how);
    }
    dp_array_free(&text);
}

static void compare_with_gzip(const char *path, const struct dp_array *object, const char *what,
                              size_t number)
{
    int expected = verdict_of_gzip(path, object);

    for (size_t i = 0; dp_inflate_name(i); i++) {
        int verdict = verdict_of(object, dp_inflate_name(i), 1 + number % 2, 1 + number % 50);

        if (verdict != expected)
            ck_abort_msg("%s, %s %zu: %d, gzip says %d", dp_inflate_name(i), what, number, verdict,
                         expected);
    }
}

START_TEST(damage_beside_gzip)
{
    char path[] = "/tmp/test_gzip.XXXXXX";
    struct dp_array object = {0};
    size_t length;
    int file;

    if (!have_gzip())
        return;
    file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    make_small(&object, _i);
    length = object.length;
    for (object.length = 0; object.length < length; object.length++)
        compare_with_gzip(path, &object, "length", object.length);
    for (size_t bit = 0; bit < length * 8; bit++) {
        ((uint8_t *)object.data)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        compare_with_gzip(path, &object, "bit", bit);
        ((uint8_t *)object.data)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    unlink(path);
    dp_array_free(&object);
}
END_TEST

/* -------------------------------------------------------------------------- the sound prefix */

/* Every truncation gives its sound prefix, the same for every backend and any number of threads. */
START_TEST(truncated)
{
    struct data_member how = {6, Z_DEFAULT_STRATEGY, 0, 0};
    struct dp_array text = {0}, object = {0};
    struct dp_decoder_config config = {.codec = DP_CODEC_GZIP,
                                       .end_offset = UINT64_MAX,
                                       .spacing_bytes = 10000,
                                       .allow_truncated = true};
    size_t length, before = 0;

    data_reads(&text, 120000, 8);
    data_member(&object, text.data, 50000, &how);
    data_member(&object, (uint8_t *)text.data + 50000, 70000, &how);
    for (length = 30; length < object.length; length += 997) {
        struct data_pass passes[3];

        for (int i = 0; i < 3; i++) {
            config.backend = i ? "zlib" : NULL;
            config.threads = (unsigned)i + 1;
            data_decode(&passes[i], &config, object.data, length, 100 + length % 5000);
            ck_assert_int_eq(passes[i].rc, 0);
            ck_assert(passes[i].result.truncated);
            ck_assert_int_eq(passes[i].result.damage.detail, DP_DETAIL_UNEXPECTED_END);
            ck_assert_uint_eq(passes[i].bytes.length, passes[0].bytes.length);
            ck_assert_uint_eq(passes[i].windows.length, passes[0].windows.length);
        }
        ck_assert_uint_ge(passes[0].bytes.length, before);
        before = passes[0].bytes.length;
        if (before)
            ck_assert_mem_eq(passes[0].bytes.data, text.data, before);
        for (int i = 0; i < 3; i++)
            data_pass_free(&passes[i]);
    }
    ck_assert_uint_gt(before, 110000);
    dp_array_free(&text);
    dp_array_free(&object);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gzip");
    TCase *tests = tcase_create("gzip");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, whole_objects, 0, 25);
    tcase_add_test(tests, header_fields);
    tcase_add_test(tests, old_magic);
    tcase_add_loop_test(tests, garbage_is_counted, 0, 4);
    tcase_add_loop_test(tests, rest_is_passed, 0, 64);
    tcase_add_test(tests, trailers);
    tcase_add_loop_test(tests, damage_beside_gzip, 0, 5);
    tcase_add_test(tests, truncated);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
