/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A slice as a JSON value; the text around it (limits, version, check) is slice.c's. */

#ifndef DP_SLICER_SLICE_JSON_H
#define DP_SLICER_SLICE_JSON_H

#include "slicer/slice.h"

/* Everything but "check", keys in the order of the specification. NULL when out of memory or when
 * a string is not UTF-8. The caller drops the reference. */
json_t *dp_slice_json_write(const struct dp_slice *slice);

/* Fills *slice (zeroed before) from a version 2 object. Types and the range of every number are
 * checked here, whether they fit together is dp_slice_check's. On failure the caller still frees
 * what was filled. */
int dp_slice_json_read(json_t *root, struct dp_slice *slice, struct dp_error *err);

#endif
