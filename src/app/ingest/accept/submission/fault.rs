//! What can be wrong with a submission, in HubSpot's words. No text quotes what was sent, but for the name of a field.

use crate::domain::form::{CONSENT_TEXT_MAX, FIELDS_MAX, FORM_KEY_MAX, FORMS_MAX};
use crate::domain::hit_reason::Reason;

/// Why a submission is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("there is no account with this number")]
    UnknownAccount,
    #[error("the id of a form has 1 to {FORM_KEY_MAX} letters, digits, '-' and '_'")]
    FormKey,
    #[error("the body is not a JSON object with a list of `fields`")]
    Malformed,
    #[error("a submission needs at least one field")]
    NoFields,
    #[error("a submission has at most {FIELDS_MAX} fields")]
    TooManyFields,
    #[error("'{0}' is too long")]
    TooLong(String),
    #[error("the body is too large")]
    BodyTooLarge,
    #[error("'fields.email' is not an email address")]
    Email,
    #[error("'context' is not an object")]
    Context,
    #[error("'context.hutk' is not the token of a visitor")]
    Hutk,
    #[error("'context.ipAddress' is not an IP address")]
    IpAddress,
    #[error("'context.pageUri' is not the address of a page")]
    PageUri,
    #[error("'submittedAt' is more than 25 months ago or more than 10 minutes ahead")]
    SubmittedAt,
    #[error(
        "'legalConsentOptions' is not an object with 'consent' or 'legitimateInterest', of at most {CONSENT_TEXT_MAX} bytes"
    )]
    LegalOptions,
    #[error("the person did not agree that the data are processed")]
    NoConsent,
    #[error("'legalConsentOptions.consent.text' is missing")]
    NoConsentText,
    #[error("a communication in 'legalConsentOptions.consent' has no text")]
    NoCommunicationText,
    #[error("'legalConsentOptions.legitimateInterest.text' is missing")]
    NoInterestText,
    #[error("a subscription type is named twice in 'legalConsentOptions'")]
    SubscriptionTwice,
    #[error("the account has {FORMS_MAX} forms, which is the most it may have")]
    FormLimit,
    #[error("the submission cannot be stored now; send it again")]
    Unavailable,
}

impl Fault {
    /// The `errorType` of HubSpot's forms; `None` where it has none.
    #[must_use]
    pub const fn error_type(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnknownAccount | Self::FormKey | Self::Malformed | Self::FormLimit | Self::Unavailable => {
                return None;
            }
            Self::NoFields => "REQUIRED_FIELD",
            Self::TooManyFields => "MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED",
            Self::TooLong(_) | Self::BodyTooLarge => "INPUT_TOO_LARGE",
            Self::Email => "INVALID_EMAIL",
            Self::Context | Self::SubmittedAt => "INVALID_METADATA",
            Self::Hutk => "INVALID_HUTK",
            Self::IpAddress => "INVALID_IP_ADDRESS",
            Self::PageUri => "INVALID_PAGE_URI",
            Self::LegalOptions => "INVALID_LEGAL_OPTION_FORMAT",
            Self::NoConsent => "MISSING_PROCESSING_CONSENT",
            Self::NoConsentText => "MISSING_PROCESSING_CONSENT_TEXT",
            Self::NoCommunicationText => "MISSING_COMMUNICATION_CONSENT_TEXT",
            Self::NoInterestText => "MISSING_LEGITIMATE_INTEREST_TEXT",
            Self::SubscriptionTwice => "DUPLICATE_SUBSCRIPTION_TYPE_ID",
        })
    }

    /// Under what it is counted.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::UnknownAccount => Reason::UnknownAccount,
            Self::TooManyFields | Self::TooLong(_) | Self::BodyTooLarge => Reason::TooLarge,
            Self::NoConsent => Reason::NoConsent,
            Self::FormLimit => Reason::FormLimit,
            Self::Unavailable => Reason::Unavailable,
            _ => Reason::Malformed,
        }
    }
}
