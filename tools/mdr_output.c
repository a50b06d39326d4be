/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/mdr_output.h"

#include "base/error.h"
#include "tools/local.h"
#include "tools/output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct dp_mdr_output {
    struct dp_sink *sink; /* NULL: standard output */
};

int dp_mdr_output_refuse(const char *name, struct dp_error *err)
{
    return dp_error_set(err, DP_INVALID, "%s: it is there already; --force replaces it", name);
}

int dp_mdr_output_check(struct dp_context *context, const char *name, bool force,
                        struct dp_error *err)
{
    struct dp_object *object = NULL;
    struct stat found;
    int rc;

    if (force || strcmp(name, "-") == 0 || dp_local_is_stream(name))
        return DP_OK;
    if (!dp_local_is_uri(name)) /* also a link that leads nowhere is somebody's */
        return lstat(name, &found) == 0 ? dp_mdr_output_refuse(name, err) : DP_OK;
    rc = dp_object_open(context, name, NULL, &object, err);
    if (rc == DP_OK)
        rc = dp_mdr_output_refuse(dp_object_uri(object), err);
    dp_object_free(object);
    return rc == DP_NOT_FOUND ? DP_OK : rc;
}

int dp_mdr_output_peek(struct dp_context *context, const char *name, size_t capacity, char **text,
                       struct dp_error *err)
{
    struct dp_object *object = NULL;
    struct dp_range range = {0, 0};
    char *made = NULL;
    int rc = dp_object_open(context, name, NULL, &object, err);

    if (rc < 0)
        return rc;
    range.end = dp_object_size(object) < capacity ? dp_object_size(object) : capacity;
    made = calloc(1, (size_t)range.end + 1);
    rc = made ? DP_OK : dp_error_no_memory(err);
    if (rc == DP_OK && range.end)
        rc = dp_object_read_at(object, range, made, err);
    dp_object_free(object);
    if (rc < 0)
        free(made);
    else
        *text = made;
    return rc;
}

int dp_mdr_output_open(struct dp_context *context, const char *name, bool force,
                       struct dp_mdr_output **output, struct dp_error *err)
{
    struct dp_mdr_output *made = calloc(1, sizeof(*made));
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    rc = dp_mdr_output_check(context, name, force, err);
    if (rc == DP_OK && strcmp(name, "-") != 0)
        rc = dp_sink_open(context, name, &made->sink, err);
    if (rc < 0)
        free(made);
    else
        *output = made;
    return rc;
}

int dp_mdr_output_write(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct dp_mdr_output *output = user;

    return output->sink ? dp_sink_write(output->sink, bytes, length, err)
                        : dp_output_write(STDOUT_FILENO, "standard output", bytes, length, err);
}

int dp_mdr_output_commit(struct dp_mdr_output *output, struct dp_error *err)
{
    return output->sink ? dp_sink_commit(output->sink, err) : DP_OK;
}

void dp_mdr_output_free(struct dp_mdr_output *output)
{
    if (!output)
        return;
    dp_sink_free(output->sink);
    free(output);
}
