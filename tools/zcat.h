/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* One run of dp-zcat: what was asked for, and how it went so far. */

#ifndef DP_TOOLS_ZCAT_H
#define DP_TOOLS_ZCAT_H

#include "tools/tool.h"
#include "tools/zcat_list.h"

#include <sys/types.h>

/* A folder that is being walked through, and those that it was reached by. */
struct dp_zcat_folder {
    dev_t device;
    ino_t inode;
    const struct dp_zcat_folder *up;
};

struct dp_zcat {
    struct dp_tool tool;
    const char *index;  /* --index, NULL: look beside the object */
    const char *output; /* -o, where --write-index leaves the index */
    const char *suffix; /* appended to names that do not exist */
    bool write_index;
    bool force; /* what is not compressed passes through */
    bool test;  /* print nothing, only check; with `listing`, too */
    bool listing;
    bool ascii;     /* -a, which gzip wonders about */
    bool recursive; /* folders stand for what lies in them */
    bool by_records, by_bytes;
    struct dp_range part; /* of records or of uncompressed bytes; end UINT64_MAX: to the end */
    int status;           /* gzip's: 0, 1 an error, 2 only warnings */
    struct dp_stream_info info; /* of the input at hand */
    struct dp_zcat_list list;   /* when `listing` */
    const struct dp_zcat_folder *folder; /* NULL outside of all */
    bool stop;            /* gzip ends at damaged data and leaves later files alone */
};

/* Print one input and keep the worst status. */
void dp_zcat_file(struct dp_zcat *zcat, const char *name);
void dp_zcat_stdin(struct dp_zcat *zcat);
/* Behind the last one of several: prints their totals. */
void dp_zcat_totals(struct dp_zcat *zcat);

#endif
