use super::*;
use proptest::prelude::*;

fn any_hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn any_size() -> impl Strategy<Value = TreeSize> {
    (0u64..1 << 53).prop_map(TreeSize)
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..50)
}

fn any_hello() -> impl Strategy<Value = Hello> {
    (any_hash(), any_size(), any::<bool>()).prop_map(|(ledger, size, sequencer)| Hello {
        ledger: LedgerId(ledger),
        size,
        sequencer,
    })
}

fn any_request() -> impl Strategy<Value = Request> {
    prop_oneof![
        any_hello().prop_map(Request::Hello),
        prop::collection::vec(any_bytes(), 1..6)
            .prop_map(|envelopes| Request::Submit { envelopes }),
        (any_size(), any_size()).prop_map(|(size, cosigned)| Request::Follow { size, cosigned }),
        (any_size(), "[ -~]{0,80}").prop_map(|(size, line)| Request::Cosign { size, line }),
        any_hash().prop_map(|hash| Request::Blob { hash }),
    ]
}

fn any_submitted() -> impl Strategy<Value = Submitted> {
    prop_oneof![
        Just(Submitted::Logged),
        Just(Submitted::Pending),
        "[A-Z0-9_]{1,20}".prop_map(Submitted::Refused),
    ]
}

fn any_response() -> impl Strategy<Value = Response> {
    let note = || prop::option::of("[ -~\n]{0,60}");
    prop_oneof![
        any_hello().prop_map(Response::Hello),
        prop::collection::vec(any_submitted(), 0..6)
            .prop_map(|results| Response::Submitted { results }),
        (prop::collection::vec(any_bytes(), 0..6), note(), note()).prop_map(
            |(entries, checkpoint, cosigned)| Response::Log(Log {
                entries,
                checkpoint,
                cosigned
            })
        ),
        Just(Response::Ok),
        prop::option::of(any_bytes()).prop_map(|bytes| Response::Blob { bytes }),
        prop_oneof![
            any_hash().prop_map(|ledger| Refusal::OtherLedger(LedgerId(ledger))),
            Just(Refusal::HelloFirst),
            Just(Refusal::Busy),
            Just(Refusal::Unavailable),
            Just(Refusal::NotNewest),
            Just(Refusal::NotTaken),
        ]
        .prop_map(Response::Error),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn messages_round_trip(request in any_request(), response in any_response()) {
        prop_assert_eq!(Request::decode(&request.encode()), Ok(request));
        prop_assert_eq!(Response::decode(&response.encode()), Ok(response));
    }

    #[test]
    fn a_changed_byte_is_refused_or_is_another_canonical_message(
        request in any_request(), at in any::<prop::sample::Index>(), with in any::<u8>(),
    ) {
        let mut bytes = request.encode();
        let at = at.index(bytes.len());
        bytes[at] = with;
        if let Ok(other) = Request::decode(&bytes) {
            prop_assert_eq!(other.encode(), bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(request) = Request::decode(&bytes) {
            prop_assert_eq!(request.encode(), bytes.clone());
        }
        if let Ok(response) = Response::decode(&bytes) {
            prop_assert_eq!(response.encode(), bytes);
        }
    }
}

#[test]
fn every_limit_holds_at_the_limit_and_not_one_past_it() {
    let submit = |count: usize, each: usize| {
        let envelopes = vec![vec![7; each]; count];
        Request::decode(&Request::Submit { envelopes }.encode()).is_ok()
    };
    assert!(submit(ENVELOPES_MAX, 1) && submit(1, LEAF_MAX_BYTES) && submit(31, LEAF_MAX_BYTES));
    assert!(!submit(0, 0) && !submit(ENVELOPES_MAX + 1, 1) && !submit(1, LEAF_MAX_BYTES + 1));

    let log = |count: usize, each: usize, note: usize| {
        let log = Log {
            entries: vec![vec![7; each]; count],
            checkpoint: Some("a".repeat(note)),
            cosigned: Some("a".repeat(note)),
        };
        Response::decode(&Response::Log(log).encode()).is_ok()
    };
    assert!(log(
        ENTRIES_MAX,
        LOG_BYTES_MAX / ENTRIES_MAX,
        MAX_NOTE_BYTES
    ));
    assert!(log(1, ENTRY_BYTES_MAX, 0));
    assert!(!log(ENTRIES_MAX + 1, 1, 0) && !log(1, ENTRY_BYTES_MAX + 1, 0));
    assert!(!log(1, 1, MAX_NOTE_BYTES + 1));
    assert!(!log(
        LOG_BYTES_MAX / ENTRY_BYTES_MAX + 1,
        ENTRY_BYTES_MAX,
        0
    ));

    let line = |length: usize| {
        let line = "a".repeat(length);
        let size = TreeSize(1);
        Request::decode(&Request::Cosign { size, line }.encode()).is_ok()
    };
    assert!(line(LINE_BYTES_MAX) && !line(LINE_BYTES_MAX + 1));

    let blob = |length: usize| {
        let bytes = Some(vec![0; length]);
        Response::decode(&Response::Blob { bytes }.encode()).is_ok()
    };
    assert!(blob(BLOB_BYTES_MAX) && !blob(BLOB_BYTES_MAX + 1));

    let refused = |length: usize| {
        let results = vec![Submitted::Refused("A".repeat(length))];
        Response::decode(&Response::Submitted { results }.encode()).is_ok()
    };
    assert!(refused(CODE_BYTES_MAX) && !refused(CODE_BYTES_MAX + 1) && !refused(0));

    let whole = vec![0; MESSAGE_BYTES_MAX + 1];
    assert_eq!(Request::decode(&whole), Err(MessageError::TooLarge));
}

#[test]
fn what_is_not_exactly_a_message_is_refused() {
    let hash = || ("hash", Value::bytes(&[1; 32]));
    let kind = || ("kind", Value::text("blob"));
    let cases = [
        ("no kind", Value::map([hash()])),
        (
            "unknown kind",
            Value::map([("kind", Value::text("gossip")), hash()]),
        ),
        ("missing field", Value::map([kind()])),
        (
            "short hash",
            Value::map([kind(), ("hash", Value::bytes(&[1; 31]))]),
        ),
        (
            "further field",
            Value::map([kind(), hash(), ("also", Value::Null)]),
        ),
        ("not a map", Value::Array(vec![])),
    ];
    for (what, value) in cases {
        assert_eq!(
            Request::decode(&value.encode()),
            Err(MessageError::Shape),
            "{what}"
        );
    }
    assert!(Request::decode(&Value::map([kind(), hash()]).encode()).is_ok());
    assert!(matches!(Request::decode(&[]), Err(MessageError::Cbor(_))));
}

#[test]
fn the_greeting_byte_for_byte() {
    let hello = Hello {
        ledger: LedgerId(Hash([0xab; 32])),
        size: TreeSize(300),
        sequencer: true,
    };
    let expected = [
        vec![0xa4, 0x64],
        b"kind".to_vec(),
        vec![0x65],
        b"hello".to_vec(),
        vec![0x64],
        b"size".to_vec(),
        vec![0x19, 0x01, 0x2c, 0x66],
        b"ledger".to_vec(),
        vec![0x58, 0x20],
        vec![0xab; 32],
        vec![0x69],
        b"sequencer".to_vec(),
        vec![0xf5],
    ]
    .concat();
    assert_eq!(Request::Hello(hello).encode(), expected);
    assert_eq!(Response::Hello(hello).encode(), expected);
}
