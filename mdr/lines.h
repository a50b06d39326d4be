/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Small tables as text (phenotypes, folds), cut into lines and columns. Columns are parted by
 * single TABs where the first line has one, else by runs of blanks. Empty lines are passed over, a
 * CR before the newline and a byte order mark are no part of a line. */

#ifndef DP_MDR_LINES_H
#define DP_MDR_LINES_H

#include "base/array.h"
#include "base/error.h"

#include <stdbool.h>

/* Which text it was: its length and XXH3 128-bit hash (canonical), of the bytes as they were read,
 * without compression. */
struct dp_mdr_text_identity {
    uint64_t bytes;
    uint8_t xxh128[16];
};

struct dp_mdr_lines {
    char *name; /* of the text, for messages */
    char *text; /* cut up in place */
    size_t length;
    size_t position; /* of the next line */
    uint64_t line;   /* number of the current one, from 1; 0: none yet */
    bool by_tabs;
    struct dp_mdr_text_identity identity;
    struct dp_array fields; /* char * of the current line, in `text` */
};

/* All of the object `uri` (file, http, s3; gzip as well). */
int dp_mdr_lines_read(struct dp_context *context, const char *uri, struct dp_mdr_lines *lines,
                      struct dp_error *err);
/* A copy of `length` bytes at `text`. */
int dp_mdr_lines_copy(const char *text, size_t length, const char *name, struct dp_mdr_lines *lines,
                      struct dp_error *err);

/* > 0: a line was cut into fields, which live as long as `lines`; 0: the end; < 0: enum
 * dp_result. */
int dp_mdr_lines_next(struct dp_mdr_lines *lines, struct dp_error *err);
/* Field `number` (from 0) of the current line, which has that many. */
char *dp_mdr_lines_field(const struct dp_mdr_lines *lines, size_t number);
size_t dp_mdr_lines_count(const struct dp_mdr_lines *lines);

/* DP_DATA "NAME:LINE: text" of the current line. */
int dp_mdr_lines_fail(const struct dp_mdr_lines *lines, struct dp_error *err, const char *format,
                      ...) DP_PRINTF(3, 4);

/* Frees what `lines` holds, not `lines` itself. */
void dp_mdr_lines_free(struct dp_mdr_lines *lines);

#endif
