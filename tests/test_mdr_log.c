/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/log.c: records come back as they were, up to the first one that is not whole; what is not
 * ours is left alone. */

#include "config.h"

#include "base/crc32.h"
#include "base/le.h"
#include "base/scratch.h"
#include "mdr/log.h"
#include "tests/connectors.h"

#include <sys/stat.h>

static const uint8_t ours[DP_MDR_IDENTITY_BYTES] = {1, 2, 3}, others[DP_MDR_IDENTITY_BYTES] = {9};

enum { HEADER = 32, FRAME = 12 };

static struct dp_mdr_log *open_log(const char *path, enum dp_mdr_log_mode mode)
{
    struct dp_mdr_log *log = NULL;
    struct dp_error err = {0};

    ck_assert_msg(dp_mdr_log_open(path, ours, mode, false, &log, &err) == DP_OK, "%s", err.message);
    return log;
}

/* Record n: type n + 7, n % 5 * 100 bytes of n. */
static void append(struct dp_mdr_log *log, unsigned n)
{
    uint8_t bytes[400];

    memset(bytes, (int)n, sizeof(bytes));
    ck_assert_int_eq(dp_mdr_log_append(log, n + 7, n % 5 ? bytes : NULL, n % 5 * 100, NULL), DP_OK);
}

static int take(void *user, uint32_t type, const uint8_t *bytes, size_t length,
                struct dp_error *err)
{
    unsigned *n = user;
    size_t i;

    ck_assert_uint_eq(type, *n + 7);
    ck_assert_uint_eq(length, *n % 5 * 100);
    for (i = 0; i < length; i++)
        if (bytes[i] != *n) /* cheap */
            ck_abort_msg("record %u, byte %zu", *n, i);
    return ++*n == 99 ? dp_error_set(err, DP_CANCELLED, "enough") : 0;
}

/* How many records there are; *torn: bytes behind. */
static unsigned walk(struct dp_mdr_log *log, uint64_t *torn)
{
    unsigned n = 0;

    ck_assert_int_eq(dp_mdr_log_walk(log, take, &n, torn, NULL), DP_OK);
    return n;
}

/* Reads the file anew. */
static unsigned walk_file(const char *path, uint64_t *torn)
{
    struct dp_mdr_log *log = open_log(path, DP_MDR_LOG_READ);
    unsigned n = walk(log, torn);

    dp_mdr_log_free(log);
    return n;
}

static size_t size_of(const char *path)
{
    struct stat found;

    ck_assert_int_eq(stat(path, &found), 0);
    return (size_t)found.st_size;
}

/* A file of records 0 to count - 1. */
static void make_file(const char *path, unsigned count)
{
    struct dp_mdr_log *log = open_log(path, DP_MDR_LOG_APPEND);
    unsigned n;

    for (n = 0; n < count; n++)
        append(log, n);
    dp_mdr_log_free(log);
}

static size_t read_all(const char *path, uint8_t *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    size_t length;

    ck_assert_ptr_nonnull(file);
    length = fread(bytes, 1, room, file);
    fclose(file);
    return length;
}

START_TEST(what_was_appended_is_there)
{
    const char *folder = test_enter_folder();
    struct dp_mdr_log *log = open_log("j", DP_MDR_LOG_APPEND);
    uint8_t bytes[HEADER];
    uint64_t torn = 9;

    ck_assert_str_eq(dp_mdr_log_name(log), "j");
    ck_assert(!dp_mdr_log_exists(log));
    ck_assert_int_ne(access("j", F_OK), 0); /* made with the first record */
    ck_assert_uint_eq(walk(log, &torn), 0);
    ck_assert_int_eq(dp_mdr_log_sync(log, NULL), DP_OK);
    append(log, 0); /* an empty record */
    ck_assert(dp_mdr_log_exists(log));
    append(log, 1);
    ck_assert_int_eq(dp_mdr_log_sync(log, NULL), DP_OK);
    ck_assert_uint_eq(walk_file("j", &torn), 2); /* while it is written */
    ck_assert_uint_eq(walk(log, NULL), 2);
    append(log, 2); /* goes on behind a walk */
    dp_mdr_log_free(log);
    log = open_log("j", DP_MDR_LOG_APPEND);
    ck_assert_uint_eq(walk(log, &torn), 3);
    ck_assert_uint_eq(torn, 0);
    append(log, 3);
    dp_mdr_log_free(log);
    ck_assert_uint_eq(walk_file("j", &torn), 4);
    ck_assert_uint_eq(size_of("j"), HEADER + 4 * FRAME + 600);
    ck_assert_uint_eq(read_all("j", bytes, HEADER), HEADER); /* as JOURNAL.md has it */
    ck_assert_mem_eq(bytes, "DPMDRLOG\2\0\0\0", 12);
    ck_assert_mem_eq(bytes + 12, ours, sizeof(ours));
    ck_assert_uint_eq(dp_le32_load(bytes + 28), dp_crc32(0, bytes, 28));
    dp_mdr_log_free(NULL);
    test_leave_folder(folder);
}
END_TEST

/* Wherever it is cut, whole records stay, and the next one is appended behind them. */
START_TEST(cut_anywhere)
{
    const char *folder = test_enter_folder();
    const size_t edges[] = {HEADER, HEADER + FRAME, HEADER + 2 * FRAME + 100};
    uint8_t bytes[1000];
    struct dp_mdr_log *log;
    size_t length, i;
    unsigned whole;
    uint64_t torn;

    make_file("j", 3);
    length = read_all("j", bytes, sizeof(bytes));
    ck_assert_uint_eq(length, HEADER + 3 * FRAME + 300);
    for (i = 0; i < length; i++) {
        test_write_file("k", bytes, i);
        for (whole = 0; whole < 2 && edges[whole + 1] <= i; whole++)
            ;
        ck_assert_uint_eq(walk_file("k", &torn), whole);
        ck_assert_uint_eq(torn, i < HEADER ? 0 : i - edges[whole]);
        ck_assert_uint_eq(size_of("k"), i); /* reading drops nothing */
        log = open_log("k", DP_MDR_LOG_APPEND);
        walk(log, NULL);
        append(log, whole);
        dp_mdr_log_free(log);
        ck_assert_uint_eq(walk_file("k", &torn), whole + 1);
        ck_assert_uint_eq(torn, 0);
    }
    test_leave_folder(folder);
}
END_TEST

/* A byte that is another one is noticed, wherever it is; nothing behind it ever comes back. */
START_TEST(damaged_anywhere)
{
    const char *folder = test_enter_folder();
    uint8_t bytes[1000];
    struct dp_mdr_log *log;
    size_t length, i;
    unsigned whole;
    uint64_t torn;

    make_file("j", 3);
    length = read_all("j", bytes, sizeof(bytes));
    for (i = 8; i < length; i++) {
        bytes[i] ^= 0x81;
        test_write_file("k", bytes, length);
        bytes[i] ^= 0x81;
        whole = i < HEADER + FRAME ? 0 : i < HEADER + 2 * FRAME + 100 ? 1 : 2;
        log = open_log("k", DP_MDR_LOG_APPEND);
        ck_assert_uint_eq(walk(log, &torn), whole);
        ck_assert_int_eq(torn > 0, i >= HEADER);
        append(log, whole);
        dp_mdr_log_free(log);
        ck_assert_uint_eq(walk_file("k", &torn), whole + 1);
        ck_assert_uint_eq(torn, 0);
    }
    test_leave_folder(folder);
}
END_TEST

static void must_refuse(const char *path, enum dp_mdr_log_mode mode, bool force,
                        const char *message)
{
    struct dp_mdr_log *log = NULL;
    struct dp_error err = {0};

    ck_assert_int_eq(dp_mdr_log_open(path, ours, mode, force, &log, &err), DP_INVALID);
    ck_assert_str_eq(err.message, message);
    ck_assert_ptr_null(log);
}

START_TEST(not_ours)
{
    const char *folder = test_enter_folder();
    struct dp_mdr_log *log = NULL;
    struct dp_error err = {0};
    uint64_t torn;

    test_write_file("text", "my thesis\n", 10);
    must_refuse("text", DP_MDR_LOG_APPEND, false, "text: it is no journal, it is not overwritten");
    must_refuse("text", DP_MDR_LOG_APPEND, true, "text: it is no journal, it is not overwritten");
    must_refuse("text", DP_MDR_LOG_READ, true, "text: it is no journal, it is not overwritten");
    must_refuse("/dev/null", DP_MDR_LOG_APPEND, true,
                "/dev/null: it is no file, a journal cannot be there");
    ck_assert_int_eq(dp_mdr_log_open(".", ours, DP_MDR_LOG_APPEND, false, &log, &err), DP_IO);
    ck_assert_int_lt(dp_mdr_log_open("text/j", ours, DP_MDR_LOG_READ, false, &log, &err), 0);
    ck_assert_uint_eq(size_of("text"), 10);

    ck_assert_int_eq(dp_mdr_log_open("j", others, DP_MDR_LOG_APPEND, false, &log, NULL), DP_OK);
    append(log, 0);
    dp_mdr_log_free(log);
    must_refuse("j", DP_MDR_LOG_READ, false,
                "j: the journal of another run (other data, options or version): remove it, or "
                "replace it with --force");
    ck_assert_int_eq(dp_mdr_log_open("j", ours, DP_MDR_LOG_APPEND, true, &log, NULL), DP_OK);
    ck_assert_uint_eq(walk(log, &torn), 0);
    ck_assert_uint_eq(size_of("j"), HEADER + FRAME); /* until something is written */
    append(log, 0);
    append(log, 1);
    dp_mdr_log_free(log);
    ck_assert_uint_eq(walk_file("j", &torn), 2);
    test_leave_folder(folder);
}
END_TEST

START_TEST(two_that_append)
{
    const char *folder = test_enter_folder();
    struct dp_mdr_log *first = open_log("j", DP_MDR_LOG_APPEND);
    struct dp_mdr_log *second = open_log("j", DP_MDR_LOG_APPEND); /* there is no file as yet */
    struct dp_error err = {0};
    uint64_t torn;

    append(first, 0);
    ck_assert_int_eq(dp_mdr_log_append(second, 1, NULL, 0, &err), DP_INVALID);
    ck_assert_str_eq(err.message, "j: another process is writing this journal");
    dp_mdr_log_free(second);
    must_refuse("j", DP_MDR_LOG_APPEND, true, "j: another process is writing this journal");
    append(first, 1);
    dp_mdr_log_free(first);
    first = open_log("j", DP_MDR_LOG_APPEND); /* nor one that only looks as yet */
    must_refuse("j", DP_MDR_LOG_APPEND, false, "j: another process is writing this journal");
    ck_assert_uint_eq(walk_file("j", &torn), 2); /* anybody may read */
    dp_mdr_log_free(first);
    test_leave_folder(folder);
}
END_TEST

/* Nobody may append where the end was not looked for. */
START_TEST(not_walked)
{
    const char *folder = test_enter_folder();
    struct dp_mdr_log *log;
    struct dp_error err = {0};
    unsigned n = 0;
    uint64_t torn;

    make_file("j", 99);
    log = open_log("j", DP_MDR_LOG_APPEND);
    ck_assert_int_eq(dp_mdr_log_append(log, 1, NULL, 0, &err), DP_INVALID);
    ck_assert_str_eq(err.message, "j: its end was not looked for");
    /* take() wants no more behind record 98 */
    ck_assert_int_eq(dp_mdr_log_walk(log, take, &n, &torn, &err), DP_CANCELLED);
    ck_assert_str_eq(err.message, "enough");
    ck_assert_uint_eq(n, 99);
    ck_assert_int_eq(dp_mdr_log_append(log, 1, NULL, 0, &err), DP_INVALID);
    dp_mdr_log_free(log);
    test_leave_folder(folder);
}
END_TEST

START_TEST(without_a_name)
{
    struct dp_mdr_log *log = open_log(NULL, DP_MDR_LOG_APPEND);
    uint64_t torn;
    unsigned n;

    ck_assert_str_eq(dp_mdr_log_name(log), DP_SCRATCH_NAME);
    ck_assert_uint_eq(walk(log, &torn), 0);
    for (n = 0; n < 50; n++)
        append(log, n);
    ck_assert_int_eq(dp_mdr_log_sync(log, NULL), DP_OK);
    ck_assert_uint_eq(walk(log, &torn), 50);
    ck_assert_uint_eq(torn, 0);
    append(log, 50);
    ck_assert_uint_eq(walk(log, &torn), 51);
    dp_mdr_log_free(log);
}
END_TEST

TEST_MAIN("mdr_log", what_was_appended_is_there, cut_anywhere, damaged_anywhere, not_ours,
          two_that_append, not_walked, without_a_name)
