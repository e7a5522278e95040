# Reads one master's effective etcd configuration, data directory, tools and own endpoint; changes nothing.
# usage: survey.sh ENV_FILE UNIT ETCDCTL WORK_DIR UNIT_DIR MANIFESTS [roster]
# roster: also what its keys hash to, and whose the data on its disk is
# stdout: lines nv:KEY=VALUE, keys ending in 64 are base64; the last line is nv:end=1
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
env_file=$1 unit=$2 etcdctl=$3 work=$4 unit_dir=$5 manifests=$6 more=${7:-}

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }
yes_if() { if "$@"; then echo yes; else echo no; fi; }

# The value of one key as systemd reads it: last line wins, blanks and one pair of quotes around it are dropped.
env_value() {
    found=
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line#"${line%%[! 	]*}"}
        case $line in "$1="*) found=${line#*=} ;; esac
    done <"$env_file"
    found=$(printf '%s' "$found" | tr -d '\r')
    found=${found%"${found##*[! 	]}"}
    found=${found#"${found%%[! 	]*}"}
    case $found in
        \"*\") found=${found#\"} found=${found%\"} ;;
        \'*\') found=${found#\'} found=${found%\'} ;;
    esac
    printf '%s' "$found"
}

# Where this node's own etcd is asked: a loopback URL if there is one, never another master's if it can be helped.
own_endpoint() {
    first=
    for list in "$(env_value ETCDCTL_ENDPOINTS)" "$(env_value ETCD_LISTEN_CLIENT_URLS)"; do
        while [ -n "$list" ]; do
            url=${list%%,*}
            case $list in *,*) list=${list#*,} ;; *) list= ;; esac
            case $url in
                *://127.*|*://localhost:*|*'://[::1]:'*) printf '%s' "$url"; return ;;
                *://0.0.0.0:*) printf '%s' "${url%%://*}://127.0.0.1:${url##*:}"; return ;;
                *'://[::]:'*) printf '%s' "${url%%://*}://[::1]:${url##*:}"; return ;;
            esac
            first=${url:-$first}
        done
    done
    printf '%s' "$first"
}

# What is mounted further in decides, also below a mount point: a restored log would be hidden under it at the next boot.
mounted_at_or_below() {
    [ -r /proc/self/mountinfo ] || return 1
    while read -r _ _ _ _ point _; do
        point=$(printf '%b' "$point")
        case $point in
            "$1") [ "$kind" = inner-mount ] || kind=mount ;;
            "$1"/*) kind=inner-mount ;;
        esac
    done </proc/self/mountinfo
}

is_mounted() {
    while read -r _ _ _ _ point _; do
        [ "$(printf '%b' "$point")" != "$1" ] || return 0
    done </proc/self/mountinfo
    return 1
}

# By /etc/fstab a file system belongs at, above or below this path that is not mounted: what lies here is not the data of before,
# and the next boot would hide what is put here.
unmounted() {
    if [ ! -r /proc/self/mountinfo ] || [ ! -r /etc/fstab ]; then return 1; fi
    while read -r device place _ options _; do
        case $device in ''|'#'*) continue ;; esac
        case ,$options, in *,noauto,*) continue ;; esac
        place=$(printf '%b' "$place")
        place=$(readlink -f -- "$place" || printf '%s' "$place")
        case $place in /?*) : ;; *) continue ;; esac
        case $1/ in
            "$place"/*) : ;;
            *) case $place in "$1"/*) : ;; *) continue ;; esac ;;
        esac
        is_mounted "$place" || return 0
    done </etc/fstab
    return 1
}

data_facts() {
    data=$1
    real=$(readlink -f -- "$data" 2>/dev/null)
    kind=dir
    if [ -L "$data" ]; then kind='link'
    elif [ ! -e "$data" ]; then kind='missing'
    elif [ ! -d "$data" ]; then kind='odd'
    elif [ -L "$data/member" ] || [ -L "$data/member/wal" ] || [ -L "$data/member/snap" ]; then kind='inner-link'
    else mounted_at_or_below "$real"
    fi
    if [ "$kind" = dir ] && [ "$(stat -c %d -- "$data")" != "$(stat -c %d -- "$data/..")" ]; then kind=mount; fi
    case $kind in dir|mount|missing) if unmounted "${real:-$data}"; then kind=unmounted; fi ;; esac
    say data_kind "$kind"
    wal=0
    for file in "$data"/member/wal/*.wal; do [ -f "$file" ] && wal=$((wal + 1)); done
    say data_wal "$wal"
    say data_db "$(stat -c %s -- "$data/member/snap/db" 2>/dev/null || echo 0)"
    if [ -d "$data" ]; then
        say data_owner "$(stat -c %u:%g -- "$data")"
        say data_mode "$(stat -c %a -- "$data")"
        say data_inode "$(stat -c %d:%i -- "$data")"
        if [ -d "$data/member" ]; then say member_inode "$(stat -c %d:%i -- "$data/member")"; fi
        say data_kib "$(du -sk -- "$data" 2>/dev/null | cut -f1)"
        # shellcheck disable=SC2012 # only our own directory's newest time is wanted
        newest=$(ls -dt -- "$data"/member/wal/*.wal "$data"/member/snap/db 2>/dev/null | head -n 1)
        if [ -n "$newest" ]; then say data_written "$(stat -c %Y -- "$newest")"; fi
    fi
    parent=$(dirname -- "$data")
    say parent_writable "$(yes_if test -w "$parent")"
    say data_writable "$(yes_if test -w "$data")"
    room=$parent
    [ "$kind" != mount ] || room=$data
    say free_kib "$(df -Pk -- "$room" 2>/dev/null | tail -n 1 | tr -s ' ' | cut -d' ' -f4)"
    for left in "$data".novatui-* "$data"/.novatui-*; do
        [ ! -e "$left" ] || printf '%s' "$left" | say64 leftover
    done
}

# Nobody listens on a loopback endpoint: to ask would only wait for its limit. /proc/net has addresses in hexadecimal,
# their bytes reversed; a listener on any address counts. What cannot be judged so is asked.
deaf() { # ENDPOINT
    place=${1#*://} place=${place%%/*}
    case $place in
        *[!0-9.:]*) return 1 ;;
        127.*.*.*:[0-9]*) : ;;
        *) return 1 ;;
    esac
    [ -r /proc/net/tcp ] || return 1
    # shellcheck disable=SC2046 # four numbers are four words
    set -- $(printf '%s' "${place%:*}" | tr . ' ')
    ip=$(printf '%02X%02X%02X%02X' "$4" "$3" "$2" "$1") port=$(printf '%04X' "${place##*:}")
    ! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qE ": [0-9A-F]*($ip|0{8}):$port [0-9A-F]*:0000 0A "
}

endpoint_facts() {
    endpoint=$(own_endpoint)
    say endpoint "$endpoint"
    if [ -z "$endpoint" ] || [ ! -x "$etcdctl" ]; then return; fi
    ETCDCTL_CACERT=$(env_value ETCDCTL_CACERT) ETCDCTL_CERT=$(env_value ETCDCTL_CERT) ETCDCTL_KEY=$(env_value ETCDCTL_KEY)
    : "${ETCDCTL_CACERT:=$(env_value ETCDCTL_CA_FILE)}" "${ETCDCTL_CERT:=$(env_value ETCDCTL_CERT_FILE)}"
    : "${ETCDCTL_KEY:=$(env_value ETCDCTL_KEY_FILE)}"
    : "${ETCDCTL_CACERT:=$(env_value ETCD_TRUSTED_CA_FILE)}" "${ETCDCTL_CERT:=$(env_value ETCD_CERT_FILE)}"
    : "${ETCDCTL_KEY:=$(env_value ETCD_KEY_FILE)}"
    say cacert "$ETCDCTL_CACERT"
    say cert "$ETCDCTL_CERT"
    say key "$ETCDCTL_KEY"
    ETCDCTL_ENDPOINTS=$endpoint ETCDCTL_DIAL_TIMEOUT=2s ETCDCTL_COMMAND_TIMEOUT=2s
    export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
    [ -z "$ETCDCTL_CACERT" ] || export ETCDCTL_CACERT
    [ -z "$ETCDCTL_CERT" ] || export ETCDCTL_CERT
    [ -z "$ETCDCTL_KEY" ] || export ETCDCTL_KEY
    if ! deaf "$endpoint" && status=$(timeout -k 1 5 "$etcdctl" endpoint status -w json 2>/dev/null); then
        printf '%s' "$status" | say64 status
        # Without quorum it waits for its limit, five seconds of etcdctl's own: beside the other questions. No less: an election,
        # or a slow disk, must not read as a quorum that is lost.
        timeout -k 1 6 "$etcdctl" get --consistency=l --limit=1 --keys-only novatui >/dev/null 2>&1 &
        reading=$!
        # A serialisable read needs no quorum: its error tells whether authentication is on.
        timeout -k 1 5 "$etcdctl" get --consistency=s --limit=1 --keys-only novatui 2>&1 >/dev/null | say64 local_read
        [ "$more" != roster ] || roster_facts "$status"
        if wait "$reading"; then
            say quorum yes
            timeout -k 1 6 "$etcdctl" member list -w json 2>/dev/null | say64 members
        else
            say quorum no
        fi
    fi
}

# Hashed at the newest revision, and at the hundred below it: of those the members may have the same while keys are written.
roster_facts() {
    ETCDCTL_COMMAND_TIMEOUT=10s timeout -k 1 12 "$etcdctl" endpoint hashkv -w json 2>/dev/null | say64 hashkv
    revision=$(printf '%s' "$1" | sed -n 's/.*"revision":\([0-9][0-9]*\).*/\1/p' | head -n 1)
    floor=$((${revision:-0} / 100 * 100))
    if [ "$floor" -gt 0 ]; then
        say floor "$floor"
        ETCDCTL_COMMAND_TIMEOUT=10s timeout -k 1 12 "$etcdctl" endpoint hashkv --rev="$floor" -w json 2>/dev/null | say64 hashkv_floor
    fi
}

# The log's second record names the member whose data it is; each of its files begins with it.
data_owner() {
    for file in "$1"/member/wal/*.wal; do
        if [ -f "$file" ]; then head -c 256 -- "$file" | say64 wal; return; fi
    done
}

say boot_id "$(systemd-id128 boot-id 2>/dev/null || cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
say now "$(date +%s)"
say zone "$(date +%z)"
say uid "$(id -u):$(id -g)"
systemctl show "$unit" -p LoadState,ActiveState,SubState,MainPID,FragmentPath,DropInPaths,ExecStart,EnvironmentFiles,Environment,User,TimeoutStopUSec,UnitFileState 2>/dev/null |
    while IFS= read -r line; do printf 'nv:unit.%s\n' "$line"; done
# What says that etcd is down is read so: where that is not understood, no run could go on once it has begun.
if ! pid=$(systemctl show "$unit" -p MainPID --value 2>/dev/null) && systemctl show "$unit" -p MainPID >/dev/null 2>&1; then
    say lacks 'systemctl show --value (systemd 230 or later)'
fi
if [ "${pid:-0}" != 0 ] && [ -r "/proc/$pid/environ" ]; then
    tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep '^ETCD_' | say64 process_env
fi
for tool in etcd etcdctl etcdutl; do
    path=${etcdctl%/*}/$tool
    [ "$tool" != etcdctl ] || path=$etcdctl
    if [ -x "$path" ]; then
        word=version
        [ "$tool" != etcd ] || word=--version
        say "tool.$tool" "$(timeout -k 1 5 "$path" "$word" 2>/dev/null | head -n 1)"
    fi
done
for tool in tar gzip flock sha256sum systemctl; do
    command -v "$tool" >/dev/null 2>&1 || say lacks "$tool"
done
say api_server "$(yes_if test -e "$manifests/kube-apiserver.yaml")"
say unit_dir_writable "$(yes_if test -w "$unit_dir")"
near=$work
while [ ! -e "$near" ] && [ "$near" != / ] && [ "$near" != . ]; do near=$(dirname -- "$near"); done
say work_writable "$(yes_if test -w "$near")"
work_fs=$(stat -f -c %T -- "$near" 2>/dev/null)
if [ -e "$work/hold" ]; then head -c 200 "$work/hold" | say64 hold; fi
if [ -e "$unit_dir/$unit.service.d/00-novatui-hold.conf" ]; then say hold_dropin yes; fi
if [ -e "$work/active/owner" ]; then head -c 200 "$work/active/owner" | say64 lease; fi
if [ ! -e "$env_file" ]; then say env_is missing
elif [ ! -f "$env_file" ]; then say env_is odd
elif [ ! -r "$env_file" ]; then say env_is unreadable
elif [ ! -s "$env_file" ]; then say env_is empty
else
    say env_real "$(readlink -f -- "$env_file")"
    say env_sha256 "$(sha256sum <"$env_file" | cut -d' ' -f1)"
    say env_writable "$(yes_if test -w "$(dirname -- "$(readlink -f -- "$env_file")")")"
    head -c 65536 "$env_file" | say64 env
    data_dir=$(env_value ETCD_DATA_DIR)
    say data_dir "$data_dir"
    case $data_dir in
        /) : ;;
        /*)
            data_facts "${data_dir%/}"
            [ "$more" != roster ] || data_owner "${data_dir%/}"
            ;;
    esac
    # The hold must outlive a reboot that the data outlives.
    case $work_fs in
        tmpfs|ramfs)
            case $(stat -f -c %T -- "$(dirname -- "$data_dir")" 2>/dev/null) in
                tmpfs|ramfs) : ;;
                *) say work_volatile yes ;;
            esac
            ;;
    esac
    endpoint_facts
fi
say end 1
