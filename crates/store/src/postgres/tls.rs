//! How connections are made: in the clear, as TLS is not built yet; addresses that would need it are refused.

use std::future::Future;
use std::pin::Pin;
use tokio_postgres::{Client, Config, Error, NoTls};

type Driver = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Makes connections.
pub(super) struct Connector {}

impl Connector {
    pub(super) async fn connect(&self, config: &Config) -> Result<(Client, Driver), Error> {
        let (client, connection) = config.connect(NoTls).await?;
        Ok((client, Box::pin(connection)))
    }
}
