# SPDX-License-Identifier: Apache-2.0
# Sourced by the other tools: makes virtual environments with pinned versions.

# find_python: print a Python of 3.10 or newer that can make environments.
find_python() {
    local name path found=
    for name in python3 python3.13 python3.12 python3.11 python3.10; do
        while read -r path; do
            "$path" -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
                2>/dev/null || continue
            found=$path
            "$path" -c 'import ensurepip, venv' 2>/dev/null || continue
            echo "$path"
            return
        done < <(type -aP "$name")
    done
    if [ -n "$found" ]; then
        echo "$found cannot make virtual environments (on Debian and" \
            "Ubuntu: apt-get install python3-venv)" >&2
    else
        echo "no Python of version 3.10 or newer was found" >&2
    fi
    return 1
}

# make_environment FOLDER ARGUMENT...: see to it that FOLDER is a virtual
# environment made by 'pip install ARGUMENT...' under constraints.txt. It is
# made anew when the arguments, the pins or the metadata change. Of two
# commands that want it at once one makes it and the other waits.
make_environment() {
    (
        ! command -v flock >/dev/null || flock 9
        _make_environment "$@"
    ) 9>"$1.lock"
}

_make_environment() {
    local folder=$1 python stamp
    shift
    stamp=$({ echo "$PWD" "$@"; cat constraints.txt requirements.txt \
        setup.cfg setup.py pyproject.toml; } | sha256sum)
    if [ -x "$folder/bin/python" ] &&
            [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ]; then
        return
    fi
    python=$(find_python) || return
    echo "making $folder (a minute or so, once)" >&2
    rm -rf "$folder"
    "$python" -m venv "$folder" || return
    PIP_CONSTRAINT=$PWD/constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
        "$folder/bin/python" -m pip install --quiet "$@" || return
    echo "$stamp" >"$folder/stamp"
}
