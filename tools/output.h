/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Standard output and other descriptors, written with plain write() and checked to the end. */

#ifndef DP_TOOLS_OUTPUT_H
#define DP_TOOLS_OUTPUT_H

#include "dataplug.h"

#include <stdbool.h>

/* Writes all bytes, or fails with DP_IO ("NAME: reason") or, after a signal that asks to stop,
 * DP_CANCELLED. A closed pipe is DP_IO with errno EPIPE and, when `fd` is standard output, noted in
 * signals.h. */
int dp_output_write(int fd, const char *name, const void *bytes, size_t length,
                    struct dp_error *err);

/* When `fd` is a pipe, makes it as large as an unprivileged program may: fewer switches between
 * writer and reader. Nothing happens otherwise. */
void dp_output_widen(int fd);

/* Flushes and closes stdout: a full disk may show only here. */
int dp_output_close(struct dp_error *err);

#endif
