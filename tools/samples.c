/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/samples.h"

#include "base/array.h"
#include "base/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Names of more bytes than this are no list of samples. */
#define NAMES_MAX ((size_t)256 << 20)

static bool is_file(const char *name)
{
    struct stat about;

    return stat(name, &about) == 0 && !S_ISDIR(about.st_mode);
}

static int put(struct dp_array *names, const char *part, size_t length, struct dp_error *err)
{
    if (length > NAMES_MAX - names->length)
        return dp_error_set(err, DP_INVALID, "--samples: too many names");
    if (!dp_array_append(names, part, length, 1) || !dp_array_append(names, "\n", 1, 1))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int read_file(const char *path, struct dp_array *names, struct dp_error *err)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int rc = DP_OK;

    if (!file)
        return dp_error_set_errno(err, errno, "%s", path);
    while (!rc && (length = getline(&line, &room, file)) >= 0) {
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            length--;
        if (length > 0)
            rc = put(names, line, (size_t)length, err);
    }
    if (!rc && ferror(file))
        rc = dp_error_set_errno(err, errno, "%s", path);
    free(line);
    fclose(file);
    return rc;
}

static int read_list(const char *list, struct dp_array *names, struct dp_error *err)
{
    size_t length;
    int rc = DP_OK;

    for (; !rc && *list; list += length + (list[length] == ',')) {
        length = strcspn(list, ",");
        rc = put(names, list, length, err);
    }
    return rc;
}

int dp_samples_read(const char *value, char **names, struct dp_error *err)
{
    struct dp_array made = {0};
    int rc = DP_OK;

    if (*value == '^' && !dp_array_append(&made, value++, 1, 1))
        return dp_error_no_memory(err);
    if (*value == '@')
        rc = read_file(value + 1, &made, err);
    else
        rc = is_file(value) ? read_file(value, &made, err) : read_list(value, &made, err);
    if (!rc && !dp_array_append(&made, "", 1, 1))
        rc = dp_error_no_memory(err);
    if (rc)
        dp_array_free(&made);
    else
        *names = made.data;
    return rc;
}
