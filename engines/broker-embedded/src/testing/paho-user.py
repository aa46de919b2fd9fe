"""A user of the broker by other authors: paho-mqtt. Says what it saw as lines of JSON.

Arguments: port, version (4 or 5).
"""

import json
import queue
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

port, version = int(sys.argv[1]), int(sys.argv[2])


def say(**what):
    print(json.dumps(what), flush=True)


def properties(kind, **values):
    if version != 5:
        return None
    found = Properties(kind)
    for name, value in values.items():
        setattr(found, name, value)
    return found


class User:
    def __init__(self, name, lasting=False, **extra):
        self.events = queue.Queue()
        protocol = mqtt.MQTTv5 if version == 5 else mqtt.MQTTv311
        session = {} if version == 5 else {"clean_session": not lasting}
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=protocol, **session)
        self.client.on_connect = lambda c, u, flags, reason, p: self.events.put(("connected", flags.session_present))
        self.client.on_subscribe = lambda c, u, mid, reasons, p: self.events.put(("subscribed", None))
        self.client.on_publish = lambda c, u, mid, reason, p: self.events.put(("published", reason.value))
        self.client.on_message = lambda c, u, message: self.events.put(("message", message))
        self.client.on_disconnect = lambda c, u, flags, reason, p: self.events.put(("gone", None))
        for name, value in extra.items():
            getattr(self.client, name)(*value)
        if version == 5:
            expiry = properties(PacketTypes.CONNECT, SessionExpiryInterval=300 if lasting else 0)
            self.client.connect("127.0.0.1", port, clean_start=not lasting, properties=expiry)
        else:
            self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.present = self.until("connected")

    def until(self, kind):
        while True:
            found, about = self.events.get(timeout=10)
            if found == kind:
                return about

    def subscribe(self, topic, qos):
        self.client.subscribe(topic, qos)
        self.until("subscribed")

    def publish(self, topic, payload, qos, **more):
        self.client.publish(topic, payload, qos, **more).wait_for_publish(10)

    def message(self):
        found = self.until("message")
        return [found.topic, found.payload.decode(), found.qos, found.retain]

    def leave(self):
        self.client.disconnect()
        self.until("gone")
        self.client.loop_stop()


reader = User("paho-reader", lasting=True)
reader.subscribe("paho/#", 2)
writer = User("paho-writer")
for qos in (0, 1, 2):
    writer.publish(f"paho/{qos}", f"live {qos}", qos)
say(live=[reader.message() for _ in range(3)])
for qos in (0, 1, 2):
    writer.publish(f"paho/{qos}", f"again {qos}", qos)
say(again=[reader.message() for _ in range(3)])
reader.leave()
for qos in (1, 2):
    writer.publish("paho/queued", f"queued {qos}", qos)
writer.publish("paho/kept", "kept", 2, retain=True)
reader = User("paho-reader", lasting=True)
say(present=bool(reader.present), queued=[reader.message() for _ in range(3)])
late = User("paho-late")
late.subscribe("paho/kept", 2)
say(retained=late.message())
sharers = [User(f"paho-sharer-{i}") for i in range(2)]
for sharer in sharers:
    sharer.subscribe("$share/team/work/#", 2)
for i in range(10):
    writer.publish("work/item", str(i), 2)
say(shared=[sorted(int(sharer.message()[1]) for _ in range(5)) for sharer in sharers])
for user in [reader, writer, late, *sharers]:
    user.leave()
