/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* generate_cohort: cases and controls with a planted combination of variants, as VCF, PLINK files
 * and a file of phenotypes, all of one pass over the variants. */

#include "config.h"

#include "base/size.h"
#include "datasets/population.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_HTSLIB
#include <htslib/bgzf.h>
#endif

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct request {
    struct dp_population_options population;
    const char *vcf, *bfile, *phenotypes, *plant;
    double heritability, prevalence, model_maf;
    uint64_t threads;
    bool cases_given, reversed;
};

struct outputs {
    FILE *vcf, *bed, *bim, *fam, *phenotypes;
#ifdef HAVE_HTSLIB
    BGZF *packed;
#endif
};

static void print_usage(FILE *to)
{
    const char *name;
    size_t i;

    fputs("usage: generate_cohort [OPTION...] (--vcf FILE | --bfile PREFIX | --pheno FILE)...\n"
          "Writes a synthetic cohort; the same arguments give the same data everywhere.\n"
          "  --vcf FILE        VCF, with BGZF when the name ends in .gz; - is stdout\n"
          "  --bfile PREFIX    PREFIX.bed, PREFIX.bim and PREFIX.fam\n"
          "  --pheno FILE      sample and class, 1 or 2, separated by a tab\n"
          "  --samples N       (1000)    --cases N  of them (half)    --variants N  (100)\n"
          "  --maf LOW[,HIGH]  allele frequencies, spread evenly (0.05,0.5)\n"
          "  --missing SHARE   of calls (0)          --seed N  (1)\n"
          "  --model NAME      of the planted combination; or a table of 9 or 27 risks for\n"
          "                    --model-maf; or `pure`: no effect of one variant alone, by\n"
          "                    --heritability, --model-maf and, if you like, --prevalence\n"
          "  --plant I,J[,K]   numbers of the planted variants, from 1 (1/3 and 2/3 of all)\n"
          "  --gametes         20 variants, 800 cases and 800 controls, pure, heritability 0.4,\n"
          "                    frequency 0.2: the published two-way model\n"
          "  --reverse         the variants in reverse order, at the same places\n"
          "  -@ N              threads that compress (1)\n"
          "models:",
          to);
    for (i = 0; (name = dp_penetrance_name(i)); i++)
        fprintf(to, " %s", name);
    fputs(" pure none\n", to);
}

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "generate_cohort: %s '%s'; see generate_cohort --help\n", what, value);
    return EXIT_USAGE;
}

/* ------------------------------------------------------------------------------- options */

/* One to `room` numbers with commas between them; how many, 0 when the text is something else. */
static size_t read_numbers(const char *text, double *numbers, size_t room)
{
    size_t count = 0;
    char *end;

    while (count < room) {
        numbers[count++] = strtod(text, &end);
        if (end == text || (*end != ',' && *end != '\0'))
            return 0;
        if (*end == '\0')
            return count;
        text = end + 1;
    }
    return 0;
}

static bool read_size(const char *text, size_t *size)
{
    uint64_t count;

    if (!dp_count_parse(text, &count) || count > UINT32_MAX)
        return false;
    *size = count;
    return true;
}

static bool read_frequencies(const char *text, struct dp_population_options *options)
{
    double numbers[2];
    size_t count = read_numbers(text, numbers, 2);

    options->maf_low = numbers[0];
    options->maf_high = numbers[count == 2];
    return count > 0;
}

static void be_gametes(struct request *request)
{
    request->population.samples = 1600;
    request->population.variants = 20;
    request->population.maf_low = 0.05;
    request->population.maf_high = 0.5;
    request->heritability = 0.4;
    request->model_maf = 0.2;
    request->population.penetrance.order = 0;
}

static bool read_model(const char *text, struct request *request)
{
    struct dp_penetrance *table = &request->population.penetrance;

    request->heritability = 0;
    table->order = 0;
    if (strcmp(text, "pure") == 0)
        request->heritability = 0.4;
    else if (strcmp(text, "none") != 0)
        return dp_penetrance_named(text, table) || dp_penetrance_parse(text, table);
    return true;
}

/* False: the value is none. */
static bool take_option(int option, const char *value, struct request *request)
{
    struct dp_population_options *population = &request->population;

    switch (option) {
    case 'v':
        request->vcf = value;
        return true;
    case 'b':
        request->bfile = value;
        return true;
    case 'p':
        request->phenotypes = value;
        return true;
    case 'i':
        request->plant = value;
        return true;
    case 'n':
        return read_size(value, &population->samples);
    case 'c':
        return request->cases_given = read_size(value, &population->cases);
    case 'm':
        return read_size(value, &population->variants);
    case 's':
        return dp_count_parse(value, &population->seed);
    case '@':
        return dp_count_parse(value, &request->threads) && request->threads <= 64;
    case 'f':
        return read_frequencies(value, population);
    case 'l':
        return read_numbers(value, &population->missing, 1) == 1;
    case 'q':
        return read_numbers(value, &request->model_maf, 1) == 1;
    case 'h':
        return read_numbers(value, &request->heritability, 1) == 1;
    case 'k':
        return read_numbers(value, &request->prevalence, 1) == 1;
    case 'o':
        return read_model(value, request);
    case 'g':
        be_gametes(request);
        return true;
    default:
        return request->reversed = true;
    }
}

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct request *request)
{
    static const struct option names[] = {
        {"vcf", required_argument, NULL, 'v'},
        {"bfile", required_argument, NULL, 'b'},
        {"pheno", required_argument, NULL, 'p'},
        {"plant", required_argument, NULL, 'i'},
        {"samples", required_argument, NULL, 'n'},
        {"cases", required_argument, NULL, 'c'},
        {"variants", required_argument, NULL, 'm'},
        {"seed", required_argument, NULL, 's'},
        {"maf", required_argument, NULL, 'f'},
        {"missing", required_argument, NULL, 'l'},
        {"model-maf", required_argument, NULL, 'q'},
        {"model", required_argument, NULL, 'o'},
        {"heritability", required_argument, NULL, 'h'},
        {"prevalence", required_argument, NULL, 'k'},
        {"gametes", no_argument, NULL, 'g'},
        {"reverse", no_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'H'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "@:", names, NULL)) != -1) {
        if (option == 'H') {
            print_usage(stdout);
            return EXIT_OK;
        }
        if (option == '?')
            return EXIT_USAGE;
        if (!take_option(option, optarg, request))
            return usage_error("not a good value:", optarg);
    }
    if (optind < argc)
        return usage_error("what is", argv[optind]);
    if (request->vcf || request->bfile || request->phenotypes)
        return -1;
    print_usage(stderr);
    return EXIT_USAGE;
}

/* What the options leave open. */
static int complete(struct request *request)
{
    struct dp_population_options *population = &request->population;
    struct dp_penetrance *table = &population->penetrance;
    double numbers[3];
    unsigned which;

    if (!request->cases_given)
        population->cases = population->samples / 2;
    if (request->heritability > 0 &&
        !dp_penetrance_pure(request->model_maf > 0 ? request->model_maf : 0.2,
                            request->heritability, request->prevalence, table))
        return usage_error("there is no pure table with this", "--heritability");
    if (request->model_maf > 0)
        table->maf = request->model_maf;
    if (table->order && !(table->maf > 0 && table->maf < 1))
        return usage_error("a table of risks needs", "--model-maf");
    for (which = 0; which < table->order; which++)
        population->planted[which] = population->variants * (which + 1) / (table->order + 1);
    if (!request->plant)
        return -1;
    if (read_numbers(request->plant, numbers, 3) != table->order)
        return usage_error("not the numbers of the model's variants:", request->plant);
    for (which = 0; which < table->order; which++) {
        if (!(numbers[which] >= 1 && numbers[which] <= UINT32_MAX))
            return usage_error("not the numbers of the model's variants:", request->plant);
        population->planted[which] = (size_t)numbers[which] - 1;
    }
    return -1;
}

/* ------------------------------------------------------------------------------- writing */

static bool open_file(const char *prefix, const char *suffix, FILE **file)
{
    char *name;

    if (strcmp(prefix, "-") == 0 && !*suffix) {
        *file = stdout;
        return true;
    }
    if (asprintf(&name, "%s%s", prefix, suffix) < 0)
        return false;
    *file = fopen(name, "w");
    if (!*file)
        fprintf(stderr, "generate_cohort: %s: %s\n", name, strerror(errno));
    free(name);
    return *file != NULL;
}

static bool open_vcf(const struct request *request, struct outputs *outputs)
{
    size_t length = strlen(request->vcf);

    if (length < 3 || strcmp(request->vcf + length - 3, ".gz") != 0)
        return open_file(request->vcf, "", &outputs->vcf);
#ifdef HAVE_HTSLIB
    outputs->packed = bgzf_open(request->vcf, "w1");
    if (outputs->packed && request->threads > 1)
        bgzf_mt(outputs->packed, (int)request->threads, 64);
    if (outputs->packed)
        return true;
    fprintf(stderr, "generate_cohort: %s: %s\n", request->vcf, strerror(errno));
#else
    fprintf(stderr, "generate_cohort: %s: built without htslib\n", request->vcf);
#endif
    return false;
}

static bool open_outputs(const struct request *request, struct outputs *outputs)
{
    return (!request->vcf || open_vcf(request, outputs)) &&
           (!request->phenotypes || open_file(request->phenotypes, "", &outputs->phenotypes)) &&
           (!request->bfile || (open_file(request->bfile, ".bed", &outputs->bed) &&
                                open_file(request->bfile, ".bim", &outputs->bim) &&
                                open_file(request->bfile, ".fam", &outputs->fam)));
}

/* Files tell at fclose what went wrong with any write before. */
static bool close_file(FILE *file)
{
    bool failed;

    if (!file)
        return true;
    failed = ferror(file);
    return fclose(file) == 0 && !failed;
}

static bool close_outputs(struct outputs *outputs)
{
    bool ok = close_file(outputs->vcf);

    ok = close_file(outputs->bed) && ok;
    ok = close_file(outputs->bim) && ok;
    ok = close_file(outputs->fam) && ok;
    ok = close_file(outputs->phenotypes) && ok;
#ifdef HAVE_HTSLIB
    if (outputs->packed)
        ok = bgzf_close(outputs->packed) == 0 && ok;
#endif
    return ok;
}

static bool put(FILE *file, const void *bytes, size_t length)
{
    return !file || fwrite(bytes, 1, length, file) == length;
}

static bool put_vcf(struct outputs *outputs, const char *text, size_t length)
{
#ifdef HAVE_HTSLIB
    if (outputs->packed)
        return bgzf_write(outputs->packed, text, length) == (ssize_t)length;
#endif
    return put(outputs->vcf, text, length);
}

static bool put_samples(const struct dp_population *population, size_t count,
                        struct outputs *outputs)
{
    char line[DP_POPULATION_LINE];
    size_t i;

    for (i = 0; i < count; i++)
        if (!put(outputs->fam, line, (size_t)(dp_population_fam(population, i, line) - line)) ||
            !put(outputs->phenotypes, line,
                 (size_t)(dp_population_phenotype(population, i, line) - line)))
            return false;
    return true;
}

/* Variant `at` gets the calls of `variant`, another one when the order is reversed. */
static bool put_variant(const struct dp_population *population, size_t at, size_t variant,
                        size_t samples, struct outputs *outputs, uint8_t *calls, char *text)
{
    static const uint8_t magic[3] = {0x6c, 0x1b, 1}; /* a row is a variant */
    char *end;

    dp_population_row(population, variant, calls);
    if (outputs->bed) {
        if (at == 0 && !put(outputs->bed, magic, sizeof(magic)))
            return false;
        dp_population_bed(population, calls, (uint8_t *)text);
        if (!put(outputs->bed, text, (samples + 3) / 4))
            return false;
        end = dp_population_bim(population, at, text);
        if (!put(outputs->bim, text, (size_t)(end - text)))
            return false;
    }
    end = dp_population_vcf_record(population, at, calls, text);
    return put_vcf(outputs, text, (size_t)(end - text));
}

static bool put_all(const struct dp_population *population, const struct request *request,
                    struct outputs *outputs)
{
    size_t samples = request->population.samples, count = request->population.variants, i;
    size_t header = dp_population_vcf_header_room(population);
    size_t record = dp_population_vcf_record_room(population);
    char *text = malloc(header > record ? header : record), *end;
    uint8_t *calls = malloc(samples);
    bool ok = text && calls;

    if (ok) {
        end = dp_population_vcf_header(population, text);
        ok = put_vcf(outputs, text, (size_t)(end - text)) &&
             put_samples(population, samples, outputs);
    }
    for (i = 0; ok && i < count && (request->vcf || request->bfile); i++)
        ok = put_variant(population, i, request->reversed ? count - 1 - i : i, samples, outputs,
                         calls, text);
    free(text);
    free(calls);
    return ok;
}

int main(int argc, char **argv)
{
    struct request request = {.population = {.seed = 1,
                                             .samples = 1000,
                                             .variants = 100,
                                             .maf_low = 0.05,
                                             .maf_high = 0.5},
                              .prevalence = -1,
                              .threads = 1};
    struct outputs outputs = {0};
    struct dp_population *population;
    const char *problem;
    bool ok;
    int status = read_options(argc, argv, &request);

    if (status < 0)
        status = complete(&request);
    if (status >= 0)
        return status;
    if (!dp_population_new(&request.population, &population, &problem)) {
        fprintf(stderr, "generate_cohort: %s\n", problem);
        return EXIT_USAGE;
    }
    errno = 0;
    ok = open_outputs(&request, &outputs) && put_all(population, &request, &outputs);
    ok = close_outputs(&outputs) && ok;
    dp_population_free(population);
    if (!ok)
        fprintf(stderr, "generate_cohort: %s\n", strerror(errno ? errno : EIO));
    return ok ? EXIT_OK : EXIT_FAILED;
}
