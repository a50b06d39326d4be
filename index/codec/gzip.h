/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Walks through the members of a gzip object: headers, deflate data, trailers, what follows the
 * last one. Its verdicts are those of GNU gzip 1.12. It writes into the caller's room and leaves
 * CRCs to the caller, who may sit in another thread. */

#ifndef DP_CODEC_GZIP_H
#define DP_CODEC_GZIP_H

#include "index/codec/decoder.h"
#include "index/codec/inflate.h"
#include "index/codec/source.h"

enum dp_gzip_event {
    DP_GZIP_END = 0,      /* the object ended as it may */
    DP_GZIP_FULL = 1,     /* the room is used up and more bytes come */
    DP_GZIP_BOUNDARY = 2, /* a deflate block ended inside a member: see dp_gzip_position */
    DP_GZIP_MEMBER = 3,   /* a member begins: its header was read; see member_offset */
    DP_GZIP_TRAILER = 4   /* a member ended: see trailer_* */
};

struct dp_gzip {
    struct dp_source *source; /* not owned */
    struct dp_inflate *inflate; /* not owned */
    const char *name;         /* for messages */
    int state;
    bool any_member;          /* a header was read (or the walk began inside a member) */
    uint64_t member_count;    /* headers read */
    uint64_t member_offset;   /* in the object, of the header of the member at hand */
    uint64_t trailer_offset;  /* in the object */
    uint32_t trailer_crc32;   /* as the trailer has them */
    uint32_t trailer_length;
    uint64_t garbage_bytes;
    uint64_t zero_bytes;      /* of padding behind the last member */
    bool pass_rest;           /* set by the caller: what follows the last member is given, too */
    uint8_t rest[2];          /* of that, what was read to see that it is no member */
    unsigned rest_count;
};

/* Begins at `start`, whose byte `source` stands at; the window, which is placed if it is not yet,
 * belongs to a start inside a member.
 * `name` (of the object, for messages), source and inflate must outlive it. Nothing to free. */
int dp_gzip_init(struct dp_gzip *gzip, struct dp_source *source, struct dp_inflate *inflate,
                 const char *name, const struct dp_seek_point *start, struct dp_window *window,
                 struct dp_error *err);

/* Decodes into [*out, *out + *room) and moves both on until an event. With `stop` every boundary
 * is an event; without, boundaries may be passed. A room of no bytes finds out what comes next.
 * Returns an event or a negative enum dp_result; bytes may have been written before either. */
int dp_gzip_run(struct dp_gzip *gzip, uint8_t **out, size_t *room, bool stop,
                struct dp_error *err);

/* After DP_GZIP_BOUNDARY: its place in bits from the start of the object. */
uint64_t dp_gzip_position(const struct dp_gzip *gzip);

#endif
