//! A server that accepts bulk requests, or S3's objects, and stores nothing.
//!
//! It prints its port on the first line; `GET /tally` returns what arrived since the last call. Bodies are
//! counted and dropped as they arrive, so that the sink is not the bottleneck; digests are for untimed runs.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Body as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::BoxError;
use crate::network::Paced;
use crate::objects;
use crate::tally::Tally;

/// What may be in flight on a stream or connection of HTTP/2 before the receiver answers: as much
/// as loopback can hold, so that the pace alone limits.
const HTTP2_WINDOW_BYTES: u32 = 16 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long every reply is held back, in milliseconds.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// How fast each connection is read, in bytes per second. Default: as fast as possible.
    #[arg(long)]
    bytes_per_second: Option<f64>,
    /// How many of 100 requests are answered with 503.
    #[arg(long, default_value_t = 0.0)]
    fail_percent: f64,
    /// Take digests of all pairs.
    #[arg(long)]
    digest: bool,
    /// Take every PUT as an object of S3, and its digest.
    #[arg(long)]
    objects: bool,
    /// Speak TLS, with HTTP/2 or without; the certificate goes to the file that is named.
    #[arg(long, requires = "certificate")]
    tls: Option<Tls>,
    /// Where the certificate goes that clients are to trust.
    #[arg(long)]
    certificate: Option<std::path::PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Tls {
    Http1,
    Http2,
}

/// What all connections share.
struct Sink {
    options: Options,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tally: Tally,
    /// Which requests fail follows from this.
    failing: Option<fastrand::Rng>,
    started: Option<Instant>,
}

/// Serves until it is killed.
#[tokio::main]
pub(crate) async fn run(options: Options) -> Result<(), BoxError> {
    let acceptor = options.tls.map(|tls| acceptor(tls, &options)).transpose()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", listener.local_addr()?.port())?;
    stdout.flush()?;
    let sink = Arc::new(Sink {
        options,
        state: Mutex::default(),
    });
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        let paced = Paced::new(connection, sink.options.bytes_per_second);
        let sink = Arc::clone(&sink);
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            match acceptor {
                None => serve(sink, paced).await,
                // A client that hangs up early has its own error to show.
                Some(acceptor) => {
                    if let Ok(secure) = acceptor.accept(paced).await {
                        serve(sink, secure).await;
                    }
                }
            }
        });
    }
}

fn acceptor(tls: Tls, options: &Options) -> Result<TlsAcceptor, BoxError> {
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    if let Some(file) = &options.certificate {
        std::fs::write(file, made.cert.pem())?;
    }
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    config.alpn_protocols = match tls {
        Tls::Http1 => vec![b"http/1.1".to_vec()],
        Tls::Http2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(sink: Arc<Sink>, connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let service = service_fn(move |request| {
        let sink = Arc::clone(&sink);
        async move { sink.answer(request).await }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http2()
        .initial_stream_window_size(HTTP2_WINDOW_BYTES)
        .initial_connection_window_size(HTTP2_WINDOW_BYTES);
    // A client that hangs up early has its own error to show.
    let _ = builder
        .serve_connection(TokioIo::new(connection), service)
        .await;
}

impl Sink {
    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, hyper::Error> {
        if self.options.objects && request.method() == Method::PUT {
            return self.take_object(request).await;
        }
        let is_get = request.method() == Method::GET;
        if self.options.objects && is_get && request.uri().path() != "/tally" {
            // Before a run the bucket is empty. To ask costs a round trip.
            tokio::time::sleep(Duration::from_millis(self.options.delay_ms)).await;
            return Ok(objects::of_empty_bucket(request.uri().query()));
        }
        if is_get && request.uri().path().ends_with("/keys") {
            // Before a run nothing is stored. To ask costs a round trip.
            tokio::time::sleep(Duration::from_millis(self.options.delay_ms)).await;
            let nothing = br#"{"success":true,"errors":[],"messages":[],"result":[],"result_info":{"cursor":""}}"#;
            return Ok(json(StatusCode::OK, nothing.to_vec()));
        }
        if is_get {
            let tally = std::mem::take(&mut *self.state()).tally;
            let reply = serde_json::to_vec(&tally).unwrap_or_default();
            return Ok(json(StatusCode::OK, reply));
        }
        if request.uri().path().contains("/values/") {
            // The note of a finished run is one value, not a bulk request with pairs.
            self.take(request.into_body()).await?;
            tokio::time::sleep(Duration::from_millis(self.options.delay_ms)).await;
            let written = br#"{"success":true,"errors":[],"messages":[],"result":null}"#;
            return Ok(json(StatusCode::OK, written.to_vec()));
        }
        self.state().started.get_or_insert_with(Instant::now);
        let body = self.take(request.into_body()).await?;
        tokio::time::sleep(Duration::from_millis(self.options.delay_ms)).await;
        let mut state = self.state();
        state.tally.seconds = state
            .started
            .map_or(0.0, |started| started.elapsed().as_secs_f64());
        let failing = state
            .failing
            .get_or_insert_with(|| fastrand::Rng::with_seed(1));
        if failing.f64() * 100.0 < self.options.fail_percent {
            state.tally.failures += 1;
            let errors = br#"{"success":false,"errors":[{"code":10000,"message":"try again"}],"messages":[],"result":null}"#;
            return Ok(json(StatusCode::SERVICE_UNAVAILABLE, errors.to_vec()));
        }
        state.tally.count(body.bytes);
        if self.options.digest && state.tally.digest(&body.content).is_err() {
            return Ok(json(StatusCode::BAD_REQUEST, Vec::new()));
        }
        // Without a count of stored keys: it would contradict what was sent, and nothing is counted here.
        let stored =
            br#"{"success":true,"errors":[],"messages":[],"result":{"unsuccessful_keys":[]}}"#;
        Ok(json(StatusCode::OK, stored.to_vec()))
    }

    /// Takes an object that is as long as its headers say. Nothing is signed for here, so signatures are
    /// not checked.
    async fn take_object(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let announced = request.body().size_hint().exact();
        let key = objects::key_of(request.uri().path());
        let body = self.take(request.into_body()).await?;
        tokio::time::sleep(Duration::from_millis(self.options.delay_ms)).await;
        let mut response = Response::new(Full::default());
        if announced != Some(body.bytes) {
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return Ok(response);
        }
        let digest = objects::digest_of(&key, &body.content);
        if !objects::is_record(&key) {
            self.state().tally.count_object(body.bytes, digest);
        }
        let etag = format!("\"{digest:032x}\"");
        if let Ok(etag) = hyper::header::HeaderValue::try_from(etag) {
            response.headers_mut().insert(hyper::header::ETAG, etag);
        }
        Ok(response)
    }

    /// Reads a body to its end, and keeps it only if its digest is wanted.
    async fn take(&self, mut body: Incoming) -> Result<Taken, hyper::Error> {
        let mut taken = Taken::default();
        let keeps = self.options.digest || self.options.objects;
        if let Some(bytes) = body.size_hint().exact().filter(|_| keeps) {
            let bytes = usize::try_from(bytes).unwrap_or_default();
            taken.content.reserve_exact(bytes);
        }
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                taken.bytes += data.len() as u64;
                if keeps {
                    taken.content.extend_from_slice(&data);
                }
            }
        }
        Ok(taken)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Taken {
    bytes: u64,
    /// Empty unless digests are taken.
    content: Vec<u8>,
}

fn json(status: StatusCode, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let name = hyper::header::CONTENT_TYPE;
    response.headers_mut().insert(
        name,
        hyper::header::HeaderValue::from_static("application/json"),
    );
    response
}
