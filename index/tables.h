/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The inside of an index: the tables that the builder fills, the loader reads and the queries walk.
 * Nobody outside of index/ includes this. */

#ifndef DP_INDEX_TABLES_H
#define DP_INDEX_TABLES_H

#include "base/array.h"
#include "index/index.h"
#include "index/spill.h"

/* How much of each end of the object its identity hashes. */
#define DP_IDENTITY_BYTES 65536u
#define DP_SHA256_BYTES 32u

/* A seek point. Windows follow each other in the index file in the order of their points. */
struct dp_point_row {
    struct dp_seek_point at;
    uint64_t member_number; /* members or blocks that began up to here */
    uint64_t window_at;     /* in the windows section of the index file */
    uint64_t stored_at;     /* in the store that holds it now: the spill or the index file */
    uint32_t window_crc32;  /* of the packed bytes */
    uint32_t packed_bytes;  /* 0: no window */
    uint32_t raw_bytes;
};

/* A checksum edge. Cumulative, so that any span costs one combination. */
struct dp_sum_row {
    uint64_t offset; /* uncompressed */
    uint32_t crc32;  /* of everything before `offset` */
};

/* Which bytes were indexed, wherever they lie. */
struct dp_identity {
    uint64_t bytes;                 /* length of the indexed object or prefix, compressed */
    uint8_t first[DP_SHA256_BYTES]; /* SHA-256 of its first DP_IDENTITY_BYTES, or of all */
    uint8_t last[DP_SHA256_BYTES];  /* SHA-256 of its last ones */
    uint64_t uncompressed_bytes;    /* indexed */
    uint32_t crc32;                 /* of these */
    bool complete;                  /* false: a sound prefix of a damaged or unfinished object */
};

struct dp_index {
    struct dp_context *context;
    enum dp_codec codec;
    const struct dp_format *format;
    uint64_t asked_spacing_bytes; /* at the start of the build */
    uint64_t spacing_bytes;       /* at its end */
    struct dp_identity identity;
    char identity_hex[2 * DP_SHA256_BYTES + 1];
    struct dp_edge totals;
    uint64_t longest_record_bytes; /* 0: not known */
    uint64_t member_count;
    uint64_t garbage_bytes;
    bool bgzf_eof_missing;
    uint64_t header_bytes;        /* in front of the records, uncompressed */
    uint64_t header_stored_bytes; /* of the object that hold it; 0: not known */
    json_t *facts; /* an object: what the format found */

    struct dp_array points;  /* struct dp_point_row */
    struct dp_array sums;    /* struct dp_sum_row, without one for offset 0 */
    struct dp_array rows;    /* struct dp_index_row */
    struct dp_array digests; /* struct dp_name_digest */
    struct dp_array contigs; /* struct dp_contig */
    struct dp_array contig_names; /* char */
    struct dp_array runs;    /* struct dp_run */
    uint64_t block_count;
    uint64_t windows_bytes; /* of all packed windows */

    /* Where windows and blocks are: in the spills after a build, else in the index file. */
    struct dp_spill *windows_spill;
    struct dp_spill *blocks_spill; /* rows as in the index file */
    struct dp_object *file;

    char *uri;           /* of the index file; NULL while there is none */
    uint64_t file_bytes; /* of the index file; 0 while there is none */
    uint64_t windows_at; /* the windows section in the index file */
    uint64_t blocks_at;  /* the blocks section */
};

/* An index without rows; everything zero. */
int dp_index_new(struct dp_context *context, struct dp_index **index, struct dp_error *err);

static inline const struct dp_point_row *dp_tables_points(const struct dp_index *index)
{
    return index->points.data;
}

static inline const struct dp_sum_row *dp_tables_sums(const struct dp_index *index)
{
    return index->sums.data;
}

static inline const struct dp_index_row *dp_tables_rows(const struct dp_index *index)
{
    return index->rows.data;
}

static inline const struct dp_name_digest *dp_tables_digests(const struct dp_index *index)
{
    return index->digests.data;
}

static inline const struct dp_contig *dp_tables_contigs(const struct dp_index *index)
{
    return index->contigs.data;
}

static inline const struct dp_run *dp_tables_runs(const struct dp_index *index)
{
    return index->runs.data;
}

/* Fills identity_hex from `identity`. */
void dp_index_identify(struct dp_index *index);

/* Reads `count` rows of the block map from number `first` on. */
int dp_index_blocks(const struct dp_index *index, uint64_t first, size_t count,
                    struct dp_block *blocks, struct dp_error *err);

/* What messages call the index: its place, or "index" while it has none. */
const char *dp_index_name(const struct dp_index *index);

#endif
