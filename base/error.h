/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Filling a struct dp_error where a failure is known. Every function here accepts a NULL error.
 *
 * base/ is linked into the library and, once more, into each program; its names are never
 * exported. Thread-safe: nothing is shared. */

#ifndef DP_BASE_ERROR_H
#define DP_BASE_ERROR_H

#include "dataplug.h"

#include <stdarg.h>

#if defined(__GNUC__)
#define DP_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define DP_PRINTF(text, first)
#endif

/* Sets every field of `err` to "no failure". */
void dp_error_clear(struct dp_error *err);

/* Fills `err` (http_status 0, not retryable) and returns `code`, so that a caller can write
 * `return dp_error_set(err, DP_DATA, "%s: offset %llu: ...", ...)`. Control characters in the
 * message are replaced by '?': a message is always one line. A message too long is cut. */
int dp_error_set(struct dp_error *err, enum dp_result code, const char *format, ...)
    DP_PRINTF(3, 4);

/* The same with a detail, for callers that must tell failures of one code apart. */
int dp_error_set_detail(struct dp_error *err, enum dp_result code, enum dp_detail detail,
                        const char *format, ...) DP_PRINTF(4, 5);

/* From errno: the code is chosen by it (ENOENT -> DP_NOT_FOUND, EACCES/EPERM -> DP_DENIED,
 * ENOMEM -> DP_NO_MEMORY, else DP_IO) and ": <strerror>" is appended. */
int dp_error_set_errno(struct dp_error *err, int errnum, const char *format, ...) DP_PRINTF(3, 4);

/* "out of memory"; returns DP_NO_MEMORY. */
int dp_error_no_memory(struct dp_error *err);

#endif
