/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Leaves only some of the samples in BCF: of each FORMAT field the vectors of these are copied as
 * they stand, of the header's line #CHROM their names. Nothing else is parsed or counted anew. */

#ifndef DP_FORMAT_BCF_COLUMNS_H
#define DP_FORMAT_BCF_COLUMNS_H

#include "index/format/bcf.h"

#include <jansson.h>

/* Of no larger records samples are chosen: a record is held whole. */
#define DP_BCF_COLUMNS_RECORD_MAX (UINT64_C(1) << 30)

struct dp_bcf_columns;

/* Takes the keys "columns", which is there, and "samples" of a filter: see BCF.md. What makes no
 * sense is DP_BAD_INDEX. `name` is that of the object, for messages. */
int dp_bcf_columns_open(const json_t *spec, const char *name, struct dp_bcf_columns **columns,
                        struct dp_error *err);
/* Appends what remains of a whole header. */
int dp_bcf_columns_cut_header(const struct dp_bcf_columns *columns, const uint8_t *header,
                              size_t length, struct dp_array *out, struct dp_error *err);
/* Appends what remains of a record: its head, which fits, and the bytes behind it. One without
 * samples stays as it is. DP_DATA when it has another number of them than the header, or when its
 * FORMAT fields do not lie one behind the other up to its end. */
int dp_bcf_columns_cut_record(struct dp_bcf_columns *columns, const uint8_t head[DP_BCF_HEAD_BYTES],
                              const uint8_t *rest, struct dp_array *out, struct dp_error *err);
void dp_bcf_columns_close(struct dp_bcf_columns *columns);

/* Makes these two keys from what a user wants: see filter.h. */
int dp_bcf_columns_choose(const uint8_t *header, size_t header_bytes, const char *wanted,
                          const char *name, json_t **keys, struct dp_error *err);

#endif
