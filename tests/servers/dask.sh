#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# A Dask scheduler with two workers on loopback. Needs python3-distributed.
#
# usage: dask.sh start FOLDER PORT | stop FOLDER

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

start() {
    local number
    # Debian's Python, whatever else stands in PATH.
    run scheduler /usr/bin/python3 -m distributed.cli.dask_scheduler --host 127.0.0.1 --port "$1" --no-dashboard
    for number in 1 2; do
        run "worker$number" /usr/bin/python3 -m distributed.cli.dask_worker "tcp://127.0.0.1:$1" --nthreads 1 \
            --no-dashboard --no-nanny --local-directory "$folder/$number"
    done
    timeout 60 /usr/bin/python3 -c "
from distributed import Client
Client('tcp://127.0.0.1:$1').wait_for_workers(2)"
}

serve "$@"
