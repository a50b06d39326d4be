/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What is done of a search, so that it can go on after whatever ended it (JOURNAL.md). Every rank
 * appends to a file of its own; a later run reads those of all ranks, however many ranks and
 * threads there were and are.
 *
 * A thread gathers the units it has finished in a batch, and adds the batch to the journal now and
 * then: what a batch found and which units it is about stand in one record, or not at all. */

#ifndef DP_MDR_JOURNAL_H
#define DP_MDR_JOURNAL_H

#include "base/error.h"
#include "mdr/log.h"
#include "mdr/schedule.h"

struct dp_mdr_journal;

struct dp_mdr_journal_options {
    const char *path; /* rank 0 writes to it, rank N to PATH.N. NULL: nothing outlives the process;
                       * only hits are kept, in a temporary file */
    unsigned rank, rank_count;
    uint8_t identity[DP_MDR_IDENTITY_BYTES]; /* of data and parameters */
    bool force;                              /* files of other runs may be replaced */
    const struct dp_mdr_schedule *schedule;
    unsigned fold_count;
    uint64_t permutation_count;
};

/* A thread's finished units since its last batch. */
struct dp_mdr_batch {
    uint64_t stream; /* of dp_mdr_journal_stream */
    const uint64_t *units;
    size_t unit_count;
    uint64_t combination_count;
    const struct dp_mdr_hit *best; /* those that came into the thread's best list */
    size_t best_count;
    const struct dp_mdr_hit *fold_best; /* `fold_count` of them: the thread's so far */
};

/* Reads what earlier runs left. What this rank is to answer for of it (with several ranks, the
 * files are shared out) is merged into `harvest`. */
int dp_mdr_journal_open(const struct dp_mdr_journal_options *options,
                        struct dp_mdr_harvest *harvest, struct dp_mdr_journal **journal,
                        struct dp_error *err);
void dp_mdr_journal_free(struct dp_mdr_journal *journal);

/* What stood there when it was opened, in the files of all ranks. */
bool dp_mdr_journal_is_done(const struct dp_mdr_journal *journal, uint64_t unit);
uint64_t dp_mdr_journal_done_count(const struct dp_mdr_journal *journal);
/* The best of a permutation; its score is NAN when it is not known. */
struct dp_mdr_hit dp_mdr_journal_permutation(const struct dp_mdr_journal *journal, uint64_t number);
/* Bytes at the end of files that were no whole record: a run was killed there. */
uint64_t dp_mdr_journal_torn_bytes(const struct dp_mdr_journal *journal);
/* Has this rank a file? */
bool dp_mdr_journal_exists(const struct dp_mdr_journal *journal);

/* From any thread. A batch's number, which no other batch of the file has. */
uint64_t dp_mdr_journal_stream(struct dp_mdr_journal *journal);
/* Keeps hits (those over a threshold) of a batch that is still being gathered: they count when it
 * is added, and only then. */
int dp_mdr_journal_add_hits(struct dp_mdr_journal *journal, uint64_t stream,
                            const struct dp_mdr_hit *hits, size_t count, struct dp_error *err);
int dp_mdr_journal_add(struct dp_mdr_journal *journal, const struct dp_mdr_batch *batch,
                       struct dp_error *err);
int dp_mdr_journal_add_permutation(struct dp_mdr_journal *journal, uint64_t number,
                                   const struct dp_mdr_hit *best, struct dp_error *err);

/* Gives every kept hit that this rank answers for to `take`, in no particular order. */
int dp_mdr_journal_hits(struct dp_mdr_journal *journal,
                        int (*take)(void *user, const struct dp_mdr_hit *hit, struct dp_error *err),
                        void *user, struct dp_error *err);

/* Removes the files of all ranks: the result is in its place. By one rank, when nobody appends. */
int dp_mdr_journal_remove(struct dp_mdr_journal *journal, struct dp_error *err);

#endif
