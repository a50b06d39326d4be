/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/plan_samples.h"

#include "connectors/object.h"
#include "index/index.h"
#include "slicer/plan_header.h"

#include <stdlib.h>
#include <string.h>

static bool has_samples(const struct dp_format *format)
{
    return format->filter && format->filter->choose;
}

int dp_plan_samples_choose(const struct dp_format *format, const uint8_t *header,
                           size_t header_bytes, const char *wanted, const char *name,
                           char **columns, struct dp_error *err)
{
    json_t *keys;
    int rc;

    if (!has_samples(format))
        return dp_error_set(err, DP_UNSUPPORTED,
                            "%s: samples can be chosen in VCF and BCF only, this is %s", name,
                            format->name);
    rc = format->filter->choose(header, header_bytes, wanted, name, &keys, err);
    if (rc)
        return rc;
    *columns = json_dumps(keys, JSON_COMPACT);
    json_decref(keys);
    return *columns ? DP_OK : dp_error_no_memory(err);
}

int dp_plan_samples_read(struct dp_index *index, struct dp_object *object, const char *wanted,
                         char **columns, struct dp_error *err)
{
    const struct dp_format *format = dp_index_format(index);
    uint64_t stored, length = dp_index_header(index, &stored);
    uint8_t *header = NULL;
    int rc;

    if (!has_samples(format))
        length = 0; /* there is no need to read it */
    rc = length ? dp_plan_header_read(object->context, index, object, length, &header, err) : DP_OK;
    if (!rc)
        rc = dp_plan_samples_choose(format, header, (size_t)length, wanted, dp_object_uri(object),
                                    columns, err);
    free(header);
    return rc;
}

static int apply_to(const char *columns, struct dp_slice_piece *piece, struct dp_error *err)
{
    json_t *spec = piece->filter ? json_loads(piece->filter, 0, NULL) : json_object();
    json_t *keys = json_loads(columns, 0, NULL);
    char *text = NULL;

    if (spec && keys && json_object_update(spec, keys) == 0)
        text = json_dumps(spec, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(keys);
    json_decref(spec);
    if (!text)
        return dp_error_no_memory(err);
    free(piece->filter);
    piece->filter = text;
    return DP_OK;
}

int dp_plan_samples_apply(const char *columns, struct dp_slice *slice, struct dp_error *err)
{
    size_t i;
    int rc = DP_OK;

    for (i = 0; !rc && i < slice->piece_count; i++)
        rc = apply_to(columns, &slice->pieces[i], err);
    slice->record_count = dp_slice_count_records(slice, 0);
    return rc;
}
