use super::*;
use proptest::prelude::*;

const NO_LIMITS: BatchLimits = BatchLimits {
    bytes: usize::MAX,
    rows: usize::MAX,
};
const EOF_OK: CapabilityFlags = CapabilityFlags::CLIENT_DEPRECATE_EOF;
const END: &[u8] = b"\xfe\x00\x00\x02\x00\x00\x00";

type Row = Vec<Option<Vec<u8>>>;

fn length(out: &mut Vec<u8>, length: usize) {
    match u16::try_from(length) {
        Ok(short) if short <= 0xFA => out.push(short.to_le_bytes()[0]),
        Ok(short) => {
            out.push(0xFC);
            out.extend_from_slice(&short.to_le_bytes());
        }
        Err(_) => {
            out.push(0xFD);
            out.extend_from_slice(&length.to_le_bytes()[..3]);
        }
    }
}

fn payload(row: &Row) -> Vec<u8> {
    let mut out = Vec::new();
    for cell in row {
        match cell {
            None => out.push(NULL_CELL),
            Some(bytes) => {
                length(&mut out, bytes.len());
                out.extend_from_slice(bytes);
            }
        }
    }
    out
}

/// Cuts a payload into packets of at most `payload_max` bytes.
fn packets(out: &mut Vec<u8>, payload: &[u8], payload_max: usize, sequence: &mut u8) {
    let mut rest = payload;
    loop {
        let (piece, after) = rest.split_at(rest.len().min(payload_max));
        out.extend_from_slice(&super::super::frame::header(piece.len(), *sequence));
        out.extend_from_slice(piece);
        *sequence = sequence.wrapping_add(1);
        if piece.len() < payload_max {
            return;
        }
        rest = after;
    }
}

/// Feeds `bytes` through a buffer of `window` bytes that fills by `step` bytes at a time.
fn read(
    bytes: &[u8],
    columns: usize,
    payload_max: usize,
    window: usize,
    step: usize,
) -> Result<(RowBatch, Option<Outcome>)> {
    let mut framer = Framer::new(payload_max);
    let mut reader = RowReader::new(columns, EOF_OK);
    let mut batch = RowBatch::new(columns);
    let (mut start, mut end) = (0, 0);
    loop {
        let mut input = &bytes[start..end];
        let progress = reader.append(&mut framer, &mut input, window, &mut batch, NO_LIMITS)?;
        start = end - input.len();
        match progress {
            Progress::Ended(outcome) => return Ok((batch, Some(outcome))),
            _ if end == bytes.len() => return Ok((batch, None)),
            _ => {
                assert!(end - start < window, "a full buffer must make progress");
                end = (end + step).min(start + window).min(bytes.len());
            }
        }
    }
}

fn cells(batch: &RowBatch) -> Vec<Row> {
    (0..batch.rows())
        .map(|row| {
            batch
                .row(row)
                .map(|cell| cell.map(<[u8]>::to_vec))
                .collect()
        })
        .collect()
}

fn row() -> impl Strategy<Value = Row> {
    let size = prop_oneof![8 => 0..20_usize, 2 => 240..260_usize, 1 => 300..700_usize];
    let bytes = size.prop_flat_map(|size| proptest::collection::vec(any::<u8>(), size));
    proptest::collection::vec(proptest::option::of(bytes), 3)
}

proptest! {
    #[test]
    fn rows_survive_any_cut(
        rows in proptest::collection::vec(row(), 0..12),
        payload_max in 100..1500_usize,
        window in 64..1000_usize,
        step in 1..200_usize,
    ) {
        let (mut bytes, mut sequence) = (Vec::new(), 0);
        for row in &rows {
            packets(&mut bytes, &payload(row), payload_max, &mut sequence);
        }
        packets(&mut bytes, END, payload_max, &mut sequence);
        let (batch, outcome) = read(&bytes, 3, payload_max, window, step).unwrap();
        prop_assert_eq!(cells(&batch), rows);
        prop_assert!(outcome.is_some());
    }

    #[test]
    fn no_bytes_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        columns in 1..6_usize,
        window in 16..64_usize,
    ) {
        let _ = read(&bytes, columns, 40, window, 7);
        let _ = append_row(&bytes, columns, &mut RowBatch::new(columns));
        let _ = PartialRow::new(columns).append(&bytes, &mut RowBatch::new(columns));
    }

    #[test]
    fn both_paths_agree_on_any_payload(
        bytes in proptest::collection::vec(
            prop_oneof![3 => 0..6_u8, 1 => Just(0xFB_u8), 1 => Just(0xFC), 1 => any::<u8>()],
            0..40),
        cut in 0..40_usize,
    ) {
        let (mut whole, mut pieces) = (RowBatch::new(3), RowBatch::new(3));
        let fast = append_row(&bytes, 3, &mut whole).is_ok();
        let (head, tail) = bytes.split_at(cut.min(bytes.len()));
        let mut partial = PartialRow::new(3);
        let slow = partial
            .append(head, &mut pieces)
            .and_then(|()| partial.append(tail, &mut pieces))
            .and_then(|()| partial.check_complete())
            .is_ok();
        prop_assert_eq!(fast, slow);
        if fast {
            prop_assert_eq!(whole, pieces);
        }
    }
}

#[test]
fn wrong_cell_counts_are_errors() {
    let check = |payload: &[u8]| append_row(payload, 2, &mut RowBatch::new(2)).is_ok();
    assert!(check(b"\x01a\xfb"));
    assert!(!check(b"\x01a"));
    assert!(!check(b"\x01a\xfb\xfb"));
    assert!(!check(b"\x01a\x05abc"));
    assert!(!check(b"\x01a\xff"));
    assert!(!check(b"\xfc\xff"));
}

#[test]
fn an_error_among_the_rows_is_the_servers() {
    let error = append_row(b"\xff\x25\x05#70100stop", 2, &mut RowBatch::new(2)).unwrap_err();
    assert_eq!(error.server().unwrap().code, 1317);
}

#[test]
fn an_impossible_length_is_refused_without_allocating() {
    let mut batch = RowBatch::new(1);
    let error = PartialRow::new(1).append(b"\xfe\xff\xff\xff\xff\x00\x00\x00\x00", &mut batch);
    assert!(matches!(error, Err(Error::RowTooLarge { .. })));
    assert_eq!(batch.capacity(), 0);
}

#[test]
fn limits_stop_after_the_row_that_reaches_them() {
    let (mut bytes, mut sequence) = (Vec::new(), 0);
    for _ in 0..3 {
        packets(&mut bytes, b"\x03abc", 100, &mut sequence);
    }
    let check = |limits, rows| {
        let mut batch = RowBatch::new(1);
        let (mut framer, mut input) = (Framer::new(100), &bytes[..]);
        let mut reader = RowReader::new(1, EOF_OK);
        let progress = reader
            .append(&mut framer, &mut input, 100, &mut batch, limits)
            .unwrap();
        assert_eq!((progress, batch.rows()), (Progress::Full, rows));
    };
    check(
        BatchLimits {
            rows: 2,
            ..NO_LIMITS
        },
        2,
    );
    check(
        BatchLimits {
            bytes: 1,
            ..NO_LIMITS
        },
        1,
    );
}

#[test]
fn the_old_end_of_rows_is_known_by_its_length() {
    let reader = RowReader::new(1, CapabilityFlags::empty());
    assert!(reader.ends(b"\xfe\x00\x00\x02\x00"));
    assert!(!reader.ends(b"\xfe\x00\x00\x00\x01\x00\x00\x00\x00"));
}
