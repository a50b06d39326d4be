/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/signed_hosts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_NAMES = 1024 };

void dp_signed_hosts_init(struct dp_signed_hosts *hosts)
{
    memset(hosts, 0, sizeof(*hosts));
    pthread_mutex_init(&hosts->mutex, NULL);
}

void dp_signed_hosts_free(struct dp_signed_hosts *hosts)
{
    char **name = hosts->names.data;
    size_t i;

    for (i = 0; i < hosts->names.length; i++)
        free(name[i]);
    dp_array_free(&hosts->names);
    pthread_mutex_destroy(&hosts->mutex);
}

/* Host and port, as .netrc and certificates see it: without the user. */
static const char *host_of(const char *url, size_t *length)
{
    const char *begin = strstr(url, "://"), *user;

    begin = begin ? begin + 3 : url;
    *length = strcspn(begin, "/?#");
    user = memrchr(begin, '@', *length);
    if (user) {
        *length -= (size_t)(user + 1 - begin);
        begin = user + 1;
    }
    return begin;
}

/* Call with the mutex. */
static bool find(const struct dp_signed_hosts *hosts, const char *host, size_t length)
{
    char **name = hosts->names.data;
    size_t i;

    for (i = 0; i < hosts->names.length; i++)
        if (strlen(name[i]) == length && strncasecmp(name[i], host, length) == 0)
            return true;
    return false;
}

void dp_signed_hosts_add(struct dp_signed_hosts *hosts, const char *url)
{
    size_t length;
    const char *host = host_of(url, &length);
    char *copy;

    pthread_mutex_lock(&hosts->mutex);
    if (!find(hosts, host, length) && hosts->names.length < MOST_NAMES) {
        copy = strndup(host, length);
        if (copy && !dp_array_append(&hosts->names, &copy, 1, sizeof(copy)))
            free(copy);
    }
    pthread_mutex_unlock(&hosts->mutex);
}

bool dp_signed_hosts_has(struct dp_signed_hosts *hosts, const char *url)
{
    size_t length;
    const char *host = host_of(url, &length);
    bool found;

    pthread_mutex_lock(&hosts->mutex);
    found = find(hosts, host, length);
    pthread_mutex_unlock(&hosts->mutex);
    return found;
}
