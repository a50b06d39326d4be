/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tools/mdr_options.h"

#include "mdr/cohort.h"
#include "mdr/folds.h"
#include "mdr/schedule.h"
#include "tools/tool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lists of results are held in memory, one a thread. */
#define TOP_MAX          10000000
#define PERMUTATIONS_MAX 100000000

enum {
    VCF = 256,
    BFILE,
    PLANES,
    INDEX,
    SAVE_PLANES,
    FIELD,
    CERTAINTY,
    MULTIALLELIC,
    PHENO,
    PHENO_NAME,
    ZERO_ONE,
    FOLDS,
    SEED,
    FOLD_FILE,
    WRITE_FOLDS,
    PASS,
    MAF,
    MAX_MISSING,
    HWE,
    ORDER,
    TOP,
    ALL,
    THRESHOLD,
    NO_CVC,
    NO_PRUNE,
    PERMUTATIONS,
    SUMMARY,
    FORCE,
    JOURNAL,
    NO_JOURNAL,
    JOURNAL_SECONDS,
    KERNEL,
    TILE
};

static const struct dp_tool_option own[] = {
    {"vcf", VCF, true},
    {"bfile", BFILE, true},
    {"planes", PLANES, true},
    {"index", INDEX, true},
    {"save-planes", SAVE_PLANES, true},
    {"field", FIELD, true},
    {"certainty", CERTAINTY, true},
    {"multiallelic", MULTIALLELIC, true},
    {"pheno", PHENO, true},
    {"pheno-name", PHENO_NAME, true},
    {"01", ZERO_ONE, false},
    {"folds", FOLDS, true},
    {"seed", SEED, true},
    {"fold-file", FOLD_FILE, true},
    {"write-folds", WRITE_FOLDS, true},
    {"pass", PASS, false},
    {"maf", MAF, true},
    {"max-missing", MAX_MISSING, true},
    {"hwe", HWE, true},
    {"order", ORDER, true},
    {"top", TOP, true},
    {"all", ALL, false},
    {"threshold", THRESHOLD, true},
    {"no-cvc", NO_CVC, false},
    {"no-prune", NO_PRUNE, false},
    {"permutations", PERMUTATIONS, true},
    {"output", 'o', true},
    {"summary", SUMMARY, true},
    {"force", FORCE, false},
    {"journal", JOURNAL, true},
    {"no-journal", NO_JOURNAL, false},
    {"journal-seconds", JOURNAL_SECONDS, true},
    {"kernel", KERNEL, true},
    {"tile", TILE, true},
};

const char dp_mdr_options_help[] =
    "Usage: dp-mdr (--vcf OBJECT | --bfile PREFIX | --planes FILE) [--pheno FILE] -o OUT.tsv\n"
    "              [OPTION]...\n"
    "Search all pairs (or triples) of variants for those whose genotypes together tell cases from\n"
    "controls: multifactor dimensionality reduction with cross-validation. The best are listed.\n"
    "dp-mdr-mpi does the same with the ranks that mpirun or srun starts.\n"
    "\n"
    "Genotypes (local, http:// or s3://):\n"
    "      --vcf OBJECT         VCF or BCF, plain or compressed, with an index or without\n"
    "      --index INDEX        its index, where it is not beside it\n"
    "      --bfile PREFIX       PLINK: PREFIX.bed, PREFIX.bim, PREFIX.fam\n"
    "      --planes FILE        what --save-planes left; with --vcf or --bfile: if it fits\n"
    "      --save-planes FILE   keep the genotypes, packed, for later runs\n"
    "      --field NAME         take calls from GT (default), DS or GP\n"
    "      --certainty P        DS and GP: how sure a call must be; default: 0.9\n"
    "      --multiallelic HOW   split: a variant for each allele (default); skip: leave them out\n"
    "Samples:\n"
    "      --pheno FILE         classes by sample ID: .fam, .psam, .pheno or two columns; default\n"
    "                           with --bfile: PREFIX.fam\n"
    "      --pheno-name NAME    the column of a FILE with a header\n"
    "      --01                 controls are 0 and cases 1, instead of 1 and 2\n"
    "      --folds K            folds of the cross-validation, 2 to 20; default: 5\n"
    "      --seed S             deals out the folds and shuffles permutations; default: 1\n"
    "      --fold-file FILE     folds by sample ID, from 1\n"
    "      --write-folds FILE   write the folds down, in the form of --fold-file\n"
    "Variants:\n"
    "      --pass               only those whose FILTER is PASS or '.'\n"
    "      --max-missing SHARE  at most this share of missing calls; default: 1\n"
    "      --maf F              minor allele frequency at least F; default: 0\n"
    "      --hwe P              Hardy-Weinberg equilibrium in controls at least this probable\n"
    "Search:\n"
    "      --order N            combinations of N variants: 2 (default) or 3\n"
    "      --top K              list the best K; default: 1000\n"
    "      --all --threshold T  list all whose test_ba is exactly T or more\n"
    "      --no-cvc             no cross-validation consistency: faster with --top\n"
    "      --permutations P     p-values from P permutations of the classes\n"
    "Output:\n"
    "  -o, --output OUT.tsv     the table; '-': standard output\n"
    "      --summary FILE       parameters and counts as JSON; default: OUT.json\n"
    "      --force              replace files that are there\n"
    "      --journal FILE       what is done, to go on after a kill; default: OUT.tsv.journal\n"
    "      --no-journal         none\n"
    "      --journal-seconds S  how much work may be lost; default: 5\n"
    "How it is done (results do not depend on it):\n"
    "  -@, --threads N          threads; default: one for each processor\n"
    "      --kernel NAME        generic, avx2, avx512, neon or auto (default)\n"
    "      --tile N             variants of a tile; default: chosen\n"
    "      --no-prune           look at every fold of every combination\n"
    "\n"
    "  -q, --quiet              only say what failed\n"
    "  -v, --verbose            say more; twice: each step\n"
    DP_TOOL_HELP_COMMON("")
    "\n"
    "Exit status: 0 all is well, 1 something failed, 2 wrong usage, 3 a stale or damaged index or\n"
    "file of planes, or a changed object.\n";

/* What take_option fills. */
struct taking {
    const struct dp_tool *tool;
    struct dp_mdr_options *options;
};

static double real(const struct dp_tool *tool, const char *option, const char *value, double least,
                   double most)
{
    char *end;
    double number = strtod(value, &end);

    /* Written so that "nan" is refused, too. */
    if (end == value || *end || !(number >= least && number <= most))
        dp_tool_usage(tool, "%s: '%s' is not a number from %g to %g", option, value, least, most);
    return number;
}

/* A decimal number, exactly as it stands there. */
static struct dp_mdr_threshold threshold(const struct dp_tool *tool, const char *option,
                                         const char *value)
{
    uint64_t units = 0, unit = DP_MDR_THRESHOLD_ONE;
    const char *at = value;
    unsigned digits = 0;

    for (; *at >= '0' && *at <= '9' && units <= DP_MDR_THRESHOLD_ONE; at++, digits++)
        units = 10 * units + (uint64_t)(*at - '0') * unit;
    if (*at == '.') {
        for (at++; *at >= '0' && *at <= '9' && unit > 1; at++, digits++) {
            unit /= 10;
            units += (uint64_t)(*at - '0') * unit;
        }
    }
    if (*at || !digits || units > DP_MDR_THRESHOLD_ONE)
        dp_tool_usage(tool, "%s: '%s' is not a decimal number from 0 to 1 of at most %d decimals",
                      option, value, DP_MDR_THRESHOLD_DIGITS);
    return dp_mdr_threshold_make(units);
}

/* Which of the `count` words at `words` it is. */
static unsigned word(const struct dp_tool *tool, const char *option, const char *value,
                     const char *const *words, unsigned count)
{
    unsigned i;

    for (i = 0; i < count; i++)
        if (strcmp(value, words[i]) == 0)
            return i;
    dp_tool_usage(tool, "%s: '%s' is unknown; see --help", option, value);
}

/* Those of any machine: whether this one has it is found out later. */
static const char *kernel_of(const struct dp_tool *tool, const char *value)
{
    static const char *const names[] = {"generic", "avx2", "avx512", "neon", "auto"};
    unsigned i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(value, names[i]) == 0)
            return value;
    dp_tool_usage(tool, "--kernel: '%s' is not generic, avx2, avx512, neon or auto", value);
}

static bool take_genotypes(struct taking *taking, int code, const char *value)
{
    static const char *const fields[] = {"GT", "DS", "GP"}, *const ways[] = {"split", "skip"};
    struct dp_mdr_options *options = taking->options;

    switch (code) {
    case VCF:
        options->vcf = value;
        return true;
    case BFILE:
        options->bfile = value;
        return true;
    case PLANES:
        options->planes = value;
        return true;
    case INDEX:
        options->index = value;
        return true;
    case SAVE_PLANES:
        options->save_planes = value;
        return true;
    case FIELD:
        options->field = (enum dp_mdr_field)word(taking->tool, "--field", value, fields, 3);
        options->has_field = true;
        return true;
    case CERTAINTY:
        options->certainty = real(taking->tool, "--certainty", value, 0.5, 1);
        if (options->certainty <= 0.5)
            dp_tool_usage(taking->tool, "--certainty: it must be above 0.5");
        options->has_field = true;
        return true;
    case MULTIALLELIC:
        options->skip_multiallelic = word(taking->tool, "--multiallelic", value, ways, 2) == 1;
        options->has_field = true;
        return true;
    default:
        return false;
    }
}

static bool take_samples(struct taking *taking, int code, const char *value)
{
    struct dp_mdr_options *options = taking->options;

    switch (code) {
    case PHENO:
        options->pheno = value;
        return true;
    case PHENO_NAME:
        options->phenotype.column = value;
        return true;
    case ZERO_ONE:
        options->phenotype.zero_one = true;
        return true;
    case FOLDS:
        options->folds = (unsigned)dp_tool_count(taking->tool, "--folds", value, DP_MDR_MIN_FOLDS,
                                                 DP_MDR_MAX_FOLDS);
        options->has_folds = true;
        return true;
    case SEED:
        options->seed = dp_tool_count(taking->tool, "--seed", value, 0, UINT64_MAX);
        return true;
    case FOLD_FILE:
        options->fold_file = value;
        return true;
    case WRITE_FOLDS:
        options->write_folds = value;
        return true;
    default:
        return false;
    }
}

static bool take_variants(struct taking *taking, int code, const char *value)
{
    struct dp_mdr_options *options = taking->options;

    switch (code) {
    case PASS:
        options->passed_only = true;
        return true;
    case MAF:
        options->maf = real(taking->tool, "--maf", value, 0, 0.5);
        return true;
    case MAX_MISSING:
        options->max_missing = real(taking->tool, "--max-missing", value, 0, 1);
        return true;
    case HWE:
        options->hwe = real(taking->tool, "--hwe", value, 0, 1);
        return true;
    default:
        return false;
    }
}

static bool take_search(struct taking *taking, int code, const char *value)
{
    const struct dp_tool *tool = taking->tool;
    struct dp_mdr_options *options = taking->options;

    switch (code) {
    case ORDER:
        options->order = (unsigned)dp_tool_count(tool, "--order", value, 2, DP_MDR_MAX_ORDER);
        return true;
    case TOP:
        options->top = dp_tool_count(tool, "--top", value, 1, TOP_MAX);
        options->has_top = true;
        return true;
    case ALL:
        options->all = true;
        return true;
    case THRESHOLD:
        options->threshold = threshold(tool, "--threshold", value);
        options->has_threshold = true;
        return true;
    case NO_CVC:
        options->no_consistency = true;
        return true;
    case NO_PRUNE:
        options->no_prune = true;
        return true;
    case PERMUTATIONS:
        options->permutations = dp_tool_count(tool, "--permutations", value, 1, PERMUTATIONS_MAX);
        return true;
    case KERNEL:
        options->kernel = kernel_of(tool, value);
        return true;
    case TILE:
        options->tile = (uint32_t)dp_tool_count(tool, "--tile", value, 1, DP_MDR_TILE_MAX);
        return true;
    default:
        return false;
    }
}

static void take_output(struct taking *taking, int code, const char *value)
{
    struct dp_mdr_options *options = taking->options;

    switch (code) {
    case 'o':
        options->output = value;
        break;
    case SUMMARY:
        options->summary = value;
        break;
    case FORCE:
        options->force = true;
        break;
    case JOURNAL:
        options->journal = value;
        break;
    case NO_JOURNAL:
        options->no_journal = true;
        break;
    case JOURNAL_SECONDS:
        options->journal_seconds = real(taking->tool, "--journal-seconds", value, 0, 86400);
        break;
    }
}

static void take_option(void *user, int code, const char *value)
{
    struct taking *taking = user;

    if (!take_genotypes(taking, code, value) && !take_samples(taking, code, value) &&
        !take_variants(taking, code, value) && !take_search(taking, code, value))
        take_output(taking, code, value);
}

/* Options that make no sense together. */
static void check_input(const struct dp_tool *tool, const struct dp_mdr_options *options)
{
    if (options->vcf && options->bfile)
        dp_tool_usage(tool, "--vcf and --bfile: only one of them can be searched");
    if (!options->vcf && !options->bfile && !options->planes)
        dp_tool_usage(tool, "genotypes are needed: --vcf, --bfile or --planes");
    if (!options->bfile && !options->pheno)
        dp_tool_usage(tool, "--pheno is needed: who is a case and who a control");
    if (options->index && !options->vcf)
        dp_tool_usage(tool, "--index goes with --vcf");
    if (options->has_field && !options->vcf)
        dp_tool_usage(tool, "--field, --certainty and --multiallelic go with --vcf");
    if (options->planes && options->save_planes)
        dp_tool_usage(tool, "--planes and --save-planes: they are saved already");
    if (options->fold_file && options->has_folds)
        dp_tool_usage(tool, "--fold-file says how many folds there are: --folds cannot");
}

static void check_output(const struct dp_tool *tool, const struct dp_mdr_options *options)
{
    if (!options->output)
        dp_tool_usage(tool, "-o is needed: where the results go");
    if (options->has_threshold && !options->all)
        dp_tool_usage(tool, "--threshold goes with --all");
    if (options->has_top && options->all)
        dp_tool_usage(tool, "--top and --all: only one of them can be listed");
    if (options->save_planes && strcmp(options->save_planes, "-") == 0)
        dp_tool_usage(tool, "--save-planes: they go to a file, not to standard output");
    if (options->journal && strcmp(options->journal, "-") == 0)
        dp_tool_usage(tool, "--journal: it is a file, not standard output");
    if (tool->threads > DP_MDR_THREADS_MAX)
        dp_tool_usage(tool, "--threads: %u are more than %d", tool->threads, DP_MDR_THREADS_MAX);
    if (options->journal && options->no_journal)
        dp_tool_usage(tool, "--journal and --no-journal contradict each other");
}

void dp_mdr_options_read(struct dp_tool *tool, int argc, char **argv,
                         struct dp_mdr_options *options)
{
    struct taking taking = {tool, options};
    int first;

    memset(options, 0, sizeof(*options));
    options->certainty = 0.9;
    options->folds = 5;
    options->seed = 1;
    options->max_missing = 1;
    options->order = 2;
    options->top = 1000;
    options->journal_seconds = 5;
    first =
        dp_tool_options(tool, argc, argv, own, sizeof(own) / sizeof(own[0]), take_option, &taking);
    if (first < argc)
        dp_tool_usage(tool, "'%s' is not expected: genotypes are named by --vcf or --bfile",
                      argv[first]);
    check_input(tool, options);
    check_output(tool, options);
}
