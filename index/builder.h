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
};

/* `options` are taken over by dp_options_take already. */
int dp_builder_run(struct dp_context *context, const struct dp_builder_source *source,
                   const struct dp_index_options *options, struct dp_index **index,
                   struct dp_error *err);

#endif
