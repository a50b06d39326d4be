/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The table of dp-zcat --list: the one that gzip 1.12 prints. Of several members it has the length
 * and checksum of the last one, and it has no row of what is followed by padding or garbage. */

#ifndef DP_TOOLS_ZCAT_LIST_H
#define DP_TOOLS_ZCAT_LIST_H

#include "dataplug.h"

#include "tools/gzip_head.h"

#include <stdbool.h>
#include <time.h>

struct dp_zcat_list {
    bool quiet, verbose; /* as -q and -v say */
    bool by_header;      /* names and times are those in the headers, where they have some */

    /* The input at hand. */
    time_t modified;
    uint64_t compressed_bytes;
    struct dp_gzip_head head;

    /* So far. */
    bool titled;
    uint64_t total_compressed_bytes, total_uncompressed_bytes;
    uint64_t header_bytes; /* the last input's header and trailer, when it had but one member */
};

/* Begins with an input that was modified at that time (0: not known). */
void dp_zcat_list_begin(struct dp_zcat_list *list, time_t modified);
/* Takes the next bytes of it, for inputs that come once and only in order. */
void dp_zcat_list_take(struct dp_zcat_list *list, const void *bytes, size_t length);
/* Takes of an object that is to be listed what the list needs; its header was found sound. */
int dp_zcat_list_look(struct dp_zcat_list *list, struct dp_object *object, struct dp_error *err);
/* The input was decoded, its last member to the end: its trailer may be wrong. */
void dp_zcat_list_end(struct dp_zcat_list *list, const struct dp_stream_info *info,
                      bool to_the_end);
/* DP_DATA when names are those in the headers and this one is too long behind the folder of `name`,
 * that of the input, to gzip as well. */
int dp_zcat_list_check(const struct dp_zcat_list *list, const char *name, struct dp_error *err);
/* Prints the row of the input, which `name` stands for, and adds it to the totals. */
int dp_zcat_list_row(struct dp_zcat_list *list, const char *name,
                     const struct dp_stream_info *info, struct dp_error *err);
/* Prints the totals so far, if there are any. */
int dp_zcat_list_totals(const struct dp_zcat_list *list, struct dp_error *err);

#endif
