/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Does the header of a deflate block describe codes that may be used? ISA-L decodes with incomplete
 * sets of codes, which zlib and GNU gzip refuse as damage; this is the missing check. */

#ifndef DP_CODEC_BLOCK_HEADER_H
#define DP_CODEC_BLOCK_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than any header: 3 + 14 + 19 * 3 + 316 * 14 bits. */
#define DP_BLOCK_HEADER_BYTES 568u

enum dp_block_verdict {
    DP_BLOCK_GOOD, /* or wrong in a way that every decoder notices */
    DP_BLOCK_BAD,
    DP_BLOCK_MORE /* the header goes on behind these bytes */
};

/* Looks at a header whose first `bit_count` (at most 64) bits are `bits` and go on in `bytes`.
 * *header_bits says how long it is when the verdict is GOOD. */
enum dp_block_verdict dp_block_header_check(uint64_t bits, unsigned bit_count,
                                            const uint8_t *bytes, size_t length,
                                            size_t *header_bits);

#endif
