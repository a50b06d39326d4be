/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* PLINK 1: the .fam names the samples, the .bim the variants, the .bed has two bits a call in the
 * order of our rows. */

#include "config.h"

#include "mdr/ingest.h"

#include "base/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FAM_COLUMNS = 6,
    BIM_COLUMNS = 6,
    MAGIC_BYTES = 3,
    READ_BYTES = 16 << 20,   /* of the .bed at once: some parts of a remote object */
    TEXT_BYTES_MAX = 1 << 30 /* of a .fam */
};

/* 2^32 variants are too many in any case. */
#define BIM_BYTES_MAX (UINT64_C(1) << 38)

struct bed {
    struct dp_context *context;
    const char *prefix;
    const struct dp_mdr_ingest_options *options;
    char *fam, *bim;           /* their texts, ended by a NUL */
    char *fam_name, *bim_name; /* for messages */
    struct dp_array samples;   /* const char *, into a copy of the .fam */
    char *fam_copy;
    struct dp_mdr_genotypes *genotypes;
    uint64_t variant_count, begin, end; /* of all; of this share */
    char *line;                         /* of the .bim: the next */
    uint64_t line_number;               /* from 0 */
};

/* ------------------------------------------------------------------------------------- text */

static int open_suffix(const struct bed *bed, const char *suffix, struct dp_object **object,
                       struct dp_error *err)
{
    char *uri;
    int rc;

    if (asprintf(&uri, "%s%s", bed->prefix, suffix) < 0)
        return dp_error_no_memory(err);
    rc = dp_object_open(bed->context, uri, NULL, object, err);
    free(uri);
    return rc;
}

/* Gives the text, and the file's name for messages. */
static int read_text(const struct bed *bed, const char *suffix, uint64_t most, char **text,
                     char **name, struct dp_error *err)
{
    struct dp_object *object = NULL;
    uint64_t size;
    char *made = NULL;
    int rc = open_suffix(bed, suffix, &object, err);

    if (rc)
        return rc;
    size = dp_object_size(object);
    if (size > most)
        rc = dp_error_set(err, DP_UNSUPPORTED, "%s: the file is too large", dp_object_uri(object));
    else if (!(*name = strdup(dp_object_uri(object))) || !(made = malloc((size_t)size + 1)))
        rc = dp_error_no_memory(err);
    else
        rc = dp_object_read_at(object, (struct dp_range){0, size}, made, err);
    if (!rc && memchr(made, 0, (size_t)size))
        rc = dp_error_set(err, DP_DATA, "%s: this is not text", dp_object_uri(object));
    dp_object_free(object);
    if (rc) {
        free(made);
        return rc;
    }
    made[size] = 0;
    *text = made;
    return DP_OK;
}

/* The next line, ended by a NUL; NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text, *newline;

    if (!*line)
        return NULL;
    newline = strchr(line, '\n');
    *text = newline ? newline + 1 : line + strlen(line);
    if (newline)
        *newline = 0;
    return line;
}

/* Cuts a line at blanks and tabs into at most `most` columns; gives how many there are. */
static size_t cut_line(char *line, char **columns, size_t most)
{
    size_t count = 0;
    char *save = NULL, *column;

    for (column = strtok_r(line, " \t\r", &save); column;
         column = strtok_r(NULL, " \t\r", &save), count++)
        if (count < most)
            columns[count] = column;
    return count;
}

static int read_samples(struct bed *bed, struct dp_error *err)
{
    char *text, *line, *columns[FAM_COLUMNS];
    uint64_t number = 1;

    bed->fam_copy = strdup(bed->fam);
    if (!bed->fam_copy)
        return dp_error_no_memory(err);
    for (text = bed->fam_copy; (line = next_line(&text)); number++) {
        if (cut_line(line, columns, FAM_COLUMNS) != FAM_COLUMNS)
            return dp_error_set(err, DP_DATA, "%s: line %" PRIu64 " has not %d columns",
                                bed->fam_name, number, FAM_COLUMNS);
        if (!dp_array_append(&bed->samples, &columns[1], 1, sizeof(columns[1])))
            return dp_error_no_memory(err);
    }
    return DP_OK;
}

/* Counts the variants and finds those of this share. */
static void share_variants(struct bed *bed)
{
    unsigned share_count = bed->options->share_count > 1 ? bed->options->share_count : 1;
    const char *p = bed->bim;
    uint64_t i;

    for (; *p; bed->variant_count++) {
        p += strcspn(p, "\n");
        p += *p == '\n';
    }
    bed->begin = bed->variant_count / share_count * bed->options->share;
    bed->end = bed->options->share + 1 == share_count
                   ? bed->variant_count
                   : bed->begin + bed->variant_count / share_count;
    bed->line = bed->bim;
    for (i = 0; i < bed->begin; i++)
        next_line(&bed->line);
    bed->line_number = bed->begin;
}

static int next_variant(struct bed *bed, struct dp_mdr_variant *variant, struct dp_error *err)
{
    char *columns[BIM_COLUMNS], *end;
    char *line = next_line(&bed->line);

    bed->line_number++;
    if (!line || cut_line(line, columns, BIM_COLUMNS) != BIM_COLUMNS)
        return dp_error_set(err, DP_DATA, "%s: line %" PRIu64 " has not %d columns", bed->bim_name,
                            bed->line_number, BIM_COLUMNS);
    *variant = (struct dp_mdr_variant){.chrom = columns[0],
                                       .id = columns[1],
                                       .alt = columns[4],
                                       .ref = columns[5],
                                       .passed = true};
    variant->position = strtoull(columns[3], &end, 10);
    if (*end || columns[3][0] < '0' || columns[3][0] > '9' || variant->position >> 62)
        return dp_error_set(err, DP_DATA, "%s: line %" PRIu64 ": the position is no number",
                            bed->bim_name, bed->line_number);
    return DP_OK;
}

/* ------------------------------------------------------------------------------------- calls */

/* PLINK's codes of calls as ours: 00 two of the first allele, 01 missing, 10 one, 11 none. */
static uint64_t translate(uint64_t codes)
{
    return (~codes & 0xaaaaaaaaaaaaaaaau) | ((codes ^ codes >> 1) & 0x5555555555555555u);
}

static void translate_rows(uint8_t *rows, uint64_t bytes)
{
    uint64_t codes;

    for (; bytes >= sizeof(codes); bytes -= sizeof(codes), rows += sizeof(codes)) {
        memcpy(&codes, rows, sizeof(codes));
        codes = translate(codes);
        memcpy(rows, &codes, sizeof(codes));
    }
    for (; bytes; bytes--, rows++)
        *rows = (uint8_t)translate(*rows);
}

static int check_bed(const struct bed *bed, struct dp_object *object, struct dp_error *err)
{
    uint64_t size = dp_object_size(object);
    uint64_t row_bytes = dp_mdr_genotypes_row_bytes(bed->samples.length);
    uint8_t magic[MAGIC_BYTES];
    int rc;

    if (size < MAGIC_BYTES)
        return dp_error_set(err, DP_DATA, "%s: this is no .bed file", dp_object_uri(object));
    rc = dp_object_read_at(object, (struct dp_range){0, MAGIC_BYTES}, magic, err);
    if (rc)
        return rc;
    if (magic[0] != 0x6c || magic[1] != 0x1b || magic[2] > 1)
        return dp_error_set(err, DP_DATA, "%s: this is no .bed file", dp_object_uri(object));
    if (magic[2] == 0)
        return dp_error_set(err, DP_UNSUPPORTED,
                            "%s: the file goes sample by sample; plink --make-bed turns it",
                            dp_object_uri(object));
    /* Variants are lines of a text in memory, samples too: the product fits 64 bits. */
    if (size - MAGIC_BYTES != row_bytes * bed->variant_count)
        return dp_error_set(err, DP_DATA,
                            "%s: %" PRIu64 " bytes, but %" PRIu64
                            " variants of %zu samples take %" PRIu64,
                            dp_object_uri(object), size, bed->variant_count, bed->samples.length,
                            row_bytes * bed->variant_count + MAGIC_BYTES);
    return DP_OK;
}

/* Adds `count` rows. */
static int add_rows(struct bed *bed, uint8_t *rows, uint64_t count, struct dp_error *err)
{
    size_t row_bytes = dp_mdr_genotypes_row_bytes(bed->samples.length);
    struct dp_mdr_variant variant;
    int rc = DP_OK;

    translate_rows(rows, row_bytes * count);
    for (; count > 0 && !rc; count--, rows += row_bytes) {
        rc = next_variant(bed, &variant, err);
        if (!rc)
            rc = dp_mdr_genotypes_add_row(bed->genotypes, &variant, rows, err);
    }
    return rc;
}

static int read_rows(struct bed *bed, struct dp_object *object, struct dp_error *err)
{
    uint64_t row_bytes = dp_mdr_genotypes_row_bytes(bed->samples.length);
    uint64_t most = READ_BYTES / row_bytes + 1, at, count;
    struct dp_range range;
    uint8_t *rows;
    int rc = DP_OK;

    if (most > bed->end - bed->begin)
        most = bed->end - bed->begin;
    rows = malloc((size_t)(most * row_bytes) + 1);
    if (!rows)
        return dp_error_no_memory(err);
    for (at = bed->begin; at < bed->end && !rc; at += count) {
        count = bed->end - at < most ? bed->end - at : most;
        range.begin = MAGIC_BYTES + at * row_bytes;
        range.end = range.begin + count * row_bytes;
        rc = dp_object_read_at(object, range, rows, err);
        if (!rc)
            rc = add_rows(bed, rows, count, err);
        if (!rc && bed->options->progress)
            bed->options->progress(bed->options->user, at + count - bed->begin,
                                   bed->end - bed->begin);
    }
    free(rows);
    return rc;
}

static int read_all(struct bed *bed, struct dp_error *err)
{
    struct dp_object *object = NULL;
    int rc = read_text(bed, ".fam", TEXT_BYTES_MAX, &bed->fam, &bed->fam_name, err);

    if (!rc)
        rc = read_samples(bed, err);
    if (!rc)
        rc = dp_mdr_genotypes_new(bed->samples.data, bed->samples.length, bed->fam_name,
                                  &bed->genotypes, err);
    if (!rc)
        rc = read_text(bed, ".bim", BIM_BYTES_MAX, &bed->bim, &bed->bim_name, err);
    if (rc)
        return rc;
    share_variants(bed);
    rc = open_suffix(bed, ".bed", &object, err);
    if (!rc)
        rc = check_bed(bed, object, err);
    if (!rc)
        rc = read_rows(bed, object, err);
    dp_object_free(object);
    return rc;
}

int dp_mdr_ingest_bed(struct dp_context *context, const char *prefix,
                      const struct dp_mdr_ingest_options *options,
                      struct dp_mdr_genotypes **genotypes, char **phenotypes,
                      struct dp_mdr_ingest_counts *counts, struct dp_error *err)
{
    struct bed bed = {.context = context, .prefix = prefix, .options = options};
    int rc;

    if (options->share_count > 1 && options->share >= options->share_count)
        return dp_error_set(err, DP_INVALID, "share %u of %u", options->share,
                            options->share_count);
    rc = read_all(&bed, err);
    if (rc) {
        dp_mdr_genotypes_free(bed.genotypes);
    } else {
        *genotypes = bed.genotypes;
        if (counts)
            *counts = (struct dp_mdr_ingest_counts){.records = bed.end - bed.begin,
                                                    .with_field = bed.end - bed.begin};
        if (phenotypes) {
            *phenotypes = bed.fam;
            bed.fam = NULL;
        }
    }
    dp_array_free(&bed.samples);
    free(bed.fam_copy);
    free(bed.fam);
    free(bed.bim);
    free(bed.fam_name);
    free(bed.bim_name);
    return rc;
}
