#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Good examples for the fuzz targets to begin from: FOLDER/TARGET/... Made with the tools just built.
#
# usage: corpus.sh FOLDER   (in the build folder)

set -eu

folder=$1
build=$PWD
mkdir -p "$folder"/{fuzz_stream,fuzz_job,fuzz_fastq,fuzz_text,fuzz_vcf,fuzz_bcf,fuzz_tabix,fuzz_page,fuzz_slice,fuzz_reader,fuzz_index,fuzz_genotypes,fuzz_dpg,plain}
cd "$folder/plain"

awk 'BEGIN { srand(7); for (i = 0; i < 60; i++) { n = int(rand() * 60); s = q = "";
    for (k = 0; k < n; k++) { s = s substr("ACGTN", 1 + int(rand() * 5), 1);
        q = q substr("@+FI#,:", 1 + int(rand() * 7), 1) }
    print "@r" i "\n" s "\n+\n" q } }' >reads.fastq
awk 'BEGIN { for (i = 0; i < 40; i++) printf "@w%d\r\nACGT\r\nAC\r\n+\r\n@+II\r\nII\r\n", i }' >wrapped.fastq
awk 'BEGIN { for (i = 0; i < 300; i++) print i "\tvalue " i * i % 97 }' >lines.txt
printf '' >empty.txt
printf '@one\nA\n+\nI' >one.fastq

for file in *.fastq *.txt; do
    gzip -6 -n -c "$file" >"$file.6.gz"
    gzip -1 -c "$file" >"$file.1.gz"
    { head -c 700 "$file" | gzip -c; gzip -c </dev/null; tail -c +701 "$file" | gzip -9 -c; head -c 100 /dev/zero; } \
        >"$file.members.gz"
    if command -v bgzip >/dev/null; then
        bgzip -c "$file" >"$file.bgz"
    fi
done

for file in *; do
    cp "$file" "$folder/fuzz_stream/$file"
    # The three bytes say: format by content or FASTQ, spacing, a plan of some slices.
    { printf '\001\002\007'; cat "$file"; } >"$folder/fuzz_job/fastq-$file"
    { printf '\002\010\010'; cat "$file"; } >"$folder/fuzz_job/text-$file"
done
# Two bytes say how these are cut into pieces and where the scan stops.
for file in *.fastq *.txt; do
    { printf '\002\021'; cat "$file"; } >"$folder/fuzz_fastq/$file"
    { printf '\003\100'; cat "$file"; } >"$folder/fuzz_text/$file"
done

# VCF text, small and of every kind; an index of it, and slices with headers and filters.
awk 'BEGIN { print "##fileformat=VCFv4.2\n##contig=<ID=1,length=99>\n##INFO=<ID=END,Number=1,Type=Integer,Description=\"a, b\">"
    print "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tx"
    for (i = 0; i < 40; i++) printf "%d\t%d\t.\tAC\tT\t.\t.\tDP=3;END=%d\tGT\t0/1\n", 1 + int(i / 20), i % 20 * 7, i * 9 }' >sites.vcf
sed 's/$/\r/' sites.vcf >crlf.vcf
printf '##fileformat=VCFv4.1\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO' >header.vcf
{ cat header.vcf; printf '\n1\t9\t.\tA\t<DEL>\t.\t.\tSVTYPE=DEL;END=40\n1\t3\t\t\t\t\t\t\n2\t0\t.\tA\tT\t.\t.\tEND=x'; } >odd.vcf
for file in *.vcf; do
    { printf '\002\021'; cat "$file"; } >"$folder/fuzz_vcf/$file"
    { printf '\003\100'; cat "$file"; } >"$folder/fuzz_vcf/2-$file"
done
gzip -c sites.vcf >sites.vcf.gz
for file in sites.vcf sites.vcf.gz; do
    "$build/dp-index" build -q -s 1K -o "$folder/fuzz_index/$file.dpi" "$file"
    for kind in "-n 4" "--region 1:5-60 -n 1" "--window 50 --inline" "-n 2 --samples x"; do
        # shellcheck disable=SC2086 # words
        "$build/dp-slice" plan $kind --index "$folder/fuzz_index/$file.dpi" "$file" >manifest
        while read -r line; do
            name=$(printf '%s' "$line" | cksum | tr ' ' -)
            printf '%s' "$line" >"$folder/fuzz_slice/$name"
            { printf '%s\n' "$line"; cat "$file"; } >"$folder/fuzz_reader/$name"
        done <manifest
    done
done
for file in reads.fastq reads.fastq.6.gz reads.fastq.members.gz lines.txt.1.gz; do
    "$build/dp-index" build -q -s 1K -o "$folder/fuzz_index/$file.dpi" "$file"
    for kind in "-n 4" "--bytes 999" "-n 2 --inline"; do
        # shellcheck disable=SC2086 # two words
        "$build/dp-slice" plan $kind --index "$folder/fuzz_index/$file.dpi" "$file" >manifest
        while read -r line; do
            name=$(printf '%s' "$line" | cksum | tr ' ' -)
            printf '%s' "$line" >"$folder/fuzz_slice/$name"
            { printf '%s\n' "$line"; cat "$file"; } >"$folder/fuzz_reader/$name"
        done <manifest
    done
done

# A page of a bucket's listing; the first byte says how it is cut into pieces.
for type in url none; do
    printf '\007<?xml version="1.0"?><ListBucketResult><Name>b</Name><EncodingType>%s</EncodingType>' $type
    printf '<Contents><Key>a%%2F+b%d</Key><Size>%d</Size><ETag>&quot;0a-2&quot;</ETag></Contents>' 1 22 2 0
    printf '<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;1</NextContinuationToken>'
    printf '<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>'
done >"$folder/fuzz_page/two"
head -c "$(($(stat -c %s "$folder/fuzz_page/two") / 2))" "$folder/fuzz_page/two" >"$folder/fuzz_page/one"

# Variants: as BCF, unpacked, and the indexes of both, packed (as they are) and not.
if command -v bcftools >/dev/null && command -v tabix >/dev/null; then
    awk 'BEGIN { print "##fileformat=VCFv4.2"; for (i = 1; i <= 3; i++) print "##contig=<ID=c" i ",length=900000>"
        print "##INFO=<ID=END,Number=1,Type=Integer,Description=\"e\">"
        print "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
        for (i = 0; i < 90; i++) printf "c%d\t%d\t.\tA\tC\t.\t.\tEND=%d\n", 1 + int(i / 40), 5000 * i % 200000 + 1,
            5000 * i % 200000 + 1 + i * i }' >variants.vcf
    bcftools sort -O z -o variants.vcf.gz variants.vcf 2>/dev/null
    bcftools view -O b -o variants.bcf variants.vcf.gz
    tabix -p vcf variants.vcf.gz
    bcftools index -c variants.vcf.gz
    bcftools index -c -m 10 variants.bcf
    for file in variants.vcf.gz.tbi variants.vcf.gz.csi variants.bcf.csi; do
        cp "$file" "$folder/fuzz_tabix/"
        gzip -dc "$file" >"$folder/fuzz_tabix/$file.plain"
    done
    { printf '\001\030'; bcftools view -O u variants.bcf; } >"$folder/fuzz_bcf/variants"
    { printf '\002\141'; bcftools view -O u variants.bcf c1:1-9000; } >"$folder/fuzz_bcf/few"

    # Calls of four samples, of every type and with vectors of every length; once without the header.
    awk 'BEGIN { print "##fileformat=VCFv4.2\n##contig=<ID=1,length=99000>"
        print "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">\n##FORMAT=<ID=FT,Number=1,Type=String,Description=\"f\">"
        print "##FORMAT=<ID=GQ,Number=1,Type=Float,Description=\"q\">\n##FORMAT=<ID=PL,Number=.,Type=Integer,Description=\"p\">"
        print "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\td"
        for (i = 1; i <= 12; i++) { list = i; for (k = 0; k < 3 * i; k++) list = list "," k * i ^ (i % 6)
            text = sprintf("%" 7 * i "s", "x"); gsub(" ", "y", text)
            printf "1\t%d\t.\tA\tC\t.\t.\t.\tGT:FT:GQ:PL\t0/1:%s:.:.\t1|1:x:%d.5:7\t.\t0|0:.:3:%s\n", 50 * i, text, i, list } }' >calls.vcf
    bcftools view -O u -o calls.bcf calls.vcf
    { printf '\010\010'; cat calls.bcf; } >"$folder/fuzz_bcf/calls"
    { printf '\010\010'; tail -c +$((10 + $(od -An -t u4 -j 5 -N 4 calls.bcf))) calls.bcf; } >"$folder/fuzz_bcf/records"
    "$build/dp-index" build -q -s 1K calls.bcf
    for kind in "-n 2 --samples c,a" "--region 1:5-300 --samples ^b --inline"; do
        # shellcheck disable=SC2086 # words
        "$build/dp-slice" plan $kind calls.bcf >manifest
        while read -r line; do
            name=calls-$(printf '%s' "$line" | cksum | tr ' ' -)
            printf '%s' "$line" >"$folder/fuzz_slice/$name"
            { printf '%s\n' "$line"; cat calls.bcf; } >"$folder/fuzz_reader/$name"
        done <manifest
    done
fi

# Mates: two sources, two outputs, which the fuzzed reader takes for the same bytes.
cp reads.fastq mates.fastq
"$build/dp-index" build -q reads.fastq mates.fastq
for kind in "-n 3" "-n 2 --by bases --inline" "-n 2 --by bytes --span"; do
    # shellcheck disable=SC2086 # words
    "$build/dp-slice" plan --paired $kind reads.fastq mates.fastq >manifest
    while read -r line; do
        name=mates-$(printf '%s' "$line" | cksum | tr ' ' -)
        printf '%s' "$line" >"$folder/fuzz_slice/$name"
        { printf '%s\n' "$line"; cat reads.fastq; } >"$folder/fuzz_reader/$name"
    done <manifest
done

# Records of five samples; the first byte says which field is read and how they are cut. Their calls as
# a file of saved planes: header, origin, samples, variants, calls.
site='1\t7\trs1\tA\t%s\t.\tPASS\t.\t%s'
for alt in C 'C,T' '<*>' 'C,*'; do
    for fields in 'GT\t0/1\t1|1\t.\t./1\t0/0' 'DP:GT\t1:0\t2:1\t3\t4:1/1\t5:0|1' 'GT\t0/0\t0/1\t1/1\t0|1\t0/1'; do
        # shellcheck disable=SC2059 # a format
        { printf '\014'; printf "$site\n1\t9\t.\tA\tT\t.\tq\t.\t$fields\n" "$alt" "$(printf "$fields")"; } \
            >"$folder/fuzz_genotypes/$(printf '%s' "$alt$fields" | cksum | tr ' ' -)"
    done
    for first in '\001' '\115' '\002' '\116'; do
        printf "$first"'1\t7\t.\tA\t'"$alt"'\t.\t.\t.\tGT:DS:GP\t0/1:1.02:0,0.95,0.05\t0/0:0:1,0,0\t.\t1:2,0:0,1\t1/1:.:.\n'
    done >"$folder/fuzz_genotypes/values-$(printf '%s' "$alt" | cksum | tr ' ' -)"
done
/usr/bin/python3 - "$folder/fuzz_dpg" <<'END'
import struct, sys, zlib

def planes(samples, variants, objects):
    rows = (samples + 3) // 4
    sections = [struct.pack("<IIdII4Q", objects, 0, 1.0, 1, 0, variants, 0, 0, variants) +
                b"".join(struct.pack("<Q32sII", 9, bytes(32), 3, 7) + b"urimtime:1" for _ in range(objects)),
                b"".join(b"s%d\0" % i for i in range(samples)),
                b"".join(struct.pack("<QB", i, i % 2) + b"1\0rs%d\0A\0CT\0" % i for i in range(variants)),
                bytes(i % 256 for i in range(variants * rows))]
    at, table = 144, b""
    for number, section in enumerate(sections):
        table += struct.pack("<IIQQ", number, zlib.crc32(section), at, len(section))
        at += len(section)
    head = lambda crc: b"\x89DPG\r\n\x1a\n" + struct.pack("<IIQQQII", 2, 0, at, samples, variants, 4, crc) + table
    return head(zlib.crc32(head(0))) + b"".join(sections)

for samples, variants, objects in ((1, 0, 1), (5, 3, 3), (16, 40, 1)):
    with open(f"{sys.argv[1]}/{samples}-{variants}", "wb") as file:
        file.write(planes(samples, variants, objects))
END
