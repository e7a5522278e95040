# Stops the etcd unit, and tells whether really none is left: unit, cgroup, the db's own lock, its ports.
# usage: stop.sh do UNIT
#        stop.sh look UNIT DATA PORT ..
set -u
LC_ALL=C
export LC_ALL
verb=$1 unit=$2
say() { printf 'nv:%s=%s\n' "$1" "$2"; }

if [ "$verb" = 'do' ]; then
    exec systemctl stop "$unit"
fi
[ "$verb" = look ] || exit 64
data=$3
shift 3
systemctl show "$unit" -p LoadState,ActiveState,SubState,MainPID,Result,ExecMainStatus 2>/dev/null |
    while IFS= read -r line; do printf 'nv:unit.%s\n' "$line"; done
group=$(systemctl show "$unit" -p ControlGroup --value 2>/dev/null)
left=0
if [ -n "$group" ] && [ "$group" != / ]; then
    for procs in "/sys/fs/cgroup$group/cgroup.procs" "/sys/fs/cgroup/systemd$group/cgroup.procs"; do
        [ ! -r "$procs" ] || left=$((left + $(wc -l <"$procs")))
    done
fi
say cgroup "$left"
lock='free'
if [ -f "$data/member/snap/db" ]; then
    flock -x -n "$data/member/snap/db" true 2>/dev/null || lock='held'
fi
say lock "$lock"
for port in "$@"; do
    hex=$(printf '%04X' "$port")
    for table in /proc/net/tcp /proc/net/tcp6; do
        [ -r "$table" ] || continue
        while read -r _ local _ state _; do
            case $state:$local in 0A:*:"$hex") say listening "$port" ;; esac
        done <"$table"
    done
done
say end 1
