# Lets a changing command through only while this master's lease names the caller.
# usage: fence.sh WORK_DIR RUN:EPOCH WAIT_S CMD [ARG ...]
# exit 75: fenced, nothing was run; 1: the lease cannot be locked (a file system gone read-only), nothing was run; 124: an earlier command of this master did not end within WAIT_S, nothing was run
work=$1 owner=$2 wait=$3
shift 3
if ! command exec 9>>"$work/active/act.lock"; then
    [ ! -d "$work/active" ] || exit 1
    echo "novatui: no lease on this master" >&2
    exit 75
fi
# One act at a time on a master, whoever started it: a takeover waits here for an orphaned command to end.
if ! flock -x -w "$wait" 9; then
    echo "novatui: an earlier command is still running on this master" >&2
    exit 124
fi
found=$(cat "$work/active/owner" 2>/dev/null)
if [ "$found" != "$owner" ]; then
    echo "novatui: fenced, the lease names '$found', not '$owner'" >&2
    exit 75
fi
"$@"
