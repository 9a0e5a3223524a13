//! Tells the connection of a request when its handler begins, when its body was read and when its answer is ready.
//!
//! It also closes connections whose chunked body no handler read to the end. The framework would go on reading after the
//! answer, for as long as the client sends.

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

use super::stream::Slot;

/// The chunked body of a request, shared between the handler and the answer. If it has not ended when the answer is
/// sent, the framework closes the connection.
type Chunks = Rc<RefCell<Payload>>;

/// A request that is being answered. The answer ends when this is dropped.
struct Open(Option<Rc<Slot>>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(slot) = &self.0 {
            slot.end();
        }
    }
}

/// The body of an answer.
pub(in crate::server) struct Answer {
    body: BoxBody,
    _chunks: Option<Chunks>,
    _open: Open,
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

/// The middleware.
pub(in crate::server) async fn follow(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<Answer>, actix_web::Error> {
    let slot = request.conn_data::<Rc<Slot>>().cloned();
    if let Some(slot) = &slot {
        slot.begin();
    }
    let open = Open(slot.clone());
    let chunks = request.headers().contains_key(TRANSFER_ENCODING).then(|| share_chunks(&mut request, slot));
    let mut answer = next.call(request).await?;
    if let Some(chunks) = &chunks {
        // An answer without a body is dropped early, so the head of the answer keeps the chunks too.
        answer.response_mut().extensions_mut().insert(Rc::clone(chunks));
    }
    Ok(answer.map_body(|_, body| Answer { body, _chunks: chunks, _open: open }))
}

fn share_chunks(request: &mut ServiceRequest, slot: Option<Rc<Slot>>) -> Chunks {
    let chunks: Chunks = Rc::new(RefCell::new(request.take_payload()));
    let lent = Rc::clone(&chunks);
    request.set_payload(Payload::Stream {
        payload: Box::pin(poll_fn(move |context| {
            let polled = Pin::new(&mut *lent.borrow_mut()).poll_next(context);
            if let (Poll::Ready(None), Some(slot)) = (&polled, &slot) {
                slot.end_chunks();
            }
            polled
        })),
    });
    chunks
}
