/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which slices were written into a folder: a file ".dp-slice.finished" in it with one line
 * "ID BYTES NAME" a slice. A file that merely has the right name may be of another plan; one that
 * stands here with its size was fetched and checked. Thread-safe. */

#ifndef DP_TOOLS_JOURNAL_H
#define DP_TOOLS_JOURNAL_H

#include "dataplug.h"

#include <stdbool.h>

struct dp_journal;

/* Opens the journal of a local folder; without `resume` what stands in it is forgotten. Slices that
 * were written in another form (".bgzf", or "" as they are; static storage) are others. */
int dp_journal_open(const char *folder, const char *form, bool resume,
                    struct dp_journal **journal, struct dp_error *err);
void dp_journal_free(struct dp_journal *journal);

/* Is slice `id` in the file `name` of the folder, and is the file as long as it was then? */
bool dp_journal_has(struct dp_journal *journal, const char *id, const char *name);
/* Notes that it is. */
int dp_journal_add(struct dp_journal *journal, const char *id, const char *name,
                   struct dp_error *err);

#endif
