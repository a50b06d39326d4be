/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool dp_array_reserve(struct dp_array *array, size_t extra, size_t element_bytes)
{
    size_t needed, capacity;
    void *data;

    if (extra > SIZE_MAX - array->length)
        return false;
    needed = array->length + extra;
    if (needed <= array->capacity)
        return true;
    capacity = array->capacity > SIZE_MAX / 2 ? needed : array->capacity * 2;
    if (capacity < needed)
        capacity = needed;
    if (capacity < 16)
        capacity = 16;
    if (element_bytes && capacity > SIZE_MAX / element_bytes)
        return false;
    data = realloc(array->data, capacity * element_bytes);
    if (!data)
        return false;
    array->data = data;
    array->capacity = capacity;
    return true;
}

bool dp_array_append(struct dp_array *array, const void *elements, size_t count,
                     size_t element_bytes)
{
    if (count == 0)
        return true;
    if (!dp_array_reserve(array, count, element_bytes))
        return false;
    memcpy((char *)array->data + array->length * element_bytes, elements, count * element_bytes);
    array->length += count;
    return true;
}

void dp_array_free(struct dp_array *array)
{
    free(array->data);
    memset(array, 0, sizeof(*array));
}
