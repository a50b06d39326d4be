/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What the names of FASTQ records say: digests, the naming scheme, whether pairs are interleaved.
 * FASTQ.md beside this file defines all of it. A title is given at once when it lies whole in one
 * piece, else bit by bit; the answers are the same. Memory is fixed, whatever a title's length. */

#ifndef DP_FORMAT_FASTQ_NAMES_H
#define DP_FORMAT_FASTQ_NAMES_H

#include "base/array.h"
#include "index/format/format.h"

/* Of a name that is kept for people; the rest is cut. */
#define DP_NAME_KEPT_BYTES 256u
/* Of a comment: enough to know "1:N:0". */
#define DP_COMMENT_KEPT_BYTES 5u

/* A begin of a text, and how long the text is. */
struct dp_kept_text {
    uint64_t length;
    uint8_t bytes[DP_NAME_KEPT_BYTES];
};

struct dp_fastq_names {
    struct dp_array digests; /* of struct dp_name_digest */
    uint64_t digest;         /* of the group that is being gathered */
    uint64_t group_count;    /* names in it */

    uint64_t count;          /* names of whole records */
    uint64_t hash;           /* of the last title's normalised name */
    uint64_t mate_hash;      /* of the first name of the current pair */
    bool pairs_fit;          /* every pair so far has equal names */
    unsigned schemes;        /* those that every name so far fits */

    struct dp_kept_text first;
    struct dp_kept_text last; /* of the last title that was kept */

    /* A title that comes bit by bit. */
    void *stream;            /* XXH3_state_t */
    uint8_t held[2];         /* the name's last bytes, which may be a suffix to be dropped */
    unsigned held_count;
    bool in_comment;
    uint8_t comment[DP_COMMENT_KEPT_BYTES];
    unsigned comment_bytes;
};

int dp_fastq_names_open(struct dp_fastq_names *names, struct dp_error *err);
void dp_fastq_names_close(struct dp_fastq_names *names);

/* The length of the normalised name of a record, "@" and more; it begins behind the "@". */
size_t dp_fastq_names_of(const uint8_t *record, size_t length, const uint8_t **name);

/* A whole title (no '@', no line ending); its name is the first `name_bytes` of it. */
void dp_fastq_names_title(struct dp_fastq_names *names, const uint8_t *title, size_t title_bytes,
                          size_t name_bytes);
/* Keeps the name of that title: for the last of a batch, as it may be the last of all. */
void dp_fastq_names_keep(struct dp_fastq_names *names, const uint8_t *name, size_t name_bytes);
/* A title in parts; its name is kept. */
void dp_fastq_names_begin(struct dp_fastq_names *names);
void dp_fastq_names_part(struct dp_fastq_names *names, const uint8_t *part, size_t length);
void dp_fastq_names_end(struct dp_fastq_names *names);

/* The record of the last title is whole; `end` is the edge behind it. */
int dp_fastq_names_record(struct dp_fastq_names *names, const struct dp_edge *end,
                          struct dp_error *err);
/* No record follows: closes the last group of digests. */
int dp_fastq_names_finish(struct dp_fastq_names *names, const struct dp_edge *end,
                          struct dp_error *err);

/* "slash", "casava", "sra" or "plain" */
const char *dp_fastq_names_scheme(const struct dp_fastq_names *names);
bool dp_fastq_names_interleaved(const struct dp_fastq_names *names);

#endif
