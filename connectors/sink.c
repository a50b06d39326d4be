/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/sink.h"

#include "connectors/object.h"

#include <stdlib.h>
#include <string.h>

struct dp_sink *dp_sink_new(size_t bytes, const struct dp_sink_ops *ops,
                            struct dp_context *context, const char *uri)
{
    struct dp_sink *sink = calloc(1, bytes);

    if (!sink)
        return NULL;
    sink->ops = ops;
    sink->context = context;
    sink->uri = strdup(uri);
    if (sink->uri)
        return sink;
    free(sink);
    return NULL;
}

static int open_sink(struct dp_context *context, const char *uri, bool probe,
                     struct dp_sink **sink, struct dp_error *err)
{
    const struct dp_connector *connector;
    int rc = dp_context_check(context, err);

    if (rc)
        return rc;
    connector = dp_connector_find(uri, err);
    return connector ? connector->sink(context, uri, probe, sink, err) : DP_UNSUPPORTED;
}

int dp_sink_open(struct dp_context *context, const char *uri, struct dp_sink **sink,
                 struct dp_error *err)
{
    return open_sink(context, uri, true, sink, err);
}

int dp_sink_open_at_once(struct dp_context *context, const char *uri, struct dp_sink **sink,
                         struct dp_error *err)
{
    return open_sink(context, uri, false, sink, err);
}

static int check(struct dp_sink *sink, struct dp_error *err)
{
    if (sink->finished)
        return dp_error_set(err, DP_INVALID, "%s: writing has ended", sink->uri);
    return dp_context_check(sink->context, err);
}

int dp_sink_write(struct dp_sink *sink, const void *bytes, size_t length, struct dp_error *err)
{
    int rc = check(sink, err);

    if (rc || !length)
        return rc;
    rc = sink->ops->write(sink, bytes, length, err);
    /* A hole in the middle must never be committed. */
    if (rc)
        sink->finished = true;
    return rc;
}

int dp_sink_commit(struct dp_sink *sink, struct dp_error *err)
{
    int rc = check(sink, err);

    if (rc)
        return rc;
    sink->finished = true;
    return sink->ops->commit(sink, err);
}

void dp_sink_free(struct dp_sink *sink)
{
    if (!sink)
        return;
    sink->ops->close(sink);
    free(sink->uri);
    free(sink);
}
