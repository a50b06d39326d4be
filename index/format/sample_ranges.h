/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which samples a slice wants: ranges of their numbers, in the order in which they are wanted. */

#ifndef DP_FORMAT_SAMPLE_RANGES_H
#define DP_FORMAT_SAMPLE_RANGES_H

#include "base/array.h"
#include "connectors/context.h"

#include <jansson.h>

/* No slice names more samples, or one with a greater number. */
#define DP_SAMPLE_RANGES_MAX (UINT64_C(1) << 24)

/* Zero-initialise. */
struct dp_sample_ranges {
    struct dp_array ranges; /* struct dp_range */
    uint64_t count;         /* of samples, in all ranges */
    uint64_t needed;        /* samples that a record must have */
};

/* `spec` is a list of ranges of sample numbers from 0, [[begin, end], ...], half-open; it may come
 * from anybody and is not kept. What makes no sense is DP_BAD_INDEX. `name` is that of the object,
 * for messages. */
int dp_sample_ranges_read(const json_t *spec, const char *name, struct dp_sample_ranges *ranges,
                          struct dp_error *err);
void dp_sample_ranges_free(struct dp_sample_ranges *ranges);

#endif
