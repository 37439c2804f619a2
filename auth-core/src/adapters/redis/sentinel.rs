use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};

use super::options::RedisOptions;
use crate::error::{Error, ErrorKind, Result};

/// Who asks the sentinels.
pub(super) fn client(sentinels: &[String], master: &str, options: &RedisOptions) -> Result<SentinelClient> {
    let sentinels: Result<Vec<_>> = sentinels.iter().map(|url| options.info(url)).collect();
    let info = options.info(master)?;
    let redis::ConnectionAddr::Tcp(name, _) = info.addr() else {
        return Err(Error::from(ErrorKind::ValidationFailed)
            .detail("A master behind sentinels is redis://user:password@name/database."));
    };
    let node = SentinelNodeConnectionInfo::default()
        .set_redis_connection_info(info.redis_settings().clone())
        .set_tcp_settings(options.tcp());
    let found = SentinelClient::build(sentinels?, name.clone(), Some(node), SentinelServerType::Master);
    found.map_err(Error::fetch_failed)
}
