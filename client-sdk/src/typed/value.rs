//! Texts of which Asterisk's description lists the values.

/// Makes a type of a parameter that has one of the listed values, and no other.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// As it stands in ARI.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl From<$name> for serde_json::Value {
            fn from(value: $name) -> Self {
                value.as_str().into()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// Makes a type of a field that has one of the listed values, or one that another Asterisk has beyond them.
macro_rules! value {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$of])* $variant,)*
            /// One that is not listed, as it came.
            Other(String),
        }

        impl $name {
            /// As it stands in ARI.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)*
                    _ => Self::Other(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use {choice, value};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    choice! {
        /// A way.
        Way {
            /// Up.
            Up = "up",
        }
    }

    value! {
        /// A colour.
        Colour {
            /// Red.
            Red = "red",
            /// Blue.
            Blue = "dark blue",
        }
    }

    #[test]
    fn a_choice_stands_in_json_as_in_ari() {
        assert_eq!((serde_json::Value::from(Way::Up), Way::Up.to_string()), ("up".into(), "up".to_owned()));
    }

    proptest! {
        #[test]
        fn any_value_survives(text in "red|dark blue|Red|\\PC*") {
            let json = serde_json::to_string(&text).unwrap();
            let colour: Colour = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(serde_json::to_string(&colour).unwrap(), json);
            prop_assert_eq!(matches!(colour, Colour::Other(_)), text != "red" && text != "dark blue");
            prop_assert_eq!(colour.to_string(), text);
        }
    }
}
