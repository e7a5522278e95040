# Changes of the cluster's members, asked of one member that has quorum; each may be asked again: what is so already is done.
# usage: roster.sh peers   ENDPOINT CACERT CERT KEY ETCDCTL NAME=URL[,URL..] ..   nv:up= or nv:down= for each; changes nothing
#        roster.sh remove  ENDPOINT CACERT CERT KEY ETCDCTL WAIT_S ID
#        roster.sh add     ENDPOINT CACERT CERT KEY ETCDCTL WAIT_S NAME PEER_URLS voter|learner NAME=URL[,URL..] ..
#        roster.sh promote ENDPOINT CACERT CERT KEY ETCDCTL WAIT_S ID
#        roster.sh lead    ENDPOINT CACERT CERT KEY ETCDCTL WAIT_S ID    ENDPOINT is the leader's: it hands over to ID
#        roster.sh disarm  ENDPOINT CACERT CERT KEY ETCDCTL WAIT_S       only where every alarm is CORRUPT
# WAIT_S: how long a refusal that may pass is asked again: a voter that is not connected (yet), a learner that is behind.
# NAME=URL: the other members and where their clients reach them; those that do not answer are named in a refusal.
# exit 3: etcd refuses, and it did not pass within WAIT_S
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
verb=$1 etcdctl=$6
ETCDCTL_ENDPOINTS=$2 ETCDCTL_DIAL_TIMEOUT=2s ETCDCTL_COMMAND_TIMEOUT=5s
export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
if [ -n "$3" ]; then ETCDCTL_CACERT=$3 && export ETCDCTL_CACERT; fi
if [ -n "$4" ]; then ETCDCTL_CERT=$4 && export ETCDCTL_CERT; fi
if [ -n "$5" ]; then ETCDCTL_KEY=$5 && export ETCDCTL_KEY; fi
shift 6

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
ctl() { timeout -k 1 8 "$etcdctl" "$@" 2>&1; }
answers() { ETCDCTL_ENDPOINTS=$1 ETCDCTL_COMMAND_TIMEOUT=3s timeout -k 1 5 "$etcdctl" endpoint status >/dev/null 2>&1; }

# In words, the members of the arguments that do not answer their clients.
unconnected() {
    for one in "$@"; do
        answers "${one#*=}" || printf '%s (%s) does not answer; ' "${one%%=*}" "${one#*=}"
    done
}

# Asks until it is granted, it is refused for good, or the time is over. Patterns of what etcd says: PASSING is asked again,
# ALREADY is as good as granted.
until_granted() { # PASSING ALREADY COMMAND ..
    passing=$1 already=$2
    shift 2
    began=$(date +%s)
    while :; do
        if said=$(ctl "$@"); then
            printf '%s\n' "$said"
            return 0
        fi
        if printf '%s\n' "$said" | grep -qE "$already"; then
            echo "it is so already: $(printf '%s\n' "$said" | tail -n 1)"
            return 0
        fi
        if ! printf '%s\n' "$said" | grep -qE "$passing"; then break; fi
        if [ $(($(date +%s) - began)) -ge "$wait" ]; then break; fi
        sleep 1
    done
    return 1
}
refused() { echo "novatui: etcd refuses: $(printf '%s' "$said" | tail -n 1 | head -c 600)${1:+; $1}" >&2; exit 3; }

if [ "$verb" = peers ]; then
    for one in "$@"; do
        if answers "${one#*=}"; then say up "${one%%=*}"; else say down "${one%%=*}"; fi
    done
    say end 1
    exit 0
fi
wait=$1
shift
# A lost answer, an election and a voter that is not connected for 5 s yet pass.
passing='unhealthy cluster|not enough started members|deadline exceeded|leader changed|no leader|request timed out'
case $verb in
    remove)
        until_granted "$passing" 'member not found' member remove "$1" || refused
        ;;
    add)
        name=$1 urls=$2 as=$3
        shift 3 # what is left are the other members
        # Asked and granted once, its answer lost: the list says so.
        if ctl member list | grep -qF ", unstarted, , $urls, "; then
            echo "it is in the list already, unstarted"
            exit 0
        fi
        learner=
        [ "$as" = voter ] || learner=--learner
        until_granted "$passing" 'Peer URLs already exists' member add "$name" --peer-urls="$urls" ${learner:+"$learner"} ||
            refused "$(unconnected "$@")"
        ;;
    promote)
        until_granted "$passing|in sync with leader" 'can only promote a learner member$' member promote "$1" || refused
        ;;
    lead)
        until_granted "$passing" 'no leader to move' move-leader "$1" || refused
        ;;
    disarm)
        found=$(ctl alarm list) || { echo "novatui: the alarms could not be read: $found" >&2; exit 1; }
        if printf '%s\n' "$found" | grep 'alarm:' | grep -qv 'alarm:CORRUPT'; then
            echo "novatui: not disarmed, there are other alarms too: $found" >&2
            exit 3
        fi
        until_granted "$passing" 'nothing to disarm' alarm disarm || refused
        ;;
    *) exit 64 ;;
esac
