//! The two back ends against each other.

use proptest::prelude::*;

use super::{aws_lc, rust_crypto};

/// The order of the curve (SEC 2 §2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn both(scalar: [u8; 32]) -> (rust_crypto::Es256, aws_lc::Es256) {
    let key = p256::SecretKey::from_slice(&scalar).unwrap();
    (
        rust_crypto::Es256::new(&key).unwrap(),
        aws_lc::Es256::new(&key).unwrap(),
    )
}

fn agree(keys: &(rust_crypto::Es256, aws_lc::Es256), message: &[u8], signature: &[u8]) -> bool {
    let answer = keys.0.verifies(message, signature);
    assert_eq!(answer, keys.1.verifies(message, signature), "{signature:02x?}");
    let point = keys.0.public();
    let halves = (rust_crypto::Es256Public::new(&point), aws_lc::Es256Public::new(&point));
    assert_eq!(
        answer,
        halves.0.unwrap().verifies(message, signature),
        "{signature:02x?}"
    );
    assert_eq!(
        answer,
        halves.1.unwrap().verifies(message, signature),
        "{signature:02x?}"
    );
    answer
}

/// `order - number`.
fn negated(number: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut digits: Vec<u8> = (0..32)
        .rev()
        .map(|index| {
            let digit = i16::from(ORDER[index]) - i16::from(number[index]) - borrow;
            borrow = i16::from(digit < 0);
            digit.rem_euclid(256) as u8
        })
        .collect();
    digits.reverse();
    digits
}

#[test]
fn each_checks_what_the_other_signed_and_publishes_the_same() {
    for seed in 1..=8 {
        let keys = both([seed; 32]);
        assert_eq!(keys.0.public(), keys.1.public());
        for signature in [keys.0.sign(b"message").unwrap(), keys.1.sign(b"message").unwrap()] {
            assert_eq!(signature.len(), 64);
            assert!(agree(&keys, b"message", &signature));
            assert!(!agree(&keys, b"another", &signature));
            assert!(!agree(&both([seed + 1; 32]), b"message", &signature));
        }
    }
}

#[test]
fn no_changed_bit_and_no_other_length_passes_in_either() {
    let keys = both([7; 32]);
    for signature in [keys.0.sign(b"message").unwrap(), keys.1.sign(b"message").unwrap()] {
        // Not all of them: p256 is slow without optimisation.
        for bit in (0..512).step_by(11) {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!agree(&keys, b"message", &changed));
        }
        for length in [0, 1, 31, 32, 33, 63] {
            assert!(!agree(&keys, b"message", &signature[..length]));
        }
        assert!(!agree(&keys, b"message", &[signature.as_slice(), &[0]].concat()));
    }
}

#[test]
fn numbers_out_of_bounds_are_refused_by_both_and_the_other_half_is_taken_by_both() {
    let keys = both([7; 32]);
    let signature = keys.1.sign(b"message").unwrap();
    let (r, s) = signature.split_at(32);
    let one = [[0; 31].as_slice(), &[1]].concat();
    let zero = [0; 32];
    let most = [0xff; 32];
    for wrong in [&zero[..], &ORDER, &most, &one] {
        assert!(!agree(&keys, b"message", &[wrong, s].concat()));
        assert!(!agree(&keys, b"message", &[r, wrong].concat()));
        assert!(!agree(&keys, b"message", &[wrong, wrong].concat()));
    }
    // ECDSA is malleable: (r, -s) is as good. No decision of ours hangs on a signature being the only one.
    assert!(agree(&keys, b"message", &[r, &negated(s)].concat()));
    // ASN.1 is another format.
    let der = p256::ecdsa::Signature::from_slice(&signature).unwrap().to_der();
    assert!(!agree(&keys, b"message", der.as_bytes()));
}

#[test]
fn what_is_no_point_of_the_curve_is_a_key_in_neither() {
    let (x, mut y) = both([7; 32]).0.public();
    y[31] ^= 1;
    for point in [(x, y), ([0; 32], [0; 32]), ([0xff; 32], y)] {
        assert!(rust_crypto::Es256Public::new(&point).is_none());
        assert!(aws_lc::Es256Public::new(&point).is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn both_answer_alike_whatever_they_are_shown(message in any::<[u8; 24]>(), signature in prop::collection::vec(any::<u8>(), 56..72)) {
        agree(&both([7; 32]), &message, &signature);
    }
}
