use crate::model::Attribute;

/// The application's own columns, as declared on the builder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    user_attributes: Vec<Attribute>,
    session_attributes: Vec<Attribute>,
}

impl Schema {
    /// A schema with these columns on users and on sessions.
    pub fn new(user_attributes: Vec<Attribute>, session_attributes: Vec<Attribute>) -> Self {
        Self {
            user_attributes,
            session_attributes,
        }
    }

    /// Columns on users.
    pub fn user_attributes(&self) -> &[Attribute] {
        &self.user_attributes
    }

    /// Columns on sessions.
    pub fn session_attributes(&self) -> &[Attribute] {
        &self.session_attributes
    }
}
