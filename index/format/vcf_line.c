/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/format/vcf_line.h"

#include <string.h>

/* Columns that are looked into. */
enum { CONTIG = 0, POSITION = 1, REFERENCE = 3, INFO = 7 };

/* Places of struct dp_vcf_end behind "END=". */
enum { KEY_BYTES = 4, AT_VALUE = KEY_BYTES, IN_VALUE, SKIPPING, FOUND };

/* --------------------------------------------------------------------------------------- END */

static inline bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* Adds a digit; what is too large stays so. */
static inline uint64_t add_digit(uint64_t value, uint8_t digit)
{
    return value > DP_VCF_POSITION_MAX / 10 ? DP_VCF_POSITION_MAX
                                            : 10 * value + (uint64_t)(digit - '0');
}

/* The first END of a line counts, as for tabix. */
static void end_byte(struct dp_vcf_end *end, uint8_t byte)
{
    static const char key[] = "END=";

    if (end->place == FOUND)
        return;
    if (byte == ';') {
        end->place = end->place == IN_VALUE ? FOUND : 0;
        return;
    }
    if (end->place < KEY_BYTES) {
        end->place = byte == (uint8_t)key[end->place] ? end->place + 1 : SKIPPING;
    } else if (end->place == AT_VALUE || end->place == IN_VALUE) {
        if (end->place == AT_VALUE)
            end->exact = is_digit(byte);
        if (is_digit(byte)) {
            end->place = IN_VALUE;
            end->value = add_digit(end->value, byte);
        } else {
            end->exact = end->exact && byte == '\r';
            end->place = FOUND;
        }
    }
}

/* INFO at once: only the value of END is looked at byte by byte. */
static void find_end(struct dp_vcf_end *end, const uint8_t *info, const uint8_t *stop)
{
    const uint8_t *p = info;

    if (stop - info < KEY_BYTES || memcmp(info, "END=", KEY_BYTES) != 0) {
        p = memmem(info, (size_t)(stop - info), ";END=", KEY_BYTES + 1);
        if (!p)
            return;
        p++;
    }
    for (; p < stop && end->place != FOUND; p++)
        end_byte(end, *p);
}

/* The last base: that of REF, or what END says when it is not before the position. */
static uint64_t last_base(uint64_t position, uint64_t reference_bytes,
                          const struct dp_vcf_end *end, bool end_is_number)
{
    uint64_t by_reference = position + (reference_bytes ? reference_bytes - 1 : 0);

    if (!end->value || end->value < position)
        return by_reference;
    if (end_is_number && end->exact)
        return end->value;
    return end->value < by_reference ? end->value : by_reference;
}

/* ---------------------------------------------------------------------------------- in parts */

void dp_vcf_line_begin(struct dp_vcf_line *line)
{
    memset(line, 0, offsetof(struct dp_vcf_line, contig));
}

static void take_contig(struct dp_vcf_line *line, const uint8_t *p, size_t length)
{
    if (length > DP_VCF_CONTIG_BYTES - line->contig_bytes) {
        line->fault = DP_VCF_LONG_CONTIG;
        return;
    }
    memcpy(line->contig + line->contig_bytes, p, length);
    line->contig_bytes += length;
}

static void take_position(struct dp_vcf_line *line, const uint8_t *p, size_t length)
{
    size_t i;

    for (i = 0; i < length && is_digit(p[i]); i++)
        line->position = add_digit(line->position, p[i]);
    line->has_digits = line->has_digits || i > 0;
    if (i < length || line->position >= DP_VCF_POSITION_MAX)
        line->fault = DP_VCF_POSITION;
}

static void take_column(struct dp_vcf_line *line, const uint8_t *p, size_t length)
{
    size_t i;

    switch (line->tabs) {
    case CONTIG:
        take_contig(line, p, length);
        break;
    case POSITION:
        take_position(line, p, length);
        break;
    case REFERENCE:
        line->reference_bytes += length;
        break;
    case INFO:
        for (i = 0; i < length; i++)
            end_byte(&line->end, p[i]);
        break;
    }
}

static void end_column(struct dp_vcf_line *line)
{
    if (line->tabs == CONTIG && line->contig_bytes == 0)
        line->fault = DP_VCF_NO_CONTIG;
    else if (line->tabs == POSITION && !line->has_digits)
        line->fault = DP_VCF_POSITION;
    else
        line->tabs++;
}

void dp_vcf_line_part(struct dp_vcf_line *line, const struct dp_kernels *kernels, const uint8_t *p,
                      const uint8_t *stop)
{
    const uint8_t *tab;

    while (p < stop && line->tabs <= INFO && !line->fault) {
        tab = memchr(p, '\t', (size_t)(stop - p));
        take_column(line, p, (size_t)((tab ? tab : stop) - p));
        if (tab && !line->fault)
            end_column(line);
        p = tab ? tab + 1 : stop;
    }
    if (p < stop && !line->fault)
        kernels->count_tabs(p, stop, &line->tabs);
}

void dp_vcf_line_locus(const struct dp_vcf_line *line, bool end_is_number,
                       struct dp_locus *locus)
{
    locus->contig = line->contig;
    locus->contig_bytes = line->contig_bytes;
    locus->position = line->position;
    locus->end = last_base(line->position, line->reference_bytes, &line->end, end_is_number);
}

/* ----------------------------------------------------------------------------------- at once */

/* Behind the next tab of a short column, or NULL. */
static inline const uint8_t *skip_column(const uint8_t *p, const uint8_t *newline)
{
    while (p < newline && *p != '\t')
        p++;
    return p < newline ? p + 1 : NULL;
}

/* POS at *p, up to behind its tab. */
static inline bool read_position(const uint8_t **p, const uint8_t *newline, uint64_t *position)
{
    const uint8_t *at = *p;

    for (*position = 0; at < newline && is_digit(*at); at++)
        *position = add_digit(*position, *at);
    if (at == *p || at == newline || *at != '\t' || *position >= DP_VCF_POSITION_MAX)
        return false;
    *p = at + 1;
    return true;
}

bool dp_vcf_line_whole(const uint8_t *p, const uint8_t *newline, bool end_is_number,
                       struct dp_locus *locus)
{
    struct dp_vcf_end end = {0};
    const uint8_t *at = skip_column(p, newline), *reference, *tab;
    size_t reference_bytes;
    unsigned column;

    if (!at || at == p + 1 || (size_t)(at - p) > DP_VCF_CONTIG_BYTES + 1)
        return false;
    locus->contig = (const char *)p;
    locus->contig_bytes = (size_t)(at - p) - 1;
    if (!read_position(&at, newline, &locus->position))
        return false;
    reference = skip_column(at, newline);
    if (!reference)
        return false;
    at = skip_column(reference, newline);
    if (!at)
        return false;
    reference_bytes = (size_t)(at - reference) - 1;
    for (column = REFERENCE + 1; column < INFO; column++) {
        at = memchr(at, '\t', (size_t)(newline - at));
        if (!at)
            return false;
        at++;
    }
    tab = memchr(at, '\t', (size_t)(newline - at));
    find_end(&end, at, tab ? tab : newline);
    locus->end = last_base(locus->position, reference_bytes, &end, end_is_number);
    return true;
}
