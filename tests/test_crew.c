/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/suite.h"

#include "index/codec/crew.h"

#include <stdatomic.h>
#include <time.h>

/* A pass of batches without bytes. That the first one ends the stream is found by the work on it,
 * while the second one is being filled. */
struct endless {
    struct dp_pass pass;
    atomic_int filled; /* batches that were begun to be filled */
    atomic_bool ended; /* the work on the first one is done */
};

static void wait_milliseconds(long count)
{
    const struct timespec pause = {0, count * 1000000};

    nanosleep(&pause, NULL);
}

static void fill(struct dp_pass *pass, struct dp_batch *batch)
{
    struct endless *endless = (struct endless *)(void *)pass;

    batch->state = DP_BATCH_MORE;
    if (atomic_fetch_add(&endless->filled, 1) != 1)
        return;
    while (!atomic_load(&endless->ended))
        wait_milliseconds(1);
    wait_milliseconds(50); /* time to note it down */
}

static void work(struct dp_pass *pass, struct dp_worker *worker, struct dp_batch *batch)
{
    struct endless *endless = (struct endless *)(void *)pass;

    (void)worker;
    while (atomic_load(&endless->filled) < 2)
        wait_milliseconds(1);
    if (!atomic_exchange(&endless->ended, true))
        batch->state = DP_BATCH_END;
}

static const struct dp_pass_ops ops = {.fill = fill, .work = work};

START_TEST(nothing_behind_the_end_is_filled)
{
    struct endless endless = {.pass = {.ops = &ops, .room_bytes = 4096}};
    struct dp_crew *crew = NULL;

    ck_assert_int_eq(dp_crew_open(&endless.pass, 3, NULL, &crew, NULL), 0);
    ck_assert_int_eq(dp_crew_next(crew)->state, DP_BATCH_END);
    wait_milliseconds(150); /* time to go too far */
    dp_crew_free(crew);
    ck_assert_int_eq(atomic_load(&endless.filled), 2);
}
END_TEST

TEST_MAIN("crew", nothing_behind_the_end_is_filled)
