/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The best combinations so far. What is kept does not depend on the order in which combinations
 * were added or lists merged. Each combination is added once: a list does not look for those it
 * has. Each list belongs to one thread at a time. */

#ifndef DP_MDR_BEST_H
#define DP_MDR_BEST_H

#include "base/error.h"
#include "mdr/hit.h"

struct dp_mdr_best;

/* The referee (NULL: none) outlives the list. */
int dp_mdr_best_new(size_t capacity, const struct dp_mdr_referee *referee,
                    struct dp_mdr_best **best, struct dp_error *err);
const struct dp_mdr_referee *dp_mdr_best_referee(const struct dp_mdr_best *best);
void dp_mdr_best_add(struct dp_mdr_best *best, const struct dp_mdr_hit *hit);
void dp_mdr_best_merge(struct dp_mdr_best *best, const struct dp_mdr_best *other);
/* Forgets everything, keeps the memory. */
void dp_mdr_best_clear(struct dp_mdr_best *best);
size_t dp_mdr_best_count(const struct dp_mdr_best *best);
/* Nothing with a lower rounded score can enter; -INFINITY while there is room, INFINITY when there
 * never will be (capacity 0). */
double dp_mdr_best_floor(const struct dp_mdr_best *best);
/* All of them, best first; valid until the next change. */
const struct dp_mdr_hit *dp_mdr_best_sorted(struct dp_mdr_best *best);
void dp_mdr_best_free(struct dp_mdr_best *best);

#endif
