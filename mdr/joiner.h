/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Joins what threads decoded, in the order of the parts' numbers, whenever each of them is done. Of
 * several failures the one with the smallest number counts, so that the message does not depend on
 * how the threads ran. Any thread may call anything but open and close. */

#ifndef DP_MDR_JOINER_H
#define DP_MDR_JOINER_H

#include "base/array.h"
#include "mdr/ingest.h"

#include <pthread.h>

struct dp_mdr_joiner {
    pthread_mutex_t mutex;
    const struct dp_mdr_ingest_options *options; /* for progress */
    uint64_t all;                                /* records; 0: unknown */
    struct dp_mdr_genotypes *whole;
    struct dp_array waiting; /* parts by their numbers; NULL: not there, or joined */
    uint64_t next;           /* number of the part that is joined next */
    struct dp_mdr_ingest_counts counts;
    uint64_t failed; /* number of the first failure; UINT64_MAX: none */
    struct dp_error error;
};

/* Parts, numbered from 0, are joined to `whole`. */
int dp_mdr_joiner_open(struct dp_mdr_joiner *joiner, struct dp_mdr_genotypes *whole,
                       const struct dp_mdr_ingest_options *options, uint64_t all,
                       struct dp_error *err);
/* Takes `part` over and adds `counts` to all. */
void dp_mdr_joiner_put(struct dp_mdr_joiner *joiner, uint64_t number, struct dp_mdr_genotypes *part,
                       const struct dp_mdr_ingest_counts *counts);
/* Part `number` cannot be had: `error` says why. */
void dp_mdr_joiner_fail(struct dp_mdr_joiner *joiner, uint64_t number,
                        const struct dp_error *error);
/* Has anything failed? Then no part with a greater number is wanted. */
bool dp_mdr_joiner_failed(struct dp_mdr_joiner *joiner);
/* All threads are done: the first failure, if any. */
int dp_mdr_joiner_close(struct dp_mdr_joiner *joiner, struct dp_mdr_ingest_counts *counts,
                        struct dp_error *err);

#endif
