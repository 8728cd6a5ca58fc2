//! The golden values of the C2SP formats: seeds of 32 bytes 0x01 and 0x02, entries `entry-0` … `entry-4`, time
//! 1700000000. Test keys only.

/// The log's key.
pub const LOG: &str = "log.example/ocop+21ab5de0+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
/// The witness's key.
pub const WITNESS: &str =
    "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
/// The checkpoint of five entries, cosigned.
pub const NOTE: &str = "log.example/ocop
5
GqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw=

— log.example/ocop Iatd4CZPXZIs6wUXjePwDMLZYpMB9sALB9/nYkBeuU/cNSV+PsSkXOXxgbsBTit5MHq2vJrZ1cWDeiw16zOsm/GOOAE=
— witness.example/w1 3xwKNQAAAABlU/EA1CvcxdMBa8/AR8QYXrPAPJWDQY+a964dG7+R5cmxxI+94lbU1Vz0MrLidEZM5DDzCL89pioZeCXDWDHyT8oCAA==
";
/// The path of entry 2 among five, leaf side first.
pub const PATH: &str = "J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=
LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=
GUu1otW9EOXRqm/V1CmAs1bK8dpiPNmYfEv6L4F3Htc=
";

/// This log, and the witness as its quorum.
pub fn policy() -> String {
    format!("log {LOG}\nwitness w1 {WITNESS}\nquorum w1\n")
}
