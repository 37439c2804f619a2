//! ES256 (RFC 7518 §3.4): ECDSA on P-256 with SHA-256, its signature `r || s`, 64 bytes.
//!
//! Two back ends, of which the feature `aws-lc` chooses one. They open the same keys, take and refuse the same
//! signatures, and each checks what the other signed; the tests below ask both. Whatever is derived or published comes
//! from `p256` either way, so that no key depends on the choice.

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(any(test, not(feature = "aws-lc")))]
mod rust_crypto;

#[cfg(feature = "aws-lc")]
pub(super) use aws_lc::{Es256, Es256Public};
#[cfg(not(feature = "aws-lc"))]
pub(super) use rust_crypto::{Es256, Es256Public};

/// The coordinates of a public key.
pub(super) type Point = ([u8; 32], [u8; 32]);

/// Uncompressed (SEC 1 §2.3.3).
fn encoded(point: &Point) -> [u8; 65] {
    let mut encoded = [4; 65];
    encoded[1..33].copy_from_slice(&point.0);
    encoded[33..].copy_from_slice(&point.1);
    encoded
}

fn point(key: &p256::SecretKey) -> Option<Point> {
    use p256::elliptic_curve::sec1::ToSec1Point;

    let point = key.public_key().to_sec1_point(false);
    let coordinate = |coordinate: &[u8]| coordinate.try_into().ok();
    Some((coordinate(point.x()?)?, coordinate(point.y()?)?))
}

#[cfg(test)]
#[cfg(feature = "aws-lc")]
mod tests;
