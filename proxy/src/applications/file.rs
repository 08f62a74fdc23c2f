//! The file in which applications that were added outlive the process.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use ari_bus::protocol::{Names, server_token};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use super::{Added, change::MOST, name::check_name};

/// The largest file that is read, in bytes: many times what we write.
const LARGEST: u64 = 1 << 20;

/// Where it is.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    folder: PathBuf,
    file: PathBuf,
}

/// Why what was kept is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// The file was none of ours, and is put aside.
    Aside(String),
    /// It is where it was, and may be readable once a person has seen to it: it must not be overwritten.
    InTheWay(String),
}

/// What stands in it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    applications: BTreeMap<String, Added>,
}

impl Kept {
    /// The file of one server in `state_dir`.
    pub(super) fn new(folder: &Path, server_id: &str) -> Self {
        // As in topics: a server's name may hold anything, and this is one word.
        let file = folder.join(format!("applications-{}.json", server_token(server_id)));
        Self { folder: folder.to_owned(), file }
    }

    /// Reads it; `None` where there is none. What is none of ours is put aside, so that nothing overwrites it.
    ///
    /// # Errors
    /// Why it cannot be used, with its path.
    pub(super) async fn read(&self) -> Result<Option<BTreeMap<String, Added>>, Unread> {
        let file = self.file.clone();
        blocking(move || Ok(read(&file))).await.unwrap_or_else(|why| Err(Unread::InTheWay(why)))
    }

    /// Writes it as a whole: whoever reads it finds the old or the new one.
    ///
    /// # Errors
    /// Why it cannot be written, with its path.
    pub(super) async fn write(&self, applications: BTreeMap<String, Added>) -> Result<(), String> {
        let Self { folder, file } = self.clone();
        blocking(move || {
            let failed = |error: io::Error| format!("{} cannot be written: {error}", file.display());
            let text =
                serde_json::to_vec_pretty(&Written { applications }).map_err(|error| failed(error.into()))?;
            let mut new = NamedTempFile::new_in(&folder).map_err(failed)?;
            new.write_all(&text).and_then(|()| new.as_file().sync_all()).map_err(failed)?;
            new.persist(&file).map_err(|error| failed(error.error))?;
            // That it has this name must outlive a power cut as well.
            File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    spawn_blocking(work).await.unwrap_or_else(|error| Err(error.to_string()))
}

fn read(file: &Path) -> Result<Option<BTreeMap<String, Added>>, Unread> {
    let unreadable =
        |error: io::Error| Unread::InTheWay(format!("{} cannot be read: {error}", file.display()));
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = Vec::new();
    opened.take(LARGEST + 1).read_to_end(&mut text).map_err(unreadable)?;
    parse(&text).map(Some).map_err(|why| {
        let why = format!("{} is none of ours: {why}", file.display());
        let aside = file.with_extension("json.broken");
        match std::fs::rename(file, &aside) {
            Ok(()) => Unread::Aside(format!("{why}; it is {} now", aside.display())),
            Err(error) => Unread::InTheWay(format!("{why}; it cannot be put aside: {error}")),
        }
    })
}

fn parse(text: &[u8]) -> Result<BTreeMap<String, Added>, String> {
    if text.len() as u64 > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    let Written { applications } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if applications.len() > MOST {
        return Err(format!("it has {} applications, more than {MOST}", applications.len()));
    }
    let names = Names::new(String::new());
    applications.keys().try_for_each(|name| check_name(name, &names))?;
    Ok(applications)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path(), "pbx/../1");
        assert_eq!(kept.read().await, Ok(None));
        let some = BTreeMap::from([("a".to_owned(), Added { dialogs: true })]);
        for written in [some, BTreeMap::new()] {
            kept.write(written.clone()).await.unwrap();
            assert_eq!(kept.read().await, Ok(Some(written)));
        }
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names, ["applications-pbx%2F%2E%2E%2F1.json"]);
    }

    #[tokio::test]
    async fn what_cannot_be_used_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path(), "pbx");
        let many = format!(
            "{{\"applications\":{{{}}}}}",
            (0..=MOST).map(|n| format!("\"a{n}\":{{}}")).collect::<Vec<_>>().join(",")
        );
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"applications":{"a b":{}}}"#,
            r#"{"applications":{"a":{"x":1}}}"#,
            "{\"applications\":",
            &many,
        ] {
            std::fs::write(&kept.file, bad).unwrap();
            let Err(Unread::Aside(why)) = kept.read().await else { panic!("{bad}") };
            assert!(why.contains("is none of ours") && why.contains(".json.broken"), "{why}");
            assert_eq!(kept.read().await, Ok(None));
        }
        std::fs::write(&kept.file, vec![b' '; usize::try_from(LARGEST).unwrap() + 10]).unwrap();
        assert!(matches!(kept.read().await, Err(Unread::Aside(why)) if why.contains("larger than")));
        let nowhere = Kept::new(&folder.path().join("none"), "pbx");
        assert!(nowhere.write(BTreeMap::new()).await.unwrap_err().contains("cannot be written"));
    }

    #[tokio::test]
    async fn what_may_be_readable_later_stays_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path(), "pbx");
        // Readable for nobody, whoever runs the test.
        std::fs::create_dir(&kept.file).unwrap();
        assert!(
            matches!(kept.read().await, Err(Unread::InTheWay(why)) if why.contains("pbx.json cannot be read"))
        );
        std::fs::remove_dir(&kept.file).unwrap();
        // What cannot be used cannot be put aside either.
        std::fs::write(&kept.file, "").unwrap();
        std::fs::create_dir(folder.path().join("applications-pbx.json.broken")).unwrap();
        assert!(
            matches!(kept.read().await, Err(Unread::InTheWay(why)) if why.contains("cannot be put aside"))
        );
        assert!(kept.file.exists());
    }

    proptest! {
        #[test]
        fn no_content_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&text);
        }
    }
}
