/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Memory for large buffers that are filled through and through. The first touch of an ordinary page
 * costs as much as inflating some thousand bytes, and every thread has buffers of its own; where
 * the system has huge pages these come in steps of 2 MiB. */

#ifndef DP_BASE_PAGES_H
#define DP_BASE_PAGES_H

#include <stddef.h>

/* `bytes` of memory (and 16 more, which readers by words may look at), not cleared; the caller
 * frees it with free(). NULL when out of memory. */
void *dp_pages_alloc(size_t bytes);

#endif
