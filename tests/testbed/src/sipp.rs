//! SIPp as the phone.

mod scenario;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::process::{InRoot, POLL, Process};
use crate::root::Instance;
use crate::server::CONSOLE;
use crate::{Asterisk, Error, Result, ports, tail};

pub use scenario::Scenario;

/// How long SIPp may take to end after the time it was given for its calls: it writes its statistics.
const END_GRACE: Duration = Duration::from_secs(10);

/// Two ports for the media of the one stream it announces, and their RTCP.
const MEDIA_PORTS: u16 = 4;

/// Ports for the audio that it plays.
const AUDIO_PORTS: u16 = 8;

const NAME: &str = "SIPp";

/// The file of all SIP messages.
const MESSAGES: &str = "messages.log";

/// Stands in a scenario for the folder with the files that the options name.
const FOLDER: &str = "$TESTBED_DATA";

/// How SIPp calls.
#[derive(Debug, Clone)]
pub struct SippOptions {
    number: String,
    calls: u32,
    rate: u32,
    duration: Duration,
    timeout: Duration,
    files: Vec<(String, Vec<u8>)>,
}

impl Default for SippOptions {
    fn default() -> SippOptions {
        SippOptions::new()
    }
}

impl SippOptions {
    /// One call to 1000, which the caller ends after half a second if the scenario has it end the call,
    /// given up after 30 seconds.
    pub fn new() -> SippOptions {
        SippOptions {
            number: "1000".to_owned(),
            calls: 1,
            rate: 10,
            duration: Duration::from_millis(500),
            timeout: Duration::from_secs(30),
            files: Vec::new(),
        }
    }

    /// The number dialled.
    pub fn number(mut self, number: &str) -> SippOptions {
        number.clone_into(&mut self.number);
        self
    }

    /// How many calls are made altogether.
    pub fn calls(mut self, calls: u32) -> SippOptions {
        self.calls = calls;
        self
    }

    /// How many calls begin in a second.
    pub fn rate(mut self, rate: u32) -> SippOptions {
        self.rate = rate;
        self
    }

    /// How long the caller stays in the call, where the scenario says that the caller ends it.
    pub fn duration(mut self, duration: Duration) -> SippOptions {
        self.duration = duration;
        self
    }

    /// How long all calls together may take; what then has not ended has failed, and is not hung up.
    pub fn timeout(mut self, timeout: Duration) -> SippOptions {
        self.timeout = timeout;
        self
    }

    /// A file that the scenario names, as `$TESTBED_DATA/NAME`: audio to be played.
    pub fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> SippOptions {
        self.files.push((name.to_owned(), content.into()));
        self
    }
}

/// A running SIPp; it is killed when dropped, and when this process ends.
#[derive(Debug)]
pub struct Sipp {
    // Before its folder, so that it is gone when that is removed.
    process: Process,
    instance: Instance,
    address: SocketAddr,
    timeout: Duration,
}

/// What SIPp saw of its calls.
#[derive(Debug, Clone)]
pub struct SippReport {
    /// Its exit code: 0 when all calls went as the scenario says.
    pub code: Option<i32>,
    /// How many calls went as the scenario says.
    pub successful: u64,
    /// How many did not, those included that had not ended when the time was over.
    pub failed: u64,
    /// All SIP messages, sent and received, with their times.
    pub messages: String,
    /// What went against the scenario.
    pub errors: String,
    /// What it printed.
    pub console: String,
}

impl SippReport {
    /// Whether all of so many calls went as the scenario says.
    pub fn all_went_well(&self, calls: u64) -> bool {
        self.code == Some(0) && self.successful == calls && self.failed == 0
    }
}

impl Sipp {
    /// Calls an Asterisk and waits until all calls have ended.
    pub async fn call(asterisk: &Asterisk, scenario: &Scenario, options: &SippOptions) -> Result<SippReport> {
        Sipp::begin(asterisk, scenario, options)?.finish().await
    }

    /// Begins to call an Asterisk; [`finish`](Sipp::finish) waits for the end.
    pub fn begin(asterisk: &Asterisk, scenario: &Scenario, options: &SippOptions) -> Result<Sipp> {
        let root = asterisk.phones();
        let instance = Instance::new(root, "sipp")?;
        let file = |name: &str| format!("{}/{name}", instance.inside());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::udp()?));
        let mut words: Vec<String> = vec!["/usr/bin/sipp".to_owned()];
        let audio = ports::media(AUDIO_PORTS)?;
        match scenario.xml() {
            Some(text) => {
                instance.write("scenario.xml", text.replace(FOLDER, instance.inside()))?;
                words.extend(["-sf".to_owned(), file("scenario.xml")]);
            }
            None => words.extend(["-sn", "uac"].map(str::to_owned)),
        }
        let arguments = [
            ("-i", address.ip().to_string()),
            ("-p", address.port().to_string()),
            ("-mp", ports::media(MEDIA_PORTS)?.to_string()),
            ("-min_rtp_port", audio.to_string()),
            ("-max_rtp_port", (audio + AUDIO_PORTS - 1).to_string()),
            ("-cp", ports::udp()?.to_string()),
            ("-s", options.number.clone()),
            ("-m", options.calls.to_string()),
            ("-r", options.rate.to_string()),
            ("-d", options.duration.as_millis().to_string()),
            ("-timeout", format!("{}ms", options.timeout.as_millis())),
            ("-message_file", file(MESSAGES)),
            ("-error_file", file("errors.log")),
            ("-stf", file("statistics.csv")),
        ];
        words.extend(arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        for (name, content) in &options.files {
            instance.write(name, content)?;
        }
        let flags = ["-timeout_error", "-trace_msg", "-trace_err", "-trace_stat", "-nostdin"];
        words.extend(flags.map(str::to_owned));
        words.push(asterisk.sip_address().to_string());

        let path = instance.path(CONSOLE);
        let console = File::create(&path).map_err(Error::path("open", &path))?;
        let command = InRoot::new(words).variable("TERM", "dumb");
        // SIPp makes the identifiers of its calls from its process number.
        let process = command.spawn_client(root.path(), &console).map_err(Error::system("start SIPp"))?;
        Ok(Sipp { process, instance, address, timeout: options.timeout })
    }

    /// Where it speaks SIP, and is called where its scenario waits for a call.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All SIP messages so far, sent and received, with their times.
    pub fn messages(&self) -> String {
        self.instance.read(MESSAGES)
    }

    /// Waits until all calls have ended. Calls that fail are in the report and no error.
    pub async fn finish(mut self) -> Result<SippReport> {
        let deadline = self.timeout + END_GRACE;
        let until = Instant::now() + deadline;
        let console = || self.instance.read(CONSOLE);
        let status = loop {
            if let Some(status) = self.process.ended().map_err(Error::system("wait for SIPp"))? {
                break status;
            }
            if Instant::now() > until {
                return Err(Error::NotEnded { server: NAME, deadline, tail: tail(&console()) });
            }
            tokio::time::sleep(POLL).await;
        };
        let statistics = self.instance.read("statistics.csv");
        let Some((successful, failed)) = counts(&statistics) else {
            return Err(Error::NotStarted {
                server: NAME,
                reason: format!("it ended without statistics ({status})"),
                tail: tail(&console()),
            });
        };
        Ok(SippReport {
            code: status.code(),
            successful,
            failed,
            messages: self.messages(),
            errors: self.instance.read("errors.log"),
            console: console(),
        })
    }
}

/// The calls that succeeded and those that did not, from the last line of SIPp's statistics. It counts
/// the calls which had not ended when its time was over among neither.
fn counts(statistics: &str) -> Option<(u64, u64)> {
    let mut lines = statistics.lines();
    let names = lines.next()?;
    let last = lines.last()?;
    let value = |name: &str| {
        let position = names.split(';').position(|found| found == name)?;
        last.split(';').nth(position)?.parse().ok()
    };
    let (created, successful): (u64, u64) = (value("TotalCallCreated")?, value("SuccessfulCall(C)")?);
    Some((successful, created.saturating_sub(successful)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_last_line() {
        let statistics = "StartTime;TotalCallCreated;SuccessfulCall(P);SuccessfulCall(C);\n\
                          1;5;1;1;\n2;6;1;2;\n";
        assert_eq!(counts(statistics), Some((2, 4)));
        assert_eq!(counts("StartTime;\n"), None);
    }
}
