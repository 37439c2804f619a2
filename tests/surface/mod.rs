//! What the library looks like from outside, and whether it is built as the manual says.

mod acceptance;
mod architecture;
mod coexistence;
mod error_table;
mod missing_layer;
mod nested;
mod seed_names;
mod servers;
