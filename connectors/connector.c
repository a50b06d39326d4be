/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/object.h"

#include "connectors/file.h"
#include "connectors/http_object.h"
#include "connectors/s3.h"
#include "connectors/uri.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Everything that can be opened. A new connector is one file and its rows here. */
static const struct dp_connector connectors[] = {
    {"", dp_file_open, dp_file_sink_open, dp_file_list_open},
    {"file", dp_file_open, dp_file_sink_open, dp_file_list_open},
    {"http", dp_http_object_open, dp_http_sink_open, NULL},
    {"https", dp_http_object_open, dp_http_sink_open, NULL},
    {"s3", dp_s3_object_open, dp_s3_sink_open, dp_s3_list_open},
};

static void list_schemes(char *text, size_t capacity)
{
    size_t i, used = 0;

    text[0] = 0;
    for (i = 0; i < sizeof(connectors) / sizeof(connectors[0]); i++)
        if (*connectors[i].scheme && used < capacity)
            used += (size_t)snprintf(text + used, capacity - used, "%s%s://", used ? ", " : "",
                                     connectors[i].scheme);
}

const struct dp_connector *dp_connector_find(const char *uri, struct dp_error *err)
{
    size_t i, n = dp_uri_scheme_length(uri);
    char known[128];

    for (i = 0; i < sizeof(connectors) / sizeof(connectors[0]); i++)
        if (strlen(connectors[i].scheme) == n && strncasecmp(connectors[i].scheme, uri, n) == 0)
            return &connectors[i];
    list_schemes(known, sizeof(known));
    dp_error_set(err, DP_UNSUPPORTED, "%.*s://: no such place is known; there are paths and %s",
                 (int)n, uri, known);
    return NULL;
}
