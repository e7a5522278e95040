# Starts etcd on the data that is there, never on none; tells how far it has come.
# usage: begin.sh do RUN WORK_DIR UNIT DATA
#        begin.sh look RUN WORK_DIR UNIT DATA ENDPOINT CACERT CERT KEY ETCDCTL
# exit 3: a run holds this master, or its data is not there: nothing was started
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
verb=$1 work=$3 unit=$4 data=$5
say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }

held_by=
[ ! -e "$work/hold" ] || held_by=$(head -n 1 "$work/hold")
lacks=
[ -s "$data/member/snap/db" ] || lacks=member/snap/db
wal=no
for file in "$data"/member/wal/*.wal; do [ ! -s "$file" ] || wal=yes; done
[ "$wal" = yes ] || lacks="member/wal${lacks:+ and $lacks}"

if [ "$verb" = 'do' ]; then
    if [ -n "$held_by" ]; then
        echo "novatui: not started: this master is held by run $held_by" >&2
        exit 3
    fi
    # An etcd that is started on nothing makes an empty member, or a cluster of its own.
    if [ -n "$lacks" ]; then
        echo "novatui: not started: no $lacks in $data" >&2
        exit 3
    fi
    systemctl reset-failed "$unit" 2>/dev/null || :
    exec systemctl start --no-block "$unit"
fi
[ "$verb" = look ] || exit 64
shift 5
etcdctl=$5
ETCDCTL_ENDPOINTS=$1 ETCDCTL_DIAL_TIMEOUT=2s ETCDCTL_COMMAND_TIMEOUT=3s
export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
if [ -n "$2" ]; then ETCDCTL_CACERT=$2 && export ETCDCTL_CACERT; fi
if [ -n "$3" ]; then ETCDCTL_CERT=$3 && export ETCDCTL_CERT; fi
if [ -n "$4" ]; then ETCDCTL_KEY=$4 && export ETCDCTL_KEY; fi
systemctl show "$unit" -p LoadState,ActiveState,SubState,MainPID,Result,ExecMainStatus,NRestarts 2>/dev/null |
    while IFS= read -r line; do printf 'nv:unit.%s\n' "$line"; done
say held_by "$held_by"
printf '%s' "$lacks" | say64 lacks
answers=no
case $(systemctl show "$unit" -p ActiveState --value 2>/dev/null) in
    active|activating|reloading)
        if status=$(timeout -k 1 5 "$etcdctl" endpoint status -w json 2>/dev/null); then
            answers=yes
            printf '%s' "$status" | say64 status
            if timeout -k 1 5 "$etcdctl" get --consistency=l --limit=1 --keys-only novatui >/dev/null 2>&1; then
                say quorum yes
                timeout -k 1 5 "$etcdctl" member list -w json 2>/dev/null | say64 members
            else
                say quorum no
            fi
        fi
        ;;
esac
# Why it does not come up is in its own last words.
if [ "$answers" = no ]; then
    timeout -k 1 10 journalctl -u "$unit" -o json --all --no-pager -n 120 2>/dev/null | say64 journal
fi
say end 1
