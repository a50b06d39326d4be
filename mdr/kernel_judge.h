/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The judging half of kernel_body.h, for lanes of type NUMBER; NAME(verb) makes its names.
 *
 * For each cell c and fold f, w(f, c) is the weighted sum of what tests and W(c) that over all
 * folds, so W - w is what trains and c is high risk when W - w > 0, or = 0 without being empty.
 * - Training: the sum over high cells of W - w is the sum of its positive values, exactly.
 * - Testing: the sum over high cells of w. Where W - w = 0 a cell is taken as high when that adds
 *   (w = W > 0) and as low when not: at least the true sum, whether the cell was empty or not.
 * - Over all folds, testing adds at most the sum of the positive W: of a cell with W >= 0, all
 *   folds add up to W, and those left out (w > W) have more than W each; with W < 0, every w that
 *   is added is <= W.
 */

#define VALUES   NAME(numbers)
#define PER_LOAD (VECTOR_BYTES / sizeof(NUMBER))

INLINE VALUES NAME(load_count)(const uint16_t *from)
{
    typedef uint16_t counts __attribute__((vector_size(2 * PER_LOAD), __may_alias__));

    return __builtin_convertvector(*(const counts *)(const void *)from, VALUES);
}

/* w of the cells of one fold, [class][call 1, 2, 0]; segments are those of the fold. */
INLINE void NAME(weigh)(const struct dp_mdr_sight *sight, unsigned fold, size_t *segment,
                        unsigned at, unsigned classes, VALUES *w)
{
    const struct dp_mdr_layout *layout = sight->frame->layout;
    const unsigned counted = 2 * (classes - 1);
    const NUMBER *column = sight->NAME(column_sum) + 2 * fold * LANES + at;
    const int32_t *row = sight->row_sum + fold * classes;
    const uint16_t *counts;
    NUMBER weight;
    VALUES first, second, last;
    unsigned r, c;

#pragma GCC unroll 9
    for (r = 0; r < classes; r++)
        w[3 * r] = w[3 * r + 1] = (VALUES){0};
    for (; *segment < layout->segment_count && layout->segments[*segment].fold == fold;
         ++*segment) {
        weight = (NUMBER)(layout->segments[*segment].is_case ? sight->weight[1]
                                                             : -sight->weight[0]);
        counts = sight->counts + *segment * counted * LANES + at;
#pragma GCC unroll 9
        for (r = 0; r < classes - 1; r++, counts += 2 * LANES) {
            first = NAME(load_count)(counts);
            second = NAME(load_count)(counts + LANES);
            if (weight == 1) { /* the usual one: as many cases as controls */
                w[3 * r] += first;
                w[3 * r + 1] += second;
            } else if (weight == -1) {
                w[3 * r] -= first;
                w[3 * r + 1] -= second;
            } else {
                w[3 * r] += weight * first;
                w[3 * r + 1] += weight * second;
            }
        }
    }
#pragma GCC unroll 2
    for (c = 0; c < 2; c++) {
        last = *(const VALUES *)(const void *)(column + c * LANES);
#pragma GCC unroll 9
        for (r = 0; r < classes - 1; r++)
            last -= w[3 * r + c];
        w[3 * (classes - 1) + c] = last;
    }
#pragma GCC unroll 9
    for (r = 0; r < classes; r++)
        w[3 * r + 2] = (NUMBER)row[r] - w[3 * r] - w[3 * r + 1];
}

/* Whether no lane can reach the limit of testing, whatever its folds are. */
INLINE bool NAME(hopeless)(const struct dp_mdr_sight *sight, unsigned cells, const VALUES *whole)
{
    VALUES most = {0};
    unsigned c;

#pragma GCC unroll 27
    for (c = 0; c < cells; c++)
        most += NAME(positive)(whole[c]);
    return !any_of((quads)(most >= (NUMBER)sight->test_limit));
}

INLINE VALUES NAME(reach)(const struct dp_mdr_sight *sight, unsigned at, unsigned classes)
{
    const unsigned cells = 3 * classes, folds = sight->frame->fold_count;
    VALUES w[DP_MDR_MAX_FOLDS * 3 * DP_MDR_MAX_CLASSES], whole[3 * DP_MDR_MAX_CLASSES];
    VALUES tie[3 * DP_MDR_MAX_CLASSES], training, testing = {0}, train, reached = {0};
    size_t segment = 0;
    unsigned f, c;

    for (c = 0; c < cells; c++)
        whole[c] = (VALUES){0};
    for (f = 0; f < folds; f++) {
        NAME(weigh)(sight, f, &segment, at, classes, w + f * cells);
#pragma GCC unroll 27
        for (c = 0; c < cells; c++)
            whole[c] += w[f * cells + c];
    }
    if (sight->prune && NAME(hopeless)(sight, cells, whole))
        return reached;
    for (c = 0; c < cells; c++)
        tie[c] = (VALUES)(whole[c] > 0); /* -1: a tie counts as high */
    for (f = 0; f < folds; f++) {
        train = (VALUES){0};
#pragma GCC unroll 27
        for (c = 0; c < cells; c++) {
            training = whole[c] - w[f * cells + c];
            train += NAME(positive)(training);
            testing = NAME(add_where)(NAME(greater)(training, tie[c]), testing, w[f * cells + c]);
        }
        if (sight->train)
            reached |= (VALUES)(train >= (NUMBER)sight->train_limit[f]);
    }
    return reached | (VALUES)(testing >= (NUMBER)sight->test_limit);
}

INLINE void NAME(report)(const struct dp_mdr_sight *sight, unsigned at, VALUES reached)
{
    unsigned n;

    if (!any_of((quads)reached))
        return;
    for (n = 0; n < PER_LOAD; n++) {
        if (reached[n])
            sight->found[(at + n) / 64] |= (uint64_t)1 << (at + n) % 64;
    }
}

TARGET static void NAME(judge)(const struct dp_mdr_sight *sight)
{
    unsigned at;

    memset(sight->found, 0, LANES / 8);
    for (at = sight->first / PER_LOAD * PER_LOAD; at < sight->end; at += PER_LOAD) {
        if (sight->classes == 3)
            NAME(report)(sight, at, NAME(reach)(sight, at, 3));
        else
            NAME(report)(sight, at, NAME(reach)(sight, at, 9));
    }
}

#include "mdr/kernel_gaps.h"

#undef VALUES
#undef PER_LOAD
#undef NAME
#undef NUMBER
