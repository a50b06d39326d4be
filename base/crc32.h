/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* CRC-32 as gzip uses it. libdeflate computes it about five times faster than zlib 1.2.13, ISA-L
 * (where it is built in) up to four times faster still; zlib knows how to combine two. */

#ifndef DP_BASE_CRC32_H
#define DP_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 at the start) over `length` bytes. */
uint32_t dp_crc32(uint32_t crc, const void *bytes, size_t length);

/* The CRC of A followed by B, from crc(A), crc(B) and the length of B. Costs O(log length). */
uint32_t dp_crc32_combine(uint32_t first, uint32_t second, uint64_t second_bytes);

#endif
