/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The facts of an index as text: the META section of its file. INDEX.md names every key. */

#ifndef DP_INDEX_INDEX_META_H
#define DP_INDEX_INDEX_META_H

#include "index/tables.h"

/* One JSON object, keys sorted, the same text for the same facts. The caller frees *text. */
int dp_index_meta_format(const struct dp_index *index, char **text, struct dp_error *err);
/* Fills the facts of `index`; hostile text is fine. `name` stands in messages. */
int dp_index_meta_parse(const char *text, size_t length, const char *name,
                        struct dp_index *index, struct dp_error *err);
/* The identity as a JSON object; NULL when out of memory. */
json_t *dp_index_meta_source(const struct dp_index *index);

#endif
