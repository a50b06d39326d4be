/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Parsing never allocates by a count that the file claims: tables grow by what was really read, and
 * the file, unpacked, has a limit. */

#include "config.h"

#include "index/tabix.h"

#include "base/le.h"
#include "connectors/object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond any index of real data (a large one of a million contigs has some 100 MB); unpacked. */
#define UNPACKED_MAX (UINT64_C(1) << 30)
#define NAMES_MAX    (UINT64_C(1) << 28)

/* What tabix.c of every version writes for VCF: the low half of `format`, and where columns are. */
#define FORMAT_MASK 0xffffu
#define FORMAT_VCF  2u

#define TBI_MIN_SHIFT 14u
#define TBI_DEPTH     5u

struct bin {
    uint32_t number;
    uint32_t chunk_count;
    uint64_t first_chunk;
    uint64_t offset; /* csi: of the first record that overlaps the bin's first window */
};

struct contig {
    struct dp_tabix_contig facts; /* `name` is set last, when names no longer move */
    size_t first_bin, bin_count;
    size_t first_window, window_count; /* tbi: the linear index */
};

struct dp_tabix {
    char *uri;
    bool csi;
    unsigned min_shift, depth;
    struct dp_array names; /* char: each ends in a NUL */
    size_t name_count;
    struct dp_array contigs; /* struct contig */
    struct dp_array bins;    /* struct bin */
    struct dp_array chunks;  /* struct dp_tabix_chunk */
    struct dp_array windows; /* uint64_t */
    struct dp_array edges;   /* uint64_t */
    struct dp_tabix_chunk range;
};

static const struct contig *contig_at(const struct dp_tabix *tabix, size_t i)
{
    return (const struct contig *)tabix->contigs.data + i;
}

/* ------------------------------------------------------------------------------------ bytes */

/* The file, unpacked, front to back. */
struct text {
    struct dp_stream *stream;
    const uint8_t *at;
    size_t left;
    uint64_t taken;
    const char *name;
};

static int damaged(const struct text *text, const char *what, struct dp_error *err)
{
    return dp_error_set(err, DP_BAD_INDEX, "%s: offset %" PRIu64 ": %s", text->name, text->taken,
                        what);
}

/* 1: there are bytes, 0: the end, < 0: an error. */
static int more(struct text *text, struct dp_error *err)
{
    const void *bytes;
    int64_t length;

    if (text->left)
        return 1;
    length = dp_stream_next(text->stream, &bytes, err);
    if (length > 0) {
        text->at = bytes;
        text->left = (size_t)length;
        return 1;
    }
    if (length < 0 && err && err->code == DP_DATA)
        err->code = DP_BAD_INDEX;
    return length < 0 && err ? err->code : (int)length;
}

static int take(struct text *text, void *to, size_t length, struct dp_error *err)
{
    uint8_t *out = to;
    size_t part;
    int rc;

    if (length > UNPACKED_MAX - text->taken)
        return damaged(text, "too large for an index of variants", err);
    while (length) {
        rc = more(text, err);
        if (rc < 0)
            return rc;
        if (rc == 0)
            return damaged(text, "the index ends here, inside a table", err);
        part = length < text->left ? length : text->left;
        memcpy(out, text->at, part);
        out += part;
        text->at += part;
        text->left -= part;
        text->taken += part;
        length -= part;
    }
    return DP_OK;
}

static int take_u32(struct text *text, uint32_t *value, struct dp_error *err)
{
    uint8_t bytes[4];
    int rc = take(text, bytes, sizeof(bytes), err);

    if (!rc)
        *value = dp_le32_load(bytes);
    return rc;
}

/* A count is a signed number in the file. */
static int take_count(struct text *text, uint32_t *value, struct dp_error *err)
{
    uint32_t taken = 0;
    int rc = take_u32(text, &taken, err);

    if (!rc && taken > INT32_MAX)
        return damaged(text, "a negative count", err);
    if (!rc)
        *value = taken;
    return rc;
}

static int take_u64(struct text *text, uint64_t *value, struct dp_error *err)
{
    uint8_t bytes[8];
    int rc = take(text, bytes, sizeof(bytes), err);

    if (!rc)
        *value = dp_le64_load(bytes);
    return rc;
}

static int append(struct dp_array *array, const void *element, size_t bytes, struct dp_error *err)
{
    return dp_array_append(array, element, 1, bytes) ? DP_OK : dp_error_no_memory(err);
}

/* ------------------------------------------------------------------------------------- head */

/* `length` bytes of names. */
static int read_names(struct text *text, struct dp_tabix *tabix, uint32_t length,
                      struct dp_error *err)
{
    char part[4096];
    size_t size, i;
    int rc;

    if (length > NAMES_MAX)
        return damaged(text, "too many names", err);
    for (; length; length -= (uint32_t)size) {
        size = length < sizeof(part) ? length : sizeof(part);
        rc = take(text, part, size, err);
        if (rc)
            return rc;
        if (!dp_array_append(&tabix->names, part, size, 1))
            return dp_error_no_memory(err);
        for (i = 0; i < size; i++)
            tabix->name_count += part[i] == '\0';
    }
    if (tabix->names.length && ((const char *)tabix->names.data)[tabix->names.length - 1] != '\0')
        return damaged(text, "the last name does not end", err);
    return DP_OK;
}

/* The seven numbers that say of what file this is an index, and the names of its contigs. */
static int read_columns(struct text *text, struct dp_tabix *tabix, struct dp_error *err)
{
    uint32_t columns[7];
    size_t i;
    int rc = DP_OK;

    for (i = 0; !rc && i < sizeof(columns) / sizeof(columns[0]); i++)
        rc = take_u32(text, &columns[i], err);
    if (rc)
        return rc;
    if ((columns[0] & FORMAT_MASK) != FORMAT_VCF)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: not the index of a VCF", text->name);
    return read_names(text, tabix, columns[6], err);
}

/* What a .csi says before its tables. The auxiliary bytes are those of a .tbi, or (BCF) none. */
static int read_csi_head(struct text *text, struct dp_tabix *tabix, struct dp_error *err)
{
    uint32_t min_shift = 0, depth = 0, extra = 0;
    uint64_t end;
    uint8_t byte;
    int rc = take_count(text, &min_shift, err);

    if (!rc)
        rc = take_count(text, &depth, err);
    if (!rc)
        rc = take_count(text, &extra, err);
    if (rc)
        return rc;
    if (min_shift > 40 || depth > 9 || min_shift + 3 * depth > 62)
        return damaged(text, "bins of impossible sizes", err);
    tabix->min_shift = min_shift;
    tabix->depth = depth;
    if (extra == 0)
        return DP_OK;
    if (extra < 28)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: not the index of a VCF or BCF", text->name);
    end = text->taken + extra;
    rc = read_columns(text, tabix, err);
    while (!rc && text->taken < end)
        rc = take(text, &byte, 1, err);
    if (!rc && text->taken != end)
        return damaged(text, "the names are longer than their place", err);
    return rc;
}

static int read_head(struct text *text, struct dp_tabix *tabix, uint32_t *contig_count,
                     struct dp_error *err)
{
    char magic[4];
    int rc = take(text, magic, sizeof(magic), err);

    if (rc)
        return rc;
    tabix->csi = memcmp(magic, "CSI\1", 4) == 0;
    if (!tabix->csi && memcmp(magic, "TBI\1", 4) != 0)
        return dp_error_set(err, DP_BAD_INDEX, "%s: neither a .tbi nor a .csi", text->name);
    if (tabix->csi) {
        rc = read_csi_head(text, tabix, err);
        return rc ? rc : take_count(text, contig_count, err);
    }
    tabix->min_shift = TBI_MIN_SHIFT;
    tabix->depth = TBI_DEPTH;
    rc = take_count(text, contig_count, err);
    return rc ? rc : read_columns(text, tabix, err);
}

/* ----------------------------------------------------------------------------------- tables */

/* Number of the first bin of a level; level depth + 1 begins behind the last bin. */
static uint64_t first_bin(unsigned level)
{
    return ((UINT64_C(1) << 3 * level) - 1) / 7;
}

/* The bin that is none: htslib keeps the contig's range and its counts in it. */
static uint64_t counting_bin(const struct dp_tabix *tabix)
{
    return first_bin(tabix->depth + 1) + 1;
}

static int read_chunk(struct text *text, struct dp_tabix_chunk *chunk, struct dp_error *err)
{
    int rc = take_u64(text, &chunk->begin, err);

    return rc ? rc : take_u64(text, &chunk->end, err);
}

/* Two chunks that are none: the range, and how many records are placed and (in other formats)
 * unplaced. */
static int read_counts(struct text *text, uint32_t chunk_count, struct contig *contig,
                       struct dp_error *err)
{
    struct dp_tabix_chunk range = {0, 0}, counts = {0, 0};
    int rc;

    if (chunk_count != 2)
        return damaged(text, "the counts of a contig have an impossible size", err);
    rc = read_chunk(text, &range, err);
    if (!rc)
        rc = read_chunk(text, &counts, err);
    if (rc)
        return rc;
    if (range.begin > range.end || counts.end != 0 || counts.begin == UINT64_MAX)
        return damaged(text, "the counts of a contig make no sense", err);
    contig->facts.record_count = counts.begin;
    if (range.end > range.begin && contig->facts.range.end == 0)
        contig->facts.range = range;
    return DP_OK;
}

/* The contig's range reaches over all its chunks. */
static void widen(struct dp_tabix_chunk *range, const struct dp_tabix_chunk *chunk)
{
    if (range->end == 0) {
        *range = *chunk;
        return;
    }
    if (chunk->begin < range->begin)
        range->begin = chunk->begin;
    if (chunk->end > range->end)
        range->end = chunk->end;
}

static int read_bin(struct text *text, struct dp_tabix *tabix, struct contig *contig,
                    struct dp_error *err)
{
    struct bin bin = {.first_chunk = tabix->chunks.length};
    struct dp_tabix_chunk chunk;
    uint32_t i;
    int rc = take_u32(text, &bin.number, err);

    if (!rc && tabix->csi)
        rc = take_u64(text, &bin.offset, err);
    if (!rc)
        rc = take_count(text, &bin.chunk_count, err);
    if (rc)
        return rc;
    if (bin.number == counting_bin(tabix))
        return read_counts(text, bin.chunk_count, contig, err);
    if (bin.number >= first_bin(tabix->depth + 1))
        return damaged(text, "a bin with an impossible number", err);
    for (i = 0; i < bin.chunk_count; i++) {
        rc = read_chunk(text, &chunk, err);
        if (!rc && chunk.begin > chunk.end)
            rc = damaged(text, "a chunk that ends before it begins", err);
        if (!rc)
            rc = append(&tabix->chunks, &chunk, sizeof(chunk), err);
        if (rc)
            return rc;
        widen(&contig->facts.range, &chunk);
    }
    contig->bin_count++;
    return append(&tabix->bins, &bin, sizeof(bin), err);
}

/* tbi: one offset per 16 KiB of the contig. */
static int read_windows(struct text *text, struct dp_tabix *tabix, struct contig *contig,
                        struct dp_error *err)
{
    uint32_t count = 0, i;
    uint64_t offset;
    int rc = take_count(text, &count, err);

    for (i = 0; !rc && i < count; i++) {
        rc = take_u64(text, &offset, err);
        if (!rc)
            rc = append(&tabix->windows, &offset, sizeof(offset), err);
    }
    contig->window_count = count;
    return rc;
}

static int read_contig(struct text *text, struct dp_tabix *tabix, struct dp_error *err)
{
    struct contig contig = {.facts = {.record_count = UINT64_MAX},
                            .first_bin = tabix->bins.length,
                            .first_window = tabix->windows.length};
    uint32_t count = 0, i;
    int rc = take_count(text, &count, err);

    for (i = 0; !rc && i < count; i++)
        rc = read_bin(text, tabix, &contig, err);
    if (!rc && !tabix->csi)
        rc = read_windows(text, tabix, &contig, err);
    if (rc)
        return rc;
    if (contig.facts.range.end == 0)
        contig.facts.record_count = 0;
    return append(&tabix->contigs, &contig, sizeof(contig), err);
}

/* Behind the tables there may be one more number, which variants have no use for. */
static int read_rest(struct text *text, struct dp_error *err)
{
    uint64_t unplaced;
    int rc = more(text, err);

    if (rc > 0)
        rc = take_u64(text, &unplaced, err);
    if (!rc)
        rc = more(text, err);
    return rc > 0 ? damaged(text, "more bytes than the index has", err) : rc;
}

static int read_all(struct text *text, struct dp_tabix *tabix, struct dp_error *err)
{
    uint32_t contig_count = 0, i;
    int rc = read_head(text, tabix, &contig_count, err);

    for (i = 0; !rc && i < contig_count; i++)
        rc = read_contig(text, tabix, err);
    if (!rc && dp_tabix_has_names(tabix) && tabix->name_count < contig_count)
        return damaged(text, "fewer names than contigs", err);
    return rc ? rc : read_rest(text, err);
}

/* ------------------------------------------------------------------------- what follows from it */

static void name_contigs(struct dp_tabix *tabix)
{
    const char *name = tabix->names.data;
    struct contig *contigs = tabix->contigs.data;
    size_t i;

    if (!dp_tabix_has_names(tabix))
        return;
    for (i = 0; i < tabix->contigs.length; i++) {
        contigs[i].facts.name = name;
        name += strlen(name) + 1;
    }
}

static int compare_offsets(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Where the chunks of all contigs begin and end, and what the linear index has. An offset of 0 says
 * that there is none: before the first record there is a header. */
static int gather_edges(struct dp_tabix *tabix, struct dp_error *err)
{
    const uint64_t *windows = tabix->windows.data;
    const struct bin *bins = tabix->bins.data;
    uint64_t *edges;
    size_t i, kept = 0;

    if (!dp_array_append(&tabix->edges, tabix->chunks.data, 2 * tabix->chunks.length,
                         sizeof(uint64_t)))
        return dp_error_no_memory(err);
    if (tabix->windows.length &&
        !dp_array_append(&tabix->edges, windows, tabix->windows.length, sizeof(uint64_t)))
        return dp_error_no_memory(err);
    for (i = 0; tabix->csi && i < tabix->bins.length; i++)
        if (!dp_array_append(&tabix->edges, &bins[i].offset, 1, sizeof(uint64_t)))
            return dp_error_no_memory(err);
    edges = tabix->edges.data;
    if (edges)
        qsort(edges, tabix->edges.length, sizeof(*edges), compare_offsets);
    for (i = 0; i < tabix->edges.length; i++)
        if (edges[i] >= tabix->range.begin && edges[i] <= tabix->range.end &&
            (kept == 0 || edges[i] != edges[kept - 1]))
            edges[kept++] = edges[i];
    tabix->edges.length = kept;
    return DP_OK;
}

static int conclude(struct dp_tabix *tabix, struct dp_error *err)
{
    size_t i;

    name_contigs(tabix);
    for (i = 0; i < tabix->contigs.length; i++)
        if (contig_at(tabix, i)->facts.range.end)
            widen(&tabix->range, &contig_at(tabix, i)->facts.range);
    return gather_edges(tabix, err);
}

/* --------------------------------------------------------------------------------- open, find */

int dp_tabix_open(struct dp_context *context, struct dp_object *file, struct dp_tabix **tabix,
                  struct dp_error *err)
{
    struct dp_stream_options options = {.struct_bytes = sizeof(options), .pass_through = 1};
    struct dp_tabix *made = calloc(1, sizeof(*made));
    struct text text = {.name = dp_object_uri(file)};
    struct dp_error own;
    int rc;

    dp_error_clear(&own);
    if (!made || !(made->uri = strdup(dp_object_uri(file)))) {
        rc = dp_error_no_memory(&own);
        goto out;
    }
    rc = dp_stream_open(context, file, NULL, &options, &text.stream, &own);
    if (!rc)
        rc = read_all(&text, made, &own);
    if (!rc)
        rc = conclude(made, &own);
    if (!rc) {
        *tabix = made;
        made = NULL;
    }

out:
    dp_stream_free(text.stream);
    dp_tabix_free(made);
    if (rc && err)
        *err = own;
    return rc;
}

static int open_at(struct dp_context *context, const char *uri, struct dp_tabix **tabix,
                   struct dp_error *err)
{
    struct dp_object *file;
    int rc = dp_object_open(context, uri, NULL, &file, err);

    if (rc)
        return rc;
    rc = dp_tabix_open(context, file, tabix, err);
    dp_object_free(file);
    return rc;
}

/* "URI.tbi"; a query stays behind the ending. The caller frees it. */
static char *beside(const char *uri, const char *ending)
{
    size_t path = strstr(uri, "://") ? strcspn(uri, "?") : strlen(uri);
    size_t bytes = strlen(uri) + strlen(ending) + 1;
    char *made = malloc(bytes);

    if (made)
        snprintf(made, bytes, "%.*s%s%s", (int)path, uri, ending, uri + path);
    return made;
}

int dp_tabix_find(struct dp_context *context, struct dp_object *object, const char *uri,
                  struct dp_tabix **tabix, struct dp_error *err)
{
    static const char *const endings[] = {".tbi", ".csi"};
    struct dp_error own;
    char *place;
    size_t i;
    int rc;

    if (uri)
        return open_at(context, uri, tabix, err);
    for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        place = beside(dp_object_uri(object), endings[i]);
        if (!place)
            return dp_error_no_memory(err);
        rc = open_at(context, place, tabix, &own);
        free(place);
        if (rc != DP_NOT_FOUND && rc != DP_DENIED) {
            if (rc && err)
                *err = own;
            return rc;
        }
    }
    return dp_error_set(err, DP_NOT_FOUND, "%s: there is neither a .tbi nor a .csi beside it",
                        dp_object_uri(object));
}

void dp_tabix_free(struct dp_tabix *tabix)
{
    if (!tabix)
        return;
    dp_array_free(&tabix->names);
    dp_array_free(&tabix->contigs);
    dp_array_free(&tabix->bins);
    dp_array_free(&tabix->chunks);
    dp_array_free(&tabix->windows);
    dp_array_free(&tabix->edges);
    free(tabix->uri);
    free(tabix);
}

/* ----------------------------------------------------------------------------------- questions */

const char *dp_tabix_uri(const struct dp_tabix *tabix)
{
    return tabix->uri;
}

const char *dp_tabix_kind(const struct dp_tabix *tabix)
{
    return tabix->csi ? "csi" : "tbi";
}

bool dp_tabix_has_names(const struct dp_tabix *tabix)
{
    return tabix->names.length > 0;
}

size_t dp_tabix_contig_count(const struct dp_tabix *tabix)
{
    return tabix->contigs.length;
}

void dp_tabix_contig(const struct dp_tabix *tabix, size_t i, struct dp_tabix_contig *contig)
{
    *contig = contig_at(tabix, i)->facts;
}

size_t dp_tabix_contig_find(const struct dp_tabix *tabix, const char *name)
{
    size_t i;

    if (!dp_tabix_has_names(tabix))
        return SIZE_MAX;
    for (i = 0; i < tabix->contigs.length; i++)
        if (strcmp(contig_at(tabix, i)->facts.name, name) == 0)
            return i;
    return SIZE_MAX;
}

struct dp_tabix_chunk dp_tabix_range(const struct dp_tabix *tabix)
{
    return tabix->range;
}

const uint64_t *dp_tabix_edges(const struct dp_tabix *tabix, size_t *count)
{
    *count = tabix->edges.length;
    return tabix->edges.data;
}

/* ------------------------------------------------------------------------------------- regions */

/* The positions that a bin stands for. */
static struct dp_range bin_positions(const struct dp_tabix *tabix, uint32_t number)
{
    unsigned level = 0, shift;
    uint64_t place;

    while (number >= first_bin(level + 1))
        level++;
    shift = tabix->min_shift + 3 * (tabix->depth - level);
    place = number - first_bin(level);
    return (struct dp_range){place << shift, (place + 1) << shift};
}

/* No record that reaches `position` begins before this virtual offset. */
static uint64_t lowest_offset(const struct dp_tabix *tabix, const struct contig *contig,
                              uint64_t position)
{
    const uint64_t *windows = tabix->windows.data;
    const struct bin *bins = tabix->bins.data;
    uint64_t window = position >> tabix->min_shift, lowest = 0;
    struct dp_range at;
    size_t i;

    if (!tabix->csi) {
        if (contig->window_count == 0)
            return 0;
        if (window >= contig->window_count)
            window = contig->window_count - 1;
        return windows[contig->first_window + window];
    }
    for (i = contig->first_bin; i < contig->first_bin + contig->bin_count; i++) {
        at = bin_positions(tabix, bins[i].number);
        if (at.begin <= position && position < at.end && bins[i].offset > lowest)
            lowest = bins[i].offset;
    }
    return lowest;
}

static int compare_chunks(const void *a, const void *b)
{
    const struct dp_tabix_chunk *x = a, *y = b;

    return (x->begin > y->begin) - (x->begin < y->begin);
}

void dp_tabix_join(struct dp_array *chunks, size_t first)
{
    struct dp_tabix_chunk *list = chunks->data;
    size_t i, last = first;

    if (chunks->length - first < 2)
        return;
    qsort(list + first, chunks->length - first, sizeof(*list), compare_chunks);
    for (i = first + 1; i < chunks->length; i++)
        if (DP_VIRTUAL_BLOCK(list[i].begin) <= DP_VIRTUAL_BLOCK(list[last].end)) {
            if (list[i].end > list[last].end)
                list[last].end = list[i].end;
        } else {
            list[++last] = list[i];
        }
    chunks->length = last + 1;
}

int dp_tabix_region(const struct dp_tabix *tabix, size_t i, uint64_t begin, uint64_t end,
                    struct dp_array *chunks, struct dp_error *err)
{
    const struct contig *contig = contig_at(tabix, i);
    const struct dp_tabix_chunk *all = tabix->chunks.data;
    const struct bin *bins = tabix->bins.data;
    uint64_t lowest = lowest_offset(tabix, contig, begin), k;
    size_t first = chunks->length, n;
    struct dp_tabix_chunk chunk;
    struct dp_range at;

    for (n = contig->first_bin; n < contig->first_bin + contig->bin_count; n++) {
        at = bin_positions(tabix, bins[n].number);
        if (at.begin >= end || at.end <= begin)
            continue;
        for (k = bins[n].first_chunk; k < bins[n].first_chunk + bins[n].chunk_count; k++) {
            chunk = all[k];
            if (chunk.end <= lowest)
                continue;
            if (chunk.begin < lowest)
                chunk.begin = lowest;
            if (!dp_array_append(chunks, &chunk, 1, sizeof(chunk)))
                return dp_error_no_memory(err);
        }
    }
    dp_tabix_join(chunks, first);
    return DP_OK;
}

int dp_tabix_check_size(const struct dp_tabix *tabix, uint64_t object_bytes, struct dp_error *err)
{
    if (DP_VIRTUAL_BLOCK(tabix->range.end) > object_bytes)
        return dp_error_set(err, DP_STALE_INDEX,
                            "%s: it has records at offset %" PRIu64
                            ", behind the end of the object (%" PRIu64
                            " bytes): it belongs to another version",
                            tabix->uri, DP_VIRTUAL_BLOCK(tabix->range.end), object_bytes);
    return DP_OK;
}
