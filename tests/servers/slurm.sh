#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Slurm with one node on loopback, all in one folder, without systemd. Needs slurmctld slurmd
# slurm-client munge. Nothing of a Slurm that is installed for real is touched.
#
# usage: slurm.sh start FOLDER PORT | stop FOLDER
# Ports PORT and PORT+1 are used. Afterwards: export SLURM_CONF=FOLDER/slurm.conf

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

configuration() {
    cat <<END
ClusterName=dataplug
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
SlurmctldPort=$1
SlurmdPort=$(($1 + 1))
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmdSpoolDir=$folder/spool
StateSaveLocation=$folder/state
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
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

idle() { [ "$(sinfo -h -o %t)" = idle ]; }

start() {
    mkdir -p "$folder"/{spool,state,munge}
    chmod 700 "$folder/munge"
    head -c 1024 /dev/urandom >"$folder/munge/key"
    chmod 400 "$folder/munge/key"
    run munged munged -F --force --socket="$folder/munge/socket" --key-file="$folder/munge/key" \
        --log-file="$folder/munge/log" --pid-file="$folder/munge/pid" --seed-file="$folder/munge/seed"
    within 100 test -S "$folder/munge/socket"
    configuration "$1" >"$folder/slurm.conf"
    export SLURM_CONF=$folder/slurm.conf
    run slurmctld slurmctld -D -f "$SLURM_CONF"
    run slurmd slurmd -D -f "$SLURM_CONF"
    within 200 idle
}

serve "$@"
