/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A manifest read line by line: a file, standard input, any URI, or one line given as text. Never
 * more than one line is in memory. */

#ifndef DP_TOOLS_MANIFEST_H
#define DP_TOOLS_MANIFEST_H

#include "dataplug.h"
#include "tools/selection.h"

struct dp_manifest;

/* Opens `name`; "-" is standard input. */
int dp_manifest_open(struct dp_context *context, const char *name, struct dp_manifest **manifest,
                     struct dp_error *err);
/* What can be read from `fd` from its beginning on; it stays open and must be a file. `name` is for
 * messages and outlives the manifest. */
int dp_manifest_open_fd(int fd, const char *name, struct dp_manifest **manifest,
                        struct dp_error *err);
/* The manifest whose only line is `line`, which must outlive it. */
int dp_manifest_open_line(const char *line, struct dp_manifest **manifest, struct dp_error *err);
void dp_manifest_free(struct dp_manifest *manifest);
/* For messages: as it was given, of a URL without what must not be shown. */
const char *dp_manifest_name(const struct dp_manifest *manifest);

/* From here on a manifest that begins with slice 1 of a plan and has more lines must be that plan:
 * every slice once, in order. (One that begins elsewhere is a part that somebody chose, and so is a
 * line alone.) dp_manifest_next then fails with DP_BAD_INDEX where a slice is missing, doubled or
 * out of order; what can be read twice is looked through at once, and this call fails. */
int dp_manifest_require_whole(struct dp_manifest *manifest, struct dp_error *err);

/* From here on dp_manifest_next gives only slices whose number is in `selection`, which must
 * outlive the manifest. Of other lines that are as dp-slice plan wrote them, by their check,
 * nothing more is looked at; all others are parsed. Not with dp_manifest_require_whole. */
void dp_manifest_select(struct dp_manifest *manifest, const struct dp_selection *selection);

/* 1: *slice is the next one, to be freed by the caller; 0: the end; < 0: enum dp_result, with the
 * manifest's name and the number of the line in the message. Empty lines are skipped. */
int dp_manifest_next(struct dp_manifest *manifest, struct dp_slice **slice, struct dp_error *err);

#endif
