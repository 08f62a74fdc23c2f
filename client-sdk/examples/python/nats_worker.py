"""Answers each call, plays hello-world and hangs up. Over NATS: pip install nats-py"""
import asyncio, json, os, uuid
import nats

URL = os.environ.get("BUS_URL", "nats://127.0.0.1:4222")
APPLICATION = os.environ.get("APPLICATION", "hello")
INBOX = f"ari.worker.{uuid.uuid4().hex}"  # every topic that begins with this is ours
calls = {}  # the mail of each call


async def serve(bus, offer):
    async def send(**message):
        await bus.publish(offer["commands"], json.dumps(message).encode())

    async def command(method, url, **body):
        """Sends an ARI request. Commands of one call run in the order sent, so there is no need to wait."""
        id = str(uuid.uuid4())  # one that was there before would not be run again
        asked[id] = f"{method} {url}"
        await send(unique_id=id, method=method, url=url, body=body)

    key, seq, channel, asked = uuid.uuid4().hex, 0, None, {}
    mail = calls[key] = asyncio.Queue()
    topics = {name: f"{INBOX}.{key}.{name}" for name in ("events", "responses")}
    try:
        await send(control="accept", term=offer["term"], **topics)
        while True:
            # The first event says that the call is ours. If none comes, it never will be.
            message = await asyncio.wait_for(mail.get(), None if seq else 5)
            if "status_code" in message:  # the answer to a command
                name = asked.pop(message["unique_id"], "an unknown command")
                if message["status_code"] >= 300:
                    print(name, message["status_code"], message.get("response_body"), flush=True)
                continue
            if message["type"] in ("ProxyEnded", "ProxyGone"):  # its last event; or it is another worker's
                return print("the call is over:", message["type"], flush=True)
            if message["seq"] <= seq:
                continue  # it came twice
            seq, ari = message["seq"], json.loads(message["ari_body"])
            if ari["type"] == "StasisStart" and not channel:
                channel = f"/channels/{ari['channel']['id']}"
                print("a call from", ari["channel"]["caller"]["number"] or "nobody", flush=True)
                await command("POST", f"{channel}/answer")
                await command("POST", f"{channel}/play", media="sound:hello-world")
            elif ari["type"] == "PlaybackFinished":
                await command("DELETE", channel)
    except asyncio.TimeoutError:
        print("an offer led to no call", flush=True)
    finally:
        del calls[key]


async def main():
    async def arrived(message):  # events and answers of all calls
        if mail := calls.get(message.subject.split(".")[3]):
            mail.put_nowait(json.loads(message.data))

    async def offered(message):
        offer = json.loads(message.data)
        if offer.get("resume"):  # to go on where another worker was takes more than this one knows
            decline = {"control": "decline", "term": offer["term"]}
            await bus.publish(offer["commands"], json.dumps(decline).encode())
        elif offer.get("protocol", 1) >= 2:
            tasks.add(task := asyncio.create_task(serve(bus, offer)))
            task.add_done_callback(tasks.discard)

    tasks = set()
    bus = await nats.connect(URL, max_reconnect_attempts=-1)
    await bus.subscribe(INBOX + ".>", cb=arrived)
    await bus.subscribe(APPLICATION, queue=APPLICATION, cb=offered)
    print("waiting for calls to", APPLICATION, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
