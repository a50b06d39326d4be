/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "index/spill.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

static struct dp_spill *open_spill(void)
{
    struct dp_spill *spill = NULL;

    ck_assert_int_eq(dp_spill_new(&spill, NULL), DP_OK);
    return spill;
}

/* Byte `i` of everything these tests append. */
static uint8_t byte_at(uint64_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

static int append(struct dp_spill *spill, size_t length, struct dp_error *err)
{
    uint64_t at = dp_spill_bytes(spill);
    uint8_t *bytes = malloc(length);
    size_t i;
    int result;

    for (i = 0; i < length; i++)
        bytes[i] = byte_at(at + i);
    result = dp_spill_append(spill, bytes, length, err);
    free(bytes);
    return result;
}

static void check_read(const struct dp_spill *spill, uint64_t offset, size_t length)
{
    uint8_t *bytes = malloc(length);
    size_t i;

    ck_assert_int_eq(dp_spill_read(spill, offset, bytes, length, NULL), DP_OK);
    for (i = 0; i < length && bytes[i] == byte_at(offset + i); i++)
        ;
    ck_assert_uint_eq(i, length);
    free(bytes);
}

START_TEST(what_was_appended_is_read_across_the_buffer)
{
    static const size_t lengths[] = {1, 100000, 200000, 0, 300000, 70000, 262144, 5};
    struct dp_spill *spill = open_spill();
    uint64_t total = 0;
    uint8_t byte;
    size_t i;

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        ck_assert_int_eq(append(spill, lengths[i], NULL), DP_OK);
        total += lengths[i];
        ck_assert_uint_eq(dp_spill_bytes(spill), total);
        check_read(spill, 0, (size_t)total);
        check_read(spill, total / 3, (size_t)(total - total / 3));
    }
    ck_assert_int_eq(dp_spill_read(spill, total, &byte, 1, NULL), DP_INVALID);
    ck_assert_int_eq(dp_spill_read(spill, UINT64_MAX, &byte, 1, NULL), DP_INVALID);
    ck_assert_int_eq(dp_spill_read(spill, total, &byte, 0, NULL), DP_OK);
    dp_spill_free(spill);
    dp_spill_free(NULL);
}
END_TEST

START_TEST(no_name_is_left_in_the_folder)
{
    const char *folder = test_enter_folder();
    struct dp_spill *spill = open_spill();
    struct dirent *entry;
    DIR *listing;

    setenv("TMPDIR", folder, 1);
    ck_assert_int_eq(append(spill, 1000000, NULL), DP_OK);
    listing = opendir(folder);
    while ((entry = readdir(listing)))
        ck_assert_int_eq(entry->d_name[0], '.');
    closedir(listing);
    dp_spill_free(spill);
    unsetenv("TMPDIR");
    test_leave_folder(folder);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
    struct dp_spill *spill = open_spill();
    struct dp_error err = {0};

    setenv("TMPDIR", "/nonexistent/folder", 1);
    ck_assert_int_eq(append(spill, 1000, &err), DP_OK); /* stays in memory */
    ck_assert_int_eq(append(spill, 1000000, &err), DP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "/nonexistent/folder"));
    dp_spill_free(spill);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
    struct rlimit limit = {400000, 400000};
    struct dp_spill *spill = open_spill();
    struct dp_error err = {0};

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(append(spill, 300000, &err), DP_OK);
    ck_assert_int_eq(append(spill, 300000, &err), DP_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "temporary file"));
    dp_spill_free(spill);
}
END_TEST

TEST_MAIN("spill", what_was_appended_is_read_across_the_buffer, no_name_is_left_in_the_folder,
          a_folder_that_is_not_there_is_named, a_full_disk_is_an_error)
