"""pymodbus alone: the same requests as fast as they are answered, every value decoded and summed, nothing kept."""

import asyncio
import json
import struct
import sys

from pymodbus.client import AsyncModbusTcpClient

ports = [int(port) for port in sys.argv[1].split(",")]
registers = int(sys.argv[2])
per_request = 62
count = {"values": 0, "total": 0}


async def read_for_ever(port: int) -> None:
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    while True:
        for at in range(0, registers, per_request):
            length = min(per_request, registers - at)
            answer = await client.read_holding_registers(at * 2, count=length * 2)
            words = struct.pack(f">{length * 2}H", *answer.registers)
            values = struct.unpack(f">{length}I", words)
            count["values"] += length
            count["total"] += sum(values)


async def main() -> None:
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(read_for_ever(port)) for port in ports]
    print(json.dumps({"pid": 0}), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(count), flush=True)
    for task in tasks:
        task.cancel()


asyncio.run(main())
