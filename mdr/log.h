/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A file of records that is only ever appended to (JOURNAL.md), and what is left of it when its
 * writer was killed: all records but perhaps the last. The file is made with the first record. Not
 * thread-safe. */

#ifndef DP_MDR_LOG_H
#define DP_MDR_LOG_H

#include "base/error.h"

#include <stdbool.h>

enum { DP_MDR_IDENTITY_BYTES = 16 };

struct dp_mdr_log;

enum dp_mdr_log_mode {
    DP_MDR_LOG_READ,  /* somebody else may be appending */
    DP_MDR_LOG_APPEND /* locked: of two that append, the second one fails */
};

/* `path` NULL: a temporary file without a name. A file that is there must be of the same
 * `identity`, or it is DP_INVALID; with `force` it is as if it were not there, and replaced when
 * the first record is written (a file that is no log at all is never replaced). */
int dp_mdr_log_open(const char *path, const uint8_t *identity, enum dp_mdr_log_mode mode,
                    bool force, struct dp_mdr_log **log, struct dp_error *err);
void dp_mdr_log_free(struct dp_mdr_log *log);
/* How it is called in messages. */
const char *dp_mdr_log_name(const struct dp_mdr_log *log);
/* Is there a file? False until the first record. */
bool dp_mdr_log_exists(const struct dp_mdr_log *log);

/* Gives every record to `take`, in order, up to the end or the first one that is not whole; a
 * negative result of `take` ends it and is returned. Where that is, is where the next record will
 * be appended; *torn (may be NULL) is the bytes behind it, which are dropped then. */
int dp_mdr_log_walk(struct dp_mdr_log *log,
                    int (*take)(void *user, uint32_t type, const uint8_t *bytes, size_t length,
                                struct dp_error *err),
                    void *user, uint64_t *torn, struct dp_error *err);

/* Appends a record. It survives the end of the process; that of the machine after a sync. */
int dp_mdr_log_append(struct dp_mdr_log *log, uint32_t type, const uint8_t *bytes, size_t length,
                      struct dp_error *err);
int dp_mdr_log_sync(struct dp_mdr_log *log, struct dp_error *err);

#endif
