#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# What `split --lines` does, with parts that go to a store: lines from standard input are cut into
# parts of LINES lines, each is packed by COMMAND when there is one, and put to the next URL (a
# presigned one a line in the file URLS). A part goes out while the next one is read; nothing
# touches a disk. It prints how many parts it wrote.
#
# usage: write_parts.py LINES URLS [COMMAND...] <LINES

import http.client
import queue
import subprocess
import sys
import threading
import urllib.parse

CHUNK = 1 << 20
SENDERS = 2


def cut(stream, lines):
    """Gives lists of byte strings, each `lines` lines long, the last one what is left."""
    part, left = [], lines
    while True:
        chunk = stream.read(CHUNK)
        if not chunk:
            break
        while chunk:
            here = chunk.count(b"\n")
            if here < left:
                part.append(chunk)
                left -= here
                break
            end = 0
            for _ in range(left):
                end = chunk.index(b"\n", end) + 1
            part.append(chunk[:end])
            yield part
            part, left, chunk = [], lines, chunk[end:]
    if part:
        yield part


def pack(part, command):
    """The part, packed. Written by a thread, so that the packer never waits for its reader."""
    packer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def feed():
        for piece in part:
            packer.stdin.write(piece)
        packer.stdin.close()
    feeder = threading.Thread(target=feed)
    feeder.start()
    packed = packer.stdout.read()
    feeder.join()
    if packer.wait() != 0:
        raise RuntimeError(f"{command[0]}: exit {packer.returncode}")
    return [packed]


def put(connection, url, part):
    parts = urllib.parse.urlsplit(url)
    connection.request("PUT", f"{parts.path}?{parts.query}", body=iter(part),
                       headers={"Content-Length": str(sum(len(piece) for piece in part))})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{parts.path}: status {answer.status}")


def main(lines, urls_name, *command):
    with open(urls_name) as file:
        urls = file.read().split()
    waiting = queue.Queue(maxsize=1)  # so that few parts are in memory
    failures = []

    def send():
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(urls[0]).netloc)
        while True:
            job = waiting.get()
            if job is None:
                return
            try:
                put(connection, *job)
            except Exception as reason:  # said by the main thread, which goes on emptying the pipe
                failures.append(reason)
    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    count = 0
    for part in cut(sys.stdin.buffer, int(lines)):
        waiting.put((urls[count], pack(part, list(command)) if command else part))
        count += 1
    for _ in senders:
        waiting.put(None)
    for sender in senders:
        sender.join()
    if failures:
        sys.exit(f"write_parts.py: {failures[0]}")
    print(count)


main(*sys.argv[1:])
