# Looks at one master's etcd again and again, read-only, until stdin ends or is quiet for 15 s. A line on stdin = look now,
# and so is the end of the unit's main process.
# usage: poll.sh NONCE INTERVAL UNIT ENV_FILE DATA_DIR ENDPOINT CACERT CERT KEY ETCDCTL GATEWAY WORK_DIR
# GATEWAY: yes, or no when this etcd has none and etcdctl must ask.
# stdout: pieces of output, each followed by a line "NONCE NAME ARG ..." that names it; "NONCE end" ends a frame. Two frames
# a tick: what the master says of the unit, then what etcd says, so that a hung etcd delays nothing but itself.
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
nonce=$1 interval=$2 unit=$3 env_file=$4 data_dir=$5 endpoint=$6 cacert=$7 cert=$8 key=$9
shift 9
etcdctl=$1 gateway=$2 work=$3
asked=- tick=0 heard=$(date +%s) proof=key led=yes ended=no
if ! command -v curl >/dev/null 2>&1; then gateway=no; fi

# Names the output before it. What a frame consists of is gathered and written at once: each write is an SSH packet of its own.
mark() { printf '\n%s %s\n' "$nonce" "$*"; }

disk() {
    place=$data_dir
    while [ -n "$place" ] && [ ! -d "$place" ]; do place=${place%/*}; done
    timeout 1 df -Pk -- "${place:-/}" 2>&1
    mark disk "$?"
}

# Which run has this master, whether its runner lives, and whose hold keeps etcd down. Three lines: owner, hold, holder.
held() {
    if [ -e "$work" ] && [ ! -x "$work" ]; then
        mark held unknown
    elif [ -d "$work/active" ] || [ -e "$work/hold" ]; then
        alive=yes
        if [ ! -e "$work/active/alive" ]; then
            alive=no
        elif flock -n "$work/active/alive" true 2>/dev/null; then
            alive=no
        fi
        for file in active/owner hold active/holder; do
            head -c 1000 "$work/$file" 2>/dev/null | tr -d '\n'
            echo .
        done
        mark held "$alive"
    else
        mark held free
    fi
}

look_at_unit() {
    read -r uptime _ </proc/uptime
    mark clock "$(date +%s%3N)" "$uptime" "$asked"
    timeout 2 systemctl show "$unit" -p LoadState,ActiveState,SubState,Result,MainPID,NRestarts,ExecMainStatus,ExecMainCode,InvocationID,ActiveEnterTimestampMonotonic,ActiveExitTimestampMonotonic,InactiveEnterTimestampMonotonic,InactiveExitTimestampMonotonic 2>&1
    mark unit "$?"
    if [ -f "$env_file" ]; then # a pipe would be waited for without end
        cksum <"$env_file" 2>/dev/null
        mark cksum "$?"
    fi
    held
    if [ $((tick % 10)) -eq 0 ]; then disk; fi
    mark end
}

# Three questions to etcd's JSON gateway over one connection. Alarms come with the status: asking for them would write to
# raft. The last one is linearizable: its answer is the proof of quorum; last, for without quorum it costs its 2 s. From
# 3.5 on that is the member list; before, where the list knows no such thing, a read of one key, for which etcd writes a
# line to its log ("ignoring common name in gRPC-gateway proxy request"). A member that knew no leader at the last look is
# not asked for it: nothing can come back, and each such question leaves warnings in the journal that people read.
by_gateway() {
    for name in status members quorum; do
        if [ "$name" = quorum ] && [ "$led" = no ]; then continue; fi
        body='{}'
        case $name$proof in
            status*) path=/v3/maintenance/status ;;
            members* | quorumlist) path=/v3/cluster/member/list ;;
            *) path=/v3/kv/range body='{"key":"bm92YXR1aQ==","limit":1,"keys_only":true}' ;;
        esac
        [ "$name$proof" != quorumlist ] || body='{"linearizable":true}'
        [ "$name" = status ] || set -- "$@" --next
        set -- "$@" -sS --noproxy '*' --connect-timeout 1 --max-time 2
        [ -z "$cacert" ] || set -- "$@" --cacert "$cacert"
        [ -z "$cert" ] || set -- "$@" --cert "$cert"
        [ -z "$key" ] || set -- "$@" --key "$key"
        set -- "$@" -w "\\n$nonce $name %{http_code} %{time_appconnect} %{time_total}\\n" -d "$body" "$endpoint$path"
    done
    said=$(curl --fail-early --stderr - "$@") # in one stream with the answers: the order tells what failed
    code=$?
    printf '%s\n%s curl %s\n' "$said" "$nonce" "$code"
    case $said in
        *'"version":"3.'[0-4].*) proof=key ;;
        *'"version":"3.'[5-9].*) proof=list ;;
    esac
    case $said in
        *'"leader":"'[1-9]*) led=yes ;;
        *'"raftTerm":'*) led=no ;;
        *) led=yes ;;
    esac
}

# The histogram of fsyncs and the counters beside it, cumulative since etcd's start. Where there is no such page: nothing.
by_metrics() {
    set -- -sS --noproxy '*' --connect-timeout 1 --max-time 2
    [ -z "$cacert" ] || set -- "$@" --cacert "$cacert"
    [ -z "$cert" ] || set -- "$@" --cert "$cert"
    [ -z "$key" ] || set -- "$@" --key "$key"
    curl "$@" "$endpoint/metrics" 2>/dev/null |
        grep -aE '^etcd_(disk_wal_fsync_duration_seconds_bucket|server_(quota_backend_bytes|proposals_pending|leader_changes_seen_total)[ {])'
    mark metrics
}

# Everything by environment: an endpoint both there and as an option is an error that would read as a dead member.
by_etcdctl() {
    ETCDCTL_ENDPOINTS=$endpoint ETCDCTL_DIAL_TIMEOUT=1s ETCDCTL_COMMAND_TIMEOUT=1s
    export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
    [ -z "$cacert" ] || { ETCDCTL_CACERT=$cacert && export ETCDCTL_CACERT; }
    [ -z "$cert" ] || { ETCDCTL_CERT=$cert && export ETCDCTL_CERT; }
    [ -z "$key" ] || { ETCDCTL_KEY=$key && export ETCDCTL_KEY; }
    timeout -k 1 2 "$etcdctl" endpoint status -w json 2>&1
    code=$?
    mark status etcdctl "$code"
    if [ "$code" -ne 0 ]; then return; fi
    # Linearizable from 3.5 on: without quorum it hangs, and so would the read after it.
    timeout -k 1 1.5 "$etcdctl" member list -w json 2>&1
    code=$?
    mark members etcdctl "$code"
    if [ "$code" -eq 0 ]; then
        timeout -k 1 1.5 "$etcdctl" get --consistency=l --limit=1 --keys-only novatui 2>&1
        code=$?
    fi
    mark quorum etcdctl "$code"
}

# Which of etcd's usual ports somebody listens on: all that is to be seen of it where its env file is root's.
listening() {
    ports=
    for port in 2379 2380; do
        hex=$(printf '%04X' "$port")
        if cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qE ": [0-9A-F]*:$hex [0-9A-F]*:0000 0A "; then ports="$ports $port"; fi
    done
    mark listening "$ports"
}

look_at_etcd() {
    if [ -z "$endpoint" ]; then
        listening
        mark no-endpoint
    elif [ "$gateway" = yes ]; then
        by_gateway
        # One that does not answer is not asked twice.
        case $said in
            *'"raftTerm":'*) if [ $((tick % 10)) -eq 0 ]; then by_metrics; fi ;;
        esac
    elif [ $((tick % 3)) -eq 0 ]; then
        by_etcdctl
    else
        return
    fi
    mark end
}

# Waits an interval, or until a word comes on stdin, or, where there is a $1, until that process has ended: by then systemd
# knows what became of it, while journald may take 0.3 s to show the line. stdout: the word. Exit 0: a word, 1: there will
# be none, 2: the interval is over, 3: the process has ended, else: tail could not wait.
news() {
    exec 3<&0
    timeout "$interval" tail ${1:+"--pid=$1"} -s 0.05 -f /dev/null >/dev/null &
    rest=$!
    {
        read -r word && printf %s "$word"
        code=$?
        # With its tail, as one group, which there is a moment after its start.
        until kill -s KILL -- "-$rest" || ! kill -s 0 "$rest"; do
            sleep 0.01
        done
        exit "$code"
    } <&3 &
    reader=$!
    wait "$rest"
    over=$?
    if [ "$over" -ne 137 ]; then kill -s KILL "$reader"; fi
    wait "$reader"
    code=$?
    case $over in
        137) return "$code" ;;
        124) return 2 ;;
        0) return 3 ;;
    esac
    return 4
}

while :; do
    seen=$(look_at_unit)
    printf '%s\n' "$seen"
    look_at_etcd
    tick=$((tick + 1))
    # After an end comes a whole interval: what ends again and again is looked at no more than twice as often.
    main=
    case $ended$seen in
        no*MainPID=[1-9]*) main=${seen#*MainPID=} main=${main%%[!0-9]*} ;;
    esac
    ended=no
    asked=$(news "$main" 2>/dev/null) # bash says of each that it was ended
    case $? in
        0) heard=$(date +%s) ;;
        2) asked=- ;;
        3) asked=- ended=yes ;;
        1) exit 0 ;;
        *) exit 1 ;;
    esac
    if [ $(($(date +%s) - heard)) -gt 15 ]; then exit 0; fi
done
