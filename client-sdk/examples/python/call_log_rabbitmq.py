"""Prints a live log of all calls. Over RabbitMQ: pip install pika. The proxy's configuration has "stream": {"channels": true}"""
import os
import pika
from call_log import note

URL = os.environ.get("BUS_URL", "amqp://guest:guest@127.0.0.1:5672/%2f")

bus = pika.BlockingConnection(pika.URLParameters(URL)).channel()
bus.exchange_declare("stasis", "topic", durable=True)  # as the proxy does: whoever is there first makes it
queue = bus.queue_declare("", exclusive=True).method.queue  # of our own, and gone with us
bus.queue_bind(queue, "stasis", "stasis.channel.#")
bus.basic_consume(queue, lambda bus, method, properties, body: note(body), auto_ack=True)
print("listening for calls", flush=True)
bus.start_consuming()
