/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/score.h"

#include <math.h>
#include <string.h>

/* Bit b: which of the (up to 16) samples of a word have call 0, 1, 2. */
static void split_calls(const uint16_t *row, size_t words, size_t word, uint32_t mask,
                        uint32_t calls[3])
{
    uint32_t low = row[word], high = row[words + word];

    calls[0] = ~(low | high) & mask;
    calls[1] = low & ~high;
    calls[2] = high & ~low;
}

static void count_word(unsigned order, uint32_t calls[DP_MDR_MAX_ORDER][3],
                       uint32_t counts[DP_MDR_MAX_CELLS])
{
    unsigned a, b, c;
    uint32_t both;

    for (a = 0; a < 3; a++) {
        for (b = 0; b < 3; b++) {
            both = calls[0][a] & calls[1][b];
            if (order == 2) {
                counts[3 * a + b] += (uint32_t)__builtin_popcount(both);
                continue;
            }
            for (c = 0; c < 3; c++)
                counts[9 * a + 3 * b + c] += (uint32_t)__builtin_popcount(both & calls[2][c]);
        }
    }
}

void dp_mdr_table_count(const struct dp_mdr_planes *planes, unsigned order,
                        const uint32_t *variants, struct dp_mdr_table *table)
{
    const struct dp_mdr_layout *layout = dp_mdr_planes_layout(planes);
    uint32_t calls[DP_MDR_MAX_ORDER][3], mask, left, word;
    const uint16_t *rows[DP_MDR_MAX_ORDER];
    const struct dp_mdr_segment *segment;
    size_t s;
    unsigned n;

    memset(table, 0, sizeof(*table));
    table->order = order;
    table->fold_count = dp_mdr_planes_cohort(planes)->fold_count;
    table->cell_count = order == 2 ? 9 : 27;
    for (n = 0; n < order; n++)
        rows[n] = dp_mdr_planes_row(planes, variants[n]);
    for (s = 0; s < layout->segment_count; s++) {
        segment = &layout->segments[s];
        left = segment->sample_count;
        for (word = 0; word < segment->word_count; word++, left -= 16) {
            mask = left < 16 ? (1u << left) - 1 : 0xffff;
            for (n = 0; n < order; n++)
                split_calls(rows[n], layout->word_count, segment->first_word + word, mask,
                            calls[n]);
            count_word(order, calls, table->count[segment->fold][segment->is_case]);
        }
    }
}

/* Cases and controls of a combination in one fold or in all. */
struct sums {
    uint64_t cases, controls;
};

/* Twice the balanced accuracy. */
static void double_accuracy(const struct sums *high, const struct sums *all,
                            struct dp_mdr_ratio terms[2])
{
    const struct dp_mdr_ratio none = {0, 1}, half = {1, 1};
    struct dp_mdr_ratio sensitivity = {high->cases, all->cases};
    struct dp_mdr_ratio specificity = {all->controls - high->controls, all->controls};

    if (!all->cases || !all->controls) { /* one term alone counts twice */
        sensitivity.part *= 2;
        specificity.part *= 2;
    }
    terms[0] = all->cases ? sensitivity : none;
    terms[1] = all->controls ? specificity : none;
    if (!all->cases && !all->controls)
        terms[0] = half;
}

static void add(struct sums *sums, uint64_t cases, uint64_t controls)
{
    sums->cases += cases;
    sums->controls += controls;
}

/* Fills `train` and `test` of one fold; `whole` are the counts of each cell over all folds. */
static void score_fold(const struct dp_mdr_table *table, unsigned fold, const struct sums *whole,
                       uint64_t cases, uint64_t controls, struct dp_mdr_terms *terms)
{
    struct sums train = {0, 0}, train_high = {0, 0}, test = {0, 0}, test_high = {0, 0};
    uint64_t p, q, tested_cases, tested_controls;
    unsigned c;

    for (c = 0; c < table->cell_count; c++) {
        tested_controls = table->count[fold][0][c];
        tested_cases = table->count[fold][1][c];
        p = whole[c].cases - tested_cases;
        q = whole[c].controls - tested_controls;
        add(&train, p, q);
        add(&test, tested_cases, tested_controls);
        if (p + q && p * controls >= q * cases) {
            add(&train_high, p, q);
            add(&test_high, tested_cases, tested_controls);
        }
    }
    double_accuracy(&train_high, &train, &terms->train[2 * fold]);
    double_accuracy(&test_high, &test, &terms->test[2 * fold]);
}

void dp_mdr_score_terms(const struct dp_mdr_table *table, uint64_t cases, uint64_t controls,
                        struct dp_mdr_terms *terms)
{
    struct sums whole[DP_MDR_MAX_CELLS] = {{0, 0}};
    unsigned f, c;

    for (f = 0; f < table->fold_count; f++) {
        for (c = 0; c < table->cell_count; c++)
            add(&whole[c], table->count[f][1][c], table->count[f][0][c]);
    }
    terms->fold_count = table->fold_count;
    for (f = 0; f < table->fold_count; f++)
        score_fold(table, f, whole, cases, controls, terms);
}

double dp_mdr_score_train(const struct dp_mdr_terms *terms, unsigned fold)
{
    return dp_mdr_ratio_mean(&terms->train[2 * fold], 2, 2);
}

static double mean_of(const struct dp_mdr_ratio *accuracies, unsigned folds)
{
    return dp_mdr_ratio_mean(accuracies, 2 * (size_t)folds, 2 * folds);
}

double dp_mdr_score_mean(const struct dp_mdr_terms *terms)
{
    return mean_of(terms->test, terms->fold_count);
}

int dp_mdr_score_compare(const struct dp_mdr_terms *terms, const struct dp_mdr_terms *other)
{
    return dp_mdr_ratio_compare(terms->test, 2 * (size_t)terms->fold_count, other->test,
                                2 * (size_t)other->fold_count);
}

void dp_mdr_score_round(const struct dp_mdr_terms *terms, struct dp_mdr_scores *scores)
{
    unsigned f;

    memset(scores, 0, sizeof(*scores));
    for (f = 0; f < terms->fold_count; f++) {
        scores->train[f] = dp_mdr_score_train(terms, f);
        scores->test[f] = dp_mdr_ratio_mean(&terms->test[2 * f], 2, 2);
    }
    scores->mean_train = mean_of(terms->train, terms->fold_count);
    scores->mean_test = dp_mdr_score_mean(terms);
}

struct dp_mdr_threshold dp_mdr_threshold_make(uint64_t units)
{
    struct dp_mdr_ratio ratio = {units, DP_MDR_THRESHOLD_ONE};

    return (struct dp_mdr_threshold){units, dp_mdr_ratio_mean(&ratio, 1, 1)};
}

struct dp_mdr_threshold dp_mdr_threshold_none(void)
{
    return (struct dp_mdr_threshold){0, NAN};
}

/* Rounding keeps the order, so only where both are rounded to the same must more be asked. */
bool dp_mdr_threshold_reached(const struct dp_mdr_threshold *threshold, double score,
                              const struct dp_mdr_terms *terms)
{
    struct dp_mdr_ratio least = {2 * terms->fold_count * threshold->units, DP_MDR_THRESHOLD_ONE};

    if (score != threshold->rounded)
        return score > threshold->rounded;
    return dp_mdr_ratio_compare(terms->test, 2 * (size_t)terms->fold_count, &least, 1) >= 0;
}
