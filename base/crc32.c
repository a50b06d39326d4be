/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "base/crc32.h"

#include <libdeflate.h>
#include <sys/types.h>
#include <zlib.h>

uint32_t dp_crc32(uint32_t crc, const void *bytes, size_t length)
{
    /* libdeflate answers the initial value to a NULL buffer, whatever `crc` was. */
    return length ? libdeflate_crc32(crc, bytes, length) : crc;
}

uint32_t dp_crc32_combine(uint32_t first, uint32_t second, uint64_t second_bytes)
{
    return (uint32_t)crc32_combine(first, second, (z_off_t)second_bytes);
}
