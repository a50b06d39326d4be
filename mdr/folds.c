/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/folds.h"

#include "base/size.h"
#include "mdr/lines.h"
#include "mdr/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sample of the cohort and its ID. */
struct named {
    const char *id;
    uint32_t sample;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->id, ((const struct named *)b)->id);
}

/* The cohort's samples by ID, which the caller frees; NULL: out of memory. */
static struct named *sort_by_id(const struct dp_mdr_genotypes *genotypes,
                                const struct dp_mdr_cohort *cohort)
{
    size_t i, count = cohort->sample_count;
    struct named *sorted = malloc((count + 1) * sizeof(*sorted));

    if (!sorted)
        return NULL;
    for (i = 0; i < count; i++) {
        sorted[i].id = dp_mdr_genotypes_sample(genotypes, cohort->column[i]);
        sorted[i].sample = (uint32_t)i;
    }
    qsort(sorted, count, sizeof(*sorted), compare);
    return sorted;
}

/* Deals the samples of a class out round, the first one to fold `first` mod the number of folds.
 * Each fold takes so many as `room` says, all together at least the samples of the class; one that
 * is full is passed over. */
static void deal_class(struct dp_mdr_cohort *cohort, const uint32_t *by_id, bool cases,
                       size_t first, size_t *room, struct dp_mdr_random *random, uint32_t *samples)
{
    size_t i, count = 0, fold = first % cohort->fold_count;

    for (i = 0; i < cohort->sample_count; i++) {
        if (cohort->is_case[by_id[i]] == cases)
            samples[count++] = by_id[i];
    }
    dp_mdr_random_shuffle(random, samples, count);
    for (i = 0; i < count; i++) {
        while (!room[fold])
            fold = (fold + 1) % cohort->fold_count;
        room[fold]--;
        cohort->fold[samples[i]] = (uint8_t)fold;
        fold = (fold + 1) % cohort->fold_count;
    }
}

/* room[1] is that for cases. */
static int deal(const uint32_t *by_id, struct dp_mdr_cohort *cohort,
                size_t room[2][DP_MDR_MAX_FOLDS], uint64_t seed, struct dp_error *err)
{
    struct dp_mdr_random random;
    uint32_t *samples = malloc(cohort->sample_count * sizeof(*samples));

    if (!samples)
        return dp_error_no_memory(err);
    dp_mdr_random_seed(&random, seed);
    deal_class(cohort, by_id, false, 0, room[0], &random, samples);
    deal_class(cohort, by_id, true, (size_t)cohort->control_count, room[1], &random, samples);
    free(samples);
    return DP_OK;
}

int dp_mdr_folds_order(const struct dp_mdr_genotypes *genotypes, const struct dp_mdr_cohort *cohort,
                       uint32_t **by_id, struct dp_error *err)
{
    struct named *sorted = sort_by_id(genotypes, cohort);
    uint32_t *order = malloc((cohort->sample_count + 1) * sizeof(*order));
    size_t i;

    if (!sorted || !order) {
        free(sorted);
        free(order);
        return dp_error_no_memory(err);
    }
    for (i = 0; i < cohort->sample_count; i++)
        order[i] = sorted[i].sample;
    free(sorted);
    *by_id = order;
    return DP_OK;
}

int dp_mdr_folds_deal_order(const uint32_t *by_id, struct dp_mdr_cohort *cohort,
                            unsigned fold_count, uint64_t seed, struct dp_error *err)
{
    size_t room[2][DP_MDR_MAX_FOLDS];
    unsigned fold;

    if (fold_count < DP_MDR_MIN_FOLDS || fold_count > DP_MDR_MAX_FOLDS)
        return dp_error_set(err, DP_INVALID, "%u folds: there may be %d to %d", fold_count,
                            DP_MDR_MIN_FOLDS, DP_MDR_MAX_FOLDS);
    if (cohort->case_count < fold_count || cohort->control_count < fold_count)
        return dp_error_set(err, DP_DATA,
                            "%u folds are too many for %llu cases and %llu controls: each fold "
                            "must have one of either",
                            fold_count, (unsigned long long)cohort->case_count,
                            (unsigned long long)cohort->control_count);
    for (fold = 0; fold < fold_count; fold++)
        room[0][fold] = room[1][fold] = cohort->sample_count;
    cohort->fold_count = fold_count;
    return deal(by_id, cohort, room, seed, err);
}

int dp_mdr_folds_deal_like(const uint32_t *by_id, const struct dp_mdr_cohort *like,
                           struct dp_mdr_cohort *cohort, uint64_t seed, struct dp_error *err)
{
    size_t room[2][DP_MDR_MAX_FOLDS] = {{0}};
    size_t i;

    for (i = 0; i < like->sample_count; i++)
        room[like->is_case[i]][like->fold[i]]++;
    cohort->fold_count = like->fold_count;
    return deal(by_id, cohort, room, seed, err);
}

int dp_mdr_folds_deal(const struct dp_mdr_genotypes *genotypes, struct dp_mdr_cohort *cohort,
                      unsigned fold_count, uint64_t seed, struct dp_error *err)
{
    uint32_t *by_id = NULL;
    int result = dp_mdr_folds_order(genotypes, cohort, &by_id, err);

    if (result == DP_OK)
        result = dp_mdr_folds_deal_order(by_id, cohort, fold_count, seed, err);
    free(by_id);
    return result;
}

/* -------------------------------------------------------------------------------- a file */

/* What is read of a file of folds. */
struct reading {
    const struct dp_mdr_cohort *cohort;
    const struct named *sorted;
    uint8_t *fold; /* of each sample, from 1; 0: not said yet */
    unsigned fold_count;
    uint64_t unknown;
};

/* Takes the current line. */
static int read_line(struct reading *reading, const struct dp_mdr_lines *lines,
                     struct dp_error *err)
{
    struct named key, *found;
    uint64_t fold;

    if (dp_mdr_lines_count(lines) != 2)
        return dp_mdr_lines_fail(lines, err, "%zu columns instead of two, ID and fold",
                                 dp_mdr_lines_count(lines));
    if (!dp_count_parse(dp_mdr_lines_field(lines, 1), &fold) || fold < 1 || fold > DP_MDR_MAX_FOLDS)
        return dp_mdr_lines_fail(lines, err, "'%.60s' is no fold from 1 to %d",
                                 dp_mdr_lines_field(lines, 1), DP_MDR_MAX_FOLDS);
    key.id = dp_mdr_lines_field(lines, 0);
    found = bsearch(&key, reading->sorted, reading->cohort->sample_count, sizeof(key), compare);
    if (!found) {
        reading->unknown++;
        return DP_OK;
    }
    if (reading->fold[found->sample])
        return dp_mdr_lines_fail(lines, err, "ID '%.100s' has a fold already", key.id);
    reading->fold[found->sample] = (uint8_t)fold;
    if (fold > reading->fold_count)
        reading->fold_count = (unsigned)fold;
    return DP_OK;
}

/* Has every sample a fold, and every fold a sample of each class? */
static int check_folds(const struct reading *reading, const char *name, struct dp_error *err)
{
    const struct dp_mdr_cohort *cohort = reading->cohort;
    size_t have[2][DP_MDR_MAX_FOLDS + 1] = {{0}};
    unsigned i, fold;

    for (i = 0; i < cohort->sample_count; i++) {
        if (!reading->fold[reading->sorted[i].sample])
            return dp_error_set(err, DP_DATA, "%s: no fold for the sample '%.100s'", name,
                                reading->sorted[i].id);
        have[cohort->is_case[i]][reading->fold[i]]++;
    }
    if (reading->fold_count < DP_MDR_MIN_FOLDS)
        return dp_error_set(err, DP_DATA, "%s: all samples are in one fold", name);
    for (fold = 1; fold <= reading->fold_count; fold++) {
        for (i = 0; i < 2; i++) {
            if (!have[i][fold])
                return dp_error_set(err, DP_DATA, "%s: fold %u has no %s", name, fold,
                                    i ? "case" : "control");
        }
    }
    return DP_OK;
}

static int read_folds(struct reading *reading, struct dp_mdr_lines *lines, struct dp_error *err)
{
    int got, result;

    while ((got = dp_mdr_lines_next(lines, err)) > 0) {
        if (strcmp(dp_mdr_lines_field(lines, 0), "#IID") == 0)
            continue;
        result = read_line(reading, lines, err);
        if (result < 0)
            return result;
    }
    return got < 0 ? got : check_folds(reading, lines->name, err);
}

int dp_mdr_folds_read(struct dp_context *context, const char *uri,
                      const struct dp_mdr_genotypes *genotypes, struct dp_mdr_cohort *cohort,
                      uint64_t *unknown, struct dp_mdr_text_identity *identity,
                      struct dp_error *err)
{
    struct named *sorted = sort_by_id(genotypes, cohort);
    struct reading reading = {.cohort = cohort, .sorted = sorted};
    struct dp_mdr_lines lines = {0};
    int result = DP_OK;
    size_t i;

    reading.fold = calloc(cohort->sample_count + 1, 1);
    if (!sorted || !reading.fold) {
        result = dp_error_no_memory(err);
        goto out;
    }
    result = dp_mdr_lines_read(context, uri, &lines, err);
    if (result < 0)
        goto out;
    result = read_folds(&reading, &lines, err);
    if (result < 0)
        goto out;
    for (i = 0; i < cohort->sample_count; i++)
        cohort->fold[i] = (uint8_t)(reading.fold[i] - 1);
    cohort->fold_count = reading.fold_count;
    if (unknown)
        *unknown = reading.unknown;
    if (identity)
        *identity = lines.identity;
out:
    dp_mdr_lines_free(&lines);
    free(reading.fold);
    free(sorted);
    return result;
}

int dp_mdr_folds_format(const struct dp_mdr_genotypes *genotypes,
                        const struct dp_mdr_cohort *cohort, char **text, size_t *length,
                        struct dp_error *err)
{
    static const char header[] = "#IID\tFOLD\n";
    struct named *sorted = sort_by_id(genotypes, cohort);
    struct dp_array made = {0};
    char fold[16];
    size_t i;
    bool good = sorted && dp_array_append(&made, header, strlen(header), 1);

    for (i = 0; good && i < cohort->sample_count; i++) {
        int digits = snprintf(fold, sizeof(fold), "\t%d\n", cohort->fold[sorted[i].sample] + 1);

        good = dp_array_append(&made, sorted[i].id, strlen(sorted[i].id), 1) &&
               dp_array_append(&made, fold, (size_t)digits, 1);
    }
    good = good && dp_array_append(&made, "", 1, 1);
    free(sorted);
    if (!good) {
        dp_array_free(&made);
        return dp_error_no_memory(err);
    }
    *text = made.data;
    *length = made.length - 1;
    return DP_OK;
}
