/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/curl_library.h"

#include <pthread.h>
#include <stdio.h>

#ifdef DP_CURL_SONAME
#include <dlfcn.h>
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct dp_curl_library library;
static char failure[256]; /* "" when libcurl is ready */

#ifdef DP_CURL_SONAME

/* Stores the address of a function in the pointer at `slot`: ISO C has no conversion from an object
 * pointer, POSIX promises that they look the same. */
static bool find(void *handle, const char *name, void *slot)
{
    void **address = slot;

    *address = dlsym(handle, name);
    if (!*address)
        snprintf(failure, sizeof(failure), "%s has no %s", DP_CURL_SONAME, name);
    return *address != NULL;
}

/* The handle is never closed: libcurl and what it stands on leave threads and hooks behind. */
static void bind_functions(void)
{
    void *handle = dlopen(DP_CURL_SONAME, RTLD_LAZY | RTLD_LOCAL);

    if (!handle) {
        snprintf(failure, sizeof(failure), "%s", dlerror());
        return;
    }
    (void)(find(handle, "curl_global_init", &library.global_init) &&
           find(handle, "curl_easy_init", &library.easy_init) &&
           find(handle, "curl_easy_setopt", &library.easy_setopt) &&
           find(handle, "curl_easy_getinfo", &library.easy_getinfo) &&
           find(handle, "curl_easy_reset", &library.easy_reset) &&
           find(handle, "curl_easy_cleanup", &library.easy_cleanup) &&
           find(handle, "curl_easy_strerror", &library.easy_strerror) &&
           find(handle, "curl_multi_init", &library.multi_init) &&
           find(handle, "curl_multi_add_handle", &library.multi_add_handle) &&
           find(handle, "curl_multi_remove_handle", &library.multi_remove_handle) &&
           find(handle, "curl_multi_perform", &library.multi_perform) &&
           find(handle, "curl_multi_poll", &library.multi_poll) &&
           find(handle, "curl_multi_info_read", &library.multi_info_read) &&
           find(handle, "curl_multi_cleanup", &library.multi_cleanup) &&
           find(handle, "curl_share_init", &library.share_init) &&
           find(handle, "curl_share_setopt", &library.share_setopt) &&
           find(handle, "curl_share_cleanup", &library.share_cleanup) &&
           find(handle, "curl_slist_append", &library.slist_append) &&
           find(handle, "curl_slist_free_all", &library.slist_free_all) &&
           find(handle, "curl_getdate", &library.getdate));
}

#else

/* The parentheses keep curl's type-checking macros away. */
static void bind_functions(void)
{
    library = (struct dp_curl_library){.global_init = curl_global_init,
                                       .easy_init = curl_easy_init,
                                       .easy_setopt = (curl_easy_setopt),
                                       .easy_getinfo = (curl_easy_getinfo),
                                       .easy_reset = curl_easy_reset,
                                       .easy_cleanup = curl_easy_cleanup,
                                       .easy_strerror = curl_easy_strerror,
                                       .multi_init = curl_multi_init,
                                       .multi_add_handle = curl_multi_add_handle,
                                       .multi_remove_handle = curl_multi_remove_handle,
                                       .multi_perform = curl_multi_perform,
                                       .multi_poll = curl_multi_poll,
                                       .multi_info_read = curl_multi_info_read,
                                       .multi_cleanup = curl_multi_cleanup,
                                       .share_init = curl_share_init,
                                       .share_setopt = (curl_share_setopt),
                                       .share_cleanup = curl_share_cleanup,
                                       .slist_append = curl_slist_append,
                                       .slist_free_all = curl_slist_free_all,
                                       .getdate = curl_getdate};
}

#endif

static void load(void)
{
    CURLcode code;

    bind_functions();
    if (failure[0])
        return;
    code = library.global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK)
        snprintf(failure, sizeof(failure), "%s", library.easy_strerror(code));
}

const struct dp_curl_library *dp_curl_library_load(struct dp_error *err)
{
    pthread_once(&once, load);
    if (!failure[0])
        return &library;
    dp_error_set(err, DP_UNSUPPORTED, "libcurl could not be loaded: %s", failure);
    return NULL;
}
