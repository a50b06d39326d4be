/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/genotypes.h"

#include "base/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_BYTES_MIN = 64 << 10, /* a part of some hundred variants takes few of these */
    BLOCK_BYTES_MAX = 4 << 20,
    BLOCK_ROWS = 16, /* what remains at the end of a block is small beside it */
    ROW_ALIGNMENT = 8
};

/* Rows and texts lie one after the other in blocks that never move. */
struct block {
    struct block *next; /* the one before it */
    size_t used, capacity;
    uint64_t bytes[]; /* aligned as rows are */
};

/* The texts stand behind the row, each ended by a NUL: chrom, id, ref, alt. */
struct entry {
    const uint8_t *row;
    uint64_t position;
    uint32_t id, ref, alt; /* where they begin, from the chrom's beginning */
    bool passed;
};

struct dp_mdr_genotypes {
    size_t sample_count, row_bytes;
    const char **samples; /* into `names`; NULL for a part */
    char *names;
    struct dp_array entries; /* struct entry */
    struct block *blocks;    /* the newest first: only it is filled further */
    uint64_t block_bytes;    /* in all of them */
};

/* ------------------------------------------------------------------------------- questions */

size_t dp_mdr_genotypes_sample_count(const struct dp_mdr_genotypes *genotypes)
{
    return genotypes->sample_count;
}

const char *dp_mdr_genotypes_sample(const struct dp_mdr_genotypes *genotypes, size_t column)
{
    return genotypes->samples[column];
}

size_t dp_mdr_genotypes_variant_count(const struct dp_mdr_genotypes *genotypes)
{
    return genotypes->entries.length;
}

static const struct entry *entry_of(const struct dp_mdr_genotypes *genotypes, size_t number)
{
    return (const struct entry *)genotypes->entries.data + number;
}

void dp_mdr_genotypes_variant(const struct dp_mdr_genotypes *genotypes, size_t number,
                              struct dp_mdr_variant *variant)
{
    const struct entry *entry = entry_of(genotypes, number);
    const char *texts = (const char *)entry->row + genotypes->row_bytes;

    *variant = (struct dp_mdr_variant){.id = texts + entry->id,
                                       .chrom = texts,
                                       .ref = texts + entry->ref,
                                       .alt = texts + entry->alt,
                                       .position = entry->position,
                                       .passed = entry->passed};
}

size_t dp_mdr_genotypes_row_bytes(size_t sample_count)
{
    return sample_count / 4 + (sample_count % 4 != 0);
}

const uint8_t *dp_mdr_genotypes_row(const struct dp_mdr_genotypes *genotypes, size_t number)
{
    return entry_of(genotypes, number)->row;
}

/* ---------------------------------------------------------------------------------- making */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Phenotypes are matched by ID: two samples of one name cannot be told apart. */
static int check_names(const char *const *samples, size_t count, const char *name,
                       struct dp_error *err)
{
    const char **sorted = calloc(count, sizeof(*sorted));
    int rc = DP_OK;
    size_t i;

    if (!sorted)
        return dp_error_no_memory(err);
    memcpy(sorted, samples, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_names);
    if (sorted[0][0] == 0)
        rc = dp_error_set(err, DP_DATA, "%s: a sample has no ID", name);
    for (i = 1; i < count && !rc; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            rc = dp_error_set(err, DP_DATA, "%s: two samples have the ID '%s'", name, sorted[i]);
    free(sorted);
    return rc;
}

static bool copy_names(struct dp_mdr_genotypes *genotypes, const char *const *samples)
{
    size_t i, length, total = 0;
    char *to;

    for (i = 0; i < genotypes->sample_count; i++)
        total += strlen(samples[i]) + 1; /* all of them are in memory: cannot overflow */
    genotypes->names = to = malloc(total);
    genotypes->samples = calloc(genotypes->sample_count, sizeof(*genotypes->samples));
    if (!genotypes->names || !genotypes->samples)
        return false;
    for (i = 0; i < genotypes->sample_count; i++) {
        length = strlen(samples[i]) + 1;
        genotypes->samples[i] = memcpy(to, samples[i], length);
        to += length;
    }
    return true;
}

static struct dp_mdr_genotypes *empty_of(size_t sample_count)
{
    struct dp_mdr_genotypes *made = calloc(1, sizeof(*made));

    if (made) {
        made->sample_count = sample_count;
        made->row_bytes = dp_mdr_genotypes_row_bytes(sample_count);
    }
    return made;
}

int dp_mdr_genotypes_new(const char *const *samples, size_t sample_count, const char *name,
                         struct dp_mdr_genotypes **genotypes, struct dp_error *err)
{
    struct dp_mdr_genotypes *made;
    int rc;

    if (sample_count == 0)
        return dp_error_set(err, DP_DATA, "%s: there are no samples", name);
    if (sample_count > UINT32_MAX)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: too many samples", name);
    rc = check_names(samples, sample_count, name, err);
    if (rc)
        return rc;
    made = empty_of(sample_count);
    if (!made || !copy_names(made, samples)) {
        dp_mdr_genotypes_free(made);
        return dp_error_no_memory(err);
    }
    *genotypes = made;
    return DP_OK;
}

int dp_mdr_genotypes_new_part(const struct dp_mdr_genotypes *whole, struct dp_mdr_genotypes **part,
                              struct dp_error *err)
{
    struct dp_mdr_genotypes *made = empty_of(whole->sample_count);

    if (!made)
        return dp_error_no_memory(err);
    *part = made;
    return DP_OK;
}

static struct block *new_block(size_t capacity, struct block *next)
{
    struct block *block = malloc(sizeof(*block) + capacity);

    if (block)
        *block = (struct block){.next = next, .capacity = capacity};
    return block;
}

/* Blocks grow with what is there, so that neither many are needed nor much of the last is unused.
 */
static size_t next_capacity(const struct dp_mdr_genotypes *genotypes)
{
    size_t rows = genotypes->row_bytes * BLOCK_ROWS; /* at most UINT32_MAX * 4 */
    uint64_t share = genotypes->block_bytes / 16;

    if (share > BLOCK_BYTES_MAX)
        share = BLOCK_BYTES_MAX;
    if (share < BLOCK_BYTES_MIN)
        share = BLOCK_BYTES_MIN;
    share -= share % ROW_ALIGNMENT;
    return share < rows ? rows : (size_t)share;
}

/* `bytes` of the newest block, or of a new one; NULL when out of memory. */
static uint8_t *take(struct dp_mdr_genotypes *genotypes, size_t bytes)
{
    struct block *block = genotypes->blocks;
    size_t capacity;

    bytes = (bytes + ROW_ALIGNMENT - 1) / ROW_ALIGNMENT * ROW_ALIGNMENT;
    if (!block || block->capacity - block->used < bytes) {
        capacity = next_capacity(genotypes);
        if (capacity < bytes)
            capacity = bytes;
        block = new_block(capacity, block);
        if (!block)
            return NULL;
        genotypes->blocks = block;
        genotypes->block_bytes += capacity;
    }
    block->used += bytes;
    return (uint8_t *)block->bytes + block->used - bytes;
}

static char *put_text(char *to, const char *text)
{
    size_t length = strlen(text) + 1;

    return (char *)memcpy(to, text, length) + length;
}

static bool is_named(const struct dp_mdr_variant *variant)
{
    return variant->id && *variant->id && strcmp(variant->id, ".") != 0;
}

/* Bytes that the texts of a variant take at most. */
static uint64_t texts_bytes(const struct dp_mdr_variant *variant)
{
    uint64_t place = strlen(variant->chrom) + strlen(variant->ref) + strlen(variant->alt);

    return place +
           (is_named(variant) ? strlen(variant->id) : place + sizeof(":18446744073709551615::")) +
           4;
}

static void put_texts(char *text, const struct dp_mdr_variant *variant, struct entry *entry)
{
    char *to = put_text(text, variant->chrom);

    entry->id = (uint32_t)(to - text);
    if (is_named(variant))
        to = put_text(to, variant->id);
    else
        to += sprintf(to, "%s:%" PRIu64 ":%s:%s", variant->chrom, variant->position, variant->ref,
                      variant->alt) +
              1;
    entry->ref = (uint32_t)(to - text);
    to = put_text(to, variant->ref);
    entry->alt = (uint32_t)(to - text);
    put_text(to, variant->alt);
}

/* Appends `variant`; the caller fills its row. */
static int append(struct dp_mdr_genotypes *genotypes, const struct dp_mdr_variant *variant,
                  uint8_t **row, struct dp_error *err)
{
    uint64_t texts = texts_bytes(variant);
    struct entry entry = {.position = variant->position, .passed = variant->passed};
    uint8_t *taken;

    if (genotypes->entries.length >= UINT32_MAX || texts > UINT32_MAX)
        return dp_error_set(err, DP_UNSUPPORTED, "%s:%" PRIu64 ": %s", variant->chrom,
                            variant->position,
                            texts > UINT32_MAX ? "alleles are too long" : "too many variants");
    if (!dp_array_reserve(&genotypes->entries, 1, sizeof(entry)))
        return dp_error_no_memory(err);
    taken = take(genotypes, genotypes->row_bytes + (size_t)texts);
    if (!taken)
        return dp_error_no_memory(err);
    put_texts((char *)taken + genotypes->row_bytes, variant, &entry);
    entry.row = *row = taken;
    dp_array_append(&genotypes->entries, &entry, 1, sizeof(entry)); /* room was reserved */
    return DP_OK;
}

int dp_mdr_genotypes_add(struct dp_mdr_genotypes *genotypes, const struct dp_mdr_variant *variant,
                         const uint8_t *calls, struct dp_error *err)
{
    size_t i, count = genotypes->sample_count, whole = count / 4;
    uint8_t *row = NULL;
    int rc = append(genotypes, variant, &row, err);

    if (rc)
        return rc;
    for (i = 0; i < whole; i++, calls += 4)
        row[i] = (uint8_t)(calls[0] | calls[1] << 2 | calls[2] << 4 | calls[3] << 6);
    if (count % 4)
        row[whole] = 0;
    for (i = 0; i < count % 4; i++)
        row[whole] |= (uint8_t)(calls[i] << 2 * i);
    return DP_OK;
}

int dp_mdr_genotypes_add_row(struct dp_mdr_genotypes *genotypes,
                             const struct dp_mdr_variant *variant, const uint8_t *from,
                             struct dp_error *err)
{
    size_t count = genotypes->sample_count;
    uint8_t *row = NULL;
    int rc = append(genotypes, variant, &row, err);

    if (rc)
        return rc;
    memcpy(row, from, genotypes->row_bytes);
    if (count % 4)
        row[genotypes->row_bytes - 1] &= (uint8_t)((1u << 2 * (count % 4)) - 1);
    return DP_OK;
}

/* Frees all variants. */
static void clear(struct dp_mdr_genotypes *genotypes)
{
    struct block *next;

    for (; genotypes->blocks; genotypes->blocks = next) {
        next = genotypes->blocks->next;
        free(genotypes->blocks);
    }
    genotypes->block_bytes = 0;
    dp_array_free(&genotypes->entries);
}

int dp_mdr_genotypes_join(struct dp_mdr_genotypes *genotypes, struct dp_mdr_genotypes *part,
                          struct dp_error *err)
{
    size_t i, before = genotypes->entries.length;
    struct dp_mdr_variant variant;
    int rc = DP_OK;

    if (part->sample_count != genotypes->sample_count)
        return dp_error_set(err, DP_INVALID, "the parts have different numbers of samples");
    for (i = 0; i < part->entries.length && !rc; i++) {
        dp_mdr_genotypes_variant(part, i, &variant);
        rc = dp_mdr_genotypes_add_row(genotypes, &variant, dp_mdr_genotypes_row(part, i), err);
    }
    if (rc)
        genotypes->entries.length = before;
    else
        clear(part);
    return rc;
}

void dp_mdr_genotypes_free(struct dp_mdr_genotypes *genotypes)
{
    if (!genotypes)
        return;
    clear(genotypes);
    free(genotypes->samples);
    free(genotypes->names);
    free(genotypes);
}
