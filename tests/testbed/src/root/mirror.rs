//! Which Debian mirror this machine uses, from the sources its own apt is set to.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::MIRROR_VARIABLE;
use crate::{Error, Result};

/// The component of Debian that everything needed is in.
const COMPONENT: &str = "main";

/// The mirror to make the root from.
pub(super) fn find() -> Result<String> {
    if let Ok(set) = env::var(MIRROR_VARIABLE)
        && !set.is_empty()
    {
        return Ok(set);
    }
    from_apt()
        .or_else(|| choose(&sources(Path::new("/etc/apt"))))
        .ok_or(Error::NoMirror { variable: MIRROR_VARIABLE })
}

/// One place that apt takes packages from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    uri: String,
    suite: String,
    components: Vec<String>,
    /// Who publishes it; known once apt has fetched its index.
    origin: Option<String>,
}

/// Asks apt itself, which knows all its formats and folders.
fn from_apt() -> Option<String> {
    let format = "$(REPO_URI)|$(SUITE)|$(CODENAME)|$(COMPONENT)|$(ORIGIN)|$(LABEL)";
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", format, "Created-By: Packages"])
        .output()
        .ok()?;
    choose(&index_targets(&String::from_utf8_lossy(&output.stdout)))
}

fn index_targets(text: &str) -> Vec<Source> {
    let source = |line: &str| {
        let fields: Vec<&str> = line.split('|').collect();
        let &[uri, suite, codename, component, origin, label] = fields.as_slice() else { return None };
        // The main archive and the one of security updates differ in their label alone.
        let origin = (!origin.is_empty()).then(|| if label == origin { origin } else { label }.to_owned());
        Some(Source {
            uri: uri.to_owned(),
            suite: format!("{suite} {codename}"),
            components: vec![component.to_owned()],
            origin,
        })
    };
    text.lines().filter_map(source).collect()
}

/// The source which is Debian's main archive.
fn choose(sources: &[Source]) -> Option<String> {
    let usable = |source: &&Source| {
        source.components.iter().any(|component| component == COMPONENT)
            && ["http://", "https://"].iter().any(|scheme| source.uri.starts_with(scheme))
    };
    let by_origin = |source: &&Source| source.origin.as_deref() == Some("Debian");
    // Without an index: by the path, which is the same on every mirror, or else by the suite, which is not
    // that of security updates.
    let by_path =
        |source: &&Source| source.origin.is_none() && source.uri.trim_end_matches('/').ends_with("/debian");
    let found = sources.iter().filter(usable);
    let found = found.clone().find(by_origin).or_else(|| found.clone().find(by_path))?;
    Some(found.uri.trim_end_matches('/').to_owned())
}

/// The proxies that apt is set to and the environment is not, as environment variables.
pub(super) fn proxies() -> Vec<(&'static str, String)> {
    let variables = [("http_proxy", "Acquire::http::Proxy"), ("https_proxy", "Acquire::https::Proxy")];
    let proxy = |(variable, option)| {
        if env::var_os(variable).is_some() {
            return None;
        }
        let output = Command::new("apt-config").args(["shell", "PROXY", option]).output().ok()?;
        Some((variable, shell_value(&String::from_utf8_lossy(&output.stdout))?))
    };
    variables.into_iter().filter_map(proxy).collect()
}

/// The value in `PROXY='http://…'`. Apt writes `DIRECT` where no proxy shall be used.
fn shell_value(text: &str) -> Option<String> {
    let value = text.trim().strip_prefix("PROXY='")?.strip_suffix('\'')?;
    (!value.is_empty() && value != "DIRECT").then(|| value.to_owned())
}

/// Reads apt's source files, for when apt cannot be asked.
fn sources(apt: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    found.extend(one_line(&fs::read_to_string(apt.join("sources.list")).unwrap_or_default()));
    let mut files: Vec<_> =
        fs::read_dir(apt.join("sources.list.d")).into_iter().flatten().flatten().map(|f| f.path()).collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_default();
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => found.extend(one_line(&text)),
            Some("sources") => found.extend(deb822(&text)),
            _ => {}
        }
    }
    found
}

/// The old format: `deb [options] uri suite component…`.
fn one_line(text: &str) -> Vec<Source> {
    let source = |line: &str| {
        let line = line.split('#').next().unwrap_or_default().trim();
        let rest = line.strip_prefix("deb ")?.trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1,
            None => rest,
        };
        let mut words = rest.split_whitespace().map(str::to_owned);
        let (uri, suite) = (words.next()?, words.next()?);
        Some(Source { uri, suite, components: words.collect(), origin: None })
    };
    text.lines().filter_map(source).collect()
}

/// The new format: stanzas of fields.
fn deb822(text: &str) -> Vec<Source> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.split(|line| line.trim().is_empty()).flat_map(stanza).collect()
}

fn stanza(lines: &[&str]) -> Vec<Source> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.to_owned()));
        }
    }
    let words = |name: &str| -> Vec<String> {
        let values = fields.iter().filter(|(field, _)| field == name);
        values.flat_map(|(_, value)| value.split_whitespace()).map(str::to_owned).collect()
    };
    let disabled = words("enabled").iter().any(|word| word.eq_ignore_ascii_case("no"));
    if disabled || !words("types").iter().any(|kind| kind == "deb") {
        return Vec::new();
    }
    let source = |uri: String| Source {
        uri,
        suite: words("suites").join(" "),
        components: words("components"),
        origin: None,
    };
    words("uris").into_iter().map(source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_main_archive_from_the_new_format() {
        let text = "Types: deb deb-src\n# a note\nURIs: http://one.example/debian-security\n\
                    Suites: bookworm-security\nComponents: main\n\n\
                    Types: deb\nEnabled: no\nURIs: http://two.example/debian\nSuites: sid\nComponents: main\n\n\
                    Types: deb\nURIs:\n http://three.example/debian/\n http://four.example/debian\n\
                    Suites: bookworm\n bookworm-updates\nComponents: contrib\n main\nSigned-By: /key.gpg\n";
        let sources = deb822(text);
        assert_eq!(sources.len(), 3);
        assert_eq!(choose(&sources).as_deref(), Some("http://three.example/debian"));
    }

    #[test]
    fn takes_the_main_archive_from_the_old_format() {
        let text = "# deb http://no.example/debian sid main\n\
                    deb [arch=amd64 signed-by=/k.gpg] https://tools.example/apt stable main\n\
                    deb-src http://src.example/debian bookworm main\n\
                    deb cdrom:[Debian]/ bookworm main\n\
                    deb http://security.example/debian-security bookworm-security main # security\n\
                    deb [trusted=yes] https://mirror.example/pub/debian/ bookworm main contrib\n";
        let sources = one_line(text);
        assert_eq!(choose(&sources).as_deref(), Some("https://mirror.example/pub/debian"));
    }

    #[test]
    fn believes_the_index_more_than_the_path() {
        let text = "http://cache.example/remote/tools/|stable|tools|main|Tools|Tools\n\
                    http://cache.example/remote/sec/|oldstable-security|bookworm-security|main|Debian|Debian-Security\n\
                    http://cache.example/remote/deb/|oldstable|bookworm|main|Debian|Debian\n";
        assert_eq!(choose(&index_targets(text)).as_deref(), Some("http://cache.example/remote/deb"));
    }

    #[test]
    fn goes_by_the_path_before_the_index_is_there() {
        let text = "https://mirror.example/debian-security/||bookworm-security|main||\n\
                    https://mirror.example/debian/||bookworm|main||\n";
        assert_eq!(choose(&index_targets(text)).as_deref(), Some("https://mirror.example/debian"));
    }

    #[test]
    fn reads_the_proxy_that_apt_is_set_to() {
        assert_eq!(
            shell_value("PROXY='http://proxy.example:3128/'\n").as_deref(),
            Some("http://proxy.example:3128/")
        );
        assert_eq!(shell_value("PROXY='DIRECT'\n"), None);
        assert_eq!(shell_value(""), None);
    }

    #[test]
    fn knows_that_another_distribution_is_not_debian() {
        let text = "http://archive.example/ubuntu/|noble|noble|main|Ubuntu|Ubuntu\n";
        assert_eq!(choose(&index_targets(text)), None);
        assert_eq!(choose(&one_line("deb http://archive.example/ubuntu noble main")), None);
    }
}
