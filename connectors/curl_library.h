/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* libcurl, loaded by the first HTTP request of a process.
 *
 * It brings about thirty libraries, which the dynamic linker takes three times as long to load as
 * everything else here together: 6 of 8.5 milliseconds on one machine, as long as it takes to
 * decode several megabytes. A worker that reads local files must not pay that for each slice. Where
 * the name of the library was not found out when configuring, it is linked as any other. */

#ifndef DP_CONNECTORS_CURL_LIBRARY_H
#define DP_CONNECTORS_CURL_LIBRARY_H

#include "connectors/context.h"

#include <curl/curl.h>

/* The functions of libcurl that are used, under their names without "curl_". */
struct dp_curl_library {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *handle, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *handle, CURLINFO info, ...);
    void (*easy_reset)(CURL *handle);
    void (*easy_cleanup)(CURL *handle);
    const char *(*easy_strerror)(CURLcode code);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_add_handle)(CURLM *multi, CURL *handle);
    CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *handle);
    CURLMcode (*multi_perform)(CURLM *multi, int *running);
    CURLMcode (*multi_poll)(CURLM *multi, struct curl_waitfd *extra, unsigned count,
                            int milliseconds, int *ready);
    CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
    CURLMcode (*multi_cleanup)(CURLM *multi);
    CURLSH *(*share_init)(void);
    CURLSHcode (*share_setopt)(CURLSH *share, CURLSHoption option, ...);
    CURLSHcode (*share_cleanup)(CURLSH *share);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
    time_t (*getdate)(const char *text, const time_t *unused);
};

/* Loads and initialises libcurl once per process and returns its functions (static storage), NULL
 * and DP_UNSUPPORTED when that failed. Thread-safe. */
const struct dp_curl_library *dp_curl_library_load(struct dp_error *err);

#endif
