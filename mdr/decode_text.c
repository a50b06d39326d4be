/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Nearly all bytes of a VCF are the columns of its samples: these are read where they stand, four
 * at once where they are as short as they can be ("0/1", "1|1"). */

#include "config.h"

#include "mdr/decode.h"

#include "base/le.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHROM, POS, ID, REF, ALT, QUAL, FILTER, INFO, FORMAT, FIXED_COLUMNS };

/* Below 2^62, as everywhere in dataplug. */
#define POSITION_MAX (UINT64_C(1) << 62)

/* The samples' columns of a line: each ends in a tab, also the last one. */
struct columns {
    struct dp_mdr_decode *decode;
    const struct dp_mdr_variant *variant; /* for messages */
    const char *begin, *stop;             /* behind the last tab */
    size_t skip;                          /* fields in front of the one wanted */
    unsigned allele_count;
    unsigned allele; /* whose copies are counted */
    struct dp_error *err;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int fault_columns(const struct columns *columns)
{
    return dp_mdr_decode_fault(columns->decode, columns->variant, columns->err,
                               "the number of columns is not that of the header");
}

static int fault_sample(const struct columns *columns, size_t sample, const char *what)
{
    return dp_mdr_decode_fault(columns->decode, columns->variant, columns->err,
                               "sample '%.100s': %s", columns->decode->decoder->samples[sample],
                               what);
}

/* -------------------------------------------------------------------------------------- GT */

/* Reads alleles up to a tab or colon. The call, or -1 and *what. */
static int read_gt(const char *p, const struct columns *columns, const char **what)
{
    unsigned ploidy = 0, copies = 0;
    bool missing = false;
    uint64_t number;

    for (;; p++) {
        ploidy++;
        if (*p == '.') {
            missing = true;
            p++;
        } else if (is_digit(*p)) {
            for (number = 0; is_digit(*p); p++)
                number = number < UINT32_MAX ? number * 10 + (unsigned)(*p - '0') : number;
            *what = "GT names an allele that the record does not have";
            if (number >= columns->allele_count)
                return -1;
            copies += number == columns->allele;
        } else {
            break;
        }
        if (*p == '\t' || *p == ':') {
            *what = "GT has more than two alleles";
            if (ploidy > 2)
                return -1;
            return missing ? DP_MDR_MISSING : (int)(ploidy == 1 ? 2 * copies : copies);
        }
        if (*p != '/' && *p != '|')
            break;
    }
    *what = "GT is not a genotype";
    return -1;
}

/* Of two diploid columns that are alleles 0 or 1 and nothing else: everything but the alleles. */
#define PAIR_MASK       UINT64_C(0xfffefffefffefffe)
#define PAIR(separator) (UINT64_C(0x0930003009300030) | UINT64_C(0x0000010000000100) * (separator))

static bool is_pair(uint64_t two)
{
    return (two & PAIR_MASK) == PAIR('/') || (two & PAIR_MASK) == PAIR('|');
}

static void put_pair(uint8_t *calls, uint64_t two, unsigned counted)
{
    two &= counted ? UINT64_C(0x0001000100010001) : 0;
    two += two >> 16;
    calls[0] = two & 3;
    calls[1] = two >> 32 & 3;
}

static int read_gts(const struct columns *columns)
{
    size_t sample = 0, count = columns->decode->decoder->sample_count;
    uint8_t *calls = columns->decode->calls;
    const char *p = columns->begin, *what = NULL;
    int call;

    while (sample < count) {
        while (columns->stop - p >= 8 && count - sample >= 2 && is_pair(dp_le64_load(p))) {
            put_pair(calls + sample, dp_le64_load(p), columns->allele == 1);
            sample += 2;
            p += 8;
        }
        if (sample == count)
            break;
        if (p >= columns->stop)
            return fault_columns(columns);
        call = read_gt(p, columns, &what);
        if (call < 0)
            return fault_sample(columns, sample, what);
        calls[sample++] = (uint8_t)call;
        p = (const char *)memchr(p, '\t', (size_t)(columns->stop - p)) + 1;
    }
    return p == columns->stop ? DP_OK : fault_columns(columns);
}

/* ----------------------------------------------------------------------------------- numbers */

/* Reads a number or "." (NAN) up to a comma, colon or tab, where *p then stands. False when it is
 * neither. */
static bool read_number(const char **p, double *value)
{
    static const double tens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    const char *from = *p, *q = from;
    uint64_t digits = 0;
    size_t fraction = 0;
    char *end;

    if (*q == '.' && !is_digit(q[1])) {
        *value = NAN;
        q++;
    } else {
        for (; is_digit(*q) && q - from < 6; q++)
            digits = digits * 10 + (unsigned)(*q - '0');
        if (*q == '.' && q > from)
            for (q++; is_digit(*q) && fraction < 9; q++, fraction++)
                digits = digits * 10 + (unsigned)(*q - '0');
        *value = (double)digits / tens[fraction]; /* at most 15 digits: rounded once */
        if (is_digit(*q) || *q == 'e' || *q == 'E' || (q == from && strchr("+-.niNI", *q))) {
            *value = strtod(from, &end);
            q = end;
        }
    }
    *p = q;
    return q > from && (*q == ',' || *q == ':' || *q == '\t');
}

/* The call of one value list at `p`, or -1 and *what. */
static int read_dosage(const char *p, const struct columns *columns, const char **what)
{
    unsigned count = 0;
    double value, dosage = NAN;

    for (;; p++) {
        *what = "DS is not a number";
        if (!read_number(&p, &value))
            return -1;
        if (++count == columns->allele)
            dosage = (float)value;
        if (*p != ',')
            break;
    }
    if (count == 1 && isnan(value))
        return DP_MDR_MISSING;
    *what = "DS has not one value for each alternate allele";
    if (count != columns->allele_count - 1)
        return -1;
    return dp_mdr_decode_dosage(dosage, columns->decode->decoder->certainty);
}

static int read_probabilities(const char *p, const struct columns *columns, const char **what)
{
    struct dp_mdr_probabilities sums = {.allele = columns->allele};
    double value;
    int call;

    for (;; p++) {
        *what = "GP is not a number";
        if (!read_number(&p, &value))
            return -1;
        *what = "GP is not a probability";
        if (!dp_mdr_decode_probability(&sums, (float)value))
            return -1;
        if (*p != ',')
            break;
    }
    *what = "GP has another number of values than there are genotypes";
    call =
        dp_mdr_decode_probable(&sums, columns->allele_count, columns->decode->decoder->certainty);
    return call;
}

/* Where the field `skip` begins in the column [p, end); NULL when it was left out. */
static const char *find_field(const char *p, const char *end, size_t skip)
{
    for (; skip > 0 && p; skip--) {
        p = memchr(p, ':', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    return p;
}

/* Any field anywhere in a column. */
static int read_columns(const struct columns *columns)
{
    const struct dp_mdr_decoder *decoder = columns->decode->decoder;
    int (*read)(const char *, const struct columns *, const char **) =
        decoder->field == DP_MDR_GT   ? read_gt
        : decoder->field == DP_MDR_DS ? read_dosage
                                      : read_probabilities;
    const char *p = columns->begin, *end, *value, *what = NULL;
    size_t sample;
    int call;

    for (sample = 0; sample < decoder->sample_count; sample++, p = end + 1) {
        if (p >= columns->stop)
            return fault_columns(columns);
        end = memchr(p, '\t', (size_t)(columns->stop - p));
        value = find_field(p, end, columns->skip);
        call = value ? read(value, columns, &what) : DP_MDR_MISSING;
        if (call < 0)
            return fault_sample(columns, sample, what);
        columns->decode->calls[sample] = (uint8_t)call;
    }
    return p == columns->stop ? DP_OK : fault_columns(columns);
}

/* -------------------------------------------------------------------------------------- lines */

/* Cuts the fixed columns off, each ended by a NUL. Gives where the samples begin, or NULL. */
static char *cut_fixed(char *line, char *stop, char *fixed[FIXED_COLUMNS])
{
    size_t column;
    char *tab;

    for (column = 0; column < FIXED_COLUMNS; column++, line = tab + 1) {
        tab = memchr(line, '\t', (size_t)(stop - line));
        if (!tab || memchr(line, 0, (size_t)(tab - line)))
            return NULL;
        *tab = 0;
        fixed[column] = line;
    }
    return line;
}

static bool read_position(const char *text, uint64_t *position)
{
    uint64_t value = 0;

    if (!*text)
        return false;
    for (; is_digit(*text); text++) {
        value = value * 10 + (unsigned)(*text - '0');
        if (value >= POSITION_MAX)
            return false;
    }
    *position = value;
    return *text == 0;
}

/* Cuts `list` at its commas: `texts` gets the first DP_MDR_ALT_MAX alleles. False: there are more
 * that can be alleles of a sample. */
static bool read_alts(char *list, struct dp_mdr_alts *alts, const char **texts)
{
    char *alt;

    alts->count = 0;
    alts->allele_count = 1;
    while ((alt = strsep(&list, ",")) != NULL) {
        if (dp_mdr_decode_is_allele(alt, strlen(alt))) {
            if (alts->count == DP_MDR_ALT_MAX || alts->allele_count > UINT16_MAX)
                return false;
            texts[alts->count] = alt;
            alts->number[alts->count++] = (uint16_t)alts->allele_count;
        }
        alts->allele_count++;
    }
    return true;
}

/* Finds `name` in FORMAT: how many fields stand before it. */
static bool find_format(const char *format, const char *name, size_t *skip)
{
    size_t length, wanted = strlen(name);

    for (*skip = 0;; format += length + 1, (*skip)++) {
        length = strcspn(format, ":");
        if (length == wanted && memcmp(format, name, wanted) == 0)
            return true;
        if (!format[length])
            return false;
    }
}

static int count_columns(const struct columns *columns)
{
    const char *p = columns->begin;
    size_t count = 0;

    for (; p < columns->stop; count++)
        p = (const char *)memchr(p, '\t', (size_t)(columns->stop - p)) + 1;
    return count == columns->decode->decoder->sample_count ? DP_OK : fault_columns(columns);
}

/* A variant for each of `alts`. */
static int add_variants(struct columns *columns, struct dp_mdr_variant *variant,
                        const struct dp_mdr_alts *alts, const char *const *texts, bool has_field)
{
    struct dp_mdr_decode *decode = columns->decode;
    unsigned i;
    int rc = DP_OK;

    if (!has_field) {
        rc = count_columns(columns);
        memset(decode->calls, DP_MDR_MISSING, decode->decoder->sample_count);
    }
    for (i = 0; i < alts->count && !rc; i++) {
        columns->allele = alts->number[i];
        variant->alt = texts[i];
        if (has_field)
            rc = decode->decoder->field == DP_MDR_GT && columns->skip == 0 ? read_gts(columns)
                                                                           : read_columns(columns);
        if (!rc)
            rc = dp_mdr_genotypes_add(decode->part, variant, decode->calls, columns->err);
    }
    decode->counts.with_field += has_field;
    return rc;
}

int dp_mdr_decode_text_line(struct dp_mdr_decode *decode, char *line, size_t length,
                            struct dp_error *err)
{
    static const char *const names[] = {"GT", "DS", "GP"};
    struct dp_mdr_variant variant = {0};
    struct columns columns = {
        .decode = decode, .variant = &variant, .stop = line + length + 1, .err = err};
    struct dp_mdr_alts alts;
    const char *texts[DP_MDR_ALT_MAX];
    char *fixed[FIXED_COLUMNS];
    bool has_field;

    if (length == 0)
        return dp_mdr_decode_fault(decode, NULL, err, "the line is empty");
    line[length] = '\t';
    columns.begin = cut_fixed(line, line + length + 1, fixed);
    if (!columns.begin)
        return fault_columns(&columns);
    if (!*fixed[CHROM] || !read_position(fixed[POS], &variant.position))
        return dp_mdr_decode_fault(decode, NULL, err, "CHROM or POS makes no sense");
    variant.chrom = fixed[CHROM];
    variant.id = fixed[ID];
    variant.ref = fixed[REF];
    variant.passed = strcmp(fixed[FILTER], "PASS") == 0 || strcmp(fixed[FILTER], ".") == 0;
    if (!read_alts(fixed[ALT], &alts, texts))
        return dp_mdr_decode_fault(decode, &variant, err, "more than %d alternate alleles",
                                   DP_MDR_ALT_MAX);
    columns.allele_count = alts.allele_count;
    if (!dp_mdr_decode_begin(decode, &alts))
        return count_columns(&columns);
    has_field = find_format(fixed[FORMAT], names[decode->decoder->field], &columns.skip);
    return add_variants(&columns, &variant, &alts, texts, has_field);
}
