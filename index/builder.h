/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* One pass over an object that fills an index. */

#ifndef DP_INDEX_BUILDER_H
#define DP_INDEX_BUILDER_H

#include "index/tables.h"

struct dp_builder_source {
    struct dp_input *input; /* stands at the object's first byte */
    const char *name;       /* for messages */
    uint64_t total_bytes;   /* of the object, for progress; 0: not known */
    uint64_t end_offset;    /* index only what stands before it, uncompressed, as the sound prefix;
                               UINT64_MAX: everything */
};

/* `options` are taken over by dp_options_take already. With allow_truncated, a member whose
 * checksum is wrong is known to be unsound only at its end, when its records are in the tables:
 * then this fails with DP_DATA, and *sound_end says where that member begins, which is the
 * end_offset for another pass. It is 0 otherwise. */
int dp_builder_run(struct dp_context *context, const struct dp_builder_source *source,
                   const struct dp_index_options *options, uint64_t *sound_end,
                   struct dp_index **index, struct dp_error *err);

#endif
