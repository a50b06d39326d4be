/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/index.h"

#include "index/index_locate.h"

#include <stdlib.h>

/* Opens the index at `uri` and compares it with the object. */
static int open_checked(struct dp_context *context, struct dp_object *object, const char *uri,
                        struct dp_index **index, struct dp_error *err)
{
    struct dp_index *opened = NULL;
    int result;

    result = dp_index_open(context, uri, &opened, err);
    if (!result)
        result = dp_index_check_source(opened, object, err);
    if (result)
        dp_index_free(opened);
    else
        *index = opened;
    return result;
}

/* Nobody said that there is an index: a place that keeps its names to itself has none for us. */
static bool is_absent(int result)
{
    return result == DP_NOT_FOUND || result == DP_DENIED;
}

/* Looks where the index belongs, then beside the object. The first that is there decides. */
static int discover(struct dp_context *context, struct dp_object *object,
                    struct dp_index **index, struct dp_error *err)
{
    char *place = NULL;
    int result;

    if (dp_index_locate_directory()) {
        result = dp_index_locate(object, NULL, &place, err);
        if (!result)
            result = open_checked(context, object, place, index, err);
        free(place);
        place = NULL;
        if (!is_absent(result))
            return result;
    }
    result = dp_index_locate_beside(object, &place, err);
    if (!result)
        result = open_checked(context, object, place, index, err);
    free(place);
    return result;
}

int dp_index_find(struct dp_context *context, struct dp_object *object, const char *uri,
                  struct dp_index **index, struct dp_error *err)
{
    int result;

    if (uri)
        return open_checked(context, object, uri, index, err);
    result = discover(context, object, index, err);
    if (is_absent(result))
        return dp_error_set(err, DP_NOT_FOUND, "%s: no index was found", dp_object_uri(object));
    return result;
}
