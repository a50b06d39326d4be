/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/selection.h"

#include "base/size.h"

#include <stdlib.h>
#include <string.h>

/* Reads "K" or "K-L" of `length` characters. */
static bool parse_part(const char *text, size_t length, struct dp_selection_part *part)
{
    char buffer[64];
    char *dash;

    if (length >= sizeof(buffer))
        return false;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    dash = strchr(buffer, '-');
    if (dash)
        *dash = '\0';
    if (!dp_count_parse(buffer, &part->first))
        return false;
    part->last = part->first;
    if (dash && !dp_count_parse(dash + 1, &part->last))
        return false;
    return part->first > 0 && part->first <= part->last && part->last < UINT64_MAX;
}

static int compare_parts(const void *a, const void *b)
{
    const struct dp_selection_part *x = a, *y = b;

    return (x->first > y->first) - (x->first < y->first);
}

/* Sorts, and joins what overlaps or touches. */
static void normalise(struct dp_selection *selection)
{
    struct dp_selection_part *parts = selection->parts.data;
    size_t count = selection->parts.length, used = 1, i;

    qsort(parts, count, sizeof(*parts), compare_parts);
    for (i = 1; i < count; i++) {
        if (parts[i].first > parts[used - 1].last + 1)
            parts[used++] = parts[i];
        else if (parts[i].last > parts[used - 1].last)
            parts[used - 1].last = parts[i].last;
    }
    selection->parts.length = used;
}

bool dp_selection_parse(struct dp_selection *selection, const char *text)
{
    struct dp_selection made = {0};
    struct dp_selection_part part;
    size_t length;

    for (;; text += length + 1) {
        length = strcspn(text, ",");
        if (!parse_part(text, length, &part) ||
            !dp_array_append(&made.parts, &part, 1, sizeof(part))) {
            dp_selection_free(&made);
            return false;
        }
        if (!text[length])
            break;
    }
    normalise(&made);
    dp_selection_free(selection);
    *selection = made;
    return true;
}

void dp_selection_free(struct dp_selection *selection)
{
    dp_array_free(&selection->parts);
}

bool dp_selection_has(const struct dp_selection *selection, uint64_t number)
{
    const struct dp_selection_part *parts = selection->parts.data;
    size_t low = 0, high = selection->parts.length;

    if (high == 0)
        return true;
    while (low < high) { /* the first part that ends at or after the number */
        size_t middle = low + (high - low) / 2;

        if (parts[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < selection->parts.length && parts[low].first <= number;
}

uint64_t dp_selection_count(const struct dp_selection *selection)
{
    const struct dp_selection_part *parts = selection->parts.data;
    uint64_t count = 0;
    size_t i;

    for (i = 0; i < selection->parts.length; i++)
        count += parts[i].last - parts[i].first + 1;
    return count;
}
