/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The AWS tools' configuration files: [sections] of `key = value` lines. Indented lines below a key
 * without a value are keys of their own: `s3 =` and below it `  addressing_style = path` make the
 * key "s3.addressing_style". '#' and ';' begin comments, behind a value only after a blank. */

#ifndef DP_CONNECTORS_INI_H
#define DP_CONNECTORS_INI_H

#include "base/array.h"
#include "base/error.h"

struct dp_ini {
    char *path;             /* "" when there is no such file */
    struct dp_array values; /* private */
};

/* Reads `path`. A file that does not exist is an empty one. */
int dp_ini_read(struct dp_ini *ini, const char *path, struct dp_error *err);
/* Later lines win. NULL when the key is not there. */
const char *dp_ini_get(const struct dp_ini *ini, const char *section, const char *key);
bool dp_ini_has_section(const struct dp_ini *ini, const char *section);
void dp_ini_free(struct dp_ini *ini);

#endif
