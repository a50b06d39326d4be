/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The header of an object in front of the records of a slice. */

#ifndef DP_SLICER_PLAN_HEADER_H
#define DP_SLICER_PLAN_HEADER_H

#include "slicer/plan_piece.h"

/* What all slices of a plan share; zero-initialise. */
struct dp_plan_header {
    uint64_t bytes;         /* uncompressed; 0: the format has no header */
    uint64_t stored_bytes;  /* of the object that decode to it; 0: not known */
    uint8_t *packed;        /* one gzip member, when parts are inlined */
    size_t packed_bytes;
};

/* The header's bytes, all `length` of them; the caller frees them. */
int dp_plan_header_read(struct dp_context *context, struct dp_index *index,
                        struct dp_object *object, uint64_t length, uint8_t **bytes,
                        struct dp_error *err);
/* Reads the header from the object when parts are inlined. */
int dp_plan_header_open(struct dp_context *context, struct dp_index *index,
                        struct dp_object *object, bool inline_parts,
                        struct dp_plan_header *header, struct dp_error *err);
/* Adds the header's piece, when there is one. */
int dp_plan_header_add(const struct dp_plan_header *header, const struct dp_plan_place *place,
                       uint32_t source, uint32_t output, struct dp_slice *slice,
                       struct dp_error *err);
void dp_plan_header_close(struct dp_plan_header *header);

#endif
