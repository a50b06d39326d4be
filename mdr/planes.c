/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/planes.h"

#include "base/checked.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, WORD_BITS = 16 };

struct dp_mdr_planes {
    struct dp_mdr_cohort cohort;
    struct dp_mdr_layout layout;
    struct dp_mdr_segment *segments;
    uint32_t *sources; /* columns of the genotypes in the order of the bits, without padding */
    size_t variant_count;
    size_t row_words; /* 16-bit words from one row to the next */
    uint16_t *rows;
    void *own; /* `rows` where they are ours */
};

static void count_classes(const struct dp_mdr_cohort *cohort, uint64_t counts[DP_MDR_MAX_FOLDS][2])
{
    size_t s;

    memset(counts, 0, sizeof(uint64_t) * DP_MDR_MAX_FOLDS * 2);
    for (s = 0; s < cohort->sample_count; s++)
        counts[cohort->fold[s]][cohort->is_case[s]]++;
}

static uint64_t pieces_of(uint64_t samples)
{
    return (samples + DP_MDR_SEGMENT_SAMPLES - 1) / DP_MDR_SEGMENT_SAMPLES;
}

/* Pieces but the last of a fold and class are full words, so that only the sum matters. */
static uint64_t words_of(uint64_t samples)
{
    return (samples + WORD_BITS - 1) / WORD_BITS;
}

/* Segments and words of a plane, all folds together. */
static void measure(const struct dp_mdr_cohort *cohort, uint64_t *segments, uint64_t *words)
{
    uint64_t counts[DP_MDR_MAX_FOLDS][2];
    unsigned f, c;

    count_classes(cohort, counts);
    *segments = *words = 0;
    for (f = 0; f < cohort->fold_count; f++) {
        for (c = 0; c < 2; c++) {
            *segments += pieces_of(counts[f][c]);
            *words += words_of(counts[f][c]);
        }
    }
}

/* 16-bit words of a row: both planes, rounded up so that every row is aligned. */
static uint64_t row_words_of(uint64_t plane_words)
{
    const uint64_t step = ALIGNMENT / sizeof(uint16_t);

    return (2 * plane_words + step - 1) / step * step;
}

size_t dp_mdr_planes_bytes(const struct dp_mdr_cohort *cohort, size_t variant_count)
{
    uint64_t segments, words, bytes;

    measure(cohort, &segments, &words);
    if (!dp_checked_mul(row_words_of(words) * sizeof(uint16_t), variant_count, &bytes) ||
        bytes > SIZE_MAX / 2)
        return 0;
    return (size_t)bytes;
}

static int copy_cohort(struct dp_mdr_cohort *to, const struct dp_mdr_cohort *from)
{
    size_t n = from->sample_count;

    *to = *from;
    to->column = malloc((n ? n : 1) * sizeof(*to->column));
    to->is_case = malloc(n ? n : 1);
    to->fold = malloc(n ? n : 1);
    if (!to->column || !to->is_case || !to->fold)
        return DP_NO_MEMORY;
    if (n) {
        memcpy(to->column, from->column, n * sizeof(*to->column));
        memcpy(to->is_case, from->is_case, n);
        memcpy(to->fold, from->fold, n);
    }
    return 0;
}

static void lay_out(struct dp_mdr_planes *planes)
{
    uint64_t counts[DP_MDR_MAX_FOLDS][2], left;
    struct dp_mdr_segment *segment = planes->segments;
    uint32_t word = 0, samples;
    unsigned f, c;

    count_classes(&planes->cohort, counts);
    for (f = 0; f < planes->cohort.fold_count; f++) {
        for (c = 0; c < 2; c++) {
            for (left = counts[f][c]; left; left -= samples) {
                samples = left < DP_MDR_SEGMENT_SAMPLES ? (uint32_t)left : DP_MDR_SEGMENT_SAMPLES;
                segment->first_word = word;
                segment->word_count = (uint32_t)words_of(samples);
                segment->sample_count = samples;
                segment->fold = (uint8_t)f;
                segment->is_case = (uint8_t)c;
                word += segment->word_count;
                segment++;
            }
        }
    }
}

/* Sorts the columns by fold and class; within these they stay in order. */
static void sort_columns(struct dp_mdr_planes *planes)
{
    const struct dp_mdr_cohort *cohort = &planes->cohort;
    uint64_t counts[DP_MDR_MAX_FOLDS][2], next[DP_MDR_MAX_FOLDS][2], at = 0;
    unsigned f, c;
    size_t s;

    count_classes(cohort, counts);
    for (f = 0; f < cohort->fold_count; f++) {
        for (c = 0; c < 2; c++) {
            next[f][c] = at;
            at += counts[f][c];
        }
    }
    for (s = 0; s < cohort->sample_count; s++)
        planes->sources[next[cohort->fold[s]][cohort->is_case[s]]++] = cohort->column[s];
}

static int get_memory(struct dp_mdr_planes *planes, void *memory)
{
    size_t bytes = dp_mdr_planes_bytes(&planes->cohort, planes->variant_count);

    planes->rows = memory;
    if (memory || !planes->variant_count || !planes->row_words)
        return 0;
    if (!bytes)
        return DP_NO_MEMORY;
    planes->own = aligned_alloc(ALIGNMENT, bytes);
    planes->rows = planes->own;
    return planes->own ? 0 : DP_NO_MEMORY;
}

int dp_mdr_planes_new(const struct dp_mdr_cohort *cohort, size_t variant_count, void *memory,
                      struct dp_mdr_planes **planes, struct dp_error *err)
{
    struct dp_mdr_planes *made = calloc(1, sizeof(*made));
    uint64_t segments, words;

    if (!made)
        return dp_error_no_memory(err);
    measure(cohort, &segments, &words);
    made->variant_count = variant_count;
    made->row_words = (size_t)row_words_of(words);
    made->segments = calloc(segments ? segments : 1, sizeof(*made->segments));
    made->sources = malloc((cohort->sample_count ? cohort->sample_count : 1) * sizeof(uint32_t));
    if (!made->segments || !made->sources || copy_cohort(&made->cohort, cohort) ||
        get_memory(made, memory)) {
        dp_mdr_planes_free(made);
        return dp_error_no_memory(err);
    }
    lay_out(made);
    sort_columns(made);
    made->layout.segment_count = (size_t)segments;
    made->layout.segments = made->segments;
    made->layout.word_count = (size_t)words;
    *planes = made;
    return 0;
}

void dp_mdr_planes_set(struct dp_mdr_planes *planes, size_t number, const uint8_t *row)
{
    uint16_t *low = planes->rows + number * planes->row_words;
    uint16_t *high = low + planes->layout.word_count;
    const uint32_t *source = planes->sources;
    uint32_t left, part, b, low_word, high_word, code;
    size_t n;

    for (n = 0; n < planes->layout.segment_count; n++) {
        for (left = planes->segments[n].sample_count; left; left -= part) {
            part = left < WORD_BITS ? left : WORD_BITS;
            low_word = high_word = 0;
            for (b = 0; b < part; b++, source++) {
                code = (uint32_t)row[*source / 4] >> 2 * (*source % 4);
                low_word |= (code & 1) << b;
                high_word |= (code >> 1 & 1) << b;
            }
            *low++ = (uint16_t)low_word;
            *high++ = (uint16_t)high_word;
        }
    }
    /* `high` is now behind both planes: what is left of the row is defined, too. */
    memset(high, 0,
           (planes->row_words - 2 * planes->layout.word_count) * sizeof(*high));
}

const struct dp_mdr_cohort *dp_mdr_planes_cohort(const struct dp_mdr_planes *planes)
{
    return &planes->cohort;
}

size_t dp_mdr_planes_variant_count(const struct dp_mdr_planes *planes)
{
    return planes->variant_count;
}

const struct dp_mdr_layout *dp_mdr_planes_layout(const struct dp_mdr_planes *planes)
{
    return &planes->layout;
}

const uint16_t *dp_mdr_planes_row(const struct dp_mdr_planes *planes, size_t number)
{
    return planes->rows + number * planes->row_words;
}

void dp_mdr_planes_free(struct dp_mdr_planes *planes)
{
    if (!planes)
        return;
    dp_mdr_cohort_free(&planes->cohort);
    free(planes->segments);
    free(planes->sources);
    free(planes->own);
    free(planes);
}
