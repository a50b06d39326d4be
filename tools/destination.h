/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Where a new index goes. Whether it can be written there is found out before anything long is
 * done: at once for a local place; for one that is far away while the first bytes of the object are
 * on their way, and whoever reads them asks whether to go on. */

#ifndef DP_TOOLS_DESTINATION_H
#define DP_TOOLS_DESTINATION_H

#include "dataplug.h"

struct dp_destination;

/* Begins to try `place`; makes the folders above a local one. DP_INVALID, here or later, when
 * something else than an index is there: nobody's data is replaced by an index. */
int dp_destination_open(struct dp_context *context, const char *place,
                        struct dp_destination **destination, struct dp_error *err);
/* 0 as long as nothing is known that speaks against it. Does not wait. For dp_index_options. */
int dp_destination_check(void *destination, struct dp_error *err);
/* The same, waiting until it is known. */
int dp_destination_wait(struct dp_destination *destination, struct dp_error *err);
/* Writes the index there, after the wait. DP_CHANGED: somebody else did since the place was
 * tried. */
int dp_destination_save(struct dp_destination *destination, struct dp_index *index,
                        struct dp_error *err);
void dp_destination_free(struct dp_destination *destination);

#endif
