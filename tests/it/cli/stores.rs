//! Stores that cannot be opened, and two that want the same one.

use super::harness::Machine;

/// reliability.md F24
#[test]
fn a_second_server_refuses() {
    let machine = Machine::new();
    let _server = machine.serve();
    machine.run(&["serve", "--listen", "127.0.0.1:0"]).fails(1, "another Guestlog process holds data");
}

#[test]
fn a_socket_of_a_dead_server_is_no_hindrance() {
    let machine = Machine::new();
    machine.serve().kill();
    assert!(machine.data("guestlog.sock").exists());
    assert_eq!(machine.account(), 1_000_001);
    let _server = machine.serve();
    assert_eq!(machine.account(), 1_000_002);
}
