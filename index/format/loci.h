/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Gathers what the positions of records come to: the table of contigs, and runs from which one can
 * tell where the records of a region are. Shared by the formats whose records have positions. */

#ifndef DP_FORMAT_LOCI_H
#define DP_FORMAT_LOCI_H

#include "base/array.h"
#include "index/format/format.h"

/* More than this is no table of contigs; then none is kept, and no runs. */
#define DP_LOCI_CONTIGS_MAX     (1u << 20)
#define DP_LOCI_NAMES_BYTES_MAX (64u << 20)

/* Where a record lies: [position, end], both inclusive. */
struct dp_locus {
    const char *contig; /* not ended by a NUL */
    size_t contig_bytes;
    uint64_t position;
    uint64_t end; /* never before the position */
};

/* Why regions of the object cannot be found. */
enum dp_disorder {
    DP_LOCI_SORTED = 0,
    DP_LOCI_UNSORTED,  /* a position is smaller than the one before */
    DP_LOCI_SCATTERED, /* a contig comes back after another one */
    DP_LOCI_OVERFLOW   /* too many contigs */
};

/* Contigs that are found by name. */
struct dp_loci_table {
    struct dp_array contigs; /* struct dp_contig */
    struct dp_array names;   /* char */
    uint32_t *slots;         /* hash table: 1 + number in contigs, 0 empty */
    size_t slot_count;
};

struct dp_loci_gatherer {
    struct dp_loci_table declared; /* those that the header knows, */
    struct dp_loci_table seen;     /* and those that records name */
    struct dp_array runs;          /* struct dp_run */
    size_t current;                /* the contig of the last record */
    bool run_ended;                /* the next record begins a run */
    enum dp_disorder disorder;
    uint64_t disorder_line;   /* 1-based: where it was first seen */
};

/* The header says that there is such a contig. */
int dp_loci_declare(struct dp_loci_gatherer *loci, const char *name, size_t name_bytes,
                    uint64_t length, struct dp_error *err);
/* The record that begins at `edge`, in the order of records. */
int dp_loci_add(struct dp_loci_gatherer *loci, const struct dp_edge *edge,
                const struct dp_locus *locus, struct dp_error *err);
/* The next record begins a run. */
void dp_loci_end_run(struct dp_loci_gatherer *loci);
void dp_loci_view(const struct dp_loci_gatherer *loci, struct dp_loci *view);
/* Adds "sorted", "contiguous" and, when regions cannot be found, "disorder" and
 * "disorder_line" to an index's facts. */
int dp_loci_describe(const struct dp_loci_gatherer *loci, json_t *facts, struct dp_error *err);
void dp_loci_close(struct dp_loci_gatherer *loci);

#endif
