/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The 32 KiB of history that inflating needs at a seek point: sparse (bytes that are never
 * referenced are zero) and packed by libdeflate, level 6 or less. WINDOW.md beside this file says
 * how the bytes look. */

#ifndef DP_CODEC_WINDOW_H
#define DP_CODEC_WINDOW_H

#include "connectors/context.h"

/* Unpacks `packed` into exactly `raw_bytes` bytes at `window`. DP_BAD_INDEX when it does not fit;
 * hostile input is fine. */
int dp_window_unpack(const uint8_t *packed, size_t packed_bytes, uint8_t *window,
                     size_t raw_bytes, struct dp_error *err);

#endif
