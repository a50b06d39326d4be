/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/index_commands.h"

static const char help[] =
    "Usage: dp-index build [OPTION]... OBJECT...|-\n"
    "       dp-index show [OPTION]... OBJECT|INDEX\n"
    "       dp-index verify [OPTION]... OBJECT\n"
    "Make, show and check the index of big FASTQ, VCF or text objects, plain, gzip or BGZF.\n"
    "OBJECT is a path or a file://, http(s):// or s3://BUCKET/KEY address; build also takes\n"
    "folders, prefixes (s3://BUCKET/PREFIX/), patterns ('DIR/*.gz') and @FILE, a list of these.\n"
    "\n"
    "build: read each OBJECT once and write its index. One that is still right is kept.\n"
    "  -f, --format FORMAT      fastq, vcf, bcf or text; default: found by content\n"
    "  -s, --spacing SIZE       uncompressed bytes between seek points; default: 1M\n"
    "  -o, --output INDEX       write the index here (one OBJECT); needed for '-'\n"
    "      --index-dir DIR      write it below DIR; default: $DP_INDEX_DIR, else OBJECT.dpi\n"
    "      --force              build even when there is a valid index\n"
    "      --keep-going         go on with the other objects when one fails\n"
    "      --allow-truncated    index the sound part of a damaged or truncated OBJECT\n"
    "      --backend NAME       isal or zlib; default: the fastest that is built in\n"
    "\n"
    "show: print what is known of OBJECT.\n"
    "      --json               as one JSON object on one line\n"
    "      --contigs            contigs, their lengths and records, as of bcftools index -s\n"
    "      --regions-balanced N N regions with about as many records each, which cover all\n"
    "\n"
    "verify: check the index of OBJECT, and that it is the index of these bytes.\n"
    "      --deep               decode OBJECT and compare every checksum and count\n"
    "\n"
    "show and verify:\n"
    "      --index INDEX        use this index\n"
    "\n"
    "All commands:\n"
    "  -@, --threads N          threads in all; default: 2, with several OBJECTs one for each,\n"
    "                           at most as many as there are processors\n"
    "  -q, --quiet              only say what failed\n"
    "  -v, --verbose            say more; twice: each step\n"
    DP_TOOL_HELP_COMMON("")
    "\n"
    "Exit status: 0 all is well, 1 something failed, 2 wrong usage, 3 stale or damaged index.\n";

static const struct dp_tool_command commands[] = {
    {"build", dp_index_build_run},
    {"show", dp_index_show_run},
    {"verify", dp_index_check_run},
};

int main(int argc, char **argv)
{
    struct dp_tool tool;

    dp_tool_start(&tool, "dp-index", help);
    return dp_tool_run(&tool, commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}
