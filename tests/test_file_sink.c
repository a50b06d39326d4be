/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static bool no_descriptor_is_left;

/* The library doubles a descriptor by this one. */
int fcntl(int fd, int command, ...)
{
    va_list arguments;
    long argument;

    va_start(arguments, command);
    argument = va_arg(arguments, long);
    va_end(arguments);
    if (no_descriptor_is_left && command == F_DUPFD_CLOEXEC) {
        errno = EMFILE;
        return -1;
    }
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

/* Names in the current folder, hidden ones too. */
static int count_names(void)
{
    DIR *dir = opendir(".");
    int count = -2;

    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void check_content(const char *path, const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "rb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(text, 1, sizeof(text) - 1, file), strlen(expected));
    fclose(file);
    ck_assert_str_eq(text, expected);
}

START_TEST(appears_at_commit_and_whole)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_sink *sink;

    ck_assert_int_eq(dp_sink_open(context, "new", &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "one ", 4, NULL), DP_OK);
    ck_assert_int_ne(access("new", F_OK), 0);
    ck_assert_int_eq(dp_sink_write(sink, "two", 3, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, NULL), DP_OK);
    check_content("new", "one two");
    ck_assert_int_eq(dp_sink_write(sink, "x", 1, NULL), DP_INVALID);
    ck_assert_int_eq(dp_sink_commit(sink, NULL), DP_INVALID);
    dp_sink_free(sink);
    ck_assert_int_eq(count_names(), 1);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(large_and_small_writes_keep_their_order)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    size_t sizes[] = {1, 100, 300000, 7, 262144, 262143, 5, 0, 1000000}, i, k, n = 0;
    char *data = malloc(2000000), *back = malloc(2000000);
    struct dp_object *object;
    struct dp_sink *sink;

    for (i = 0; i < 2000000; i++)
        data[i] = (char)(i * 31 >> 5);
    ck_assert_int_eq(dp_sink_open(context, "x", &sink, NULL), DP_OK);
    for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); n += sizes[k++])
        ck_assert_int_eq(dp_sink_write(sink, data + n, sizes[k], NULL), DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, NULL), DP_OK);
    dp_sink_free(sink);
    ck_assert_int_eq(dp_object_open(context, "x", NULL, &object, NULL), DP_OK);
    ck_assert_uint_eq(dp_object_size(object), n);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, n}, back, NULL), DP_OK);
    ck_assert_int_eq(memcmp(data, back, n), 0);
    dp_object_free(object);
    free(data);
    free(back);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(without_commit_nothing_is_left)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_sink *sink;

    test_write_file("old", "kept", 4);
    ck_assert_int_eq(dp_sink_open(context, "old", &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "lost", 4, NULL), DP_OK);
    dp_sink_free(sink);
    check_content("old", "kept");
    ck_assert_int_eq(count_names(), 1);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(replaces_and_keeps_the_mode_and_the_link)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_sink *sink;
    struct stat about;

    test_write_file("old", "before", 6);
    ck_assert_int_eq(chmod("old", 0640), 0);
    ck_assert_int_eq(symlink("old", "link"), 0);
    ck_assert_int_eq(dp_sink_open(context, "link", &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "after", 5, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, NULL), DP_OK);
    dp_sink_free(sink);
    check_content("old", "after");
    ck_assert_int_eq(lstat("link", &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
    ck_assert_int_eq(stat("old", &about), 0);
    ck_assert_int_eq(about.st_mode & 0777, 0640);
    ck_assert_int_eq(count_names(), 2);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(a_bad_place_is_found_out_at_once)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_sink *sink = NULL;
    struct dp_error err;

    ck_assert_int_eq(dp_sink_open(context, "none/x", &sink, &err), DP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "none/x"));
    ck_assert_int_eq(dp_sink_open(context, folder, &sink, &err), DP_INVALID);
    if (geteuid() != 0) {
        test_write_file("x", "abc", 3);
        ck_assert_int_eq(chmod("x", 0444), 0);
        ck_assert_int_eq(dp_sink_open(context, "x", &sink, &err), DP_DENIED);
        ck_assert_int_eq(chmod(".", 0555), 0);
        ck_assert_int_eq(dp_sink_open(context, "y", &sink, &err), DP_DENIED);
    }
    ck_assert_ptr_null(sink);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(devices_and_pipes_are_written_at_once)
{
    struct dp_context *context = test_context();
    struct dp_sink *sink;
    struct stat about;
    struct dp_error err;

    ck_assert_int_eq(dp_sink_open(context, "/dev/null", &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "x", 1, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, NULL), DP_OK);
    dp_sink_free(sink);
    ck_assert_int_eq(stat("/dev/null", &about), 0);
    ck_assert(S_ISCHR(about.st_mode));

    /* The kernel's own full disk. */
    ck_assert_int_eq(dp_sink_open(context, "/dev/full", &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "x", 1, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, &err), DP_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "/dev/full: No space left"));
    dp_sink_free(sink);
    dp_context_free(context);
}
END_TEST

/* What standard output is, by whatever name: the bytes come behind those that stand there. */
START_TEST(what_is_printed_to_is_not_replaced)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    char have[20] = "";
    struct dp_sink *sink;
    int kept = dup(STDOUT_FILENO), fd = open("log", O_RDWR | O_CREAT | O_APPEND, 0666), rc;

    ck_assert_int_eq(write(fd, "before ", 7), 7);
    ck_assert_int_eq(symlink("log", "link"), 0);
    dup2(fd, STDOUT_FILENO);
    rc = dp_sink_open(context, "link", &sink, NULL);
    dup2(kept, STDOUT_FILENO);
    ck_assert_int_eq(rc, DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, "behind", 6, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_commit(sink, NULL), DP_OK);
    dp_sink_free(sink);
    ck_assert_int_eq(pread(fd, have, sizeof(have) - 1, 0), 13);
    ck_assert_str_eq(have, "before behind");
    close(fd);
    close(kept);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Even when the last descriptor goes just then, and one comes free a moment later. */
START_TEST(what_is_printed_to_is_not_replaced_for_want_of_a_descriptor)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_sink *sink = NULL;
    struct dp_error err;
    int kept = dup(STDOUT_FILENO), fd = open("log", O_RDWR | O_CREAT | O_APPEND, 0666), rc;

    ck_assert_int_eq(write(fd, "before ", 7), 7);
    dup2(fd, STDOUT_FILENO);
    no_descriptor_is_left = true;
    rc = dp_sink_open(context, "log", &sink, &err);
    no_descriptor_is_left = false;
    dup2(kept, STDOUT_FILENO);
    ck_assert_int_eq(rc, DP_IO);
    ck_assert_ptr_null(sink);
    ck_assert_str_eq(err.message, "log: Too many open files");
    check_content("log", "before ");
    ck_assert_int_eq(count_names(), 1);
    close(fd);
    close(kept);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* A limit on the size of files fails writes in the middle as a full disk does. */
START_TEST(a_failed_write_is_never_committed)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct rlimit limit = {4096, 4096};
    char *data = calloc(1, 1 << 20);
    struct dp_sink *sink;
    struct dp_error err;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(dp_sink_open(context, "x", &sink, NULL), DP_OK);
    ck_assert_int_eq(dp_sink_write(sink, data, 1 << 20, &err), DP_IO);
    ck_assert_int_eq(dp_sink_commit(sink, &err), DP_INVALID);
    dp_sink_free(sink);
    ck_assert_int_eq(count_names(), 0);
    free(data);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(a_killed_process_leaves_no_final_name)
{
    const char *folder = test_enter_folder();
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct dp_context *context = test_context();
        char *data = calloc(1, 1 << 20);
        struct dp_sink *sink;

        if (dp_sink_open(context, "x", &sink, NULL) || dp_sink_write(sink, data, 1 << 20, NULL))
            _exit(1);
        raise(SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ck_assert_int_ne(access("x", F_OK), 0);
    test_leave_folder(folder);
}
END_TEST

START_TEST(folders_are_made)
{
    const char *folder = test_enter_folder();
    struct dp_error err;

    ck_assert_int_eq(dp_file_sink_make_folders("a/b/c.dpi", &err), DP_OK);
    ck_assert_int_eq(dp_file_sink_make_folders("a/b/d.dpi", &err), DP_OK);
    ck_assert_int_eq(access("a/b", F_OK), 0);
    ck_assert_int_eq(dp_file_sink_make_folders("plain", &err), DP_OK);
    ck_assert_int_eq(dp_file_sink_make_folders("s3://b/k/l", &err), DP_OK);
    test_write_file("file", "x", 1);
    ck_assert_int_ne(dp_file_sink_make_folders("file/x/y", &err), DP_OK);
    ck_assert_int_eq(count_names(), 2);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("file_sink", appears_at_commit_and_whole, large_and_small_writes_keep_their_order,
          without_commit_nothing_is_left, replaces_and_keeps_the_mode_and_the_link,
          a_bad_place_is_found_out_at_once, devices_and_pipes_are_written_at_once,
          what_is_printed_to_is_not_replaced,
          what_is_printed_to_is_not_replaced_for_want_of_a_descriptor,
          a_failed_write_is_never_committed, a_killed_process_leaves_no_final_name,
          folders_are_made)
