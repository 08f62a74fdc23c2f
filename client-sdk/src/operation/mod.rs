//! What every typed operation of ARI is.

mod info;
mod parts;

pub use info::{Makes, OperationInfo, ParameterInfo, Place};
pub use parts::{Parts, WrongParameter};

use crate::{Response, Result};

/// An operation of ARI, with its parameters: what [`Call::run`](crate::Call::run) carries out.
///
/// All that Asterisk describes are in [`ari`](crate::ari), made by a generator. One that your Asterisk has beyond them can be
/// written by hand:
///
/// ```
/// use ari_client::{Method, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter};
///
/// struct Wave {
///     channel_id: String,
///     hands: i32,
/// }
///
/// impl Operation for Wave {
///     type Answer = ();
///     const INFO: &'static OperationInfo =
///         &OperationInfo::new("channels", "wave", Method::Post, "/channels/{channelId}/wave")
///             .parameters(&[ParameterInfo::path("channelId"), ParameterInfo::query("hands").required()]);
///
///     fn parts(self) -> Result<Parts, WrongParameter> {
///         let mut parts = Parts::new(Self::INFO);
///         parts.path("channelId", self.channel_id)?;
///         parts.query("hands", Some(self.hands));
///         Ok(parts)
///     }
///
///     fn answer(_: &Response) -> ari_client::Result {
///         Ok(())
///     }
/// }
///
/// let parts = Wave { channel_id: "17.1".to_owned(), hands: 2 }.parts().unwrap();
/// assert_eq!(parts.url(), "/channels/17.1/wave");
/// ```
pub trait Operation: Send {
    /// What it answers.
    type Answer: Send;

    /// What it is called, and where it is.
    const INFO: &'static OperationInfo;

    /// The parts of the request.
    ///
    /// # Errors
    /// When a parameter has a value that no request can carry.
    fn parts(self) -> Result<Parts, WrongParameter>;

    /// Reads what Asterisk answered.
    ///
    /// # Errors
    /// `Decode` when it is not what this operation answers.
    fn answer(response: &Response) -> Result<Self::Answer>;
}
