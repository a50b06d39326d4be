/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE_BYTES ((size_t)2 << 20)
/* Less than this is left to ordinary pages. */
#define LEAST_BYTES ((size_t)256 << 10)

/* Decoders read by words, a little behind what they were given: those bytes must exist. */
#define AHEAD_BYTES ((size_t)16)

void *dp_pages_alloc(size_t wanted)
{
    size_t bytes = wanted > SIZE_MAX - AHEAD_BYTES ? wanted : wanted + AHEAD_BYTES;
    /* A huge page costs the time of some sixty ordinary ones, and memory that stays empty. */
    size_t rest = bytes % HUGE_PAGE_BYTES;
    size_t huge = bytes - rest + (rest >= LEAST_BYTES ? HUGE_PAGE_BYTES : 0);
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
