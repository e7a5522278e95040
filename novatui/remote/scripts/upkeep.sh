# What changes slowly on one master: certificates, newest snapshots, whether the data directory has its log. Read-only.
# usage: upkeep.sh NONCE DATA_DIR COUNT CERTIFICATE .. DIR ..
# COUNT: how many of the words after it are files of certificates; the others are directories where snapshots are kept
# stdout: as poll.sh's, one frame. Of a certificate's file only certificates are read, never a key that stands beside them.
# Each look has a limit of its own: a dead NFS mount costs its piece and no other. Nothing but regular files is opened.
set -u
LC_ALL=C
export LC_ALL
nonce=$1 data=$2 count=$3
shift 3

mark() { printf '\n%s %s\n' "$nonce" "$*"; }
briefly() { timeout -k 1 3 sh -c "$@"; }

# shellcheck disable=SC2016 # the inner shells expand these
look_at_log='
    if [ ! -e "$1" ]; then
        [ -x "${1%/*}/" ] && echo missing || echo unknown
    elif [ ! -r "$1" ] || [ ! -x "$1" ]; then
        echo unknown
    elif [ -d "$1/member" ] && { [ ! -r "$1/member" ] || [ ! -x "$1/member" ]; }; then
        echo unknown
    elif [ -d "$1/member/wal" ] && [ ! -r "$1/member/wal" ]; then
        echo unknown
    else
        for file in "$1"/member/wal/*.wal; do
            [ ! -f "$file" ] || { echo yes; exit; }
        done
        while read -r _ place _; do
            [ "$place" = "$1" ] || continue
            [ "$(stat -c %d -- "$1")" != "$(stat -c %d -- "$1/..")" ] || { echo unmounted; exit; }
        done 2>/dev/null </etc/fstab
        echo no
    fi'
# shellcheck disable=SC2016
look_at_certificate='
    [ -e "$1" ] || { [ -x "${1%/*}/" ] && exit 3 || exit 4; }
    [ -f "$1" ] || exit 5
    [ -r "$1" ] || exit 4
    head -c 262144 -- "$1" | sed -n "/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/p" | head -c 65536'
# shellcheck disable=SC2016
look_for_snapshots='
    cd -- "$1" 2>/dev/null || exit 4
    set -- ./*.db ./*.db.gz ./*.db.tar.gz ./*.db.tgz ./*snapshot*.tar.gz ./*snapshot*.tgz ./*snapshot*.tar
    stat -L -c "%Y %s %F|%n" -- "$@" 2>/dev/null | grep -a "regular file|" | sort -rn | head -n 1'

if [ -n "$data" ]; then
    briefly "$look_at_log" sh "$data" 2>/dev/null
    mark log "$?"
fi
number=0
for place in "$@"; do
    number=$((number + 1))
    if [ "$number" -le "$count" ]; then
        briefly "$look_at_certificate" sh "$place" 2>/dev/null
        mark "certificate-$number" "$?"
    else
        briefly "$look_for_snapshots" sh "$place" 2>/dev/null
        mark "snapshots-$number" "$?"
    fi
done
mark end
