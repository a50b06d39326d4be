/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Where the index of an object is kept. dp_index_locate itself is public. */

#ifndef DP_INDEX_INDEX_LOCATE_H
#define DP_INDEX_INDEX_LOCATE_H

#include "connectors/object.h"

/* "<object>.dpi": a path for a local object, else a URI. The caller frees *uri. */
int dp_index_locate_beside(const struct dp_object *object, char **uri, struct dp_error *err);
/* The folder that DP_INDEX_DIR names; NULL when it is not set. */
const char *dp_index_locate_directory(void);

#endif
