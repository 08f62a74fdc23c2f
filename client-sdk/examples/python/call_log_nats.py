"""Prints a live log of all calls. Over NATS: pip install nats-py. The proxy's configuration has "stream": {"channels": true}"""
import asyncio, os
import nats
from call_log import note

URL = os.environ.get("BUS_URL", "nats://127.0.0.1:4222")


async def main():
    async def arrived(message):
        note(message.data)

    bus = await nats.connect(URL, max_reconnect_attempts=-1)
    await bus.subscribe("stasis.channel.*", cb=arrived)  # one word for each channel's id, whose dots are escaped
    await bus.flush()
    print("listening for calls", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
