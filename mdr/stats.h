/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What is said of a combination beside its balanced accuracies: figures of the table of all its
 * samples, whatever their fold (MDR.md, "Figures of the whole table"). */

#ifndef DP_MDR_STATS_H
#define DP_MDR_STATS_H

#include "mdr/score.h"

#include <stdbool.h>

/* Figures that do not exist are NAN. */
struct dp_mdr_stats {
    unsigned order, cell_count;
    uint32_t cases[DP_MDR_MAX_CELLS], controls[DP_MDR_MAX_CELLS];
    bool high[DP_MDR_MAX_CELLS];
    uint64_t sample_count;              /* without a missing call */
    double odds_ratio, or_low, or_high; /* with its 95 % interval */
    double chi_square, p;               /* one degree of freedom, no correction */
    double information_gain;            /* bits */
};

/* `cases` and `controls` of the whole cohort. */
void dp_mdr_stats_make(const struct dp_mdr_table *table, uint64_t cases, uint64_t controls,
                       struct dp_mdr_stats *stats);

/* The cells as text: "CASES/CONTROLS" and H (high risk) or L, parted by commas, cell 0 first.
 * Returns `buffer`. */
enum { DP_MDR_CELLS_TEXT_BYTES = DP_MDR_MAX_CELLS * 24 };
const char *dp_mdr_stats_cells(const struct dp_mdr_stats *stats, char *buffer, size_t capacity);

#endif
