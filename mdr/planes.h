/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The calls of a cohort as the kernels want them: samples sorted by fold and class, each segment
 * padded, bit planes for each variant. A pure function of the cohort and the rows, whatever thread
 * or rank wrote them: the memory holds rows of equal size one after the other and nothing else, no
 * pointers, no sizes. */

#ifndef DP_MDR_PLANES_H
#define DP_MDR_PLANES_H

#include "base/error.h"
#include "mdr/cohort.h"

struct dp_mdr_planes;

/* Memory that `variant_count` variants of `cohort` take, to be had once per node. 0: too much. */
size_t dp_mdr_planes_bytes(const struct dp_mdr_cohort *cohort, size_t variant_count);

/* Planes without rows. `memory` holds dp_mdr_planes_bytes() bytes, aligned to 64, and stays the
 * caller's (so it may be shared by the processes of a node); NULL: the planes have their own. The
 * cohort is copied. */
int dp_mdr_planes_new(const struct dp_mdr_cohort *cohort, size_t variant_count, void *memory,
                      struct dp_mdr_planes **planes, struct dp_error *err);

/* Fills row `number` from calls as dp_mdr_genotypes_row() gives them, picking the cohort's columns.
 * Different rows may be filled by different threads, or processes that share the memory. */
void dp_mdr_planes_set(struct dp_mdr_planes *planes, size_t number, const uint8_t *row);

const struct dp_mdr_cohort *dp_mdr_planes_cohort(const struct dp_mdr_planes *planes);
size_t dp_mdr_planes_variant_count(const struct dp_mdr_planes *planes);

/* What the kernels and the counting of one table see. Samples are numbered anew, by fold and class;
 * a segment is a run of 16-bit words with samples of one fold and class, the lowest bit first. Its
 * last word is padded with zeros. A fold and class may have several segments, so that the samples
 * of each fit 16 bits. */
struct dp_mdr_segment {
    uint32_t first_word, word_count;
    uint32_t sample_count; /* 1 to DP_MDR_SEGMENT_SAMPLES */
    uint8_t fold, is_case;
};

enum { DP_MDR_SEGMENT_SAMPLES = 65520 };

struct dp_mdr_layout {
    size_t segment_count;
    const struct dp_mdr_segment *segments; /* by fold, within a fold controls first */
    size_t word_count;                     /* 16-bit words of a plane */
};

const struct dp_mdr_layout *dp_mdr_planes_layout(const struct dp_mdr_planes *planes);

/* The two planes of a row, the low and the high bit of each code, `word_count` words each; the
 * second follows the first at once. */
const uint16_t *dp_mdr_planes_row(const struct dp_mdr_planes *planes, size_t number);

void dp_mdr_planes_free(struct dp_mdr_planes *planes);

#endif
