# Exchanges the live data for the staged one, or back, by two renames on one file system. Nothing is ever deleted.
# usage: swap.sh look|do|undo-look|undo RUN UNIT LIVE STAGED OLD ASIDE MARK HAD_LIVE(yes|no) [HOLD_FILE]
# LIVE, STAGED, OLD and ASIDE are siblings. MARK is the path of this run's marker below LIVE or STAGED.
# look says nv:state=todo | partial | foreign | done | lost | odd; undo-look also newer: what is live is of another run.
# ASIDE is where undo keeps the restored data.
# exit 3: etcd is not down, or nothing holds it down; 4: the directories are not as this run left them. Nothing was renamed then.
set -u
LC_ALL=C
export LC_ALL
verb=$1 run=$2 unit=$3 live=$4 staged=$5 old=$6 aside=$7 mark=$8 had=$9
shift 9
hold=${1:-}
foreign=${live%/*}/$(basename -- "$old" | sed 's/novatui-old-/novatui-foreign-/')

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
there() { [ -e "$1" ] || [ -L "$1" ]; }
marked() { [ "$(head -n 1 "$1/$mark" 2>/dev/null)" = "$run" ]; }
inode() { stat -c %d:%i -- "$1" 2>/dev/null; }

# Where an exchange stands, told by the directories and the marker alone.
state() {
    if there "$live" && marked "$live"; then
        if there "$staged"; then echo odd
        elif [ "$had" = no ] || there "$old"; then echo 'done'
        else echo lost
        fi
    elif ! there "$staged" || ! marked "$staged"; then
        if there "$old"; then echo lost; else echo missing; fi
    elif there "$live"; then
        # Live data that is not ours: before the first rename it is the data to keep, after it somebody's new one.
        if there "$old" || [ "$had" = no ]; then echo foreign; else echo todo; fi
    elif there "$old"; then echo partial
    elif [ "$had" = no ]; then echo todo
    else echo lost
    fi
}

undo_state() {
    if there "$live" && marked "$live"; then
        if there "$aside"; then echo odd
        elif there "$old" || [ "$had" = no ]; then echo todo
        else echo lost
        fi
    elif there "$live"; then
        # What a later run restored is not a stranger's: whoever takes this run back means another one.
        if there "$old"; then if [ -s "$live/$mark" ]; then echo newer; else echo foreign; fi; else echo 'done'; fi
    elif there "$old"; then echo partial
    elif [ "$had" = no ]; then echo 'done'
    else echo lost
    fi
}

facts() {
    say state "$1"
    for name in live staged old aside foreign; do
        eval "path=\$$name"
        # shellcheck disable=SC2154 # path is set by the eval above
        if there "$path"; then
            say "$name" "$(inode "$path")"
            if marked "$path"; then say "$name.marked" yes; fi
        fi
    done
    # When the log or the database of what is live was written last, seconds since 1970: a start of etcd always writes.
    newest=0
    for file in "$live"/member/wal/*.wal "$live"/wal/*.wal "$live/member/snap/db" "$live/snap/db"; do
        written=$(stat -c %Y -- "$file" 2>/dev/null) || continue
        [ "$written" -le "$newest" ] || newest=$written
    done
    say written "$newest"
    say end 1
}

# What says that an etcd may still have the data open, in words; empty when nothing does.
still_up() {
    active=$(systemctl show "$unit" -p ActiveState --value 2>/dev/null)
    case $active in
        inactive|failed) : ;;
        *) printf "%s is '%s', not down" "$unit" "$active"; return ;;
    esac
    for db in "$live/member/snap/db" "$live/snap/db"; do
        if [ -f "$db" ] && ! flock -x -n "$db" true; then printf 'a process still holds %s' "$db"; return; fi
    done
}

# No etcd may have the data open, and nothing may start one while it moves. A manager that is slow to tell gets a moment.
must_be_down() {
    if [ -n "$hold" ] && [ "$(head -n 1 "$hold" 2>/dev/null)" != "$run" ]; then
        echo "novatui: $hold does not hold this master for this run" >&2
        exit 3
    fi
    for _ in 1 2 3 4 5; do
        why=$(still_up)
        if [ -z "$why" ]; then return 0; fi
        sleep 0.3
    done
    echo "novatui: $why" >&2
    exit 3
}

# One rename, never into a directory and never onto one that is there.
move() {
    if there "$2"; then
        echo "novatui: $2 is there already" >&2
        exit 4
    fi
    mv -T -- "$1" "$2" || exit 1
    sync -- "$(dirname -- "$2")" || exit 1
    echo "renamed $1 to $2"
}

set_aside_foreign() {
    systemctl stop "$unit" || exit 3
    must_be_down
    to=$foreign
    number=2
    while there "$to"; do to=$foreign.$number number=$((number + 1)); done
    move "$live" "$to"
}

label() { if command -v restorecon >/dev/null 2>&1; then restorecon -RF -- "$live" || :; fi; }

case $verb in
    look) facts "$(state)" ;;
    undo-look) facts "$(undo_state)" ;;
    do)
        found=$(state)
        case $found in
            done) exit 0 ;;
            todo|partial|foreign) : ;;
            *) echo "novatui: cannot exchange the data, the directories are '$found'" >&2; exit 4 ;;
        esac
        [ "$found" != foreign ] || set_aside_foreign
        must_be_down
        if [ "$found" = todo ] && [ "$had" = yes ]; then move "$live" "$old"; fi
        move "$staged" "$live"
        label
        ;;
    undo)
        found=$(undo_state)
        case $found in
            done) exit 0 ;;
            todo|partial|foreign) : ;;
            *) echo "novatui: cannot put the data back, the directories are '$found'" >&2; exit 4 ;;
        esac
        [ "$found" != foreign ] || set_aside_foreign
        must_be_down
        if [ "$found" = todo ]; then move "$live" "$aside"; fi
        if there "$old"; then
            move "$old" "$live"
            label
        fi
        ;;
    *) exit 64 ;;
esac
