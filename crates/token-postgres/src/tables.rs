//! The names of the two tables and of their indexes, quoted.

use token_core::BuildError;

/// PostgreSQL silently truncates longer names.
const LONGEST_NAME: usize = 63;
const VERSION: &str = "_version";
const BY_DUE: &str = "_by_due";
const OLD_DUE: &str = "_due";
/// The name in the SQL files.
const WRITTEN: &str = "vendor_auth_tokens";

/// The tables of the records and of the schema's version.
#[derive(Clone, Debug)]
pub(crate) struct TableNames {
    /// Both are quoted, with the schema if one is given.
    pub(crate) tokens: String,
    pub(crate) versions: String,
    /// The index of what is due, with the schema if one is given.
    pub(crate) by_due: String,
    /// The same without the schema, to create it: an index is in the schema of its table.
    by_due_alone: String,
    /// The index of earlier versions.
    old_due: String,
    /// The channel of notifications, unquoted.
    pub(crate) channel: String,
}

impl TableNames {
    pub(crate) fn new(schema: Option<&str>, table: &str) -> Result<Self, BuildError> {
        if !is_name(table, LONGEST_NAME - VERSION.len()) {
            return Err(BuildError::invalid(
                "table",
                "must be 1 to 55 bytes without NUL",
            ));
        }
        if !schema.is_none_or(|schema| is_name(schema, LONGEST_NAME)) {
            return Err(BuildError::invalid(
                "schema",
                "must be 1 to 63 bytes without NUL",
            ));
        }
        let prefix = schema
            .map(|schema| format!("{}.", quoted(schema)))
            .unwrap_or_default();
        Ok(Self {
            tokens: format!("{prefix}{}", quoted(table)),
            versions: format!("{prefix}{}", quoted(&format!("{table}{VERSION}"))),
            by_due: format!("{prefix}{}", quoted(&format!("{table}{BY_DUE}"))),
            by_due_alone: quoted(&format!("{table}{BY_DUE}")),
            old_due: format!("{prefix}{}", quoted(&format!("{table}{OLD_DUE}"))),
            channel: table.to_owned(),
        })
    }

    /// Returns the channel of notifications, quoted for LISTEN.
    pub(crate) fn channel_quoted(&self) -> String {
        quoted(&self.channel)
    }

    /// Replaces the default names in the SQL of a file, in one pass: a name may contain the default
    /// one.
    pub(crate) fn named_in(&self, sql: &str) -> String {
        let mut parts = sql.split(WRITTEN);
        let mut named = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            if let Some(rest) = part.strip_prefix(VERSION) {
                named.extend([&*self.versions, rest]);
            } else if let Some(rest) = part.strip_prefix(BY_DUE) {
                named.extend([&*self.by_due_alone, rest]);
            } else if let Some(rest) = part.strip_prefix(OLD_DUE) {
                named.extend([&*self.old_due, rest]);
            } else {
                named.extend([&*self.tokens, part]);
            }
        }
        named
    }
}

fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len()) && !name.contains('\0')
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_quotes_stays_a_name() {
        let tables = TableNames::new(Some("a\".b"), "x\"; DROP TABLE y; --").unwrap();
        assert_eq!(tables.tokens, r#""a"".b"."x""; DROP TABLE y; --""#);
        assert_eq!(
            tables.versions,
            r#""a"".b"."x""; DROP TABLE y; --_version""#
        );
    }

    #[test]
    fn a_name_that_contains_the_default_name_is_replaced_once() {
        let tables = TableNames::new(None, "my_vendor_auth_tokens").unwrap();
        assert_eq!(
            tables.named_in("SELECT vendor_auth_tokens, vendor_auth_tokens_version;"),
            r#"SELECT "my_vendor_auth_tokens", "my_vendor_auth_tokens_version";"#
        );
    }

    #[test]
    fn an_index_has_a_schema_unless_it_is_created() {
        let tables = TableNames::new(Some("a"), "b").unwrap();
        assert_eq!(
            tables.named_in("CREATE INDEX vendor_auth_tokens_by_due ON vendor_auth_tokens (key)"),
            r#"CREATE INDEX "b_by_due" ON "a"."b" (key)"#
        );
        assert_eq!(
            tables.named_in("DROP INDEX vendor_auth_tokens_due;"),
            r#"DROP INDEX "a"."b_due";"#
        );
        assert_eq!(tables.by_due, r#""a"."b_by_due""#);
    }

    #[test]
    fn names_that_postgresql_would_truncate_are_refused() {
        assert!(TableNames::new(None, "").is_err());
        assert!(TableNames::new(None, &"x".repeat(55)).is_ok());
        assert!(TableNames::new(None, &"x".repeat(56)).is_err());
        assert!(TableNames::new(Some(&"x".repeat(64)), "t").is_err());
        assert!(TableNames::new(Some("a\0b"), "t").is_err());
    }
}
