# Reads snapshot archives of the platform (a tar with one .db in it, or a bare .db) without trusting what is inside.
# usage: archive.sh survey ENV_FILE ETCDCTL WANTED READ_AT_MOST DIR ..   looks; unpacks into a scratch directory it removes;
#                                                                 WANTED: an absolute path, a name to look for in the DIRs, or ""
#        archive.sh prove STAGE ARCHIVE SHA256 ETCDCTL RUN               unpacks the .db to STAGE/snapshot.db, 0600
#        archive.sh adopt STAGE SHA256 ETCDCTL RUN                       takes STAGE/survivor.db as STAGE/snapshot.db
#        archive.sh send STAGE                                           STAGE/snapshot.db to stdout, after a line of its own
#        archive.sh receive STAGE SHA256 ETCDCTL RUN                     what send wrote, from stdin
#        archive.sh look STAGE RUN                                       what stands in STAGE; changes nothing
# exit of prove, adopt and receive: 0 proved, 3 the snapshot is bad (nv:why64 says how), 1 anything else
set -u
umask 077
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }

# Sets form: by name, as the platform writes them.
form_of() {
    case $1 in
        *.tar.gz|*.tgz) form=targz ;;
        *.tar) form='tar' ;;
        *) form=db ;;
    esac
}

list_of() {
    case $form in
        targz) timeout -k 5 300 tar --numeric-owner --quoting-style=escape -tvzf "$1" ;;
        tar) timeout -k 5 300 tar --numeric-owner --quoting-style=escape -tvf "$1" ;;
    esac
}

# Sets member, member_size and why (empty: exactly one regular .db, nothing that could leave a directory).
judge_listing() {
    member='' member_size=0 why='' count=0 entries=0
    while read -r mode _ size _ _ name; do
        entries=$((entries + 1))
        if [ "$entries" -gt 1000 ]; then why='more than 1000 entries'; return; fi
        case $mode in
            -*|d*) : ;;
            l*) why="a symbolic link inside: $name"; return ;;
            h*) why="a hard link inside: $name"; return ;;
            *) why="neither a file nor a directory inside: $name"; return ;;
        esac
        case $name in
            *\\*) why="an odd file name inside: $name"; return ;;
            /*) why="an absolute name inside: $name"; return ;;
            ..|../*|*/..|*/../*) why="a name with .. inside: $name"; return ;;
        esac
        case $mode$name in
            -*.db) member=$name member_size=$size count=$((count + 1)) ;;
        esac
    done <"$1"
    case $count in
        0) why='no .db inside' ;;
        1) : ;;
        *) why="$count .db files inside, there must be one" ;;
    esac
}

unpack() {
    case $form in
        targz) timeout -k 5 600 tar -xzOf "$1" -- "$member" ;;
        tar) timeout -k 5 600 tar -xOf "$1" -- "$member" ;;
        db) cat -- "$1" ;;
    esac
}

# What the db itself says: size, hashes, whose cluster it is, revision. Sets trailer.
inspect() {
    size=$(stat -c %s -- "$1")
    say db_size "$size"
    say sha256 "$(sha256sum <"$1" | cut -d' ' -f1)"
    trailer=bad
    if [ $((size % 512)) -ne 32 ]; then
        trailer=none
    elif [ "$(head -c $((size - 32)) -- "$1" | sha256sum | cut -d' ' -f1)" = \
        "$(tail -c 32 -- "$1" | od -An -v -tx1 | tr -d ' \n')" ]; then
        trailer=ok
    fi
    say trailer "$trailer"
    grep -a -o '"peerURLs":\["[^]]*\]' -- "$1" | sort -u | head -n 64 | say64 urls
    tool=${2%/*}/etcdutl
    [ -x "$tool" ] || tool=$2
    if found=$(timeout -k 5 120 "$tool" snapshot status "$1" -w json 2>/dev/null); then
        printf '%s' "$found" | say64 status
    fi
}

free_kib() { df -Pk -- "$1" 2>/dev/null | tail -n 1 | tr -s ' ' | cut -d' ' -f4; }

# A tool that finds damage says what it found. One that was ended, or had no room, says nothing about the archive.
spoilt() { # STATUS ERRORS
    [ "$1" -lt 124 ] && [ -s "$2" ] && ! grep -qiE 'space left|write error|cannot (write|fork)|memory|killed' -- "$2"
}

not_read() { # STATUS
    if spoilt "$1" "$scratch/error"; then
        head -n 3 "$scratch/error" | say64 damaged
    else
        say unread "unpacking it ended with $1 $(head -n 1 -- "$scratch/error" 2>/dev/null | tr -cd '[:print:]')"
    fi
}

survey_one() {
    archive=$1
    printf '%s' "$archive" | say64 archive
    say size "$(stat -c %s -- "$archive")"
    say mtime "$(stat -c %Y -- "$archive")"
    form_of "$archive"
    member='' member_size=$(stat -c %s -- "$archive")
    if [ "$form" != db ]; then
        list_of "$archive" >"$scratch/list" 2>"$scratch/error" || { not_read $?; return; }
        judge_listing "$scratch/list"
        if [ -n "$why" ]; then printf '%s' "$why" | say64 refused; return; fi
        printf '%s' "$member" | say64 member
    fi
    if [ "$2" -le 0 ]; then say unread 'not among the newest'; return; fi
    need=$((member_size / 1024 + 262144))
    if [ "$(free_kib "$scratch")" -lt "$need" ]; then
        say unread "no room to unpack it: needs $need KiB, $(free_kib "$scratch") KiB free in $scratch"
        return
    fi
    if unpack "$archive" >"$scratch/db" 2>"$scratch/error"; then
        inspect "$scratch/db" "$etcdctl"
    else
        not_read $?
    fi
    rm -f -- "$scratch/db"
}

# Scratch directories of looks that were killed. One that is in use holds the lock of its file.
sweep() { # PLACE
    for old in "$1"/.novatui-look-*; do
        if [ -d "$old" ] && [ ! -L "$old" ] && [ -O "$old" ] && [ -f "$old/look" ]; then
            flock -n "$old/look" rm -rf -- "$old"
        fi
    done
}

# The scratch directory: beside the etcd data if there is the most room, removed whatever happens.
make_scratch() {
    best='' most=-1
    data=
    if [ -f "$env_file" ]; then
        data=$(sed -n 's/^[[:blank:]]*ETCD_DATA_DIR=//p' "$env_file" 2>/dev/null | tail -n 1 | tr -d "\"'\\r")
    fi
    case $data in /?*) : ;; *) data=/var/lib/etcd ;; esac
    for place in "$(dirname -- "$data")" /var/tmp "${TMPDIR:-/tmp}"; do
        [ -w "$place" ] || continue
        sweep "$place"
        room=$(free_kib "$place")
        if [ "${room:-0}" -gt "$most" ]; then best=$place most=$room; fi
    done
    scratch=$(mktemp -d "${best:-/tmp}/.novatui-look-XXXXXXXX") || exit 1
    trap 'rm -rf -- "$scratch"' EXIT
    trap 'exit 130' HUP INT TERM
    exec 8>"$scratch/look" && flock -n 8 || exit 1
}

survey() {
    env_file=$1 etcdctl=$2 wanted=$3 most_read=$4
    shift 4
    make_scratch
    if [ -n "$wanted" ]; then
        case $wanted in
            /*) path=$wanted ;;
            *)
                path=
                for dir in "$@"; do
                    if [ -z "$path" ] && [ -f "$dir/$wanted" ]; then path=$dir/$wanted; fi
                done
                for dir in "$@"; do
                    if [ -z "$path" ] && [ -e "$dir/$wanted" ]; then path=$dir/$wanted; fi
                done
                ;;
        esac
        if [ -f "$path" ] && [ -r "$path" ]; then
            survey_one "$path" 1
        elif [ -e "$path" ]; then
            printf '%s' "$path" | say64 archive
            if [ -f "$path" ]; then why='cannot be read by this user'; else why='is not a file'; fi
            printf '%s' "$why" | say64 refused
        fi
    else
        # Newest first, by the date in the name where there is one: names with a newline are left out.
        for dir in "$@"; do
            find -H "$dir" -maxdepth 1 -type f -readable \( -name '*.db' -o -name '*.db.tar.gz' -o -name '*.db.tgz' -o \
                -name '*snapshot*.tar.gz' -o -name '*snapshot*.tgz' -o -name '*.db.tar' \) ! -name '*
*' -printf '%T@ %p\n' 2>/dev/null
        done | sort -rn | uniq | head -n 40 | cut -d' ' -f2- >"$scratch/found"
        left=$most_read
        while IFS= read -r path; do
            survey_one "$path" "$left"
            left=$((left - 1))
        done <"$scratch/found"
    fi
    say end 1
}

bad() {
    rm -f -- "$stage/snapshot.db.part"
    printf '%s' "$1" | say64 why
    printf 'novatui: %s\n' "$1" >&2
    say end 1
    exit 3
}

# The last word of a failure where there is too little room: which file system, what it has, what is wanted: $1 bytes for $2.
no_room() {
    df -Pk -- "${2%/*}" 2>/dev/null | tail -n 1 | while read -r device _ _ free _ mount; do
        if [ "$free" -lt $(($1 / 1024)) ]; then
            echo "novatui: no space left on device $device, mounted on $mount: $((free / 1024)) MiB free, $(($1 / 1048576 + 1)) MiB wanted for $2" >&2
        fi
    done
}

# However a verb ends that writes below the stage. db_bytes: of the database that it writes, where that is known.
ended() {
    case $1 in 0|3) return 0 ;; esac
    had=$(stat -c %s -- "$stage/snapshot.db.part" 2>/dev/null)
    no_room $((${db_bytes:-0} - ${had:-0} + 1048576)) "$stage"
}

make_stage() {
    trap 'ended $?' EXIT
    if [ -e "$stage" ] && [ "$(cat "$stage/run" 2>/dev/null)" != "$run" ] && { [ -s "$stage/run" ] || [ -n "$(ls -A -I run -- "$stage")" ]; }; then
        echo "novatui: $stage is not of this run" >&2
        exit 1
    fi
    mkdir -p -- "$stage" || exit 1
    mark || exit 1
}

# On disk before anything else is in there: after a power cut an empty mark beside other files would be nobody's.
mark() {
    [ "$(cat "$stage/run" 2>/dev/null)" = "$run" ] || { printf '%s\n' "$run" >"$stage/run" && sync -- "$stage/run" "$stage"; }
}

# The part file becomes the snapshot only when all that can be known of it is right.
accept() {
    inspect "$stage/snapshot.db.part" "$etcdctl" >"$stage/snapshot.facts.part" || exit 1
    case $trailer in
        none) bad 'not a whole etcd snapshot: its size is not a multiple of 512 plus the 32 bytes of its hash' ;;
        bad) bad 'the hash at its end does not match its content' ;;
    esac
    grep -q '^nv:status64=.' "$stage/snapshot.facts.part" || bad 'the tool cannot read its revision'
    found=$(sha256sum <"$stage/snapshot.db.part" | cut -d' ' -f1)
    if [ -n "$1" ] && [ "$1" != - ] && [ "$1" != "$found" ]; then bad "not the snapshot that was looked at: sha256 $found"; fi
    sync -- "$stage/snapshot.db.part" "$stage/snapshot.facts.part" || exit 1
    mv -T -- "$stage/snapshot.facts.part" "$stage/snapshot.facts" || exit 1
    mv -T -- "$stage/snapshot.db.part" "$stage/snapshot.db" || exit 1
    sync -- "$stage" || exit 1
    cat "$stage/snapshot.facts"
    say end 1
}

unreadable() { # STATUS VERB
    cat -- "$stage/error" >&2
    ! spoilt "$1" "$stage/error" || bad "cannot be $2, truncated or damaged: $archive"
    echo "novatui: $archive was not $2 to its end, status $1" >&2
    exit 1
}

prove() {
    stage=$1 archive=$2 wanted=$3 etcdctl=$4 run=$5
    make_stage
    [ -f "$archive" ] || bad "missing: $archive"
    form_of "$archive"
    member=
    if [ "$form" != db ]; then
        list_of "$archive" >"$stage/list" 2>"$stage/error" || unreadable $? listed
        judge_listing "$stage/list"
        [ -z "$why" ] || bad "$why"
        db_bytes=$member_size
    else
        db_bytes=$(stat -c %s -- "$archive")
    fi
    unpack "$archive" >"$stage/snapshot.db.part" 2>"$stage/error" || unreadable $? unpacked
    accept "$wanted"
}

adopt() {
    stage=$1 wanted=$2 etcdctl=$3 run=$4
    make_stage
    [ -f "$stage/survivor.db" ] || bad 'no snapshot was taken from this member'
    db_bytes=$(stat -c %s -- "$stage/survivor.db")
    cp -- "$stage/survivor.db" "$stage/snapshot.db.part" || exit 1
    accept "$wanted"
}

# A line of our own first: whatever a login shell prints before it is not part of the file.
send() {
    printf '\nnv-stream %s\n' "$(stat -c %s -- "$1/snapshot.db")" || exit 1
    cat -- "$1/snapshot.db"
}

receive() {
    stage=$1 wanted=$2 etcdctl=$3 run=$4
    make_stage
    size=
    while IFS= read -r line; do
        case $line in 'nv-stream '*) size=${line#nv-stream }; break ;; esac
    done
    case $size in ''|*[!0-9]*) bad 'nothing came' ;; esac
    db_bytes=$size
    head -c "$size" >"$stage/snapshot.db.part" || exit 1
    [ "$(stat -c %s -- "$stage/snapshot.db.part")" = "$size" ] || bad "only a part came, of $size bytes"
    accept "$wanted"
}

look() {
    if [ "$(cat "$1/run" 2>/dev/null)" = "$2" ] && [ -f "$1/snapshot.db" ] && [ -f "$1/snapshot.facts" ]; then
        say present yes
        cat "$1/snapshot.facts"
        say sha256_now "$(sha256sum <"$1/snapshot.db" | cut -d' ' -f1)"
    else
        say present no
    fi
    say end 1
}

verb=$1
shift
case $verb in
    survey) survey "$@" ;;
    prove) prove "$@" ;;
    adopt) adopt "$@" ;;
    send) send "$@" ;;
    receive) receive "$@" ;;
    look) look "$@" ;;
    *) exit 64 ;;
esac
