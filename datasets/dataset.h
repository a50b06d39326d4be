/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Synthetic data of several kinds: the same seed gives the same bytes everywhere. */

#ifndef DP_DATASETS_DATASET_H
#define DP_DATASETS_DATASET_H

#include "datasets/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_dataset_options {
    uint64_t seed;
    uint64_t bytes;   /* stop with the first whole record at or behind this size */
    uint64_t records; /* or after so many records; UINT64_MAX: no such limit */
    unsigned mate;    /* 1 or 2: which reads of the pairs (FASTQ) */
};

/* Takes all bytes, or returns false: the generator then stops. */
typedef bool dp_dataset_write(void *user, const void *bytes, size_t length);

/* Writes the data through a buffer; one record (at most DP_DATASET_RECORD_BYTES) is composed in it
 * at a time. */
#define DP_DATASET_RECORD_BYTES (512u << 10)

struct dp_dataset_output {
    dp_dataset_write *write;
    void *user;
    uint64_t bytes;   /* written so far, the buffered ones included */
    uint64_t records;
    bool failed;
    size_t used;
    char buffer[DP_DATASET_RECORD_BYTES * 2];
};

/* Room for one record; what is written there is added by dp_dataset_add. */
char *dp_dataset_room(struct dp_dataset_output *output);
/* A record (or something before all records) ends at `end`. */
void dp_dataset_add(struct dp_dataset_output *output, const char *end, bool record);
/* Is there more to write? */
bool dp_dataset_more(const struct dp_dataset_output *output,
                     const struct dp_dataset_options *options);

struct dp_dataset {
    const char *name;
    const char *description;
    /* False when out of memory; failed writes stand in output->failed. */
    bool (*generate)(const struct dp_dataset_options *options, struct dp_dataset_output *output);
};

/* Row `i` of the table of kinds, NULL after the last. */
const struct dp_dataset *dp_dataset_at(size_t i);
/* Writes a data set of that kind; false on failure. */
bool dp_dataset_run(const struct dp_dataset *kind, const struct dp_dataset_options *options,
                    dp_dataset_write *write, void *user);

/* The kinds, one file for each family. */
extern const struct dp_dataset dp_reads_fastq4, dp_reads_hiseq, dp_reads_multiline, dp_reads_long;
extern const struct dp_dataset dp_variants_vcf;
extern const struct dp_dataset dp_lines_log;

/* Appends text or a decimal number at `to`; returns its end. No NUL is written. */
char *dp_dataset_text(char *to, const char *text);
char *dp_dataset_number(char *to, uint64_t number);

#endif
