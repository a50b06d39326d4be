/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/zcat_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t dp_zcat_name_suffix(const char *suffix, const char *name)
{
    const char *const known[] = {suffix, ".gz", ".z", ".taz", ".tgz", "-gz", "-z", "_z"};
    size_t length = strlen(name), tail, i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        tail = strlen(known[i]);
        if (length > tail && name[length - tail - 1] != '/' &&
            strcasecmp(name + length - tail, known[i]) == 0)
            return tail;
    }
    return 0;
}

/* `length` bytes of `name`, then `end`. */
static char *join(const char *name, size_t length, const char *end)
{
    char *joined = malloc(length + strlen(end) + 1);

    if (!joined)
        return NULL;
    memcpy(joined, name, length);
    strcpy(joined + length, end);
    return joined;
}

char *dp_zcat_name_resolve(const char *suffix, const char *name, struct stat *status)
{
    const char *const tried[] = {suffix, ".gz", ".z", "-gz", "-z", "_z"};
    size_t i;
    char *candidate;

    if (stat(name, status) == 0 || errno != ENOENT || dp_zcat_name_suffix(suffix, name))
        return strdup(name);
    for (i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
        candidate = join(name, strlen(name), tried[i]);
        if (!candidate || stat(candidate, status) == 0)
            return candidate;
        free(candidate);
    }
    return join(name, strlen(name), suffix);
}

char *dp_zcat_name_uncompressed(const char *suffix, const char *name)
{
    size_t tail = dp_zcat_name_suffix(suffix, name);
    size_t length = strlen(name) - tail;
    bool archive = strcasecmp(name + length, ".tgz") == 0 || strcasecmp(name + length, ".taz") == 0;

    return join(name, length, archive ? ".tar" : "");
}

char *dp_zcat_name_inside(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    const char *slash = length && folder[length - 1] == '/' ? "" : "/";
    char *joined;

    return asprintf(&joined, "%s%s%s", folder, slash, name) < 0 ? NULL : joined;
}
