/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* BCF through htslib, which checks each record before anybody looks into it. Batches of records
 * come without a header; htslib wants to see one before it takes them for BCF. */

#include "config.h"

#include "mdr/decode.h"

#ifdef HAVE_HTSLIB

#include "base/le.h"

#include <htslib/hfile.h>
#include <htslib/hts.h>
#include <htslib/hts_log.h>
#include <htslib/vcf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dp_mdr_decode_bcf {
    bcf_hdr_t *header;
    int field, pass; /* numbers of the field asked for, of PASS; negative: not in the header */
};

/* One value of a sample. */
enum kind { VALUE, MISSING, END };

struct value {
    enum kind kind;
    int64_t integer;
    double number;
};

/* The samples' values of a record. */
struct values {
    struct dp_mdr_decode *decode;
    const struct dp_mdr_variant *variant; /* for messages */
    const bcf_fmt_t *format;
    unsigned allele_count, allele;
    struct dp_error *err;
};

/* ---------------------------------------------------------------------------------- header */

/* `head` and then `bytes` as a file of htslib; NULL when that cannot be. */
static htsFile *open_bytes(const void *head, size_t head_bytes, const void *bytes, size_t length)
{
    char *copy = malloc(head_bytes + length + 1);
    hFILE *file;
    htsFile *opened = NULL;

    if (!copy)
        return NULL;
    memcpy(copy, head, head_bytes);
    if (length > 0)
        memcpy(copy + head_bytes, bytes, length);
    file = hopen("mem:", "r:", copy, head_bytes + length);
    if (!file) {
        free(copy);
        return NULL;
    }
    opened = hts_hopen(file, "memory", "r");
    if (!opened)
        hclose_abruptly(file);
    return opened;
}

int dp_mdr_decode_bcf_open(const struct dp_array *header, struct dp_mdr_decoder *decoder,
                           struct dp_error *err)
{
    static const char *const names[] = {"GT", "DS", "GP"};
    struct dp_mdr_decode_bcf *made;
    htsFile *file;

    hts_set_log_level(HTS_LOG_OFF); /* what is wrong is said by us, once */
    made = calloc(1, sizeof(*made));
    file = open_bytes(header->data, header->length, NULL, 0);
    if (!made || !file) {
        free(made);
        if (file)
            hts_close(file);
        return dp_error_no_memory(err);
    }
    made->header = bcf_hdr_read(file);
    hts_close(file);
    if (!made->header || (size_t)bcf_hdr_nsamples(made->header) != decoder->sample_count) {
        dp_mdr_decode_bcf_close(made);
        return dp_error_set(err, DP_DATA, "%s: htslib cannot read the header", decoder->name);
    }
    made->field = bcf_hdr_id2int(made->header, BCF_DT_ID, names[decoder->field]);
    made->pass = bcf_hdr_id2int(made->header, BCF_DT_ID, "PASS");
    decoder->bcf = made;
    return DP_OK;
}

void dp_mdr_decode_bcf_close(struct dp_mdr_decode_bcf *bcf)
{
    if (bcf && bcf->header)
        bcf_hdr_destroy(bcf->header);
    free(bcf);
}

/* ---------------------------------------------------------------------------------- values */

static struct value of_integer(int64_t integer, int64_t lowest)
{
    struct value value = {.integer = integer, .number = (double)integer};

    if (integer == lowest)
        value.kind = MISSING;
    else if (integer == lowest + 1)
        value.kind = END;
    return value;
}

static struct value of_float(uint32_t bits)
{
    struct value value = {.integer = -1};
    float number;

    memcpy(&number, &bits, sizeof(number));
    value.number = number;
    if (bits == bcf_float_vector_end)
        value.kind = END;
    else if (bits == bcf_float_missing || isnan(number))
        value.kind = MISSING;
    return value;
}

/* Value `i` of `sample`. */
static struct value value_at(const bcf_fmt_t *format, size_t sample, int i)
{
    const uint8_t *p = format->p + sample * (size_t)format->size;

    switch (format->type) {
    case BCF_BT_INT8:
        return of_integer((int8_t)p[i], INT8_MIN);
    case BCF_BT_INT16:
        return of_integer((int16_t)dp_le16_load(p + 2 * (size_t)i), INT16_MIN);
    case BCF_BT_INT32:
        return of_integer((int32_t)dp_le32_load(p + 4 * (size_t)i), INT32_MIN);
    default:
        return of_float(dp_le32_load(p + 4 * (size_t)i));
    }
}

static int read_gt(const struct values *values, size_t sample, const char **what)
{
    unsigned ploidy = 0, copies = 0;
    bool missing = false;
    struct value value;
    int i;

    for (i = 0; i < values->format->n; i++) {
        value = value_at(values->format, sample, i);
        if (value.kind == END)
            break;
        ploidy++;
        if (value.kind == MISSING || value.integer >> 1 == 0) {
            missing = true;
            continue;
        }
        *what = "GT names an allele that the record does not have";
        if (value.integer < 0 || (value.integer >> 1) - 1 >= values->allele_count)
            return -1;
        copies += (value.integer >> 1) - 1 == values->allele;
    }
    *what = "GT has more than two alleles";
    if (ploidy > 2)
        return -1;
    return missing || !ploidy ? DP_MDR_MISSING : (int)(ploidy == 1 ? 2 * copies : copies);
}

static int read_dosage(const struct values *values, size_t sample, const char **what)
{
    double dosage = NAN;
    struct value value = {0};
    unsigned count = 0;
    int i;

    for (i = 0; i < values->format->n; i++, count++) {
        value = value_at(values->format, sample, i);
        if (value.kind == END)
            break;
        if (count + 1 == values->allele && value.kind == VALUE)
            dosage = value.number;
    }
    if (count == 0 || (count == 1 && value_at(values->format, sample, 0).kind == MISSING))
        return DP_MDR_MISSING;
    *what = "DS has not one value for each alternate allele";
    if (count != values->allele_count - 1)
        return -1;
    return dp_mdr_decode_dosage(dosage, values->decode->decoder->certainty);
}

static int read_probabilities(const struct values *values, size_t sample, const char **what)
{
    struct dp_mdr_probabilities sums = {.allele = values->allele};
    struct value value;
    int i;

    for (i = 0; i < values->format->n; i++) {
        value = value_at(values->format, sample, i);
        if (value.kind == END)
            break;
        *what = "GP is not a probability";
        if (!dp_mdr_decode_probability(&sums, value.kind == VALUE ? value.number : NAN))
            return -1;
    }
    *what = "GP has another number of values than there are genotypes";
    return sums.count == 0 ? DP_MDR_MISSING
                           : dp_mdr_decode_probable(&sums, values->allele_count,
                                                    values->decode->decoder->certainty);
}

/* Diploid calls of one byte each, as nearly all are: a table instead of questions. */
static size_t read_short_gts(const struct values *values, size_t count)
{
    uint8_t table[256], *calls = values->decode->calls;
    const uint8_t *p = values->format->p;
    unsigned i;
    size_t sample;

    memset(table, 8, sizeof(table)); /* anything odd: 8 or more in a sum */
    for (i = 0; i < values->allele_count && i < 60; i++)
        table[2 * (i + 1)] = table[2 * (i + 1) + 1] = i == values->allele;
    table[0] = table[1] = 3; /* of two at least one is missing: 3 to 6 */
    for (sample = 0; sample < count; sample++, p += 2) {
        i = table[p[0]] + table[p[1]];
        if (i >= 8)
            break;
        calls[sample] = i >= DP_MDR_MISSING ? DP_MDR_MISSING : (uint8_t)i;
    }
    return sample;
}

/* Fills the calls of all samples. */
static int read_values(const struct values *values)
{
    const struct dp_mdr_decoder *decoder = values->decode->decoder;
    int (*read)(const struct values *, size_t, const char **) =
        decoder->field == DP_MDR_GT   ? read_gt
        : decoder->field == DP_MDR_DS ? read_dosage
                                      : read_probabilities;
    const bcf_fmt_t *format = values->format;
    bool is_short = decoder->field == DP_MDR_GT && format->type == BCF_BT_INT8 && format->n == 2;
    const char *what = NULL;
    size_t sample;
    int call;

    sample = is_short ? read_short_gts(values, decoder->sample_count) : 0;
    for (; sample < decoder->sample_count; sample++) {
        call = read(values, sample, &what);
        if (call < 0)
            return dp_mdr_decode_fault(values->decode, values->variant, values->err,
                                       "sample '%.100s': %s", decoder->samples[sample], what);
        values->decode->calls[sample] = (uint8_t)call;
    }
    return DP_OK;
}

/* --------------------------------------------------------------------------------- records */

/* The record's values of the field asked for, or NULL; *sound is false when they make no sense. */
static const bcf_fmt_t *find_format(const struct dp_mdr_decode *decode, bcf1_t *record, bool *sound)
{
    const struct dp_mdr_decoder *decoder = decode->decoder;
    const bcf_fmt_t *format =
        decoder->bcf->field < 0 ? NULL : bcf_get_fmt_id(record, decoder->bcf->field);
    bool number;

    *sound = true;
    if (!format || format->n == 0 || format->type == BCF_BT_NULL)
        return NULL;
    number = format->type == BCF_BT_INT8 || format->type == BCF_BT_INT16 ||
             format->type == BCF_BT_INT32 ||
             (format->type == BCF_BT_FLOAT && decoder->field != DP_MDR_GT);
    *sound = number && record->n_sample == decoder->sample_count &&
             (uint64_t)format->size * record->n_sample <= format->p_len;
    return format;
}

static bool find_alts(const bcf1_t *record, struct dp_mdr_alts *alts)
{
    unsigned i;

    alts->allele_count = record->n_allele;
    alts->count = 0;
    for (i = 1; i < record->n_allele; i++) {
        if (!dp_mdr_decode_is_allele(record->d.allele[i], strlen(record->d.allele[i])))
            continue;
        if (alts->count == DP_MDR_ALT_MAX)
            return false;
        alts->number[alts->count++] = (uint16_t)i;
    }
    return true;
}

static int add_variants(struct values *values, struct dp_mdr_variant *variant,
                        const struct dp_mdr_alts *alts, const bcf1_t *record)
{
    struct dp_mdr_decode *decode = values->decode;
    unsigned i;
    int rc = DP_OK;

    memset(decode->calls, DP_MDR_MISSING, decode->decoder->sample_count);
    for (i = 0; i < alts->count && !rc; i++) {
        values->allele = alts->number[i];
        variant->alt = record->d.allele[values->allele];
        if (values->format)
            rc = read_values(values);
        if (!rc)
            rc = dp_mdr_genotypes_add(decode->part, variant, decode->calls, values->err);
    }
    decode->counts.with_field += values->format != NULL;
    return rc;
}

static int decode_record(struct dp_mdr_decode *decode, bcf1_t *record, struct dp_error *err)
{
    const struct dp_mdr_decode_bcf *bcf = decode->decoder->bcf;
    struct dp_mdr_variant variant = {.position = (uint64_t)(record->pos + 1)};
    struct values values = {.decode = decode, .variant = &variant, .err = err};
    struct dp_mdr_alts alts;
    bool sound;

    if (bcf_unpack(record, BCF_UN_STR | BCF_UN_FLT | BCF_UN_FMT) != 0 || record->n_allele == 0)
        return dp_mdr_decode_fault(decode, NULL, err, "htslib cannot read it");
    variant.chrom = bcf_hdr_id2name(bcf->header, record->rid);
    if (!variant.chrom)
        return dp_mdr_decode_fault(decode, NULL, err, "the header does not have its contig");
    variant.id = record->d.id;
    variant.ref = record->d.allele[0];
    variant.passed =
        record->d.n_flt == 0 || (record->d.n_flt == 1 && record->d.flt[0] == bcf->pass);
    if (!find_alts(record, &alts))
        return dp_mdr_decode_fault(decode, &variant, err, "more than %d alternate alleles",
                                   DP_MDR_ALT_MAX);
    values.allele_count = alts.allele_count;
    if (!dp_mdr_decode_begin(decode, &alts))
        return DP_OK;
    values.format = find_format(decode, record, &sound);
    if (!sound)
        return dp_mdr_decode_fault(decode, &variant, err,
                                   "its samples are not those of the header");
    return add_variants(&values, &variant, &alts, record);
}

/* Enough for htslib to take what follows for BCF. */
static htsFile *open_records(const void *bytes, size_t length, struct dp_error *err)
{
    static const char text[] = "##fileformat=VCFv4.2\n"
                               "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    char head[9 + sizeof(text)] = "BCF\2\2";
    htsFile *file;
    bcf_hdr_t *header;

    dp_le32_store(head + 5, sizeof(text));
    memcpy(head + 9, text, sizeof(text));
    file = open_bytes(head, sizeof(head), bytes, length);
    header = file ? bcf_hdr_read(file) : NULL;
    if (!header) {
        if (file)
            hts_close(file);
        dp_error_no_memory(err);
        return NULL;
    }
    bcf_hdr_destroy(header);
    return file;
}

int dp_mdr_decode_bcf_records(struct dp_mdr_decode *decode, const void *bytes, size_t length,
                              struct dp_error *err)
{
    htsFile *file = open_records(bytes, length, err);
    bcf1_t *record = bcf_init();
    int rc = DP_OK, got;

    if (!file || !record) {
        rc = dp_error_no_memory(err);
        goto done;
    }
    while (!rc && (got = bcf_read(file, decode->decoder->bcf->header, record)) != -1) {
        if (got != 0)
            rc = dp_mdr_decode_fault(decode, NULL, err, "htslib cannot read it");
        else
            rc = decode_record(decode, record, err);
        decode->record++;
    }
done:
    if (record)
        bcf_destroy(record);
    if (file)
        hts_close(file);
    return rc;
}

#else

int dp_mdr_decode_bcf_open(const struct dp_array *header, struct dp_mdr_decoder *decoder,
                           struct dp_error *err)
{
    (void)header;
    return dp_error_set(err, DP_UNSUPPORTED,
                        "%s: reading BCF is not built in (configure --with-htslib)", decoder->name);
}

void dp_mdr_decode_bcf_close(struct dp_mdr_decode_bcf *bcf)
{
    (void)bcf;
}

int dp_mdr_decode_bcf_records(struct dp_mdr_decode *decode, const void *bytes, size_t length,
                              struct dp_error *err)
{
    (void)decode;
    (void)bytes;
    (void)length;
    return dp_error_set(err, DP_UNSUPPORTED, "reading BCF is not built in");
}

#endif
