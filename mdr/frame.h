/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* How the samples lie in the matrices of a kernel; see mdr/kernel_table.h. */

#ifndef DP_MDR_FRAME_H
#define DP_MDR_FRAME_H

#include "mdr/kernel_table.h"

/* The frame refers to the layout of the planes. On failure nothing is held. */
int dp_mdr_frame_make(const struct dp_mdr_planes *planes, struct dp_mdr_frame *frame,
                      struct dp_error *err);
void dp_mdr_frame_free(struct dp_mdr_frame *frame);

#endif
