/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/slice_commands.h"

static const char help[] =
    "Usage: dp-slice plan (-n N | --records R | --bytes SIZE | --bases B) [OPTION]... OBJECT...\n"
    "       dp-slice plan (--region R... | --bed FILE | --window BP | --by contig) [-n N]\n"
    "                     [OPTION]... OBJECT\n"
    "       dp-slice fetch [OPTION]... MANIFEST|-\n"
    "       dp-slice fetch [OPTION]... --slice JSON\n"
    "       dp-slice check [OPTION]... MANIFEST|-\n"
    "Cut an indexed object into slices, fetch slices, and check that they make the object.\n"
    "A manifest holds one slice a line; every line can be fetched by itself, anywhere.\n"
    "\n"
    "plan: print a manifest. Nothing of OBJECT but its first and last bytes is read. OBJECT may\n"
    "be a folder, prefix (s3://BUCKET/PREFIX/), pattern ('DIR/*.gz') or @FILE, a list of these.\n"
    "  -n, --parts N            N slices of equal size\n"
    "      --by UNIT            with -n: equal in records (default), bytes or bases\n"
    "      --records R          slices of R records\n"
    "      --overlap K          let each slice begin with the last K records of those before\n"
    "      --bytes SIZE         slices of SIZE uncompressed bytes, such as 8M\n"
    "      --bases B            slices of B bases\n"
    "      --paired             OBJECTs are mates, R1 R2: cut both at the same records\n"
    "      --span               slices may go from one object into the next\n"
    "      --keep-going         leave out objects that fail instead of making no plan\n"
    "      --inline             let slices carry what they need of the index\n"
    "      --allow-signed       keep the signature of a presigned URL in the slices\n"
    "      --presign SECONDS    let slices of an s3:// object name presigned URLs, which workers\n"
    "                           without credentials can fetch for so long\n"
    "      --summary            print figures of the plan on standard error\n"
    "  -o, --output MANIFEST    write the manifest here\n"
    "  VCF and BCF (without an index of ours a .tbi or .csi serves):\n"
    "      --region REGION      records that overlap CHR:BEG-END, as of bcftools view -r\n"
    "      --bed FILE           records that overlap those of FILE, as of bcftools view -R\n"
    "      --window BP          windows of BP bases, each record in one by its position\n"
    "      --by contig          a slice for each contig; all four: with -n they are shared out\n"
    "      --contig CHR         only the records of this contig\n"
    "      --samples LIST|FILE  only these samples' columns; '^' in front: all others\n"
    "\n"
    "fetch: print the bytes of all slices, in the order of the manifest.\n"
    "      --only K[,K-L...]    only the slices of these numbers\n"
    "      --partial            the manifest may be a part of a plan, in any order\n"
    "      --slice JSON         this slice; no manifest is read\n"
    "  -o, --output FILE        write to FILE, which appears when everything was checked\n"
    "      --output-dir DIR     write a file for each slice into DIR\n"
    "      --name TEMPLATE      its name: {number}, {id}, {format}, {output} are replaced;\n"
    "                           default: slice-{number}.fastq, .vcf or .txt, with .gz for -z;\n"
    "                           mates: slice-{number}_R1.fastq and slice-{number}_R2.fastq\n"
    "      --interleave         mates as one stream: R1, R2, R1, R2, ...\n"
    "      --resume             with --output-dir: skip the slices that are there\n"
    "      --exec CMD           run CMD by the shell for each slice, the bytes on its standard\n"
    "                           input, DP_SLICE_NUMBER, DP_SLICE_COUNT and DP_SLICE_ID set\n"
    "  -z, --bgzf               compress what is written as BGZF\n"
    "\n"
    "check: prove that the slices of MANIFEST tile the object as its index says.\n"
    "      --deep               fetch all slices and compare their checksums and counts\n"
    "\n"
    "All commands:\n"
    "      --index INDEX        use this index (plan: also a .tbi or .csi)\n"
    "  -@, --threads N          threads in all; default: 1\n"
    "  -q, --quiet              only say what failed\n"
    "  -v, --verbose            say more; twice: each step\n"
    DP_TOOL_HELP_COMMON(" (fetch and check; plan: AWS_REGION)")
    "\n"
    "Exit status: 0 all is well, 1 something failed, 2 wrong usage, 3 a stale or damaged index or\n"
    "manifest or a changed object; with --exec, that of the first CMD that failed.\n";

static const struct dp_tool_command commands[] = {
    {"plan", dp_slice_plan_run},
    {"fetch", dp_slice_fetch_run},
    {"check", dp_slice_check_run},
};

int main(int argc, char **argv)
{
    struct dp_tool tool;

    dp_tool_start(&tool, "dp-slice", help);
    return dp_tool_run(&tool, commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}
