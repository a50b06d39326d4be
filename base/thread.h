/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Threads that compute from their first moment on. Some schedulers put a new thread beside its
 * maker and look for an idle processor only milliseconds later; a fetch of some megabytes is over
 * by then. */

#ifndef DP_BASE_THREAD_H
#define DP_BASE_THREAD_H

#include <pthread.h>

/* As pthread_create() with default attributes, but the thread begins on another processor than
 * the caller's, where there is one. From then on it may run wherever the caller may.
 * 0, or an error number; the caller joins it. */
int dp_thread_start(pthread_t *thread, void *(*run)(void *), void *user);

#endif
