/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/index_meta.h"

#include <stdio.h>
#include <string.h>

/* -------------------------------------------------------------------------------- formatting */

static void hex_of(const uint8_t *bytes, size_t count, char *text)
{
    size_t i;

    for (i = 0; i < count; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

json_t *dp_index_meta_source(const struct dp_index *index)
{
    const struct dp_identity *identity = &index->identity;
    char first[2 * DP_SHA256_BYTES + 1], last[2 * DP_SHA256_BYTES + 1], crc[9];

    hex_of(identity->first, DP_SHA256_BYTES, first);
    hex_of(identity->last, DP_SHA256_BYTES, last);
    snprintf(crc, sizeof(crc), "%08lx", (unsigned long)identity->crc32);
    return json_pack("{s:I, s:b, s:s, s:s, s:s, s:I}", "bytes", (json_int_t)identity->bytes,
                     "complete", (int)identity->complete, "crc32", crc, "sha256_first", first,
                     "sha256_last", last, "uncompressed_bytes",
                     (json_int_t)identity->uncompressed_bytes);
}

int dp_index_meta_format(const struct dp_index *index, char **text, struct dp_error *err)
{
    json_t *facts = json_deep_copy(index->facts), *source = dp_index_meta_source(index), *meta;
    char *made = NULL;

    /* json_pack takes `source` and `facts` also when it fails or when they are NULL. */
    meta = json_pack("{s:b, s:s, s:o, s:s, s:I, s:I, s:o, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:I}",
                     "bgzf_eof_missing", (int)index->bgzf_eof_missing, "codec",
                     dp_codec_name(index->codec), "facts", facts, "format",
                     index->format->name, "longest_record_bytes",
                     (json_int_t)index->longest_record_bytes, "members",
                     (json_int_t)index->member_count, "source",
                     source, "spacing_asked_bytes", (json_int_t)index->asked_spacing_bytes,
                     "spacing_bytes", (json_int_t)index->spacing_bytes, "totals", "bases",
                     (json_int_t)index->totals.bases, "lines", (json_int_t)index->totals.line,
                     "offset", (json_int_t)index->totals.offset, "records",
                     (json_int_t)index->totals.record, "trailing_garbage_bytes",
                     (json_int_t)index->garbage_bytes);
    if (meta && index->header_bytes &&
        json_object_set_new(meta, "header", json_pack("{s:I, s:I}", "bytes",
                                                      (json_int_t)index->header_bytes, "stored",
                                                      (json_int_t)index->header_stored_bytes))) {
        json_decref(meta);
        meta = NULL;
    }
    if (meta)
        made = json_dumps(meta, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    json_decref(meta);
    if (!made)
        return dp_error_no_memory(err);
    *text = made;
    return DP_OK;
}

/* ----------------------------------------------------------------------------------- parsing */

static bool hex_parse(const char *text, uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    const char *high, *low;
    size_t i;

    if (strlen(text) != 2 * count)
        return false;
    for (i = 0; i < count; i++) {
        high = strchr(digits, text[2 * i]);
        low = strchr(digits, text[2 * i + 1]);
        if (!high || !low)
            return false;
        bytes[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return true;
}

/* A count: JSON's integers are signed here. */
static bool count_of(json_int_t value, uint64_t *count)
{
    *count = (uint64_t)value;
    return value >= 0;
}

static bool parse_source(json_t *source, struct dp_identity *identity)
{
    json_int_t bytes, uncompressed;
    const char *crc, *first, *last;
    uint8_t crc_bytes[4];
    int complete;

    if (json_unpack(source, "{s:I, s:b, s:s, s:s, s:s, s:I !}", "bytes", &bytes, "complete",
                    &complete, "crc32", &crc, "sha256_first", &first, "sha256_last", &last,
                    "uncompressed_bytes", &uncompressed))
        return false;
    identity->complete = complete != 0;
    if (!hex_parse(crc, crc_bytes, sizeof(crc_bytes)))
        return false;
    identity->crc32 = (uint32_t)crc_bytes[0] << 24 | (uint32_t)crc_bytes[1] << 16 |
                      (uint32_t)crc_bytes[2] << 8 | crc_bytes[3];
    return count_of(bytes, &identity->bytes) &&
           count_of(uncompressed, &identity->uncompressed_bytes) &&
           hex_parse(first, identity->first, DP_SHA256_BYTES) &&
           hex_parse(last, identity->last, DP_SHA256_BYTES);
}

static bool parse_totals(json_t *totals, struct dp_edge *edge)
{
    json_int_t bases, lines, offset, records;

    return json_unpack(totals, "{s:I, s:I, s:I, s:I !}", "bases", &bases, "lines", &lines,
                       "offset", &offset, "records", &records) == 0 &&
           count_of(bases, &edge->bases) && count_of(lines, &edge->line) &&
           count_of(offset, &edge->offset) && count_of(records, &edge->record);
}

/* Where the header is, when there is one. */
static bool parse_header(json_t *meta, struct dp_index *index)
{
    json_t *header = json_object_get(meta, "header");
    json_int_t bytes, stored;

    if (!header)
        return true;
    return json_unpack(header, "{s:I, s:I}", "bytes", &bytes, "stored", &stored) == 0 &&
           count_of(bytes, &index->header_bytes) &&
           count_of(stored, &index->header_stored_bytes);
}

/* Everything but the names of format and codec. Keys that are not known yet may be there. */
static bool parse_facts(json_t *meta, struct dp_index *index)
{
    json_t *facts, *source, *totals;
    json_int_t members, asked, spacing, garbage, longest = 0;
    int eof_missing;

    if (json_unpack(meta, "{s:b, s:o, s:I, s:o, s:I, s:I, s:o, s:I, s?I}", "bgzf_eof_missing",
                    &eof_missing, "facts", &facts, "members", &members, "source", &source,
                    "spacing_asked_bytes", &asked, "spacing_bytes", &spacing, "totals", &totals,
                    "trailing_garbage_bytes", &garbage, "longest_record_bytes", &longest) ||
        !json_is_object(facts))
        return false;
    index->bgzf_eof_missing = eof_missing != 0;
    index->facts = json_incref(facts);
    return count_of(members, &index->member_count) &&
           count_of(asked, &index->asked_spacing_bytes) &&
           count_of(spacing, &index->spacing_bytes) &&
           count_of(garbage, &index->garbage_bytes) &&
           count_of(longest, &index->longest_record_bytes) && index->spacing_bytes > 0 &&
           index->asked_spacing_bytes > 0 && parse_source(source, &index->identity) &&
           parse_totals(totals, &index->totals) && parse_header(meta, index);
}

int dp_index_meta_parse(const char *text, size_t length, const char *name,
                        struct dp_index *index, struct dp_error *err)
{
    json_t *meta = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const char *format = NULL, *codec = NULL;
    int result = DP_OK;

    if (!meta || json_unpack(meta, "{s:s, s:s}", "codec", &codec, "format", &format) ||
        !parse_facts(meta, index))
        result = dp_error_set(err, DP_BAD_INDEX, "%s: the facts of the index make no sense",
                              name);
    else if (!dp_codec_parse(codec, &index->codec))
        result = dp_error_set_detail(err, DP_UNSUPPORTED, DP_DETAIL_VERSION,
                                     "%s: codec %s needs another dataplug", name, codec);
    else if (!(index->format = dp_format_find(format)))
        result = dp_error_set_detail(err, DP_UNSUPPORTED, DP_DETAIL_VERSION,
                                     "%s: format %s needs another dataplug", name, format);
    json_decref(meta);
    return result;
}
