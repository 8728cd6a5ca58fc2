//! Where an event stands, in the clerk's words.

use ledger_core::ids::EventId;
use ledger_core::roster::VoidReason;

use super::page::escape;
use crate::ledger::{EventStatus, LedgerError, LedgerHandle};

/// Where an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not here.
    Unknown,
    /// Durable on this machine.
    Saved,
    /// In the log.
    Logged,
    /// In the log, and covered by a head with the quorum.
    Cosigned,
    /// In the log, without effect.
    Void(VoidReason),
    /// Durable here, and can no longer enter the log, for this reason.
    Stuck(String),
}

impl Standing {
    /// Asks the ledger.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn of(ledger: &LedgerHandle, id: EventId) -> Result<Standing, LedgerError> {
        let status = ledger.status(id).await;
        let void = match status {
            EventStatus::Logged(_, void) => void,
            EventStatus::Cosigned(_) => {
                ledger
                    .try_read(move |replica| replica.void_reason(&id))
                    .await?
            }
            _ => None,
        };
        Ok(match (status, void) {
            (_, Some(reason)) => Standing::Void(reason),
            (EventStatus::Unknown, _) => Standing::Unknown,
            (EventStatus::Saved, _) => Standing::Saved,
            (EventStatus::Logged(..), _) => Standing::Logged,
            (EventStatus::Cosigned(_), _) => Standing::Cosigned,
            (EventStatus::Stuck { message_vi, .. }, _) => Standing::Stuck(message_vi),
        })
    }

    /// For programs.
    pub fn code(&self) -> &'static str {
        match self {
            Standing::Unknown => "unknown",
            Standing::Saved => "saved",
            Standing::Logged => "logged",
            Standing::Cosigned => "cosigned",
            Standing::Void(_) => "void",
            Standing::Stuck(_) => "stuck",
        }
    }

    /// For people.
    pub fn words(&self) -> &'static str {
        match self {
            Standing::Unknown => "Không có việc này",
            Standing::Saved => "Đã lưu trên máy, chờ gửi",
            Standing::Logged => "Đã ghi vào sổ",
            Standing::Cosigned => "Đã được các đơn vị xác nhận",
            Standing::Void(_) => "Đã vào sổ nhưng không có hiệu lực",
            Standing::Stuck(_) => "Chưa vào sổ được",
        }
    }

    /// More about it, where there is something to know or to do.
    pub fn message(&self) -> String {
        match self {
            Standing::Saved => "Khi có mạng, máy tự gửi. Không phải ghi lại.".into(),
            Standing::Void(reason) => reason.message_vi().into(),
            Standing::Stuck(why) => why.clone(),
            _ => String::new(),
        }
    }

    /// The class of its look.
    pub fn style(&self) -> &'static str {
        match self {
            Standing::Saved => "cho",
            Standing::Logged => "ghi",
            Standing::Cosigned => "xac-nhan",
            Standing::Unknown | Standing::Void(_) | Standing::Stuck(_) => "hong",
        }
    }

    /// A sign beside the words, for those who do not tell the colours apart.
    pub fn sign(&self) -> &'static str {
        match self {
            Standing::Saved => "○",
            Standing::Logged => "◐",
            Standing::Cosigned => "●",
            Standing::Unknown | Standing::Void(_) | Standing::Stuck(_) => "✕",
        }
    }

    /// Whether nothing more will happen by itself.
    pub fn is_final(&self) -> bool {
        matches!(self, Standing::Cosigned | Standing::Void(_))
    }

    /// One line of a list.
    pub fn line(&self) -> String {
        let words = format!(
            "<small><span class=\"dau\" aria-hidden=\"true\">{}</span>{}</small>",
            self.sign(),
            self.words()
        );
        match self {
            Standing::Void(_) | Standing::Stuck(_) => {
                format!("{words}<small>{}</small>", escape(&self.message()))
            }
            _ => words,
        }
    }
}
