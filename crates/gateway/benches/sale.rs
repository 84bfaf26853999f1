//! A sale's way through the gateway.

fn main() {
    divan::main();
}
