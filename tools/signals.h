/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Ending well: Ctrl-C, kill, a closed terminal and a closed pipe.
 *
 * A signal only sets a flag. Long calls see it (through the context's cancel callback) and return,
 * temporary files are removed on the way out, and at last the process dies by that very signal, so
 * that shells and schedulers see what happened. A second signal ends it at once. */

#ifndef DP_TOOLS_SIGNALS_H
#define DP_TOOLS_SIGNALS_H

#include <spawn.h>
#include <stdbool.h>

/* Catches SIGINT, SIGTERM and SIGHUP unless they were ignored when the program began, and turns
 * SIGPIPE into EPIPE. Called once, by the main thread. */
void dp_signals_catch(void);

/* The signal that asks us to stop; 0 while there was none. From any thread. */
int dp_signals_caught(void);

/* Notes that a reader of our output has gone away. From any thread. */
void dp_signals_break_pipe(void);
/* True when that happened and must stay silent, as it does where SIGPIPE was not ignored. */
bool dp_signals_pipe_broken(void);

/* Dies by the signal that was caught, or by SIGPIPE when a pipe broke; returns when neither. */
void dp_signals_die(void);

/* Gives a child the signals as this program found them. Returns 0 or an errno. */
int dp_signals_restore(posix_spawnattr_t *attributes);

#endif
