# Restores STAGE/snapshot.db into a new data directory beside the live one; the live one is not touched.
# usage: stage.sh do STAGE SHA256 RUN STAGED INNER MARK OWNER MODE -- RESTORE_COMMAND ..
#        stage.sh look STAGED MARK RUN LIVE
# RESTORE_COMMAND without the snapshot and --data-dir, both are added here. INNER: what of the restored directory is
# staged ("" all, "member" where the data directory is a mount point). MARK: the marker's path below STAGED.
set -u
umask 077
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call

say() { printf 'nv:%s=%s\n' "$1" "$2"; }

# What a restored directory must hold, below $1: $2 is its path to "member" ("" when $1 is member itself).
whole() {
    [ -s "$1${2:+/$2}/snap/db" ] || return 1
    for file in "$1${2:+/$2}"/wal/*.wal; do
        if [ -s "$file" ]; then return 0; fi
    done
    return 1
}

member_below() { case $1 in member/*) printf 'member' ;; *) printf '' ;; esac; }

# The last word of a failure where there is too little room: which file system, what it has, what is wanted: $1 bytes for $2.
no_room() {
    df -Pk -- "${2%/*}" 2>/dev/null | tail -n 1 | while read -r device _ _ free _ mount; do
        if [ "$free" -lt $(($1 / 1024)) ]; then
            echo "novatui: no space left on device $device, mounted on $mount: $((free / 1024)) MiB free, $(($1 / 1048576 + 1)) MiB wanted for $2" >&2
        fi
    done
}

verb=$1
shift
if [ "$verb" = look ]; then
    staged=$1 mark=$2 run=$3 live=$4
    if [ "$(head -n 1 "$live/$mark" 2>/dev/null)" = "$run" ]; then
        # It is live already: nothing may be staged a second time.
        say staged live
        say sha256 "$(sed -n 2p "$live/$mark")"
    elif [ ! -e "$staged" ]; then say staged no
    elif [ "$(head -n 1 "$staged/$mark" 2>/dev/null)" != "$run" ]; then say staged foreign
    elif whole "$staged" "$(member_below "$mark")"; then
        say staged yes
        say sha256 "$(sed -n 2p "$staged/$mark")"
        say db_size "$(stat -c %s -- "$staged/$(member_below "$mark")/snap/db")"
    else say staged broken
    fi
    say end 1
    exit 0
fi
[ "$verb" = 'do' ] || exit 64
stage=$1 sha256=$2 run=$3 staged=$4 inner=$5 mark=$6 owner=$7 mode=$8
shift 9
case $staged in
    *.novatui-new-"$run") : ;;
    *) echo "novatui: $staged is not a name of this run" >&2; exit 1 ;;
esac
if [ "$(cat "$stage/run" 2>/dev/null)" != "$run" ]; then
    echo "novatui: $stage is not of this run" >&2
    exit 1
fi
if [ -e "$staged" ]; then
    if [ "$(head -n 1 "$staged/$mark" 2>/dev/null)" != "$run" ]; then
        echo "novatui: $staged is there and does not carry this run's marker" >&2
        exit 1
    fi
    if whole "$staged" "$(member_below "$mark")" && [ "$(sed -n 2p "$staged/$mark")" = "$sha256" ]; then exit 0; fi
    rm -rf -- "$staged"
fi
if [ "$(sha256sum <"$stage/snapshot.db" | cut -d' ' -f1)" != "$sha256" ]; then
    echo "novatui: $stage/snapshot.db is not the snapshot that was proved" >&2
    exit 1
fi
part=$staged.part
rm -rf -- "$part"
# Database and log, but for what is there of them.
ended() {
    [ "$1" -ne 0 ] || return 0
    had=$(du -sk -- "$part" 2>/dev/null | cut -f1)
    no_room $(($(stat -c %s -- "$stage/snapshot.db") + (131072 - ${had:-0}) * 1024)) "$staged"
}
trap 'ended $?' EXIT
# 3.6's etcdctl has no restore and still exits 0: only the files count.
"$@" --data-dir "$part" "$stage/snapshot.db" 2>&1 || { echo "novatui: the restore ended with $?" >&2; exit 1; }
whole "$part" member || { echo "novatui: the restore left no whole data directory in $part" >&2; exit 1; }
printf '%s\n%s\n' "$run" "$sha256" >"$part${inner:+/$inner}/$mark" || exit 1
chmod "$mode" -- "$part${inner:+/$inner}" || exit 1
if [ "$(stat -c %u:%g -- "$part")" != "$owner" ]; then chown -R -- "$owner" "$part" || exit 1; fi
sync -f -- "$part" || exit 1
mv -T -- "$part${inner:+/$inner}" "$staged" || exit 1
if [ -n "$inner" ]; then rmdir -- "$part" || exit 1; fi
sync -- "$(dirname -- "$staged")" || exit 1
