/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/permute.c: what a permutation is, and that the best scores are the same whatever the
 * threads, the memory and the interruptions. */

#include "config.h"

#include "tests/mdr_study.h"

#include "mdr/kernel.h"
#include "mdr/permute.h"
#include "mdr/random.h"
#include "mdr/report.h"
#include "mdr/search.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { COUNT = 20 };

static const struct mdr_shape shape = {60, 40, 4, 30, 10, true};
static struct mdr_data data;
static struct dp_mdr_study study;
static struct dp_mdr_team *team;
static struct dp_mdr_schedule schedule;
static char path[] = "/tmp/dp-mdr-permute-XXXXXX";

static void setup(void)
{
    close(mkstemp(path));
    unlink(path);
    mdr_make(&shape, 9, &data);
    MUST(dp_mdr_team_alone(&team, NULL));
    mdr_make_study(&data, team, &study);
    MUST(dp_mdr_schedule_make(2, shape.variants, shape.samples, 16, &schedule, NULL));
}

static void teardown(void)
{
    mdr_free_study(&study);
    dp_mdr_team_free(team);
    mdr_free(&data);
    unlink(path);
}

static void copy_of(const struct dp_mdr_cohort *from, struct dp_mdr_cohort *to)
{
    size_t n = from->sample_count;

    *to = *from;
    to->column = memcpy(malloc(n * 4), from->column, n * 4);
    to->is_case = memcpy(malloc(n), from->is_case, n);
    to->fold = memcpy(malloc(n), from->fold, n);
}

static void copy(struct dp_mdr_cohort *to)
{
    copy_of(&data.cohort, to);
}

/* Each fold of `have` has as many cases and controls as in `want`. */
static void assert_counts_kept(const struct dp_mdr_cohort *want, const struct dp_mdr_cohort *have)
{
    size_t tests[2][DP_MDR_MAX_FOLDS] = {{0}}, s;
    unsigned fold;

    ck_assert_uint_eq(want->fold_count, have->fold_count);
    for (s = 0; s < want->sample_count; s++) {
        tests[want->is_case[s]][want->fold[s]]++;
        tests[have->is_case[s]][have->fold[s]]--;
    }
    for (fold = 0; fold < DP_MDR_MAX_FOLDS; fold++) {
        ck_assert_uint_eq(tests[0][fold], 0);
        ck_assert_uint_eq(tests[1][fold], 0);
    }
}

START_TEST(a_permutation)
{
    struct dp_mdr_cohort a, b;
    copy(&a);
    copy(&b);
    MUST(dp_mdr_permute_cohort(&study, 1, 5, &a, NULL));
    MUST(dp_mdr_permute_cohort(&study, 1, 6, &b, NULL));
    ck_assert_int_ne(memcmp(a.is_case, b.is_case, shape.samples), 0);
    MUST(dp_mdr_permute_cohort(&study, 1, 5, &b, NULL)); /* whatever the cohort was before */
    ck_assert_int_eq(memcmp(a.is_case, b.is_case, shape.samples), 0);
    ck_assert_int_eq(memcmp(a.fold, b.fold, shape.samples), 0);
    ck_assert_int_ne(memcmp(a.is_case, data.cohort.is_case, shape.samples), 0);
    assert_counts_kept(&data.cohort, &a);
    dp_mdr_cohort_free(&a);
    dp_mdr_cohort_free(&b);
}
END_TEST

/* Folds of a seed, and the same as a file would give them: one permutation. */
START_TEST(dealt_folds_are_dealt_again)
{
    struct dp_mdr_cohort a, b;
    struct dp_mdr_random random;
    struct dp_mdr_study dealt = study;
    uint32_t order[100];
    size_t s, n = shape.samples;
    uint64_t number;

    copy(&a);
    copy(&b);
    MUST(dp_mdr_folds_deal_order(study.by_id, &a, shape.folds, 77, NULL));
    dealt.cohort = a;
    for (number = 1; number < 20; number++) {
        MUST(dp_mdr_permute_cohort(&dealt, 5, number, &b, NULL));
        assert_counts_kept(&a, &b);
    }
    /* As mdr/MDR.md says it. */
    memcpy(order, study.by_id, n * sizeof(*order));
    dp_mdr_random_seed(&random, 5 ^ 7 * UINT64_C(0xd1342543de82ef95));
    dp_mdr_random_shuffle(&random, order, n);
    MUST(dp_mdr_permute_cohort(&dealt, 5, 7, &b, NULL));
    for (s = 0; s < n; s++)
        a.is_case[order[s]] = s < a.case_count;
    MUST(dp_mdr_folds_deal_order(study.by_id, &a, shape.folds, dp_mdr_random_next(&random), NULL));
    ck_assert_int_eq(memcmp(a.is_case, b.is_case, n), 0);
    ck_assert_int_eq(memcmp(a.fold, b.fold, n), 0);
    dp_mdr_cohort_free(&a);
    dp_mdr_cohort_free(&b);
}
END_TEST

/* `few` cases and controls test in each fold but the last, where all others do. */
static void make_unequal(const struct mdr_shape *of, size_t few, struct mdr_data *made)
{
    size_t seen[2] = {0, 0}, s, n;

    mdr_make(of, 4, made);
    for (s = 0; s < of->samples; s++) {
        n = seen[made->cohort.is_case[s]]++ / few;
        made->cohort.fold[s] = (uint8_t)(n < of->folds ? n : of->folds - 1);
    }
    dp_mdr_planes_free(made->planes);
    MUST(dp_mdr_planes_new(&made->cohort, of->variants, NULL, &made->planes, NULL));
    mdr_set_planes(made, made->planes);
}

START_TEST(folds_of_a_file_keep_their_sizes)
{
    static const struct mdr_shape unequal = {90, 3, 5, 40, 0, true};
    struct dp_mdr_cohort backwards;
    struct dp_mdr_study there, back;
    struct mdr_data made;
    uint32_t by_id[90];
    size_t s, n = unequal.samples;
    uint64_t number;

    make_unequal(&unequal, 3, &made);
    mdr_make_study(&made, team, &there);
    back = there;
    mdr_make_cohort(&unequal, &(uint64_t){1}, &backwards);
    for (s = 0; s < n; s++) {
        backwards.is_case[n - 1 - s] = made.cohort.is_case[s];
        backwards.fold[n - 1 - s] = made.cohort.fold[s];
        by_id[s] = (uint32_t)n - 1 - there.by_id[s];
    }
    back.cohort = backwards;
    back.by_id = by_id;
    for (number = 1; number < 30; number++) {
        struct dp_mdr_cohort a, b;

        copy_of(&made.cohort, &a);
        copy_of(&backwards, &b);
        MUST(dp_mdr_permute_cohort(&there, 8, number, &a, NULL));
        assert_counts_kept(&made.cohort, &a);
        ck_assert_int_ne(memcmp(a.fold, made.cohort.fold, n), 0);
        /* The order of samples does not matter. */
        MUST(dp_mdr_permute_cohort(&back, 8, number, &b, NULL));
        for (s = 0; s < n; s++) {
            ck_assert_uint_eq(a.is_case[s], b.is_case[n - 1 - s]);
            ck_assert_uint_eq(a.fold[s], b.fold[n - 1 - s]);
        }
        dp_mdr_cohort_free(&a);
        dp_mdr_cohort_free(&b);
    }
    dp_mdr_cohort_free(&backwards);
    mdr_free_study(&there);
    mdr_free(&made);
}
END_TEST

/* The best, by looking at every pair. */
static struct dp_mdr_hit best_pair(const struct mdr_data *of)
{
    struct dp_mdr_hit best = {-INFINITY, {0, 0, 0}};
    struct dp_mdr_terms terms, most;
    struct dp_mdr_table table;
    uint32_t pair[2];

    for (pair[0] = 0; pair[0] < of->variant_count; pair[0]++)
        for (pair[1] = pair[0] + 1; pair[1] < of->variant_count; pair[1]++) {
            mdr_naive_table(of, 2, pair, &table);
            dp_mdr_score_terms(&table, of->cohort.case_count, of->cohort.control_count, &terms);
            if (best.score < 0 || dp_mdr_score_compare(&terms, &most) > 0) {
                best = (struct dp_mdr_hit){dp_mdr_score_mean(&terms), {pair[0], pair[1], 0}};
                most = terms;
            }
        }
    return best;
}

/* That of a permutation. */
static struct dp_mdr_hit best_of(uint64_t number)
{
    struct mdr_data shuffled = data;
    struct dp_mdr_hit best;

    copy(&shuffled.cohort);
    MUST(dp_mdr_permute_cohort(&study, 3, number, &shuffled.cohort, NULL));
    best = best_pair(&shuffled);
    dp_mdr_cohort_free(&shuffled.cohort);
    return best;
}

static struct dp_mdr_permute_options options_of(unsigned threads, size_t memory_bytes)
{
    struct dp_mdr_permute_options options = {.schedule = &schedule,
                                             .threads = threads,
                                             .count = COUNT,
                                             .seed = 3,
                                             .prune = threads % 2,
                                             .memory_bytes = memory_bytes};

    MUST(dp_mdr_kernel_find(NULL, &options.kernel, NULL));
    return options;
}

static int compare(const void *a, const void *b)
{
    const struct dp_mdr_permutation *x = a, *y = b;

    if (x->best.score != y->best.score)
        return x->best.score < y->best.score ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

/* Field by field: nobody says what is in the bytes between them. */
static void check_same(const struct dp_mdr_permutation *want, const struct dp_mdr_permutation *have)
{
    size_t i;

    for (i = 0; i < COUNT; i++) {
        ck_assert(want[i].best.score == have[i].best.score);
        ck_assert_int_eq(memcmp(want[i].best.variant, have[i].best.variant,
                                sizeof(want[i].best.variant)),
                         0);
        ck_assert_uint_eq(want[i].number, have[i].number);
    }
}

/* Side by side, one after the other with several threads each, or both. */
START_TEST(the_same_scores)
{
    static const struct {
        unsigned threads;
        size_t memory_bytes;
    } hows[] = {{1, 0}, {1, 1 << 30}, {3, 0}, {3, 1 << 30}, {4, 1 << 14}, {30, 1 << 30}};
    struct dp_mdr_permutation want[COUNT], have[COUNT];
    size_t i;

    for (i = 0; i < COUNT; i++) {
        want[i].best = best_of(i + 1);
        want[i].number = i + 1;
    }
    qsort(want, COUNT, sizeof(want[0]), compare);
    for (i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
        struct dp_mdr_permute_options options = options_of(hows[i].threads, hows[i].memory_bytes);

        MUST(dp_mdr_permute_run(&study, &options, team, have, NULL));
        check_same(want, have);
    }
}
END_TEST

/* Classes say nothing here, but where 20 of 300 samples make a fold the best score is high by
 * chance, higher than equal folds ever let it be. */
START_TEST(chance_is_that_of_the_folds)
{
    static const struct mdr_shape null = {300, 30, 2, 50, 0, true};
    struct dp_mdr_permute_options options = options_of(2, 1 << 30);
    struct dp_mdr_schedule pairs;
    struct dp_mdr_study there;
    struct mdr_data made;
    struct dp_mdr_permutation best[99];
    struct dp_mdr_terms terms;
    struct dp_mdr_hit observed;
    double p;

    make_unequal(&null, 10, &made);
    mdr_make_study(&made, team, &there);
    MUST(dp_mdr_schedule_make(2, null.variants, null.samples, 16, &pairs, NULL));
    options.schedule = &pairs;
    options.count = 99;
    MUST(dp_mdr_permute_run(&there, &options, team, best, NULL));
    observed = best_pair(&made);
    ck_assert_double_gt(observed.score, 0.65);
    dp_mdr_hit_terms(made.planes, &observed, &terms);
    MUST(dp_mdr_permute_p(&there, 3, best, 99, observed.score, &terms, &p, NULL));
    ck_assert_double_gt(p, 0.05);
    /* Nor is it always surpassed. */
    ck_assert_double_lt(p, 0.95);
    mdr_free_study(&there);
    mdr_free(&made);
}
END_TEST

START_TEST(p_values)
{
    static const struct dp_mdr_permutation some[] = {
        {{0.5, {0}}, 4}, {{0.6, {0}}, 1}, {{0.6, {0}}, 3}, {{0.7, {0}}, 2}};
    static const struct {
        double score, p;
    } cases[] = {{0.4, 1}, {0.5, 1}, {0.55, 0.8}, {0.6, 0.8}, {0.7, 0.4}, {0.71, 0.2}};
    struct dp_mdr_terms terms = {0};
    double p;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        MUST(dp_mdr_permute_p(&study, 3, some, 4, cases[i].score, &terms, &p, NULL));
        ck_assert(p == cases[i].p);
    }
}
END_TEST

/* The terms of a combination of a permutation, from a table that was counted sample by sample. */
static struct dp_mdr_terms terms_of(const struct dp_mdr_study *of, const struct mdr_data *made,
                                    uint64_t number, const struct dp_mdr_hit *hit)
{
    struct mdr_data shuffled = *made;
    struct dp_mdr_terms terms;
    struct dp_mdr_table table;

    copy_of(&made->cohort, &shuffled.cohort);
    MUST(dp_mdr_permute_cohort(of, 3, number, &shuffled.cohort, NULL));
    mdr_naive_table(&shuffled, hit->variant[2] ? 3 : 2, hit->variant, &table);
    dp_mdr_score_terms(&table, made->cohort.case_count, made->cohort.control_count, &terms);
    dp_mdr_cohort_free(&shuffled.cohort);
    return terms;
}

/* So many samples and missing calls that equal roundings prove nothing: here all scores are made
 * equal by hand, and counts decide. */
START_TEST(p_values_where_rounding_does_not_tell)
{
    static const struct mdr_shape many = {700, 9, 3, 40, 15, true};
    enum { PERMUTATIONS = 40 };
    struct dp_mdr_permutation permutations[PERMUTATIONS] = {{{0, {0}}, 0}};
    struct dp_mdr_terms terms[PERMUTATIONS];
    struct dp_mdr_study there;
    struct mdr_data made;
    unsigned i, k, as_good;
    double p;

    mdr_make(&many, 6, &made);
    mdr_make_study(&made, team, &there);
    ck_assert_uint_gt(there.incomplete_count, 0);
    for (i = 0; i < PERMUTATIONS; i++) {
        permutations[i] = (struct dp_mdr_permutation){
            {0.5, {i % 3, 3 + i % 2, i % 4 ? 5 + i % 4 : 0}}, 1 + i * 7 % PERMUTATIONS};
        terms[i] = terms_of(&there, &made, permutations[i].number, &permutations[i].best);
    }
    for (i = 0; i < PERMUTATIONS; i++) {
        as_good = 0;
        for (k = 0; k < PERMUTATIONS; k++)
            as_good += dp_mdr_score_compare(&terms[k], &terms[i]) >= 0;
        MUST(dp_mdr_permute_p(&there, 3, permutations, PERMUTATIONS, 0.5, &terms[i], &p, NULL));
        ck_assert(p == (1.0 + as_good) / (PERMUTATIONS + 1.0));
    }
    mdr_free_study(&there);
    mdr_free(&made);
}
END_TEST

static atomic_int asked;

static int after_some(void *user)
{
    (void)user;
    return atomic_fetch_add(&asked, 1) >= 40;
}

START_TEST(stopped_and_begun_again)
{
    struct dp_mdr_journal_options journal = {.path = path,
                                             .rank_count = 1,
                                             .schedule = &schedule,
                                             .fold_count = shape.folds,
                                             .permutation_count = COUNT};
    struct dp_mdr_permute_options options = options_of(2, 1 << 30);
    struct dp_mdr_permutation want[COUNT], have[COUNT];
    struct dp_mdr_harvest harvest;
    unsigned stops = 0;
    int rc = DP_CANCELLED;

    MUST(dp_mdr_permute_run(&study, &options, team, want, NULL));
    options.cancel = after_some;
    while (rc == DP_CANCELLED) {
        MUST(dp_mdr_search_begin(1, NULL, &harvest, NULL));
        MUST(dp_mdr_journal_open(&journal, &harvest, &options.journal, NULL));
        options.threads = stops % 3 + 1;
        atomic_store(&asked, 0);
        rc = dp_mdr_permute_run(&study, &options, team, have, NULL);
        stops += rc == DP_CANCELLED;
        dp_mdr_journal_free(options.journal);
        dp_mdr_search_end(&harvest);
        ck_assert_uint_lt(stops, 100);
    }
    MUST(rc);
    ck_assert_uint_ge(stops, 2);
    check_same(want, have);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("permute");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_permutation);
    tcase_add_test(tcase, dealt_folds_are_dealt_again);
    tcase_add_test(tcase, folds_of_a_file_keep_their_sizes);
    tcase_add_test(tcase, chance_is_that_of_the_folds);
    tcase_add_test(tcase, the_same_scores);
    tcase_add_test(tcase, p_values);
    tcase_add_test(tcase, p_values_where_rounding_does_not_tell);
    tcase_add_test(tcase, stopped_and_begun_again);
    return mdr_run(tcase, "mdr_permute");
}
