"""An OPC UA server by other authors than our client's library: asyncua (opcua-asyncio).

Its one argument is a JSON object: {"folder": where certificate and key are kept, "namespacesBefore": n, "anonymous": bool}.
Speaks in JSON lines. First line out: {"port": …, "thumbprint": …, "plant": index of the plant's namespace}.
Lines in, each answered by one line:

    {"do": "stop"}                                 the server goes away, the process stays
    {"do": "start", "namespacesBefore": n}         back on the same port, with other namespace numbers
    {"do": "delete", "name": "Speed"}
    {"do": "status", "name": "Speed", "status": "BadSensorFailure"}
    {"do": "get", "name": "Setpoint"}              {"value": …, "type": "Double"}
    {"do": "trust", "clients": false}              refuses every client certificate
    {"do": "clients"}                              {"sessions": n, "subscriptions": n}

Ends when its input is closed.
"""

import asyncio
import hashlib
import json
import logging
import socket
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path

from asyncua import Server, ua
from asyncua.common.structures104 import new_enum, new_struct, new_struct_field
from asyncua.common.utils import ServiceError
from asyncua.crypto import uacrypto
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from cryptography.x509.oid import ExtendedKeyUsageOID

APPLICATION_URI = "urn:millwright:asyncua-server"
PLANT_URI = "urn:millwright:asyncua;plant 100%"  # both characters that nsu= escapes
# Microseconds are all that Python holds; the 78.9 ns beyond them travel as SourcePicoseconds, in tens of picoseconds.
MEASURED_AT = datetime(2026, 1, 5, 6, 0, 0, 123456, tzinfo=timezone.utc)
BEYOND = 7890
CELSIUS, NO_UNECE_UNIT = 4408652, -1
V = ua.VariantType
# name, type, value, may be written
SCALARS = [
    ("Speed", V.Double, 1200.5, False),
    ("Torque", V.Float, 0.1, False),
    ("Small", V.Byte, 200, True),
    ("Tiny", V.SByte, -100, True),
    ("Short", V.Int16, -30_000, True),
    ("Word", V.UInt16, 60_000, True),
    ("Count", V.Int32, -7, True),
    ("Parts", V.UInt32, 4_000_000_000, True),
    ("Big", V.Int64, -9_007_199_254_740_993, True),
    ("Total", V.UInt64, 18_446_744_073_709_551_614, True),
    ("Running", V.Boolean, True, True),
    ("Name", V.String, "Spindle ä 1", True),
    ("Nameless", V.String, None, False),
    ("Started", V.DateTime, MEASURED_AT, True),
    ("Serial", V.Guid, uuid.UUID("72962b91-fa75-4ae6-8d28-b404dc7daf63"), False),
    ("Blob", V.ByteString, bytes.fromhex("c0ffee"), True),
    ("Note", V.LocalizedText, ua.LocalizedText("Warmlauf", "de"), True),
    ("Setpoint", V.Double, 50.0, True),
    ("Feed", V.Float, 1.0, True),
    ("NotANumber", V.Double, float("nan"), False),
    ("Odd/Name: 50%", V.Double, 4.25, False),
    ("Broken", V.Double, 1.0, False),
    ("Doubtful", V.Double, 20.25, False),
    ("Counter", V.Int64, 0, False),
]
ARRAYS = [
    ("Profile", V.Double, [1.0, 2.5, -3.0]),
    ("Flags", V.Boolean, [True, False]),
    ("Names", V.String, ["a", "ü", ""]),
    ("Totals", V.Int64, [-9_007_199_254_740_993, 5]),
    ("Empty", V.Int32, []),
    ("Matrix", V.Int32, [[1, 2, 3], [4, 5, 6]]),
]


class Users:
    """Nobody is a user too, where the server lets nobody in; else operator with one password."""

    def get_user(self, iserver, username=None, password=None, certificate=None):
        if username is None or (username, password) == ("operator", "rïght"):
            return User(role=UserRole.User, name=username)
        return None


class Peer:
    def __init__(self, options):
        self.folder = Path(options["folder"])
        self.anonymous = options.get("anonymous", True)
        self.trusts_clients = True
        self.server = None
        self.ticking = None
        self.values = {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    async def start(self, namespaces_before=0):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.der"
        await setup_self_signed_certificate(
            key, certificate, APPLICATION_URI, socket.gethostname(), [ExtendedKeyUsageOID.SERVER_AUTH], {"countryName": "DE"}
        )
        server = Server(user_manager=Users())
        await server.init()
        await server.set_application_uri(APPLICATION_URI)
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}/")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity, *sound_policies()])
        tokens = [ua.UserNameIdentityToken] + ([ua.AnonymousIdentityToken] if self.anonymous else [])
        server.set_identity_tokens(tokens)
        server.set_certificate_validator(self.validate)
        # With a server time asyncua writes the picoseconds behind it, where Part 6 has them before it.
        server.set_force_server_timestamp(False)
        await server.load_certificate(certificate)
        await server.load_private_key(key)
        for i in range(namespaces_before):
            await server.register_namespace(f"urn:millwright:before-{i}")
        self.plant = await server.register_namespace(PLANT_URI)
        self.server = server
        await self.furnish()
        await server.start()
        self.ticking = asyncio.create_task(self.tick())
        self.thumbprint = hashlib.sha1(certificate.read_bytes()).hexdigest()

    async def stop(self):
        if self.ticking:
            self.ticking.cancel()
        if self.server:
            await self.server.stop()
        self.server = self.ticking = None

    async def validate(self, certificate, description):
        if not self.trusts_clients:
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)

    def node_id(self, name):
        return ua.NodeId(name, self.plant)

    def node(self, name):
        return self.server.get_node(self.node_id(name))

    async def furnish(self):
        line = await self.server.nodes.objects.add_folder(self.node_id("Line1"), ua.QualifiedName("Line1", self.plant))
        self.cnc = await line.add_object(self.node_id("CNC1"), ua.QualifiedName("CNC1", self.plant))
        for name, kind, value, writable in SCALARS:
            node = await self.add(name, ua.Variant(value, kind), kind)
            if writable:
                await node.set_writable()
        for name, kind, value in ARRAYS:
            await self.add(name, ua.Variant(value, kind, is_array=True), kind)
        mode = await new_enum(self.server, self.plant, "TestMode", ["Idle", "Running", "Held"])
        await (await self.add("Mode", ua.Variant(1, V.Int32), V.Int32, data_type=mode.nodeid)).set_writable()
        tool, _ = await new_struct(
            self.server,
            self.plant,
            "TestTool",
            [new_struct_field("Number", V.UInt64), new_struct_field("Label", V.String), new_struct_field("Wear", V.Double)],
        )
        await self.server.load_data_type_definitions()
        await self.add("Tool", ua.Variant(ua.TestTool(2**60 + 1, "mill", 0.25), V.ExtensionObject), V.ExtensionObject, tool.nodeid)
        await self.unit("Speed", ua.EUInformation(UnitId=CELSIUS, DisplayName=ua.LocalizedText("°C")))
        await self.unit("Torque", ua.EUInformation(UnitId=NO_UNECE_UNIT, DisplayName=ua.LocalizedText("furlong")))
        await self.node("Speed").write_attribute(
            ua.AttributeIds.Description, ua.DataValue(ua.Variant(ua.LocalizedText("Spindle speed"), V.LocalizedText))
        )
        await self.set_status("Broken", "BadSensorFailure")
        await self.set_status("Doubtful", "UncertainLastUsableValue")

    async def add(self, name, value, kind, data_type=None):
        node = await self.cnc.add_variable(
            self.node_id(name), ua.QualifiedName(name, self.plant), value, kind, datatype=data_type
        )
        await node.write_value(ua.DataValue(value, SourceTimestamp=MEASURED_AT, SourcePicoseconds=BEYOND))
        return node

    async def unit(self, name, information):
        await self.node(name).add_property(
            ua.NodeId(f"{name}.unit", self.plant), ua.QualifiedName("EngineeringUnits", 0), information
        )

    async def set_status(self, name, status):
        before = await self.node(name).read_data_value(raise_on_bad_status=False)
        if before.Value.VariantType != V.Null:
            self.values[name] = before.Value  # asyncua drops the value where the status is bad
        await self.node(name).write_value(
            ua.DataValue(self.values[name], ua.StatusCode(getattr(ua.StatusCodes, status)), MEASURED_AT)
        )

    async def tick(self):
        """Counts up ten times a second, by the clock: a late tick is not made up for by a quick one."""
        count = 0
        while True:
            await asyncio.sleep(0.1)
            count += 1
            now = datetime.now(timezone.utc)
            await self.node("Counter").write_value(ua.DataValue(ua.Variant(count, V.Int64), SourceTimestamp=now))

    async def obey(self, order):
        match order["do"]:
            case "stop":
                await self.stop()
            case "start":
                await self.start(order.get("namespacesBefore", 0))
                return self.introduction()
            case "delete":
                await self.server.delete_nodes([self.node(order["name"])])
            case "status":
                await self.set_status(order["name"], order["status"])
            case "get":
                value = (await self.node(order["name"]).read_data_value()).Value
                # As text too, because JSON's numbers do not hold 64 bits.
                return {"value": value.Value, "text": str(value.Value), "type": value.VariantType.name}
            case "trust":
                self.trusts_clients = order["clients"]
            case "clients":
                inner = self.server.iserver
                return {"sessions": len(inner._external_sessions), "subscriptions": len(inner.subscription_service.subscriptions)}
        return {}

    def introduction(self):
        return {"port": self.port, "thumbprint": self.thumbprint, "plant": self.plant}


def sound_policies():
    """All but None and those that were withdrawn for SHA-1."""
    withdrawn = ("NoSecurity", "Basic128Rsa15", "Basic256_")
    return [policy for policy in ua.SecurityPolicyType if not policy.name.startswith(withdrawn)]


def plain(value):
    """What JSON does not have, as text."""
    if isinstance(value, bytes):
        return value.hex()
    return value.Text if isinstance(value, ua.LocalizedText) else str(value)


def say(message):
    print(json.dumps(message, default=plain), flush=True)


async def main():
    logging.basicConfig(level=logging.CRITICAL)
    options = json.loads(sys.argv[1])
    peer = Peer(options)
    await peer.start(options.get("namespacesBefore", 0))
    say(peer.introduction())
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        try:
            say(await peer.obey(json.loads(line)))
        except Exception as error:  # told to the one who asked
            say({"error": repr(error)})
    await peer.stop()


asyncio.run(main())
