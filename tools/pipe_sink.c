/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/pipe.h"

#include "base/error.h"

#include <stdlib.h>

struct step {
    struct dp_pipe pipe;
    struct dp_sink *sink;
};

static int write_step(struct dp_pipe *pipe, const void *bytes, size_t length, struct dp_error *err)
{
    return dp_sink_write(((struct step *)pipe)->sink, bytes, length, err);
}

static int finish_step(struct dp_pipe *pipe, struct dp_error *err)
{
    return dp_sink_commit(((struct step *)pipe)->sink, err);
}

static void close_step(struct dp_pipe *pipe)
{
    struct step *step = (struct step *)pipe;

    dp_sink_free(step->sink);
    free(step);
}

int dp_pipe_sink_open(struct dp_context *context, const char *uri, struct dp_pipe **pipe,
                      struct dp_error *err)
{
    struct step *step = calloc(1, sizeof(*step));
    int rc;

    if (!step)
        return dp_error_no_memory(err);
    rc = dp_sink_open(context, uri, &step->sink, err);
    if (rc < 0) {
        free(step);
        return rc;
    }
    step->pipe = (struct dp_pipe){write_step, finish_step, close_step};
    *pipe = &step->pipe;
    return DP_OK;
}
