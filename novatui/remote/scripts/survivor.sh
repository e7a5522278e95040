# Saves what this member's own data still holds into STAGE/survivor.db; never touches the live data directory.
# usage: survivor.sh do STAGE RUN DATA ENDPOINT CACERT CERT KEY ETCD ETCDCTL LIMIT_S
#        survivor.sh look STAGE RUN
# A member that answers is asked for a snapshot (this needs no quorum). Of one that does not, the whole directory is
# copied and an etcd run on the copy, as a cluster of its own, with unix sockets only: the log may hold more than the db.
# STAGE/survivor.facts is the result: nv:survivor=saved | none | unread, with nv:why64
set -u
umask 077
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }
# Nobody listens on a loopback endpoint: to ask would only wait for its limit. /proc/net has addresses in hexadecimal,
# their bytes reversed; a listener on any address counts. What cannot be judged so is asked.
deaf() { # ENDPOINT
    place=${1#*://} place=${place%%/*}
    case $place in
        *[!0-9.:]*) return 1 ;;
        127.*.*.*:[0-9]*) : ;;
        *) return 1 ;;
    esac
    [ -r /proc/net/tcp ] || return 1
    # shellcheck disable=SC2046 # four numbers are four words
    set -- $(printf '%s' "${place%:*}" | tr . ' ')
    ip=$(printf '%02X%02X%02X%02X' "$4" "$3" "$2" "$1") port=$(printf '%04X' "${place##*:}")
    ! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qE ": [0-9A-F]*($ip|0{8}):$port [0-9A-F]*:0000 0A "
}

free_kib() { df -Pk -- "$1" 2>/dev/null | tail -n 1 | tr -s ' ' | cut -d' ' -f4; }

verb=$1 stage=$2 run=$3
if [ "$verb" = look ]; then
    if [ "$(cat "$stage/run" 2>/dev/null)" = "$run" ] && [ -f "$stage/survivor.facts" ]; then
        cat "$stage/survivor.facts"
        if [ -f "$stage/survivor.db" ]; then say size_now "$(stat -c %s -- "$stage/survivor.db")"; fi
    else
        say survivor todo
    fi
    say end 1
    exit 0
fi
[ "$verb" = 'do' ] || exit 64
data=$4 endpoint=$5 cacert=$6 cert=$7 key=$8 etcd=$9
shift 9
etcdctl=$1 limit=$2

if [ -e "$stage" ] && [ "$(cat "$stage/run" 2>/dev/null)" != "$run" ] && { [ -s "$stage/run" ] || [ -n "$(ls -A -I run -- "$stage")" ]; }; then
    echo "novatui: $stage is not of this run" >&2
    exit 1
fi
mkdir -p -- "$stage" || exit 1
# On disk before anything else is in there: after a power cut an empty mark beside other files would be nobody's.
[ "$(cat "$stage/run" 2>/dev/null)" = "$run" ] || { printf '%s\n' "$run" >"$stage/run" && sync -- "$stage/run" "$stage"; } || exit 1
rm -rf -- "$stage/copy" "$stage/survivor.db" "$stage/survivor.db.part" "$stage/survivor.facts" "$stage/survivor.more"

result() { # RESULT WHY: the facts, whole or not at all
    {
        say survivor "$1"
        printf '%s' "$2" | say64 why
        if [ -f "$stage/survivor.more" ]; then cat "$stage/survivor.more"; fi
    } >"$stage/survivor.facts.part" || exit 1
    sync -- "$stage/survivor.facts.part" || exit 1
    mv -T -- "$stage/survivor.facts.part" "$stage/survivor.facts" || exit 1
    rm -f -- "$stage/survivor.more"
    sync -- "$stage" || exit 1
    cat "$stage/survivor.facts"
    say end 1
    exit 0
}

# The saved file must carry a right hash, or it is none.
accept() { # HOW WRITTEN
    size=$(stat -c %s -- "$stage/survivor.db.part")
    if [ $((size % 512)) -ne 32 ] || [ "$(head -c $((size - 32)) -- "$stage/survivor.db.part" | sha256sum | cut -d' ' -f1)" != \
        "$(tail -c 32 -- "$stage/survivor.db.part" | od -An -v -tx1 | tr -d ' \n')" ]; then
        result unread 'the snapshot that was saved does not match its own hash'
    fi
    tool=${etcdctl%/*}/etcdutl
    [ -x "$tool" ] || tool=$etcdctl
    status=$(timeout -k 5 120 "$tool" snapshot status "$stage/survivor.db.part" -w json 2>/dev/null) ||
        result unread 'the tool cannot read the snapshot that was saved'
    {
        say how "$1"
        say written "$2"
        say size "$size"
        say sha256 "$(sha256sum <"$stage/survivor.db.part" | cut -d' ' -f1)"
        printf '%s' "$status" | say64 status
    } >"$stage/survivor.more" || exit 1
    sync -- "$stage/survivor.db.part" || exit 1
    mv -T -- "$stage/survivor.db.part" "$stage/survivor.db" || exit 1
    result saved ''
}

# 1. It answers: ask it.
ETCDCTL_ENDPOINTS=$endpoint ETCDCTL_DIAL_TIMEOUT=2s ETCDCTL_COMMAND_TIMEOUT=3s
export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
if [ -n "$cacert" ]; then ETCDCTL_CACERT=$cacert && export ETCDCTL_CACERT; fi
if [ -n "$cert" ]; then ETCDCTL_CERT=$cert && export ETCDCTL_CERT; fi
if [ -n "$key" ]; then ETCDCTL_KEY=$key && export ETCDCTL_KEY; fi
if [ -n "$endpoint" ] && ! deaf "$endpoint" && timeout -k 1 5 "$etcdctl" endpoint status >/dev/null 2>&1; then
    echo "this member answers: saving a snapshot through $endpoint"
    db=$(stat -c %s -- "$data/member/snap/db" 2>/dev/null || echo 0)
    if [ "$(free_kib "$stage")" -lt $((db / 1024 + 1048576)) ]; then
        result unread "no room for its snapshot: needs $((db / 1024 + 1048576)) KiB, $(free_kib "$stage") KiB free in $stage"
    fi
    unset ETCDCTL_COMMAND_TIMEOUT
    if timeout -k 5 "$limit" "$etcdctl" snapshot save "$stage/survivor.db.part" 2>&1 | tail -n 3; [ -f "$stage/survivor.db.part" ]; then
        accept live "$(date +%s)"
    fi
    rm -f -- "$stage/survivor.db.part" "$stage/survivor.db.part.part"
    echo "it did not give one"
fi

# 2. It does not: is there anything to copy?
have=no
for file in "$data"/member/wal/*.wal; do [ -s "$file" ] && have=yes; done
[ "$have" = yes ] || result none "no log (member/wal) in $data"
[ -s "$data/member/snap/db" ] || result none "no database (member/snap/db) in $data"
kib=$(du -sk -- "$data/member" | cut -f1)
need=$((kib * 2 + 1048576))
[ "$(free_kib "$stage")" -ge "$need" ] ||
    result unread "no room for a copy of its data: needs $need KiB, $(free_kib "$stage") KiB free in $stage"
[ -x "$etcd" ] || result unread "no etcd at $etcd to read the copy with"
# shellcheck disable=SC2012 # only the newest time of our own fixed names is wanted
newest=$(ls -dt -- "$data"/member/wal/*.wal "$data/member/snap/db" | head -n 1)
written=$(stat -c %Y -- "$newest")
echo "it does not answer: copying $kib KiB of its data"
hash_of() { sha256sum <"$1" | cut -d' ' -f1; }

# Under a process that holds the database but does not answer (hung, or waiting for its peers): the db first, then the
# log, which may only grow. A db that was the same before and after, and in the copy, is one a power cut could have left.
copy_of_running() {
    for try in 1 2 3; do
        rm -rf -- "$stage/copy"
        mkdir -p -- "$stage/copy/member/snap" || exit 1
        before=$(hash_of "$data/member/snap/db") || return 1
        if cp -p -- "$data/member/snap/db" "$stage/copy/member/snap/db" && cp -a -- "$data/member/wal" "$stage/copy/member/wal"; then
            for file in "$data"/member/snap/*.snap; do
                [ ! -f "$file" ] || cp -p -- "$file" "$stage/copy/member/snap/" || continue 2
            done
            after=$(hash_of "$data/member/snap/db")
            if [ "$before" = "$after" ] && [ "$before" = "$(hash_of "$stage/copy/member/snap/db")" ]; then return 0; fi
        fi
        echo "its database changed while it was copied, try $try"
    done
    return 1
}

# The lines by which etcd says that its own files are damaged.
damage='invalid database|database file .* is missing|failed to recover v3 backend|walpb: crc mismatch|failed to read WAL'
damage="$damage|wal: file not found|snap: |freepages: |Page expected to be|page .* already freed|unexpected fault address"
damage="$damage|is out of range|invalid freelist|checksum error|version mismatch|unexpected end of file|assertion failed"
how=copy
mkdir -- "$stage/copy" || exit 1
# The db's own lock is shared while we copy, so that an etcd which is just starting waits instead of writing.
if ! flock -s -w 3 "$data/member/snap/db" cp -a -- "$data/member" "$stage/copy/member"; then
    if flock -s -n "$data/member/snap/db" true; then
        rm -rf -- "$stage/copy"
        result unread 'its data could not be copied'
    fi
    echo "a process holds its database: copying under it"
    how=copy-of-running
    if ! copy_of_running; then
        rm -rf -- "$stage/copy"
        result unread 'a process that does not answer holds its database and writes to it: end it, then plan again'
    fi
fi

cd -- "$stage/copy" || exit 1
echo "running etcd on the copy, alone, on sockets in it"
env -i PATH="$PATH" timeout -k 5 $((limit * 2 + 60)) "$etcd" --data-dir "$stage/copy" --force-new-cluster --name survivor \
    --initial-cluster survivor=unix://peer:0 --initial-advertise-peer-urls unix://peer:0 --listen-peer-urls unix://peer:0 \
    --listen-client-urls unix://client:0 --advertise-client-urls unix://client:0 >"$stage/survivor.log" 2>&1 </dev/null &
pid=$!
# Once it has ended, the shell that waits for another of its own lets its number go, and the number may be anybody's.
ours() { read -r _ _ _ parent _ <"/proc/$pid/stat" && [ "$parent" = "$$" ]; } 2>/dev/null
# shellcheck disable=SC2329 # called by the trap
stop_copy() {
    ! ours || kill -TERM "$pid" 2>/dev/null
    tries=0
    while ours && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    ! ours || kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}
trap 'stop_copy; cd /; rm -rf -- "$stage/copy"' EXIT
trap 'exit 143' HUP INT TERM
unset ETCDCTL_CACERT ETCDCTL_CERT ETCDCTL_KEY
# Short: between two tries it is seen whether the process still lives.
ETCDCTL_ENDPOINTS=unix://client:0 ETCDCTL_DIAL_TIMEOUT=1s
export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT
unset ETCDCTL_COMMAND_TIMEOUT
began=$(date +%s)
# A linearizable read: only then is the whole log applied.
until timeout -k 1 5 "$etcdctl" get --command-timeout=1s --limit=1 --keys-only novatui >/dev/null 2>&1; do
    if ! ours; then
        wait "$pid"
        reason=$(grep -E '"level":"(fatal|panic)"|^panic' "$stage/survivor.log" | tail -n 1 | head -c 600)
        : "${reason:=$(tail -n 1 "$stage/survivor.log" | head -c 600)}"
        # Only words about the data prove that there is nothing: a process may also end for want of memory, or of a flag.
        if grep -E '"level":"(error|fatal|panic)"|^panic|^fatal|^unexpected' "$stage/survivor.log" | grep -qE "$damage"; then
            result none "its data cannot be opened, etcd on a copy ended: $reason"
        fi
        result unread "etcd on a copy of its data ended, and not for what is in it: $reason"
    fi
    if [ $(($(date +%s) - began)) -ge "$limit" ]; then
        result unread "etcd on a copy of its data was not ready within $limit s"
    fi
    sleep 0.2
done
if ! timeout -k 5 "$limit" "$etcdctl" snapshot save "$stage/survivor.db.part" >/dev/null 2>"$stage/survivor.err"; then
    result unread "no snapshot could be saved from a copy of its data: $(tail -n 1 "$stage/survivor.err" | head -c 600)"
fi
accept "$how" "$written"
