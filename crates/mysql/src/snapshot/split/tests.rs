use super::*;

#[test]
fn decimals_are_whole_numbers_of_a_unit() {
    for (text, scale, value) in [
        ("12.50", 2, 1250),
        ("-0.05", 2, -5),
        ("7", 0, 7),
        ("-7.000", 3, -7000),
        ("0.00", 2, 0),
    ] {
        assert_eq!(unscaled(text, scale), Some(value));
        assert_eq!(scaled(value, scale), text);
    }
    assert_eq!(unscaled("1.25", 1), None);
    assert_eq!(unscaled("x", 0), None);
}

#[test]
fn parts_are_about_equal() {
    let cut = |rows| Cut {
        place: Place::End,
        rows,
    };
    let parts = |weights: &[u64], pieces| {
        let cuts: Vec<Cut> = weights.iter().map(|&rows| cut(rows)).collect();
        balanced(&cuts, pieces).len() + 1
    };
    assert_eq!(parts(&[10; 32], 4), 4);
    assert_eq!(
        parts(&[1000, 1, 1, 1], 4),
        2,
        "a heavy interval is not cut here"
    );
    assert_eq!(parts(&[5], 4), 1);
    assert_eq!(parts(&[], 4), 1);
}
