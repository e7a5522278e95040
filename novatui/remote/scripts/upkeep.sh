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

# As survey.sh: by /etc/fstab a file system belongs at, above or below the directory that is not mounted: whatever is there,
# or is not, is not the data. A list of mounts is read whole, and no path of a mounted one is touched: it may not answer.
# shellcheck disable=SC2016 # the inner shells expand these
look_at_log='
    nl="
"
    unmounted() {
        [ -r /proc/self/mountinfo ] && [ -r /etc/fstab ] || return 1
        mounted=$nl$(printf %b "$(cut -d" " -f5 /proc/self/mountinfo)")$nl
        while read -r device place _ options _; do
            case $device in ""|"#"*) continue ;; esac
            case ,$options, in *,noauto,*) continue ;; esac
            place=$(printf %b "$place")
            case $mounted in *"$nl$place$nl"*) continue ;; esac
            place=$(readlink -f -- "$place" || printf %s "$place")
            case $place in /?*) : ;; *) continue ;; esac
            case $1/ in
                "$place"/*) : ;;
                *) case $place in "$1"/*) : ;; *) continue ;; esac ;;
            esac
            case $mounted in *"$nl$place$nl"*) : ;; *) return 0 ;; esac
        done </etc/fstab
        return 1
    }
    data=${1%/} data=${data:-/}
    real=$(readlink -f -- "$data")
    if unmounted "${real:-$data}"; then
        echo unmounted
    elif [ ! -e "$data" ]; then
        [ -x "${data%/*}/" ] && echo missing || echo unknown
    elif [ ! -r "$data" ] || [ ! -x "$data" ]; then
        echo unknown
    elif [ -d "$data/member" ] && { [ ! -r "$data/member" ] || [ ! -x "$data/member" ]; }; then
        echo unknown
    elif [ -d "$data/member/wal" ] && [ ! -r "$data/member/wal" ]; then
        echo unknown
    else
        for file in "$data"/member/wal/*.wal; do
            [ ! -f "$file" ] || { echo yes; exit; }
        done
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
