/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/format/kernels.h"

#include "index/format/split.h"

#include <stdatomic.h>
#include <string.h>
#if defined(DP_KERNELS_HAVE_AVX2) && defined(HAVE_SYS_PLATFORM_X86_H)
#include <sys/platform/x86.h>
#endif

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* True when one of the 8 bytes is below 33 or above 126. The usual carry tricks: a subtraction
 * borrows into the top bit of a byte that was smaller, an addition of 1 carries into that of 127,
 * and bytes from 128 on have it set. They say whether there is one, but not always where. */
static inline bool has_odd_byte(uint64_t word)
{
    uint64_t below = (word - EACH_BYTE(33)) & ~word;
    uint64_t above = (word + EACH_BYTE(1)) | word;

    return ((below | above) & EACH_BYTE(0x80)) != 0;
}

static inline bool is_graph(uint8_t byte)
{
    return byte >= 33 && byte <= 126;
}

static inline const uint8_t *skip_graph(const uint8_t *p, const uint8_t *end)
{
    uint64_t word;

    for (; end - p >= 8; p += 8) {
        memcpy(&word, p, 8);
        if (has_odd_byte(word))
            break;
    }
    while (p < end && is_graph(*p))
        p++;
    return p;
}

static inline bool all_graph(const uint8_t *p, size_t length)
{
    return skip_graph(p, p + length) == p + length;
}

static inline const uint8_t *find_blank(const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p > 32)
        p++;
    return p;
}

static inline const uint8_t *find_newline(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *newline = memchr(p, '\n', (size_t)(end - p));

    return newline ? newline : end;
}

static const uint8_t *skip_graph_portable(const uint8_t *p, const uint8_t *end)
{
    return skip_graph(p, end);
}

static size_t split_records_portable(const uint8_t *bytes, size_t length,
                                     struct dp_fastq_shape *shapes, size_t capacity)
{
    static const struct dp_searches find = {skip_graph, find_blank, find_newline, all_graph};

    return dp_split_records(&find, bytes, length, shapes, capacity);
}

/* The line's end at `newline`, its begin at `p` (or before the bytes: open_bytes of it). */
static inline void tally_line(struct dp_line_tally *tally, const uint8_t *p,
                              const uint8_t *newline)
{
    uint64_t line_bytes = tally->open_bytes + (uint64_t)(newline - p);

    tally->newlines++;
    tally->crlf += newline > p ? newline[-1] == '\r' : tally->carriage_return;
    if (line_bytes > tally->longest)
        tally->longest = line_bytes;
    tally->open_bytes = 0;
    tally->carriage_return = false;
}

static void tally_lines_portable(const uint8_t *bytes, size_t length, struct dp_line_tally *tally)
{
    const uint8_t *p = bytes, *end = bytes + length, *newline;

    for (; (newline = find_newline(p, end)) < end; p = newline + 1)
        tally_line(tally, p, newline);
    if (p < end) {
        tally->open_bytes += (uint64_t)(end - p);
        tally->carriage_return = end[-1] == '\r';
    }
}

/* Eight bytes at once: a byte is zero where it equals the one looked for. Exact, unlike the test
 * of has_odd_byte: no carry crosses the bytes. */
static inline uint64_t equal_bytes(uint64_t word, uint8_t byte)
{
    uint64_t x = word ^ EACH_BYTE(byte);

    return ~(((x & EACH_BYTE(0x7f)) + EACH_BYTE(0x7f)) | x | EACH_BYTE(0x7f));
}

static const uint8_t *count_tabs_portable(const uint8_t *p, const uint8_t *end, uint64_t *tabs)
{
    uint64_t word;

    for (; end - p >= 8; p += 8) {
        memcpy(&word, p, 8);
        if (equal_bytes(word, '\n'))
            break;
        /* One bit for each tab; the product adds them up in the highest byte. */
        *tabs += ((equal_bytes(word, '\t') >> 7) * EACH_BYTE(1)) >> 56;
    }
    for (; p < end && *p != '\n'; p++)
        *tabs += *p == '\t';
    return p;
}

static const struct dp_kernels portable = {
    .name = "portable",
    .skip_graph = skip_graph_portable,
    .split_records = split_records_portable,
    .tally_lines = tally_lines_portable,
    .count_tabs = count_tabs_portable,
};

static _Atomic(const struct dp_kernels *) chosen;

#ifdef DP_KERNELS_HAVE_AVX2
/* The C library has asked the CPU already. The compiler's own functions ask it again before main(),
 * some twenty times, and each costs microseconds on a virtual machine. */
static bool have_avx2(void)
{
#ifdef CPU_FEATURE_ACTIVE
    return CPU_FEATURE_ACTIVE(AVX2) && CPU_FEATURE_ACTIVE(BMI1) && CPU_FEATURE_ACTIVE(POPCNT);
#else
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
#endif
}
#endif

const struct dp_kernels *dp_kernels_at(size_t i)
{
    if (i == 0)
        return &portable;
#ifdef DP_KERNELS_HAVE_AVX2
    if (i == 1 && have_avx2())
        return &dp_kernels_avx2;
#endif
    return NULL;
}

const struct dp_kernels *dp_kernels_best(void)
{
    const struct dp_kernels *kernels = atomic_load_explicit(&chosen, memory_order_relaxed);
    size_t i;

    if (!kernels) {
        for (i = 0; dp_kernels_at(i); i++)
            kernels = dp_kernels_at(i);
        /* Two threads that come here at once find the same answer. */
        atomic_store_explicit(&chosen, kernels, memory_order_relaxed);
    }
    return kernels;
}

void dp_kernels_force(const struct dp_kernels *kernels)
{
    atomic_store_explicit(&chosen, kernels, memory_order_relaxed);
}
