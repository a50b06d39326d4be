/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/decode.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIXED_COLUMNS = 9 }; /* up to FORMAT */

/* --------------------------------------------------------------------------------- decoder */

/* The line that names the columns, ended by a NUL; NULL when there is none. */
static char *columns_line(char *text)
{
    char *line = strncmp(text, "#CHROM\t", 7) == 0 ? text : strstr(text, "\n#CHROM\t");
    size_t length;

    if (!line)
        return NULL;
    line += *line == '\n';
    length = strcspn(line, "\n");
    while (length > 0 && line[length - 1] == '\r')
        length--;
    line[length] = 0;
    return line;
}

/* Cuts the line into samples. False when out of memory. */
static bool name_samples(struct dp_mdr_decoder *decoder, char *line)
{
    struct dp_array names = {0};
    const char *name;
    size_t column = 0;
    bool good = true;

    while (line && good) {
        name = strsep(&line, "\t");
        if (column++ >= FIXED_COLUMNS)
            good = dp_array_append(&names, &name, 1, sizeof(name));
    }
    decoder->samples = names.data;
    decoder->sample_count = names.length;
    return good;
}

static int check_options(const struct dp_mdr_ingest_options *options, struct dp_error *err)
{
    if (options->field != DP_MDR_GT && !(options->certainty > 0.5 && options->certainty <= 1))
        return dp_error_set(err, DP_INVALID, "a certainty is above 0.5 and at most 1");
    return DP_OK;
}

/* Takes the text and the samples out of `header`. */
static int read_header(const struct dp_array *header, bool is_bcf, struct dp_mdr_decoder *decoder,
                       struct dp_error *err)
{
    size_t skip = is_bcf ? 9 : 0; /* magic and length */
    char *line;

    decoder->header = malloc(header->length - skip + 1);
    if (!decoder->header)
        return dp_error_no_memory(err);
    memcpy(decoder->header, (char *)header->data + skip, header->length - skip);
    decoder->header[header->length - skip] = 0;
    line = columns_line(decoder->header);
    if (!line)
        return dp_error_set(err, DP_DATA, "%s: the header has no #CHROM line", decoder->name);
    if (!name_samples(decoder, line))
        return dp_error_no_memory(err);
    if (decoder->sample_count == 0)
        return dp_error_set(err, DP_DATA, "%s: there are no samples, only sites", decoder->name);
    return DP_OK;
}

int dp_mdr_decoder_open(const struct dp_array *header, bool is_bcf,
                        const struct dp_mdr_ingest_options *options, const char *name,
                        struct dp_mdr_decoder *decoder, struct dp_mdr_genotypes **genotypes,
                        struct dp_error *err)
{
    struct dp_mdr_genotypes *samples = NULL;
    struct dp_mdr_decoder made = {.name = name,
                                  .field = options->field,
                                  .certainty = options->certainty,
                                  .split_multiallelic = options->split_multiallelic};
    int rc = check_options(options, err);

    if (!rc)
        rc = read_header(header, is_bcf, &made, err);
    if (!rc)
        rc = dp_mdr_genotypes_new(made.samples, made.sample_count, name, &samples, err);
    if (!rc && is_bcf)
        rc = dp_mdr_decode_bcf_open(header, &made, err);
    if (rc) {
        dp_mdr_genotypes_free(samples);
        dp_mdr_decoder_close(&made);
        return rc;
    }
    *decoder = made;
    *genotypes = samples;
    return DP_OK;
}

void dp_mdr_decoder_close(struct dp_mdr_decoder *decoder)
{
    dp_mdr_decode_bcf_close(decoder->bcf);
    free(decoder->samples);
    free(decoder->header);
    memset(decoder, 0, sizeof(*decoder));
}

/* -------------------------------------------------------------------------------- a thread */

int dp_mdr_decode_open(const struct dp_mdr_decoder *decoder, struct dp_mdr_decode *decode,
                       struct dp_error *err)
{
    uint8_t *calls = malloc(decoder->sample_count);

    if (!calls)
        return dp_error_no_memory(err);
    *decode = (struct dp_mdr_decode){.decoder = decoder, .calls = calls};
    return DP_OK;
}

void dp_mdr_decode_close(struct dp_mdr_decode *decode)
{
    free(decode->calls);
    memset(decode, 0, sizeof(*decode));
}

static int decode_lines(struct dp_mdr_decode *decode, struct dp_array *batch, struct dp_error *err)
{
    char *text = batch->data, *line, *newline;
    size_t at = 0, left, length;
    int rc = DP_OK;

    /* By offsets: an empty batch has no bytes that a pointer could point to. */
    for (; at < batch->length && !rc; at += length + 1, decode->record++) {
        line = text + at;
        left = batch->length - at;
        newline = memchr(line, '\n', left);
        length = newline ? (size_t)(newline - line) : left; /* the last line needs none */
        rc = dp_mdr_decode_text_line(
            decode, line, length > 0 && line[length - 1] == '\r' ? length - 1 : length, err);
    }
    return rc;
}

int dp_mdr_decode_batch(struct dp_mdr_decode *decode, struct dp_array *batch, uint64_t first_record,
                        struct dp_mdr_genotypes *part, struct dp_error *err)
{
    decode->record = first_record;
    decode->part = part;
    if (decode->decoder->bcf)
        return dp_mdr_decode_bcf_records(decode, batch->data, batch->length, err);
    return decode_lines(decode, batch, err);
}

/* -------------------------------------------------------------------------------- a record */

int dp_mdr_decode_fault(const struct dp_mdr_decode *decode, const struct dp_mdr_variant *variant,
                        struct dp_error *err, const char *format, ...)
{
    char what[400], place[400] = "";
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    if (variant && variant->chrom)
        snprintf(place, sizeof(place), " (%.300s:%" PRIu64 ")", variant->chrom, variant->position);
    return dp_error_set_detail(err, DP_DATA, DP_DETAIL_RECORD, "%s: record %" PRIu64 "%s: %s",
                               decode->decoder->name, decode->record, place, what);
}

bool dp_mdr_decode_is_allele(const char *alt, size_t length)
{
    static const char *const others[] = {".", "*", "<*>", "<NON_REF>"};
    size_t i;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strlen(others[i]) == length && memcmp(others[i], alt, length) == 0)
            return false;
    return length > 0;
}

bool dp_mdr_decode_begin(struct dp_mdr_decode *decode, const struct dp_mdr_alts *alts)
{
    bool kept = alts->count == 1 || (alts->count > 1 && decode->decoder->split_multiallelic);

    decode->counts.records++;
    if (alts->count > 1)
        decode->counts.multiallelic++;
    if (!kept)
        decode->counts.skipped++;
    return kept;
}

uint8_t dp_mdr_decode_dosage(double dosage, double certainty)
{
    double nearest = nearbyint(dosage);

    if (!(nearest >= 0 && nearest <= 2) || fabs(dosage - nearest) > 1 - certainty + DP_MDR_SLACK)
        return DP_MDR_MISSING;
    return (uint8_t)nearest;
}

bool dp_mdr_decode_probability(struct dp_mdr_probabilities *sums, double value)
{
    unsigned copies = (sums->low == sums->allele) + (sums->high == sums->allele);

    if (isnan(value)) {
        sums->missing = true;
        value = 0;
    }
    sums->diploid[copies] += value;
    sums->haploid[sums->count == sums->allele] += value;
    sums->count++;
    if (sums->low++ == sums->high) {
        sums->high++;
        sums->low = 0;
    }
    return value >= -DP_MDR_SLACK && value <= 1 + DP_MDR_SLACK;
}

int dp_mdr_decode_probable(const struct dp_mdr_probabilities *sums, unsigned allele_count,
                           double certainty)
{
    uint64_t diploid = (uint64_t)allele_count * (allele_count + 1) / 2;
    unsigned copies;

    if (sums->missing &&
        (sums->count == 1 || sums->count == allele_count || sums->count == diploid))
        return DP_MDR_MISSING;
    if (sums->count == allele_count) /* of a haploid: one copy counts as two */
        return sums->haploid[1] >= certainty - DP_MDR_SLACK   ? 2
               : sums->haploid[0] >= certainty - DP_MDR_SLACK ? 0
                                                              : DP_MDR_MISSING;
    if (sums->count != diploid)
        return -1;
    for (copies = 0; copies <= 2; copies++)
        if (sums->diploid[copies] >= certainty - DP_MDR_SLACK)
            return (int)copies;
    return DP_MDR_MISSING;
}
