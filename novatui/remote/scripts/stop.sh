# Stops the etcd unit, and tells whether really none is left: unit, cgroup, the db's own lock, its ports.
# usage: stop.sh do UNIT
#        stop.sh look UNIT DATA [IPV4:]PORT ..
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
systemctl show "$unit" -p LoadState,ActiveState,SubState,MainPID,Result,ExecMainStatus,InvocationID 2>/dev/null |
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
# Which data lies there, and when its log or its database was written last, seconds since 1970: a start of etcd always writes.
newest=0
for file in "$data"/member/wal/*.wal "$data/member/snap/db"; do
    written=$(stat -c %Y -- "$file" 2>/dev/null) || continue
    [ "$written" -le "$newest" ] || newest=$written
done
say data "$(stat -c %i -- "$data/member" 2>/dev/null)"
say written "$newest"
# Local addresses in /proc/net are hexadecimal, an IPv4 one with its bytes reversed; a listener on any address counts.
for place in "$@"; do
    port=$(printf '%04X' "${place##*:}")
    case $place in
        *.*.*.*:*)
            # shellcheck disable=SC2046 # the four numbers are four words
            set_ip() { ip=$(printf '%02X%02X%02X%02X' "$4" "$3" "$2" "$1"); }
            # shellcheck disable=SC2046
            set_ip $(printf '%s' "${place%:*}" | tr . ' ')
            ;;
        *) ip= ;;
    esac
    for table in /proc/net/tcp /proc/net/tcp6; do
        [ -r "$table" ] || continue
        while read -r _ local _ state _; do
            case $state:$local in
                0A:00000000:"$port"|0A:00000000000000000000000000000000:"$port") say listening "$place" ;;
                0A:*"$ip:$port") say listening "$place" ;;
            esac
        done <"$table"
    done
done
say end 1
