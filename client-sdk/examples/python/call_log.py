"""A live log of calls, from messages of the event stream: a line when one begins, when it is answered and when it is over."""
import json

calls = {}  # those that are up: who calls whom


def note(message):
    name, event = (message := json.loads(message))["name"], message["data"]
    channel, time = event.get("channel", {}), event.get("timestamp", "")[11:19]
    call = calls.get(channel.get("id"), channel.get("name"))
    if name == "ChannelCreated":
        caller, dialled = channel["caller"]["number"] or "?", channel["dialplan"]["exten"] or "?"
        call = calls[channel["id"]] = f"{caller} -> {dialled} ({channel['name']})"
        print(time, "begins   ", call, flush=True)
    elif name == "ChannelStateChange" and channel["state"] == "Up":
        print(time, "answered ", call, flush=True)
    elif name == "ChannelDestroyed":
        calls.pop(channel["id"], None)
        print(time, "over     ", f"{call}: {event['cause_txt']}", flush=True)
    elif name == "ProxyGap":  # what has ended meanwhile is told to nobody any more
        print(time, "events are missing:", event["reason"], flush=True)
        calls.clear()
