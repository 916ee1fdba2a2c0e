//! One question and its answer over a TCP connection of their own, in lines of text.
//!
//! Owns connecting, the limits and the difference between nothing sent and perhaps sent.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::call::CallError;

/// A connection to a device that speaks in short lines.
pub(super) struct Line {
    stream: TcpStream,
    patience: Duration,
    /// Read and not yet taken.
    rest: Vec<u8>,
    /// Bytes of the longest line that is read.
    most: usize,
}

/// No line of these devices is longer.
const MOST: usize = 4096;

impl Line {
    /// # Errors
    /// [`CallError::NotSent`].
    pub async fn open(host: &str, port: u16, patience: Duration) -> Result<Line, CallError> {
        let connected = timeout(patience, TcpStream::connect((host, port))).await;
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(CallError::NotSent(error.to_string())),
            Err(_) => return Err(CallError::NotSent("no connection in time".to_owned())),
        };
        Ok(Line { stream, patience, rest: Vec::new(), most: MOST })
    }

    /// Takes no line of more than so many bytes.
    pub fn at_most(self, most: usize) -> Line {
        Line { most, ..self }
    }

    /// # Errors
    /// [`CallError::NoAnswer`]: some of it may have arrived.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), CallError> {
        let written = timeout(self.patience, self.stream.write_all(bytes)).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(CallError::NoAnswer(error.to_string())),
            Err(_) => Err(CallError::NoAnswer("it does not take what is sent".to_owned())),
        }
    }

    /// The next piece up to one of these bytes, which is taken and not returned.
    ///
    /// # Errors
    /// [`CallError::NoAnswer`] if it closes or stays silent, [`CallError::Unclear`] if it goes on without end.
    pub async fn read_to(&mut self, ends: &[u8]) -> Result<Vec<u8>, CallError> {
        timeout(self.patience, self.piece(ends)).await.unwrap_or_else(|_| {
            Err(CallError::NoAnswer(format!("nothing whole within {} ms", self.patience.as_millis())))
        })
    }

    async fn piece(&mut self, ends: &[u8]) -> Result<Vec<u8>, CallError> {
        loop {
            if let Some(at) = self.rest.iter().position(|byte| ends.contains(byte)) {
                let mut piece: Vec<u8> = self.rest.drain(..=at).collect();
                piece.pop();
                return if piece.len() > self.most { Err(self.too_long()) } else { Ok(piece) };
            }
            if self.rest.len() > self.most {
                return Err(self.too_long());
            }
            let mut buffer = [0; 512];
            match self.stream.read(&mut buffer).await {
                Ok(0) => return Err(CallError::NoAnswer("it closed the connection".to_owned())),
                Ok(n) => self.rest.extend_from_slice(&buffer[..n]),
                Err(error) => return Err(CallError::NoAnswer(error.to_string())),
            }
        }
    }

    fn too_long(&self) -> CallError {
        CallError::Unclear(format!("a line of more than {} bytes", self.most))
    }
}
