/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "mdr/team.h"

#include <pthread.h>
#include <stdatomic.h>

static struct dp_mdr_team *team;

static void enter(void)
{
    ck_assert_int_eq(dp_mdr_team_alone(&team, NULL), DP_OK);
}

START_TEST(a_team_of_one)
{
    struct dp_mdr_team_part *parts = NULL;
    struct dp_error err = {.code = DP_IO, .message = "mine"};
    char *first, *second;
    uint64_t value = 0;
    size_t i;

    enter();
    ck_assert_uint_eq(dp_mdr_team_rank(team) + dp_mdr_team_node_rank(team), 0);
    ck_assert_uint_eq(dp_mdr_team_size(team) * dp_mdr_team_node_size(team), 1);
    ck_assert_int_eq(dp_mdr_team_agree(team, 0, &err), 0);
    ck_assert_int_eq(dp_mdr_team_agree(team, DP_IO, &err), DP_IO);
    ck_assert_str_eq(err.message, "mine");
    ck_assert_int_eq(dp_mdr_team_memory(team, 1000, (void **)&first, NULL), DP_OK);
    ck_assert_int_eq(dp_mdr_team_memory(team, 0, (void **)&second, NULL), DP_OK);
    ck_assert_uint_eq((uintptr_t)first % 64 + (uintptr_t)second % 64, 0);
    for (i = 0; i < 1000; i++)
        ck_assert_int_eq(first[i], 0);
    ck_assert_int_eq(dp_mdr_team_memory(team, SIZE_MAX, (void **)&second, &err), DP_NO_MEMORY);
    dp_mdr_team_node_wait(team);
    dp_mdr_team_node_gather(team, 7, &value);
    ck_assert_uint_eq(value, 7);
    dp_mdr_team_broadcast(team, first, 1000);
    ck_assert_int_eq(dp_mdr_team_gather(team, "abc", 3, &parts, NULL), DP_OK);
    ck_assert_uint_eq(parts[0].length, 3);
    ck_assert_mem_eq(parts[0].bytes, "abc", 3);
    dp_mdr_team_parts_free(team, parts);
    dp_mdr_team_free(team);
}
END_TEST

enum { NUMBERS = 100000, THREADS = 4 };
static atomic_uint given[NUMBERS];

static void *take_all(void *unused)
{
    uint64_t number;

    (void)unused;
    while ((number = dp_mdr_team_next(team)) < NUMBERS)
        given[number]++;
    return NULL;
}

START_TEST(each_number_is_given_once)
{
    pthread_t threads[THREADS];
    int i, round;

    enter();
    for (round = 1; round <= 2; round++) {
        dp_mdr_team_deal(team, NUMBERS);
        for (i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, take_all, NULL), 0);
        for (i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        for (i = 0; i < NUMBERS; i++)
            ck_assert_uint_eq(given[i], round);
        ck_assert_uint_eq(dp_mdr_team_next(team), NUMBERS);
    }
    dp_mdr_team_free(team);
}
END_TEST

START_TEST(a_stop_ends_a_deal)
{
    enter();
    dp_mdr_team_deal(team, 1000);
    ck_assert_uint_eq(dp_mdr_team_next(team), 0);
    ck_assert_uint_eq(dp_mdr_team_next(team), 1);
    dp_mdr_team_stop(team);
    dp_mdr_team_stop(team);
    ck_assert_uint_eq(dp_mdr_team_next(team), 1000);
    dp_mdr_team_deal(team, 3);
    ck_assert_uint_eq(dp_mdr_team_next(team), 0);
    dp_mdr_team_deal(team, 0);
    ck_assert_uint_eq(dp_mdr_team_next(team), 0);
    dp_mdr_team_stop(team);
    dp_mdr_team_free(team);
}
END_TEST

TEST_MAIN("mdr_team", a_team_of_one, each_number_is_given_once, a_stop_ends_a_deal)
