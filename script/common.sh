# Shared by the scripts: where things are, and what more than one of them does. Sourced, never run.
#
# A script that sources this file and then calls `use_environment` (after script/bootstrap) has:
#   PATH         the virtual environment (python, odoo, node, ...) and PostgreSQL's programs first
#   ODOO_BIN     the odoo command of that environment, one path
#   ODOO_RC      the configuration that command reads by itself: addons_path and data_dir of this checkout
#   CHROMIUM     Debian's browser, for playwright's executable_path
# Tests (tests/) and benchmarks (benchmarks/) find besides:
#   PGHOST PGUSER        a PostgreSQL server and a role that may create databases (and is a member of pg_signal_backend)
#   TEST_TEMPLATE_DB     a database with every addon of ours installed: `createdb -T "$TEST_TEMPLATE_DB" ...`
#   TEST_DB_PREFIX       begin the name of each database with it: script/test drops those at its end
#   TEST_DATA_DIR        Odoo's data_dir in that run (ODOO_RC names it too), with the template's filestore
# MariaDB's programs (mariadbd, mariadb-install-db) are installed, no server of theirs is running.
set -euo pipefail
export LC_ALL=C.UTF-8 PYTHONUNBUFFERED=1

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$ROOT"
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/hospital-followup
HASH=$(sha256sum <<<"$ROOT" | cut -c1-8)
if ((EUID == 0)); then
    STATE=/var/lib/hospital-followup/$HASH
else
    STATE=${XDG_STATE_HOME:-$HOME/.local/state}/hospital-followup/$HASH
fi

say() { printf '==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The addons of this checkout: a,b,c
addons() {
    local manifests=(addons/*/__manifest__.py)
    [[ -e ${manifests[0]} ]] || die "no addon in $ROOT/addons: check the checkout with 'git status'"
    printf '%s\n' "${manifests[@]}" | cut -d/ -f2 | paste -sd,
}

# The folder of PostgreSQL's programs, the newest that is at least 15; nothing if there is none.
postgres_bin() {
    local bin
    while read -r bin; do
        [[ ! $bin =~ /([0-9]+)/bin$ ]] || ((BASH_REMATCH[1] < 15)) || { echo "$bin"; return; }
    done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV)
}

# Written by script/bootstrap.
use_environment() {
    # shellcheck disable=SC1091
    source "$STATE/$1.env"
}

# Two runs of one script in one checkout would share a cluster: the second is refused.
only_once() {
    mkdir -p "$STATE"
    exec 9>"$STATE/$1.lock"
    flock -n 9 || die "script/$1 is already running in this checkout: stop it first"
}

free_port() {
    python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# PostgreSQL refuses to run as root: its programs run as the user postgres then.
# From /, since that user may not read the checkout.
as_postgres() {
    if ((EUID == 0)); then (cd / && exec runuser -u postgres -- "$@"); else "$@"; fi
}

# start_cluster DIR [SETTING...]: a private cluster in DIR, reached by its socket only; none if PGHOST names a server.
start_cluster() {
    if [[ -n ${PGHOST:-} ]]; then
        say "PostgreSQL: the server that PGHOST names ($PGHOST)"
        psql -d postgres -Atqc "SELECT" || die "no connection to PGHOST=$PGHOST: check it, or unset PGHOST for a private cluster"
        return
    fi
    local dir=$1 buffers
    shift
    export PGHOST=$dir PGPORT=5432 PGUSER=hospital
    ((${#dir} < 90)) || die "the path of the socket would be too long: set XDG_STATE_HOME to a shorter folder than $dir"
    if [[ ! -e $dir/PG_VERSION ]]; then
        say "PostgreSQL: new cluster in $dir"
        mkdir -p "$(dirname "$dir")"
        rm -rf "$dir.new"
        if ((EUID == 0)); then install -d -m 700 -o postgres "$dir.new"; else install -d -m 700 "$dir.new"; fi
        as_postgres initdb --pgdata "$dir.new" --locale C.UTF-8 --encoding UTF8 --auth trust --no-sync --no-instructions >/dev/null
        mv "$dir.new" "$dir"
    fi
    as_postgres pg_ctl --pgdata "$dir" status >/dev/null && return
    say "PostgreSQL: start"
    buffers=$(awk '/MemTotal/ { mb = int($2 / 8192); print (mb < 2048 ? mb : 2048) "MB" }' /proc/meminfo)
    printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$dir'" "shared_buffers = $buffers" 'work_mem = 32MB' \
        'maintenance_work_mem = 256MB' 'max_wal_size = 4GB' 'random_page_cost = 1.1' 'jit = off' 'max_prepared_transactions = 20' "$@" |
        as_postgres tee "$dir/postgresql.auto.conf" >/dev/null
    started_cluster=$dir
    # Without descriptor 9: the cluster must not hold the script's lock.
    as_postgres pg_ctl --pgdata "$dir" --wait --log "$dir/server.log" start >/dev/null 9>&- ||
        die "PostgreSQL does not start: read $dir/server.log"
    # Without pg_signal_backend `dropdb --force` fails whenever autovacuum is at work in that database.
    as_postgres psql -h "$dir" -U "$(as_postgres id -un)" -d postgres -qc \
        "DO \$\$ BEGIN CREATE ROLE hospital LOGIN CREATEDB; EXCEPTION WHEN duplicate_object THEN END \$\$;
         GRANT pg_signal_backend TO hospital"
}

# Stops what start_cluster started, and nothing else.
stop_cluster() {
    [[ -z ${started_cluster:-} ]] || as_postgres pg_ctl --pgdata "$started_cluster" --wait --mode "${1:-fast}" stop >/dev/null
}

# A cluster and a data folder for one run, and the template database that tests and benchmarks copy.
# start_test_database NAME [SETTING...]
start_test_database() {
    local dir=$STATE/$1
    shift
    # A run that was killed may have left its cluster running.
    [[ ! -e $dir/pg/postmaster.pid ]] || as_postgres pg_ctl --pgdata "$dir/pg" --mode immediate stop >/dev/null || true
    rm -rf "$dir"
    mkdir -p "$dir/data"
    start_cluster "$dir/pg" "$@"
    sed "s|^data_dir = .*|data_dir = $dir/data|" "$ODOO_RC" >"$dir/odoo.conf"
    export ODOO_RC=$dir/odoo.conf TEST_DATA_DIR=$dir/data TEST_DB_PREFIX=test_${HASH}_ TEST_TEMPLATE_DB=test_${HASH}_template
    drop_test_databases
    say "install $(addons) into a fresh database"
    odoo -d "$TEST_TEMPLATE_DB" -i "$(addons)" --load-language zh_CN --no-http --stop-after-init >"$dir/install.log" 2>&1 ||
        { tail -n 30 "$dir/install.log"; die "the addons do not install: the whole log is $dir/install.log"; }
}

drop_test_databases() {
    local database
    while read -r database; do
        dropdb --force "$database"
    done < <(psql -d postgres -Atc "SELECT datname FROM pg_database WHERE starts_with(datname, '$TEST_DB_PREFIX')")
}

# copy_database FROM TO: with the filestore, whose files never change, as links.
copy_database() {
    createdb -T "$1" "$2"
    [[ ! -d $TEST_DATA_DIR/filestore/$1 ]] || cp -al "$TEST_DATA_DIR/filestore/$1" "$TEST_DATA_DIR/filestore/$2"
}
