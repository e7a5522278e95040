# One piece of a support bundle: what it prints goes into an archive for the vendor. Read-only, and nothing but what is named here.
# usage: bundle.sh os | clock | disk | env ENV_FILE UNIT | unit UNIT | state UNIT | journal UNIT SINCE_S | pods NAME
#        | versions ETCDCTL | etcd ETCDCTL ENDPOINT CACERT CERT KEY | files DIR .. | certs FILE ..
# exit: 66 there is no such thing on this master, 69 systemd does not answer
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
piece=$1 code=0
shift

head_of() { printf '== %s\n' "$*"; }
# A command that may not be here, or hang: its own words, its own limit.
say() {
    head_of "$*"
    if command -v "$1" >/dev/null 2>&1; then
        timeout -k 1 5 "$@" 2>&1 || printf '(exit %s)\n' "$?"
    else
        echo '(not on this master)'
    fi
    echo
}
cat_of() { # FILE MOST
    head_of "$1"
    # As a comment: of an env file nothing else would be kept that is no assignment.
    [ -r "$1" ] || { echo '# (not there, or not to be read)' && return; }
    head -c "$2" -- "$1" 2>&1
    echo
}

case $piece in
    os)
        say uname -a
        cat_of /etc/os-release 16384
        say systemctl --version
        say uptime
        cat_of /proc/loadavg 200
        cat_of /proc/meminfo 400
        ;;
    clock)
        say date '+%Y-%m-%dT%H:%M:%S.%N%z (%s)'
        cat_of /proc/uptime 100
        say chronyc -n tracking
        say ntpq -pn
        ;;
    disk)
        say df -PkT
        say df -Pi
        ;;
    env)
        cat_of "$1" 262144
        # The others that its unit reads: "EnvironmentFiles=/etc/x (ignore_errors=no)", one line a file.
        systemctl show "$2" -p EnvironmentFiles 2>/dev/null | sed -n 's/^EnvironmentFiles=\(.*\) (ignore_errors=[a-z]*)$/\1/p' |
            while IFS= read -r file; do
                if [ "$file" != "$1" ] && [ -f "$file" ]; then cat_of "$file" 262144; fi
            done
        ;;
    unit)
        { timeout -k 1 5 systemctl cat "$1" --no-pager 2>&1 || printf '(exit %s)\n' "$?"; } | head -c 262144
        ;;
    state)
        say systemctl status "$1" --no-pager --full -n 0
        say systemctl show "$1"
        ;;
    journal)
        # A unit that is masked, broken or gone may have a journal all the same; so may one of which systemd says nothing.
        load=$(timeout -k 1 20 systemctl show "$1" -p LoadState --value)
        if [ "$load" = not-found ] && newest=$(journalctl -u "$1" -n 1 -o json --no-pager --quiet); then
            [ -n "$newest" ] || exit 66
        fi
        # More than 16 MiB: the newest, and the reader is told by the size.
        {
            journalctl -u "$1" --since "@$2" -o json --all --no-pager --output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_PID 2>&1 ||
                printf '(exit %s)\n' "$?"
        } | tail -c 16777216
        [ -n "$load" ] || { echo 'systemd did not say whether there is such a unit' >&2 && code=69; }
        ;;
    pods)
        found=
        for file in /var/log/containers/"$1"-*.log; do
            if [ -f "$file" ] && { [ -z "$found" ] || [ "$file" -nt "$found" ]; }; then found=$file; fi
        done
        [ -n "$found" ] || exit 66
        head_of "$found"
        tail -c 4194304 -- "$found"
        ;;
    versions)
        say "${1%/*}/etcd" --version
        say "$1" version
        say "${1%/*}/etcdutl" version
        say kubelet --version
        ;;
    etcd)
        ETCDCTL_ENDPOINTS=$2 ETCDCTL_DIAL_TIMEOUT=2s ETCDCTL_COMMAND_TIMEOUT=4s
        export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
        [ -z "$3" ] || { ETCDCTL_CACERT=$3 && export ETCDCTL_CACERT; }
        [ -z "$4" ] || { ETCDCTL_CERT=$4 && export ETCDCTL_CERT; }
        [ -z "$5" ] || { ETCDCTL_KEY=$5 && export ETCDCTL_KEY; }
        # Alarms come with the status: asking for them by their own call would write to raft.
        say "$1" endpoint status -w table
        say "$1" endpoint status -w json
        say "$1" member list -w table
        ;;
    files)
        for dir in "$@"; do
            # With what lies beside it under its name: kept data, what somebody moved away.
            for place in "$dir"*; do
                [ -e "$place" ] || continue
                head_of "$place"
                ls -lanR --time-style=full-iso -- "$place" 2>&1
                echo
            done
        done | head -c 2097152
        ;;
    certs)
        # Of each file the certificates alone: a key in the same file stays where it is.
        for file in "$@" /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt; do
            [ -e "$file" ] || continue
            head_of "$file"
            sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/p' -- "$file" 2>&1 | head -c 262144
        done
        ;;
    *) exit 64 ;;
esac
printf '\nnv:end\n' # without it the rest was lost on its way
exit "$code"
