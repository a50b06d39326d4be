/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/tabix_object.h"

#include "connectors/object.h"
#include "index/block_walk.h"
#include "index/format/bcf.h"
#include "index/format/bcf_header.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MAX  (UINT64_C(64) << 10)
#define HEADER_MAX (UINT64_C(256) << 20) /* compressed bytes before the first record */
#define TAIL_MAX   (UINT64_C(1) << 20)   /* compressed bytes behind the last one: empty blocks */
#define TEXT_MAX   (UINT64_C(1) << 30)   /* of a header, uncompressed */

static int stale(const struct dp_tabix *tabix, const struct dp_object *object, const char *why,
                 struct dp_error *err)
{
    return dp_error_set(err, DP_STALE_INDEX, "%s: it does not fit %s: %s", dp_tabix_uri(tabix),
                        dp_object_uri(object), why);
}

/* ----------------------------------------------------------------------------------- decoding */

/* A decoder over the blocks of `range`, which counts from the virtual offset of the first. */
struct blocks {
    struct dp_input *input;
    struct dp_decoder *decoder;
};

static int open_blocks(struct dp_object *object, struct dp_range range, struct blocks *blocks,
                       struct dp_error *err)
{
    struct dp_input_options reading = {.threads = false};
    struct dp_decoder_config config = {
        .codec = DP_CODEC_BGZF,
        .start = {.uncompressed_offset = range.begin << 16, .compressed_bit = range.begin * 8},
        .end_offset = UINT64_MAX,
        .want_blocks = true,
    };
    int rc = dp_input_open_object(object, range, &reading, &blocks->input, err);

    if (rc)
        return rc;
    config.input = blocks->input;
    return dp_decoder_open(object->context, &config, &blocks->decoder, err);
}

static void close_blocks(struct blocks *blocks)
{
    dp_decoder_free(blocks->decoder);
    dp_input_free(blocks->input);
}

/* The next stretch: 1, 0 at the end, < 0. What is no BGZF says that the index is not of this
 * object. */
static int next(const struct dp_tabix *tabix, const struct dp_object *object,
                struct blocks *blocks, struct dp_piece *piece, struct dp_error *err)
{
    struct dp_error own;
    int rc = dp_decoder_next(blocks->decoder, piece, &own);

    if (rc < 0 && own.detail == DP_DETAIL_NOT_GZIP)
        return stale(tabix, object, "no block begins where it says", err);
    if (rc < 0 && err)
        *err = own;
    return rc;
}

/* ------------------------------------------------------------------------------------- header */

static int append(const struct dp_object *object, struct dp_array *bytes, const uint8_t *part,
                  uint64_t length, struct dp_error *err)
{
    if (length > TEXT_MAX - bytes->length)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: its header is longer than %" PRIu64 " bytes",
                            dp_object_uri(object), TEXT_MAX);
    if (length && !dp_array_append(bytes, part, (size_t)length, 1))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* Appends the uncompressed bytes before the virtual offset `end`. */
static int read_head(const struct dp_tabix *tabix, struct dp_object *object, uint64_t end,
                     struct dp_array *bytes, struct dp_error *err)
{
    struct dp_range range = {0, DP_VIRTUAL_BLOCK(end) + BLOCK_MAX};
    struct dp_block_walk walk = {.name = dp_object_uri(object), .end = end};
    struct blocks blocks = {0};
    struct dp_piece piece;
    uint64_t length;
    int rc;

    if (range.end > dp_object_size(object))
        range.end = dp_object_size(object);
    rc = open_blocks(object, range, &blocks, err);
    while (!rc && !walk.end_offset) {
        rc = next(tabix, object, &blocks, &piece, err);
        if (rc == 0)
            rc = stale(tabix, object, "it ends before its first record", err);
        if (rc < 0)
            break;
        rc = dp_block_walk_take(&walk, piece.blocks, piece.block_count, err);
        length = piece.length;
        if (walk.end_offset && walk.end_offset - piece.offset < length)
            length = walk.end_offset - piece.offset;
        if (!rc)
            rc = append(object, bytes, piece.bytes, length, err);
    }
    close_blocks(&blocks);
    return rc;
}

static int take_facts(const struct dp_scanner *scanner, struct dp_tabix_object *facts,
                      struct dp_error *err)
{
    json_t *found = json_object();
    int rc = found ? facts->format->describe(scanner, found, err) : dp_error_no_memory(err);

    facts->end_is_number = json_is_true(json_object_get(found, "end_is_number"));
    json_decref(found);
    return rc;
}

/* The bytes must be a whole header, and nothing else. */
static int check_header(const struct dp_tabix *tabix, const struct dp_object *object,
                        struct dp_tabix_object *facts, struct dp_error *err)
{
    struct dp_scanner_config config = {.name = dp_object_uri(object), .facts = true};
    static const struct dp_stop never = {DP_UNIT_RECORDS, UINT64_MAX};
    const uint8_t *bytes = facts->header.data;
    size_t used, length = facts->header.length;
    struct dp_scanner *scanner;
    struct dp_error own;
    int rc = facts->format->open(&config, &scanner, err);
    bool whole;

    if (rc)
        return rc;
    rc = facts->format->scan(scanner, bytes, length, &never, &used, &own);
    if (rc >= 0)
        rc = facts->format->finish(scanner, &own);
    whole = rc == 0 && dp_scanner_base(scanner)->edge.record == 0 &&
            (!facts->format->lines || bytes[length - 1] == '\n');
    if (whole)
        rc = take_facts(scanner, facts, &own);
    facts->format->close(scanner);
    if (rc < 0 && own.code != DP_DATA) {
        if (err)
            *err = own;
        return rc;
    }
    return whole ? DP_OK
                 : stale(tabix, object, "the first record does not begin where it says", err);
}

/* BCF: names by number, as the header gives them. */
static int read_names(const struct dp_object *object, struct dp_tabix_object *facts,
                      struct dp_error *err)
{
    struct dp_bcf_header header = {0};
    const char *name;
    size_t i;
    int rc = dp_bcf_header_feed(&header, dp_object_uri(object),
                                (const uint8_t *)facts->header.data + DP_BCF_START_BYTES,
                                facts->header.length - DP_BCF_START_BYTES, err);

    if (!rc)
        rc = dp_bcf_header_finish(&header, dp_object_uri(object), err);
    for (i = 0; !rc && i < dp_bcf_header_contig_count(&header); i++) {
        name = dp_bcf_header_contig(&header, i);
        if (!dp_array_append(&facts->names, name ? name : "", name ? strlen(name) + 1 : 1, 1))
            rc = dp_error_no_memory(err);
    }
    dp_bcf_header_free(&header);
    return rc;
}

static int take_header(const struct dp_tabix *tabix, struct dp_object *object,
                       struct dp_tabix_object *facts, struct dp_error *err)
{
    struct dp_array *header = &facts->header;
    int rc;

    facts->format =
        dp_format_detect(dp_object_uri(object), header->data, header->length, true, err);
    if (!facts->format)
        return DP_UNSUPPORTED;
    if (!facts->format->header || !facts->format->loci)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: neither VCF nor BCF", dp_object_uri(object));
    if (dp_tabix_has_names(tabix) == (facts->format == &dp_bcf))
        return stale(tabix, object, "one is of a VCF, the other of a BCF", err);
    rc = check_header(tabix, object, facts, err);
    return rc || facts->format != &dp_bcf ? rc : read_names(object, facts, err);
}

/* --------------------------------------------------------------------------------------- tail */

/* Nothing may follow `end` but empty blocks. */
static int check_tail(const struct dp_tabix *tabix, struct dp_object *object, uint64_t end,
                      struct dp_error *err)
{
    struct dp_range range = {DP_VIRTUAL_BLOCK(end), dp_object_size(object)};
    struct blocks blocks = {0};
    struct dp_piece piece;
    uint64_t length = 0;
    int rc;

    if (range.end - range.begin > TAIL_MAX)
        return stale(tabix, object, "there are records behind the last one it knows", err);
    if (range.begin == range.end)
        return DP_VIRTUAL_WITHIN(end) ? stale(tabix, object, "it is shorter", err) : DP_OK;
    rc = open_blocks(object, range, &blocks, err);
    while (!rc) {
        rc = next(tabix, object, &blocks, &piece, err);
        if (rc <= 0)
            break;
        length += piece.length;
        rc = DP_OK;
    }
    close_blocks(&blocks);
    if (!rc && length != DP_VIRTUAL_WITHIN(end))
        rc = stale(tabix, object, "the last record does not end where it says", err);
    return rc;
}

/* --------------------------------------------------------------------------------------- open */

/* An index without records is that of a header. */
static int read_whole(const struct dp_tabix *tabix, struct dp_object *object,
                      struct dp_array *bytes, struct dp_error *err)
{
    struct dp_range range = {0, dp_object_size(object)};
    struct blocks blocks = {0};
    struct dp_piece piece;
    int rc = open_blocks(object, range, &blocks, err);

    while (!rc) {
        rc = next(tabix, object, &blocks, &piece, err);
        if (rc <= 0)
            break;
        rc = append(object, bytes, piece.bytes, piece.length, err);
    }
    close_blocks(&blocks);
    return rc;
}

static int open_all(const struct dp_tabix *tabix, struct dp_object *object,
                    struct dp_tabix_object *facts, struct dp_error *err)
{
    struct dp_tabix_chunk range = dp_tabix_range(tabix);
    uint64_t before = range.end ? DP_VIRTUAL_BLOCK(range.begin) : dp_object_size(object);
    uint8_t head[18];
    int rc = dp_tabix_check_size(tabix, dp_object_size(object), err);

    if (rc)
        return rc;
    if (dp_object_size(object) < sizeof(head))
        return stale(tabix, object, "it is no BGZF", err);
    rc = dp_object_read_at(object, (struct dp_range){0, sizeof(head)}, head, err);
    if (rc)
        return rc;
    if (dp_codec_sniff(head, sizeof(head)) != DP_CODEC_BGZF)
        return stale(tabix, object, "it is no BGZF", err);
    if (before > HEADER_MAX)
        return stale(tabix, object, "no header is so long", err);
    rc = range.end ? read_head(tabix, object, range.begin, &facts->header, err)
                   : read_whole(tabix, object, &facts->header, err);
    if (!rc)
        rc = take_header(tabix, object, facts, err);
    return rc || !range.end ? rc : check_tail(tabix, object, range.end, err);
}

int dp_tabix_object_open(const struct dp_tabix *tabix, struct dp_object *object,
                         struct dp_tabix_object *facts, struct dp_error *err)
{
    struct dp_tabix_object made = {0};
    int rc = open_all(tabix, object, &made, err);

    if (rc)
        dp_tabix_object_close(&made);
    else
        *facts = made;
    return rc;
}

size_t dp_tabix_object_contig(const struct dp_tabix *tabix, const struct dp_tabix_object *facts,
                              const char *name)
{
    const char *names = facts->names.data;
    size_t i, at;

    if (dp_tabix_has_names(tabix))
        return dp_tabix_contig_find(tabix, name);
    for (i = at = 0; at < facts->names.length && i < dp_tabix_contig_count(tabix); i++) {
        if (strcmp(names + at, name) == 0 && *name)
            return i;
        at += strlen(names + at) + 1;
    }
    return SIZE_MAX;
}

void dp_tabix_object_close(struct dp_tabix_object *facts)
{
    dp_array_free(&facts->header);
    dp_array_free(&facts->names);
}
