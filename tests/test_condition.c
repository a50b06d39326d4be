/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/suite.h"

#include "base/condition.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>

static time_t set_by; /* seconds, that somebody set the clock ahead */

/* The library asks this one. */
int clock_gettime(clockid_t clock, struct timespec *at)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, at);

    if (clock == CLOCK_REALTIME)
        at->tv_sec += set_by;
    return rc;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition;
static bool called;

/* Waits in vain; the milliseconds that it took. */
static int64_t wait_in_vain(unsigned milliseconds)
{
    struct timespec before, after;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &before);
    pthread_mutex_lock(&mutex);
    while (rc == 0) /* a thread may be woken without reason */
        rc = dp_condition_wait(&condition, &mutex, milliseconds);
    pthread_mutex_unlock(&mutex);
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_int_eq(rc, ETIMEDOUT);
    return (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
}

/* Were it timed by the clock that was set, one would take an hour, the other no time at all. */
START_TEST(a_clock_that_is_set_changes_no_wait)
{
    dp_condition_init(&condition);
    set_by = 3600;
    ck_assert_int_ge(wait_in_vain(20), 10);
    set_by = -3600;
    ck_assert_int_ge(wait_in_vain(20), 10);
    ck_assert_int_ge(wait_in_vain(1001), 500);
    pthread_cond_destroy(&condition);
}
END_TEST

static void *call(void *unused)
{
    pthread_mutex_lock(&mutex);
    called = true;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    return unused;
}

START_TEST(who_is_called_waits_no_longer)
{
    pthread_t thread;
    int rc = 0;

    dp_condition_init(&condition);
    pthread_mutex_lock(&mutex);
    ck_assert_int_eq(pthread_create(&thread, NULL, call, NULL), 0);
    while (!called && rc == 0)
        rc = dp_condition_wait(&condition, &mutex, 3600000);
    pthread_mutex_unlock(&mutex);
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_cond_destroy(&condition);
}
END_TEST

TEST_MAIN("condition", a_clock_that_is_set_changes_no_wait, who_is_called_waits_no_longer)
