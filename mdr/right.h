/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A group of variants as the right side of combinations: their matrices and margins. */

#ifndef DP_MDR_RIGHT_H
#define DP_MDR_RIGHT_H

#include "mdr/frame.h"

struct dp_mdr_right {
    uint32_t first, end; /* the variants; none: empty */
    bool missing;        /* there is a missing call */
    struct dp_mdr_matrices matrices;
    uint16_t *counts; /* [segment][call 1, 2, missing][lane] */
    int16_t *sum16;   /* [fold][call 1, 2][lane]: weighted (see struct dp_mdr_sight) */
    int32_t *sum32;   /* the same */
};

static inline unsigned dp_mdr_right_lanes(const struct dp_mdr_kernel *kernel)
{
    return 8 * kernel->vector_bytes;
}

/* Memory of one group. */
size_t dp_mdr_right_bytes(const struct dp_mdr_frame *frame, const struct dp_mdr_kernel *kernel);

int dp_mdr_right_new(const struct dp_mdr_frame *frame, const struct dp_mdr_kernel *kernel,
                     struct dp_mdr_right *right, struct dp_error *err);

/* Takes variants [first, end), at most as many as there are lanes; `missing`: some have missing
 * calls. */
void dp_mdr_right_set(struct dp_mdr_right *right, const struct dp_mdr_frame *frame,
                      const struct dp_mdr_kernel *kernel, const struct dp_mdr_planes *planes,
                      const int32_t weight[2], uint32_t first, uint32_t end, bool missing);

void dp_mdr_right_free(struct dp_mdr_right *right);

#endif
