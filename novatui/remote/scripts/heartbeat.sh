# Tells that the runner of RUN lives: holds WORK_DIR/active/alive locked while a line comes on stdin every few seconds.
# usage: heartbeat.sh WORK_DIR RUN QUIET_S
# stdout: one line at each beat: the lease's owner (RUN:EPOCH) and the runner process it is of. Ends when stdin ends or is quiet for QUIET_S.
# exit 75: the lease is not this run's; 77: somebody else beats for it.
set -u
umask 077
active=$1/active run=$2 quiet=$3

[ -d "$active" ] || exit 75
command exec 9>>"$active/alive" || exit 75
flock -n 9 || exit 77
while :; do
    owner=$(cat "$active/owner" 2>/dev/null)
    [ "${owner%:*}" = "$run" ] || exit 75
    echo "$owner $(cat "$active/by" 2>/dev/null)"
    # The lock is this shell's alone: what waits for the next line must not keep it.
    beat=$(exec 9>&- && timeout "$quiet" head -n 1 | tr -d '\000' && echo .)
    [ "$beat" != . ] || exit 0
done
