/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

/* Signals belong to the process, so their state does as well. */
static atomic_int caught;
static atomic_bool pipe_broken;
static bool pipe_was_ignored;
static pthread_t main_thread;
static sigset_t replaced; /* those whose handling we changed */

static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};
#define STOPPING_COUNT (sizeof(stopping) / sizeof(stopping[0]))

static void set_default(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void on_signal(int number)
{
    /* The main thread may sit in a write() that only a signal of its own can interrupt. */
    if (!pthread_equal(pthread_self(), main_thread)) {
        pthread_kill(main_thread, number);
        return;
    }
    if (atomic_load(&caught)) {
        set_default(number);
        raise(number); /* pending until this handler returns */
    }
    atomic_store(&caught, number);
}

void dp_signals_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal}, old;
    size_t i;

    main_thread = pthread_self();
    sigemptyset(&replaced);
    sigemptyset(&action.sa_mask); /* and no SA_RESTART: a blocked write must come back */
    for (i = 0; i < STOPPING_COUNT; i++) {
        if (sigaction(stopping[i], NULL, &old) != 0 || old.sa_handler == SIG_IGN)
            continue;
        sigaction(stopping[i], &action, NULL);
        sigaddset(&replaced, stopping[i]);
    }
    sigaction(SIGPIPE, NULL, &old);
    pipe_was_ignored = old.sa_handler == SIG_IGN;
    if (!pipe_was_ignored) {
        action.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &action, NULL);
        sigaddset(&replaced, SIGPIPE);
    }
}

int dp_signals_caught(void)
{
    return atomic_load(&caught);
}

void dp_signals_break_pipe(void)
{
    atomic_store(&pipe_broken, true);
}

bool dp_signals_pipe_broken(void)
{
    return atomic_load(&pipe_broken) && !pipe_was_ignored;
}

void dp_signals_die(void)
{
    int number = dp_signals_caught();

    if (!number && dp_signals_pipe_broken())
        number = SIGPIPE;
    if (!number)
        return;
    set_default(number);
    raise(number);
}

int dp_signals_restore(posix_spawnattr_t *attributes)
{
    return posix_spawnattr_setsigdefault(attributes, &replaced);
}
