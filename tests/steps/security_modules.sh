# Security modules that are features: a PKCS#11 token (Debian's softhsm2) and the payShield host commands (a simulator of
# our own). The tests say aloud what they had to leave out.
extra_steps+=(security_modules)

security_modules() {
  local features=conformance,pkcs11,payshield
  cargo test -p cardcrypto --locked --features "$features" --lib --test pkcs11 --test payshield -- --nocapture || return 1
  cargo test -p cardwarden --locked --features pkcs11 --bin cardwarden key || return 1
  if cargo clippy --version >/dev/null 2>&1; then
    cargo clippy -p cardcrypto --locked --features "$features" --all-targets -- -D warnings || return 1
    cargo clippy -p cardwarden --locked --features pkcs11 -- -D warnings || return 1
  fi
}
