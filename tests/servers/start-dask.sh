#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors

# start-dask.sh DIR: a Dask scheduler with two workers on a free loopback port. DIR/env then says
# DASK_SCHEDULER. Debian package python3-distributed, run by Debian's Python whatever stands in PATH.
set -eu
. "$(dirname "$0")/lib.sh"
begin "$@"
need setsid timeout /usr/bin/python3
address=tcp://127.0.0.1:$(free_ports 1)
run scheduler /usr/bin/python3 -m distributed.cli.dask_scheduler --host 127.0.0.1 \
    --port "${address##*:}" --no-dashboard
for number in 1 2; do
    run "worker$number" /usr/bin/python3 -m distributed.cli.dask_worker "$address" --nthreads 1 \
        --no-dashboard --no-nanny --local-directory "$dir/$number"
done
timeout 180 /usr/bin/python3 -c "
from distributed import Client
Client('$address').wait_for_workers(2)" >"$dir/client.out" 2>&1 || fail "no workers: see $dir/client.out"
echo "export DASK_SCHEDULER=$address" >"$dir/env"
guard
