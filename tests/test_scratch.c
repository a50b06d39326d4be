/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* base/scratch.c: temporary files that nobody sees, and all or nothing at a place. */

#include "config.h"

#include "base/scratch.h"
#include "tests/connectors.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static unsigned names_in(const char *folder)
{
    DIR *names = opendir(folder);
    unsigned count = 0;
    struct dirent *name;

    while ((name = readdir(names)) != NULL)
        count += name->d_name[0] != '.';
    closedir(names);
    return count;
}

START_TEST(no_name_and_not_for_others)
{
    const char *folder = test_enter_folder();
    struct stat found;
    int fd = -1, i;

    for (i = 0; i < 2; i++) {
        if (i)
            unsetenv("TMPDIR");
        else
            setenv("TMPDIR", folder, 1);
        ck_assert_int_eq(dp_scratch_open(&fd, NULL), DP_OK);
        ck_assert_int_eq(fstat(fd, &found), 0);
        ck_assert_uint_eq(found.st_nlink, 0);
        ck_assert_uint_eq(found.st_size, 0);
        ck_assert_uint_eq(found.st_mode & 0777, 0600);
        ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_uint_eq(names_in("."), 0);
        close(fd);
    }
    test_leave_folder(folder);
}
END_TEST

START_TEST(where_it_cannot_be)
{
    struct dp_error err = {0};
    char name[5000];
    int fd = -7;

    setenv("TMPDIR", "/nowhere", 1);
    ck_assert_int_eq(dp_scratch_open(&fd, &err), DP_NOT_FOUND);
    ck_assert_str_eq(err.message,
                     "/nowhere: cannot make a temporary file: No such file or directory");
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = 0;
    setenv("TMPDIR", name, 1);
    ck_assert_int_lt(dp_scratch_open(&fd, &err), 0);
    ck_assert_int_eq(fd, -7); /* untouched */
    setenv("TMPDIR", "", 1);  /* as if it were not set */
    ck_assert_int_eq(dp_scratch_open(&fd, &err), DP_OK);
    close(fd);
}
END_TEST

START_TEST(written_and_read)
{
    char bytes[100];
    int fd;

    ck_assert_int_eq(dp_scratch_open(&fd, NULL), DP_OK);
    ck_assert_int_eq(dp_scratch_read(fd, "x", 0, bytes, 100, NULL), 0);
    ck_assert_int_eq(dp_scratch_write(fd, "x", 3, "abcdef", 6, NULL), DP_OK);
    ck_assert_int_eq(dp_scratch_write(fd, "x", 5, "XY", 2, NULL), DP_OK);
    ck_assert_int_eq(dp_scratch_write(fd, "x", 100, NULL, 0, NULL), DP_OK);
    ck_assert_int_eq(dp_scratch_read(fd, "x", 0, bytes, 100, NULL), 9); /* to the end */
    ck_assert_mem_eq(bytes, "\0\0\0abXYef", 9);
    ck_assert_int_eq(dp_scratch_read(fd, "x", 4, bytes, 2, NULL), 2);
    ck_assert_mem_eq(bytes, "bX", 2);
    ck_assert_int_eq(dp_scratch_read(fd, "x", 9, bytes, 1, NULL), 0);
    ck_assert_int_eq(dp_scratch_read(fd, "x", 1000, bytes, 1, NULL), 0);
    ck_assert_int_eq(dp_scratch_write(fd, "x", UINT64_C(5) << 32, "far", 3, NULL), DP_OK);
    ck_assert_int_eq(dp_scratch_read(fd, "x", UINT64_C(5) << 32, bytes, 9, NULL), 3);
    ck_assert_mem_eq(bytes, "far", 3);
    close(fd);
}
END_TEST

/* A write that goes only half way at first is gone on with, and its failure is told. */
START_TEST(no_room_and_no_file)
{
    struct rlimit limit = {4096, 4096};
    char bytes[5000] = {0};
    struct dp_error err = {0};
    int fd;

    ck_assert_int_eq(dp_scratch_open(&fd, NULL), DP_OK);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(dp_scratch_write(fd, "x", 0, bytes, 4096, &err), DP_OK);
    ck_assert_int_eq(dp_scratch_write(fd, "x", 0, bytes, 5000, &err), DP_IO);
    ck_assert_str_eq(err.message, "x: cannot write: File too large");
    close(fd);
    ck_assert_int_eq(dp_scratch_write(fd, "x", 0, bytes, 1, &err), DP_IO);
    ck_assert_str_eq(err.message, "x: cannot write: Bad file descriptor");
    ck_assert_int_eq(dp_scratch_read(fd, "x", 0, bytes, 1, &err), DP_IO);
    ck_assert_str_eq(err.message, "x: cannot read: Bad file descriptor");
}
END_TEST

TEST_MAIN("scratch", no_name_and_not_for_others, where_it_cannot_be, written_and_read,
          no_room_and_no_file)
