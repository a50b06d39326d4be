/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/output.h"

#include "base/error.h"
#include "tools/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20) /* Linux's default limit for ordinary users */
/* write() takes at most 2 GiB - 4 KiB at once. */
#define WRITE_BYTES ((size_t)1 << 30)

static int write_failed(int fd, const char *name, struct dp_error *err)
{
    int reason = errno;

    if (reason == EPIPE && fd == STDOUT_FILENO)
        dp_signals_break_pipe();
    dp_error_set_errno(err, reason, "%s", name);
    errno = reason;
    return err ? err->code = DP_IO : DP_IO;
}

int dp_output_write(int fd, const char *name, const void *bytes, size_t length,
                    struct dp_error *err)
{
    const char *at = bytes;
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    while (length > 0) {
        ssize_t taken = write(fd, at, length < WRITE_BYTES ? length : WRITE_BYTES);

        if (taken >= 0) {
            at += taken;
            length -= (size_t)taken;
        } else if (errno == EAGAIN) {
            poll(&ready, 1, -1); /* somebody else made our output non-blocking */
        } else if (errno != EINTR) {
            return write_failed(fd, name, err);
        }
        if (dp_signals_caught())
            return dp_error_set(err, DP_CANCELLED, "%s: stopped", name);
    }
    return DP_OK;
}

void dp_output_widen(int fd)
{
    int have = fcntl(fd, F_GETPIPE_SZ);

    if (have > 0 && have < PIPE_BYTES)
        (void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
}

int dp_output_close(struct dp_error *err)
{
    /* Two steps: fclose() alone would hide the errno of an earlier failed write. */
    if (ferror(stdout))
        return dp_error_set(err, DP_IO, "standard output: write error");
    if (fflush(stdout) != 0 || close(STDOUT_FILENO) != 0) {
        if (errno == EPIPE)
            dp_signals_break_pipe();
        dp_error_set_errno(err, errno, "standard output");
        return err ? err->code = DP_IO : DP_IO;
    }
    return DP_OK;
}
