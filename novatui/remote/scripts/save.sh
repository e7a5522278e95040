# Saves a snapshot of the cluster, through this member, as FILE; whole and with a right hash, or not at all.
# usage: save.sh do FILE RUN ENDPOINT CACERT CERT KEY ETCDCTL NEED_KIB LIMIT_S
#        save.sh look FILE RUN
# FILE.facts says of it: run, size, sha256, and what the tool reads in it.
set -u
umask 077
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
verb=$1 file=$2 run=$3
say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }
fail() { rm -f -- "$file.part" "$file.part.part"; echo "novatui: $1" >&2; exit 1; }

if [ "$verb" = look ]; then
    if [ -f "$file" ] && [ -f "$file.facts" ]; then
        cat "$file.facts"
        say size_now "$(stat -c %s -- "$file")"
    else
        say saved no
    fi
    say end 1
    exit 0
fi
[ "$verb" = 'do' ] || exit 64
etcdctl=$8 need=$9
if [ -n "$5" ]; then ETCDCTL_CACERT=$5 && export ETCDCTL_CACERT; fi
if [ -n "$6" ]; then ETCDCTL_CERT=$6 && export ETCDCTL_CERT; fi
if [ -n "$7" ]; then ETCDCTL_KEY=$7 && export ETCDCTL_KEY; fi
ETCDCTL_ENDPOINTS=$4 ETCDCTL_DIAL_TIMEOUT=2s
export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT
shift 9
limit=$1
dir=$(dirname -- "$file")
mkdir -p -- "$dir" || fail "$dir cannot be made"
rm -f -- "$file.facts" "$file.part" "$file.part.part"
free=$(df -Pk -- "$dir" | tail -n 1 | tr -s ' ' | cut -d' ' -f4)
[ "$free" -ge "$need" ] || fail "no room for a snapshot: needs $need KiB, $free KiB free in $dir"
said=$(timeout -k 5 "$limit" "$etcdctl" snapshot save "$file.part" 2>&1) || fail "no snapshot was given: $(printf '%s' "$said" | tail -n 1)"
size=$(stat -c %s -- "$file.part") || fail "no snapshot was given"
if [ $((size % 512)) -ne 32 ] || [ "$(head -c $((size - 32)) -- "$file.part" | sha256sum | cut -d' ' -f1)" != \
    "$(tail -c 32 -- "$file.part" | od -An -v -tx1 | tr -d ' \n')" ]; then
    fail 'the snapshot that was saved does not match its own hash'
fi
tool=${etcdctl%/*}/etcdutl
[ -x "$tool" ] || tool=$etcdctl
status=$(timeout -k 5 120 "$tool" snapshot status "$file.part" -w json 2>/dev/null) || fail 'the tool cannot read the snapshot that was saved'
{
    say saved yes
    say run "$run"
    say size "$size"
    say sha256 "$(sha256sum <"$file.part" | cut -d' ' -f1)"
    printf '%s' "$status" | say64 status
} >"$file.facts.part" || fail "$file.facts cannot be written"
if ! { sync -- "$file.part" "$file.facts.part" && mv -T -- "$file.part" "$file" && mv -T -- "$file.facts.part" "$file.facts"; }; then
    fail "$file cannot be put in place"
fi
sync -- "$dir"
echo "saved $size bytes as $file"
