"""Answers each call, plays hello-world and hangs up. Over RabbitMQ: pip install pika"""
import json, os, uuid
import pika

URL = os.environ.get("BUS_URL", "amqp://guest:guest@127.0.0.1:5672/%2f")
APPLICATION = os.environ.get("APPLICATION", "hello")
INBOX = f"ari.worker.{uuid.uuid4().hex}"  # our queue; every topic that begins with this comes to it
calls = {}


def publish(topic, message):
    queue = ".".join(topic.split(".")[:3])  # with a bus_config.prefix: the prefix and three tokens after it
    properties = pika.BasicProperties(content_type="application/json", headers={"topic": topic})
    bus.basic_publish("", queue, json.dumps(message).encode(), properties)


def command(call, method, path, **body):
    """Sends an ARI request. Commands of one call run in the order sent, so there is no need to wait."""
    id = str(uuid.uuid4())  # one that was there before would not be run again
    call["asked"][id] = f"{method} {path}"
    publish(call["commands"], {"unique_id": id, "method": method, "url": path, "body": body})


def offered(bus, method, properties, body):
    offer = json.loads(body)
    if offer.get("resume"):  # to go on where another worker was takes more than this one knows
        publish(offer["commands"], {"control": "decline", "term": offer["term"]})
    elif offer.get("protocol", 1) >= 2:
        key = uuid.uuid4().hex
        calls[key] = {"commands": offer["commands"], "seq": 0, "asked": {}}
        topics = {name: f"{INBOX}.{key}.{name}" for name in ("events", "responses")}
        publish(offer["commands"], {"control": "accept", "term": offer["term"], **topics})
        # The first event says that the call is ours. If none comes, it never will be.
        bus.connection.call_later(5, lambda: calls.get(key, {"seq": 1})["seq"] or calls.pop(key))
    bus.basic_ack(method.delivery_tag)


def arrived(bus, method, properties, body):
    key, name = properties.headers["topic"].split(".")[3:]
    call, message = calls.get(key), json.loads(body)
    if call and name == "responses":
        asked = call["asked"].pop(message["unique_id"], "an unknown command")
        if message["status_code"] >= 300:
            print(asked, message["status_code"], message.get("response_body"), flush=True)
    elif call and name == "events":
        handle(key, call, message)


def handle(key, call, event):
    if event.get("seq", call["seq"] + 1) <= call["seq"]:
        return  # it came twice
    call["seq"] = event.get("seq", call["seq"])
    kind, ari = event["type"], json.loads(event["ari_body"])
    if kind == "StasisStart" and event["seq"] == 1:  # this event means: the call is ours
        call["channel"] = f"/channels/{ari['channel']['id']}"
        print("a call from", ari["channel"]["caller"]["number"] or "nobody", flush=True)
        command(call, "POST", call["channel"] + "/answer")
        command(call, "POST", call["channel"] + "/play", media="sound:hello-world")
    elif kind == "PlaybackFinished":
        command(call, "DELETE", call["channel"])
    elif kind in ("ProxyEnded", "ProxyGone"):  # the last event of a call; or it is another worker's
        print("the call is over:", kind, flush=True)
        del calls[key]


bus = pika.BlockingConnection(pika.URLParameters(URL)).channel()
bus.queue_declare(INBOX, exclusive=True, auto_delete=True)
bus.basic_consume(INBOX, arrived, auto_ack=True)
bus.queue_declare(APPLICATION, durable=True)  # shared by the pool
bus.basic_qos(prefetch_count=4)
bus.basic_consume(APPLICATION, offered)
print("waiting for calls to", APPLICATION, flush=True)
bus.start_consuming()
