# Tries whether anything answers at the ports of the other members that this master's env file names. Changes nothing.
# usage: ports.sh ENV_FILE
# stdout: nv:port=NAME HOST:PORT yes|no|unknown for the peer port of each, and for its client port (this master's own number)
set -u
LC_ALL=C
export LC_ALL
env_file=$1
say() { printf 'nv:%s=%s\n' "$1" "$2"; }

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

# A connection that is made is a yes, whatever is said over it. "no" only where the network itself says so, or is silent.
answers() { # HOST PORT
    if command -v bash >/dev/null 2>&1; then
        # shellcheck disable=SC2016 # bash's words, not ours
        said=$(timeout -k 1 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1)
        case $?:$said in
            0:*) echo yes ;;
            124:*|137:*|*refused*|*'timed out'*|*unreachable*|*'No route'*) echo no ;;
            *) echo unknown ;;
        esac
    elif command -v curl >/dev/null 2>&1; then
        case $1 in *:*) host="[$1]" ;; *) host=$1 ;; esac
        timeout -k 1 5 curl -sk -o /dev/null --connect-timeout 3 -m 4 "https://$host:$2/" 2>/dev/null
        case $? in
            7) echo no ;;
            28|124|137) echo no ;;
            5|6) echo unknown ;;
            *) echo yes ;;
        esac
    else
        echo unknown
    fi
}

look() { # NAME HOST PORT
    said=$(answers "$2" "$3")
    say port "$1 $2:$3 $said"
}

port_of() { # URL: its number, the scheme's without one
    place=${1#*://}
    place=${place%%/*}
    case $place in
        *]) : ;;
        *:*) printf '%s' "${place##*:}"; return ;;
    esac
    case $1 in https:*) printf 443 ;; *) printf 80 ;; esac
}

if [ -f "$env_file" ] && [ -r "$env_file" ]; then
    own=$(env_value ETCD_NAME)
    list=$(env_value ETCD_ADVERTISE_CLIENT_URLS)
    client=$(port_of "${list%%,*}")
    list=$(env_value ETCD_INITIAL_CLUSTER)
    while [ -n "$list" ]; do
        pair=${list%%,*}
        case $list in *,*) list=${list#*,} ;; *) list= ;; esac
        pair=${pair#"${pair%%[! 	]*}"}
        name=${pair%%=*} url=${pair#*=}
        [ "$name" != "$own" ] || continue
        place=${url#*://}
        place=${place%%/*}
        case $place in
            \[*) host=${place#\[} host=${host%%\]*} ;;
            *) host=${place%%:*} ;;
        esac
        look "$name" "$host" "$(port_of "$url")" &
        look "$name" "$host" "$client" &
    done
    wait
    say end 1
fi
