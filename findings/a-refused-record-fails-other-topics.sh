#!/usr/bin/env bash
# An idempotent producer of kafka-python, one of whose records the broker refuses, fails what it is
# given later for other topics, with the same error.
#
# Seen with kafka-python 3.0.12 against Apache Kafka 4.3.0 (KRaft, one node, Java 17 or newer).
# One expects a record above a topic's `max.message.bytes` to fail by itself: topics are independent,
# and each send has a future of its own. But a small record sent a moment later to another topic, which
# takes such records, fails with MessageSizeTooLargeError too; a new producer sends it at once. Whoever
# sends for several topics by one producer loses them all to one record, and cannot tell by the errors
# which one it was. Seen: "the other topic a moment later, same producer: MessageSizeTooLargeError",
# "the other topic, a new producer: offset 2".
# In the registry: a partition whose record is refused is sent alone, by a producer of its own
# (shared/src/shared/pipeline/relay/sending.py, tests/integration/shared/test_relay_refusals.py).
#
# Needs python3 with venv, Java 17 or newer, Maven, a network.
# Exit 0: as described; 1: the behaviour has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill "$(cat "$folder/pid" 2>/dev/null)" 2>/dev/null || true; sleep 2; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kafka-python==3.0.12
cat > "$folder/pom.xml" <<'POM'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.3.0</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.25.4</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-1.2-api</artifactId><version>2.25.4</version></dependency>
  </dependencies>
</project>
POM
mvn --batch-mode --quiet -Dstyle.color=never --file "$folder/pom.xml" dependency:copy-dependencies \
  -DincludeScope=runtime -DoutputDirectory="$folder/libs"
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import os, socket, subprocess, sys, time
from pathlib import Path

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

folder = Path(sys.argv[1])
probes = [socket.socket() for _ in range(2)]
for probe in probes:
    probe.bind(("127.0.0.1", 0))
broker, controller = (probe.getsockname()[1] for probe in probes)
for probe in probes:
    probe.close()
(folder / "server.properties").write_text(f"""
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder / "data"}
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
offsets.topic.replication.factor=1
""")
java = ["java", "-Xmx512m", "-cp", f"{folder / 'libs'}/*"]
configuration = str(folder / "server.properties")
with (folder / "log").open("wb") as log:
    quiet = {"stdout": log, "stderr": log}
    tool = [*java, "kafka.tools.StorageTool", "format", "--standalone"]
    subprocess.run([*tool, "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", configuration], check=True, **quiet)
    server = subprocess.Popen([*java, "kafka.Kafka", configuration], **quiet)
(folder / "pid").write_text(str(server.pid))
address = f"127.0.0.1:{broker}"
for _ in range(240):
    try:
        admin = KafkaAdminClient(bootstrap_servers=address)
        break
    except KafkaError:
        time.sleep(0.5)
small = {"max.message.bytes": "2000"}
admin.create_topics([
    NewTopic("narrow", num_partitions=1, replication_factor=1, topic_configs=small),
    NewTopic("wide", num_partitions=1, replication_factor=1),
])
time.sleep(2)


def made():
    return KafkaProducer(
        bootstrap_servers=address, acks="all", enable_idempotence=True, linger_ms=50,
        request_timeout_ms=5_000, delivery_timeout_ms=15_000,
    )


def outcome(future):
    try:
        return f"offset {future.get(30).offset}"
    except KafkaError as problem:
        return type(problem).__name__


producer = made()
print("a record of each topic:", outcome(producer.send("narrow", b"1")), outcome(producer.send("wide", b"1")))
large = producer.send("narrow", os.urandom(5_000))
together = producer.send("wide", b"2")
first = outcome(large), outcome(together)
later = outcome(producer.send("wide", b"3"))
anew = outcome(made().send("wide", b"3"))
print("the large record, one of the other topic with it:", *first)
print("the other topic a moment later, same producer:", later)
print("the other topic, a new producer:", anew)
refused = "MessageSizeTooLargeError"
sys.exit(0 if (first[0], later) == (refused, refused) and anew.startswith("offset") else 1)
PYTHON
echo "as described"
