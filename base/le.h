/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Little-endian load and store at any alignment. */

#ifndef DP_BASE_LE_H
#define DP_BASE_LE_H

#include <stdint.h>

static inline uint16_t dp_le16_load(const void *from)
{
    const uint8_t *p = from;

    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t dp_le32_load(const void *from)
{
    const uint8_t *p = from;

    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t dp_le64_load(const void *from)
{
    const uint8_t *p = from;

    return dp_le32_load(p) | (uint64_t)dp_le32_load(p + 4) << 32;
}

static inline void dp_le16_store(void *to, uint16_t value)
{
    uint8_t *p = to;

    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static inline void dp_le32_store(void *to, uint32_t value)
{
    dp_le16_store(to, (uint16_t)value);
    dp_le16_store((uint8_t *)to + 2, (uint16_t)(value >> 16));
}

static inline void dp_le64_store(void *to, uint64_t value)
{
    dp_le32_store(to, (uint32_t)value);
    dp_le32_store((uint8_t *)to + 4, (uint32_t)(value >> 32));
}

#endif
