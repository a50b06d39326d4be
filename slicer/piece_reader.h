/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* From one piece of a slice to its bytes. The reader of a slice (reader.c) has one of these for
 * each piece that is being read. One thread at a time. */

#ifndef DP_SLICER_PIECE_READER_H
#define DP_SLICER_PIECE_READER_H

#include "slicer/slice.h"

struct dp_piece_reader;

/* `slice` must have passed dp_slice_check and outlive the reader. Costs one request when there is a
 * window to fetch, else none; transfers begin at once. */
int dp_piece_reader_open(struct dp_context *context, const struct dp_slice *slice,
                         const struct dp_slice_piece *piece,
                         const struct dp_reader_options *options, struct dp_piece_reader **reader,
                         struct dp_error *err);
/* > 0: so many bytes at *bytes, valid until the next call; 0: `limit` was reached, or the end: then
 * everything was checked; < 0: enum dp_result. A piece of records without a filter is emitted up to
 * the edge where record `limit` (0-based, of the object) begins, UINT64_MAX for all of it; others
 * know no limit. */
int64_t dp_piece_reader_next(struct dp_piece_reader *reader, uint64_t limit, const uint8_t **bytes,
                             struct dp_error *err);
/* Its object lies where each request costs a round trip. */
bool dp_piece_reader_is_far(const struct dp_piece_reader *reader);
/* Nothing more will come. */
bool dp_piece_reader_ended(const struct dp_piece_reader *reader);
/* The record that begins where the reader stands. */
uint64_t dp_piece_reader_record(const struct dp_piece_reader *reader);
/* Adds what was emitted so far. */
void dp_piece_reader_count(const struct dp_piece_reader *reader, struct dp_reader_counts *counts);
void dp_piece_reader_free(struct dp_piece_reader *reader);

#endif
