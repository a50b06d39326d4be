/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Waiting for each other, but not for ever: timed by a clock that nobody sets. */

#ifndef DP_BASE_CONDITION_H
#define DP_BASE_CONDITION_H

#include <pthread.h>

/* For dp_condition_wait() only; destroyed by pthread_cond_destroy(). */
void dp_condition_init(pthread_cond_t *condition);
/* As pthread_cond_wait(), for `milliseconds` at most. 0, or ETIMEDOUT when these are over. */
int dp_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, unsigned milliseconds);

#endif
