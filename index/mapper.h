/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Lays the record map while the uncompressed bytes go by: finds the format by the first of them,
 * drives its scanner and keeps a row for the first record that begins at or after every mark (seek
 * point). One row serves all marks at or before its offset. */

#ifndef DP_INDEX_MAPPER_H
#define DP_INDEX_MAPPER_H

#include "base/array.h"
#include "index/index.h"

struct dp_mapper;

struct dp_mapper_config {
    const char *name;               /* of the object, for messages; outlives the mapper */
    const struct dp_format *format; /* NULL: found by content */
    bool allow_empty;               /* no data at all is text */
    bool keep_prefix;               /* records before damage count: also sum up to their end */
};

/* What the map says in the end. */
struct dp_mapper_result {
    const struct dp_format *format;
    struct dp_edge totals;
    uint64_t longest_record_bytes;
    bool cut;              /* the data did not end with the last record; then: */
    uint32_t totals_crc32; /* CRC-32 of everything before totals.offset (keep_prefix only) */
    uint64_t header_bytes; /* in front of the records, */
    uint32_t header_crc32; /* and their CRC-32 */
};

int dp_mapper_open(const struct dp_mapper_config *config, struct dp_mapper **mapper,
                   struct dp_error *err);
/* `err` must not be NULL here and below.
 * Takes the bytes that come next. After a failure only dp_mapper_free is allowed, or, with
 * keep_prefix and DP_DATA, dp_mapper_finish(truncated). */
int dp_mapper_feed(struct dp_mapper *mapper, const uint8_t *bytes, size_t length,
                   struct dp_error *err);
/* A seek point lies behind the bytes fed so far. */
int dp_mapper_mark(struct dp_mapper *mapper, struct dp_error *err);
/* The end of the data. `truncated` (keep_prefix only): it may lie inside a record, which is then
 * left out. */
int dp_mapper_finish(struct dp_mapper *mapper, bool truncated, struct dp_mapper_result *result,
                     struct dp_error *err);

/* After finish: the rows (struct dp_index_row), taken over by the caller. */
void dp_mapper_take_rows(struct dp_mapper *mapper, struct dp_array *rows);
/* After finish: appends the digests (struct dp_name_digest) of at most `record_count` records. */
int dp_mapper_copy_digests(const struct dp_mapper *mapper, uint64_t record_count,
                           struct dp_array *digests, struct dp_error *err);
/* After finish: appends the contigs (struct dp_contig), their names (char) and the runs (struct
 * dp_run), if the records of the format have positions. */
int dp_mapper_copy_loci(const struct dp_mapper *mapper, struct dp_array *contigs,
                        struct dp_array *names, struct dp_array *runs, struct dp_error *err);
/* After finish: what the format knows, a new JSON object. */
int dp_mapper_describe(const struct dp_mapper *mapper, json_t **facts, struct dp_error *err);
void dp_mapper_free(struct dp_mapper *mapper);

#endif
