/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/journal.h"

#include "base/array.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME ".dp-slice.finished"

struct dp_journal {
    pthread_mutex_t lock;
    char *folder;
    const char *form;
    int fd;
    struct dp_array lines; /* of char *: as they were when it was opened, sorted */
};

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Keeps the lines of an earlier run. A line that a crash cut short matches no slice. */
static int load(struct dp_journal *journal, FILE *file, struct dp_error *err)
{
    char *line = NULL, *copy;
    size_t capacity = 0;
    ssize_t length;
    int rc = DP_OK;

    while (rc == DP_OK && (length = getline(&line, &capacity, file)) > 0) {
        if (line[length - 1] != '\n')
            break;
        line[length - 1] = '\0';
        copy = strdup(line);
        if (!copy || !dp_array_append(&journal->lines, &copy, 1, sizeof(copy))) {
            free(copy);
            rc = dp_error_no_memory(err);
        }
    }
    free(line);
    if (rc == DP_OK && journal->lines.length)
        qsort(journal->lines.data, journal->lines.length, sizeof(char *), compare_lines);
    return rc;
}

static int load_file(struct dp_journal *journal, const char *path, struct dp_error *err)
{
    FILE *file = fopen(path, "re");
    int rc;

    if (!file && errno == ENOENT)
        return DP_OK;
    if (!file)
        return dp_error_set_errno(err, errno, "%s", path);
    rc = load(journal, file, err);
    fclose(file);
    return rc;
}

int dp_journal_open(const char *folder, const char *form, bool resume,
                    struct dp_journal **journal, struct dp_error *err)
{
    struct dp_journal *made = calloc(1, sizeof(*made));
    char *path = NULL;
    int rc = DP_OK;

    if (!made)
        return dp_error_no_memory(err);
    made->fd = -1;
    made->form = form;
    pthread_mutex_init(&made->lock, NULL);
    made->folder = strdup(folder);
    if (!made->folder || asprintf(&path, "%s/%s", folder, FILE_NAME) < 0)
        rc = dp_error_no_memory(err);
    if (rc == DP_OK && resume)
        rc = load_file(made, path, err);
    if (rc == DP_OK) {
        made->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (resume ? 0 : O_TRUNC),
                        0666);
        if (made->fd < 0)
            rc = dp_error_set_errno(err, errno, "%s", path);
    }
    free(path);
    if (rc < 0)
        dp_journal_free(made);
    else
        *journal = made;
    return rc;
}

void dp_journal_free(struct dp_journal *journal)
{
    char **lines;
    size_t i;

    if (!journal)
        return;
    lines = journal->lines.data;
    for (i = 0; i < journal->lines.length; i++)
        free(lines[i]);
    dp_array_free(&journal->lines);
    if (journal->fd >= 0)
        close(journal->fd);
    pthread_mutex_destroy(&journal->lock);
    free(journal->folder);
    free(journal);
}

/* The line of a slice whose file is there now; NULL when it is not. To be freed. */
static char *make_line(const struct dp_journal *journal, const char *id, const char *name)
{
    char *path, *line = NULL;
    struct stat about;

    if (asprintf(&path, "%s/%s", journal->folder, name) < 0)
        return NULL;
    if (stat(path, &about) == 0 &&
        asprintf(&line, "%s%s %lld %s", id, journal->form, (long long)about.st_size, name) < 0)
        line = NULL;
    free(path);
    return line;
}

bool dp_journal_has(struct dp_journal *journal, const char *id, const char *name)
{
    char *line = make_line(journal, id, name);
    bool found = line && journal->lines.length &&
                 bsearch(&line, journal->lines.data, journal->lines.length, sizeof(char *),
                         compare_lines);

    free(line);
    return found;
}

int dp_journal_add(struct dp_journal *journal, const char *id, const char *name,
                   struct dp_error *err)
{
    char *line = make_line(journal, id, name);
    ssize_t length, put;

    if (!line)
        return dp_error_set(err, DP_IO, "%s/%s: it is gone", journal->folder, name);
    length = (ssize_t)strlen(line);
    line[length] = '\n'; /* in place of the NUL; never read as text again */
    pthread_mutex_lock(&journal->lock);
    put = write(journal->fd, line, (size_t)length + 1);
    pthread_mutex_unlock(&journal->lock);
    free(line);
    if (put == length + 1)
        return DP_OK;
    if (put >= 0)
        errno = ENOSPC;
    return dp_error_set_errno(err, errno, "%s/%s", journal->folder, FILE_NAME);
}
