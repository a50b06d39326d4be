/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The inner loops over uncompressed bytes, once in portable C and once for AVX2. All variants give
 * the same answers; which one runs is decided once, by the CPU. They are pure functions of their
 * arguments and never read outside the bytes they are given. */

#ifndef DP_FORMAT_KERNELS_H
#define DP_FORMAT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One whole FASTQ record of the commonest shape: four lines, LF endings, one or more bases, the
 * '+' line bare or equal to the title. All lengths in bytes, without line endings. */
struct dp_fastq_shape {
    uint32_t record_bytes;   /* from '@' to behind the last newline */
    uint32_t title_bytes;    /* of the first line, without its '@' */
    uint32_t name_bytes;     /* of these, before the first blank or tab */
    uint32_t sequence_bytes;
};

/* No piece handed to split_records may be longer, so that the shapes fit. */
#define DP_SPLIT_BYTES ((size_t)1 << 30)

/* What is known of lines so far; zero-initialise. */
struct dp_line_tally {
    uint64_t newlines;
    uint64_t crlf;       /* of these, with a carriage return before */
    uint64_t longest;    /* bytes of the longest ended line, without its newline */
    uint64_t open_bytes; /* bytes since the last newline */
    bool carriage_return; /* the last byte was one */
};

struct dp_kernels {
    const char *name;
    /* The first byte of [p, end) that is outside 33..126, or `end`. */
    const uint8_t *(*skip_graph)(const uint8_t *p, const uint8_t *end);
    /* Splits off the leading records that lie wholly in the bytes and have the common shape, at
     * most `capacity`; returns how many. What follows may be anything. */
    size_t (*split_records)(const uint8_t *bytes, size_t length, struct dp_fastq_shape *shapes,
                            size_t capacity);
    /* Adds `length` bytes to the tally. */
    void (*tally_lines)(const uint8_t *bytes, size_t length, struct dp_line_tally *tally);
    /* The first newline of [p, end), or `end`; adds the tabs before it to *tabs. */
    const uint8_t *(*count_tabs)(const uint8_t *p, const uint8_t *end, uint64_t *tabs);
};

/* The variants this CPU can run, portable first; NULL after the last. */
const struct dp_kernels *dp_kernels_at(size_t i);
/* The fastest of them, or the one that dp_kernels_force named. */
const struct dp_kernels *dp_kernels_best(void);
/* For tests: scanners opened from now on use `kernels`; NULL: the fastest again. */
void dp_kernels_force(const struct dp_kernels *kernels);

#if defined(__x86_64__) || defined(__i386__)
#define DP_KERNELS_HAVE_AVX2 1
extern const struct dp_kernels dp_kernels_avx2; /* kernels_avx2.c */
#endif

#endif
