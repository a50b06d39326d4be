/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A growable array of bytes or of fixed-size elements. Zero-initialise, append, free.
 * Appending costs amortised O(1); on failure (out of memory) the array is unchanged. */

#ifndef DP_BASE_ARRAY_H
#define DP_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

struct dp_array {
    void *data;      /* NULL while empty */
    size_t length;   /* elements in use */
    size_t capacity; /* elements allocated */
};

/* Makes room for `extra` more elements. False when out of memory. */
bool dp_array_reserve(struct dp_array *array, size_t extra, size_t element_bytes);

/* Appends `count` elements copied from `elements`. False when out of memory. */
bool dp_array_append(struct dp_array *array, const void *elements, size_t count,
                     size_t element_bytes);

/* Releases the memory and leaves an empty array. */
void dp_array_free(struct dp_array *array);

#endif
