/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which bytes of the window at a seek point are copied by what follows it: found by decoding that
 * twice, over two windows that tell positions apart. WINDOW.md has the formula. */

#ifndef DP_CODEC_COPIED_H
#define DP_CODEC_COPIED_H

#include "index/codec/inflate.h"

/* So many compressed bytes behind a seek point are looked at. */
#define DP_COPIED_FOLLOWING_BYTES (256u << 10)

/* Finds them; for one thread at a time. Some 200 KiB. */
struct dp_copied;

int dp_copied_open(struct dp_copied **copied, struct dp_error *err);
void dp_copied_free(struct dp_copied *copied);

/* Looks at `following`, the compressed bytes from the byte that holds the point's bit `bit` (0..7)
 * on: 32,768 flags, the last for the byte just before the point, valid until the next call. NULL
 * when they hold neither 32 KiB of output nor the member's end. More bytes give the same flags.
 * `inflate` begins anew, and of a fast backend NULL is no last word on bytes that end: it may hold
 * back their last symbols. */
const bool *dp_copied_find(struct dp_copied *copied, struct dp_inflate *inflate,
                           const uint8_t *following, size_t following_bytes, unsigned bit);

/* The last word, the same with every backend: *used is NULL when the bytes do not say
 * everything. */
int dp_copied_judge(struct dp_copied *copied, struct dp_inflate *inflate, const uint8_t *following,
                    size_t following_bytes, unsigned bit, const bool **used,
                    struct dp_error *err);

#endif
