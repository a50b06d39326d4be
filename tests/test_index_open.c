/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* An index file that is not as it was written never gives an answer that the good one would not. */

#include "tests/indexing.h"

#include "index/index_file.h"
#include "tests/index_answers.h"
#include "tests/index_recheck.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct dp_context *context;
static bool far_away; /* where the index lies: its tables are read together there */

/* The file of a small index of a packed sample. */
static struct dp_array small_file(enum packing packing, const char *format)
{
    struct sample sample = format[0] == 'f' ? make_fastq(150, 60, 31) : make_text(300, 30, 32);
    struct dp_array object = pack(&sample, packing), file;
    struct dp_index *index = build_bytes(context, &object, 4000);

    file = save_bytes(index, "small.dpi");
    dp_index_free(index);
    dp_array_free(&object);
    sample_free(&sample);
    return file;
}

/* All answers of the index in these bytes; a negative enum dp_result when it is refused. */
static int64_t answers(const void *bytes, size_t length)
{
    struct dp_object *object = NULL;
    struct dp_index *index = NULL;
    struct dp_error err = {0};
    int64_t result;

    ck_assert_int_eq(dp_object_open_memory(context, bytes, length, &object, NULL), DP_OK);
    object->remote = far_away;
    result = dp_index_open_object(context, object, &index, &err);
    if (result) {
        ck_assert_int_eq(result, err.code);
        ck_assert_int_eq(err.detail == DP_DETAIL_VERSION, result == DP_UNSUPPORTED);
        ck_assert_str_ne(err.message, "");
        ck_assert_ptr_null(index);
        return result;
    }
    result = index_answers(index);
    dp_index_free(index);
    return result;
}

START_TEST(every_damaged_byte_is_seen)
{
    static const uint8_t damage[] = {0x01, 0x80, 0xff};
    const char *folder = test_enter_folder();
    struct dp_array file;
    uint8_t *bytes;
    int64_t expected, got;
    size_t i, j;
    int p;

    context = test_context();
    for (p = 0; p < PACKINGS; p++) {
        file = small_file((enum packing)p, p % 2 ? "fastq" : "text");
        expected = answers(file.data, file.length);
        ck_assert_int_ge(expected, 0);
        bytes = file.data;
        for (i = 0; i < file.length; i++)
            for (j = 0; j < sizeof(damage); j++) {
                bytes[i] ^= damage[j];
                far_away = j == 1;
                got = answers(bytes, file.length);
                ck_assert_msg(got < 0, "packing %d, byte %zu of %zu: %lld", p, i, file.length,
                              (long long)got);
                bytes[i] ^= damage[j];
            }
        ck_assert_int_eq(answers(file.data, file.length), expected);
        dp_array_free(&file);
    }
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(far_away_the_tables_are_one_read)
{
    const char *folder = test_enter_folder();
    struct dp_array file;
    struct dp_object *object = NULL;
    struct dp_index *index = NULL;
    struct dp_stats before = {.struct_bytes = sizeof(before)}, after = before;
    int64_t expected;

    context = test_context();
    file = small_file(ONE_MEMBER, "fastq");
    expected = answers(file.data, file.length);
    far_away = true;
    ck_assert_int_eq(answers(file.data, file.length), expected);
    ck_assert_int_eq(dp_object_open_memory(context, file.data, file.length, &object, NULL), DP_OK);
    object->remote = true;
    dp_context_stats(context, &before);
    ck_assert_int_eq(dp_index_open_object(context, object, &index, NULL), DP_OK);
    dp_context_stats(context, &after);
    ck_assert_uint_eq(after.read_calls - before.read_calls, 2); /* the header tells how much */
    dp_index_free(index);
    dp_array_free(&file);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(every_truncation_is_seen)
{
    const char *folder = test_enter_folder();
    struct dp_array file;
    uint8_t *longer;
    size_t length;
    int p;

    context = test_context();
    for (p = 0; p < PACKINGS; p++) {
        file = small_file((enum packing)p, "fastq");
        for (length = 0; length < file.length; length++)
            ck_assert_int_eq(answers(file.data, length), DP_BAD_INDEX);
        longer = calloc(1, file.length + 1);
        memcpy(longer, file.data, file.length);
        ck_assert_int_eq(answers(longer, file.length + 1), DP_BAD_INDEX);
        free(longer);
        dp_array_free(&file);
    }
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Lies whose checksums fit: opened or not, nothing may crash or leave its tables. */
START_TEST(lies_do_no_harm)
{
    const char *folder = test_enter_folder();
    struct dp_array file;
    uint8_t *copy;
    uint32_t state = 33;
    unsigned round, n;
    size_t at;
    int p;

    context = test_context();
    for (p = 0; p < PACKINGS; p++) {
        file = small_file((enum packing)p, "fastq");
        copy = malloc(file.length);
        for (round = 0; round < 1500; round++) {
            memcpy(copy, file.data, file.length);
            for (n = 1 + next_random(&state) % 3; n > 0; n--) {
                at = next_random(&state) % file.length;
                copy[at] = next_random(&state) % 3 ? (uint8_t)next_random(&state)
                                                   : (uint8_t)(copy[at] + 1);
            }
            index_recheck(copy, file.length);
            answers(copy, file.length);
        }
        free(copy);
        dp_array_free(&file);
    }
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Where row `row` of a table stands in a small file (one page per table). */
static uint8_t *row_at(const struct dp_array *file, uint32_t id, size_t row)
{
    uint8_t *bytes = file->data;
    struct dp_file_header header;

    ck_assert_int_eq(dp_index_file_decode(bytes, file->length, "x", &header, NULL), DP_OK);
    return bytes + dp_index_file_section(&header, id)->offset +
           row * dp_index_file_section(&header, id)->row_bytes;
}

/* Changes 64-bit number `field` of a row by `delta` and expects a refusal. */
static void expect_refusal(struct dp_array *file, uint32_t id, size_t row, size_t field,
                           uint64_t delta)
{
    uint8_t *at = row_at(file, id, row) + field;

    dp_le64_store(at, dp_le64_load(at) + delta);
    index_recheck(file->data, file->length);
    ck_assert_msg(answers(file->data, file->length) == DP_BAD_INDEX, "table %u, row %zu, at %zu",
                  (unsigned)id, row, field);
    dp_le64_store(at, dp_le64_load(at) - delta);
    index_recheck(file->data, file->length);
}

START_TEST(rows_that_lie_are_refused)
{
    const char *folder = test_enter_folder();
    struct dp_array file;

    context = test_context();
    file = small_file(ONE_MEMBER, "fastq");
    ck_assert_int_ge(answers(file.data, file.length), 0);
    expect_refusal(&file, DP_FILE_POINTS, 0, 0, 1);            /* must be 0 */
    expect_refusal(&file, DP_FILE_POINTS, 1, 0, 1);            /* no checksum edge */
    expect_refusal(&file, DP_FILE_POINTS, 1, 0, 1ull << 40);   /* beyond the data */
    expect_refusal(&file, DP_FILE_POINTS, 1, 8, 1ull << 40);   /* beyond the object */
    expect_refusal(&file, DP_FILE_POINTS, 1, 8, 1ull << 63);   /* a window outside a member */
    expect_refusal(&file, DP_FILE_POINTS, 1, 24, 1);           /* not where windows tile */
    expect_refusal(&file, DP_FILE_POINTS, 2, 32, 1ull << 32);  /* a longer packed window */
    expect_refusal(&file, DP_FILE_SUMS, 0, 0, (uint64_t)-1);
    expect_refusal(&file, DP_FILE_SUMS, 1, 0, 1ull << 40);
    expect_refusal(&file, DP_FILE_ROWS, 0, 0, 1);              /* records begin with 0 */
    expect_refusal(&file, DP_FILE_ROWS, 1, 0, 1ull << 40);     /* after which fewer come */
    expect_refusal(&file, DP_FILE_ROWS, 1, 8, 1ull << 40);
    expect_refusal(&file, DP_FILE_ROWS, 1, 16, 1ull << 40);
    expect_refusal(&file, DP_FILE_ROWS, 1, 24, 1ull << 40);
    expect_refusal(&file, DP_FILE_ROWS, 1, 32, 1ull << 40);    /* before, yet behind */
    expect_refusal(&file, DP_FILE_ROWS, 1, 40, 1ull << 40);
    expect_refusal(&file, DP_FILE_DIGESTS, 0, 8, 1ull << 40);
    dp_array_free(&file);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* The file with `with` in place of `what` in its META (of the same length). */
static int64_t with_meta(const struct dp_array *file, const char *what, const char *with)
{
    char *copy = malloc(file->length), *at;
    int64_t got;

    ck_assert_uint_eq(strlen(what), strlen(with));
    memcpy(copy, file->data, file->length);
    at = memmem(copy, file->length, what, strlen(what));
    ck_assert_ptr_nonnull(at);
    memcpy(at, with, strlen(with));
    index_recheck((uint8_t *)copy, file->length);
    got = answers(copy, file->length);
    free(copy);
    return got;
}

START_TEST(facts_that_lie_are_refused)
{
    const char *folder = test_enter_folder();
    struct dp_array file;

    context = test_context();
    file = small_file(ONE_MEMBER, "fastq");
    ck_assert_int_ge(with_meta(&file, "\"gzip\"", "\"gzip\""), 0);
    ck_assert_int_eq(with_meta(&file, "\"gzip\"", "\"gyip\""), DP_UNSUPPORTED);
    ck_assert_int_eq(with_meta(&file, "\"gzip\"", "\"bgzf\""), DP_BAD_INDEX);
    ck_assert_int_eq(with_meta(&file, "\"gzip\"", "\"none\""), DP_BAD_INDEX);
    ck_assert_int_eq(with_meta(&file, "\"fastq\"", "\"fasty\""), DP_UNSUPPORTED);
    ck_assert_int_eq(with_meta(&file, "\"fastq\"", "[1,2,3]"), DP_BAD_INDEX);
    ck_assert_int_eq(with_meta(&file, "\"records\":150", "\"records\":151"), DP_BAD_INDEX);
    ck_assert_int_eq(with_meta(&file, "\"records\":150", "\"records\":-15"), DP_BAD_INDEX);
    ck_assert_int_eq(with_meta(&file, "\"spacing_bytes\":4000", "\"spacing_bytes\":   0"),
                     DP_BAD_INDEX);
    ck_assert_int_eq(with_meta(&file, "\"complete\":true", "\"complete\":null"), DP_BAD_INDEX);
    ck_assert_int_eq(with_meta(&file, "{\"bgzf_eof_missing\"", "[\"bgzf_eof_missing\""),
                     DP_BAD_INDEX);
    dp_array_free(&file);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* A plan trusts it: with a smaller one slices would end before their last record does. */
START_TEST(a_longest_record_that_is_too_short_is_refused)
{
    const char *folder = test_enter_folder();
    struct dp_array file;
    char said[60], shorter[60];
    unsigned long long longest;
    const char *at;

    context = test_context();
    file = small_file(ONE_MEMBER, "fastq");
    at = memmem(file.data, file.length, "\"longest_record_bytes\":", 23);
    ck_assert_ptr_nonnull(at);
    longest = strtoull(at + 23, NULL, 10);
    ck_assert_uint_gt(longest, 110);
    ck_assert_uint_lt(longest, 999);
    snprintf(said, sizeof(said), "\"longest_record_bytes\":%llu", longest);
    ck_assert_int_ge(with_meta(&file, said, said), 0);
    ck_assert_int_eq(with_meta(&file, said, "\"longest_record_bytes\":100"), DP_BAD_INDEX);
    snprintf(shorter, sizeof(shorter), "\"longest_record_bytes\":%-3d", -1);
    ck_assert_int_eq(with_meta(&file, said, shorter), DP_BAD_INDEX);
    /* Not known: nothing to contradict. */
    snprintf(shorter, sizeof(shorter), "\"longest_record_bytes\":%-3d", 0);
    ck_assert_int_ge(with_meta(&file, said, shorter), 0);
    dp_array_free(&file);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(foreign_files_are_no_index)
{
    static const char *const texts[] = {"", "<html>", "\x1f\x8b\x08"};
    char long_text[2000];
    struct dp_index *index = NULL;
    struct dp_error err = {0};
    size_t i;

    context = test_context();
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_int_eq(answers(texts[i], strlen(texts[i])), DP_BAD_INDEX);
    memset(long_text, 'x', sizeof(long_text));
    ck_assert_int_eq(answers(long_text, sizeof(long_text)), DP_BAD_INDEX);
    ck_assert_int_eq(dp_index_open(context, "/nonexistent.dpi", &index, &err), DP_NOT_FOUND);
    ck_assert_int_lt(dp_index_open(context, "/dev", &index, &err), 0);
    dp_context_free(context);
}
END_TEST

START_TEST(unknown_sections_are_skipped_or_refused)
{
    const char *folder = test_enter_folder();
    struct dp_array file;
    uint8_t *longer;
    int64_t expected;

    context = test_context();
    file = small_file(ONE_MEMBER, "fastq");
    expected = answers(file.data, file.length);
    longer = malloc(file.length + 12);
    memcpy(longer, file.data, file.length);
    memcpy(longer + file.length, "twelve bytes", 12);
    dp_le32_store(longer + 12, 8);
    dp_le32_store(longer + 32 + 7 * 32, 1000);
    dp_le64_store(longer + 32 + 7 * 32 + 8, file.length);
    dp_le64_store(longer + 32 + 7 * 32 + 16, 12);
    index_recheck(longer, file.length + 12);
    ck_assert_int_eq(answers(longer, file.length + 12), expected);
    far_away = true;
    ck_assert_int_eq(answers(longer, file.length + 12), expected);
    dp_le32_store(longer + 32 + 7 * 32 + 4, DP_FILE_REQUIRED);
    index_recheck(longer, file.length + 12);
    ck_assert_int_eq(answers(longer, file.length + 12), DP_UNSUPPORTED);
    free(longer);
    dp_array_free(&file);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(a_huge_file_with_little_in_it_is_refused)
{
    const char *folder = test_enter_folder();
    struct dp_index *index = NULL;
    struct dp_array file;
    uint8_t header[DP_FILE_HEADER_BYTES];
    uint64_t huge = 1ull << 40;
    int fd;

    context = test_context();
    file = small_file(PLAIN, "text");
    memcpy(header, file.data, sizeof(header));
    /* META as long as the whole disk, then nothing. */
    dp_le32_store(header + 12, 1);
    dp_le64_store(header + 32 + 16, huge - DP_FILE_HEADER_BYTES);
    dp_le64_store(header + 16, huge);
    dp_le32_store(header + 28, 0);
    dp_le32_store(header + 28, dp_crc32(0, header, sizeof(header)));
    fd = open("huge.dpi", O_CREAT | O_WRONLY, 0600);
    ck_assert_int_eq(write(fd, header, sizeof(header)), sizeof(header));
    if (ftruncate(fd, (off_t)huge) == 0)
        ck_assert_int_eq(dp_index_open(context, "huge.dpi", &index, NULL), DP_BAD_INDEX);
    close(fd);
    dp_array_free(&file);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("index open", every_damaged_byte_is_seen, far_away_the_tables_are_one_read,
          every_truncation_is_seen, lies_do_no_harm,
          rows_that_lie_are_refused, facts_that_lie_are_refused,
          a_longest_record_that_is_too_short_is_refused, foreign_files_are_no_index,
          unknown_sections_are_skipped_or_refused, a_huge_file_with_little_in_it_is_refused)
