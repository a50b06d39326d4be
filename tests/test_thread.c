/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/suite.h"

#include "base/thread.h"

#include <sched.h>

struct seen {
    int value;
    cpu_set_t allowed; /* where the thread may run */
};

static void *look(void *user)
{
    struct seen *seen = user;

    seen->value++;
    ck_assert_int_eq(sched_getaffinity(0, sizeof(seen->allowed), &seen->allowed), 0);
    return seen;
}

/* Runs it, and compares with the caller's processors. */
static void try_thread(void)
{
    struct seen seen = {.value = 41};
    cpu_set_t mine;
    pthread_t thread;
    void *returned;

    ck_assert_int_eq(sched_getaffinity(0, sizeof(mine), &mine), 0);
    ck_assert_int_eq(dp_thread_start(&thread, look, &seen), 0);
    ck_assert_int_eq(pthread_join(thread, &returned), 0);
    ck_assert_ptr_eq(returned, &seen);
    ck_assert_int_eq(seen.value, 42);
    ck_assert(CPU_EQUAL(&mine, &seen.allowed));
}

START_TEST(a_thread_may_run_where_its_maker_may)
{
    for (int i = 0; i < 100; i++)
        try_thread();
}
END_TEST

/* There is no other processor to begin on. */
START_TEST(one_processor_is_enough)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
    try_thread();
}
END_TEST

TEST_MAIN("thread", a_thread_may_run_where_its_maker_may, one_processor_is_enough)
