/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Points in time as text: those of RFC 3339, and the form that signatures carry. */

#ifndef DP_CONNECTORS_TIMESTAMP_H
#define DP_CONNECTORS_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#define DP_TIMESTAMP_BYTES 17

/* "2026-11-22T10:00:00Z", also with a fraction or an offset such as +01:00, as seconds since 1970.
 * False when it is no such text. */
bool dp_timestamp_parse(const char *text, int64_t *seconds);

/* "20261122T100000Z" */
void dp_timestamp_format(int64_t seconds, char text[DP_TIMESTAMP_BYTES]);
/* The reverse; false when it is no such text. */
bool dp_timestamp_parse_basic(const char *text, int64_t *seconds);

#endif
