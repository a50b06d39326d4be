/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/hit.h"

#include "mdr/ratio.h"

#include <math.h>
#include <string.h>

/* Fractions that differ by 1 / FINEST differ when they are rounded to multiples of 2^-53, too. */
#define FINEST (UINT64_C(1) << 52)

/* ------------------------------------------------------------------------ what rounding keeps */

/* Of numbers from 1; more than FINEST is FINEST + 1. */
static uint64_t product(uint64_t a, uint64_t b)
{
    return a > FINEST / b ? FINEST + 1 : a * b;
}

static uint64_t common_multiple(uint64_t a, uint64_t b)
{
    return product(a, b / dp_mdr_ratio_common_divisor(a, b));
}

/* With complete calls every combination has the samples of the cohort, else any number up to
 * theirs. The mean of F folds is a multiple of 1 / (2 F m), where m is a multiple of all that the
 * terms are divided by. */
static bool test_differs(const uint64_t tests[DP_MDR_MAX_FOLDS][2], unsigned folds, bool complete)
{
    uint64_t multiple = 1, most = 1, n;
    unsigned f, kind;

    for (f = 0; f < folds; f++) {
        for (kind = 0; kind < 2; kind++) {
            if (complete && tests[f][kind])
                multiple = common_multiple(multiple, tests[f][kind]);
            most = tests[f][kind] > most ? tests[f][kind] : most;
        }
    }
    for (n = 2; !complete && n <= most && multiple <= FINEST; n++)
        multiple = common_multiple(multiple, n);
    return product(multiple, 2 * folds) <= FINEST;
}

/* Two different ones are at least 1 / (2 C D) apart, or the product of C D of both and 2, when
 * these are not the same. */
static bool train_differs(uint64_t cases, uint64_t controls, bool complete)
{
    uint64_t both = product(cases ? cases : 1, controls ? controls : 1);

    return product(complete ? both : product(both, both), 2) <= FINEST;
}

void dp_mdr_referee_make(const struct dp_mdr_planes *planes, bool complete,
                         struct dp_mdr_referee *referee)
{
    const struct dp_mdr_cohort *cohort = dp_mdr_planes_cohort(planes);
    uint64_t tests[DP_MDR_MAX_FOLDS][2] = {{0}};
    unsigned f;
    size_t s;

    memset(referee, 0, sizeof(*referee));
    referee->planes = planes;
    for (s = 0; s < cohort->sample_count; s++)
        tests[cohort->fold[s]][cohort->is_case[s]]++;
    referee->test_differs = test_differs(tests, cohort->fold_count, complete);
    for (f = 0; f < cohort->fold_count; f++)
        referee->train_differs[f] = train_differs(cohort->case_count - tests[f][1],
                                                  cohort->control_count - tests[f][0], complete);
}

/* ---------------------------------------------------------------------------------- comparing */

static int compare_variants(const struct dp_mdr_hit *a, const struct dp_mdr_hit *b)
{
    unsigned n;

    for (n = 0; n < DP_MDR_MAX_ORDER; n++) {
        if (a->variant[n] != b->variant[n])
            return a->variant[n] < b->variant[n] ? -1 : 1;
    }
    return 0;
}

void dp_mdr_hit_terms(const struct dp_mdr_planes *planes, const struct dp_mdr_hit *hit,
                      struct dp_mdr_terms *terms)
{
    const struct dp_mdr_cohort *cohort = dp_mdr_planes_cohort(planes);
    struct dp_mdr_table table;

    /* Ascending numbers: only the variant that is not there can be 0 in the last place. */
    dp_mdr_table_count(planes, hit->variant[2] ? 3 : 2, hit->variant, &table);
    dp_mdr_score_terms(&table, cohort->case_count, cohort->control_count, terms);
}

/* Variants with the same calls, of which there are many in real data, are no reason to count. */
static bool are_same(const struct dp_mdr_planes *planes, const struct dp_mdr_hit *a,
                     const struct dp_mdr_hit *b)
{
    const size_t bytes = 2 * dp_mdr_planes_layout(planes)->word_count * sizeof(uint16_t);
    unsigned n;

    for (n = 0; n < DP_MDR_MAX_ORDER; n++)
        if (a->variant[n] != b->variant[n] &&
            memcmp(dp_mdr_planes_row(planes, a->variant[n]),
                   dp_mdr_planes_row(planes, b->variant[n]), bytes) != 0)
            return false;
    return true;
}

/* Are two whose rounded scores are equal known to be as good, without counting? */
static bool is_settled(const struct dp_mdr_referee *referee, bool differs,
                       const struct dp_mdr_hit *a, const struct dp_mdr_hit *b)
{
    return !referee || differs || !isfinite(a->score) || are_same(referee->planes, a, b);
}

int dp_mdr_hit_compare(const struct dp_mdr_referee *referee, const struct dp_mdr_hit *a,
                       const struct dp_mdr_hit *b)
{
    struct dp_mdr_terms one, other;
    int by_variants, by_score;

    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    by_variants = compare_variants(a, b);
    if (!by_variants || is_settled(referee, referee && referee->test_differs, a, b))
        return by_variants;
    dp_mdr_hit_terms(referee->planes, a, &one);
    dp_mdr_hit_terms(referee->planes, b, &other);
    by_score = dp_mdr_score_compare(&one, &other);
    return by_score ? -by_score : by_variants;
}

int dp_mdr_hit_compare_train(const struct dp_mdr_referee *referee, unsigned fold,
                             const struct dp_mdr_hit *a, const struct dp_mdr_hit *b)
{
    struct dp_mdr_terms one, other;
    int by_variants, by_score;

    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    by_variants = compare_variants(a, b);
    if (!by_variants || is_settled(referee, referee && referee->train_differs[fold], a, b))
        return by_variants;
    dp_mdr_hit_terms(referee->planes, a, &one);
    dp_mdr_hit_terms(referee->planes, b, &other);
    by_score = dp_mdr_ratio_compare(&one.train[2 * fold], 2, &other.train[2 * fold], 2);
    return by_score ? -by_score : by_variants;
}
