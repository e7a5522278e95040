# Puts the manifest of this master's API server aside, so that the kubelet ends it, and back: one rename each way.
# usage: api-fence.sh survey MANIFESTS
#        api-fence.sh look|do|back RUN MANIFESTS ASIDE PLACE
# ASIDE: this run's directory beside MANIFESTS, on the same file system; its file "run" names the run.
# PLACE: [IPV4:]PORT the API server listens on, "" where there is none.
# exit 3: the manifest is not where it must be, or ASIDE is not this run's; nothing was moved then
set -u
umask 077
LC_ALL=C
export LC_ALL
verb=$1
say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }
yes_if() { if "$@"; then echo yes; else echo no; fi; }
there() { [ -e "$1" ] || [ -L "$1" ]; }

# The last value of a flag in the manifest, comments left out; a flag and its value are one word or two.
flag() {
    sed -n -e '/^[[:blank:]]*#/d' -e "s/.*--$1[= ][\"' ]*\\($2\\).*/\\1/p" -- "$manifest" 2>/dev/null | tail -n 1
}

survey() {
    manifest=$1/kube-apiserver.yaml
    parent=$(dirname -- "$1")
    say manifest "$(yes_if there "$manifest")"
    if there "$manifest"; then
        port=$(flag secure-port '[0-9]\{1,5\}')
        address=$(flag bind-address '[0-9]\{1,3\}\.[0-9.]*[0-9]')
        case $port in ''|0) port=6443 ;; esac
        case $address in ''|0.0.0.0) say place "$port" ;; *) say place "$address:$port" ;; esac
        say version "$(sed -n 's/^[^#]*image:.*:v\([0-9][0-9.]*\).*/\1/p' -- "$manifest" 2>/dev/null | head -n 1)"
        say one_fs "$(yes_if [ "$(stat -L -c %d -- "$1")" = "$(stat -L -c %d -- "$parent")" ])"
        for dir in "$1" "$parent"; do [ -w "$dir" ] || printf '%s' "$dir" | say64 readonly; done
    fi
    for left in "$parent"/.novatui-*/kube-apiserver.yaml; do
        if there "$left"; then printf '%s' "$left" | say64 left; fi
    done
    say end 1
}

# The inodes of the sockets that listen at PLACE. Addresses in /proc/net are hexadecimal, an IPv4 one with its bytes reversed.
sockets() {
    [ -n "$place" ] || return 0
    port=$(printf '%04X' "${place##*:}")
    ip=
    case $place in
        *.*.*.*:*)
            set_ip() { ip=$(printf '%02X%02X%02X%02X' "$4" "$3" "$2" "$1"); }
            # shellcheck disable=SC2046 # the four numbers are four words
            set_ip $(printf '%s' "${place%:*}" | tr . ' ')
            ;;
    esac
    # Whoever reads these tables line by line while connections come and go may miss one: large pieces, and three looks.
    for _ in 1 2 3; do cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; done |
        while read -r _ local _ state _ _ _ _ _ inode _; do
            case $state:$local in
                0A:00000000:"$port"|0A:00000000000000000000000000000000:"$port") echo "$inode" ;;
                0A:*"$ip:$port") echo "$inode" ;;
            esac
        done | sort -u
}

# "PID START" of a process, START in ticks since the boot; fails when it is gone, or only waits to be collected.
started() {
    read -r line 2>/dev/null <"/proc/$1/stat" || return 1
    # shellcheck disable=SC2086 # the words behind the name, which may hold blanks itself
    set -- "$1" ${line##*) }
    [ "$2" != Z ] && echo "$1 ${21}"
}

# Who listens now. A port closes before its process has ended all it was asked: until then it may still write.
listeners() {
    for inode in $(sockets); do
        find /proc/[0-9]*/fd -lname "socket:\\[$inode\\]" 2>/dev/null
    done | cut -d/ -f3 | sort -u | while read -r pid; do started "$pid" || :; done
}

alive() {
    [ -r "$aside/listeners" ] || return 0
    while read -r pid start; do
        if [ "$(started "$pid")" = "$pid $start" ]; then echo "$pid"; fi
    done <"$aside/listeners"
}

if [ "$verb" = survey ]; then
    survey "$2"
    exit 0
fi
run=$2 manifests=$3 aside=$4 place=$5
manifest=$manifests/kube-apiserver.yaml kept=$aside/kube-apiserver.yaml
refuse() { echo "novatui: $1" >&2; exit 3; }
case $aside in
    "$(dirname -- "$manifests")/.novatui-$run") : ;;
    *) echo "novatui: $aside is not a name of this run" >&2; exit 64 ;;
esac
same() { [ -f "$manifest" ] && [ -f "$kept" ] && [ "$(sha256sum <"$manifest")" = "$(sha256sum <"$kept")" ]; }
# Without a name in it, it is of an attempt that was cut off before anything was moved.
ours() {
    found=$(head -n 1 "$aside/run" 2>/dev/null)
    [ "$found" = "$run" ] || { [ -z "$found" ] && ! there "$kept"; }
}

case $verb in
    look)
        say manifest "$(yes_if there "$manifest")"
        say kept "$(yes_if there "$kept")"
        say aside "$(yes_if [ -e "$aside" ])"
        if there "$manifest" && there "$kept"; then say same "$(yes_if same)"; fi
        for _ in $(sockets); do say listening "$place"; done
        for pid in $(alive); do say alive "$pid"; done
        if there "$kept"; then
            # What is told here must outlive a power cut, whoever was cut off before he made sure of it.
            sync -- "$aside" "$manifests" 2>/dev/null || :
            # The directory changed last when the manifest came into it.
            say since "$(($(date +%s) - $(stat -c %Y -- "$aside")))"
            say kubelet "$(systemctl show kubelet -p ActiveState --value 2>/dev/null)"
        fi
        say end 1
        ;;
    do)
        ours || refuse "$aside is not of this run"
        if there "$kept"; then
            if there "$manifest"; then refuse "somebody has put another $manifest in its place"; fi
            exit 0
        fi
        there "$manifest" || refuse "$manifest is gone"
        set -e
        mkdir -p -- "$aside"
        listeners >"$aside/listeners"
        printf '%s\n' "$run" >"$aside/run"
        sync -- "$aside/run" "$aside/listeners" "$aside" "$(dirname -- "$aside")"
        mv -T -- "$manifest" "$kept"
        sync -- "$aside" "$manifests"
        echo "put aside: $kept"
        ;;
    back)
        [ -e "$aside" ] || exit 0
        ours || refuse "$aside is not of this run"
        set -e
        if there "$kept"; then
            if ! there "$manifest"; then
                mv -T -- "$kept" "$manifest"
                echo "put back: $manifest"
            elif same; then rm -f -- "$kept"
            else
                echo "somebody has put another $manifest in its place: ours is kept as $kept"
                exit 0
            fi
            sync -- "$manifests" "$aside"
        fi
        rm -f -- "$aside/listeners" "$aside/run"
        rmdir -- "$aside"
        sync -- "$(dirname -- "$aside")"
        ;;
    *) exit 64 ;;
esac
