/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* How a FASTQ record of the common shape is taken apart, given the searches of one kernel. The
 * functions handed in are constants where this is used, so that the compiler inlines them into one
 * loop per kernel. */

#ifndef DP_FORMAT_SPLIT_H
#define DP_FORMAT_SPLIT_H

#include "index/format/kernels.h"

#include <string.h>

struct dp_searches {
    const uint8_t *(*skip_graph)(const uint8_t *p, const uint8_t *end);   /* outside 33..126 */
    const uint8_t *(*find_blank)(const uint8_t *p, const uint8_t *end);   /* <= 32 */
    const uint8_t *(*find_newline)(const uint8_t *p, const uint8_t *end);
    bool (*all_graph)(const uint8_t *p, size_t length);
};

/* The title line at `title` (behind the '@'). The newline that ends it, or NULL when it is not
 * within the bytes or has something unusual about it. */
static inline __attribute__((always_inline)) const uint8_t *
dp_split_title(const struct dp_searches *find, const uint8_t *title, const uint8_t *end,
               struct dp_fastq_shape *shape)
{
    const uint8_t *newline = find->find_blank(title, end);

    if (newline == end)
        return NULL;
    shape->name_bytes = (uint32_t)(newline - title);
    if (*newline != '\n') {
        if (*newline != ' ' && *newline != '\t')
            return NULL;
        newline = find->find_newline(newline, end);
        if (newline == end || newline[-1] == '\r')
            return NULL;
    }
    shape->title_bytes = (uint32_t)(newline - title);
    return newline;
}

/* The '+' line at `plus`, bare or with the title again: the newline that ends it, or NULL. */
static inline __attribute__((always_inline)) const uint8_t *
dp_split_plus(const uint8_t *plus, const uint8_t *end, const uint8_t *title, size_t title_bytes)
{
    if (end - plus < 2 || *plus != '+')
        return NULL;
    if (plus[1] == '\n')
        return plus + 1;
    if ((size_t)(end - plus) < title_bytes + 2 || plus[title_bytes + 1] != '\n' ||
        memcmp(plus + 1, title, title_bytes) != 0)
        return NULL;
    return plus + title_bytes + 1;
}

static inline __attribute__((always_inline)) bool
dp_split_record(const struct dp_searches *find, const uint8_t *record, const uint8_t *end,
                struct dp_fastq_shape *shape)
{
    const uint8_t *newline, *sequence, *quality;
    size_t length;

    if (record == end || *record != '@')
        return false;
    newline = dp_split_title(find, record + 1, end, shape);
    if (!newline)
        return false;

    sequence = newline + 1;
    newline = find->skip_graph(sequence, end);
    /* An empty line, '+' and '@' at its begin are somebody else's business. */
    if (newline == end || *newline != '\n' || newline == sequence || *sequence == '+' ||
        *sequence == '@')
        return false;
    length = (size_t)(newline - sequence);

    newline = dp_split_plus(newline + 1, end, record + 1, shape->title_bytes);
    if (!newline)
        return false;
    quality = newline + 1;
    if ((size_t)(end - quality) <= length || quality[length] != '\n' ||
        !find->all_graph(quality, length))
        return false;
    shape->sequence_bytes = (uint32_t)length;
    shape->record_bytes = (uint32_t)(quality + length + 1 - record);
    return true;
}

static inline __attribute__((always_inline)) size_t
dp_split_records(const struct dp_searches *find, const uint8_t *bytes, size_t length,
                 struct dp_fastq_shape *shapes, size_t capacity)
{
    const uint8_t *p = bytes, *end = bytes + length;
    size_t count = 0;

    while (count < capacity && dp_split_record(find, p, end, &shapes[count]))
        p += shapes[count++].record_bytes;
    return count;
}

#endif
