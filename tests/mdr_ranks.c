/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What mdr/team.h promises, seen from ranks that mpirun started: `mpirun -n N mdr_ranks
 * N [BYTES]`, where the machine has not that many BYTES to share. Rank 0 prints "ok: ..." a line
 * for each promise; the first one that is broken ends all ranks. */

#include "config.h"

#include "mdr/team_mpi.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 20000, THREADS = 3 };

static struct dp_mdr_team *team;
static unsigned rank, size, node_rank, node_size;

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("FAILED: rank %u of %u, line %d: %s\n", rank, size, __LINE__, #condition);      \
            fflush(stdout);                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void say(const char *what)
{
    if (rank == 0)
        printf("ok: %s\n", what);
}

/* Every rank fails in turn; all must hear of it, in its words. */
static void agreement(void)
{
    struct dp_error err = {0};
    char words[50];
    unsigned guilty;

    MUST(dp_mdr_team_agree(team, DP_OK, &err) == DP_OK && !err.code);
    for (guilty = 0; guilty < size; guilty++) {
        int code = DP_OK;

        dp_error_clear(&err);
        snprintf(words, sizeof(words), "rank %u says", guilty);
        if (rank == guilty)
            code = dp_error_set(&err, DP_DATA, "%s", words);
        MUST(dp_mdr_team_agree(team, code, &err) == DP_DATA);
        MUST(err.code == DP_DATA && strcmp(err.message, words) == 0);
    }
    /* All fail: the lowest is heard. */
    dp_error_set(&err, rank ? DP_IO : DP_DENIED, "%u", rank);
    MUST(dp_mdr_team_agree(team, err.code, &err) == DP_DENIED && strcmp(err.message, "0") == 0);
    /* A stop is less than a failure. */
    dp_error_set(&err, rank + 1 < size ? DP_CANCELLED : DP_IO, "%u", rank);
    MUST(dp_mdr_team_agree(team, err.code, &err) == DP_IO);
    MUST((unsigned)atoi(err.message) == size - 1);
    dp_error_set(&err, DP_CANCELLED, "%u", rank);
    MUST(dp_mdr_team_agree(team, err.code, &err) == DP_CANCELLED && err.message[0] == '0');
    MUST(dp_mdr_team_agree(team, DP_IO, NULL) == DP_IO);
    say("agreement");
}

static void shared_memory(size_t bytes)
{
    unsigned char *memory = NULL;
    uint64_t *values = calloc(node_size, sizeof(*values));
    size_t i;
    unsigned r;

    MUST(dp_mdr_team_memory(team, bytes, (void **)&memory, NULL) == DP_OK);
    MUST((uintptr_t)memory % 64 == 0);
    for (i = 0; i < bytes; i++)
        MUST(memory[i] == 0);
    dp_mdr_team_node_wait(team);
    for (i = node_rank; i < bytes; i += node_size)
        memory[i] = (unsigned char)(i % 251 + 1);
    dp_mdr_team_node_wait(team);
    for (i = 0; i < bytes; i++)
        MUST(memory[i] == i % 251 + 1);
    dp_mdr_team_node_gather(team, 1000 + node_rank, values);
    for (r = 0; r < node_size; r++)
        MUST(values[r] == 1000 + r);
    free(values);
    say("memory of a node");
}

static void too_much_memory(size_t bytes)
{
    struct dp_error err = {0};
    void *memory = NULL;

    MUST(dp_mdr_team_memory(team, bytes, &memory, &err) == DP_NO_MEMORY);
    MUST(!memory && err.code == DP_NO_MEMORY);
    say("memory that is not there");
}

/* -------------------------------------------------------------------------------- hand-out */

static unsigned char *taken;

static void *take_all(void *unused)
{
    uint64_t number;

    (void)unused;
    while ((number = dp_mdr_team_next(team)) < NUMBERS)
        taken[number]++; /* never two threads at one number */
    MUST(number == NUMBERS);
    return NULL;
}

/* Rank 0 adds up what all ranks took. */
static void check_taken(void)
{
    struct dp_mdr_team_part *parts = NULL;
    unsigned i, r;

    MUST(dp_mdr_team_gather(team, taken, NUMBERS, &parts, NULL) == DP_OK);
    MUST((rank == 0) == (parts != NULL));
    for (i = 0; parts && i < NUMBERS; i++) {
        unsigned sum = 0;

        for (r = 0; r < size; r++)
            sum += ((unsigned char *)parts[r].bytes)[i];
        MUST(sum == 1);
    }
    dp_mdr_team_parts_free(team, parts);
}

static void hand_out(void)
{
    pthread_t threads[THREADS];
    int i, round;

    for (round = 0; round < 3; round++) {
        taken = calloc(NUMBERS, 1);
        dp_mdr_team_deal(team, NUMBERS);
        for (i = 0; i < THREADS; i++)
            MUST(pthread_create(&threads[i], NULL, take_all, NULL) == 0);
        for (i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        check_taken();
        free(taken);
    }
    say("each number once");
}

static void stop(void)
{
    uint64_t given = 0;

    /* One rank stops early: the others get no more than what they had. */
    dp_mdr_team_deal(team, 1 << 30);
    while (dp_mdr_team_next(team) < 1 << 30) {
        if (++given == 1000 && rank == size - 1)
            dp_mdr_team_stop(team);
    }
    MUST(given < 1 << 29);
    dp_mdr_team_deal(team, 5);
    MUST(dp_mdr_team_next(team) <= 5);
    dp_mdr_team_stop(team);
    MUST(dp_mdr_team_next(team) == 5);
    say("stop");
}

/* ------------------------------------------------------------------------------- transfers */

static void transfers(void)
{
    struct dp_mdr_team_part *parts = NULL;
    size_t length = (size_t)rank * 300000, i;
    unsigned char *bytes = malloc(length + 1), *same = calloc(1000000, 1);
    unsigned r;

    memset(bytes, (int)rank + 1, length);
    MUST(dp_mdr_team_gather(team, bytes, length, &parts, NULL) == DP_OK);
    for (r = 0; parts && r < size; r++) {
        MUST(parts[r].length == (size_t)r * 300000);
        for (i = 0; i < parts[r].length; i++)
            MUST(((unsigned char *)parts[r].bytes)[i] == r + 1);
    }
    dp_mdr_team_parts_free(team, parts);
    if (rank == 0)
        memset(same, 77, 1000000);
    dp_mdr_team_broadcast(team, same, 1000000);
    for (i = 0; i < 1000000; i++)
        MUST(same[i] == 77);
    dp_mdr_team_broadcast(team, same, 0);
    free(bytes);
    free(same);
    say("gathering and broadcasts");
}

int main(int argc, char **argv)
{
    MUST(dp_mdr_team_mpi(&argc, &argv, &team, NULL) == DP_OK);
    rank = dp_mdr_team_rank(team);
    size = dp_mdr_team_size(team);
    node_rank = dp_mdr_team_node_rank(team);
    node_size = dp_mdr_team_node_size(team);
    MUST(rank < size && node_rank < node_size && node_size <= size);
    MUST(argc < 2 || size == (unsigned)atoi(argv[1]));
    agreement();
    shared_memory(1);
    shared_memory(3000001);
    too_much_memory(argc > 2 ? strtoull(argv[2], NULL, 10) : SIZE_MAX);
    hand_out();
    stop();
    transfers();
    dp_mdr_team_free(team);
    if (rank == 0)
        printf("%u ranks, %u on a node, %s\n", size, node_size, dp_mdr_team_mpi_library());
    return 0;
}
