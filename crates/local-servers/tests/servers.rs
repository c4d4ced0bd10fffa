//! The servers are real: each is started, frozen, killed and started again.

use std::io::{self, BufRead, BufReader, Lines, Read, Write};
use std::iter::Skip;
use std::net::TcpStream;
use std::time::Duration;

use local_servers::{LocalServer, Mosquitto, Nats, PgBouncer, Postgres, Prometheus, Redis};

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

#[test]
fn a_nats_that_accepts_another_token_disconnects_who_came_with_the_old_one() {
    let mut nats = Nats::start("old").unwrap();
    let mut client = nats_client(&nats, "old").unwrap();
    assert_eq!(client.next().unwrap().unwrap(), "PONG");
    nats.accept("new").unwrap();
    assert_eq!(client.next().unwrap().unwrap(), REFUSED);
    nats.kill().unwrap();
    nats.start_again().unwrap();
    let mut old = nats_client(&nats, "old").unwrap();
    assert_eq!(old.next().unwrap().unwrap(), REFUSED);
    let mut new = nats_client(&nats, "new").unwrap();
    assert_eq!(new.next().unwrap().unwrap(), "PONG");
}

const REFUSED: &str = "-ERR 'Authorization Violation'";

/// Returns the lines that the server sends to a client with this token, after its INFO.
fn nats_client(nats: &Nats, token: &str) -> io::Result<Skip<Lines<BufReader<TcpStream>>>> {
    let mut stream = TcpStream::connect(nats.url().replace("nats://", ""))?;
    let options = format!(r#"{{"auth_token":"{token}","verbose":false}}"#);
    stream.write_all(format!("CONNECT {options}\r\nPING\r\n").as_bytes())?;
    Ok(BufReader::new(stream).lines().skip(1))
}

#[test]
fn a_mosquitto_that_accepts_another_password_disconnects_everybody() {
    let mut broker = Mosquitto::start("device", "old").unwrap();
    let (mut stream, connack) = mqtt_client(&broker, "old").unwrap();
    assert_eq!(connack, [0x20, 2, 0, 0]);
    broker.accept("device", "new").unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
    let (_, refused) = mqtt_client(&broker, "old").unwrap();
    assert_eq!(refused, [0x20, 2, 0, 5]); // not authorized
    let (_, accepted) = mqtt_client(&broker, "new").unwrap();
    assert_eq!(accepted, [0x20, 2, 0, 0]);
}

/// Sends CONNECT (MQTT 3.1.1, section 3.1), and returns the CONNACK too.
fn mqtt_client(broker: &Mosquitto, password: &str) -> io::Result<(TcpStream, [u8; 4])> {
    let mut stream = TcpStream::connect(("127.0.0.1", broker.port()))?;
    stream.write_all(b"\x10\x1a\0\x04MQTT\x04\xc2\0\x3c\0\x01c\0\x06device\0\x03")?;
    stream.write_all(password.as_bytes())?;
    let mut connack = [0; 4];
    stream.read_exact(&mut connack)?;
    Ok((stream, connack))
}
