/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/hit.c, and with it the order of a search: exact ties, in cohorts made so that there are many
 * of them and that doubles, added up in the order of folds, would tell them apart. */

#include "mdr/hit.h"

#include "mdr/best.h"
#include "mdr/kernel.h"
#include "mdr/sorter.h"
#include "mdr/unit.h"
#include "tests/mdr_data.h"

/* Samples of folds: two of them alike, so that their samples can change places. */
struct folds {
    const char *name;
    unsigned count;
    unsigned sizes[2][DP_MDR_MAX_FOLDS]; /* of controls, of cases */
    unsigned alike[2];
    unsigned missing; /* percent */
    uint64_t common;  /* denominator of all scores: a multiple of 2 * count * any total */
};

enum { HALF = 14, VARIANTS = 2 * HALF };

/* Every number to 20 divides it. */
#define TO_20 UINT64_C(232792560)

static const struct folds shapes[] = {
    {"unequal folds", 5, {{5, 9, 9, 4, 17}, {3, 7, 7, 11, 13}}, {1, 2}, 0, 10 * TO_20},
    {"missing calls", 5, {{5, 9, 9, 4, 17}, {3, 7, 7, 11, 13}}, {1, 2}, 10, 10 * TO_20},
    {"a fold of one", 3, {{1, 14, 14}, {1, 11, 11}}, {1, 2}, 20, 6 * TO_20},
    {"many folds",
     20,
     {{3, 3, 5, 7, 3, 6, 3, 3, 9, 3, 3, 7, 3, 5, 3, 6, 3, 3, 3, 3},
      {2, 3, 2, 5, 2, 3, 2, 7, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 2}},
     {0, 19},
     3,
     40 * TO_20},
    /* Scores are decimal fractions. */
    {"decimals", 4, {{10, 8, 8, 16}, {5, 8, 8, 20}}, {1, 2}, 0, 640},
};
enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static size_t fill_fold(const struct folds *folds, unsigned f, size_t s,
                        struct dp_mdr_cohort *cohort)
{
    unsigned kind, n;

    for (kind = 0; kind < 2; kind++) {
        for (n = 0; n < folds->sizes[kind][f]; n++, s++) {
            cohort->column[s] = (uint32_t)s;
            cohort->is_case[s] = (uint8_t)kind;
            cohort->fold[s] = (uint8_t)f;
        }
        *(kind ? &cohort->case_count : &cohort->control_count) += n;
    }
    return s;
}

/* Where the samples of a fold begin. */
static size_t begin_of(const struct folds *folds, unsigned fold)
{
    size_t begin = 0;
    unsigned f;

    for (f = 0; f < fold; f++)
        begin += folds->sizes[0][f] + folds->sizes[1][f];
    return begin;
}

static void mirror(const struct folds *folds, const uint8_t *calls, uint8_t *to, size_t count)
{
    size_t a = begin_of(folds, folds->alike[0]), b = begin_of(folds, folds->alike[1]);
    size_t size = folds->sizes[0][folds->alike[0]] + folds->sizes[1][folds->alike[0]];

    memcpy(to, calls, count);
    memcpy(to + a, calls + b, size);
    memcpy(to + b, calls + a, size);
}

/* Variant HALF + v is variant v with the samples of two folds in each other's place: so each pair
 * of the first half has a twin in the second, whose folds have the same accuracies in another
 * order. */
static void make(const struct folds *folds, uint64_t seed, struct mdr_data *data)
{
    struct dp_mdr_cohort *cohort = &data->cohort;
    size_t n = begin_of(folds, folds->count), s = 0;
    struct mdr_shape shape = {n, HALF, folds->count, 0, folds->missing, false};
    unsigned f, v;

    memset(data, 0, sizeof(*data));
    cohort->sample_count = n;
    cohort->fold_count = folds->count;
    cohort->column = malloc(n * sizeof(*cohort->column));
    cohort->is_case = malloc(n);
    cohort->fold = malloc(n);
    for (f = 0; f < folds->count; f++)
        s = fill_fold(folds, f, s, cohort);
    data->columns = n;
    data->variant_count = HALF;
    mdr_make_calls(&shape, &seed, data);
    data->variant_count = VARIANTS;
    data->calls = realloc(data->calls, VARIANTS * n);
    for (v = 0; v < HALF; v++)
        mirror(folds, data->calls + v * n, data->calls + (HALF + v) * n, n);
    MUST(dp_mdr_planes_new(cohort, VARIANTS, NULL, &data->planes, NULL));
    mdr_set_planes(data, data->planes);
}

/* --- What must come out: whole numbers over a common denominator. */

struct pair {
    uint32_t variant[3];
    uint64_t test,
        train[DP_MDR_MAX_FOLDS]; /* times the common denominator (of one fold: / folds) */
    double added;                /* as doubles, in the order of folds */
};

static uint64_t over(const struct folds *folds, const uint64_t high[2], const uint64_t all[2],
                     double *accuracy)
{
    uint64_t common = folds->common / folds->count / 2;

    *accuracy = 0.5;
    if (!all[0] && !all[1])
        return common;
    if (!all[1])
        return 2 * (all[0] - high[0]) * (common / all[0]);
    if (!all[0])
        return 2 * high[1] * (common / all[1]);
    *accuracy =
        ((double)high[1] / (double)all[1] + (double)(all[0] - high[0]) / (double)all[0]) / 2;
    return high[1] * (common / all[1]) + (all[0] - high[0]) * (common / all[0]);
}

static void judge(const struct folds *folds, const struct mdr_data *data, struct pair *pair)
{
    const uint64_t totals[2] = {data->cohort.control_count, data->cohort.case_count};
    struct dp_mdr_table table;
    uint64_t tests[2], test_high[2], trains[2], train_high[2], rest[2];
    double accuracy;
    unsigned f, g, c, k;

    mdr_naive_table(data, pair->variant[2] ? 3 : 2, pair->variant, &table);
    pair->test = 0;
    pair->added = 0;
    for (f = 0; f < table.fold_count; f++) {
        memset(tests, 0, sizeof(tests));
        memset(test_high, 0, sizeof(tests));
        memset(trains, 0, sizeof(tests));
        memset(train_high, 0, sizeof(tests));
        for (c = 0; c < table.cell_count; c++) {
            rest[0] = rest[1] = 0;
            for (g = 0; g < table.fold_count; g++) {
                for (k = 0; k < 2; k++)
                    rest[k] += g == f ? 0 : table.count[g][k][c];
            }
            for (k = 0; k < 2; k++) {
                tests[k] += table.count[f][k][c];
                trains[k] += rest[k];
                if (rest[0] + rest[1] && rest[1] * totals[0] >= rest[0] * totals[1]) {
                    test_high[k] += table.count[f][k][c];
                    train_high[k] += rest[k];
                }
            }
        }
        pair->test += over(folds, test_high, tests, &accuracy);
        pair->added += accuracy;
        /* Denominators of training are the product of two totals. */
        pair->train[f] = 0;
        if (trains[0] && trains[1])
            pair->train[f] = train_high[1] * trains[0] + (trains[0] - train_high[0]) * trains[1];
    }
    pair->added /= table.fold_count;
}

static int compare_variants(const struct pair *x, const struct pair *y)
{
    unsigned n;

    for (n = 0; n < 3; n++)
        if (x->variant[n] != y->variant[n])
            return x->variant[n] < y->variant[n] ? -1 : 1;
    return 0;
}

static int better(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    return x->test != y->test ? (x->test > y->test ? -1 : 1) : compare_variants(x, y);
}

static size_t make_pairs(const struct folds *folds, const struct mdr_data *data, unsigned order,
                         struct pair *pairs)
{
    size_t count = 0;
    uint32_t i, j, k;

    for (i = 0; i < VARIANTS; i++) {
        for (j = i + 1; j < VARIANTS; j++) {
            for (k = order == 3 ? j + 1 : 0; k < (order == 3 ? VARIANTS : 1u); k++) {
                pairs[count] = (struct pair){.variant = {i, j, k}};
                judge(folds, data, &pairs[count++]);
            }
        }
    }
    qsort(pairs, count, sizeof(*pairs), better);
    return count;
}

/* Ties that doubles, added up, would have put in another order. */
static size_t count_traps(const struct pair *pairs, size_t count)
{
    size_t i, traps = 0;

    for (i = 1; i < count; i++)
        traps += pairs[i].test == pairs[i - 1].test && pairs[i].added > pairs[i - 1].added;
    return traps;
}

/* --- The search. */

static int take_hit(void *user, const struct dp_mdr_hit *hit, struct dp_error *err)
{
    return dp_mdr_sorter_add(user, hit, err);
}

static void search(const struct mdr_data *data, unsigned order, const char *kernel, size_t top,
                   const struct dp_mdr_threshold *threshold, const struct dp_mdr_referee *referee,
                   struct dp_mdr_harvest *harvest, struct dp_mdr_sorter **sorter)
{
    struct dp_mdr_unit_options options = {NULL, top % 2, true, *threshold, take_hit, NULL};
    struct dp_mdr_box box = {order, {0, 0, 0}, {VARIANTS, VARIANTS, VARIANTS}};
    struct dp_mdr_searcher *searcher;
    uint32_t half;

    MUST(dp_mdr_best_new(top, referee, &harvest->best, NULL));
    MUST(dp_mdr_sorter_new(0, referee, sorter, NULL));
    dp_mdr_harvest_clear(harvest);
    options.user = *sorter;
    MUST(dp_mdr_kernel_find(kernel, &options.kernel, NULL));
    MUST(dp_mdr_searcher_new(data->planes, &options, &searcher, NULL));
    /* The later variants first: ties must not go to who came first. */
    for (half = 2; half-- > 0;) {
        box.begin[0] = half * HALF;
        box.end[0] = (half + 1) * HALF;
        MUST(dp_mdr_searcher_run(searcher, &box, harvest, NULL));
    }
    dp_mdr_searcher_free(searcher);
}

static void must_be(const char *name, const struct dp_mdr_hit *hit, const struct pair *pair)
{
    unsigned n;

    for (n = 0; n < 3; n++)
        if (hit->variant[n] != pair->variant[n])
            ck_abort_msg("%s: %u %u %u instead of %u %u %u", name, hit->variant[0], hit->variant[1],
                         hit->variant[2], pair->variant[0], pair->variant[1], pair->variant[2]);
}

static void must_be_best_of_folds(const struct folds *folds, const struct dp_mdr_harvest *harvest,
                                  const struct pair *pairs, size_t count)
{
    const struct pair *best;
    unsigned f;
    size_t i;

    for (f = 0; f < folds->count; f++) {
        best = &pairs[0];
        for (i = 1; i < count; i++) {
            if (pairs[i].train[f] > best->train[f] ||
                (pairs[i].train[f] == best->train[f] && compare_variants(&pairs[i], best) < 0))
                best = &pairs[i];
        }
        must_be(folds->name, &harvest->fold_best[f], best);
    }
}

static struct dp_mdr_referee referee_of(const struct folds *folds, const struct mdr_data *data)
{
    struct dp_mdr_referee referee;

    dp_mdr_referee_make(data->planes, folds->missing == 0, &referee);
    return referee;
}

/* Everything that one search gives, for one kernel. */
static void check_search(const struct folds *folds, const struct mdr_data *data, unsigned order,
                         const char *kernel, const struct pair *pairs, size_t count)
{
    static const size_t tops[] = {1, 7, 40, 100, 151, 4000};
    struct dp_mdr_threshold all = dp_mdr_threshold_make(0);
    struct dp_mdr_referee referee = referee_of(folds, data);
    struct dp_mdr_harvest harvest;
    struct dp_mdr_sorter *sorter;
    struct dp_mdr_hit hit;
    size_t t, i, top;

    for (t = 0; t < sizeof(tops) / sizeof(tops[0]); t++) {
        search(data, order, kernel, tops[t], &all, &referee, &harvest, &sorter);
        top = tops[t] < count ? tops[t] : count;
        ck_assert_uint_eq(dp_mdr_best_count(harvest.best), top);
        for (i = 0; i < top; i++)
            must_be(folds->name, &dp_mdr_best_sorted(harvest.best)[i], &pairs[i]);
        if (tops[t] % 2 && !folds->missing)
            must_be_best_of_folds(folds, &harvest, pairs, count);
        ck_assert_uint_eq(dp_mdr_sorter_count(sorter), count);
        for (i = 0; i < count; i++) {
            ck_assert_int_eq(dp_mdr_sorter_next(sorter, &hit, NULL), 1);
            must_be(folds->name, &hit, &pairs[i]);
        }
        dp_mdr_sorter_free(sorter);
        dp_mdr_best_free(harvest.best);
    }
}

START_TEST(ties_go_by_variants)
{
    const struct folds *folds = &shapes[_i / 2];
    const unsigned order = 2 + (unsigned)_i % 2;
    struct pair *pairs = malloc(sizeof(*pairs) * VARIANTS * VARIANTS * VARIANTS);
    const char *const *kernel;
    struct mdr_data data;
    size_t count;

    make(folds, 77 + (uint64_t)_i, &data);
    count = make_pairs(folds, &data, order, pairs);
    ck_assert_uint_ge(count_traps(pairs, count), 1);
    for (kernel = dp_mdr_kernel_names(); *kernel; kernel++)
        check_search(folds, &data, order, *kernel, pairs, count);
    mdr_free(&data);
    free(pairs);
}
END_TEST

/* Who is exactly as good as the decimal number is in, and out when it is greater by its last digit.
 */
START_TEST(thresholds_are_exact)
{
    const struct folds *folds = &shapes[SHAPES - 1];
    struct pair *pairs = malloc(sizeof(*pairs) * VARIANTS * VARIANTS);
    struct dp_mdr_referee referee;
    struct dp_mdr_threshold threshold;
    struct dp_mdr_harvest harvest;
    struct dp_mdr_sorter *sorter;
    struct mdr_data data;
    size_t count, i, more, units = DP_MDR_THRESHOLD_ONE / folds->common;

    make(folds, 5, &data);
    referee = referee_of(folds, &data);
    count = make_pairs(folds, &data, 2, pairs);
    for (i = 0; i + 1 < count; i += 1 + i / 4) {
        for (; i + 1 < count && pairs[i + 1].test == pairs[i].test; i++)
            continue; /* the last of its score */
        for (more = 0; more < 2; more++) {
            threshold = dp_mdr_threshold_make(pairs[i].test * units + more);
            search(&data, 2, NULL, 1, &threshold, &referee, &harvest, &sorter);
            if (more)
                ck_assert_uint_lt(dp_mdr_sorter_count(sorter), i + 1);
            else
                ck_assert_uint_eq(dp_mdr_sorter_count(sorter), i + 1);
            dp_mdr_sorter_free(sorter);
            dp_mdr_best_free(harvest.best);
        }
    }
    mdr_free(&data);
    free(pairs);
}
END_TEST

/* --- Where rounding does not tell: scores made equal by hand. */

START_TEST(counts_decide_between_equal_roundings)
{
    const struct folds *folds = &shapes[_i / 2];
    const unsigned order = 2 + (unsigned)_i % 2;
    struct pair *pairs = malloc(sizeof(*pairs) * VARIANTS * VARIANTS * VARIANTS);
    struct dp_mdr_referee referee;
    struct dp_mdr_best *best;
    struct dp_mdr_sorter *sorter;
    struct dp_mdr_hit hit;
    struct mdr_data data;
    size_t count, i;

    make(folds, 31 + (uint64_t)_i, &data);
    count = make_pairs(folds, &data, order, pairs);
    count = count < 300 ? count : 300;
    referee = referee_of(folds, &data);
    referee.test_differs = false;
    MUST(dp_mdr_best_new(30, &referee, &best, NULL));
    MUST(dp_mdr_sorter_new(0, &referee, &sorter, NULL));
    for (i = count; i-- > 0;) {
        hit = (struct dp_mdr_hit){0.5, {0}};
        memcpy(hit.variant, pairs[i].variant, sizeof(hit.variant));
        dp_mdr_best_add(best, &hit);
        MUST(dp_mdr_sorter_add(sorter, &hit, NULL));
    }
    for (i = 0; i < count; i++) {
        ck_assert_int_eq(dp_mdr_sorter_next(sorter, &hit, NULL), 1);
        must_be(folds->name, &hit, &pairs[i]);
        if (i < 30)
            must_be(folds->name, &dp_mdr_best_sorted(best)[i], &pairs[i]);
    }
    dp_mdr_sorter_free(sorter);
    dp_mdr_best_free(best);
    mdr_free(&data);
    free(pairs);
}
END_TEST

START_TEST(counts_decide_in_folds)
{
    const struct folds *folds = &shapes[0];
    struct pair *pairs = malloc(sizeof(*pairs) * VARIANTS * VARIANTS);
    struct dp_mdr_referee referee;
    struct dp_mdr_hit a = {0.5, {0}}, b = {0.5, {0}};
    struct mdr_data data;
    size_t count, i, j;
    unsigned f;
    int want;

    make(folds, 6, &data);
    count = make_pairs(folds, &data, 2, pairs);
    referee = referee_of(folds, &data);
    memset(referee.train_differs, 0, sizeof(referee.train_differs));
    for (i = 0; i < count; i += 5) {
        for (j = 0; j < count; j += 7) {
            f = (unsigned)(i + j) % folds->count;
            memcpy(a.variant, pairs[i].variant, sizeof(a.variant));
            memcpy(b.variant, pairs[j].variant, sizeof(b.variant));
            want = pairs[i].train[f] > pairs[j].train[f]   ? -1
                   : pairs[i].train[f] < pairs[j].train[f] ? 1
                                                           : compare_variants(&pairs[i], &pairs[j]);
            ck_assert_int_eq(dp_mdr_hit_compare_train(&referee, f, &a, &b), want);
        }
    }
    mdr_free(&data);
    free(pairs);
}
END_TEST

/* Whether it has to be counted at all. */
START_TEST(what_rounding_keeps)
{
    static const struct {
        struct mdr_shape shape;
        bool complete, test, train;
    } cases[] = {
        {{1000, 2, 5, 50, 0, true}, true, true, true},
        {{1000, 2, 5, 50, 0, true}, false, false, true},
        {{300, 2, 5, 50, 0, true}, false, true, true},
        {{70000, 2, 5, 50, 0, true}, true, true, true},
        {{70000, 2, 5, 49, 0, false}, true, false, true}, /* ten sizes */
        {{70000, 2, 5, 50, 0, true}, false, false, false},
    };
    struct dp_mdr_referee referee;
    struct mdr_data data;
    unsigned n, f;

    for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
        mdr_make(&cases[n].shape, 3, &data);
        dp_mdr_referee_make(data.planes, cases[n].complete, &referee);
        ck_assert_msg(referee.test_differs == cases[n].test, "test %u", n);
        for (f = 0; f < 5; f++)
            ck_assert_msg(referee.train_differs[f] == cases[n].train, "train %u", n);
        mdr_free(&data);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("hit");

    tcase_add_loop_test(tcase, ties_go_by_variants, 0, 2 * SHAPES);
    tcase_add_test(tcase, thresholds_are_exact);
    tcase_add_loop_test(tcase, counts_decide_between_equal_roundings, 0, 2 * SHAPES);
    tcase_add_test(tcase, counts_decide_in_folds);
    tcase_add_test(tcase, what_rounding_keeps);
    return mdr_run(tcase, "mdr_hit");
}
