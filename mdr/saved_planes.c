/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The file is described in DPG.md. It is written in one go, after its sections were measured in
 * another; read, nothing in it is believed before it was compared with what is really there. */

#include "config.h"

#include "mdr/saved_planes.h"

#include "base/array.h"
#include "base/checked.h"
#include "base/crc32.h"
#include "base/le.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum section_kind { ORIGIN, SAMPLES, VARIANTS, ROWS, SECTIONS };

enum {
    FILE_VERSION = 2,
    FIXED_BYTES = 48,
    TABLE_ROW_BYTES = 24,
    HEADER_BYTES = FIXED_BYTES + SECTIONS * TABLE_ROW_BYTES,
    CRC_AT = 44,
    ORIGIN_FIXED_BYTES = 56,
    ORIGIN_OBJECT_BYTES = 8 + DP_MDR_HASH_BYTES + 4 + 4, /* without its texts */
    ORIGIN_TEXT_BYTES_MAX = DP_MDR_ORIGIN_URI_BYTES + DP_MDR_ORIGIN_VALIDATOR_BYTES,
    ORIGIN_BYTES_MAX =
        ORIGIN_FIXED_BYTES + DP_MDR_ORIGIN_OBJECTS * (ORIGIN_OBJECT_BYTES + ORIGIN_TEXT_BYTES_MAX),
    VARIANT_FIXED_BYTES = 9,
    VARIANT_TEXTS = 4,
    CHUNK_BYTES = 8 << 20
};

static const uint8_t magic[8] = {0x89, 'D', 'P', 'G', '\r', '\n', 0x1a, '\n'};

struct section {
    uint64_t begin, length;
    uint32_t crc;
};

/* ----------------------------------------------------------------------------------- writing */

/* Where a section's bytes go: into its measure, and into the file when there is one. */
struct output {
    struct dp_sink *sink; /* NULL: only measured */
    struct section section;
};

static int put(struct output *output, const void *bytes, size_t length, struct dp_error *err)
{
    output->section.crc = dp_crc32(output->section.crc, bytes, length);
    output->section.length += length;
    return output->sink ? dp_sink_write(output->sink, bytes, length, err) : DP_OK;
}

static int put_text(struct output *output, const char *text, struct dp_error *err)
{
    return put(output, text, strlen(text) + 1, err);
}

static int put_origin_object(struct output *output, const struct dp_mdr_origin_object *object,
                             struct dp_error *err)
{
    uint8_t fixed[ORIGIN_OBJECT_BYTES];
    size_t uri_length = strlen(object->uri), validator_length = strlen(object->validator);
    int rc;

    dp_le64_store(fixed, object->size_bytes);
    memcpy(fixed + 8, object->sha256, DP_MDR_HASH_BYTES);
    dp_le32_store(fixed + 8 + DP_MDR_HASH_BYTES, (uint32_t)uri_length);
    dp_le32_store(fixed + 12 + DP_MDR_HASH_BYTES, (uint32_t)validator_length);
    rc = put(output, fixed, sizeof(fixed), err);
    if (!rc)
        rc = put(output, object->uri, uri_length, err);
    return rc ? rc : put(output, object->validator, validator_length, err);
}

static int put_origin(struct output *output, const struct dp_mdr_origin *origin,
                      const struct dp_mdr_ingest_counts *counts, struct dp_error *err)
{
    uint8_t fixed[ORIGIN_FIXED_BYTES] = {0};
    uint64_t certainty;
    unsigned i;
    int rc;

    memcpy(&certainty, &origin->certainty, sizeof(certainty));
    dp_le32_store(fixed, origin->object_count);
    dp_le32_store(fixed + 4, origin->field);
    dp_le64_store(fixed + 8, certainty);
    dp_le32_store(fixed + 16, origin->split_multiallelic);
    dp_le64_store(fixed + 24, counts->records);
    dp_le64_store(fixed + 32, counts->multiallelic);
    dp_le64_store(fixed + 40, counts->skipped);
    dp_le64_store(fixed + 48, counts->with_field);
    rc = put(output, fixed, sizeof(fixed), err);
    for (i = 0; i < origin->object_count && !rc; i++)
        rc = put_origin_object(output, &origin->object[i], err);
    return rc;
}

static int put_samples(struct output *output, const struct dp_mdr_genotypes *genotypes,
                       struct dp_error *err)
{
    size_t i, count = dp_mdr_genotypes_sample_count(genotypes);
    int rc = DP_OK;

    for (i = 0; i < count && !rc; i++)
        rc = put_text(output, dp_mdr_genotypes_sample(genotypes, i), err);
    return rc;
}

static int put_variant(struct output *output, const struct dp_mdr_variant *variant,
                       struct dp_error *err)
{
    const char *const texts[VARIANT_TEXTS] = {variant->chrom, variant->id, variant->ref,
                                              variant->alt};
    uint8_t fixed[VARIANT_FIXED_BYTES];
    size_t i;
    int rc;

    dp_le64_store(fixed, variant->position);
    fixed[8] = variant->passed;
    rc = put(output, fixed, sizeof(fixed), err);
    for (i = 0; i < VARIANT_TEXTS && !rc; i++)
        rc = put_text(output, texts[i], err);
    return rc;
}

/* One section, whole. */
static int put_section(struct output *output, enum section_kind kind,
                       const struct dp_mdr_genotypes *genotypes, const struct dp_mdr_origin *origin,
                       const struct dp_mdr_ingest_counts *counts, struct dp_error *err)
{
    size_t row_bytes = dp_mdr_genotypes_row_bytes(dp_mdr_genotypes_sample_count(genotypes));
    size_t i, count = dp_mdr_genotypes_variant_count(genotypes);
    struct dp_mdr_variant variant;
    int rc = DP_OK;

    if (kind == ORIGIN)
        return put_origin(output, origin, counts, err);
    if (kind == SAMPLES)
        return put_samples(output, genotypes, err);
    for (i = 0; i < count && !rc; i++) {
        dp_mdr_genotypes_variant(genotypes, i, &variant);
        rc = kind == VARIANTS ? put_variant(output, &variant, err)
                              : put(output, dp_mdr_genotypes_row(genotypes, i), row_bytes, err);
    }
    return rc;
}

static void make_header(uint8_t header[HEADER_BYTES], const struct dp_mdr_genotypes *genotypes,
                        const struct section sections[SECTIONS])
{
    uint8_t *row = header + FIXED_BYTES;
    unsigned i;

    memset(header, 0, HEADER_BYTES);
    memcpy(header, magic, sizeof(magic));
    dp_le32_store(header + 8, FILE_VERSION);
    dp_le64_store(header + 16, sections[ROWS].begin + sections[ROWS].length);
    dp_le64_store(header + 24, dp_mdr_genotypes_sample_count(genotypes));
    dp_le64_store(header + 32, dp_mdr_genotypes_variant_count(genotypes));
    dp_le32_store(header + 40, SECTIONS);
    for (i = 0; i < SECTIONS; i++, row += TABLE_ROW_BYTES) {
        dp_le32_store(row, i);
        dp_le32_store(row + 4, sections[i].crc);
        dp_le64_store(row + 8, sections[i].begin);
        dp_le64_store(row + 16, sections[i].length);
    }
    dp_le32_store(header + CRC_AT, dp_crc32(0, header, HEADER_BYTES));
}

int dp_mdr_saved_planes_write(struct dp_context *context, const char *uri,
                              const struct dp_mdr_genotypes *genotypes,
                              const struct dp_mdr_origin *origin,
                              const struct dp_mdr_ingest_counts *counts, struct dp_error *err)
{
    struct section sections[SECTIONS];
    uint8_t header[HEADER_BYTES];
    struct output output;
    uint64_t at = HEADER_BYTES;
    struct dp_sink *sink = NULL;
    unsigned i;
    int rc;

    for (i = 0; i < SECTIONS; i++) {
        output = (struct output){.section.begin = at};
        put_section(&output, i, genotypes, origin, counts, NULL); /* nothing that can fail */
        sections[i] = output.section;
        at += output.section.length;
    }
    make_header(header, genotypes, sections);
    rc = dp_sink_open(context, uri, &sink, err);
    if (!rc)
        rc = dp_sink_write(sink, header, sizeof(header), err);
    for (i = 0; i < SECTIONS && !rc; i++) {
        output = (struct output){.sink = sink};
        rc = put_section(&output, i, genotypes, origin, counts, err);
    }
    if (!rc)
        rc = dp_sink_commit(sink, err);
    dp_sink_free(sink);
    return rc;
}

/* ----------------------------------------------------------------------------------- reading */

struct file {
    struct dp_object *object;
    uint64_t sample_count, variant_count;
    struct section sections[SECTIONS];
};

/* A section read from its begin to its end, some bytes at a time. */
struct cursor {
    const struct file *file;
    const struct section *section;
    uint64_t at;           /* what was read of the section */
    uint32_t crc;          /* of that */
    struct dp_array bytes; /* read, from `used` on not yet taken */
    size_t used;
};

static int damaged(const struct file *file, const char *what, struct dp_error *err)
{
    return dp_error_set(err, DP_BAD_INDEX, "%s: damaged file of planes: %s",
                        dp_object_uri(file->object), what);
}

static int read_table(struct file *file, const uint8_t *header, struct dp_error *err)
{
    const uint8_t *row = header + FIXED_BYTES;
    uint64_t at = HEADER_BYTES, rows;
    unsigned i;

    for (i = 0; i < SECTIONS; i++, row += TABLE_ROW_BYTES) {
        file->sections[i] = (struct section){.crc = dp_le32_load(row + 4),
                                             .begin = dp_le64_load(row + 8),
                                             .length = dp_le64_load(row + 16)};
        if (dp_le32_load(row) != i || file->sections[i].begin != at ||
            !dp_checked_add(at, file->sections[i].length, &at))
            return damaged(file, "its sections do not follow each other", err);
    }
    if (at != dp_object_size(file->object))
        return damaged(file, "its sections are not as long as the file", err);
    if (file->sample_count == 0 || file->sample_count > UINT32_MAX ||
        file->variant_count > UINT32_MAX ||
        !dp_checked_mul(dp_mdr_genotypes_row_bytes((size_t)file->sample_count), file->variant_count,
                        &rows) ||
        file->sections[ROWS].length != rows ||
        file->sections[SAMPLES].length / 2 < file->sample_count ||
        file->sections[VARIANTS].length / (VARIANT_FIXED_BYTES + VARIANT_TEXTS) <
            file->variant_count ||
        file->sections[ORIGIN].length > ORIGIN_BYTES_MAX)
        return damaged(file, "its counts do not fit its sections", err);
    return DP_OK;
}

static int read_header(struct file *file, struct dp_error *err)
{
    uint8_t header[HEADER_BYTES];
    uint64_t size = dp_object_size(file->object);
    uint32_t crc;
    int rc;

    if (size < HEADER_BYTES)
        return damaged(file, "it is too short", err);
    rc = dp_object_read_at(file->object, (struct dp_range){0, HEADER_BYTES}, header, err);
    if (rc)
        return rc;
    if (memcmp(header, magic, sizeof(magic)) != 0)
        return dp_error_set(err, DP_BAD_INDEX, "%s: this is no file of planes",
                            dp_object_uri(file->object));
    if (dp_le32_load(header + 8) != FILE_VERSION)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: a file of planes of version %" PRIu32,
                            dp_object_uri(file->object), dp_le32_load(header + 8));
    crc = dp_le32_load(header + CRC_AT);
    dp_le32_store(header + CRC_AT, 0);
    if (dp_crc32(0, header, sizeof(header)) != crc)
        return damaged(file, "the checksum of its header is wrong", err);
    if (dp_le64_load(header + 16) != size || dp_le32_load(header + 40) != SECTIONS ||
        dp_le32_load(header + 12) != 0)
        return damaged(file, "it is not as long as its header says", err);
    file->sample_count = dp_le64_load(header + 24);
    file->variant_count = dp_le64_load(header + 32);
    return read_table(file, header, err);
}

/* --- a section */

static struct cursor cursor_of(const struct file *file, enum section_kind kind)
{
    return (struct cursor){.file = file, .section = &file->sections[kind]};
}

static size_t cursor_have(const struct cursor *cursor)
{
    return cursor->bytes.length - cursor->used;
}

static const uint8_t *cursor_at(const struct cursor *cursor)
{
    return (const uint8_t *)cursor->bytes.data + cursor->used;
}

/* Reads on, behind what was not taken. *more is false when the section has ended. */
static int cursor_fill(struct cursor *cursor, bool *more, struct dp_error *err)
{
    uint64_t left = cursor->section->length - cursor->at;
    size_t have = cursor_have(cursor), length = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
    struct dp_range range = {cursor->section->begin + cursor->at, 0};
    uint8_t *to;
    int rc;

    *more = length > 0;
    if (!*more)
        return DP_OK;
    if (have > 0)
        memmove(cursor->bytes.data, cursor_at(cursor), have);
    cursor->bytes.length = have;
    cursor->used = 0;
    if (!dp_array_reserve(&cursor->bytes, length, 1))
        return dp_error_no_memory(err);
    to = (uint8_t *)cursor->bytes.data + have;
    range.end = range.begin + length;
    rc = dp_object_read_at(cursor->file->object, range, to, err);
    if (rc)
        return rc;
    cursor->crc = dp_crc32(cursor->crc, to, length);
    cursor->bytes.length += length;
    cursor->at += length;
    if (cursor->at == cursor->section->length && cursor->crc != cursor->section->crc)
        return damaged(cursor->file, "a checksum is wrong", err);
    return DP_OK;
}

/* The next `length` bytes, valid until the next call. */
static int cursor_take(struct cursor *cursor, size_t length, const uint8_t **bytes,
                       struct dp_error *err)
{
    bool more = true;
    int rc = DP_OK;

    while (cursor_have(cursor) < length && !rc) {
        rc = cursor_fill(cursor, &more, err);
        if (!rc && !more)
            rc = damaged(cursor->file, "a section ends within something", err);
    }
    if (rc)
        return rc;
    *bytes = cursor_at(cursor);
    cursor->used += length;
    return DP_OK;
}

/* The next bytes as far as `skip` of them and then `count` texts, ended by NULs, go. */
static int cursor_take_texts(struct cursor *cursor, size_t skip, unsigned count,
                             const uint8_t **bytes, struct dp_error *err)
{
    size_t length = skip;
    const uint8_t *end;
    bool more;
    int rc;

    while (count > 0) {
        end = cursor_have(cursor) > length
                  ? memchr(cursor_at(cursor) + length, 0, cursor_have(cursor) - length)
                  : NULL;
        if (end) {
            length = (size_t)(end - cursor_at(cursor)) + 1;
            count--;
            continue;
        }
        rc = cursor_fill(cursor, &more, err);
        if (rc)
            return rc;
        if (!more)
            return damaged(cursor->file, "a section ends within a text", err);
    }
    return cursor_take(cursor, length, bytes, err);
}

/* All of it was taken, and its checksum seen. */
static int cursor_end(struct cursor *cursor, struct dp_error *err)
{
    if (cursor_have(cursor) > 0 || cursor->at != cursor->section->length ||
        cursor->crc != cursor->section->crc)
        return damaged(cursor->file, "a section goes on behind its end", err);
    return DP_OK;
}

/* --- the sections */

/* A text of `length` bytes, at most `limit`. */
static int read_origin_text(struct cursor *cursor, uint32_t length, uint32_t limit, char **text,
                            struct dp_error *err)
{
    const uint8_t *bytes = NULL;
    int rc;

    if (length > limit)
        return damaged(cursor->file, "the name or version of an object is too long", err);
    rc = cursor_take(cursor, length, &bytes, err);
    if (rc)
        return rc;
    *text = length ? strndup((const char *)bytes, length) : strdup("");
    return *text ? DP_OK : dp_error_no_memory(err);
}

static int read_origin_object(struct cursor *cursor, struct dp_mdr_origin_object *object,
                              struct dp_error *err)
{
    const uint8_t *bytes = NULL;
    uint32_t uri_length, validator_length;
    int rc = cursor_take(cursor, ORIGIN_OBJECT_BYTES, &bytes, err);

    if (rc)
        return rc;
    object->size_bytes = dp_le64_load(bytes);
    memcpy(object->sha256, bytes + 8, DP_MDR_HASH_BYTES);
    uri_length = dp_le32_load(bytes + 8 + DP_MDR_HASH_BYTES);
    validator_length = dp_le32_load(bytes + 12 + DP_MDR_HASH_BYTES);
    rc = read_origin_text(cursor, uri_length, DP_MDR_ORIGIN_URI_BYTES, &object->uri, err);
    return rc ? rc
              : read_origin_text(cursor, validator_length, DP_MDR_ORIGIN_VALIDATOR_BYTES,
                                 &object->validator, err);
}

static int read_origin(const struct file *file, struct dp_mdr_origin *origin,
                       struct dp_mdr_ingest_counts *counts, struct dp_error *err)
{
    struct cursor cursor = cursor_of(file, ORIGIN);
    const uint8_t *bytes = NULL;
    uint64_t certainty;
    unsigned i;
    int rc = cursor_take(&cursor, ORIGIN_FIXED_BYTES, &bytes, err);

    if (!rc) {
        certainty = dp_le64_load(bytes + 8);
        memcpy(&origin->certainty, &certainty, sizeof(certainty));
        origin->object_count = dp_le32_load(bytes);
        origin->field = dp_le32_load(bytes + 4) <= DP_MDR_GP
                            ? (enum dp_mdr_field)dp_le32_load(bytes + 4)
                            : DP_MDR_GT;
        origin->split_multiallelic = dp_le32_load(bytes + 16) != 0;
        *counts = (struct dp_mdr_ingest_counts){.records = dp_le64_load(bytes + 24),
                                                .multiallelic = dp_le64_load(bytes + 32),
                                                .skipped = dp_le64_load(bytes + 40),
                                                .with_field = dp_le64_load(bytes + 48)};
        if ((origin->object_count != 1 && origin->object_count != DP_MDR_ORIGIN_OBJECTS) ||
            dp_le32_load(bytes + 4) > DP_MDR_GP || dp_le32_load(bytes + 16) > 1 ||
            !(origin->certainty > 0 && origin->certainty <= 1)) {
            origin->object_count = 0;
            rc = damaged(file, "its origin makes no sense", err);
        }
    }
    for (i = 0; i < origin->object_count && !rc; i++)
        rc = read_origin_object(&cursor, &origin->object[i], err);
    if (!rc)
        rc = cursor_end(&cursor, err);
    dp_array_free(&cursor.bytes);
    return rc;
}

static int read_samples(const struct file *file, struct dp_mdr_genotypes **genotypes,
                        struct dp_error *err)
{
    struct cursor cursor = cursor_of(file, SAMPLES);
    const char **samples = calloc((size_t)file->sample_count, sizeof(*samples));
    const uint8_t *bytes = NULL;
    size_t i;
    int rc = DP_OK;

    if (!samples)
        return dp_error_no_memory(err);
    /* Everything at once: so the texts stay where they are. */
    rc = cursor_take(&cursor, (size_t)file->sections[SAMPLES].length, &bytes, err);
    cursor.used = 0;
    for (i = 0; i < file->sample_count && !rc; i++) {
        rc = cursor_take_texts(&cursor, 0, 1, &bytes, err);
        samples[i] = (const char *)bytes;
    }
    if (!rc)
        rc = cursor_end(&cursor, err);
    if (!rc)
        rc = dp_mdr_genotypes_new(samples, (size_t)file->sample_count, dp_object_uri(file->object),
                                  genotypes, err);
    if (rc == DP_DATA && err)
        err->code = rc = DP_BAD_INDEX;
    free(samples);
    dp_array_free(&cursor.bytes);
    return rc;
}

static void take_variant(const uint8_t *bytes, struct dp_mdr_variant *variant)
{
    const char *text = (const char *)bytes + VARIANT_FIXED_BYTES;

    *variant = (struct dp_mdr_variant){.position = dp_le64_load(bytes), .passed = bytes[8] != 0};
    variant->chrom = text;
    variant->id = text += strlen(text) + 1;
    variant->ref = text += strlen(text) + 1;
    variant->alt = text + strlen(text) + 1;
}

static int read_variants(const struct file *file, struct dp_mdr_genotypes *genotypes,
                         struct dp_error *err)
{
    struct cursor texts = cursor_of(file, VARIANTS), rows = cursor_of(file, ROWS);
    size_t row_bytes = dp_mdr_genotypes_row_bytes((size_t)file->sample_count);
    const uint8_t *text = NULL, *row = NULL;
    struct dp_mdr_variant variant;
    uint64_t i;
    int rc = DP_OK;

    for (i = 0; i < file->variant_count && !rc; i++) {
        rc = cursor_take_texts(&texts, VARIANT_FIXED_BYTES, VARIANT_TEXTS, &text, err);
        if (!rc)
            rc = cursor_take(&rows, row_bytes, &row, err);
        if (rc)
            break;
        take_variant(text, &variant);
        rc = dp_mdr_genotypes_add_row(genotypes, &variant, row, err);
    }
    if (!rc)
        rc = cursor_end(&texts, err);
    if (!rc)
        rc = cursor_end(&rows, err);
    dp_array_free(&texts.bytes);
    dp_array_free(&rows.bytes);
    return rc;
}

int dp_mdr_saved_planes_read(struct dp_context *context, const char *uri,
                             const struct dp_mdr_origin *origin,
                             struct dp_mdr_genotypes **genotypes,
                             struct dp_mdr_ingest_counts *counts, struct dp_mdr_origin *saved,
                             struct dp_error *err)
{
    struct dp_mdr_genotypes *made = NULL;
    struct dp_mdr_ingest_counts counted = {0};
    struct dp_mdr_origin found = {0};
    struct file file = {0};
    int rc = dp_object_open(context, uri, NULL, &file.object, err);

    if (!rc)
        rc = read_header(&file, err);
    if (!rc)
        rc = read_origin(&file, &found, &counted, err);
    if (!rc && origin)
        rc = dp_mdr_origin_compare(&found, origin, dp_object_uri(file.object), err);
    if (!rc)
        rc = read_samples(&file, &made, err);
    if (!rc)
        rc = read_variants(&file, made, err);
    dp_object_free(file.object);
    if (!rc) {
        *genotypes = made;
        if (counts)
            *counts = counted;
        if (saved) {
            *saved = found;
            memset(&found, 0, sizeof(found));
        }
    } else {
        dp_mdr_genotypes_free(made);
    }
    dp_mdr_origin_free(&found);
    return rc;
}
