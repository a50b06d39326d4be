/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Is an object all there? BGZF that was cut where a block ends decompresses without an error, and
 * tools that write whole records into each block leave no half one either: only the empty block
 * that must end it is missing. A search of a part would pass for one of the whole. */

#ifndef DP_MDR_WHOLE_H
#define DP_MDR_WHOLE_H

#include "base/error.h"
#include "dataplug.h"

/* Of a stream that came to its end: 0, or DP_DATA when it is BGZF without that block. */
int dp_mdr_whole_check(const struct dp_stream *stream, const char *name, struct dp_error *err);
/* The same failure, where an index knows it of an object of `bytes` bytes. */
int dp_mdr_whole_refuse(const char *name, uint64_t bytes, struct dp_error *err);

#endif
