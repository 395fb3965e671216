//! How the local server sends mail: by SMTP, or as files in the data folder. Without both it only prints the link.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use lettre::address::Envelope;
use lettre::transport::smtp::Error as SmtpError;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use shared::app::deliver_mail::Courier;
use shared::domain::mail::delivery::DeliveryOutcome;
use shared::domain::mail::message::Message;

use crate::output::{outln, plain};

/// Environment variable with the mail server, such as `smtps://user:password@mail.example.org` or
/// `smtp://127.0.0.1:1025`.
const SMTP_URL: &str = "SMTP_URL";
/// How long one step of a conversation with a mail server may take. All of them are far below the lease of a mail.
const STEP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a whole conversation may take.
const SEND_TIMEOUT: Duration = Duration::from_mins(2);
/// Folder of the files in the data folder.
const FOLDER: &str = "mail";

/// Sends by SMTP.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

/// Writes files.
pub struct Files {
    folder: Option<PathBuf>,
}

/// The courier that the environment selects.
pub enum LocalCourier {
    Smtp(Smtp),
    Files(Files),
}

impl LocalCourier {
    /// Reads `SMTP_URL`; `data` is the data folder, if there is one.
    ///
    /// # Errors
    /// When the URL is not valid, or the folder cannot be made.
    pub fn from_env(data: Option<&Path>) -> Result<Self> {
        match std::env::var(SMTP_URL).ok().filter(|url| !url.trim().is_empty()) {
            Some(url) => Ok(Self::Smtp(Smtp::of_url(url.trim())?)),
            None => Ok(Self::Files(Files::in_folder(data)?)),
        }
    }

    /// What it does, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Smtp(_) => format!("Mail is sent to the server of {SMTP_URL}."),
            Self::Files(Files { folder: Some(folder) }) => {
                format!("Mail is written to {} and its links are printed; {SMTP_URL} sends it.", folder.display())
            }
            Self::Files(Files { folder: None }) => {
                format!("Mail is not sent; its links are printed. {SMTP_URL} sends it.")
            }
        }
    }
}

impl Courier for LocalCourier {
    async fn send(&self, message: &Message) -> DeliveryOutcome {
        match self {
            Self::Smtp(smtp) => smtp.send(message).await,
            Self::Files(files) => files.send(message).await,
        }
    }
}

impl Smtp {
    /// Sends to the server of this URL. Connects for each mail.
    ///
    /// # Errors
    /// When the URL is not valid.
    pub fn of_url(url: &str) -> Result<Self> {
        // The error may quote the URL, which has a password.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let builder = builder.ok().with_context(|| format!("{SMTP_URL} is not a URL such as smtp://127.0.0.1:1025"))?;
        Ok(Self { transport: builder.timeout(Some(STEP_TIMEOUT)).build(), timeout: SEND_TIMEOUT })
    }
}

impl Courier for Smtp {
    async fn send(&self, message: &Message) -> DeliveryOutcome {
        let address = |text: &str| text.parse::<Address>();
        let (Ok(from), Ok(to)) = (address(&message.from), address(&message.to)) else {
            return DeliveryOutcome::Refused("an address is not valid for SMTP".to_owned());
        };
        let Ok(envelope) = Envelope::new(Some(from), vec![to]) else {
            return DeliveryOutcome::Refused("the envelope is not valid for SMTP".to_owned());
        };
        match tokio::time::timeout(self.timeout, self.transport.send_raw(&envelope, &message.bytes)).await {
            Ok(Ok(_)) => DeliveryOutcome::Accepted,
            Ok(Err(error)) => outcome(&error),
            Err(_) => DeliveryOutcome::Unknown("the mail server did not answer in time".to_owned()),
        }
    }
}

/// An answer of the server says what happened to the mail; everything else may have happened after its last byte. Texts of
/// servers are left out, because they quote addresses.
fn outcome(error: &SmtpError) -> DeliveryOutcome {
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    if error.is_permanent() {
        DeliveryOutcome::Refused(format!("the mail server answered {code}"))
    } else if error.is_transient() {
        DeliveryOutcome::Postponed(format!("the mail server answered {code}"))
    } else if error.is_timeout() {
        DeliveryOutcome::Unknown("the mail server did not answer in time".to_owned())
    } else {
        DeliveryOutcome::Unknown("no connection to the mail server, or it broke".to_owned())
    }
}

impl Files {
    /// Writes into a folder of the data folder, which only its owner can read. Without one, only links are printed.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn in_folder(data: Option<&Path>) -> Result<Self> {
        let Some(data) = data else { return Ok(Self { folder: None }) };
        let folder = data.join(FOLDER);
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder: Some(folder) })
    }

    fn write(&self, message: &Message) -> std::io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        // A repetition writes the same bytes to the same file.
        let path = folder.join(format!("{}.eml", message.id));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(&message.bytes)
    }
}

impl Courier for Files {
    async fn send(&self, message: &Message) -> DeliveryOutcome {
        if let Err(error) = self.write(message) {
            return DeliveryOutcome::Postponed(format!("the file cannot be written: {}", error.kind()));
        }
        let link = if message.link.is_empty() { String::new() } else { format!("\n  {}", message.link) };
        let printed = outln!("Mail to {}: {}{link}", plain(&message.to), plain(&message.subject));
        match printed {
            Ok(()) => DeliveryOutcome::Accepted,
            Err(error) => DeliveryOutcome::Postponed(format!("the link cannot be printed: {}", error.kind())),
        }
    }
}
