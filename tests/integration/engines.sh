#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Anything that hands out lines can run slices: xargs, GNU parallel, a Slurm array, Dask. Each fetches
# every slice of one plan; together the slices are the object, and a slice that fails makes its task
# fail.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for command in xargs parallel sbatch munged /usr/bin/dask-scheduler; do
    command -v "$command" >/dev/null || cannot "$command is not installed"
done

mkdir -p "$work/objects"
/usr/bin/python3 "$top/tests/integration/objects.py" "$work/objects" >/dev/null || cannot "objects.py failed"
object=$work/objects/reads.fastq.gz
want=$(zcat "$object" | sum_of)
dp-index build -q "$object" || cannot "no index"
dp-slice plan -n 12 "$object" >"$work/manifest" || cannot "no plan"
sed 's/"check":"...../"check":"00000/' "$work/manifest" >"$work/broken"

# together NAME FOLDER: the files of FOLDER in order of their names are the object.
together() {
    same "$1: number of slices" "$(find "$2" -type f | wc -l)" 12
    same "$1: bytes" "$(cat "$2"/* | sum_of)" "$want"
}

# --- xargs
mkdir "$work/xargs"
# shellcheck disable=SC2016 # the inner shell's
seq 12 | xargs -P 2 -I {} sh -c 'dp-slice fetch -q --only {} -o "$0/$(printf %03d {})" "$1"' \
    "$work/xargs" "$work/manifest" || fail "xargs"
together xargs "$work/xargs"
tr '\n' '\0' <"$work/broken" | xargs -0 -P 2 -I LINE dp-slice fetch -q --slice LINE >/dev/null 2>&1
same "xargs: exit status of bad lines" "$?" 123

# --- GNU parallel: a line is an argument
mkdir "$work/parallel"
# shellcheck disable=SC2016 # the inner shell's
parallel --will-cite -j 2 -k 'dp-slice fetch -q --slice {} -o '"$work"'/parallel/$(printf %03d {#})' \
    <"$work/manifest" || fail "parallel"
together parallel "$work/parallel"
parallel --will-cite -j 2 'dp-slice fetch -q --slice {}' <"$work/broken" >/dev/null 2>&1
same "parallel: failed jobs" "$?" 12

# --- a Slurm array: task K takes line K
mkdir "$work/array"
serve slurm
cat >"$work/task" <<END
#!/bin/bash
exec dp-slice fetch -q --only "\$SLURM_ARRAY_TASK_ID" \\
    -o "$work/array/\$(printf %03d "\$SLURM_ARRAY_TASK_ID")" "\${1:-$work/manifest}"
END
timeout 400 sbatch --quiet --wait --export=ALL --array=1-12 --output=/dev/null --chdir="$work" "$work/task" ||
    fail "sbatch --array"
together slurm "$work/array"
timeout 400 sbatch --quiet --wait --export=ALL --array=1-2 --output=/dev/null --chdir="$work" "$work/task" "$work/broken"
check "slurm: bad lines fail their tasks" test "$?" != 0
"$servers/stop.sh" "$work/slurm"

# --- Dask: the lines are the tasks
serve dask
timeout 400 /usr/bin/python3 - "$work/manifest" "$work/broken" "$DASK_SCHEDULER" \
    >"$work/results" 2>"$work/words" <<'END'
import hashlib
import subprocess
import sys

from distributed import Client


def fetch(line):
    done = subprocess.run(["dp-slice", "fetch", "-q", "--slice", line], stdout=subprocess.PIPE)
    return done.returncode, done.stdout


client = Client(sys.argv[3])
results = client.gather(client.map(fetch, open(sys.argv[1]).read().splitlines()))
print(hashlib.sha256(b"".join(data for _, data in results)).hexdigest(), max(code for code, _ in results))
results = client.gather(client.map(fetch, open(sys.argv[2]).read().splitlines()))
print(min(code for code, _ in results))
END
same "dask: bytes and exit status" "$(sed -n 1p "$work/results")" "$want 0"
same "dask: exit status of bad lines" "$(sed -n 2p "$work/results")" 3
"$servers/stop.sh" "$work/dask"

summary
