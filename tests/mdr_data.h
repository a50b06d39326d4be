/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Random cohorts with calls, and a count of their tables that knows nothing of planes: it looks at
 * one sample after the other. */

#ifndef TESTS_MDR_DATA_H
#define TESTS_MDR_DATA_H

#include "mdr/genotypes.h"
#include "mdr/score.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MUST(call) ck_assert_int_eq((call), 0)

static inline uint32_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static inline uint32_t random_below(uint64_t *state, uint32_t limit)
{
    return random_next(state) % limit;
}

struct mdr_shape {
    size_t samples, variants;
    unsigned folds;
    unsigned cases_percent, missing_percent;
    bool dealt; /* folds dealt out in turn within each class; else at random */
};

struct mdr_data {
    struct dp_mdr_cohort cohort;
    size_t variant_count, columns; /* of the genotypes: more than the cohort's samples */
    uint8_t *calls;                /* [variant][column], a byte each */
    struct dp_mdr_planes *planes;
};

/* At least one sample of each class in each fold. */
static inline void mdr_make_cohort(const struct mdr_shape *shape, uint64_t *random,
                                   struct dp_mdr_cohort *cohort)
{
    size_t n = shape->samples, s, cases = n * shape->cases_percent / 100;
    size_t seen[2] = {0, 0};

    memset(cohort, 0, sizeof(*cohort));
    if (cases < shape->folds)
        cases = shape->folds;
    if (cases > n - shape->folds)
        cases = n - shape->folds;
    cohort->sample_count = n;
    cohort->fold_count = shape->folds;
    cohort->column = malloc(n * sizeof(*cohort->column));
    cohort->is_case = malloc(n);
    cohort->fold = malloc(n);
    for (s = 0; s < n; s++) {
        /* Some columns are left out. */
        cohort->column[s] = (uint32_t)(s + s / 7);
        cohort->is_case[s] = random_below(random, (uint32_t)(n - s)) < cases - seen[1];
        cohort->fold[s] = (uint8_t)(seen[cohort->is_case[s]] % shape->folds);
        if (!shape->dealt && seen[cohort->is_case[s]] >= shape->folds)
            cohort->fold[s] = (uint8_t)random_below(random, shape->folds);
        seen[cohort->is_case[s]]++;
    }
    cohort->control_count = seen[0];
    cohort->case_count = seen[1];
}

/* Each variant with a frequency of its own; every third has no missing calls. */
static inline void mdr_make_calls(const struct mdr_shape *shape, uint64_t *random,
                                  struct mdr_data *data)
{
    size_t v, s;
    uint32_t frequency;
    uint8_t *call;

    data->calls = malloc(data->variant_count * data->columns);
    for (v = 0; v < data->variant_count; v++) {
        frequency = 2 + random_below(random, 70);
        for (s = 0; s < data->columns; s++) {
            call = &data->calls[v * data->columns + s];
            *call = (uint8_t)((random_below(random, 100) < frequency) +
                              (random_below(random, 100) < frequency));
            if (v % 3 && random_below(random, 100) < shape->missing_percent)
                *call = DP_MDR_MISSING;
        }
    }
}

static inline void mdr_set_planes(const struct mdr_data *data, struct dp_mdr_planes *planes)
{
    uint8_t *row = malloc(data->columns / 4 + 1);
    size_t v, s;

    for (v = 0; v < data->variant_count; v++) {
        memset(row, 0, data->columns / 4 + 1);
        for (s = 0; s < data->columns; s++)
            row[s / 4] |= (uint8_t)(data->calls[v * data->columns + s] << 2 * (s % 4));
        dp_mdr_planes_set(planes, v, row);
    }
    free(row);
}

static inline void mdr_make(const struct mdr_shape *shape, uint64_t seed, struct mdr_data *data)
{
    uint64_t random = seed * 2654435761u + 1;

    mdr_make_cohort(shape, &random, &data->cohort);
    data->variant_count = shape->variants;
    data->columns = data->cohort.column[shape->samples - 1] + 1 + 3;
    mdr_make_calls(shape, &random, data);
    MUST(dp_mdr_planes_new(&data->cohort, shape->variants, NULL, &data->planes, NULL));
    mdr_set_planes(data, data->planes);
}

/* To three decimals; NAN: none. */
static inline struct dp_mdr_threshold mdr_threshold(double score)
{
    if (isnan(score))
        return dp_mdr_threshold_none();
    return dp_mdr_threshold_make((uint64_t)(score * 1000 + 0.5) * (DP_MDR_THRESHOLD_ONE / 1000));
}

static inline void mdr_free(struct mdr_data *data)
{
    dp_mdr_planes_free(data->planes);
    dp_mdr_cohort_free(&data->cohort);
    free(data->calls);
}

static inline void mdr_naive_table(const struct mdr_data *data, unsigned order,
                                   const uint32_t *variants, struct dp_mdr_table *table)
{
    const struct dp_mdr_cohort *cohort = &data->cohort;
    unsigned n, cell, call;
    size_t s;

    memset(table, 0, sizeof(*table));
    table->order = order;
    table->fold_count = cohort->fold_count;
    table->cell_count = order == 2 ? 9 : 27;
    for (s = 0; s < cohort->sample_count; s++) {
        cell = 0;
        for (n = 0; n < order; n++) {
            call = data->calls[variants[n] * data->columns + cohort->column[s]];
            cell = call == DP_MDR_MISSING || cell >= 1000 ? 1000 : 3 * cell + call;
        }
        if (cell < 27)
            table->count[cohort->fold[s]][cohort->is_case[s]][cell]++;
    }
}

/* The scores of a table. */
static inline void mdr_scores(const struct dp_mdr_table *table, uint64_t cases, uint64_t controls,
                              struct dp_mdr_scores *scores)
{
    struct dp_mdr_terms terms;

    dp_mdr_score_terms(table, cases, controls, &terms);
    dp_mdr_score_round(&terms, scores);
}

/* For every test: run one suite. */
static inline int mdr_run(TCase *tcase, const char *name)
{
    Suite *suite = suite_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120); /* a busy machine is not a failure */
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
