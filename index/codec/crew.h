/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Who does a pass's work: the caller alone, or the caller and some threads. One thread at a time
 * fills the next batch, any thread works on a filled one, the caller reads them in order. Whoever
 * has nothing else to do takes what is there, the caller too while it waits; so the results cannot
 * depend on the number of threads, and none is idle for want of a role. */

#ifndef DP_CODEC_CREW_H
#define DP_CODEC_CREW_H

#include "index/codec/pass.h"

struct dp_crew;

/* `threads` counts the caller. The pass must outlive the crew. */
int dp_crew_open(struct dp_pass *pass, unsigned threads, const char *backend,
                 struct dp_crew **crew, struct dp_error *err);
/* Ends the threads. */
void dp_crew_free(struct dp_crew *crew);

/* The next batch, complete; the one before is free for others. Not to be called after a batch
 * whose state is not DP_BATCH_MORE. */
struct dp_batch *dp_crew_next(struct dp_crew *crew);

/* Ends the threads, then appends the compressed bytes that were taken from the source and not used:
 * those of the batch at hand from its `retry` on, of the batches behind it, and of the pass. */
bool dp_crew_rest(struct dp_crew *crew, struct dp_array *bytes);

#endif
