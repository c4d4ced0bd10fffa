//! The servers are real: each is started, frozen, killed and started again.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use local_servers::{LocalServer, PgBouncer, Postgres, Prometheus, Redis};

#[test]
fn a_redis_that_was_killed_comes_back_on_its_port_with_all_it_acknowledged() {
    let mut redis = Redis::with()
        .append_only()
        .password("only-here")
        .start()
        .unwrap();
    redis.command(&["SET", "key", "value"]).unwrap();
    let port = redis.port();
    redis.kill().unwrap();
    assert!(redis.command(&["GET", "key"]).is_err());
    redis.start_again().unwrap();
    assert_eq!(redis.port(), port);
    assert_eq!(redis.command(&["GET", "key"]).unwrap().trim(), "value");
}

#[test]
fn a_paused_redis_takes_a_connection_and_answers_nobody_until_it_goes_on() {
    let mut redis = Redis::start().unwrap();
    redis.pause().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    stream.write_all(b"PING\r\n").unwrap();
    let mut answer = [0; 7];
    assert!(stream.read_exact(&mut answer).is_err());
    redis.resume().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
}

#[test]
fn a_replica_has_what_its_primary_has() {
    let primary = Redis::start().unwrap();
    let replica = Redis::with().replica_of(&primary).start().unwrap();
    primary.command(&["SET", "key", "value"]).unwrap();
    assert_eq!(
        primary.command(&["WAIT", "1", "20000"]).unwrap().trim(),
        "1"
    );
    assert_eq!(replica.command(&["GET", "key"]).unwrap().trim(), "value");
}

#[test]
fn a_sentinel_knows_its_primary_and_a_cluster_of_one_has_all_slots() {
    let primary = Redis::start().unwrap();
    let sentinel = Redis::sentinel_of(&primary, "tokens", 500).unwrap();
    let address = sentinel
        .command(&["SENTINEL", "get-master-addr-by-name", "tokens"])
        .unwrap();
    assert!(address.contains(&primary.port().to_string()), "{address}");
    let cluster = Redis::with().cluster().start().unwrap();
    assert!(
        cluster
            .command(&["CLUSTER", "INFO"])
            .unwrap()
            .contains("cluster_state:ok")
    );
}

#[test]
fn a_postgres_is_stopped_killed_and_started_again_and_a_pooler_works_in_front() {
    let mut postgres = Postgres::start().unwrap();
    postgres
        .sql("CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")
        .unwrap();
    postgres.stop().unwrap();
    assert!(postgres.sql("SELECT 1").is_err());
    postgres.start_again().unwrap();
    postgres.kill().unwrap();
    postgres.start_again().unwrap();
    assert_eq!(postgres.sql("SELECT id FROM kept").unwrap().trim(), "7");

    let mut pooler = PgBouncer::start(&postgres).unwrap();
    assert_ne!(pooler.port(), postgres.port());
    pooler.pause().unwrap();
    pooler.resume().unwrap();
    pooler.stop().unwrap();
    pooler.start_again().unwrap();
}

#[test]
fn a_prometheus_evaluates_expressions_and_refuses_wrong_ones() {
    let mut prometheus = Prometheus::scraping(9, Duration::from_secs(1)).unwrap();
    let samples = prometheus.query("vector(41) + 1").unwrap();
    assert!(samples[0].contains("=> 42 @["), "{samples:?}");
    assert!(prometheus.query("no_such_metric").unwrap().is_empty());
    assert!(prometheus.query("rate(").is_err());
    prometheus.kill().unwrap();
    assert!(prometheus.query("vector(1)").is_err());
}
