/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "base/size.h"

#include "base/checked.h"

#include <stdio.h>
#include <string.h>

/* Digits at the start of `text`; NULL when there are none or they overflow. */
static const char *read_digits(const char *text, uint64_t *value)
{
    const char *p = text;
    uint64_t sum = 0;

    for (; *p >= '0' && *p <= '9'; p++) {
        if (!dp_checked_mul(sum, 10, &sum) || !dp_checked_add(sum, (uint64_t)(*p - '0'), &sum))
            return NULL;
    }
    if (p == text)
        return NULL;
    *value = sum;
    return p;
}

bool dp_count_parse(const char *text, uint64_t *value)
{
    uint64_t sum;
    const char *end = read_digits(text, &sum);

    if (!end || *end)
        return false;
    *value = sum;
    return true;
}

/* The power of 1024 that a suffix letter stands for; -1 when it is none. */
static int power_of(char letter)
{
    static const char letters[] = "KMGTPE";
    const char *at = letter ? strchr(letters, letter == 'k' ? 'K' : letter) : NULL;

    return at ? (int)(at - letters) + 1 : -1;
}

bool dp_size_parse(const char *text, uint64_t *value)
{
    uint64_t sum;
    int power;
    const char *end = read_digits(text, &sum);

    if (!end)
        return false;
    power = power_of(*end);
    if (power > 0) {
        end++;
        if (end[0] == 'i' && end[1] == 'B')
            end++;
    }
    if (*end == 'B')
        end++;
    if (*end)
        return false;
    for (; power > 0; power--)
        if (!dp_checked_mul(sum, 1024, &sum))
            return false;
    *value = sum;
    return true;
}

const char *dp_size_format(uint64_t bytes, char *buffer, size_t capacity)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double amount = (double)bytes;
    size_t unit = 0;

    while (amount >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        amount /= 1024;
        unit++;
    }
    snprintf(buffer, capacity, unit ? "%.1f %s" : "%.0f %s", amount, units[unit]);
    return buffer;
}
