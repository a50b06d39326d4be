/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Objects whose records are known because they were made one by one, for the tests of slicer/. */

#ifndef DP_TESTS_SLICER_SUPPORT_H
#define DP_TESTS_SLICER_SUPPORT_H

#include "index/index.h"

#include "base/array.h"

/* SplitMix64: the same numbers everywhere. */
struct random {
    uint64_t state;
};
uint64_t random_next(struct random *random);
/* 0 to limit - 1 */
uint64_t random_below(struct random *random, uint64_t limit);

enum sample_kind {
    FOUR_LINES,
    WRAPPED, /* sequence and quality over several lines */
    CRLF,
    NO_NEWLINE,  /* the last line ends without one */
    EMPTY_READS, /* every third read has no bases, also the first and last ones */
    LONG_READS,  /* each spans several seek points, with short ones between */
    MIXED,       /* CRLF, wrapped at any width or not at all, with and without bases */
    ONE_RECORD,
    NO_RECORD, /* no bytes at all; format "text" */
    LINES,
    LINES_NO_NEWLINE,
    VARIANTS,    /* VCF with samples; its header stands before the first edge */
    SITES,       /* VCF without samples, CRLF, and no newline at the end */
    KIND_COUNT
};

struct sample {
    enum sample_kind kind;
    const char *format;
    uint8_t *bytes;
    size_t length;
    size_t record_count;
    struct dp_edge *edges; /* record_count + 1 of them, the first behind the header; `line` is not
                            * filled */
};

void sample_make(struct sample *sample, enum sample_kind kind, size_t length, uint64_t seed);
void sample_free(struct sample *sample);
/* Leaves the first records only. */
void sample_trim(struct sample *sample, size_t record_count);
/* Record 1 of `a`, record 1 of `b`, record 2 of `a`, ... */
void sample_interleave(struct sample *sample, const struct sample *a, const struct sample *b);

/* The first edge with a key >= `key`. */
const struct dp_edge *sample_cut(const struct sample *sample, enum dp_plan_unit unit, uint64_t key);

/* BLOCKS_AND_MEMBERS begins as BGZF and has other members too. */
enum packing { PLAIN, ONE_MEMBER, MANY_MEMBERS, BLOCKS, BLOCKS_AND_MEMBERS, PACKING_COUNT };

/* An object in a file, its saved index, and a context. */
struct place {
    char folder[256];
    char object_path[300];
    char index_path[310];
    struct dp_context *context;
    struct dp_object *object;
    struct dp_index *index;
    uint8_t *packed; /* the object's bytes */
    size_t packed_bytes;
};

void place_make(struct place *place, const struct sample *sample, enum packing packing,
                uint64_t spacing, uint64_t seed);
void place_free(struct place *place);
/* Replaces the object's bytes in the file, keeping its time when `keep_time`. */
void place_write(const struct place *place, const uint8_t *bytes, size_t length, bool keep_time);

/* All bytes of a slice appended to `out`; 0 or the failure. Reads with a seeded mixture of
 * dp_reader_read and dp_reader_next. */
int slice_read_output(struct dp_context *context, const struct dp_slice *slice, unsigned output,
                      const struct dp_reader_options *options, struct random *random,
                      struct dp_array *out, struct dp_reader_counts *counts, struct dp_error *err);
int slice_read(struct dp_context *context, const struct dp_slice *slice, unsigned threads,
               struct random *random, struct dp_array *out, struct dp_reader_counts *counts,
               struct dp_error *err);

/* A plan, or a failed test. */
struct dp_plan *plan_make(const struct place *place, const struct dp_plan_options *options);
struct dp_slice *plan_slice(const struct dp_plan *plan, uint64_t number);

#endif
