/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Cuts the bytes of a VCF or BCF, which come in pieces of any size, into the header and batches of
 * whole records. Memory: a batch, or the largest record when that is more. */

#ifndef DP_MDR_RECORD_CUTTER_H
#define DP_MDR_RECORD_CUTTER_H

#include "base/array.h"
#include "base/error.h"

/* The next bytes at *bytes, valid until the next call: > 0, 0 at the end, or enum dp_result. */
typedef int64_t (*dp_mdr_pull)(void *user, const void **bytes, struct dp_error *err);

struct dp_mdr_cutter {
    dp_mdr_pull pull;
    void *user;
    const char *name; /* in messages */
    bool is_bcf;
    bool ended;           /* nothing more to pull */
    struct dp_array rest; /* pulled, but not yet given */
};

/* Begins at an object's begin (the next call is dp_mdr_cutter_header) or, `is_bcf` then says of
 * what, at a record (the next is dp_mdr_cutter_batch). */
void dp_mdr_cutter_begin(struct dp_mdr_cutter *cutter, dp_mdr_pull pull, void *user,
                         const char *name, bool is_bcf);
/* Gives the header, whole; cutter->is_bcf then says what the object is. */
int dp_mdr_cutter_header(struct dp_mdr_cutter *cutter, struct dp_array *header,
                         struct dp_error *err);
/* Replaces `batch` by the next records, with DP_MDR_BATCH_SLACK bytes of room behind them, and sets
 * *records to their number: 0 at the end. */
int dp_mdr_cutter_batch(struct dp_mdr_cutter *cutter, struct dp_array *batch, uint64_t *records,
                        struct dp_error *err);
void dp_mdr_cutter_end(struct dp_mdr_cutter *cutter);

#endif
