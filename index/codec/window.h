/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The 32 KiB of history that inflating needs at a seek point: sparse (bytes that are never
 * referenced read as zero) and packed by libdeflate. WINDOW.md beside this file says how the bytes
 * look. */

#ifndef DP_CODEC_WINDOW_H
#define DP_CODEC_WINDOW_H

#include "base/array.h"
#include "connectors/context.h"

/* Unpacks `packed` into exactly `raw_bytes` bytes at `window`. DP_BAD_INDEX when it does not fit;
 * hostile input is fine. */
int dp_window_unpack(const uint8_t *packed, size_t packed_bytes, uint8_t *window,
                     size_t raw_bytes, struct dp_error *err);

/* So many compressed bytes behind a seek point are looked at for references into its window. When
 * they hold less than 32 KiB of output, the whole window is kept. */
#define DP_WINDOW_FOLLOWING_BYTES (256u << 10)

/* Makes windows sparse and packs them; for one thread at a time. */
struct dp_window_packer;

/* spacing_bytes: between the seek points, as it was asked for; the farther apart, the more work a
 * window is worth. */
int dp_window_packer_open(const char *backend, uint64_t spacing_bytes,
                          struct dp_window_packer **packer, struct dp_error *err);
void dp_window_packer_free(struct dp_window_packer *packer);

/* Appends the packed form of `window` (raw_bytes of them, up to 32768) to `packed`. `following` are
 * the compressed bytes from the byte that holds the point's bit `bit` (0..7) on: enough for 32 KiB
 * of output or for the rest of the member, else as many as there are, DP_WINDOW_FOLLOWING_BYTES at
 * most. The result depends on these bytes and the spacing alone, not on the backend. */
int dp_window_pack(struct dp_window_packer *packer, const uint8_t *window, size_t raw_bytes,
                   const uint8_t *following, size_t following_bytes, unsigned bit,
                   struct dp_array *packed, struct dp_error *err);

#endif
