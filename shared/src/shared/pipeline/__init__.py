"""The way of an event: outbox, relay, Kafka, consumer."""
