#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# dp-mdr-mpi under Open MPI, MPICH and Slurm: the bytes of dp-mdr for any number of ranks and threads,
# after kills, a SIGTERM and a restart with other ranks; each slice fetched once a machine; what is
# wrong said once.
#
# usage: mdr-mpi.sh [OTHER_BUILD]. DP_BUILD_DIR has one MPI, OTHER_BUILD (if given) the other one.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for program in bcftools bgzip /usr/bin/python3; do
    command -v "$program" >/dev/null || cannot "$program is not installed"
done
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
cd "$work" || exit 1

# which_mpi BUILD: openmpi or mpich, whichever the build has.
which_mpi() { sed -n 's/^MPI_LIBS = .*\(openmpi\|mpich\).*/\1/p' "$1/Makefile"; }

# ranks N COMMAND...: the command by N ranks of the MPI at hand.
ranks() {
    local count=$1
    shift
    case $mpi in
    openmpi) timeout 600 mpirun.openmpi --oversubscribe -n "$count" "$@" </dev/null ;;
    mpich) timeout 600 mpirun.mpich -n "$count" "$@" </dev/null ;;
    esac
}

# ------------------------------------------------------------------------------------- data

"$build/datasets/generate_cohort" --samples 260 --cases 100 --variants 400 --missing 0.02 --seed 5 \
    --model xor-strong --plant 37,301 --vcf c.vcf.gz --pheno p.tsv || cannot "no cohort"
dp-index build -q -s 16K c.vcf.gz || cannot "no index"
ln c.vcf.gz plain.vcf.gz # without an index
input=(--vcf c.vcf.gz --pheno p.tsv --tile 16)
"$build/dp-mdr" -q "${input[@]}" -o want.tsv || cannot "dp-mdr failed"
"$build/dp-mdr" -q "${input[@]}" --all --threshold 0.53 -o want-all.tsv || cannot "dp-mdr --all failed"
"$build/dp-mdr" -q "${input[@]}" --permutations 20 -o want-p.tsv || cannot "dp-mdr --permutations failed"

# Dosages and probabilities: the judge is the brute force of tests/mdr_oracle.py.
"$top/tests/integration/mdr_dosages.py" 400 60 7 | bgzip >d.vcf.gz || cannot "no dosages"
awk 'BEGIN { for (i = 0; i < 400; i++) print "p" i "\t" 1 + (i % 4 == 0) }' >dp.tsv
bcftools view --no-version -O b -o d.bcf d.vcf.gz || cannot "no dosages in BCF"
for name in d.vcf.gz d.bcf; do dp-index build -q -s 16K $name || cannot "no index of $name"; done
for field in DS GP; do
    "$top/tests/mdr_oracle.py" --vcf d.vcf.gz --pheno dp.tsv --field $field --folds 4 --seed 3 >judged-$field.tsv ||
        cannot "no brute force"
    "$build/dp-mdr" -q --vcf d.vcf.gz --pheno dp.tsv --field $field --folds 4 --seed 3 --all --tile 16 \
        -o want-$field.tsv || cannot "dp-mdr --field $field failed"
done

# Enough to read, little to search: most variants go by their frequency.
"$build/datasets/generate_cohort" --samples 1000 --variants 60000 --seed 7 --vcf big.vcf.gz --pheno big.tsv ||
    cannot "no cohort"
dp-index build -q big.vcf.gz || cannot "no index"

# A search of some seconds, so that there is something to interrupt.
"$build/datasets/generate_cohort" --samples 260 --cases 100 --variants 420 --missing 0.02 --seed 6 \
    --vcf l.vcf.gz --pheno lp.tsv || cannot "no cohort"
long=(--vcf l.vcf.gz --pheno lp.tsv --tile 8 --order 3 --kernel generic --no-cvc)
"$build/dp-mdr" -q "${long[@]}" -o want-long.tsv || cannot "dp-mdr --order 3 failed"
long+=(--journal-seconds 0.1 -@1)

# as_wanted NAME WANT OPTION...: dp-mdr-mpi by $count ranks gives those bytes.
as_wanted() {
    local name=$1 want=$2
    shift 2
    ranks "$count" "$program" -q "${input[@]}" -o have.tsv --force "$@" 2>err ||
        { fail "$name: exit $?: $(head -c 300 err)"; return; }
    check "$name: table" cmp -s "$want.tsv" have.tsv
    check "$name: summary" cmp -s "$want.json" have.json
    check "$name: no journal is left" test -z "$(ls have.tsv.journal* 2>/dev/null)"
    rm -f have.tsv have.json
}

# lines_of TEXT: how often it stands in err.
lines_of() { grep -c -- "$1" err; }

# ------------------------------------------------------------------- the same bytes, any team

same_bytes() {
    local count threads
    for count in 1 2 3; do
        ranks "$count" "$1/tests/mdr_ranks" "$count" >out 2>&1
        same "$mpi: what a team promises, $count ranks" "$(grep -c '^ok: ' out)" 7
        check "$mpi: $count ranks" grep -q "^$count ranks, $count on a node" out
        for threads in 1 2; do
            as_wanted "$mpi: $count ranks of $threads threads" want -@ "$threads"
        done
        as_wanted "$mpi: --all, $count ranks" want-all --all --threshold 0.53 -@1
        as_wanted "$mpi: permutations, $count ranks" want-p --permutations 20 -@1
    done
    ranks 2 "$program" -q --vcf plain.vcf.gz --pheno p.tsv --tile 16 -o have.tsv 2>err
    check "$mpi: without an index" cmp -s want.tsv have.tsv
    rm -f have.tsv have.json
}

# As many ranks as you like against the brute force, which is told nothing of them.
dosages() {
    local count field file
    for field in DS GP; do
        for count in 1 2 3; do
            for file in d.vcf.gz d.bcf; do
                ranks "$count" "$program" -q --vcf $file --pheno dp.tsv --field $field --folds 4 --seed 3 --all --tile 16 \
                    -@1 -o have.tsv --force 2>err || fail "$mpi: $field of $file: $(head -c 300 err)"
                check "$mpi: $field of $file, $count ranks: as dp-mdr" cmp -s want-$field.tsv have.tsv
                check "$mpi: $field of $file, $count ranks: as by brute force" \
                    "$top/tests/integration/mdr_compare.py" have.tsv judged-$field.tsv
                rm -f have.tsv have.json
            done
        done
    done
}

# ------------------------------------------------------------ each slice once on this machine

# The bytes that all ranks together read of the objects.
bytes_read() { cat stats stats.* 2>/dev/null | tr ',' '\n' | sed -n 's/.*"read_bytes":\([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n }'; }

fetched_once() {
    local alone together size
    size=$(stat -c %s big.vcf.gz)
    for count in 1 3; do
        rm -f have.* stats stats.*
        ranks $count "$program" -q --vcf big.vcf.gz --pheno big.tsv --maf 0.49 -@1 -o have.tsv --stats stats 2>err ||
            fail "$mpi: $(head -c 300 err)"
        [ $count = 3 ] || alone=$(bytes_read)
    done
    together=$(bytes_read)
    check "$mpi: stats of each rank" test -s stats -a -s stats.1 -a -s stats.2
    echo "$mpi: of a VCF of $size bytes, one rank read $alone, three ranks $together"
    # Three slices a rank: one that is fetched twice is a ninth more. Neighbours share what lies
    # between two seek points, a 24th of a slice, and each rank reads the index: 8 % in all.
    check "$mpi: each slice is fetched once" test $((together * 100)) -le $((size * 109))
    rm -f have.* stats stats.*
}

# ------------------------------------------------------------------------ ends and restarts

# Bytes of all journals.
journalled() { cat long.tsv.journal* 2>/dev/null | wc -c; }

# until_journal BYTES: waits until there are more in the journals; false when that takes too long.
until_journal() {
    local _
    for _ in $(seq 4000); do
        [ "$(journalled)" -le "$1" ] || return 0
        sleep 0.05
    done
    return 1
}

# ids_of_ranks: the processes of $program that work for this script.
ids_of_ranks() {
    local id
    for id in $(pgrep -f -- "-o long.tsv"); do
        [ "$(readlink "/proc/$id/exe")" = "$(readlink -f "$program")" ] && [ "$(readlink "/proc/$id/cwd")" = "$work" ] && echo "$id"
    done
}

no_ranks() { [ -z "$(ids_of_ranks)" ]; }
some_ranks() { [ -n "$(ids_of_ranks)" ]; }

restarts() {
    local round left before
    rm -f long.*
    for round in 3 1 2; do # ranks; kill one of them
        before=$(journalled)
        set -m
        ranks "$round" "$program" -q "${long[@]}" -o long.tsv >/dev/null 2>&1 &
        set +m
        until_journal "$before" || { fail "$mpi: no journal of $round ranks"; return; }
        sleep "0.$((RANDOM % 4))"
        left=$(ids_of_ranks | shuf -n 1)
        kill -9 "$left" 2>/dev/null
        wait $! 2>/dev/null
        check "$mpi: a kill of one of $round ranks ends all" soon no_ranks
        check "$mpi: nothing is written after a kill" test ! -e long.tsv
    done
    before=$(journalled)
    set -m
    ranks 2 "$program" -q "${long[@]}" -o long.tsv >/dev/null 2>err &
    set +m
    until_journal "$before" || { fail "$mpi: no journal"; return; }
    for left in $(ids_of_ranks); do kill -TERM "$left"; done
    wait $! 2>/dev/null
    check "$mpi: SIGTERM ends all ranks" soon no_ranks
    check "$mpi: SIGTERM leaves the journal" test -s long.tsv.journal
    check "$mpi: SIGTERM writes no table" test ! -e long.tsv
    # Another search must not take it over.
    ranks 2 "$program" -q "${long[@]}" --seed 9 -o long.tsv >/dev/null 2>err
    check "$mpi: a journal of another run is refused" test "$(lines_of 'dp-mdr-mpi: .*long.tsv.journal')" = 1
    check "$mpi: and is left as it is" test -s long.tsv.journal
    ranks 3 "$program" "${long[@]}" -o long.tsv >/dev/null 2>err
    check "$mpi: it goes on" test "$(lines_of 'going on: [1-9][0-9]* of')" = 1
    check "$mpi: to the same bytes" cmp -s want-long.tsv long.tsv
    check "$mpi: no journal is left" test -z "$(ls long.tsv.journal* 2>/dev/null)"
}

# killed_often KILLS: a rank is killed at any moment of a run by 1 to 3 of them, while MPI starts, inputs
# are read, combinations searched, results written; the next run goes on. When one comes through, it is
# looked at, and all begins anew.
killed_often() {
    local kills=0 rounds=0 victim status
    rm -f long.*
    until [ "$kills" -ge "$1" ] && [ -e long.tsv ]; do
        rounds=$((rounds + 1))
        [ "$rounds" -le $((4 * $1)) ] || { fail "$mpi: $kills kills in $rounds rounds"; return; }
        [ ! -e long.tsv ] || rm -f long.*
        set -m
        ranks $((1 + RANDOM % 3)) "$program" -q "${long[@]}" -o long.tsv >/dev/null 2>err &
        set +m
        victim=
        if [ "$kills" -lt "$1" ]; then
            soon some_ranks
            sleep "$((RANDOM % 2)).$((RANDOM % 10))$((RANDOM % 10))"
            victim=$(ids_of_ranks | shuf -n 1)
            if [ -n "$victim" ] && kill -9 "$victim" 2>/dev/null; then kills=$((kills + 1)); else victim=; fi
        fi
        wait $! 2>/dev/null
        status=$?
        check "$mpi: kill $kills: no rank is left" soon no_ranks
        [ -n "$victim" ] || same "$mpi: after $kills kills: $(head -c 300 err): exit" $status 0
        [ ! -e long.tsv ] || check "$mpi: after $kills kills: the same bytes" cmp -s want-long.tsv long.tsv
        [ -e long.tsv ] || [ -n "$victim" ] || { fail "$mpi: no table"; return; }
    done
    same "$mpi: kills" "$kills" "$1"
    echo "$mpi: $kills kills in $rounds runs"
    rm -f long.*
}

# ---------------------------------------------------------------------------------- errors

# one_message NAME PATTERN OPTION...: 3 ranks fail and say it once.
one_message() {
    local name=$1 pattern=$2
    shift 2
    ranks 3 "$program" "$@" -o bad.tsv >out 2>err && fail "$mpi: $name: no failure"
    same "$mpi: $name" "$(lines_of "^dp-mdr-mpi: .*$pattern")" 1
    same "$mpi: $name: once" "$(lines_of '^dp-mdr-mpi: ')" "${lines:-1}"
    check "$mpi: $name: nothing is written" test ! -e bad.tsv
}

errors() {
    printf 'x1\t1\nx2\t2\n' >strangers.tsv
    sed 's/2$/1/' p.tsv >controls.tsv
    head -c 20000 c.vcf.gz >cut.vcf.gz
    head -c 3000 p.tsv >short.tsv
    one_message "phenotypes of strangers" "none of its 2 IDs" -q --vcf c.vcf.gz --pheno strangers.tsv
    one_message "one class" "no case among" -q --vcf c.vcf.gz --pheno controls.tsv
    one_message "a truncated VCF" "cut.vcf.gz" -q --vcf cut.vcf.gz --pheno p.tsv
    one_message "an object that is not there" "none.vcf.gz" -q --vcf none.vcf.gz --pheno p.tsv
    one_message "too many folds" "folds" -q --vcf c.vcf.gz --pheno p.tsv --folds 21
    one_message "an unknown option" "nonsense" --nonsense
    one_message "planes of many ranks" "save" -q --vcf c.vcf.gz --pheno p.tsv --save-planes p.dpg
    cp p.tsv counts.2
    one_message "counts of a rank in an input" "counts.2: it .*, it is not overwritten" -q --vcf c.vcf.gz --pheno counts.2 --stats counts
    check "$mpi: counts of a rank in an input: it stays" cmp -s p.tsv counts.2
    rm -f counts*
    same "$mpi: help comes once" "$(ranks 3 "$program" --help 2>/dev/null | grep -c '^Usage: ')" 1
}

# --------------------------------------------------------------------------------- the MPIs

for tree in "$build" ${1:+"$1"}; do
    mpi=$(which_mpi "$tree")
    program=$(program_of "$tree/dp-mdr-mpi")
    [ -n "$mpi" ] && [ -x "$program" ] || cannot "dp-mdr-mpi is not built in $tree"
    command -v "mpirun.$mpi" >/dev/null || cannot "mpirun.$mpi is not installed"
    make -s -C "$tree" tests/mdr_ranks >/dev/null || cannot "tests/mdr_ranks is not built in $tree"
    export LD_LIBRARY_PATH=$tree/.libs
    same_bytes "$tree"
    dosages
    fetched_once
    errors
    restarts
    [ "$mpi" = mpich ] || killed_often 20
done

# A program of one MPI under the launcher of the other one.
if [ $# -gt 0 ]; then
    if [ "$mpi" = mpich ]; then mpi=openmpi; else mpi=mpich; fi
    ranks 2 "$program" -q "${input[@]}" -o bad.tsv >out 2>err && fail "the wrong mpirun: no failure"
    check "the wrong mpirun" test "$(lines_of 'started 2 times, but each alone')" -ge 1
    check "the wrong mpirun: nothing is written" test ! -e bad.tsv
fi

# ------------------------------------------------------------------------------------- Slurm

for command in sbatch srun slurmctld slurmd munged; do
    PATH=$PATH:/usr/sbin command -v "$command" >/dev/null || cannot "$command is not installed"
done
serve slurm
mkdir -p "$work/programs"
for tree in "$build" ${1:+"$1"}; do
    mpi=$(which_mpi "$tree")
    plugin=pmix
    [ "$mpi" = openmpi ] || plugin=pmi2
    program=$(program_of "$tree/dp-mdr-mpi")
    export LD_LIBRARY_PATH=$tree/.libs
    rm -f have.*
    timeout 600 srun --quiet --mpi=$plugin -n 2 "$program" -q "${input[@]}" -o have.tsv 2>err ||
        fail "srun --mpi=$plugin: $(head -c 300 err)"
    check "srun --mpi=$plugin ($mpi)" cmp -s want.tsv have.tsv
    ln -sf "$program" "$work/programs/dp-mdr-mpi"
    rm -f have.*
    PATH=$work/programs:$PATH DP_SRUN_MPI=$plugin timeout 600 sbatch --quiet --wait --export=ALL --nodes=1 \
        --ntasks-per-node=2 --cpus-per-task=1 --time=5 --output=log --chdir="$work" \
        "$top/tools/examples/mdr.sbatch" c.vcf.gz p.tsv have.tsv -q --tile 16 || fail "mdr.sbatch: $(tail -n 5 log)"
    check "mdr.sbatch ($mpi)" cmp -s want.tsv have.tsv
done

# Its time is over: the search ends, the job is in the queue again and goes on.
rm -f long.*
PATH=$work/programs:$PATH DP_SRUN_MPI=$plugin sbatch --parsable --export=ALL --nodes=1 --ntasks-per-node=2 \
    --cpus-per-task=1 --time=5 --output=log --chdir="$work" "$top/tools/examples/mdr.sbatch" l.vcf.gz \
    lp.tsv long.tsv -q --tile 8 --order 3 --kernel generic --journal-seconds 0.1 --no-cvc >job
job=$(cat job)
until_journal 0 || fail "mdr.sbatch: no journal"
scancel --batch --signal=TERM "$job"
pending() { [ "$(squeue -h -j "$job" -o %T 2>/dev/null)" = PENDING ]; }
soon pending
same "mdr.sbatch: in the queue again" "$(squeue -h -j "$job" -o %T)" PENDING
check "mdr.sbatch: a journal is left" test -s long.tsv.journal
check "mdr.sbatch: no result yet" test ! -e long.tsv
scancel "$job"
"$servers/stop.sh" "$work/slurm"

summary
