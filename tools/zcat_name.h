/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Names of compressed files, as gzip understands them. `suffix` is always that of --suffix. */

#ifndef DP_TOOLS_ZCAT_NAME_H
#define DP_TOOLS_ZCAT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* The length of the ending of `name` that says "compressed"; 0: it has none. */
size_t dp_zcat_name_suffix(const char *suffix, const char *name);

/* The file that `name` means: itself, or, when it does not exist, with a suffix. Where nothing
 * exists, the name that gzip complains about. NULL when out of memory; else to be freed. */
char *dp_zcat_name_resolve(const char *suffix, const char *name, struct stat *status);

/* What the file would be called uncompressed. NULL when out of memory; else to be freed. */
char *dp_zcat_name_uncompressed(const char *suffix, const char *name);

/* A file in a folder. NULL when out of memory; else to be freed. */
char *dp_zcat_name_inside(const char *folder, const char *name);

#endif
