/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A set of numbers written as "3,10-20,7": sorted and without overlaps. Zero-filled: everything. */

#ifndef DP_TOOLS_SELECTION_H
#define DP_TOOLS_SELECTION_H

#include "base/array.h"

#include <stdbool.h>
#include <stdint.h>

struct dp_selection {
    struct dp_array parts; /* of struct dp_selection_part; ascending */
};

struct dp_selection_part {
    uint64_t first; /* inclusive */
    uint64_t last;
};

/* False when `text` is no such list or memory is short. Numbers start at 1. */
bool dp_selection_parse(struct dp_selection *selection, const char *text);
void dp_selection_free(struct dp_selection *selection);
bool dp_selection_has(const struct dp_selection *selection, uint64_t number);
/* How many numbers are in the set; 0 for "everything". */
uint64_t dp_selection_count(const struct dp_selection *selection);

#endif
