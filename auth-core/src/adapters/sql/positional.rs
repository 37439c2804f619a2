//! For databases whose values have no numbers: `?2 … ?1 … ?2` becomes `? … ? … ?` and the order 2, 1, 2.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::SqlValue;

/// A statement as such a database takes it.
pub(crate) struct Positional {
    pub(crate) sql: String,
    order: Vec<usize>,
}

impl Positional {
    fn new(numbered: &str) -> Self {
        let (mut sql, mut order) = (String::with_capacity(numbered.len()), Vec::new());
        let mut parts = numbered.split('?');
        sql.extend(parts.next());
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = part.split_at(digits);
            order.push(number.parse::<usize>().unwrap_or_default().saturating_sub(1));
            sql.push('?');
            sql.push_str(rest);
        }
        Self { sql, order }
    }

    /// The values in the order of the question marks.
    pub(crate) fn arrange<'a>(&'a self, values: &'a [SqlValue]) -> impl ExactSizeIterator<Item = &'a SqlValue> {
        self.order
            .iter()
            .map(|index| values.get(*index).unwrap_or(&SqlValue::Null))
    }
}

/// Remembers them: the statements of a request are always the same few.
#[derive(Default)]
pub(crate) struct Positions {
    known: RwLock<HashMap<Arc<str>, Arc<Positional>>>,
}

/// More are never needed; only updates of attributes come in many shapes.
const REMEMBERED: usize = 256;

impl Positions {
    pub(crate) fn of(&self, numbered: &Arc<str>) -> Arc<Positional> {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(numbered) {
            return Arc::clone(known);
        }
        let positional = Arc::new(Positional::new(numbered));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < REMEMBERED {
            known.insert(Arc::clone(numbered), Arc::clone(&positional));
        }
        positional
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_an_order() {
        let positional = Positional::new("UPDATE t SET a = ?2, b = ?12 WHERE c = ?1 AND d < ?2");
        assert_eq!(positional.sql, "UPDATE t SET a = ?, b = ? WHERE c = ? AND d < ?");
        assert_eq!(positional.order, [1, 11, 0, 1]);
        assert_eq!(Positional::new("SELECT 1").sql, "SELECT 1");
    }
}
