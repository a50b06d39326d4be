/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Gives a changed slice a checksum that fits again (slicer/SLICE.md), so that tests get past it. */

#ifndef DP_TESTS_SLICE_RECHECK_H
#define DP_TESTS_SLICE_RECHECK_H

#include "base/crc32.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The line of `root` with its "check" replaced; the caller frees it. */
static inline char *slice_recheck(json_t *root)
{
    char *text, check[12];

    json_object_del(root, "check");
    text = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (!text)
        abort();
    snprintf(check, sizeof(check), "%08x", (unsigned)dp_crc32(0, text, strlen(text)));
    free(text);
    json_object_set_new(root, "check", json_string(check));
    text = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (!text)
        abort();
    return text;
}

#endif
