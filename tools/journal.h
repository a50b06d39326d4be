/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which slices were written into a folder: a file ".dp-slice.finished" in it with one line
 * "ID PLAN BYTES NAME" a slice. A file that merely has the right name may be of another plan; one
 * that stands here with its size was fetched and checked. Thread-safe after dp_journal_begin. */

#ifndef DP_TOOLS_JOURNAL_H
#define DP_TOOLS_JOURNAL_H

#include "dataplug.h"

#include <stdbool.h>

struct dp_journal;

/* Opens the journal of a local folder. Slices that were written in another form (".bgzf", or "" as
 * they are; static storage) are others. */
int dp_journal_open(const char *folder, const char *form, struct dp_journal **journal,
                    struct dp_error *err);
/* Without `resume` what stands in it is forgotten. DP_INVALID when the folder still has slices of
 * another plan than `plan_id`: nobody could tell them from those to come. NULL: names are by id,
 * all plans may be there. */
int dp_journal_begin(struct dp_journal *journal, const char *plan_id, bool resume,
                     struct dp_error *err);
void dp_journal_free(struct dp_journal *journal);

/* Is the slice in the file `name` of the folder, and is the file as long as it was then? */
bool dp_journal_has(struct dp_journal *journal, const struct dp_slice_info *slice,
                    const char *name);
/* Notes that it is. */
int dp_journal_add(struct dp_journal *journal, const struct dp_slice_info *slice, const char *name,
                   struct dp_error *err);

#endif
