# Keeps this run's plan, state and by-hand texts on the master: WORK_DIR/RUN/NAME, each whole or not at all.
# usage: mirror.sh WORK_DIR RUN:EPOCH NAME SIZE [NAME SIZE ...]   the contents one after the other on stdin
# exit 75: the lease names another owner, nothing was replaced.
set -u
umask 077
work=$1 owner=$2
shift 2
dir=$work/${owner%:*} epoch=${owner##*:}
must_be_ours() {
    [ "$(cat "$work/active/owner" 2>/dev/null)" != "$owner" ] || return 0
    echo "novatui: the lease does not name '$owner'" >&2
    for left in "$dir"/*."$epoch".part "$dir"/scripts/*."$epoch".part; do rm -f -- "$left"; done
    exit 75
}

must_be_ours
mkdir -p "$dir/scripts" && chmod 0700 "$dir" || exit 1
names=
while [ $# -ge 2 ]; do
    part=$dir/$1.$epoch.part
    head -c "$2" >"$part" || exit 1
    if [ "$(wc -c <"$part")" -ne "$2" ]; then
        echo "novatui: $1 did not come whole" >&2
        exit 1
    fi
    sync "$part" || exit 1
    names="$names $1"
    shift 2
done
# What comes may take its time, and meanwhile another runner may have taken the run over: its state is the newer.
must_be_ours
for name in $names; do mv -fT "$dir/$name.$epoch.part" "$dir/$name" || exit 1; done
sync "$dir" "$dir/scripts" "$work"
