/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Hosts of which a signed URL was met. They know signatures and no passwords, and refuse a request
 * that brings one from .netrc: also for what lies beside the object, where no signature fits.
 * Thread-safe. */

#ifndef DP_CONNECTORS_SIGNED_HOSTS_H
#define DP_CONNECTORS_SIGNED_HOSTS_H

#include "base/array.h"

#include <pthread.h>

struct dp_signed_hosts {
    pthread_mutex_t mutex;
    struct dp_array names; /* private */
};

void dp_signed_hosts_init(struct dp_signed_hosts *hosts);
void dp_signed_hosts_free(struct dp_signed_hosts *hosts);

/* Remembers the host of `url`; without memory it is forgotten. */
void dp_signed_hosts_add(struct dp_signed_hosts *hosts, const char *url);
/* Is the host of `url` one of them? */
bool dp_signed_hosts_has(struct dp_signed_hosts *hosts, const char *url);

#endif
