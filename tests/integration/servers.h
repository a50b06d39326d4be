/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What tests against real servers share. The scripts that start the servers say in the environment
 * where they are. */

#ifndef DP_TESTS_INTEGRATION_SERVERS_H
#define DP_TESTS_INTEGRATION_SERVERS_H

#include "tests/connectors.h"

enum { SERVERS_DATA_BYTES = 3000017 };

/* So many bytes that do not repeat: "reads.bin" of the web server. */
const uint8_t *servers_data(void);

/* A variable that must be set. */
const char *servers_need(const char *name);
/* A URL below the server in variable `base`; a few live at once. */
const char *servers_url(const char *base, const char *rest);
struct dp_context *servers_context(unsigned attempts, const char *ca);
struct dp_stats servers_stats(struct dp_context *context);

/* These must succeed; the object must hold servers_data(). Ranges: at the beginning, across the
 * kept bytes, in the middle, at the end, and everything. Input: everything, in parts. Threads: many
 * at once. */
struct dp_object *servers_open(struct dp_context *context, const char *uri);
void servers_put(struct dp_context *context, const char *uri, const void *bytes, size_t length);
void servers_check_ranges(struct dp_object *object);
void servers_check_input(struct dp_object *object, size_t part_bytes);
void servers_check_threads(const char *uri);
/* Opening fails with this code and status, and `text` is in the message. */
void servers_expect_failure(struct dp_context *context, const char *uri, int rc, int status,
                            const char *text);

/* Runs tests of up to ten minutes each. */
int servers_run(const char *name, const TTest *const *tests, size_t count);

#endif
