/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a kernel is made of: inside the search only.
 *
 * A combination is a left part (one variant, or two of a triple) and a right variant. The calls of
 * a group of right variants stand sample by sample: a row of bits for each sample, one bit for each
 * variant. To count, the rows of those samples that have the left part's call are added up, all
 * variants at once, in counters whose bits lie in different vectors ("vertical" counters). Only
 * samples of the rarer calls are visited; what the commonest has follows from the margins. */

#ifndef DP_MDR_KERNEL_TABLE_H
#define DP_MDR_KERNEL_TABLE_H

#include "mdr/kernel.h"
#include "mdr/score.h"

#include <stdbool.h>

enum {
    DP_MDR_PIECE_WORDS = 32,  /* so that the rows of a piece fit the first cache */
    DP_MDR_LIST_STEP = 8,     /* lists are padded to a multiple */
    DP_MDR_LIST_SLACK = 64,
    DP_MDR_MAX_CLASSES = 9,   /* calls of a left part */
    DP_MDR_MAX_VECTOR = 64,   /* bytes */
};

/* At most 512 samples of one segment. `row` counts from the beginning of a matrix; behind the rows
 * of the samples (and those of the padding) follows one without any bit. */
struct dp_mdr_piece {
    uint32_t first_word, word_count;
    uint32_t sample_count;
    uint32_t row;
    uint32_t segment;
    bool opens; /* the first one of its segment */
};

/* The samples as the matrices have them. */
struct dp_mdr_frame {
    const struct dp_mdr_layout *layout;
    unsigned fold_count;
    size_t piece_count, row_count; /* rows of a matrix */
    struct dp_mdr_piece *pieces;
    uint32_t *row_of_word; /* of the first sample of each word of a plane */
};

/* The bits of one group: `calls` has heterozygous calls in the first half of a row and homozygous
 * ones in the second, for one half of the variants each; `missing` has both halves of the variants.
 */
struct dp_mdr_matrices {
    uint8_t *calls[2];
    uint8_t *missing; /* or NULL */
};

/* One left part, its counts with a whole group, and what is asked. Weighted sums are
 * weight[1] * cases - weight[0] * controls.
 *
 * A judge reports every lane that reaches a limit and may report others. */
struct dp_mdr_sight {
    const struct dp_mdr_frame *frame;
    unsigned classes;       /* of the left part; the last one was not counted */
    unsigned first, end;    /* lanes to judge, rounded to whole vectors */
    const uint16_t *counts; /* [segment][class][call 1, 2][lane] */
    bool train, prune;
    uint64_t *found; /* bits of lanes that reach a limit are set */
    int32_t weight[2];

    /* Complete calls, or a first look. Limits are of weighted sums: of the testing one over all
     * folds, of each fold's training one. */
    const int32_t *row_sum;    /* [fold][class]: weighted, all calls */
    const int16_t *column_sum16; /* [fold][call 1, 2][lane]: weighted, all classes */
    const int32_t *column_sum32; /* the same; judge16 needs one, judge32 the other */
    int32_t test_limit;
    int32_t train_limit[DP_MDR_MAX_FOLDS];

    /* Missing calls, or classes in different proportions in the folds. Samples without a call on
     * one side or both: [segment][missing left and call 1, 2; class and missing right; missing left
     * and right][lane]; NULL: none. */
    const uint16_t *gaps;
    bool skim; /* there are gaps, and a first look at weighted sums saves most of the judging */
    const uint32_t *row_count;    /* [segment][class, missing] */
    const uint16_t *column_count; /* [segment][call 1, 2, missing][lane] */
    /* Of the sum over the folds of sensitivity + specificity - 1, and of each fold's for training,
     * less what rounding may take. */
    float test_level;
    float train_level[DP_MDR_MAX_FOLDS];
};

struct dp_mdr_kernel {
    const char *name;
    bool (*runs_here)(void);
    unsigned vector_bytes; /* a group has 8 times as many variants, a row as many bytes */
    /* Fills matrices from the rows of planes; NULL is a variant that is not there. */
    void (*spread)(const struct dp_mdr_frame *frame, const uint16_t *const *planes,
                   const struct dp_mdr_matrices *matrices);
    /* The offsets of the rows of the samples whose bits are set; returns how many. Up to
     * DP_MDR_LIST_SLACK entries behind them may be overwritten. */
    size_t (*list)(const uint16_t *members, size_t word_count, uint16_t *list);
    /* Adds up the rows at these offsets. Counts of the first and second half go to (are added to)
     * `first` and `second`. */
    void (*count)(const uint8_t *rows, const uint16_t *list, size_t length, bool add,
                  uint16_t *first, uint16_t *second);
    /* Which lanes reach a limit; 16 bits do when every weighted sum fits. */
    void (*judge16)(const struct dp_mdr_sight *sight);
    void (*judge32)(const struct dp_mdr_sight *sight);
    void (*judge_gaps16)(const struct dp_mdr_sight *sight);
    void (*judge_gaps32)(const struct dp_mdr_sight *sight);
};

extern const struct dp_mdr_kernel dp_mdr_kernel_generic;
#if defined(__x86_64__) && defined(__GNUC__)
#define DP_MDR_HAVE_X86 1
extern const struct dp_mdr_kernel dp_mdr_kernel_avx2;
extern const struct dp_mdr_kernel dp_mdr_kernel_avx512;
#endif
#if defined(__aarch64__) && defined(__GNUC__)
#define DP_MDR_HAVE_NEON 1
extern const struct dp_mdr_kernel dp_mdr_kernel_neon;
#endif

#endif
