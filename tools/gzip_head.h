/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a gzip member's header (RFC 1952) says of the file that was compressed. */

#ifndef DP_TOOLS_GZIP_HEAD_H
#define DP_TOOLS_GZIP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_gzip_head {
    int part;             /* what the next byte belongs to */
    unsigned left;        /* bytes of that part, where it has a length */
    unsigned extra_bytes; /* of the extra field */
    uint8_t flags;
    uint32_t time;        /* of the file, in seconds since 1970; 0: not said */
    uint64_t bytes;       /* of the header, so far */
    char name[1024];      /* of the file, without folders as a rule; "": not said */
    bool name_is_cut;     /* it is longer than that */
};

void dp_gzip_head_init(struct dp_gzip_head *head);
/* Takes the next bytes of an object whose begin is a sound header. True: it was all seen, and what
 * follows it is not looked at. */
bool dp_gzip_head_take(struct dp_gzip_head *head, const uint8_t *bytes, size_t length);

#endif
