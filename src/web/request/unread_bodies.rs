//! Closes connections whose request body no handler read to the end. For a chunked body the framework would go on
//! reading after the answer, for as long as the client sends. Nothing else ends such a connection.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream::poll_fn;

/// The request body. It is shared between the handler and the answer.
type Held = Rc<RefCell<Payload>>;

/// An answer that keeps the request body alive until its own last byte is sent. If the request body has not ended
/// by then, the framework closes the connection.
struct Answer {
    body: BoxBody,
    _held: Held,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// Middleware that keeps the body of a chunked request alive until the answer is sent.
pub async fn close_unread(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return next.call(request).await;
    }
    let held: Held = Rc::new(RefCell::new(request.take_payload()));
    let lent = Rc::clone(&held);
    request.set_payload(Payload::Stream {
        payload: Box::pin(poll_fn(move |context| Pin::new(&mut *lent.borrow_mut()).poll_next(context))),
    });
    let mut answer = next.call(request).await?;
    // An answer without a body is dropped early, so the head of the answer keeps the request body too.
    answer.response_mut().extensions_mut().insert(Rc::clone(&held));
    Ok(answer.map_body(|_, body| BoxBody::new(Answer { body, _held: held })))
}
