# Puts the live data aside by one rename and leaves an empty place for a new member's; and back. Nothing is ever deleted.
# usage: aside.sh look|do UNIT LIVE OLD RUN HOLD_FILE OWNER MODE make|leave
# LIVE and OLD are siblings. make: an empty LIVE is made, owned by OWNER, with MODE; leave: etcd makes it (LIVE is "member").
# look says nv:state=todo | partial | blank | foreign, and the inodes: blank: there is no live data, OLD is what it was (or
# there was none); foreign: OLD is there and live data too. Live data is whatever has a log.
# exit 3: etcd is not down, or nothing holds it down: nothing was renamed
set -u
LC_ALL=C
export LC_ALL
verb=$1 unit=$2 live=$3 old=$4 run=$5 hold=$6 owner=$7 mode=$8 make=$9
foreign=${live%/*}/$(basename -- "$old" | sed 's/novatui-old-/novatui-foreign-/')

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
there() { [ -e "$1" ] || [ -L "$1" ]; }
has_data() { # a data directory, or its "member"
    for file in "$1"/member/wal/*.wal "$1"/wal/*.wal "$1"/member/snap/db "$1"/snap/db; do [ ! -e "$file" ] || return 0; done
    return 1
}
place_is_ready() { [ "$make" != make ] || [ -d "$live" ]; }

state() {
    if has_data "$live"; then
        if there "$old"; then echo foreign; else echo todo; fi
    elif there "$live" && ! there "$old" && [ -n "$(ls -A -- "$live" 2>/dev/null)" ]; then echo todo
    elif place_is_ready; then echo blank
    else echo partial
    fi
}

if [ "$verb" = look ]; then
    say state "$(state)"
    if there "$live"; then say live "$(stat -c %d:%i -- "$live")"; fi
    if there "$old"; then say old "$(stat -c %d:%i -- "$old")"; fi
    say end 1
    exit 0
fi
[ "$verb" = 'do' ] || exit 64

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
must_be_down() {
    if [ "$(head -n 1 "$hold" 2>/dev/null)" != "$run" ]; then
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
move() {
    mv -T -- "$1" "$2" || exit 1
    sync -- "$(dirname -- "$2")" || exit 1
    echo "renamed $1 to $2"
}

found=$(state)
case $found in
    blank) exit 0 ;;
    todo)
        must_be_down
        if there "$old"; then echo "novatui: $old is there already" >&2; exit 3; fi
        move "$live" "$old"
        ;;
    foreign)
        must_be_down
        to=$foreign number=2
        while there "$to"; do to=$foreign.$number number=$((number + 1)); done
        move "$live" "$to"
        ;;
    partial) must_be_down ;;
esac
if [ "$make" = make ] && [ ! -d "$live" ]; then
    # Whole or not at all: half made it would read as done, and etcd could not write into it.
    blank=$old.blank
    if [ -d "$blank" ]; then rmdir -- "$blank" || exit 1; fi
    mkdir -m 0700 -- "$blank" && chown -- "$owner" "$blank" && chmod -- "$mode" "$blank" && mv -T -- "$blank" "$live" || exit 1
    if command -v restorecon >/dev/null 2>&1; then restorecon -RF -- "$live" || :; fi
    sync -- "$(dirname -- "$live")" || exit 1
    echo "made an empty $live"
fi
