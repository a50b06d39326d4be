/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* How fast one thread searches random calls that are in memory already: every pair (triple), in
 * boxes, with the best of each fold. Prints names and values on one line, of the fastest of some
 * runs; per_cpu_second leaves out the time in which other programs ran.
 *
 *     mdr_pairs [NAME=VALUE ...]
 *
 * samples=5000 variants=1024 folds=5 cases=50 (percent) missing=0 (percent) order=2 kernel=auto
 * runs=3 top=100 tile=1024 consistency=1 prune=0 seed=1 */

#include "config.h"

#include "mdr/genotypes.h"
#include "mdr/kernel.h"
#include "mdr/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct settings {
    unsigned samples, variants, folds, cases, order, runs, top, tile, consistency, prune, seed;
    double missing;
    const char *kernel;
};

static uint64_t state;

static double random_fraction(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 40) / (double)(1 << 24);
}

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool read_setting(struct settings *settings, const char *text)
{
    const struct {
        const char *name;
        unsigned *value;
    } numbers[] = {
        {"samples=", &settings->samples},   {"variants=", &settings->variants},
        {"folds=", &settings->folds},       {"cases=", &settings->cases},
        {"order=", &settings->order},       {"runs=", &settings->runs},
        {"top=", &settings->top},           {"tile=", &settings->tile},
        {"prune=", &settings->prune},       {"consistency=", &settings->consistency},
        {"seed=", &settings->seed},
    };
    size_t n;

    for (n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
        if (strncmp(text, numbers[n].name, strlen(numbers[n].name)) == 0) {
            *numbers[n].value = (unsigned)strtoul(text + strlen(numbers[n].name), NULL, 10);
            return true;
        }
    }
    if (strncmp(text, "missing=", 8) == 0)
        settings->missing = strtod(text + 8, NULL);
    else if (strncmp(text, "kernel=", 7) == 0)
        settings->kernel = text + 7;
    else
        return false;
    return true;
}

static bool make_cohort(const struct settings *settings, struct dp_mdr_cohort *cohort)
{
    size_t n = settings->samples, s, seen[2] = {0, 0};

    memset(cohort, 0, sizeof(*cohort));
    cohort->sample_count = n;
    cohort->fold_count = settings->folds;
    cohort->column = malloc(n * sizeof(*cohort->column));
    cohort->is_case = malloc(n);
    cohort->fold = malloc(n);
    if (!cohort->column || !cohort->is_case || !cohort->fold)
        return false;
    for (s = 0; s < n; s++) {
        cohort->column[s] = (uint32_t)s;
        cohort->is_case[s] = s * settings->cases / 100 != (s + 1) * settings->cases / 100;
        cohort->fold[s] = (uint8_t)(seen[cohort->is_case[s]]++ % settings->folds);
    }
    cohort->control_count = seen[0];
    cohort->case_count = seen[1];
    return true;
}

static bool make_rows(const struct settings *settings, struct dp_mdr_planes *planes)
{
    uint8_t *row = calloc(settings->samples / 4 + 1, 1);
    double frequency;
    unsigned v, s, call;

    for (v = 0; row && v < settings->variants; v++) {
        frequency = 0.05 + 0.45 * random_fraction();
        memset(row, 0, settings->samples / 4 + 1);
        for (s = 0; s < settings->samples; s++) {
            call = (random_fraction() < frequency) + (random_fraction() < frequency);
            if (settings->missing > 0 && random_fraction() * 100 < settings->missing)
                call = DP_MDR_MISSING;
            row[s / 4] |= (uint8_t)(call << 2 * (s % 4));
        }
        dp_mdr_planes_set(planes, v, row);
    }
    free(row);
    return row != NULL;
}

/* All boxes whose tiles do not descend; consecutive ones share the last tile. */
static int search_all(struct dp_mdr_searcher *searcher, const struct settings *settings,
                      struct dp_mdr_harvest *harvest)
{
    const unsigned tile = settings->tile, all = settings->variants;
    struct dp_mdr_box box = {settings->order, {0, 0, 0}, {0, 0, 0}};
    unsigned at[3], n;
    int rc = 0;

    for (at[2] = 0; !rc && at[2] < (settings->order == 3 ? all : tile); at[2] += tile) {
        for (at[1] = 0; !rc && at[1] <= (settings->order == 3 ? at[2] : all - 1); at[1] += tile) {
            for (at[0] = 0; !rc && at[0] <= at[1]; at[0] += tile) {
                for (n = 0; n < settings->order; n++) {
                    box.begin[n] = at[n];
                    box.end[n] = at[n] + tile < all ? at[n] + tile : all;
                }
                rc = dp_mdr_searcher_run(searcher, &box, harvest, NULL);
            }
        }
    }
    return rc;
}

struct times {
    double seconds, cpu; /* cpu: without what other programs took */
};

static int run_once(const struct dp_mdr_planes *planes, const struct settings *settings,
                    const struct dp_mdr_unit_options *options, struct dp_mdr_harvest *harvest,
                    struct times *times)
{
    struct dp_mdr_searcher *searcher = NULL;
    struct times begin = {now(CLOCK_MONOTONIC), now(CLOCK_THREAD_CPUTIME_ID)};
    int rc;

    dp_mdr_harvest_clear(harvest);
    dp_mdr_best_clear(harvest->best);
    rc = dp_mdr_searcher_new(planes, options, &searcher, NULL);
    if (!rc)
        rc = search_all(searcher, settings, harvest);
    times->seconds = now(CLOCK_MONOTONIC) - begin.seconds;
    times->cpu = now(CLOCK_THREAD_CPUTIME_ID) - begin.cpu;
    dp_mdr_searcher_free(searcher);
    return rc;
}

static int measure(const struct settings *settings, const struct dp_mdr_planes *planes)
{
    struct dp_mdr_unit_options options = {NULL, settings->consistency, settings->prune,
                                          dp_mdr_threshold_none(), NULL, NULL};
    struct dp_mdr_harvest harvest = {NULL, {{0, {0}}}, 0};
    struct times best = {INFINITY, INFINITY}, times = {0, 0};
    struct dp_mdr_referee referee;
    struct dp_error err;
    unsigned n;
    int rc = 0;

    if (dp_mdr_kernel_find(settings->kernel, &options.kernel, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    dp_mdr_referee_make(planes, settings->missing <= 0, &referee);
    if (dp_mdr_best_new(settings->top, &referee, &harvest.best, NULL))
        return 1;
    for (n = 0; !rc && n < settings->runs; n++) {
        rc = run_once(planes, settings, &options, &harvest, &times);
        best.seconds = times.seconds < best.seconds ? times.seconds : best.seconds;
        best.cpu = times.cpu < best.cpu ? times.cpu : best.cpu;
    }
    if (!rc)
        printf("kernel %s order %u samples %u variants %u folds %u cases %u missing %g "
               "combinations %llu seconds %.6f per_second %.0f per_cpu_second %.0f "
               "top_score %.17g\n",
               dp_mdr_kernel_name(options.kernel), settings->order, settings->samples,
               settings->variants, settings->folds, settings->cases, settings->missing,
               (unsigned long long)harvest.combination_count, best.seconds,
               (double)harvest.combination_count / best.seconds,
               (double)harvest.combination_count / best.cpu,
               dp_mdr_best_count(harvest.best) ? dp_mdr_best_sorted(harvest.best)[0].score : NAN);
    dp_mdr_best_free(harvest.best);
    return rc != 0;
}

int main(int argc, char **argv)
{
    struct settings settings = {.samples = 5000, .variants = 1024, .folds = 5, .cases = 50,
                                .order = 2, .runs = 3, .top = 100, .tile = 1024,
                                .consistency = 1, .seed = 1};
    struct dp_mdr_cohort cohort = {0};
    struct dp_mdr_planes *planes = NULL;
    int rc = 1, n;

    for (n = 1; n < argc; n++) {
        if (!read_setting(&settings, argv[n])) {
            fprintf(stderr, "mdr_pairs: %s: not a setting\n", argv[n]);
            return 2;
        }
    }
    if (settings.samples < 2 || settings.folds < 2 || settings.folds > DP_MDR_MAX_FOLDS ||
        settings.variants < 3 || settings.tile < 1 || settings.order < 2 || settings.order > 3) {
        fprintf(stderr, "mdr_pairs: settings out of range\n");
        return 2;
    }
    state = settings.seed;
    if (make_cohort(&settings, &cohort) &&
        !dp_mdr_planes_new(&cohort, settings.variants, NULL, &planes, NULL) &&
        make_rows(&settings, planes))
        rc = measure(&settings, planes);
    dp_mdr_planes_free(planes);
    dp_mdr_cohort_free(&cohort);
    return rc;
}
