/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool to_seconds(struct tm *utc, int64_t *seconds)
{
    struct tm given = *utc;

    given.tm_year -= 1900;
    given.tm_mon -= 1;
    if (given.tm_mon < 0 || given.tm_mon > 11 || given.tm_mday < 1 || given.tm_mday > 31 ||
        given.tm_hour > 23 || given.tm_min > 59 || given.tm_sec > 60)
        return false;
    *seconds = (int64_t)timegm(&given);
    return true;
}

/* "Z", "+01:00", "-0130" or nothing, which stands for UTC: seconds east of it. */
static bool read_offset(const char *text, int *offset)
{
    int hours, minutes, used = 0;

    *offset = 0;
    if (!*text || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return true;
    if (*text != '+' && *text != '-')
        return false;
    if ((sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 &&
         sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &used) != 2) ||
        text[1 + used])
        return false;
    *offset = (hours * 60 + minutes) * 60 * (*text == '-' ? -1 : 1);
    return true;
}

bool dp_timestamp_parse(const char *text, int64_t *seconds)
{
    struct tm utc = {0};
    int64_t found;
    char between;
    int used = 0, offset;

    if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
               &between, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &used) != 7 ||
        !strchr("Tt ", between))
        return false;
    text += used;
    if (*text == '.')
        text += 1 + strspn(text + 1, "0123456789");
    if (!read_offset(text, &offset) || !to_seconds(&utc, &found))
        return false;
    *seconds = found - offset;
    return true;
}

void dp_timestamp_format(int64_t seconds, char text[DP_TIMESTAMP_BYTES])
{
    time_t at = (time_t)seconds;
    struct tm utc;

    text[0] = 0;
    if (gmtime_r(&at, &utc))
        strftime(text, DP_TIMESTAMP_BYTES, "%Y%m%dT%H%M%SZ", &utc);
}

bool dp_timestamp_parse_basic(const char *text, int64_t *seconds)
{
    struct tm utc = {0};
    int used = 0;

    return sscanf(text, "%4d%2d%2dT%2d%2d%2dZ%n", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                  &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &used) == 6 &&
           used == DP_TIMESTAMP_BYTES - 1 && to_seconds(&utc, seconds);
}
