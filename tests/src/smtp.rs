//! A stand-in for a mail server that fails in a given way at a given step. It shows what our SMTP client makes of it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What goes wrong in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTrouble {
    /// Nothing.
    None,
    /// The connection is closed before the greeting.
    ClosedAtOnce,
    /// This answer to `MAIL`.
    AnswerToMail(u16),
    /// This answer to `RCPT`.
    AnswerToRecipient(u16),
    /// This answer after the final dot.
    AnswerToData(u16),
    /// The connection is closed after `DATA` was answered, before the text.
    ClosedBeforeText,
    /// The mail is accepted, and the connection is closed before the answer.
    ClosedAfterText,
}

/// The running stand-in. It stops when dropped.
pub struct SmtpStandIn {
    port: u16,
    accepted: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl SmtpStandIn {
    /// Starts a server whose every conversation has this trouble.
    pub async fn start(trouble: SmtpTrouble) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepted = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&accepted);
        let server = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                // A client that goes away ends its conversation.
                tokio::spawn(async move { drop(converse(connection, trouble, &kept).await) });
            }
        });
        Self { port, accepted, server }
    }

    /// Its address for `SMTP_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The mails that a real server would deliver now.
    #[must_use]
    pub fn accepted(&self) -> Vec<String> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for SmtpStandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn converse(connection: TcpStream, trouble: SmtpTrouble, accepted: &Mutex<Vec<String>>) -> std::io::Result<()> {
    if trouble == SmtpTrouble::ClosedAtOnce {
        return Ok(());
    }
    let (reader, mut writer) = connection.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 stand-in ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let command = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match (command.as_str(), trouble) {
            ("MAIL", SmtpTrouble::AnswerToMail(code)) | ("RCPT", SmtpTrouble::AnswerToRecipient(code)) => {
                format!("{code} no <somebody@example.org>")
            }
            ("DATA", trouble) => {
                writer.write_all(b"354 go on\r\n").await?;
                if trouble == SmtpTrouble::ClosedBeforeText {
                    return Ok(());
                }
                let mut text = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    text.push_str(&line);
                    text.push('\n');
                }
                match trouble {
                    SmtpTrouble::AnswerToData(code) => format!("{code} no"),
                    trouble => {
                        accepted.lock().unwrap_or_else(PoisonError::into_inner).push(text);
                        if trouble == SmtpTrouble::ClosedAfterText {
                            return Ok(());
                        }
                        "250 accepted".to_owned()
                    }
                }
            }
            ("QUIT", _) => "221 bye".to_owned(),
            ("EHLO", _) => "250 stand-in".to_owned(),
            _ => "250 fine".to_owned(),
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
        if command == "QUIT" {
            return Ok(());
        }
    }
    Ok(())
}
