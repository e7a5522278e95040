# The fenced lease of one run on this master: WORK_DIR/active/, on disk, surviving reboots.
# usage: lease.sh acquire WORK_DIR RUN BY LEAST WAIT_S HOLDER_JSON   take it if nobody has it
#        lease.sh adopt   WORK_DIR RUN BY LEAST WAIT_S HOLDER_JSON   take over this run from a runner that fell silent
#        lease.sh renew   WORK_DIR RUN:EPOCH BY WAIT_S               raise our own epoch after an unknown outcome
#        lease.sh release WORK_DIR RUN:EPOCH WAIT_S                  give it back
#        lease.sh break   WORK_DIR RUN WAIT_S BREAKER_JSON           put a silent run's lease aside; never one that holds etcd
#        lease.sh show    WORK_DIR                                   who has it
# RUN: the run's id. BY: the runner process. LEAST: the epoch to begin with, above any this run ever had here.
# WAIT_S: how long a command that is still running is waited for.
# stdout: lines "name value": taken, epoch, boot; of a holder: owner, since, alive, holder; of a broken one: kept.
# exit 75: not ours (any more); 76: another run has it; 77: this run, and its runner is alive; 78: a command is running;
# 79: it holds etcd down; 80: another runner took this run over while we waited.
set -u
umask 077
verb=$1 work=$2
shift 2
active=$work/active

say_holder() {
    echo "owner $(cat "$active/owner" 2>/dev/null)"
    echo "since $(date -u -r "$active/holder" '+%Y-%m-%d %H:%M:%S UTC' 2>/dev/null)"
    if flock -n "$active/alive" true 2>/dev/null; then echo "alive no"; else echo "alive yes"; fi
    echo "holder $(cat "$active/holder" 2>/dev/null)"
}

silent_or_exit() { # its runner
    if [ -e "$active/alive" ] && ! flock -n "$active/alive" true; then
        say_holder
        exit 77
    fi
}

say_taken() { # HOW EPOCH
    echo "taken $1"
    echo "epoch $2"
    echo "boot $(systemd-id128 boot-id 2>/dev/null || cat /proc/sys/kernel/random/boot_id)"
}

put() { # NAME TEXT: whole or not at all
    printf '%s\n' "$2" >"$active/.$1.part" && sync "$active/.$1.part" && mv -fT "$active/.$1.part" "$active/$1" && sync "$active"
}

lock() { # WAIT_S: no command runs while we hold it; false: there is no lease
    [ -d "$active" ] || return 1
    if ! command exec 9>>"$active/act.lock"; then
        [ -d "$active" ] || return 1
        exit 1 # it is there and cannot be locked: a file system gone read-only is nobody's taking over
    fi
    if ! flock -x -w "$1" 9; then
        echo "novatui: a command is still running on this master" >&2
        exit 78
    fi
}

raise() { # RUN BY LEAST HOLDER: under the lock; the epoch above both LEAST and what is there
    epoch=$((${owner##*:} + 1))
    [ "$epoch" -ge "$3" ] || epoch=$3
    [ -z "$4" ] || put holder "$4" || exit 1
    put by "$2" && put owner "$1:$epoch" || exit 1
}

acquire() { # RUN BY LEAST WAIT_S HOLDER
    # One that is there already may be somebody else's too: its mode is left.
    [ -d "$work" ] || mkdir -p "$work" || exit 1
    new=$work/.active-$1-$2
    rm -rf "$new"
    mkdir "$new" && : >"$new/act.lock" && : >"$new/alive" || exit 1
    printf '%s\n' "$5" >"$new/holder" && printf '%s\n' "$2" >"$new/by" && printf '%s\n' "$1:$3" >"$new/owner" || exit 1
    sync "$new/holder" "$new/by" "$new/owner" "$new" || exit 1
    # Only one wins, and what it wins is complete: a rename onto a directory that is not empty fails.
    if mv -T "$new" "$active" 2>/dev/null; then
        sync "$work"
        say_taken acquired "$3"
        exit 0
    fi
    rm -rf "$new"
    adopt "$@"
}

adopt() { # RUN BY LEAST WAIT_S HOLDER
    if ! owner=$(cat "$active/owner"); then
        echo "novatui: no lease on this master" >&2
        exit 75
    fi
    if [ "${owner%:*}" != "$1" ]; then
        say_holder
        exit 76
    fi
    before=$(cat "$active/by" 2>/dev/null)
    [ "$before" = "$2" ] || silent_or_exit
    lock "$4" || exit 75
    owner=$(cat "$active/owner") && [ "${owner%:*}" = "$1" ] || exit 75
    # Others may have waited with us. Who took it meanwhile lives, also where its heart does not beat here yet.
    now=$(cat "$active/by" 2>/dev/null)
    how=adopted
    if [ "$now" = "$2" ]; then
        how=acquired # by us: its answer was lost
    elif [ "$now" != "$before" ]; then
        echo "novatui: another runner took this run over a moment ago" >&2
        say_holder
        exit 80
    else
        silent_or_exit # it may have come back
    fi
    raise "$1" "$2" "$3" "$5"
    say_taken "$how" "$epoch"
}

renew() { # RUN:EPOCH BY WAIT_S
    lock "$3" || exit 75
    owner=$(cat "$active/owner")
    if [ "$owner" != "$1" ] && { [ "${owner%:*}" != "${1%:*}" ] || [ "$(cat "$active/by")" != "$2" ]; }; then
        echo "novatui: the lease names '$owner', not '$1'" >&2
        exit 75
    fi
    raise "${1%:*}" "$2" 0 ""
    say_taken renewed "$epoch"
}

release() { # RUN:EPOCH WAIT_S
    [ -d "$active" ] || exit 0
    lock "$2" || exit 0
    owner=$(cat "$active/owner" 2>/dev/null)
    if [ "$owner" != "$1" ]; then
        echo "novatui: the lease names '$owner', not '$1'" >&2
        exit 75
    fi
    old=$work/.released-${1%:*}-$$
    mv -T "$active" "$old" && sync "$work" && rm -rf "$old"
}

# Whoever wakes up after this finds no lease: the fence lets nothing of it through. What it was stays to be read.
break_it() { # RUN WAIT_S BREAKER
    [ -d "$active" ] || { echo "novatui: no lease on this master" >&2 && exit 75; }
    lock "$2" || exit 75
    owner=$(cat "$active/owner" 2>/dev/null)
    if [ "${owner%:*}" != "$1" ]; then
        say_holder
        exit 76
    fi
    silent_or_exit
    if [ "$(head -n 1 "$work/hold" 2>/dev/null)" = "$1" ]; then
        say_holder
        exit 79
    fi
    put broken "$3" || exit 1
    kept=$work/broken-$1-${owner##*:}
    mv -T "$active" "$kept" && sync "$work" || exit 1
    echo "kept $kept"
}

case $verb in
acquire) acquire "$@" ;;
adopt) adopt "$@" ;;
renew) renew "$@" ;;
release) release "$@" ;;
break) break_it "$@" ;;
show) if [ -d "$active" ]; then say_holder; fi ;;
*)
    echo "novatui: lease.sh does not know '$verb'" >&2
    exit 64
    ;;
esac
