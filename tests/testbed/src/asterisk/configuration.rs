//! What an Asterisk of the testbed is configured to do.

use std::fs;
use std::io::ErrorKind;

use super::{CONTINUED, PASSWORD, READ_ONLY_USER, USER};
use crate::root::{Instance, Release, Root};
use crate::{Error, Result, ports};

/// How many ports an Asterisk has for its media: two for each leg of some 100 calls.
const RTP_PORTS: u16 = 400;

/// Modules which are not loaded, by how their names begin: those which take a fixed port, where two of them
/// would meet, those which want a database or a server of their own, and those which nobody can want here
/// and which fill the log. All others load in half a second altogether.
const NOT_LOADED: [&str; 37] = [
    "app_adsiprog",
    "app_alarmreceiver",
    "app_festival",
    "app_getcpeid",
    "app_minivm",
    "app_voicemail_odbc",
    "cdr_",
    "cel_",
    "chan_alsa",
    "chan_console",
    "chan_iax2",
    "chan_mgcp",
    "chan_motif",
    "chan_oss",
    "chan_sip",
    "chan_skinny",
    "chan_unistim",
    "func_odbc",
    "pbx_ael",
    "pbx_dundi",
    "pbx_lua",
    "res_adsi",
    "res_cdrel_custom",
    "res_calendar",
    "res_config_",
    "res_hep",
    "res_odbc",
    "res_phoneprov",
    "res_pjsip_phoneprov",
    "res_pjsip_stir_shaken",
    "res_prometheus",
    "res_smdi",
    "res_snmp",
    "res_statsd",
    "res_stir_shaken",
    "res_stun_monitor",
    "res_xmpp",
];

/// Files which Asterisk or a module of it will not do without, though nothing needs to be in them.
const EMPTY: [&str; 26] = [
    "acl.conf",
    "aeap.conf",
    "agents.conf",
    "amd.conf",
    "ccss.conf",
    "cdr.conf",
    "cel.conf",
    "chan_websocket.conf",
    "cli_aliases.conf",
    "confbridge.conf",
    "features.conf",
    "followme.conf",
    "geolocation.conf",
    "indications.conf",
    "musiconhold.conf",
    "pjproject.conf",
    "pjsip_notify.conf",
    "pjsip_wizard.conf",
    "queues.conf",
    "res_http_media_cache.conf",
    "res_parking.conf",
    "stir_shaken.conf",
    "statsd.conf",
    "udptl.conf",
    "voicemail.conf",
    "websocket_client.conf",
];

/// What to start an [`Asterisk`](super::Asterisk) with.
///
/// Without any, a call to a number of two or more digits (`_X.`) enters the application `hello`, a call to
/// `park` (`Local/park@default`) is answered and waits for an hour, and a call which an application gives
/// back goes on in the dialplan: it logs [`CONTINUED`], says goodbye and ends.
#[derive(Debug, Clone)]
pub struct AsteriskOptions {
    release: Release,
    application: String,
    arguments: String,
    extensions: String,
    bare: bool,
    files: Vec<(String, String)>,
}

impl Default for AsteriskOptions {
    fn default() -> AsteriskOptions {
        AsteriskOptions::new()
    }
}

impl AsteriskOptions {
    /// The defaults, as told above.
    pub fn new() -> AsteriskOptions {
        AsteriskOptions {
            release: Release::default(),
            application: "hello".to_owned(),
            arguments: String::new(),
            extensions: String::new(),
            bare: false,
            files: Vec::new(),
        }
    }

    /// The Debian release that it is taken from.
    pub fn release(mut self, release: Release) -> AsteriskOptions {
        self.release = release;
        self
    }

    /// The application that calls enter.
    pub fn application(mut self, name: &str) -> AsteriskOptions {
        name.clone_into(&mut self.application);
        self
    }

    /// The arguments they enter it with, separated by commas.
    pub fn arguments(mut self, arguments: &str) -> AsteriskOptions {
        arguments.clone_into(&mut self.arguments);
        self
    }

    /// Lets calls to an extension, such as `3000` or `_3XXX`, enter another application.
    pub fn stasis(self, extension: &str, application: &str, arguments: &str) -> AsteriskOptions {
        self.extensions(&stasis(extension, application, arguments))
    }

    /// More of `extensions.conf`. It stands in the context `default` until it begins another.
    pub fn extensions(mut self, text: &str) -> AsteriskOptions {
        self.extensions.push_str(text);
        self.extensions.push('\n');
        self
    }

    /// No dialplan at all, and no phone that is known: there is where SIP is spoken, and nothing more.
    pub fn bare(mut self) -> AsteriskOptions {
        self.bare = true;
        self
    }

    /// Adds text to the end of any configuration file, such as `ari.conf` or `websocket_client.conf`. In `manager.conf` it
    /// stands in the part `general`.
    pub fn configuration(mut self, file: &str, text: &str) -> AsteriskOptions {
        self.files.push((file.to_owned(), format!("{text}\n")));
        self
    }

    /// The Debian release that it is to be taken from.
    pub(super) fn taken_from(&self) -> Release {
        self.release
    }

    /// Writes all files, with ports that are free now.
    pub(super) fn write(&self, instance: &Instance) -> Result<Ports> {
        let ports = Ports::new()?;
        let modules = Modules::of(instance.root())?;
        // Asterisk does not make the folder for recordings, and fails without it.
        for folder in ["etc", "log", "db", "run", "cache", "keys/keys", "spool/recording", "spool/outgoing"] {
            instance.make_folder(folder)?;
        }
        let mut files: Vec<(String, String)> =
            EMPTY.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        files.extend([
            ("asterisk.conf".to_owned(), asterisk_conf(instance, &modules)),
            ("modules.conf".to_owned(), modules.configuration()),
            ("logger.conf".to_owned(), LOGGER.to_owned()),
            ("http.conf".to_owned(), http_conf(&ports)),
            ("ari.conf".to_owned(), ari_conf()),
            ("manager.conf".to_owned(), manager_conf(&ports)),
            ("pjsip.conf".to_owned(), self.pjsip_conf(&ports)),
            ("rtp.conf".to_owned(), rtp_conf(&ports)),
            ("extensions.conf".to_owned(), self.extensions_conf()),
        ]);
        for (name, text) in &self.files {
            match files.iter_mut().find(|(file, _)| file == name) {
                Some((_, written)) => written.push_str(text),
                None => files.push((name.clone(), text.clone())),
            }
        }
        for (name, text) in files {
            instance.write(&format!("etc/{name}"), &text)?;
        }
        Ok(ports)
    }

    fn extensions_conf(&self) -> String {
        if self.bare {
            return String::new();
        }
        let calls = stasis("_X.", &self.application, &self.arguments);
        let park = "exten => park,1,Answer()\n same => n,Wait(3600)\n same => n,Hangup()\n";
        format!("[general]\n\n[default]\n{calls}{park}{}", self.extensions)
    }

    fn pjsip_conf(&self, ports: &Ports) -> String {
        let phone = if self.bare { "" } else { PHONE };
        format!("[udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{}\n\n{phone}", ports.sip)
    }
}

/// An extension whose calls enter an application, and what is done when they come back.
fn stasis(extension: &str, application: &str, arguments: &str) -> String {
    let comma = if arguments.is_empty() { "" } else { "," };
    format!(
        "exten => {extension},1,NoOp(call of ${{CALLERID(num)}} to ${{EXTEN}})\n \
         same => n,Stasis({application}{comma}{arguments})\n \
         same => n,Verbose(0,{CONTINUED}: ${{CHANNEL}} ${{UNIQUEID}} ${{STASISSTATUS}})\n \
         same => n,Playback(vm-goodbye)\n \
         same => n,Hangup()\n"
    )
}

/// The ports of one Asterisk.
#[derive(Debug, Clone)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) ami: u16,
    pub(crate) sip: u16,
    pub(crate) rtp: u16,
}

impl Ports {
    fn new() -> Result<Ports> {
        Ok(Ports {
            http: ports::tcp()?,
            ami: ports::tcp()?,
            sip: ports::udp()?,
            rtp: ports::media(RTP_PORTS)?,
        })
    }
}

fn asterisk_conf(instance: &Instance, modules: &Modules) -> String {
    let own = instance.inside();
    let modules = &modules.folder;
    format!(
        "[directories]
astetcdir => {own}/etc
astlogdir => {own}/log
astdbdir => {own}/db
astrundir => {own}/run
astcachedir => {own}/cache
astkeydir => {own}/keys
astspooldir => {own}/spool
astmoddir => {modules}
astvarlibdir => /var/lib/asterisk
astdatadir => /usr/share/asterisk
astagidir => /usr/share/asterisk/agi-bin
astsbindir => /usr/sbin

[options]
verbose = 4
nocolor = yes
"
    )
}

/// The modules that the root has.
struct Modules {
    /// Where they are, seen from inside the root.
    folder: String,
    names: Vec<String>,
}

impl Modules {
    fn of(root: &Root) -> Result<Modules> {
        // Which folder it is depends on the machine's architecture, and did not in older releases.
        let libraries = root.path().join("usr/lib");
        let folder = fs::read_dir(&libraries)
            .map_err(Error::path("read", &libraries))?
            .flatten()
            .map(|entry| entry.path())
            .chain([libraries.clone()])
            .map(|folder| folder.join("asterisk/modules"))
            .find(|folder| folder.is_dir())
            .ok_or_else(|| {
                Error::path("find Asterisk's modules in", &libraries)(ErrorKind::NotFound.into())
            })?;
        let entries = fs::read_dir(&folder).map_err(Error::path("read", &folder))?.flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        let inside = folder.strip_prefix(root.path()).unwrap_or(&folder);
        Ok(Modules { folder: format!("/{}", inside.display()), names })
    }

    fn configuration(&self) -> String {
        let not = |name: &&String| NOT_LOADED.iter().any(|begin| name.starts_with(begin));
        let not: String = self.names.iter().filter(not).map(|name| format!("noload => {name}\n")).collect();
        format!("[modules]\nautoload = yes\n{not}")
    }
}

const LOGGER: &str = "[general]
dateformat = %F %T.%3q

[logfiles]
full => notice,warning,error,verbose(4)
";

fn http_conf(ports: &Ports) -> String {
    format!(
        "[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {}\nsessionlimit = 1000\n",
        ports.http
    )
}

fn ari_conf() -> String {
    format!(
        "[general]
enabled = yes

[{USER}]
type = user
password = {PASSWORD}
password_format = plain

[{READ_ONLY_USER}]
type = user
read_only = yes
password = {PASSWORD}
password_format = plain

"
    )
}

/// The part `general` comes last, so that what a test adds stands in it until it begins another.
fn manager_conf(ports: &Ports) -> String {
    format!(
        "[{USER}]
secret = {PASSWORD}
read = all
write = user

[general]
enabled = yes
bindaddr = 127.0.0.1
port = {}
",
        ports.ami
    )
}

/// One endpoint for every phone on this machine.
const PHONE: &str = "[phone]
type = endpoint
context = default
disallow = all
allow = ulaw,gsm
; INFO and re-INVITE are what a phone can see of DTMF and hold.
dtmf_mode = info
moh_passthrough = yes
direct_media = no
aors = phone

[phone]
type = aor
max_contacts = 100

[phones]
type = identify
endpoint = phone
match = 127.0.0.1

";

fn rtp_conf(ports: &Ports) -> String {
    format!("[general]\nrtpstart = {}\nrtpend = {}\n", ports.rtp, ports.rtp + RTP_PORTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tests_own_extensions_stand_in_the_default_context() {
        let options = AsteriskOptions::new().application("one").stasis("3000", "two", "a,b");
        let text = options.extensions_conf();
        assert!(text.contains("same => n,Stasis(one)\n"), "{text}");
        assert!(text.contains("exten => 3000,1,"), "{text}");
        assert!(text.contains("same => n,Stasis(two,a,b)\n"), "{text}");
        assert_eq!(text.matches("\n[").count(), 1, "{text}");
    }
}
