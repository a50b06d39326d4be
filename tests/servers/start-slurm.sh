#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors

# start-slurm.sh DIR: Slurm with one node on free loopback ports, without systemd, fresh each time.
# DIR/env then says SLURM_CONF. Debian packages slurmctld slurmd slurm-client munge. A Slurm that is
# installed for real is not touched.
set -eu
. "$(dirname "$0")/lib.sh"
begin "$@"
need munged slurmctld slurmd sinfo setsid

configuration() {
    cat <<END
ClusterName=dataplug
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
SlurmctldPort=$1
SlurmdPort=$(($1 + 1))
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmdSpoolDir=$dir/spool
StateSaveLocation=$dir/state
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdTimeout=300
InactiveLimit=0
KillWait=5
MinJobAge=300
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=500 State=UNKNOWN
PartitionName=dataplug Nodes=$(hostname -s) Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
END
}

# within TENTHS COMMAND...: waits until the command succeeds.
within() {
    local left=$1
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || fail "no success of: $*"
        sleep 0.1
    done
}

idle() { [ "$(sinfo -h -o %t)" = idle ]; }

port=$(free_ports 2)
rm -rf "$dir"/{spool,state,munge,log}
mkdir -p "$dir"/{spool,state,munge,log}
chmod 700 "$dir/munge"
head -c 1024 /dev/urandom >"$dir/munge/key"
chmod 400 "$dir/munge/key"
run munged munged -F --force --socket="$dir/munge/socket" --key-file="$dir/munge/key" \
    --log-file="$dir/munge/log" --pid-file="$dir/munge/pid" --seed-file="$dir/munge/seed"
within 600 test -S "$dir/munge/socket"
export SLURM_CONF=$dir/slurm.conf
configuration "$port" >"$SLURM_CONF"
run slurmctld slurmctld -D -f "$SLURM_CONF"
run slurmd slurmd -D -f "$SLURM_CONF"
within 1200 idle
echo "export SLURM_CONF='$SLURM_CONF'" >"$dir/env"
guard
