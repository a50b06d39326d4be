/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Reads the indexes that tabix and bcftools leave beside BGZF files: .tbi and .csi. They know, per
 * contig, virtual offsets at which records begin, and how many records there are; TABIX.md beside
 * this file says what is taken from them and what is not believed. Read-only and thread-safe once
 * it is open. */

#ifndef DP_INDEX_TABIX_H
#define DP_INDEX_TABIX_H

#include "base/array.h"
#include "connectors/context.h"

/* A virtual offset: where a BGZF block begins in the object, and an offset in its uncompressed
 * bytes. They ascend as the bytes do. */
#define DP_VIRTUAL_BLOCK(offset)  ((uint64_t)(offset) >> 16)
#define DP_VIRTUAL_WITHIN(offset) ((uint32_t)((offset)&0xffffu))

/* Records that follow each other: virtual offsets of the first, and behind the last. */
struct dp_tabix_chunk {
    uint64_t begin;
    uint64_t end;
};

struct dp_tabix_contig {
    const char *name;            /* NULL: this index has no names (those of BCF) */
    struct dp_tabix_chunk range; /* of all its records; {0, 0}: it has none */
    uint64_t record_count;       /* UINT64_MAX: the index does not say */
};

/* Opens the index in `file`, which is read here and not kept. Damage is DP_BAD_INDEX, an index of
 * something that is neither VCF nor BCF is DP_UNSUPPORTED. */
int dp_tabix_open(struct dp_context *context, struct dp_object *file, struct dp_tabix **tabix,
                  struct dp_error *err);

/* "tbi" or "csi" */
const char *dp_tabix_kind(const struct dp_tabix *tabix);
/* Does it name its contigs? That of a BCF does not: they are those of the header, by number. */
bool dp_tabix_has_names(const struct dp_tabix *tabix);
size_t dp_tabix_contig_count(const struct dp_tabix *tabix);
void dp_tabix_contig(const struct dp_tabix *tabix, size_t i, struct dp_tabix_contig *contig);
/* The contig of that name; SIZE_MAX when there is none. */
size_t dp_tabix_contig_find(const struct dp_tabix *tabix, const char *name);
/* From the first record of all to behind the last one; {0, 0} when there are none. */
struct dp_tabix_chunk dp_tabix_range(const struct dp_tabix *tabix);

/* Virtual offsets that are record edges, ascending, each once: all that the index knows. */
const uint64_t *dp_tabix_edges(const struct dp_tabix *tabix, size_t *count);

/* Appends to `chunks` (struct dp_tabix_chunk) those that hold every record of contig i that
 * overlaps [begin, end) (positions from 0), and others; ascending and apart from each other. */
int dp_tabix_region(const struct dp_tabix *tabix, size_t i, uint64_t begin, uint64_t end,
                    struct dp_array *chunks, struct dp_error *err);

/* Sorts the chunks from number `first` on, and joins those that touch or lie in one block. */
void dp_tabix_join(struct dp_array *chunks, size_t first);

/* DP_STALE_INDEX when an offset lies behind the end of an object of this size. */
int dp_tabix_check_size(const struct dp_tabix *tabix, uint64_t object_bytes, struct dp_error *err);

#endif
