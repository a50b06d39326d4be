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

/* Names are foreign bytes, JSON wants UTF-8: what is not printable ASCII becomes '?'. */
static json_t *name_of(const struct dp_contig *contig, const char *names)
{
    char text[1024];
    size_t i, length = contig->name_bytes < sizeof(text) ? contig->name_bytes : sizeof(text);

    for (i = 0; i < length; i++) {
        text[i] = names[contig->name_at + i];
        if (text[i] < 32 || text[i] > 126)
            text[i] = '?';
    }
    return json_stringn(text, length);
}

static json_t *contig_facts(const struct dp_contig *contig, const char *names)
{
    json_t *length = contig->length == DP_CONTIG_NO_LENGTH
                         ? json_null()
                         : json_integer((json_int_t)contig->length);

    return json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "name",
                     name_of(contig, names), "length", length, "records",
                     (json_int_t)contig->record_count, "first_record",
                     (json_int_t)contig->first_record, "last_record",
                     (json_int_t)contig->last_record, "first_position",
                     (json_int_t)contig->first_position, "last_position",
                     (json_int_t)contig->last_position, "end", (json_int_t)contig->end, "sorted",
                     (contig->flags & DP_CONTIG_SORTED) != 0, "contiguous",
                     (contig->flags & DP_CONTIG_CONTIGUOUS) != 0);
}

/* Adds "contigs" where records have positions; false when out of memory. */
static bool add_contigs(const struct dp_index *index, json_t *all)
{
    json_t *list;
    size_t i;

    if (!index->format->loci)
        return true;
    list = json_array();
    for (i = 0; list && i < index->contigs.length; i++)
        if (json_array_append_new(list, contig_facts(&dp_tables_contigs(index)[i],
                                                     index->contig_names.data)) != 0) {
            json_decref(list);
            list = NULL;
        }
    return json_object_set_new(all, "contigs", list) == 0;
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
                            json_integer((json_int_t)index->garbage_bytes)) == 0 &&
        add_contigs(index, all))
        text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    json_decref(all);
    json_decref(facts);
    if (!text)
        return dp_error_no_memory(err);
    *json = text;
    return DP_OK;
}
