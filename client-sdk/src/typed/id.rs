//! Ids: texts that cannot be taken for one another.

/// Makes a type of a kind of id.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// As text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self(text.clone())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<$name> for serde_json::Value {
            fn from(id: $name) -> Self {
                Self::String(id.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                self.0 == text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.0 == *text
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use id;

/// A handle stands for its id wherever one is wanted.
macro_rules! handle {
    ($($handle:ident . $id:ident => $name:ident),*) => {
        $(impl From<&crate::$handle> for crate::ari::$name {
            fn from(handle: &crate::$handle) -> Self {
                handle.$id().into()
            }
        })*
    };
}

handle!(
    Application.name => ApplicationName,
    Bridge.id => BridgeId,
    Channel.id => ChannelId,
    DeviceState.name => DeviceName,
    LiveRecording.name => RecordingName,
    LogChannel.name => LogChannelName,
    Mailbox.name => MailboxName,
    Module.name => ModuleName,
    Playback.id => PlaybackId,
    StoredRecording.name => RecordingName
);

#[cfg(test)]
mod tests {
    id! {
        /// An id.
        ThingId
    }

    #[test]
    fn an_id_is_its_text() {
        let id = ThingId::from("a b");
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""a b""#);
        assert_eq!(serde_json::from_str::<ThingId>(r#""a b""#).unwrap(), id);
        assert_eq!((id.to_string().as_str(), id.as_ref(), id.as_str()), ("a b", "a b", "a b"));
        assert!(id == "a b" && id < ThingId::from("b".to_owned()));
    }
}
