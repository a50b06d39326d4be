/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE_BYTES ((size_t)2 << 20)

void *dp_pages_alloc(size_t bytes)
{
    /* A huge page that would stay half empty costs more memory than it saves time. */
    size_t huge = (bytes / HUGE_PAGE_BYTES + (bytes % HUGE_PAGE_BYTES >= HUGE_PAGE_BYTES / 2)) *
                  HUGE_PAGE_BYTES;
    void *memory;

    if (bytes > SIZE_MAX - HUGE_PAGE_BYTES)
        return NULL;
    if (huge == 0)
        return malloc(bytes);
    if (posix_memalign(&memory, HUGE_PAGE_BYTES, bytes > huge ? bytes : huge))
        return NULL;
#ifdef MADV_HUGEPAGE
    madvise(memory, huge, MADV_HUGEPAGE); /* a wish: without it the pages are ordinary ones */
#endif
    return memory;
}
