/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The 32 KiB of history that inflating needs at a seek point: sparse (bytes that are never
 * referenced read as zero) and packed by libdeflate. WINDOW.md beside this file says how the bytes
 * look: where points are far apart the packed form has the bytes that are referenced and not their
 * places, which the data behind the point tell. */

#ifndef DP_CODEC_WINDOW_H
#define DP_CODEC_WINDOW_H

#include "base/array.h"
#include "index/codec/copied.h"
#include "index/codec/decoder.h"
#include "index/codec/source.h"

/* Unpacks `packed`, a window of `raw_bytes` bytes. DP_BAD_INDEX when it does not fit; hostile input
 * is fine. */
int dp_window_unpack(const uint8_t *packed, size_t packed_bytes, size_t raw_bytes,
                     struct dp_window *window, struct dp_error *err);

/* Places the bytes of a window that is not placed. `source` stands at the byte that holds the
 * point's bit `bit`, and does so again afterwards; what it gives is looked at as far as is needed,
 * DP_COPIED_FOLLOWING_BYTES at most. `inflate` is used and may begin anew. DP_DATA when these are
 * not the data that the window was made for; `name` (of the object) is for that message. */
int dp_window_place(struct dp_window *window, struct dp_source *source,
                    struct dp_inflate *inflate, unsigned bit, const char *name,
                    struct dp_error *err);

/* Makes windows sparse and packs them; for one thread at a time. */
struct dp_window_packer;

/* spacing_bytes: between the seek points, as it was asked for; the farther apart, the more work a
 * window is worth. */
int dp_window_packer_open(const char *backend, uint64_t spacing_bytes,
                          struct dp_window_packer **packer, struct dp_error *err);
void dp_window_packer_free(struct dp_window_packer *packer);

/* Appends the packed form of `window` (raw_bytes of them, up to 32768) to `packed`. `following` are
 * the compressed bytes from the byte that holds the point's bit `bit` (0..7) on: enough for 32 KiB
 * of output or for the rest of the member, else as many as there are, DP_COPIED_FOLLOWING_BYTES at
 * most. The result depends on these bytes and the spacing alone, not on the backend. */
int dp_window_pack(struct dp_window_packer *packer, const uint8_t *window, size_t raw_bytes,
                   const uint8_t *following, size_t following_bytes, unsigned bit,
                   struct dp_array *packed, struct dp_error *err);

#endif
