# Programs nobody here wrote talk to the running demonstration and judge the cryptography.
extra_steps+=(peers)

peers() {
  local venv=${CARDWARDEN_VENV:-$PWD/.venv}
  have python3 || { skip 'no python3 for the peers'; return 0; }
  if [ ! -x "$venv/bin/python" ]; then
    need_packages python3-venv || true
    python3 -m venv "$venv" 2>/dev/null || { skip 'no virtual environment for the peers'; return 0; }
  fi
  "$venv/bin/pip" install -q --disable-pip-version-check -r tests/peers/requirements.txt ||
    { skip 'the peers cannot be installed: no package index?'; return 0; }
  cargo build --locked -q -p cardwarden -p cardcrypto --example known_answers --bin cardwarden || return 1
  local target; target=$(cargo metadata --format-version 1 --no-deps --locked | "$venv/bin/python" -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
  "$venv/bin/python" tests/peers/crypto.py "$target/debug/examples/known_answers" || return 1
  # Each peer finds a host of its own: a card that pays often within a minute is told to slow down.
  local status=0
  peer "$target" 18583 "$venv/bin/python" tests/peers/pos_pyiso8583.py || status=1
  peer "$target" 18583 "$venv/bin/python" tests/peers/pos_pyiso8583.py --wide || status=1
  peer "$target" 18584 "$venv/bin/python" tests/peers/host_iso8583sim.py --format ascii-binary || status=1
  return $status
}

# peer TARGET PORT COMMAND...: starts a demonstration and lets the command talk to that port of it.
peer() {
  local target=$1 port=$2; shift 2
  local work; work=$(mktemp -d)
  "$target/debug/cardwarden" demo --port 0 --pos-port 18583 --host-port 18584 --speed 0 --data "$work/data" \
    --keys-out "$work/keys.json" --for 300 >"$work/demo.log" 2>&1 &
  local demo=$! status=0 tries
  for tries in $(seq 300); do [ -s "$work/keys.json" ] && break; sleep 0.1; done
  "$@" --port "$port" --keys "$work/keys.json" || status=1
  kill -TERM "$demo" 2>/dev/null; wait "$demo" || status=1
  [ "$status" = 0 ] || cat "$work/demo.log"
  rm -rf "$work"
  return $status
}
