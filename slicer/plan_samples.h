/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Slices of VCF or BCF with some of the samples only: every piece gets a filter of columns. */

#ifndef DP_SLICER_PLAN_SAMPLES_H
#define DP_SLICER_PLAN_SAMPLES_H

#include "slicer/slice.h"

/* Finds the samples `wanted` (names separated by newlines; '^' in front: all others) in a whole
 * header. DP_UNSUPPORTED when the format knows no samples, DP_INVALID when there is no such one.
 * The caller frees *columns, the keys of the format's filter in JSON (format/filter.h). */
int dp_plan_samples_choose(const struct dp_format *format, const uint8_t *header,
                           size_t header_bytes, const char *wanted, const char *name,
                           char **columns, struct dp_error *err);
/* The same where the header is read from the object. */
int dp_plan_samples_read(struct dp_index *index, struct dp_object *object, const char *wanted,
                         char **columns, struct dp_error *err);
/* Adds these keys to the filters of all pieces, and counts the slice's records anew. */
int dp_plan_samples_apply(const char *columns, struct dp_slice *slice, struct dp_error *err);

#endif
