/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Two objects that hold mates: record K of one belongs to record K of the other. */

#ifndef DP_SLICER_MATES_H
#define DP_SLICER_MATES_H

#include "slicer/plan_piece.h"

/* 0 when both have as many records and equal names, by the digests of their indexes. DP_DATA when
 * not: then the two groups that differ are read, so that the message can name the record.
 * DP_UNSUPPORTED when their formats have no names. */
int dp_mates_check(const struct dp_plan_place *first, const struct dp_plan_place *second,
                   struct dp_error *err);

#endif
