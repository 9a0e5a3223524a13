//! Ends connections whose request body nobody read to its end. The framework reads on for a chunked body as long
//! as its sender likes, even when the answer is long gone; nothing else would ever end such a connection.

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

/// A body of a request, held as long as this lives.
type Held = Rc<RefCell<Payload>>;

/// What is answered, with the request's body held until its last byte is on the way: when that has not ended by
/// then, the framework closes the connection.
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

/// Lends the body of a chunked request to its handler and holds it beyond the answer.
///
/// # Errors
/// The handler's.
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
    // An answer without a body keeps none; its head is the last to go.
    answer.response_mut().extensions_mut().insert(Rc::clone(&held));
    Ok(answer.map_body(|_, body| BoxBody::new(Answer { body, _held: held })))
}
