/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Raw deflate decoders that can begin at any bit and stop at block boundaries: the backends. All
 * give the same bytes and the same boundaries; they differ in speed. */

#ifndef DP_CODEC_INFLATE_H
#define DP_CODEC_INFLATE_H

#include "connectors/context.h"

#include <stddef.h>

struct dp_inflate; /* a backend's state; begins with a pointer to its vtable */

/* Backends read by words: up to so many bytes behind the input are looked at (never used), so its
 * memory should go on for as long. */
enum { DP_INFLATE_AHEAD = 16 };

enum dp_inflate_status {
    DP_INFLATE_MORE,     /* all input was taken, more is needed to go on */
    DP_INFLATE_FULL,     /* the room is used up, and at least one more byte (or damage) comes */
    DP_INFLATE_BOUNDARY, /* a block ended that is not the last one; nothing was held back */
    DP_INFLATE_END,      /* the last block ended */
    DP_INFLATE_BROKEN    /* the data makes no sense */
};

/* Input and room for output; `run` moves both on. */
struct dp_inflate_io {
    const uint8_t *in;
    size_t in_bytes;
    uint8_t *out;
    size_t out_bytes;
};

struct dp_inflate_ops {
    const char *name;

    /* Does the library that was loaded behave as this backend needs it? NULL: any does. */
    bool (*usable)(void);

    /* NULL when out of memory. */
    struct dp_inflate *(*open)(void);
    void (*close)(struct dp_inflate *inflate);

    /* Begins a new stream. Its first `bit_count` bits (0..7) are the low ones of `bits`. Before its
     * first byte stand the `window_bytes` (at most 32768) of `window`, and zeros before these: like
     * GNU gzip, a reference to before a member's begin is not damage by itself. */
    void (*begin)(struct dp_inflate *inflate, unsigned bits, unsigned bit_count,
                  const uint8_t *window, size_t window_bytes);

    /* Decodes until one of the states above. With `stop` every boundary is reported; without, it
     * may be passed. The room may be of no bytes: that finds out whether a boundary comes next. */
    enum dp_inflate_status (*run)(struct dp_inflate *inflate, struct dp_inflate_io *io, bool stop);

    /* After BOUNDARY or END: how many of the bits taken (at most 64) lie behind it. After BOUNDARY
     * the decoder keeps them; after END they must be given back. */
    unsigned (*spare_bits)(const struct dp_inflate *inflate);
};

struct dp_inflate {
    const struct dp_inflate_ops *ops;
};

/* Opens the backend of that name; NULL: the fastest that is built in and usable. DP_UNSUPPORTED for
 * a name that is not. */
int dp_inflate_open(const char *backend, struct dp_inflate **inflate, struct dp_error *err);
void dp_inflate_free(struct dp_inflate *inflate);
/* Name of usable backend `i`, the fastest first; NULL after the last. */
const char *dp_inflate_name(size_t i);

extern const struct dp_inflate_ops dp_inflate_zlib;
extern const struct dp_inflate_ops dp_inflate_isal;

#endif
