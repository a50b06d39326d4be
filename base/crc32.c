/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "base/crc32.h"

#ifdef HAVE_ISAL
#include <isa-l.h>
#else
#include <libdeflate.h>
#endif
#include <sys/types.h>
#include <zlib.h>

uint32_t dp_crc32(uint32_t crc, const void *bytes, size_t length)
{
    if (length == 0)
        return crc; /* whatever the libraries say of a NULL buffer */
#ifdef HAVE_ISAL
    return crc32_gzip_refl(crc, (unsigned char *)bytes, length);
#else
    return libdeflate_crc32(crc, bytes, length);
#endif
}

uint32_t dp_crc32_combine(uint32_t first, uint32_t second, uint64_t second_bytes)
{
    return (uint32_t)crc32_combine(first, second, (z_off_t)second_bytes);
}
