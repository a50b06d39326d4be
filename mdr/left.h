/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The left part of combinations, as a kernel wants it: lists of the samples of each of its classes
 * (calls of one variant, or of two) but the commonest, and of those where a call is missing. */

#ifndef DP_MDR_LEFT_H
#define DP_MDR_LEFT_H

#include "mdr/frame.h"

struct dp_mdr_left {
    uint32_t variant[2]; /* of a pair the first only */
    unsigned classes;    /* 3 or 9; the last has no list */
    bool missing;        /* there is a missing call */
    uint16_t *entries;
    uint32_t *begin;  /* [piece][classes - 1 lists, that of missing calls], and the end */
    uint32_t *counts; /* [segment][class, missing] samples */
};

int dp_mdr_left_new(const struct dp_mdr_frame *frame, unsigned classes, struct dp_mdr_left *left,
                    struct dp_error *err);

/* `last` is the class without a list. */
void dp_mdr_left_set(struct dp_mdr_left *left, const struct dp_mdr_frame *frame,
                     const struct dp_mdr_kernel *kernel, const struct dp_mdr_planes *planes,
                     const uint32_t *variants, unsigned last);

/* The list `number` of a piece; returns its length, a multiple of DP_MDR_LIST_STEP. */
static inline size_t dp_mdr_left_list(const struct dp_mdr_left *left, size_t piece,
                                      unsigned number, const uint16_t **list)
{
    const uint32_t *begin = left->begin + piece * left->classes + number;

    *list = left->entries + begin[0];
    return begin[1] - begin[0];
}

void dp_mdr_left_free(struct dp_mdr_left *left);

#endif
