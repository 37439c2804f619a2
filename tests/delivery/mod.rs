//! Mails on their way: what arrives at a real server, and what happens when it misbehaves.

mod smtp;
