/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/plan_origin.h"

#include "tools/local.h"

#include <string.h>
#include <strings.h>

/* Does the name, without the query of a URL, end so? */
static bool ends_in(const char *name, const char *ending)
{
    size_t length = dp_local_is_uri(name) ? strcspn(name, "?") : strlen(name);

    return length > strlen(ending) &&
           strncasecmp(name + length - strlen(ending), ending, strlen(ending)) == 0;
}

static bool is_foreign(const char *place)
{
    return place && (ends_in(place, ".tbi") || ends_in(place, ".csi"));
}

static int find_tabix(struct dp_tool *tool, struct dp_object *object, const char *name,
                      const char *place, struct dp_plan_origin *origin, struct dp_error *err)
{
    int rc = dp_tabix_find(tool->context, object, place, &origin->tabix, err);

    if (rc == DP_OK)
        dp_tool_detail(tool, "%s: planned from %s", dp_local_display(name, object),
                       dp_tabix_uri(origin->tabix));
    return rc;
}

int dp_plan_origin_find(struct dp_tool *tool, struct dp_object *object, const char *name,
                        const char *place, struct dp_plan_origin *origin, struct dp_error *err)
{
    int rc;

    memset(origin, 0, sizeof(*origin));
    if (is_foreign(place))
        return find_tabix(tool, object, name, place, origin, err);
    rc = dp_index_find(tool->context, object, place, &origin->index, err);
    if (rc != DP_NOT_FOUND || place)
        return rc;
    rc = find_tabix(tool, object, name, NULL, origin, err);
    if (rc != DP_NOT_FOUND)
        return rc;
    return dp_error_set(err, DP_NOT_FOUND,
                        "%s: it has no index yet; make one with: dp-index build %s",
                        dp_local_display(name, object), dp_local_display(name, object));
}

int dp_plan_origin_plan(const struct dp_plan_origin *origin, struct dp_object *object,
                        const struct dp_plan_options *options, struct dp_plan **plan,
                        struct dp_error *err)
{
    return origin->tabix ? dp_plan_new_tabix(origin->tabix, object, options, plan, err)
                         : dp_plan_new(origin->index, object, options, plan, err);
}

void dp_plan_origin_free(struct dp_plan_origin *origin)
{
    dp_index_free(origin->index);
    dp_tabix_free(origin->tabix);
}
