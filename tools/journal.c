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
    bool resume;
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

int dp_journal_open(const char *folder, const char *form, struct dp_journal **journal,
                    struct dp_error *err)
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
    if (rc == DP_OK)
        rc = load_file(made, path, err);
    if (rc == DP_OK) {
        made->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
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

/* Is a file of this name in the folder? When that cannot be found out: yes. */
static bool is_there(const struct dp_journal *journal, const char *name)
{
    char *path;
    bool gone;

    if (asprintf(&path, "%s/%s", journal->folder, name) < 0)
        return true;
    gone = access(path, F_OK) != 0 && errno == ENOENT;
    free(path);
    return !gone;
}

/* What stands behind the first `count` fields of a line; "" when it has fewer. */
static const char *behind(const char *line, int count)
{
    for (; count > 0 && *line; count--) {
        line += strcspn(line, " ");
        line += *line == ' ';
    }
    return line;
}

/* Counts the lines of the plan; fails for a slice of another one that is still there. */
static int count_own(const struct dp_journal *journal, const char *plan_id, size_t *count,
                     struct dp_error *err)
{
    char *const *lines = journal->lines.data;
    size_t length = strlen(plan_id), i;
    const char *plan, *name;

    *count = 0;
    for (i = 0; i < journal->lines.length; i++) {
        plan = behind(lines[i], 1);
        name = behind(lines[i], 3);
        if (strncmp(plan, plan_id, length) == 0 && plan[length] == ' ')
            ++*count;
        else if (*name && is_there(journal, name))
            return dp_error_set(err, DP_INVALID, "%s: %s is there, a slice of another plan: remove "
                                "those or use another folder", journal->folder, name);
    }
    return DP_OK;
}

int dp_journal_begin(struct dp_journal *journal, const char *plan_id, bool resume,
                     struct dp_error *err)
{
    size_t own = 1;
    int rc = plan_id ? count_own(journal, plan_id, &own, err) : DP_OK;

    if (rc < 0)
        return rc;
    journal->resume = resume;
    /* With nothing to resume, lines of files that are gone go too. */
    if ((!resume || own == 0) && ftruncate(journal->fd, 0) != 0)
        return dp_error_set_errno(err, errno, "%s/%s", journal->folder, FILE_NAME);
    return DP_OK;
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
static char *make_line(const struct dp_journal *journal, const struct dp_slice_info *slice,
                       const char *name)
{
    char *path, *line = NULL;
    struct stat about;

    if (asprintf(&path, "%s/%s", journal->folder, name) < 0)
        return NULL;
    if (stat(path, &about) == 0 && asprintf(&line, "%s%s %s %lld %s", slice->id, journal->form,
                                            slice->plan_id, (long long)about.st_size, name) < 0)
        line = NULL;
    free(path);
    return line;
}

bool dp_journal_has(struct dp_journal *journal, const struct dp_slice_info *slice,
                    const char *name)
{
    char *line = journal->resume ? make_line(journal, slice, name) : NULL;
    bool found = line && journal->lines.length &&
                 bsearch(&line, journal->lines.data, journal->lines.length, sizeof(char *),
                         compare_lines);

    free(line);
    return found;
}

int dp_journal_add(struct dp_journal *journal, const struct dp_slice_info *slice, const char *name,
                   struct dp_error *err)
{
    char *line = make_line(journal, slice, name);
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
