/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Local files: positional reads with pread, and a sink that shows a file only when it is whole. */

#ifndef DP_CONNECTORS_FILE_H
#define DP_CONNECTORS_FILE_H

#include "connectors/object.h"
#include "connectors/sink.h"

/* Opens a path or a file: URI. Pipes and other things without a size can be read once, whole. */
int dp_file_open(struct dp_context *context, const char *uri,
                 const struct dp_object_options *options, struct dp_object **object,
                 struct dp_error *err);

/* file_list.c: the files below a folder, or those that fit the pattern in `uri`. */
int dp_file_list_open(struct dp_context *context, const char *uri,
                      const struct dp_list_options *options, struct dp_list **list,
                      struct dp_error *err);

/* Writes a path or a file: URI. An existing device or pipe is written to directly. */
int dp_file_sink_open(struct dp_context *context, const char *uri, bool probe,
                      struct dp_sink **sink, struct dp_error *err);

/* Makes the folders that the file named by `uri` needs. Does nothing for remote URIs. */
int dp_file_sink_make_folders(const char *uri, struct dp_error *err);

#endif
