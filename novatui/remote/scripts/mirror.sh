# Keeps this run's plan, state and by-hand texts on the master: WORK_DIR/RUN/NAME, each whole or not at all.
# usage: mirror.sh WORK_DIR RUN:EPOCH NAME SIZE [NAME SIZE ...]   the contents one after the other on stdin
# exit 75: the lease names another owner, nothing was written.
set -u
umask 077
work=$1 owner=$2
shift 2
dir=$work/${owner%:*}
if [ "$(cat "$work/active/owner" 2>/dev/null)" != "$owner" ]; then
    echo "novatui: the lease does not name '$owner'" >&2
    exit 75
fi
mkdir -p "$dir/scripts" && chmod 0700 "$dir" || exit 1
while [ $# -ge 2 ]; do
    part=$dir/$1.part
    head -c "$2" >"$part" || exit 1
    if [ "$(wc -c <"$part")" -ne "$2" ]; then
        echo "novatui: $1 did not come whole" >&2
        exit 1
    fi
    sync "$part" && mv -fT "$part" "$dir/$1" || exit 1
    shift 2
done
sync "$dir" "$dir/scripts" "$work"
