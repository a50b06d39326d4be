/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* One line on the terminal that says how far the work is, how fast, and how long it still takes. */

#ifndef DP_TOOLS_METER_H
#define DP_TOOLS_METER_H

#include <stdbool.h>
#include <stdint.h>

struct dp_meter;

/* NULL when stderr is no terminal or memory is short: every function here accepts NULL. */
struct dp_meter *dp_meter_open(void);
void dp_meter_close(struct dp_meter *meter);

/* A new piece of work: what was set so far is forgotten, the clock begins anew. Amounts are counts
 * of `unit` from now on ("pairs"; static storage), bytes when it is NULL. What is done when
 * the line would be drawn first was there before and does not count in the speed. */
void dp_meter_begin(struct dp_meter *meter, const char *unit);

/* Sets how far one of several things is (`key`: its name), and redraws the line when it is old.
 * `total` is 0 while it is not known. From any thread. */
void dp_meter_set(struct dp_meter *meter, const char *what, const char *key, uint64_t done,
                  uint64_t total);

/* Takes the line off the terminal, so that something else can be printed there; until
 * dp_meter_unlock no other thread draws. */
void dp_meter_lock(struct dp_meter *meter);
void dp_meter_unlock(struct dp_meter *meter);

#endif
