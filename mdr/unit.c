/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dp_mdr_searcher {
    const struct dp_mdr_planes *planes;
    struct dp_mdr_unit_options options;
    struct dp_mdr_table table;
    struct dp_mdr_scores scores;
};

/* Pairs i < j with i in [i, i_end), j in [j, j_end). */
static uint64_t count_pairs(uint64_t i, uint64_t i_end, uint64_t j, uint64_t j_end)
{
    uint64_t count = 0, full;

    if (i >= i_end || j >= j_end)
        return 0;
    if (i < j) { /* as long as i < j, every j is greater */
        full = i_end < j ? i_end : j;
        count += (full - i) * (j_end - j);
        i = full;
    }
    if (i_end > j_end)
        i_end = j_end;
    if (i < i_end) /* j_end - 1 - i for each i */
        count += (i_end - i) * (j_end - 1) - (i + i_end - 1) * (i_end - i) / 2;
    return count;
}

uint64_t dp_mdr_box_count(const struct dp_mdr_box *box)
{
    const uint32_t *begin = box->begin, *end = box->end;
    uint64_t count = 0;
    uint32_t i;

    if (box->order == 2)
        return count_pairs(begin[0], end[0], begin[1], end[1]);
    for (i = begin[0]; i < end[0]; i++)
        count += count_pairs(i + 1 > begin[1] ? i + 1 : begin[1], end[1], begin[2], end[2]);
    return count;
}

void dp_mdr_harvest_clear(struct dp_mdr_harvest *harvest)
{
    unsigned f;

    memset(harvest->fold_best, 0, sizeof(harvest->fold_best));
    for (f = 0; f < DP_MDR_MAX_FOLDS; f++)
        harvest->fold_best[f].score = -INFINITY;
    harvest->combination_count = 0;
}

void dp_mdr_harvest_merge(struct dp_mdr_harvest *harvest, const struct dp_mdr_harvest *other)
{
    unsigned f;

    for (f = 0; f < DP_MDR_MAX_FOLDS; f++) {
        if (dp_mdr_hit_compare(&other->fold_best[f], &harvest->fold_best[f]) < 0)
            harvest->fold_best[f] = other->fold_best[f];
    }
    if (harvest->best && other->best)
        dp_mdr_best_merge(harvest->best, other->best);
    harvest->combination_count += other->combination_count;
}

int dp_mdr_searcher_new(const struct dp_mdr_planes *planes,
                        const struct dp_mdr_unit_options *options,
                        struct dp_mdr_searcher **searcher, struct dp_error *err)
{
    struct dp_mdr_searcher *made = calloc(1, sizeof(*made));

    if (!made)
        return dp_error_no_memory(err);
    made->planes = planes;
    made->options = *options;
    *searcher = made;
    return 0;
}

static void keep_fold_best(struct dp_mdr_searcher *searcher, struct dp_mdr_hit hit,
                           struct dp_mdr_harvest *harvest)
{
    unsigned f;

    for (f = 0; f < searcher->table.fold_count; f++) {
        hit.score = searcher->scores.train[f];
        if (dp_mdr_hit_compare(&hit, &harvest->fold_best[f]) < 0)
            harvest->fold_best[f] = hit;
    }
}

/* Everything about one combination, exactly. */
static int consider(struct dp_mdr_searcher *searcher, unsigned order, const uint32_t *variants,
                    struct dp_mdr_harvest *harvest, struct dp_error *err)
{
    const struct dp_mdr_cohort *cohort = dp_mdr_planes_cohort(searcher->planes);
    struct dp_mdr_hit hit = {0, {0, 0, 0}};

    memcpy(hit.variant, variants, order * sizeof(*variants));
    dp_mdr_table_count(searcher->planes, order, variants, &searcher->table);
    dp_mdr_score(&searcher->table, cohort->case_count, cohort->control_count, &searcher->scores);
    if (searcher->options.consistency)
        keep_fold_best(searcher, hit, harvest);
    hit.score = searcher->scores.mean_test;
    dp_mdr_best_add(harvest->best, &hit);
    if (hit.score >= searcher->options.threshold)
        return searcher->options.hit(searcher->options.user, &hit, err);
    return 0;
}

int dp_mdr_searcher_run(struct dp_mdr_searcher *searcher, const struct dp_mdr_box *box,
                        struct dp_mdr_harvest *harvest, struct dp_error *err)
{
    uint32_t at[DP_MDR_MAX_ORDER], first[DP_MDR_MAX_ORDER];
    unsigned last = box->order - 1;
    int rc = 0;

    for (at[0] = box->begin[0]; !rc && at[0] < box->end[0]; at[0]++) {
        first[1] = at[0] + 1 > box->begin[1] ? at[0] + 1 : box->begin[1];
        for (at[1] = first[1]; !rc && at[1] < box->end[1]; at[1]++) {
            if (last == 1) {
                rc = consider(searcher, 2, at, harvest, err);
                continue;
            }
            first[2] = at[1] + 1 > box->begin[2] ? at[1] + 1 : box->begin[2];
            for (at[2] = first[2]; !rc && at[2] < box->end[2]; at[2]++)
                rc = consider(searcher, 3, at, harvest, err);
        }
    }
    harvest->combination_count += dp_mdr_box_count(box);
    return rc;
}

void dp_mdr_searcher_free(struct dp_mdr_searcher *searcher)
{
    free(searcher);
}
