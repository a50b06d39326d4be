/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/score.h"

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

static double balanced_accuracy(const struct sums *high, const struct sums *all)
{
    double sensitivity = 0, specificity = 0;

    if (!all->cases && !all->controls)
        return 0.5;
    if (all->cases)
        sensitivity = (double)high->cases / (double)all->cases;
    if (all->controls)
        specificity = (double)(all->controls - high->controls) / (double)all->controls;
    if (!all->cases)
        return specificity;
    if (!all->controls)
        return sensitivity;
    return (sensitivity + specificity) / 2;
}

static void add(struct sums *sums, uint64_t cases, uint64_t controls)
{
    sums->cases += cases;
    sums->controls += controls;
}

/* Fills `train` and `test` of one fold; `whole` are the counts of each cell over all folds. */
static void score_fold(const struct dp_mdr_table *table, unsigned fold, const struct sums *whole,
                       uint64_t cases, uint64_t controls, struct dp_mdr_scores *scores)
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
    scores->train[fold] = balanced_accuracy(&train_high, &train);
    scores->test[fold] = balanced_accuracy(&test_high, &test);
}

void dp_mdr_score(const struct dp_mdr_table *table, uint64_t cases, uint64_t controls,
                  struct dp_mdr_scores *scores)
{
    struct sums whole[DP_MDR_MAX_CELLS] = {{0, 0}};
    unsigned f, c;

    for (f = 0; f < table->fold_count; f++) {
        for (c = 0; c < table->cell_count; c++)
            add(&whole[c], table->count[f][1][c], table->count[f][0][c]);
    }
    memset(scores, 0, sizeof(*scores));
    for (f = 0; f < table->fold_count; f++) {
        score_fold(table, f, whole, cases, controls, scores);
        scores->mean_train += scores->train[f];
        scores->mean_test += scores->test[f];
    }
    scores->mean_train /= table->fold_count;
    scores->mean_test /= table->fold_count;
}
