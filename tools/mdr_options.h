/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The command line of dp-mdr and dp-mdr-mpi. */

#ifndef DP_TOOLS_MDR_OPTIONS_H
#define DP_TOOLS_MDR_OPTIONS_H

#include "mdr/ingest.h"
#include "mdr/phenotype.h"
#include "mdr/score.h"

#include <stdbool.h>

struct dp_tool;

enum { DP_MDR_THREADS_MAX = 256 };

struct dp_mdr_options {
    const char *vcf, *bfile, *planes; /* input */
    const char *index;
    const char *save_planes;
    enum dp_mdr_field field;
    double certainty;
    bool skip_multiallelic;

    const char *pheno;
    struct dp_mdr_phenotype_options phenotype;
    const char *fold_file, *write_folds;
    unsigned folds;
    uint64_t seed;

    bool passed_only;
    double maf, max_missing, hwe;

    unsigned order;
    uint64_t top;
    bool all;
    struct dp_mdr_threshold threshold;
    bool no_consistency, no_prune;
    uint64_t permutations;

    const char *output, *summary; /* as they were given */
    bool force;
    const char *journal;
    bool no_journal;
    double journal_seconds;
    const char *kernel;
    uint32_t tile;

    bool has_field, has_folds, has_top, has_threshold; /* given, whatever the value */
};

/* The text of --help, for the program `name`. */
extern const char dp_mdr_options_help[];

/* Reads the command line, or ends the process. */
void dp_mdr_options_read(struct dp_tool *tool, int argc, char **argv,
                         struct dp_mdr_options *options);

#endif
