/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/index_meta.h"

#include <string.h>

/* What is known of every index. */
static json_t *common_facts(const struct dp_index *index)
{
    return json_pack(
        "{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:s, s:o, s:s?}",
        "format", index->format->name, "codec", dp_codec_name(index->codec), "complete",
        (int)index->identity.complete, "records", (json_int_t)index->totals.record, "bases",
        (json_int_t)index->totals.bases, "lines", (json_int_t)index->totals.line,
        "compressed_bytes", (json_int_t)index->identity.bytes, "uncompressed_bytes",
        (json_int_t)index->identity.uncompressed_bytes, "members",
        (json_int_t)index->member_count, "seek_points", (json_int_t)index->points.length,
        "spacing_bytes", (json_int_t)index->spacing_bytes, "index_bytes",
        (json_int_t)index->file_bytes, "bgzf_eof_missing", (int)index->bgzf_eof_missing,
        "identity", index->identity_hex, "source", dp_index_meta_source(index), "index",
        index->uri);
}

int dp_index_describe(const struct dp_index *index, char **json, struct dp_error *err)
{
    json_t *all = common_facts(index), *facts = json_deep_copy(index->facts);
    char *text = NULL;

    /* The format's facts stand beside the common ones, which win. */
    if (all && facts && json_object_update_missing(all, facts) == 0 &&
        json_object_set_new(all, "map_rows", json_integer((json_int_t)index->rows.length)) ==
            0 &&
        json_object_set_new(all, "trailing_garbage_bytes",
                            json_integer((json_int_t)index->garbage_bytes)) == 0)
        text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    json_decref(all);
    json_decref(facts);
    if (!text)
        return dp_error_no_memory(err);
    *json = text;
    return DP_OK;
}
