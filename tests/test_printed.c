/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/suite.h"

#include "base/printed.h"

static struct stat look(int fd)
{
    struct stat found;

    ck_assert_int_eq(fstat(fd, &found), 0);
    return found;
}

/* A new file without a name. */
static int make_file(void)
{
    char path[] = "printed-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(unlink(path), 0);
    return fd;
}

START_TEST(what_is_printed_to_is_found)
{
    int out = make_file(), complaints = make_file(), other = make_file();
    struct stat found = look(out);

    ck_assert_int_eq(dp_printed_find(&found), -1);
    ck_assert_int_eq(dup2(out, STDOUT_FILENO), STDOUT_FILENO);
    ck_assert_int_eq(dup2(complaints, STDERR_FILENO), STDERR_FILENO);
    ck_assert_int_eq(dp_printed_find(&found), STDOUT_FILENO);
    found = look(complaints);
    ck_assert_int_eq(dp_printed_find(&found), STDERR_FILENO);
    found = look(other);
    ck_assert_int_eq(dp_printed_find(&found), -1);
}
END_TEST

START_TEST(closed_descriptors_print_nowhere)
{
    int file = make_file();
    struct stat found = look(file);

    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    ck_assert_int_eq(dp_printed_find(&found), -1);
}
END_TEST

TEST_MAIN("printed", what_is_printed_to_is_found, closed_descriptors_print_nowhere)
