/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What the planner and the stream ask of an index. Immutable after build or open; every query is
 * const and thread-safe. INDEX.md beside this file is the specification of the file. */

#ifndef DP_INDEX_INDEX_H
#define DP_INDEX_INDEX_H

#include "index/codec/decoder.h"
#include "index/format/format.h"

/* A row of the record map: the first record that begins at or after a seek point, and the record
 * before it. No record begins strictly between previous_offset and edge.offset. The first row is
 * the first record of the object; a last row stands for the end of the last record. */
struct dp_index_row {
    struct dp_edge edge;
    uint64_t previous_offset; /* of the record before; for the first row equal to edge's */
    uint64_t previous_bases;
};

/* Where the packed window of a seek point lies in the saved index file. */
struct dp_window_reference {
    struct dp_range range; /* in the index file */
    uint32_t crc32;        /* of the packed bytes */
    uint32_t raw_bytes;
};

enum dp_codec dp_index_codec(const struct dp_index *index);
const struct dp_format *dp_index_format(const struct dp_index *index);
/* Size of the object that was indexed, and of what it holds uncompressed. */
uint64_t dp_index_source_bytes(const struct dp_index *index);
uint64_t dp_index_uncompressed_bytes(const struct dp_index *index);
/* Location-free identity of the indexed bytes: a hash in hex, stable for equal bytes. */
const char *dp_index_identity(const struct dp_index *index);
/* Do records 1 and 2, 3 and 4, ... have the same names, as mates in one object have? */
bool dp_index_is_interleaved(const struct dp_index *index);
/* Where the index was saved or opened; NULL while it is in memory only. */
const char *dp_index_uri(const struct dp_index *index);
/* The same with its signature, when it was opened by a presigned URL; else NULL. A secret. */
const char *dp_index_signed_uri(const struct dp_index *index);

/* Seek points, ascending; there is always one at offset 0 unless the object holds nothing. */
size_t dp_index_point_count(const struct dp_index *index);
void dp_index_point(const struct dp_index *index, size_t i, struct dp_seek_point *point);
/* The last point at or before an uncompressed offset. */
size_t dp_index_point_before(const struct dp_index *index, uint64_t offset);
/* Reads and unpacks the window of point i; one of no bytes when it needs none. */
int dp_index_window(const struct dp_index *index, size_t i, struct dp_window *window,
                    struct dp_error *err);
/* The packed window, for slices that carry it inline. The caller frees *packed with free(). */
int dp_index_window_packed(const struct dp_index *index, size_t i, uint8_t **packed,
                           size_t *packed_bytes, struct dp_error *err);
/* False when point i needs no window or the index is not saved. */
bool dp_index_window_reference(const struct dp_index *index, size_t i,
                               struct dp_window_reference *reference);
/* Compressed bytes that must be read to decode [point i, uncompressed end): up to the first seek
 * point at or after `end`, or the end of the object. */
struct dp_range dp_index_compressed_range(const struct dp_index *index, size_t i, uint64_t end);

/* Checksum edges: every seek point, and others between, DP_SUM_BYTES apart or less (in BGZF at the
 * end of a block: there a piece of one block may be longer); the last is the end. */
#define DP_SUM_BYTES (4u << 20)
/* The first checksum edge at or after an uncompressed offset. */
uint64_t dp_index_sum_edge(const struct dp_index *index, uint64_t offset);
/* CRC-32 of the uncompressed bytes between two checksum edges (the first may be 0). DP_BAD_INDEX
 * when one of them is none. */
int dp_index_sum(const struct dp_index *index, uint64_t begin, uint64_t end, uint32_t *crc32,
                 struct dp_error *err);

/* The record map, ascending. */
size_t dp_index_row_count(const struct dp_index *index);
void dp_index_row(const struct dp_index *index, size_t i, struct dp_index_row *row);
/* The last row whose edge has key <= `key` in this unit; 0 when there is none. */
size_t dp_index_row_before(const struct dp_index *index, enum dp_plan_unit unit, uint64_t key);
/* Uncompressed bytes of the longest record; 0: not known. */
uint64_t dp_index_longest_record(const struct dp_index *index);
/* Totals over the whole object: the end of its last record. */
void dp_index_totals(const struct dp_index *index, struct dp_edge *totals);
/* Bytes of the header in front of the records, uncompressed; 0: there is none. The first
 * *stored_bytes of the object decode to it (0: not known). Its end is a checksum edge. */
uint64_t dp_index_header(const struct dp_index *index, uint64_t *stored_bytes);
/* Contigs, their names and runs; none where records have no positions. */
void dp_index_loci(const struct dp_index *index, struct dp_loci *loci);
/* The first line (1-based; of BCF the record) because of which there are no runs, and what is
 * wrong with it in the words of the format's page; 0: nothing is. */
uint64_t dp_index_disorder(const struct dp_index *index, const char **what);
/* What the format found, by name; NULL when it did not. */
const json_t *dp_index_fact(const struct dp_index *index, const char *name);
/* Digests of the records' names, one for every DP_DIGEST_RECORDS; NULL and 0 where the format has
 * none. */
const struct dp_name_digest *dp_index_digests(const struct dp_index *index, size_t *count);

/* Opens an index from the bytes of `file`, which the index owns from here on, also on failure. */
int dp_index_open_object(struct dp_context *context, struct dp_object *file,
                         struct dp_index **index, struct dp_error *err);
/* The same for who decodes and does not plan: of its tables the index has the seek points alone. */
int dp_index_open_points(struct dp_context *context, struct dp_object *file,
                         struct dp_index **index, struct dp_error *err);

#endif
